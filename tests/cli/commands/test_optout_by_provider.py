"""Opt-outs that the provider reports: when they count, and what ends them."""

from datetime import timedelta
from typing import Any

import pytest

from petmsg.enums.messages import AttemptStatus, MessageStatus
from petmsg.enums.opt_outs import OptOutSource
from petmsg.enums.routing import Rule
from petmsg.models import MessageAttempt
from petmsg.queries.lookup import find_client
from petmsg.services.people import optout
from petmsg.services.people.optout_messages import record_provider_opt_out
from petmsg.services.unit_of_work import UnitOfWork
from tests.cli.commands.test_org import events
from tests.support.fixtures import NOW, Cli, working
from tests.support.opt_outs import (
    ANN,
    DESK,
    IN,
    LATER,
    OUT,
    facts,
    number_id,
    show,
    waiting_message,
)


def said_stop(uow: UnitOfWork, *, claimed_at: Any = NOW, number: str = DESK) -> None:
    record_provider_opt_out(
        uow,
        client_ref="C-1",
        to_e164="+14155551001",
        number_id=number_id(uow.cursor, number),
        number=number,
        claimed_at=claimed_at,
        code="21610",
    )


def got_through(url: str, *, claimed_at: Any) -> None:
    """The carrier took a message to Ann from the desk, once claimed then."""
    waiting_message(url, status=MessageStatus.DELIVERED)
    with working(url) as uow:
        id_, thread = uow.cursor.tuples("SELECT max(id), max(thread_id) FROM message")[0]
        uow.session.add(
            MessageAttempt(
                org_id=uow.org.id, message_id=id_, attempt=1, thread_id=thread,
                number_id=number_id(uow.cursor, DESK), rule=Rule.FRONT_DESK,
                status=AttemptStatus.DELIVERED, claimed_at=claimed_at,
            )
        )  # fmt: skip


def alerts(cli: Cli) -> list[tuple[str, str, int]]:
    rows = cli("alert", "list", "-o", "json").json
    return [(row["kind"], row["ref"], row["count"]) for row in rows]


def test_a_refusal_of_the_provider_opts_the_phone_out_for_the_whole_company(
    cli: Cli, migrated_url: str
) -> None:
    cli(*ANN)
    for _ in range(2):
        with working(migrated_url) as uow:
            said_stop(uow)
    (row,) = show(cli)["history"]
    assert (row["phone"], row["source"]) == ("+1********01", "provider")
    assert row["reason"] == "the provider reported an opt-out (code 21610)"
    assert facts(migrated_url).opted_out_at == NOW
    assert alerts(cli) == [("client_opted_out", "C-1", 1)]
    told = [event["event"] for event in events(cli)]
    assert told.count("client.opted_out") == 1
    payload = next(each for each in events(cli) if each["event"] == "client.opted_out")["payload"]
    assert payload == {"source": "provider", "phones": 1, "number": DESK}


def test_a_rejection_for_a_client_who_is_opted_out_already_changes_nothing(
    cli: Cli, migrated_url: str
) -> None:
    cli(*ANN)
    cli(*OUT)
    before = events(cli)
    with working(migrated_url) as uow:
        said_stop(uow)
    assert (events(cli), alerts(cli)) == (before, [])
    assert {row["source"] for row in show(cli)["history"]} == {"operator"}


def test_who_ends_what_the_provider_said_is_warned_that_the_carrier_blocks_still(
    cli: Cli, migrated_url: str
) -> None:
    cli(*ANN)
    with working(migrated_url) as uow:
        said_stop(uow)
    ran = cli(*IN, "-o", "json")
    assert ran.json["carrier_blocks"] is True
    assert "until they send START" in ran.err


def test_a_refusal_after_a_newer_start_blocks_the_pair_and_not_the_client(
    cli: Cli, migrated_url: str
) -> None:
    cli(*ANN)
    cli(*OUT)
    cli(*IN)
    for _ in range(2):
        with working(migrated_url, now=LATER) as uow:
            said_stop(uow, claimed_at=NOW)
    known = facts(migrated_url)
    assert (known.opted_out_at, known.blocked_code) == (None, "21610")
    assert show(cli)["blocked"] == [
        {
            "number": DESK,
            "phone": "+1********01",
            "code": "21610",
            "blocked_at": "2026-02-14T16:00:00Z",
        }
    ]
    assert alerts(cli) == [("pair_blocked", "C-1", 2)]
    last = [event for event in events(cli) if event["event"] == "client.pair_blocked"]
    assert [event["payload"] for event in last] == [{"number": DESK, "code": "21610"}]
    cli(*IN, now=LATER)
    assert (show(cli)["blocked"], alerts(cli)) == ([], [])


