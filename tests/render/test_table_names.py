"""The refs of people stand beside their names."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.render import test_json_schema as schemas
from tests.support import everything
from tests.support.everything import CHINESE, ORG, READING
from tests.support.fixtures import run_cli
from tests.support.tables import PRINTED, as_json, table

WIDE = 9999
"""Each row is one line."""
NAMES = {ref: name for ref, (name, _) in everything.PEOPLE.items() if ref != "C-5"} | {
    "S-1": f"Maya {everything.LONG_NAME}",
    f"S-{everything.LONG_REF}"[:64]: CHINESE,
}
"""Of everybody but C-5, who is erased."""
STORED = {
    "audit list": "the log keeps refs and no names, so that nothing of it is ever erased",
    "audit export": "as audit list",
    "doctor": "a finding about a channel that has the ref of a client as its name",
    "message list": "a body as a person wrote it",
    "notify list": "a channel has the ref of a client as its name",
}
"""Commands that show refs within what is stored, and what that is."""
ADDED = {"C-9": "Dora", "C-404": "nobody", "S-8": "Ida", "S-9": "Nora", "S-404": "nobody"}
"""Of those whom `schemas.WRITING` adds or asks for."""
NAMELESS = {
    "client import": "the refs of a file",
    "sitter import": "the refs of a file",
    "notify test": "a channel has the ref of a client as its name",
    "notify run": "what a channel is told has refs and no names",
}
"""Writing commands that show refs without names, and why."""
_OF_EVERYBODY = sorted(map(re.escape, {**NAMES, **ADDED}), key=len, reverse=True)
_REFS = re.compile(rf"(?<![\w-])({'|'.join(_OF_EVERYBODY)})(?![\w-])")
_COMMANDS = re.compile(r"petmsg .*?(?= {2,}|$)", re.MULTILINE)
"""A command to type has refs only."""


@pytest.mark.parametrize("command", [each for each in READING if each not in STORED])
def test_a_ref_of_a_client_or_a_sitter_stands_beside_the_name(company: str, command: str) -> None:
    out = table(company, command, WIDE).out
    lines = [out] if PRINTED[command].form.name == "ONE" else out.splitlines()
    assert without_name(lines, NAMES) == []


def without_name(lines: Sequence[str], names: dict[str, str]) -> list[str]:
    """The refs whose name is not in their line."""
    return [
        f"{ref} is without its name: {line[:300]}"
        for line in lines
        for ref in _REFS.findall(_COMMANDS.sub("", line))
        if names[ref] not in line
    ]


def test_a_ref_stands_beside_the_name_in_the_results_of_writing_commands(
    company: str, tmp_path: Path
) -> None:
    path = shutil.copy(company.removeprefix("sqlite:///"), tmp_path / "petmsg.db")
    names = NAMES | ADDED
    shown, bare = set(), []
    for command, words in schemas.WRITING.items():
        line = [*(word for word in command.split() if not word.startswith("--")), *words]
        org = [] if command in ("org add", "init") else ["--org", ORG]
        ran = run_cli(
            f"sqlite:///{path}",
            *line,
            *org,
            "-o",
            "table",
            stdin=schemas.STDIN.get(command, ""),
            COLUMNS=str(WIDE),
        )
        assert ran.out.strip(), (command, ran.err)
        if command == "client forget":
            names["C-9"] = "[erased]"
        if command not in NAMELESS:
            shown |= set(_REFS.findall(ran.out))
            lines = [ran.out] if PRINTED[command].form.name == "ONE" else ran.out.splitlines()
            bare += [f"{command}: {each}" for each in without_name(lines, names)]
    assert bare == []
    assert {"C-1", "C-2", "C-4", "C-9", "S-1", "S-8", "S-9"} <= shown


def test_the_client_of_a_message_stands_beside_the_name(company: str) -> None:
    rows = as_json(company, "message list").json
    shown = table(company, "message list", WIDE).out
    for row in rows:
        assert row["client"] is None or f"{row['client']} {row['client_name']}" in shown


def test_an_erased_client_has_no_name(company: str) -> None:
    assert "C-5 [erased]" in table(company, "thread list", WIDE).out
    rows = as_json(company, "thread list").json
    assert [row["client_name"] for row in rows if row["client"] == "C-5"] == [None]
