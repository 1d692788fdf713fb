"""petmsg status: one org's morning on one screen."""

import shlex
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from petmsg.clock import iso_utc
from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.calls import CallStatus
from petmsg.services.alert import raise_alert
from petmsg.services.routes.status import day_of
from tests.support.calls import add_call
from tests.support.consistency import raw
from tests.support.fixtures import NOW, add_org, run_cli, working

DESK, N1, N2, POOL = "+14155550100", "+14155550101", "+14155550102", "+14155550150"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def url(migrated_url: str) -> str:
    """10:00 in New York. S-1 has a visit that runs and one this evening; B-3 of today has no
    sitter, B-4 is tomorrow, B-5 was yesterday and B-6 is pending."""
    add_org(migrated_url, front_desk=DESK)
    do(
        migrated_url,
        f"number add {N1} {N2} --class sitter",
        f"number add {POOL} --class pool",
        "client add Anna --ref C-1 --phone +12025550101",
        "client add Berta --ref C-2 --phone +12025550102",
        "sitter add Maya --ref S-1 --phone +13035550101 --activate",
        "sitter add Nora --ref S-2 --phone +13035550102",
        "booking add --ref B-1 --client C-1 --sitter S-1 --start -1h --end +1h",
        "booking add --ref B-2 --client C-2 --sitter S-1 --start +8h --end +9h",
        "booking add --ref B-3 --client C-2 --start +4h --end +5h",
        "booking add --ref B-4 --client C-2 --sitter S-1 --start +14h --end +16h",
        "booking add --ref B-5 --client C-1 --sitter S-1 --start -13h --end -10h",
        "booking add --ref B-6 --client C-1 --sitter S-1 --start +1h --end +2h",
        "booking confirm B-1 B-2 B-3 B-4 B-5",
    )
    return migrated_url


def do(url: str, *lines: str, now: datetime = NOW) -> None:
    for line in lines:
        ran = run_cli(url, *shlex.split(line), now=now)
        assert ran.code == 0, (line, ran.err)


def status(url: str, *arguments: str, now: datetime = NOW) -> dict[str, Any]:
    """The status of the only org that is told of."""
    ran = run_cli(url, "status", *arguments, "-o", "json", now=now)
    assert ran.code == 0, ran.err
    (found,) = ran.json
    return dict(found)


def test_now_is_told_once(url: str) -> None:
    lines = run_cli(url, "status", "-o", "table", now=NOW).out.splitlines()
    now = next(line for line in lines if line.startswith("Now "))
    assert "now" not in now.removeprefix("Now ")


def test_what_there_is_is_counted(url: str) -> None:
    do(url, f"number retire {N2} --yes", "client forget C-2 --reason asked --yes")
    found = status(url)
    assert (found["org"], found["timezone"], found["at"]) == (
        "happy-paws",
        "America/New_York",
        iso_utc(NOW),
    )
    assert (found["clients"], found["threads"], found["bookings_pending"]) == (1, 2, 1)
    assert found["sitters"] == {"inactive": 1, "active": 1, "offboarded": 0}
    none = {"active": 0, "quarantined": 0, "retired": 0}
    assert found["numbers"] == {
        "front_desk": {**none, "active": 1},
        "sitter": {**none, "active": 1, "retired": 1},
        "pool": {**none, "active": 1},
    }


def test_what_waits_for_a_person_is_counted(url: str) -> None:
    assert status(url)["inbox"]["total"] == 0
    do(
        url,
        f"message receive --from +12025550102 --to {DESK} --body Hello",
        f"message receive --from +12025550102 --to {DESK} --body Anybody?",
    )
    found = status(url)["inbox"]
    assert (found["front_desk"] + found["unrouted"], found["total"], found["claimed"]) == (2, 2, 0)
    waiting = run_cli(url, "inbox", "list", "-o", "json").json
    do(url, f"inbox claim {waiting[0]['message']}")
    assert status(url)["inbox"]["claimed"] == 1
    assert "2 unread" in run_cli(url, "status", "-o", "table").out
    do(url, "inbox done --client C-2")
    assert status(url)["inbox"]["total"] == 0