def test_a_blocked_pair_is_of_that_number_and_that_phone_only(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli("number", "add", "+14155550201", "--class", "pool")
    cli(*OUT)
    cli(*IN)
    with working(migrated_url) as uow:
        said_stop(uow)
    assert facts(migrated_url, number="+14155550201").blocked_code is None
    cli("client", "phone", "primary", "C-1", "+14155551002")
    assert facts(migrated_url).blocked_code is None


def test_a_refusal_of_a_text_that_left_before_the_start_proves_nothing(
    cli: Cli, migrated_url: str
) -> None:
    cli(*ANN)
    cli(*OUT)
    cli(*IN, now=LATER)
    with working(migrated_url, now=LATER) as uow:
        said_stop(uow, claimed_at=NOW)
    known = facts(migrated_url)
    assert (known.opted_out_at, known.blocked_code, alerts(cli)) == (None, None, [])


def test_a_refusal_after_a_text_that_got_through_is_a_stop_that_is_newer_than_the_start(
    cli: Cli, migrated_url: str
) -> None:
    cli(*ANN)
    cli(*OUT)
    cli(*IN)
    got_through(migrated_url, claimed_at=NOW + timedelta(minutes=10))
    with working(migrated_url, now=LATER) as uow:
        said_stop(uow, claimed_at=LATER)
    known = facts(migrated_url)
    assert (known.opted_out_at, known.blocked_code) == (LATER, None)
    assert alerts(cli) == [("client_opted_out", "C-1", 1)]


def test_a_text_that_got_through_before_the_start_proves_nothing(
    cli: Cli, migrated_url: str
) -> None:
    cli(*ANN)
    got_through(migrated_url, claimed_at=NOW)
    cli(*OUT, now=NOW + timedelta(minutes=1))
    cli(*IN, now=NOW + timedelta(minutes=2))
    with working(migrated_url, now=LATER) as uow:
        said_stop(uow, claimed_at=LATER)
    assert (facts(migrated_url).opted_out_at, facts(migrated_url).blocked_code) == (None, "21610")


def test_removing_the_opt_out_tries_blocked_numbers_again(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli(*OUT)
    cli(*IN)
    with working(migrated_url) as uow:
        said_stop(uow)
    told = cli("optout", "show", "C-1").err
    assert f"No message from {DESK} reaches them until they send START to it." in told
    ran = cli(*IN, "-o", "json", now=LATER)
    assert (ran.json["unblocked"], ran.json["reused"]) == ([DESK], False)
    assert f"until they send START to {DESK}" in ran.err
    assert facts(migrated_url).blocked_code is None
    assert events(cli)[-1]["payload"] == {"sources": [], "phones": 0, "unblocked": [DESK]}


def test_a_refusal_for_a_phone_that_is_nobodys_any_more_keeps_no_phone(
    cli: Cli, migrated_url: str
) -> None:
    cli(*ANN)
    cli("client", "phone", "primary", "C-1", "+14155551002")
    cli("client", "phone", "remove", "C-1", "+14155551001")
    with working(migrated_url) as uow:
        said_stop(uow)
    (row,) = cli("optout", "list", "--reveal", "-o", "json").json
    assert (row["client"], row["phone"]) == (None, None)
    cli("client", "phone", "add", "C-1", "+14155551001")
    assert show(cli)["opted_out"] is True


@pytest.mark.parametrize("source", list(OptOutSource))
def test_an_opt_out_keeps_whose_word_it_was(
    cli: Cli, migrated_url: str, source: OptOutSource
) -> None:
    cli(*ANN)
    with working(migrated_url) as uow:
        client = find_client(uow.cursor, uow.org.id, "C-1")
        optout.opt_out(uow, client, phones=["+14155551002"], source=source, reason="STOP")
    assert [row["source"] for row in show(cli)["history"]] == [source.value]
