"""The documentation says what the program does: it is made from it, or run."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from petmsg import errors
from petmsg.cli import GROUPS, command_line
from petmsg.cli.command_tree import commands, printed
from petmsg.cli.group import LazyGroup
from petmsg.render.json_schema import documents
from tests.support import documentation, manual, readme_pictures
from tests.support.documentation import (
    IMAGES,
    MAN,
    OPERATIONS,
    README,
    REFERENCE,
    ROOT,
    SCHEMAS,
    TOUR,
)

PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]


def test_the_transcripts_of_the_tour_are_what_the_commands_print() -> None:
    text = TOUR.read_text("utf-8")
    assert documentation.with_transcripts(text) == text, "run: make docs"


def test_the_tour_shows_the_main_job() -> None:
    shown = "\n".join(re.findall(r"(?m)^\$ petmsg .*$", TOUR.read_text("utf-8")))
    for command in ("booking confirm", "route explain", "number quarantine", "number restore"):
        assert command in shown


def test_no_transcript_names_a_day() -> None:
    """What a reader types must work on the day they read it."""
    for page in PAGES:
        for line in re.findall(r"(?m)^\$ petmsg .*$", page.read_text("utf-8")):
            assert not re.search(r"20\d\d-\d\d-\d\d", line), (page.name, line)


def test_the_readme_is_short() -> None:
    assert len(README.read_text("utf-8").splitlines()) <= 250


@pytest.mark.parametrize("page", [OPERATIONS, documentation.IMPORTING], ids=lambda page: page.stem)
def test_the_tables_are_made_from_the_program(page: Path) -> None:
    assert documentation.with_tables(page) == page.read_text("utf-8"), "run: make docs"


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    for page in PAGES[1:]:
        assert page.name == "README.md" or f"]({page.name})" in index, page.name


def test_the_reference_is_made_from_the_helps() -> None:
    assert REFERENCE.read_text("utf-8") == documentation.reference(), "run: make docs"


def test_the_schemas_are_made_from_the_field_lists() -> None:
    made = {name: documentation.as_file(schema) for name, schema in documents(printed()).items()}
    there = {path.name: path.read_text("utf-8") for path in SCHEMAS.glob("*.json")}
    assert there == made, "run: make docs"


def test_the_pictures_are_made_from_the_commands() -> None:
    """And fetch nothing from anywhere."""
    made = readme_pictures.pictures()
    assert {path.name: path.read_text("utf-8") for path in IMAGES.iterdir()} == made, "make docs"
    for text in made.values():
        assert "url(http" not in text
        assert "@import" not in text


def test_the_list_of_the_schemas_names_each_of_them() -> None:
    listed = (SCHEMAS / "README.md").read_text("utf-8")
    assert listed == documentation.schemas_list(), "run: make docs"
    for path in SCHEMAS.glob("*.json"):
        assert f"]({path.name})" in listed


def test_every_exit_code_of_an_error_is_in_the_table() -> None:
    def kinds(kind: type[errors.PetmsgError]) -> list[type[errors.PetmsgError]]:
        return [kind, *(each for below in kind.__subclasses__() for each in kinds(below))]

    table = documentation.exit_codes_table()
    for kind in kinds(errors.PetmsgError):
        assert f"| {kind.exit_code} |" in table, kind


def test_every_group_of_commands_has_the_help_its_module_gives() -> None:
    for name, entry in command_line().entries.items():
        command = entry.load()
        if isinstance(command, LazyGroup):
            assert command.help == GROUPS[name] or command.help.startswith(GROUPS[name])
        else:
            assert command.help.startswith(GROUPS[name])


@pytest.mark.parametrize("text", ["make demo", "make test"])
def test_the_readme_begins_with_the_two_commands_that_set_up_everything(text: str) -> None:
    assert text in README.read_text("utf-8")[:2500]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_a_page_points_to_is_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), target


def test_every_setting_the_pages_name_is_read_by_the_program() -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "petmsg").rglob("*.py"))
    for page in PAGES:
        for name in set(re.findall(r"\b(?:PETMSG|TWILIO)_[A-Z_]+\b", page.read_text("utf-8"))):
            assert name.removesuffix("_NORTH") in sources, name  # an account of that name


# --------------------------------------------------------------------------------------- man pages


def test_the_man_pages_are_made_from_the_commands() -> None:
    made = documentation.man_pages()
    assert {path.name: path.read_text("utf-8") for path in MAN.iterdir()} == made, "run: make docs"


def test_there_is_a_man_page_for_each_group_and_every_command_is_on_one() -> None:
    assert {path.name for path in MAN.iterdir()} == {
        "petmsg.1", *(f"petmsg-{name}.1" for name in GROUPS)
    }  # fmt: skip
    for name, command in commands():
        page = (MAN / f"petmsg-{name.split()[1]}.1").read_text("utf-8").replace("\\-", "-")
        assert f"\n.SS {name}\n" in page
        for example in command.examples:
            assert f"\n{example}\n" in page
        for parameter in command.params:
            assert all(f"{opt}" in page for opt in parameter.opts if opt.startswith("--"))


@pytest.mark.parametrize(
    "command",
    [
        ["man", "--warnings=w", "--local-file"],
        ["groff", "-man", "-Tutf8", "-ww", "-z"],
        ["mandoc", "-T", "lint", "-W", "style"],
    ],
    ids=["man", "groff", "mandoc"],
)
def test_a_man_page_is_clean(command: list[str]) -> None:
    """With each of the programs that read one, as far as they are here."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"no {command[0]} here")
    for page in sorted(MAN.iterdir()):
        ran = subprocess.run(
            [*command, str(page)],
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "MANWIDTH": "80"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.stderr == "", page.name
        assert ran.returncode == 0, page.name
        if command[0] == "mandoc":
            assert ran.stdout == "", page.name


def test_a_line_of_a_page_is_never_taken_for_a_request() -> None:
    """What begins with a dot or a quote, and every backslash, is text."""
    assert manual.text(".so /etc/passwd") == "\\&.so /etc/passwd"
    assert manual.text("'quoted'") == "\\&'quoted'"
    assert manual.text("a\\b --x") == "a\\eb \\-\\-x"
