"""petmsg optout …: who wants no texts, whose word it is, and what ends it."""

from datetime import timedelta
from typing import Any

import pytest

from petmsg.enums.messages import AttemptStatus, Direction, MessageStatus
from petmsg.enums.opt_outs import OptOutSource
from petmsg.enums.routing import Rule
from petmsg.models import Message, MessageAttempt, Thread
from petmsg.phone import phone_key
from petmsg.queries.lookup import find_client
from petmsg.queries.org import find_org
from petmsg.queries.send_blocks import read_hold_facts
from petmsg.rules.send_blocks import SendBlockFacts
from petmsg.services.people import optout
from petmsg.services.people.optout_messages import record_provider_opt_out
from petmsg.services.unit_of_work import UnitOfWork
from tests.cli.commands.test_org import events, refused
from tests.support.fixtures import ACTOR, NOW, Cli, add_org, looking, working

ANN = ("client", "add", "Ann", "--phone", "+14155551001", "--phone", "+14155551002")
OUT = ("optout", "add", "C-1", "--reason", "asked at the desk")
IN = ("optout", "remove", "C-1", "--reason", "asked again")
LATER = NOW + timedelta(hours=1)
DESK = "+14155550100"


def show(cli: Cli, client: str = "C-1") -> dict[str, Any]:
    found: dict[str, Any] = cli("optout", "show", client, "-o", "json").json
    return found


def facts(url: str, client: str = "C-1", *, number: str = DESK) -> SendBlockFacts:
    """What the claim would know of a text to the client's primary phone."""
    with looking(url) as cursor:
        org = find_org(cursor, "happy-paws")
        return read_hold_facts(
            cursor,
            org,
            client_id=find_client(cursor, org.id, client).id,
            to_e164=cursor.value(
                "SELECT p.e164 FROM client_phone p JOIN client c ON c.id = p.client_id"
                " WHERE c.org_id = :org_id AND c.ref = :ref AND p.is_primary",
                org_id=org.id,
                ref=client,
            ),
            number_id=number_id(cursor, number),
        )


def number_id(cursor: Any, e164: str) -> int:
    found: int = cursor.value("SELECT id FROM message_number WHERE e164 = :e164", e164=e164)
    return found


def waiting_text(url: str, *, status: MessageStatus = MessageStatus.QUEUED) -> None:
    with working(url) as uow:
        client = find_client(uow.cursor, uow.org.id, "C-1")
        thread = uow.cursor.value("SELECT id FROM thread WHERE client_id = :id", id=client.id)
        if thread is None:
            made = Thread(org_id=uow.org.id, client_id=client.id, created_at=NOW)
            uow.session.add(made)
            uow.session.flush()
            thread = made.id
        uow.session.add(
            Message(
                org_id=uow.org.id, thread_id=thread, client_id=client.id, status=status,
                direction=Direction.OUTBOUND, body="hi", to_e164="+14155551001", actor=ACTOR,
                created_at=NOW, send_at=NOW, due_at=NOW,
            )
        )  # fmt: skip


# ------------------------------------------------------------------------------------ an operator's


def test_a_client_is_opted_out_on_all_their_phones(cli: Cli, migrated_url: str) -> None:
    """Her wish would else be gone when the phone it was noted for is."""
    cli(*ANN)
    assert facts(migrated_url).opted_out_at is None
    ran = cli(*OUT, "-o", "json")
    assert (ran.code, ran.json) == (
        0,
        {
            "client": "C-1",
            "client_name": "Ann",
            "sitter": None,
            "sitter_name": None,
            "whose": "client",
            "phones": ["+1********01", "+1********02"],
            "waiting": 0,
            "reused": False,
        },
    )
    assert facts(migrated_url).opted_out_at == NOW
    cli("client", "phone", "primary", "C-1", "+14155551002")
    cli("client", "phone", "remove", "C-1", "+14155551001")
    assert facts(migrated_url).opted_out_at == NOW


