"""The statements of send blocks: cheap enough for every claim, fresher than a worker's copy."""

from datetime import timedelta
from typing import Any

import pytest

from petmsg.queries import opted_out_phones, send_blocks
from petmsg.queries.org import find_org
from petmsg.rules.send_blocks import QuietHours
from tests.support.consistency import raw
from tests.support.fixtures import NOW, Cli, looking
from tests.support.opt_outs import ANN, OUT

TEXTS = {
    "recipient": send_blocks.RECIPIENT,
    "standing": opted_out_phones.STANDING.replace(":phone_keys", ":one, :two"),
    "blocked": send_blocks.BLOCKED,
}


def plan(cursor: Any, text: str) -> str:
    names = ("org_id", "client_id", "one", "two", "number_id", "phone_key")
    rows = cursor.tuples(
        f"EXPLAIN QUERY PLAN {text}", **{name: 1 for name in names if f":{name}" in text}
    )
    return "\n".join(row[3] for row in rows)


@pytest.mark.parametrize("name", TEXTS)
def test_each_statement_finds_its_rows_by_an_index(migrated_sqlite: str, name: str) -> None:
    with raw(migrated_sqlite) as cursor:
        found = plan(cursor, TEXTS[name])
    assert "SEARCH" in found
    assert "SCAN" not in found


def test_a_scan_would_be_noticed(migrated_sqlite: str) -> None:
    with raw(migrated_sqlite) as cursor:
        assert "SCAN" in plan(cursor, "SELECT id FROM opt_out WHERE reason = :one")


def test_settings_are_those_of_the_database_and_not_of_an_older_copy(
    cli: Cli, migrated_url: str
) -> None:
    cli(*ANN)
    with looking(migrated_url) as cursor:
        before = find_org(cursor, None)
    cli("org", "freeze", "--reason", "audit", "--until", "+1h")
    cli("org", "set", "--quiet-hours", "21:00-08:00", "--timezone", "Europe/Berlin")
    with looking(migrated_url) as cursor:
        facts = send_blocks.read_block_facts(
            cursor, before, client_id=1, to_e164="+14155551001", number_id=None
        )
    assert (facts.frozen_at, facts.frozen_until) == (NOW, NOW + timedelta(hours=1))
    assert (facts.freeze_reason, facts.timezone) == ("audit", "Europe/Berlin")
    assert facts.quiet_hours == QuietHours(1260, 480)


def test_what_is_known_of_the_text_is_handed_on(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    with looking(migrated_url) as cursor:
        facts = send_blocks.read_block_facts(
            cursor,
            find_org(cursor, None),
            client_id=1,
            to_e164="+14155551001",
            number_id=1,
            send_at=NOW,
            expires_at=NOW + timedelta(hours=1),
            urgent=True,
        )
    assert (facts.send_at, facts.expires_at) == (NOW, NOW + timedelta(hours=1))
    assert facts.urgent


def test_the_oldest_of_several_opt_outs_says_since_when(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli(*OUT, "--phone", "+14155551002")
    cli(*OUT, now=NOW + timedelta(hours=1))
    with looking(migrated_url) as cursor:
        facts = send_blocks.read_block_facts(
            cursor, find_org(cursor, None), client_id=1, to_e164="+14155551001", number_id=None
        )
    assert facts.opted_out_at == NOW


def test_a_client_without_phones_can_be_asked_about(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli(*OUT)
    cli("client", "forget", "C-1", "--reason", "x", "--yes")
    with looking(migrated_url) as cursor:
        org = find_org(cursor, None)
        old, new = (
            send_blocks.read_block_facts(cursor, org, client_id=1, to_e164=phone, number_id=None)
            for phone in ("+14155551001", "+14155551009")
        )
    assert (old.opted_out_at, new.opted_out_at) == (NOW, None)


def test_opt_outs_of_many_phones_are_found_at_once(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli(*OUT)
    many = [f"+1202556{index:04}" for index in range(1200)]
    with looking(migrated_url) as cursor:
        found = send_blocks.opted_out(cursor, find_org(cursor, None), [*many, "+14155551002"])
    assert found == {"+14155551002": NOW}
