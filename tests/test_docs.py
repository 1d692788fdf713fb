"""The documentation says what the program does: it is made from it, or run."""

import re

import pytest

from petmsg import errors
from petmsg.cli import GROUPS
from petmsg.render.schema import documents
from tests import documentation
from tests.documentation import README, REFERENCE, ROOT, SCHEMAS


def test_the_transcripts_of_the_readme_are_what_the_commands_print() -> None:
    text = README.read_text("utf-8")
    assert documentation.with_transcripts(text) == text, "run: python -m tests.documentation"


def test_the_transcripts_show_the_main_job() -> None:
    shown = "\n".join(re.findall(r"(?m)^\$ petmsg .*$", README.read_text("utf-8")))
    for command in ("booking confirm", "route explain", "number quarantine", "number restore"):
        assert command in shown


def test_the_tables_of_the_readme_are_made_from_the_program() -> None:
    text = README.read_text("utf-8")
    assert documentation.with_tables(text) == text, "run: python -m tests.documentation"


def test_the_reference_is_made_from_the_helps() -> None:
    assert REFERENCE.read_text("utf-8") == documentation.reference(), (
        "run: python -m tests.documentation"
    )


def test_the_schemas_are_made_from_the_field_lists() -> None:
    made = {name: documentation.as_file(schema) for name, schema in documents().items()}
    there = {path.name: path.read_text("utf-8") for path in SCHEMAS.glob("*.json")}
    assert there == made, "run: python -m tests.documentation"


def test_the_list_of_the_schemas_names_each_of_them() -> None:
    listed = (SCHEMAS / "README.md").read_text("utf-8")
    assert listed == documentation.schemas_list(), "run: python -m tests.documentation"
    for path in SCHEMAS.glob("*.json"):
        assert f"]({path.name})" in listed


def test_every_exit_code_of_an_error_is_in_the_table() -> None:
    def kinds(kind: type[errors.PetmsgError]) -> list[type[errors.PetmsgError]]:
        return [kind, *(each for below in kind.__subclasses__() for each in kinds(below))]

    table = documentation.exit_codes_table()
    for kind in kinds(errors.PetmsgError):
        assert f"| {kind.exit_code} |" in table, kind


def test_every_group_of_commands_has_the_help_its_module_gives() -> None:
    for name, entry in documentation.command_line().entries.items():
        command = entry.load()
        if isinstance(command, documentation.LazyGroup):
            assert command.help == GROUPS[name] or command.help.startswith(GROUPS[name])
        else:
            assert command.help.startswith(GROUPS[name])


@pytest.mark.parametrize("text", ["make demo", "make test"])
def test_the_readme_begins_with_the_two_commands_that_set_up_everything(text: str) -> None:
    assert text in README.read_text("utf-8")[:2500]


def test_every_file_the_readme_points_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README.read_text("utf-8")):
        if "://" not in target:
            assert (ROOT / target).exists(), target


def test_every_setting_the_readme_names_is_read_by_the_program() -> None:
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "petmsg").rglob("*.py"))
    for name in set(re.findall(r"\b(?:PETMSG|TWILIO)_[A-Z_]+\b", README.read_text("utf-8"))):
        assert name in sources, name
