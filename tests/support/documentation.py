"""What of the documentation is made from the program itself, and the tool that writes it.

`python -m tests.support.documentation` brings docs/ up to date; `tests/project/test_docs.py` holds
that it is. In docs/tour.md a ```console block is a transcript: its `$` lines are run, one after the
other on one database, a minute apart from 10:00 in New York on 14 February 2026, and what they
print stands below them. Between `<!-- NAME:begin -->` and `<!-- NAME:end -->` of another page
stands a table.
"""

import inspect
import json
import os
import re
import shlex
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from petmsg import errors
from petmsg.cli.command_tree import commands, printed
from petmsg.render.json_schema import documents, file_of
from petmsg.spreadsheets.columns import LAYOUTS, Layout
from tests import ROOT
from tests.support import manual, readme_pictures
from tests.support.fixtures import NOW, run_cli

README = ROOT / "README.md"
TOUR = ROOT / "docs" / "tour.md"
OPERATIONS = ROOT / "docs" / "operations.md"
IMPORTING = ROOT / "docs" / "importing.md"
REFERENCE = ROOT / "docs" / "reference.md"
SCHEMAS = ROOT / "docs" / "schemas"
MAN = ROOT / "docs" / "man"
IMAGES = ROOT / "docs" / "images"

_SCHEMAS_HEAD = """# What the commands print as JSON

A JSON Schema (draft 2020-12) for every command with `-o json`. Made from the program; do not edit.
A later petmsg may add keys; it takes none away and changes the kind of none. Times are UTC and end
in `Z`. Personal phones are masked unless `--reveal`.

| command | output | schema |
|---|---|---|"""
_BLOCK = re.compile(r"(?ms)^```console\n(.*?)^```$")
EXIT_CODES = {
    errors.DONE: "done, or nothing to do",
    errors.BUG: "a bug in petmsg",
    errors.USAGE: "wrong usage: input that cannot mean anything",
    errors.NOT_FOUND: "not found",
    errors.REFUSED: "refused by a rule, or a row of a batch was",
    errors.CONFIGURATION: "configuration, credentials, schema or database",
    errors.PROVIDER: "the provider refused, or its answer is not known",
    errors.FINDING: "a check found something",
    errors.BUSY: "busy; try again later",
    errors.INTERRUPTED: "interrupted",
}


def commands_table() -> str:
    """The table of commands, a line each."""
    rows = ["| command | what it does |", "|---|---|"]
    for name, command in commands():
        first = " ".join(inspect.cleandoc(command.help).partition("\n\n")[0].split())
        rows.append(f"| `{name}` | {first} |")
    return "\n".join(rows)


def exit_codes_table() -> str:
    """The table of exit codes."""
    rows = ["| code | meaning |", "|---|---|"]
    rows += [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    return "\n".join(rows)


def reference() -> str:
    """docs/reference.md: the help of every command, as it prints it."""
    parts = [
        "# Reference\n\nEvery command, as `--help` prints it.\n",
        "Made from the program; do not edit.\n",
        commands_table() + "\n",
    ]
    with mock.patch.dict(os.environ, {"COLUMNS": "80"}):
        for name, _ in commands():
            ran = run_cli(None, *name.split()[1:], "--help")
            parts.append(f"## {name}\n\n```text\n{ran.out.rstrip()}\n```\n")
    return "\n".join(parts)


def schemas_list() -> str:
    """docs/schemas/README.md: which command prints what, and where its schema is."""
    rows = [_SCHEMAS_HEAD]
    rows += [
        f"| `petmsg {command}` | {each.form.value} | [{file_of(command)}]({file_of(command)}) |"
        for command, each in printed().items()
    ]
    rows.append("| any that fails | On stderr, its last line. | [error.json](error.json) |")
    return "\n".join(rows) + "\n"


def as_file(schema: dict[str, Any]) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def man_pages() -> dict[str, str]:
    """docs/man: a page for petmsg and one for each group of commands, by the file's name."""
    return manual.pages(EXIT_CODES)


def headers_table(layout: Layout) -> str:
    """The headers that are known in files of one noun, by the column that they mean."""
    rows = ["| column | headers |", "|---|---|"]
    for target in layout.targets:
        headers = ", ".join(f"`{alias}`" for alias in target.aliases)
        rows.append(f"| `{target.name}` | {headers} |")
    return "\n".join(rows)


def tables_of(page: Path) -> dict[str, str]:
    """The tables of a page that are made from the program, by name."""
    if page == IMPORTING:
        return {f"{noun}-headers": headers_table(layout) for noun, layout in LAYOUTS.items()}
    return {"exit-codes": exit_codes_table()}


def with_tables(page: Path) -> str:
    """A page with its tables made anew."""
    text = page.read_text("utf-8")
    for name, table in tables_of(page).items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"the page has no place for {name}")
        text = f"{before}{begin}\n{table}\n{end}{after}"
    return text


def with_transcripts(text: str) -> str:
    """The tour with the output of its transcripts made anew."""
    with tempfile.TemporaryDirectory() as folder:
        tour = _Tour(Path(folder))
        return _BLOCK.sub(lambda block: f"```console\n{tour.play(block[1])}```", text)


class _Tour:
    """The commands of the transcripts, run in order on one database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = NOW

    def play(self, block: str) -> str:
        written = []
        for line in block.splitlines():
            if line.startswith("$ "):
                written.append(line)
                if line.startswith("$ petmsg "):
                    written += self._run(line[2:])
            elif not line.strip() and not written:
                written.append(line)
        return "\n".join(written).rstrip() + "\n"

    def _run(self, command: str) -> list[str]:
        ran = run_cli(
            str(self.folder / "petmsg.db"),
            *shlex.split(command)[1:],
            now=self.now,
            PETMSG_ACTOR="ann@desk",
            PETMSG_OUTPUT="table",
        )
        self.now += timedelta(minutes=1)
        said = (ran.out + ran.err).replace(f"{self.folder}/", "/home/ann/")
        lines = [line.rstrip() for line in said.strip("\n").splitlines()]
        return [*lines, *([f"(exit {ran.code})"] if ran.code else []), ""]


def write_schemas() -> None:
    """Write docs/schemas anew; what no command has any more goes."""
    SCHEMAS.mkdir(exist_ok=True)
    for stale in SCHEMAS.iterdir():
        stale.unlink()
    for name, schema in documents(printed()).items():
        (SCHEMAS / name).write_text(as_file(schema), "utf-8")
    (SCHEMAS / "README.md").write_text(schemas_list(), "utf-8")


def main() -> None:
    """Write what is made from the program."""
    TOUR.write_text(with_transcripts(TOUR.read_text("utf-8")), "utf-8")
    for page in (OPERATIONS, IMPORTING):
        page.write_text(with_tables(page), "utf-8")
    REFERENCE.parent.mkdir(exist_ok=True)
    REFERENCE.write_text(reference(), "utf-8")
    write_schemas()
    IMAGES.mkdir(exist_ok=True)
    for name, picture in readme_pictures.pictures().items():
        (IMAGES / name).write_text(picture, "utf-8")
    MAN.mkdir(exist_ok=True)
    made = man_pages()
    for path in MAN.glob("*.1"):
        if path.name not in made:
            path.unlink()
    for name, page in made.items():
        (MAN / name).write_text(page, "utf-8")


if __name__ == "__main__":
    main()
