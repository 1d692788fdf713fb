"""petmsg schema"""

import json

import pytest

from tests import ROOT
from tests.support.fixtures import run_cli

SCHEMAS = ROOT / "docs" / "schemas"


@pytest.mark.parametrize(
    "words", ["booking confirm", "petmsg status", "audit export --head", "error"]
)
def test_it_prints_the_file(words: str) -> None:
    ran = run_cli(None, "schema", "--", *words.split())
    file = words.removeprefix("petmsg ").replace("--", "").replace(" ", "-")
    assert ran.json == json.loads((SCHEMAS / f"{file}.json").read_text("utf-8"))


def test_in_lines_it_is_one_line() -> None:
    ran = run_cli(None, "schema", "booking", "confirm", "-o", "jsonl")
    assert ran.out.count("\n") == 1
    assert json.loads(ran.out) == run_cli(None, "schema", "booking", "confirm").json


def test_without_a_command_it_prints_all() -> None:
    found = run_cli(None, "schema").json
    files = {path.name for path in SCHEMAS.glob("*.json")}
    assert len(found["$defs"]) == len(files)
    assert found["$defs"]["booking confirm"]["title"] == "petmsg booking confirm -o json"


def test_an_unknown_command_is_not_found() -> None:
    ran = run_cli(None, "schema", "booking", "confrim")
    assert ran.code == 3
    assert "petmsg commands" in ran.err
