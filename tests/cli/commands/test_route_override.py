"""petmsg route override: a person chooses the front desk for a client."""

import pytest

from tests.support.fixtures import Cli
from tests.support.route_commands import people


def test_an_override_is_set_without_naming_the_command(cli: Cli) -> None:
    """A first word that names no command of the group is a client."""
    people(cli)
    until = ("--until", "+2h", "--reason", "complaint", "-o", "json")
    (row,) = cli("route", "override", "C-1", "--to", "desk", *until).json
    assert (row["client"], row["to"], row["holds"], row["reused"]) == ("C-1", "desk", True, False)
    for words in (("override", "set", "C-1"), ("override", *until, "C-1")):
        (again,) = cli("route", *words, *(until if until[0] not in words else ())).json
        assert (again["override"], again["reused"]) == (row["override"], True)
    listed = cli("route", "override", "list", "-o", "json").json
    assert [each["client"] for each in listed] == ["C-1"]
    (ended,) = cli("route", "override", "end", "C-1", "-o", "json").json
    assert (ended["holds"], ended["reused"]) == (False, False)
    assert cli("route", "override", "list", "-o", "json").json == []
    assert len(cli("route", "override", "list", "--all", "-o", "json").json) == 1


def test_a_client_whose_ref_is_a_command_is_named_behind_set(cli: Cli) -> None:
    people(cli)
    assert cli("client", "add", "Eve", "--phone", "+14155551077", "--ref", "end").code == 0
    until = ("--until", "+2h", "--reason", "complaint", "-o", "json")
    (row,) = cli("route", "override", "set", "end", *until).json
    assert row["client"] == "end"
    (ended,) = cli("route", "override", "end", "end", "-o", "json").json
    assert ended["override"] == row["override"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("C-1", "--reason", "x"), 2),
        (("C-1", "--until", "+2h"), 2),
        (("C-1", "--until", "-2h", "--reason", "x"), 2),
        (("C-1", "--until", "20260214", "--reason", "x"), 2),
        (("C-1", "--to", "S-1", "--until", "+2h", "--reason", "x"), 2),
        (("C-9", "--until", "+2h", "--reason", "x"), 3),
        (("C-1", "C-9", "--until", "+2h", "--reason", "x"), 4),
        (("end", "C-9"), 3),
        ((), 2),
    ],
)
def test_exit_codes_of_overrides(cli: Cli, words: tuple[str, ...], code: int) -> None:
    people(cli)
    assert cli("route", "override", *words).code == code


def test_a_dry_run_starts_no_override(cli: Cli) -> None:
    people(cli)
    until = ("--until", "+2h", "--reason", "complaint")
    ran = cli("route", "override", "C-1", *until, "--dry-run", "-o", "json")
    assert ran.json[0]["holds"]
    assert cli("route", "override", "list", "-o", "json").json == []
