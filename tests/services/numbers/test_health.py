"""petmsg number health: the outcomes of each number's messages, and which numbers to quarantine."""

import shlex
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select

from petmsg.enums.messages import AttemptStatus, Direction, MessageStatus
from petmsg.enums.routing import Rule
from petmsg.models import Client, Message, MessageAttempt, MessageNumber, Thread
from petmsg.services.numbers.health import is_filtered
from petmsg.services.unit_of_work import UnitOfWork
from tests.support.consistency import problems
from tests.support.fixtures import NOW, Ran, add_org, migrated_and, run_cli, working
from tests.support.postgres import Copies

DESK, N1, N2, N3 = "+14155550100", "+14155550101", "+14155550102", "+14155550103"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SENT, DELIVERED, UNDELIVERED = (
    AttemptStatus.SENT,
    AttemptStatus.DELIVERED,
    AttemptStatus.UNDELIVERED,
)
FAILED, UNKNOWN = AttemptStatus.FAILED, AttemptStatus.UNKNOWN
PUT_BACK, ABSENT, SENDING = AttemptStatus.PUT_BACK, AttemptStatus.ABSENT, AttemptStatus.SENDING
TAKEN = (SENT, DELIVERED, UNDELIVERED)


@pytest.fixture
def url(refilled: Copies) -> str:
    return refilled("health", migrated_and(company))


@pytest.fixture
def sqlite_url(sqlite_refilled: Copies) -> str:
    return sqlite_refilled("health", migrated_and(company))


def company(url: str) -> str:
    add_org(url)
    for line in (
        f"number add {N1} {N2} {N3} --class sitter",
        "sitter add Maya --ref S-1 --phone +13035550101",
        f"number assign {N1} S-1",
    ):
        assert run_cli(url, *line.split()).code == 0
    return url


def tried(
    url: str,
    number: str,
    *statuses: AttemptStatus,
    at: datetime = NOW - HOUR,
    code: str | None = None,
    taken: bool | None = None,
    org: str | None = None,
) -> None:
    """Attempts from a number, each a minute before the one before it, with that status and code.
    `taken`: the provider gave them an id; by default as it is with the status."""
    with working(url, org=org) as uow:
        thread = a_thread(uow)
        sender = uow.session.exec(select(MessageNumber).where(MessageNumber.e164 == number)).one()
        for index, status in enumerate(statuses):
            text = Message(
                org_id=uow.org.id,
                thread_id=thread.id,
                client_id=thread.client_id,
                direction=Direction.OUTBOUND,
                status=MessageStatus.CANCELLED,
                body="Hi",
                actor="tester",
                attempts=1,
                created_at=at,
            )
            uow.session.add(text)
            uow.session.flush()
            assert text.id is not None
            assert thread.id is not None
            assert sender.id is not None
            has_id = status in TAKEN if taken is None else taken
            uow.session.add(
                MessageAttempt(
                    org_id=uow.org.id,
                    message_id=text.id,
                    attempt=1,
                    thread_id=thread.id,
                    number_id=sender.id,
                    rule=Rule.POOL,
                    status=status,
                    code=code,
                    provider_message_id=f"SM{text.id}" if has_id else None,
                    claimed_at=at - index * timedelta(minutes=1),
                )
            )


def a_thread(uow: UnitOfWork) -> Thread:
    there = uow.session.exec(select(Thread).where(Thread.org_id == uow.org.id)).first()
    if there is not None:
        return there
    client = Client(org_id=uow.org.id, ref="C-1", name="Anna", created_at=NOW)
    uow.session.add(client)
    uow.session.flush()
    assert client.id is not None
    thread = Thread(org_id=uow.org.id, client_id=client.id, created_at=NOW)
    uow.session.add(thread)
    uow.session.flush()
    uow.audit("thread.created", "thread", client.ref)
    return thread


def filtered(
    url: str,
    number: str = N1,
    *,
    count: int = 3,
    at: datetime = NOW - HOUR,
    org: str | None = None,
) -> None:
    tried(url, number, *[UNDELIVERED] * count, code="30007", at=at, org=org)


def health(url: str, *arguments: str, now: datetime = NOW) -> Ran:
    return run_cli(url, "number", "health", *arguments, "-o", "json", now=now)


def rows(url: str, *arguments: str, now: datetime = NOW) -> list[dict[str, Any]]:
    ran = health(url, *arguments, now=now)
    assert ran.code in (0, 10), ran.err
    found: list[dict[str, Any]] = ran.json
    return found