def test_today_is_the_orgs_own_day(url: str) -> None:
    """B-5 ended at midnight in New York, and B-4 begins at the next one."""
    today = status(url)["today"]
    assert (today["visits"], today["running"], today["without_sitter"]) == (3, 1, 1)
    assert today["sitters"] == [
        {
            "sitter": "S-1",
            "name": "Maya",
            "visits": 2,
            "running": 1,
            "starts_at": iso_utc(NOW - HOUR),
            "ends_at": iso_utc(NOW + 9 * HOUR),
            "number": N1,
            "number_status": "active",
        }
    ]
    later = status(url, now=NOW + 6 * HOUR)["today"]
    assert (later["running"], later["without_sitter"]) == (0, 0), "a visit that is over needs none"
    do(url, "org set --timezone America/Los_Angeles")
    assert status(url)["today"]["visits"] == 4  # from 03:00 to 03:00 in New York


@pytest.mark.parametrize(
    ("at", "hours"),
    [
        (datetime(2026, 3, 8, 12, tzinfo=UTC), 23),
        (datetime(2026, 11, 1, 12, tzinfo=UTC), 25),
        (datetime(2026, 11, 2, 4, 59, 59, tzinfo=UTC), 25),
        (datetime(2026, 11, 2, 5, tzinfo=UTC), 24),
    ],
)
def test_a_day_lasts_from_midnight_to_midnight_whatever_the_clocks_do(
    at: datetime, hours: int
) -> None:
    start, end = day_of(at, "America/New_York")
    assert start <= at < end
    assert end - start == timedelta(hours=hours)


def test_the_next_releases_are_listed_in_order(url: str) -> None:
    do(
        url,
        f"number quarantine {N1} --days 7 --reason spam",
        f"number quarantine {POOL} --days 3 --reason spam",
    )
    found = status(url)["releases"]
    assert found == [
        {"number": POOL, "class": "pool", "sitter": None, "sitter_name": None,
         "quarantined_until": iso_utc(NOW + 3 * DAY)},
        {"number": N1, "class": "sitter", "sitter": "S-1", "sitter_name": "Maya",
         "quarantined_until": iso_utc(NOW + 7 * DAY)},
    ]  # fmt: skip


def test_the_queue_is_counted_by_what_its_texts_need(url: str) -> None:
    do(
        url,
        "message send C-1 --body One",
        "message send C-2 --body Two",
        "message send C-2 --body Three",
        "message send C-2 --body Four --queue-only",
        "message send C-2 --body Five --at +2h",
    )
    with raw(url) as cursor:
        cursor.run("UPDATE message SET status = 'sending' WHERE id = 1")
        cursor.run("UPDATE message SET status = 'held' WHERE id = 2")
        cursor.run("UPDATE message SET status = 'failed' WHERE id = 3")
    found = status(url)
    assert found["queue"] == {
        "queued": 2, "due": 1, "sending": 1, "in_doubt": 0, "held": 1, "failed_24h": 1
    }  # fmt: skip
    with raw(url) as cursor:
        cursor.run("UPDATE message SET status = 'unknown' WHERE id = 1")
    found = status(url, now=NOW + 25 * HOUR)["queue"]
    assert (found["due"], found["in_doubt"], found["failed_24h"]) == (2, 1, 0)
    shown = run_cli(url, "status", "-o", "table", now=NOW + 25 * HOUR).out
    assert "2 queued, 2 due, 1 unknown, 1 held" in shown


def test_open_alerts_are_counted_by_how_grave_they_are(url: str) -> None:
    with working(url) as uow:
        for severity, refs in ((AlertSeverity.WARNING, ("1", "2")), (AlertSeverity.CRITICAL, "3")):
            for ref in refs:
                raise_alert(
                    uow,
                    AlertKind.NUMBER_GONE,
                    severity=severity,
                    entity="number",
                    ref=ref,
                    message="gone",
                )
    assert status(url)["alerts"] == {"critical": 1, "warning": 2, "info": 0}
    do(url, "alert done 1")
    found = status(url)["alerts"]
    assert found == {"critical": 1, "warning": 1, "info": 0}
    assert [*found] == ["critical", "warning", "info"]


def test_gaps_are_those_of_coverage(url: str) -> None:
    do(url, f"number quarantine {N1} --days 2 --reason spam")
    found = status(url)["gaps"]
    assert (found["days"], found["count"]) == (3, 4)
    told = run_cli(url, "coverage", "--days", "3", "--findings", "-o", "json")
    assert found["rows"] == told.json
    assert status(url, "--days", "1")["gaps"]["count"] == 4


def test_the_last_try_and_the_last_sync_are_signs_of_life(url: str) -> None:
    found = status(url)
    assert (found["last_try_at"], found["last_sync_at"]) == (None, None)
    do(url, "message send C-1 --body Hi")
    do(url, "message send C-2 --body Hi", now=NOW + HOUR)
    do(url, "message sync", now=NOW + 2 * HOUR)
    found = status(url)
    assert found["last_try_at"] == iso_utc(NOW + HOUR)
    assert found["last_sync_at"] == iso_utc(NOW + 2 * HOUR)


