"""petmsg org freeze and thaw: an org that sends nothing for a while."""

from datetime import timedelta
from typing import Any

import pytest

from petmsg.enums.messages import BlockCode
from petmsg.queries.org import find_org
from petmsg.queries.send_blocks import read_block_facts
from petmsg.rules.send_blocks import find_blocks
from tests.cli.commands.test_org import events, refused
from tests.support.fixtures import NOW, Cli, add_org, looking
from tests.support.opt_outs import ANN, waiting_message

FREEZE = ("org", "freeze", "--reason", "complaints")
FROZEN = {
    "org": "happy-paws",
    "frozen": True,
    "frozen_until": None,
    "freeze_reason": "complaints",
    "waiting": 0,
    "reused": False,
}
THAWED = {**FROZEN, "frozen": False, "freeze_reason": None}


def state(cli: Cli, *, now: Any = NOW) -> tuple[Any, ...]:
    row = cli("org", "show", "-o", "json", now=now).json
    return row["frozen"], row["frozen_until"], row["freeze_reason"]


def held(url: str, *, at: Any = NOW, org: str = "happy-paws") -> list[BlockCode]:
    """What would hold a message to client C-1."""
    with looking(url) as cursor:
        found = read_block_facts(
            cursor, find_org(cursor, org), client_id=1, to_e164="+14155551001", number_id=None
        )
    return [each.code for each in find_blocks(found, at)]


def test_a_frozen_org_sends_nothing_and_org_show_reports_it(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    assert held(migrated_url) == []
    ran = cli(*FREEZE, "-o", "json")
    assert (ran.code, ran.json) == (0, FROZEN)
    assert held(migrated_url) == [BlockCode.FROZEN]
    assert state(cli) == (True, None, "complaints")


def test_thawing_ends_it(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli(*FREEZE, "--until", "+2h")
    ran = cli("org", "thaw", "--reason", "looked into", "-o", "json")
    assert (ran.code, ran.json) == (0, THAWED)
    assert held(migrated_url) == []
    assert state(cli) == (False, None, None)


def test_a_freeze_ends_by_itself_at_its_end(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli(*FREEZE, "--until", "2026-02-14T12:00")  # New York's
    end = NOW + timedelta(hours=2)
    before = end - timedelta(microseconds=1)
    assert (held(migrated_url, at=before), held(migrated_url, at=end)) == (
        [BlockCode.FROZEN],
        [],
    )
    assert state(cli, now=before) == (True, "2026-02-14T17:00:00Z", "complaints")
    assert state(cli, now=end) == (False, None, None)
    thawed = cli("org", "thaw", "-o", "json", now=end)
    assert (thawed.code, thawed.json) == (0, {**THAWED, "reused": True})


def test_freezing_again_replaces_reason_and_end(cli: Cli) -> None:
    cli(*FREEZE, "--until", "+2h")
    ran = cli("org", "freeze", "--reason", "audit", "-o", "json")
    assert ran.json == {**FROZEN, "freeze_reason": "audit"}
    assert state(cli) == (True, None, "audit")
    last = events(cli)[-1]
    assert (last["event"], last["reason"]) == ("org.frozen", "audit")
    assert last["payload"] == {
        "until": None,
        "before": {"until": "2026-02-14T17:00:00Z", "reason": "complaints"},
    }


def test_the_same_again_changes_nothing(cli: Cli) -> None:
    for line in ((*FREEZE, "--until", "2026-02-14T17:00Z"), ("org", "thaw")):
        assert cli(*line, "-o", "json").json["reused"] is False
        before = events(cli)
        again = cli(*line, "-o", "json", now=NOW + timedelta(minutes=1))
        assert (again.code, again.json["reused"], events(cli)) == (0, True, before)


def test_thawing_an_org_that_was_never_frozen_changes_nothing(sqlite_cli: Cli) -> None:
    before = events(sqlite_cli)
    ran = sqlite_cli("org", "thaw", "-o", "json")
    assert (ran.code, ran.json) == (0, {**THAWED, "reused": True})
    assert events(sqlite_cli) == before


def test_freezing_again_keeps_the_start(cli: Cli) -> None:
    cli(*FREEZE)
    cli(*FREEZE, "--until", "+2h", now=NOW + timedelta(minutes=30))
    cli("org", "thaw", now=NOW + timedelta(hours=1))
    assert events(cli)[-1]["payload"]["before"]["at"] == "2026-02-14T15:00:00Z"
    cli(*FREEZE, "--until", "+1m", now=NOW + timedelta(hours=2))
    cli(*FREEZE, now=NOW + timedelta(hours=3))
    cli("org", "thaw", now=NOW + timedelta(hours=4))
    assert events(cli)[-1]["payload"]["before"]["at"] == "2026-02-14T18:00:00Z"


def test_a_freeze_that_is_over_can_be_followed_by_another(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli(*FREEZE, "--until", "+1h")
    later = NOW + timedelta(hours=2)
    assert cli(*FREEZE, "-o", "json", now=later).json == FROZEN
    assert held(migrated_url, at=later) == [BlockCode.FROZEN]
    assert events(cli)[-1]["payload"] == {"before": None, "until": None}


def test_a_freeze_reports_the_number_of_queued_messages(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    waiting_message(migrated_url)
    waiting_message(migrated_url)
    assert cli(*FREEZE, "-o", "json").json["waiting"] == 2
    assert cli("org", "thaw", "-o", "json").json["waiting"] == 2


def test_freezing_and_thawing_are_audited_with_their_reasons(cli: Cli) -> None:
    cli(*FREEZE, "--until", "+1h", "--actor", "olga")
    cli("org", "thaw", "--reason", "looked into", "--actor", "olga")
    frozen, thawed = events(cli)[-2:]
    assert (frozen["event"], frozen["entity"], frozen["ref"], frozen["actor"]) == (
        "org.frozen",
        "org",
        "happy-paws",
        "olga",
    )
    assert (frozen["reason"], frozen["payload"]["until"]) == (
        "complaints",
        "2026-02-14T16:00:00Z",
    )
    assert (thawed["event"], thawed["reason"]) == ("org.thawed", "looked into")
    assert thawed["payload"]["before"] == {
        "at": "2026-02-14T15:00:00Z",
        "until": "2026-02-14T16:00:00Z",
        "reason": "complaints",
    }


def test_a_freeze_affects_one_org_only(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    add_org(migrated_url, "cat-nappers", front_desk=None)
    cli(*FREEZE, "--org", "cat-nappers")
    assert held(migrated_url) == []
    assert BlockCode.FROZEN in held(migrated_url, org="cat-nappers")
    rows = cli("org", "list", "-o", "json").json
    assert {row["org"]: row["frozen"] for row in rows} == {
        "cat-nappers": True,
        "happy-paws": False,
    }


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), "out_of_range"),
        (("--reason", ""), "empty_reason"),
        (("--reason", "x", "--until", "-1h"), "out_of_range"),
        (("--reason", "x", "--until", "now"), "out_of_range"),
        (("--reason", "x", "--until", "tomorrow"), "malformed_time"),
        (("--reason", "x", "--until", "2026-03-08T02:30"), "nonexistent_time"),
        (("--reason", "x", "--until", "2026-11-01T01:30"), "ambiguous_time"),
    ],
)
def test_a_freeze_without_reason_or_with_an_end_that_has_passed_is_wrong_usage(
    sqlite_cli: Cli, options: tuple[str, ...], code: str
) -> None:
    refused(sqlite_cli("org", "freeze", *options, "-o", "json"), code, 2)
    assert state(sqlite_cli) == (False, None, None)