def one(url: str, number: str = N1, *arguments: str, now: datetime = NOW) -> dict[str, Any]:
    (row,) = rows(url, number, *arguments, now=now)
    return row


def listed(url: str, command: str) -> Any:
    return run_cli(url, *command.split(), "-o", "json").json


# ---------------------------------------------------------------------------------------- counting


def test_health_counts_messages_that_were_really_sent_from_the_number(url: str) -> None:
    tried(url, N1, SENT, SENT, DELIVERED, DELIVERED, DELIVERED, UNKNOWN, PUT_BACK, ABSENT)
    tried(url, N1, UNDELIVERED, UNDELIVERED, code="30007")
    tried(url, N1, UNDELIVERED, code="30003")
    tried(url, N1, FAILED, code="21211")
    tried(url, N1, FAILED, code="30005", taken=True)
    assert rows(url) == [
        {
            "number": N1,
            "class": "sitter",
            "status": "active",
            "sitter": "S-1",
            "sitter_name": "Maya",
            "sent": 9,
            "delivered": 3,
            "undelivered": 3,
            "failed": 2,
            "unknown": 1,
            "by_code": {"21211": 1, "30003": 1, "30005": 1, "30007": 2},
            "filtered_last_50": 2,
            "filtered_24h": 2,
            "sent_24h": 9,
            "propose": False,
        }
    ]


def test_an_attempt_counts_for_its_own_number(url: str) -> None:
    tried(url, N1, DELIVERED)
    tried(url, N2, UNDELIVERED, code="30007")
    assert {row["number"]: row["by_code"] for row in rows(url)} == {N1: {}, N2: {"30007": 1}}


def test_a_failure_without_a_code_is_counted_separately(sqlite_url: str) -> None:
    tried(sqlite_url, N1, FAILED)
    assert one(sqlite_url)["by_code"] == {"none": 1}


def test_numbers_that_sent_nothing_are_shown_when_they_are_named(sqlite_url: str) -> None:
    tried(sqlite_url, N1, SENT)
    assert [row["number"] for row in rows(sqlite_url)] == [N1]
    assert [row["number"] for row in rows(sqlite_url, N2, N1)] == [N2, N1]
    assert one(sqlite_url, N2)["sent"] == 0


def test_the_period_is_half_open(url: str) -> None:
    tried(url, N1, SENT, at=NOW - 7 * DAY)
    tried(url, N1, SENT, at=NOW)
    assert one(url)["sent"] == 1
    assert one(url, N1, "--days", "8")["sent"] == 2
    assert one(url, N1, now=NOW - timedelta(microseconds=1))["sent"] == 1
    assert one(url, N1, now=NOW - 8 * DAY)["sent"] == 0


@pytest.mark.parametrize("days", ["0", "-1", "3651", "x", "9" * 20])
def test_a_period_out_of_range_is_wrong_usage(sqlite_url: str, days: str) -> None:
    assert health(sqlite_url, "--days", days).code == 2


@pytest.mark.parametrize("option", [(), ("--propose",), ("--apply",)])
def test_a_number_that_is_not_there(sqlite_url: str, option: tuple[str, ...]) -> None:
    ran = health(sqlite_url, "+14155559999", *option)
    assert (ran.code, ran.error["code"]) == (3, "number_not_found")
    several = health(sqlite_url, "+14155559999", "x", N1, *option)
    assert several.code == 4
    assert [row["error"]["code"] for row in several.json if "error" in row] == [
        "number_not_found", "malformed_phone",
    ]  # fmt: skip


def test_every_org_is_included_unless_one_is_named(url: str) -> None:
    add_org(url, "calm-cats", front_desk="+14155550199")
    tried(url, N1, SENT, org="happy-paws")
    tried(url, "+14155550199", SENT, org="calm-cats")
    assert [row["number"] for row in rows(url)] == ["+14155550199", N1]
    assert [row["number"] for row in rows(url, "--org", "happy-paws")] == [N1]
    assert one(url, "+14155550199")["sent"] == 1
    assert health(url, "+14155550199", "--org", "happy-paws").code == 3


# ---------------------------------------------------------------------------------------- the rule


@pytest.mark.parametrize(
    ("last_50", "filtered_24h", "sent_24h", "verdict"),
    [
        (2, 2, 2, False),
        (3, 3, 3, True),
        (50, 50, 50, True),
        (3, 1, 20, True),
        (3, 1, 21, False),
        (3, 5, 100, True),
        (3, 49, 1000, False),
        (3, 50, 1000, True),
        (3, 0, 0, False),
        (3, 0, 50, False),
    ],
)
def test_3_of_the_last_50_and_5_percent_of_24_hours(
    last_50: int, filtered_24h: int, sent_24h: int, verdict: bool
) -> None:
    found = is_filtered(last_50=last_50, filtered_24h=filtered_24h, sent_24h=sent_24h)
    assert found is verdict