def test_the_last_sync_is_the_latest_of_what_is_on_its_way_and_of_what_arrived(url: str) -> None:
    do(url, "message send C-1 --body Hi", "message send C-2 --body Hi")
    for on_its_way, arrived in ((1, 2), (2, 1)):
        with raw(url) as cursor:
            cursor.run(
                "UPDATE message SET status = 'sent', synced_at = :at WHERE id = 1",
                at=NOW + on_its_way * HOUR,
            )
            cursor.run(
                "UPDATE message SET status = 'delivered', synced_at = :at WHERE id = 2",
                at=NOW + arrived * HOUR,
            )
        assert status(url)["last_sync_at"] == iso_utc(NOW + 2 * HOUR)


def test_a_message_on_its_way_behind_five_hundred_newer_ones_counts(url: str) -> None:
    do(url, "message send C-1 --body Hi")
    with raw(url) as cursor:
        cursor.run("UPDATE message SET status = 'sent', synced_at = :at", at=NOW)
        cursor.run_many(
            "INSERT INTO message (org_id, direction, status, body, actor, created_at, segments,"
            " attempts) SELECT org_id, 'inbound', 'received', :body, 'x', created_at, 1, 0"
            " FROM message WHERE id = 1",
            [{"body": str(number)} for number in range(501)],
        )
    assert status(url)["last_sync_at"] == iso_utc(NOW)


def test_every_org_is_listed_and_nothing_of_another(url: str) -> None:
    add_org(url, "tail-waggers", timezone="America/Los_Angeles", front_desk=None)
    do(url, "message send C-1 --body Hi --org happy-paws")
    ran = run_cli(url, "status", "-o", "json")
    mine, other = ran.json
    assert (mine["org"], other["org"]) == ("happy-paws", "tail-waggers")
    assert [mine] == run_cli(url, "status", "--org", "happy-paws", "-o", "json").json
    assert (other["clients"], other["threads"], other["last_try_at"]) == (0, 0, None)
    assert other["today"] == {"visits": 0, "running": 0, "without_sitter": 0, "sitters": []}
    assert {row["kind"] for row in other["gaps"]["rows"]} == {"no_fallback"}
    lines = run_cli(url, "status", "-o", "jsonl").out.splitlines()
    assert len(lines) == 2
    assert run_cli(url, "status", "--org", "gone").code == 3


def test_a_person_reads_one_screen(url: str) -> None:
    do(url, f"number quarantine {N1} --days 2 --reason spam", "org freeze --reason storm")
    ran = run_cli(url, "status", "-o", "table")
    assert ran.code == 0
    assert "YES, until thawed" in ran.out
    assert "3 visits of 1 sitter, 1 running, 1 WITHOUT A SITTER" in ran.out
    assert "front desk: 1 active; sitter: 1 active, 1 quarantined; pool: 1 active" in ran.out
    assert "4 in the next 3 days" in ran.out
    assert "2026-02-14 09:00 EST" in ran.out, "the org's own time"
    assert len(ran.out.splitlines()) < 50


def test_an_empty_org_is_listed_too(migrated_url: str) -> None:
    assert run_cli(migrated_url, "status", "-o", "json").json == []
    add_org(migrated_url)
    found = status(migrated_url)
    assert found["queue"] == dict.fromkeys(found["queue"], 0)
    assert found["gaps"]["count"] == 0


def test_the_calls_of_the_day_are_counted(url: str) -> None:
    assert status(url)["calls"]["total"] == 0
    number = run_cli(url, "number", "list", "--org", "happy-paws", "-o", "json").json[0]["number"]
    for each in (CallStatus.COMPLETED, CallStatus.BUSY, CallStatus.RINGING):
        add_call(url, number=number, from_phone="+16175550199", status=each)
    yesterday = NOW - timedelta(days=1)
    add_call(url, number=number, from_phone="+16175550199", started_at=yesterday)
    assert status(url)["calls"] == {
        "total": 3, "answered": 1, "missed": 1, "voicemails": 0, "ringing": 1, "rejected": 0,
    }  # fmt: skip
    told = run_cli(url, "status", "--org", "happy-paws", "-o", "table", COLUMNS="160").out
    assert "3: 1 answered, 1 missed, 1 ringing" in told
