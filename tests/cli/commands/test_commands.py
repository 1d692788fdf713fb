"""petmsg commands"""

from petmsg.cli.command_tree import commands
from tests import ROOT
from tests.support.fixtures import run_cli


def test_every_command_is_listed_with_its_schema_and_options() -> None:
    rows = {row["command"]: row for row in run_cli(None, "commands", "-o", "json").json}
    assert set(rows) == {name.removeprefix("petmsg ") for name, _ in commands()}
    assert all((ROOT / "docs" / "schemas" / row["schema"]).exists() for row in rows.values())
    confirm = rows["booking confirm"]
    assert (confirm["writes"], confirm["asks"]) == (True, False)
    names = {each["name"]: each for each in confirm["parameters"]}
    assert names["REF..."]["repeatable"]
    assert names["--file"]["value"] == "F"
    assert names["--dry-run"]["value"] is None
    assert rows["client forget"]["asks"]


def test_the_table_is_short() -> None:
    out = run_cli(None, "commands", "-o", "table").out
    assert "booking confirm" in out
    assert "--dry-run" not in out