def test_only_the_last_50_messages_count(url: str) -> None:
    filtered(url)
    tried(url, N1, *[DELIVERED] * 47, at=NOW)
    assert (one(url)["filtered_last_50"], one(url)["propose"]) == (3, True)
    tried(url, N1, DELIVERED, at=NOW)
    assert (one(url)["filtered_last_50"], one(url)["propose"]) == (2, False)


def test_messages_that_reached_no_carrier_do_not_count_among_the_last_50(sqlite_url: str) -> None:
    filtered(sqlite_url)
    tried(sqlite_url, N1, *[PUT_BACK] * 20, *[ABSENT] * 20, *[UNKNOWN] * 20, at=NOW)
    tried(sqlite_url, N1, *[FAILED] * 20, code="21211", at=NOW)
    row = one(sqlite_url)
    assert (row["filtered_last_50"], row["sent_24h"], row["propose"]) == (3, 3, True)


def test_a_message_filtered_before_the_provider_accepted_it_counts(sqlite_url: str) -> None:
    tried(sqlite_url, N1, FAILED, FAILED, FAILED, code="30007")
    row = one(sqlite_url)
    assert (row["sent"], row["filtered_last_50"], row["sent_24h"], row["propose"]) == (
        0,
        3,
        3,
        True,
    )


def test_the_last_50_messages_count_whatever_their_age(sqlite_url: str) -> None:
    filtered(sqlite_url, count=2, at=NOW - 30 * DAY)
    filtered(sqlite_url, count=1)
    row = one(sqlite_url)
    assert (row["filtered_last_50"], row["filtered_24h"], row["propose"]) == (3, 1, True)


def test_24_hours_are_half_open(url: str) -> None:
    filtered(url, at=NOW - DAY)
    row = one(url)
    assert (row["filtered_last_50"], row["filtered_24h"], row["sent_24h"]) == (3, 0, 0)
    assert row["propose"] is False
    earlier = one(url, now=NOW - timedelta(microseconds=1))
    assert (earlier["filtered_24h"], earlier["sent_24h"], earlier["propose"]) == (1, 1, True)


def test_less_than_5_percent_of_24_hours_is_not_proposed(sqlite_url: str) -> None:
    filtered(sqlite_url)
    tried(sqlite_url, N1, *[DELIVERED] * 57, at=NOW - 2 * HOUR)
    assert (one(sqlite_url)["sent_24h"], one(sqlite_url)["propose"]) == (60, True)
    tried(sqlite_url, N1, DELIVERED, at=NOW - 2 * HOUR)
    assert (one(sqlite_url)["sent_24h"], one(sqlite_url)["propose"]) == (61, False)


@pytest.mark.parametrize("verb", [("quarantine",), ("retire", "--yes")])
def test_only_an_active_number_is_proposed(sqlite_url: str, verb: tuple[str, ...]) -> None:
    filtered(sqlite_url)
    assert run_cli(sqlite_url, "number", *verb, N1, "--reason", "spam").code == 0
    assert one(sqlite_url)["propose"] is False


# ------------------------------------------------------------------------------ proposing, applying


def test_a_proposal_names_the_quarantine_command(url: str) -> None:
    assert (health(url, "--propose").code, rows(url, "--propose")) == (0, [])
    filtered(url)
    tried(url, N2, SENT)
    ran = health(url, "--propose")
    assert (ran.code, [row["number"] for row in ran.json]) == (10, [N1])
    command = ran.json[0]["command"]
    assert command == (
        f"petmsg number quarantine {N1} --org happy-paws "
        "--reason 'filtered by carriers: 3 of the last 50'"
    )
    assert listed(url, f"number show {N1}")["status"] == "active"
    assert run_cli(url, *shlex.split(command)[1:]).code == 0
    assert listed(url, f"number show {N1}")["status"] == "quarantined"


def test_a_proposal_for_the_front_desk_asks_for_a_replacement(sqlite_url: str) -> None:
    filtered(sqlite_url, DESK)
    (row,) = rows(sqlite_url, "--propose")
    assert f"quarantine {DESK} --replacement E164 --org happy-paws --reason" in row["command"]