def test_one_opted_out_phone_stops_its_client(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    ran = cli(*OUT, "--phone", "+1 415 555 1002", "-o", "json")
    assert ran.json["phones"] == ["+1********02"]
    assert facts(migrated_url).opted_out_at == NOW


def test_an_opt_out_is_shown_with_who_noted_it_and_why(cli: Cli) -> None:
    cli(*ANN)
    cli(*OUT, "--phone", "+14155551001")
    row = {
        "opt_out": 1,
        "client": "C-1",
        "client_name": "Ann",
        "sitter": None,
        "sitter_name": None,
        "whose": "client",
        "phone": "+1********01",
        "source": "operator",
        "reason": "asked at the desk",
        "opted_out_at": "2026-02-14T15:00:00Z",
        "ended_at": None,
        "end_reason": None,
        "actor": ACTOR,
    }
    assert cli("optout", "list", "-o", "json").json == [row]
    assert show(cli) == {
        "client": "C-1",
        "client_name": "Ann",
        "sitter": None,
        "sitter_name": None,
        "whose": "client",
        "opted_out": True,
        "opted_out_at": "2026-02-14T15:00:00Z",
        "history": [row],
        "blocked": [],
    }
    revealed = cli("optout", "list", "--reveal", "-o", "json").json
    assert revealed == [{**row, "phone": "+14155551001"}]
    assert cli("client", "show", "C-1", "-o", "json").json["opted_out"] is True


def test_opting_out_again_changes_nothing(cli: Cli) -> None:
    cli(*ANN)
    cli(*OUT)
    before = events(cli), cli("optout", "list", "-o", "json").json
    ran = cli(*OUT[:-1], "another reason", "-o", "json", now=LATER)
    assert (ran.code, ran.json["reused"]) == (0, True)
    assert (events(cli), cli("optout", "list", "-o", "json").json) == before


def test_a_phone_that_came_later_is_opted_out_too_when_it_is_asked_again(cli: Cli) -> None:
    cli(*ANN)
    cli(*OUT)
    cli("client", "phone", "add", "C-1", "+14155551003")
    assert cli(*OUT, "-o", "json").json["reused"] is False
    assert len(cli("optout", "list", "-o", "json").json) == 3


def test_texts_that_wait_are_counted(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli("client", "add", "Bo", "--phone", "+14155551009")
    for status in (MessageStatus.QUEUED, MessageStatus.QUEUED, MessageStatus.CANCELLED):
        waiting_text(migrated_url, status=status)
    ran = cli(*OUT, "-o", "json")
    assert ran.json["waiting"] == 2
    assert ran.err.startswith(
        "2 queued messages to them will not be sent while they are opted out."
    )
    other = cli("optout", "add", "C-2", "--reason", "x", "-o", "json")
    assert (other.json["waiting"], other.err) == (0, "")


def test_an_operator_ends_every_opt_out_of_a_client(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli(*OUT)
    ran = cli(*IN, "-o", "json", now=LATER)
    assert (ran.code, ran.err, ran.json) == (
        0,
        "",
        {
            "client": "C-1",
            "client_name": "Ann",
            "sitter": None,
            "sitter_name": None,
            "whose": "client",
            "phones": ["+1********01", "+1********02"],
            "unblocked": [],
            "carrier_blocks": False,
            "waiting": 0,
            "reused": False,
        },
    )
    assert facts(migrated_url).opted_out_at is None
    assert cli("optout", "list", "-o", "json").json == []
    ended = cli("optout", "list", "--all-states", "-o", "json").json
    assert {(row["ended_at"], row["end_reason"]) for row in ended} == {
        ("2026-02-14T16:00:00Z", "asked again")
    }
    shown = show(cli)
    assert (shown["opted_out"], shown["opted_out_at"], len(shown["history"])) == (False, None, 2)


def test_ending_what_does_not_stand_changes_nothing(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    before = events(sqlite_cli)
    ran = sqlite_cli(*IN, "-o", "json")
    assert (ran.code, ran.json["reused"], events(sqlite_cli)) == (0, True, before)


def test_a_client_may_opt_out_and_in_again_and_again(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    for hour in range(3):
        cli(*OUT, now=NOW + timedelta(hours=2 * hour))
        cli(*IN, now=NOW + timedelta(hours=2 * hour + 1))
    assert len(show(cli)["history"]) == 6
    cli(*OUT, now=NOW + timedelta(hours=9))
    assert facts(migrated_url).opted_out_at == NOW + timedelta(hours=9)


def test_each_change_is_audited_without_a_phone_or_a_name(cli: Cli) -> None:
    cli(*ANN)
    cli(*OUT)
    cli(*IN)
    out, back = events(cli)[-2:]
    assert (out["event"], out["entity"], out["ref"]) == ("client.opted_out", "client", "C-1")
    assert (out["reason"], out["payload"]) == (
        "asked at the desk",
        {"source": "operator", "phones": 2, "waiting": 0},
    )
    assert (back["event"], back["ref"], back["reason"]) == ("client.opted_in", "C-1", "asked again")
    assert back["payload"] == {"sources": ["operator"], "phones": 2, "unblocked": []}


def test_what_cannot_be_meant_is_refused(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    sqlite_cli("client", "add", "Bo", "--phone", "+14155551009")
    for line, code, exit_code in (
        (("add", "C-1"), "out_of_range", 2),
        (("add", "C-1", "--reason", " "), "empty_reason", 2),
        (("add", "C-1", "--reason", "x", "--phone", "911"), "malformed_phone", 2),
        (("add", "C-1", "--reason", "x", "--phone", "+14155551009"), "phone_not_found", 3),
        (("add", "C-9", "--reason", "x"), "client_not_found", 3),
        (("remove", "C-1"), "out_of_range", 2),
        (("remove", "C-9", "--reason", "x"), "client_not_found", 3),
        (("show", "C-9"), "client_not_found", 3),
        (("list", "--before", "x"), "out_of_range", 2),
    ):
        error = refused(sqlite_cli("optout", *line, "-o", "json"), code, exit_code)
        assert error["hint"]
        assert "5551009" not in str(error)
    assert sqlite_cli("optout", "list", "--all-states", "-o", "json").json == []


def test_a_list_is_paged_by_the_id_of_its_last_row(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN, "--phone", "+14155551003")
    sqlite_cli(*OUT)

    def ids(*options: str) -> list[int]:
        rows = sqlite_cli("optout", "list", *options, "-o", "json").json
        return [row["opt_out"] for row in rows]

    assert (ids(), ids("--limit", "2"), ids("--before", "2")) == ([3, 2, 1], [3, 2], [1])


# -------------------------------------------------------------------- per company, and by the phone


def test_an_opt_out_of_one_company_does_not_bind_another(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli(*OUT)
    add_org(migrated_url, "cat-nappers", front_desk=None)
    other = ("--org", "cat-nappers", "-o", "json")
    cli(*ANN, *other)
    assert cli("optout", "show", "C-1", *other).json["opted_out"] is False
    assert cli("optout", "list", *other).json == []
    assert cli("client", "list", *other).json[0]["opted_out"] is False


def test_an_opt_out_stands_for_the_client_whose_phone_is_removed(
    cli: Cli, migrated_url: str
) -> None:
    cli(*ANN)
    cli(*OUT, "--phone", "+14155551002")
    cli("client", "add", "Bo", "--phone", "+14155551009")
    removed = cli("client", "phone", "remove", "C-1", "+14155551002")
    assert "Client C-1 stays opted out." in removed.err
    assert facts(migrated_url).opted_out_at == NOW
    of_ann, nobodys = cli("optout", "list", "--reveal", "-o", "json").json
    assert (of_ann["client"], of_ann["phone"]) == ("C-1", "+14155551001")
    assert (of_ann["reason"], of_ann["source"]) == ("asked at the desk", "operator")
    assert (nobodys["client"], nobodys["phone"]) == (None, None)
    # The phone takes it along, too.
    cli("client", "phone", "add", "C-2", "+14155551002")
    assert facts(migrated_url, "C-2").opted_out_at == NOW
    hers = cli("optout", "list", "--reveal", "-o", "json").json[-1]
    assert (hers["client"], hers["phone"]) == ("C-2", "+14155551002")
    ran = cli(*IN, "-o", "json")
    assert ran.json["reused"] is False
    assert facts(migrated_url).opted_out_at is None
    assert facts(migrated_url, "C-2").opted_out_at == NOW


def test_an_opt_out_stands_however_often_the_phones_change(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli(*OUT, "--phone", "+14155551001")
    for gone, new in (("1001", "1003"), ("1002", "1004"), ("1003", "1005")):
        assert cli("client", "phone", "add", "C-1", f"+1415555{new}").code == 0
        cli("client", "phone", "primary", "C-1", f"+1415555{new}")
        assert cli("client", "phone", "remove", "C-1", f"+1415555{gone}").code == 0
        assert facts(migrated_url).opted_out_at == NOW


def test_whoever_opted_out_and_was_forgotten_is_known_by_all_phones(
    cli: Cli, migrated_url: str
) -> None:
    cli(*ANN)
    cli(*OUT, "--phone", "+14155551001")
    assert cli("client", "forget", "C-1", "--reason", "asked", "--yes").code == 0
    assert {row["phone"] for row in cli("optout", "list", "--reveal", "-o", "json").json} == {None}
    cli("client", "add", "Ann", "--phone", "+14155551002", "--ref", "C-7")
    assert facts(migrated_url, "C-7").opted_out_at == NOW


def test_a_phone_without_an_opt_out_leaves_none(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    removed = sqlite_cli("client", "phone", "remove", "C-1", "+14155551002")
    assert "opt-out" not in removed.err
    assert sqlite_cli("optout", "list", "--all-states", "-o", "json").json == []


def test_the_opt_out_of_a_forgotten_client_stands_when_they_are_added_again(
    cli: Cli, migrated_url: str
) -> None:
    cli(*ANN)
    cli(*OUT)
    assert cli("client", "forget", "C-1", "--reason", "asked", "--yes").code == 0
    shown = cli("optout", "list", "--reveal", "-o", "json").json
    assert [(row["client"], row["phone"]) for row in shown] == [(None, None)] * 2
    refused(cli(*OUT, "-o", "json"), "client_without_phone")
    cli("client", "add", "Ann", "--phone", "+14155551001", "--ref", "C-7")
    assert facts(migrated_url, "C-7").opted_out_at == NOW
    assert [row["client"] for row in show(cli, "C-7")["history"]] == ["C-7"]
    with looking(migrated_url) as cursor:
        keys = {row[0] for row in cursor.tuples("SELECT phone_key FROM opt_out")}
    assert phone_key("happy-paws", "+14155551001") in keys


def test_the_client_list_says_who_opted_out(cli: Cli) -> None:
    cli(*ANN)
    cli("client", "add", "Bo", "--phone", "+14155551009")
    cli(*OUT, "--phone", "+14155551002")
    rows = cli("client", "list", "-o", "json").json
    assert {row["client"]: row["opted_out"] for row in rows} == {"C-1": True, "C-2": False}


# ------------------------------------------------------------------------------ the provider's word


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
    """The carrier took a text to Ann from the desk, once claimed then."""
    waiting_text(url, status=MessageStatus.DELIVERED)
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