def test_only_the_named_numbers_are_proposed(sqlite_url: str) -> None:
    filtered(sqlite_url, N1)
    filtered(sqlite_url, N2)
    assert [row["number"] for row in rows(sqlite_url, N2, "--propose")] == [N2]
    assert health(sqlite_url, N3, "--propose").code == 0


def test_applying_quarantines_for_the_orgs_default_days(url: str) -> None:
    filtered(url, N1, count=4)
    filtered(url, N2)
    tried(url, N3, SENT)
    ran = health(url, "--apply")
    assert ran.code == 0, ran.err
    assert [(row["number"], row["days"], row["reason"]) for row in ran.json] == [
        (N1, 90, "filtered by carriers: 4 of the last 50"),
        (N2, 90, "filtered by carriers: 3 of the last 50"),
    ]
    shown = listed(url, f"number show {N1}")
    assert (shown["status"], shown["sitter"]) == ("quarantined", "S-1")
    assert shown["quarantined_until"] == "2026-05-15T15:00:00Z"
    assert listed(url, f"number show {N3}")["status"] == "active"
    events = listed(url, "audit list --event number.quarantined")
    assert {event["ref"] for event in events} == {N1, N2}
    assert listed(url, "alert list") == []
    assert problems(url) == []


def test_applying_again_changes_nothing(sqlite_url: str) -> None:
    filtered(sqlite_url)
    assert len(rows(sqlite_url, "--apply")) == 1
    assert rows(sqlite_url, "--apply", now=NOW + HOUR) == []
    assert len(listed(sqlite_url, "audit list --event number.quarantined")) == 1


def test_applying_to_named_numbers_leaves_the_others(sqlite_url: str) -> None:
    filtered(sqlite_url, N1)
    filtered(sqlite_url, N2)
    assert [row["number"] for row in rows(sqlite_url, N2, "--apply")] == [N2]
    assert listed(sqlite_url, f"number show {N1}")["status"] == "active"


def test_the_front_desk_is_refused_with_an_alert_and_the_others_are_quarantined(url: str) -> None:
    filtered(url, DESK)
    filtered(url, N1)
    ran = health(url, "--apply")
    assert ran.code == 4
    bad, good = ran.json
    assert (bad["ref"], bad["error"]["code"]) == (DESK, "front_desk_needs_replacement")
    assert "--replacement" in bad["error"]["hint"]
    assert good["number"] == N1
    assert listed(url, f"number show {DESK}")["status"] == "active"
    (alert,) = listed(url, "alert list")
    assert (alert["kind"], alert["entity"], alert["ref"]) == ("number_filtered", "number", DESK)
    assert alert["command"].startswith(f"petmsg number quarantine {DESK} --replacement E164")
    assert "3 of its last 50" in alert["message"]
    assert health(url, "--apply").code == 4
    assert [each["count"] for each in listed(url, "alert list")] == [2]
    assert problems(url) == []


def test_a_front_desk_alone_is_refused_with_an_alert(sqlite_url: str) -> None:
    filtered(sqlite_url, DESK)
    assert health(sqlite_url, DESK, "--apply").code == 4
    assert len(listed(sqlite_url, "alert list")) == 1


def test_a_dry_run_reports_and_changes_nothing(sqlite_url: str) -> None:
    filtered(sqlite_url)
    filtered(sqlite_url, DESK)
    ran = health(sqlite_url, "--apply", "--dry-run")
    assert (ran.code, len(ran.json)) == (4, 2)
    assert listed(sqlite_url, f"number show {N1}")["status"] == "active"
    assert listed(sqlite_url, "alert list") == []


def test_every_org_is_applied_with_its_own_days(url: str) -> None:
    there = "+14155550198"
    add_org(url, "calm-cats", front_desk="+14155550199")
    run_cli(url, "number", "add", there, "--class", "pool", "--org", "calm-cats")
    run_cli(url, "org", "set", "--quarantine-days", "7", "--org", "calm-cats")
    for org, number in (("happy-paws", N1), ("calm-cats", there)):
        tried(url, number, *[UNDELIVERED] * 3, code="30007", org=org)
    assert {row["number"]: row["days"] for row in rows(url, "--apply")} == {N1: 90, there: 7}


def test_to_propose_and_to_apply_exclude_each_other(sqlite_url: str) -> None:
    assert health(sqlite_url, "--propose", "--apply").code == 2


def test_the_table_explains_failures(sqlite_url: str) -> None:
    filtered(sqlite_url)
    tried(sqlite_url, N1, FAILED, code="30003")
    shown = run_cli(sqlite_url, "number", "health", "-o", "table").out
    assert "1 x 30003, 3 x 30007" in shown
