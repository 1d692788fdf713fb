"""petmsg coverage: which windows, sitters and bookings will have no number, and the fix."""

import json
import shlex
from datetime import datetime, timedelta
from typing import Any

import pytest

from petmsg.clock import iso_utc
from tests.support.consistency import raw
from tests.support.fixtures import NOW, Ran, add_org, migrated_and, run_cli
from tests.support.postgres import Copies

DESK, N1, N2, N3, POOL = (
    "+14155550100", "+14155550101", "+14155550102", "+14155550103", "+14155550150"
)  # fmt: skip
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def url(refilled: Copies) -> str:
    return refilled("coverage", migrated_and(company))


@pytest.fixture
def on_sqlite(sqlite_refilled: Copies) -> str:
    return sqlite_refilled("coverage", migrated_and(company))


def company(url: str) -> str:
    """S-1 sends from N1 and S-2 from N2; each has a visit tomorrow, to C-1 and to C-2."""
    add_org(url, front_desk=DESK)
    do(
        url,
        f"number add {N1} {N2} {N3} --class sitter",
        f"number add {POOL} --class pool",
        "client add Anna --ref C-1 --phone +12025550101",
        "client add Berta --ref C-2 --phone +12025550102 --kind recurring",
        "sitter add Maya --ref S-1 --phone +13035550101 --activate",
        "sitter add Nora --ref S-2 --phone +13035550102 --activate",
        "booking add --ref B-1 --client C-1 --sitter S-1 --start +24h --end +26h",
        "booking add --ref B-2 --client C-2 --sitter S-2 --start +30h --end +32h",
        "booking confirm B-1 B-2",
    )
    return url


def do(url: str, *lines: str, now: datetime = NOW) -> None:
    for line in lines:
        ran = run_cli(url, *shlex.split(line), now=now)
        assert ran.code == 0, (line, ran.err)


def coverage(url: str, *arguments: str, now: datetime = NOW) -> Ran:
    return run_cli(url, "coverage", *arguments, "-o", "json", now=now)


def gaps(url: str, *arguments: str, now: datetime = NOW) -> list[dict[str, Any]]:
    """The gaps, and that the exit code is theirs."""
    ran = coverage(url, *arguments, now=now)
    found = [row for row in ran.json if row["gap"]]
    assert ran.code == (10 if found else 0), ran.err
    return found


def gap(url: str, *arguments: str, now: datetime = NOW) -> dict[str, Any]:
    (found,) = gaps(url, *arguments, now=now)
    return found


def mend(url: str, command: str, now: datetime = NOW) -> None:
    """Run the command of a gap as it stands, its placeholders filled in."""
    filled = command.replace("…", "asked").replace("SITTER", "S-2").replace("E164", "+14155550109")
    do(url, *[line.removeprefix("petmsg ") for line in filled.split(" && ")], now=now)


def test_a_company_that_is_covered_has_no_gap(url: str) -> None:
    (row,) = coverage(url).json
    assert (row["kind"], row["gap"], row["command"]) == ("pool_headroom", False, None)
    assert row["details"] == {
        "numbers": 1,
        "usable": 1,
        "threads": 0,
        "room": None,
        "spare_sitter_numbers": 1,
    }
    assert gaps(url) == []


# ---------------------------------------------------------------------------------- windows to come


def test_a_window_without_a_sitter_is_a_gap_until_one_is_assigned(url: str) -> None:
    do(url, "booking reassign B-1 --nobody")
    found = gap(url)
    assert found == {
        "org": "happy-paws",
        "kind": "window",
        "gap": True,
        "message": "Booking B-1 of C-1 Anna: no sitter is assigned",
        "starts_at": iso_utc(NOW + DAY),
        "ends_at": iso_utc(NOW + DAY + 3 * HOUR),
        "booking": "B-1",
        "client": "C-1",
        "client_name": "Anna",
        "sitter": None,
        "sitter_name": None,
        "number": None,
        "code": "WINDOW_WITHOUT_SITTER",
        "meanwhile": {
            "number": POOL,
            "class": "pool",
            "reason": "The active window has no sitter - using pool",
        },
        "command": "petmsg booking reassign B-1 S-1",
        "details": None,
    }
    mend(url, found["command"])
    assert gaps(url) == []


def test_the_window_of_a_sitter_who_is_not_active_yet_is_a_gap(url: str) -> None:
    do(url, "sitter add Olga --ref S-3 --phone +13035550103", "booking reassign B-1 --sitter S-3")
    found = gap(url)
    assert (found["code"], found["sitter"]) == ("SITTER_NOT_ACTIVE", "S-3")
    assert found["message"] == "Booking B-1 of C-1 Anna: sitter Olga is inactive"
    assert found["command"] == "petmsg sitter activate S-3"
    mend(url, found["command"])
    assert gaps(url) == []


def test_a_sitter_without_a_number_is_a_gap_and_so_is_their_window(url: str) -> None:
    do(url, f"number retire {N1} --yes", f"number retire {N3} --yes")
    window, sitter = gaps(url)
    assert (window["code"], window["booking"]) == ("SITTER_WITHOUT_NUMBER", "B-1")
    assert (sitter["kind"], sitter["sitter"]) == ("sitter_without_number", "S-1")
    assert sitter["message"] == "Sitter Maya is active but has no number"
    command = "petmsg number add E164 --class sitter && petmsg sitter activate S-1"
    assert [window["command"], sitter["command"]] == [command, command]
    mend(url, command)
    assert gaps(url) == []


def test_a_sitter_without_a_number_is_given_one_that_is_to_spare(url: str) -> None:
    do(url, f"number retire {N1} --yes")
    assert {row["command"] for row in gaps(url)} == {"petmsg sitter activate S-1"}
    mend(url, "petmsg sitter activate S-1")
    assert gaps(url) == []


def test_a_window_whose_number_is_quarantined_at_that_time_is_a_gap(url: str) -> None:
    do(url, f"number quarantine {N1} --days 7 --reason spam")
    found = gap(url)
    assert (found["code"], found["number"]) == ("SITTER_NUMBER_QUARANTINED", N1)
    assert found["ends_at"] == iso_utc(NOW + DAY + 3 * HOUR)
    assert found["command"] == f"petmsg number restore {N1} --reason '…'"
    mend(url, found["command"], now=NOW + HOUR)
    assert gaps(url) == []


@pytest.mark.parametrize(
    ("until", "ends_at"),
    [
        (NOW + DAY, None),
        (NOW + DAY + timedelta(microseconds=1), NOW + DAY + timedelta(microseconds=1)),
        (NOW + DAY + 2 * HOUR, NOW + DAY + 2 * HOUR),
        (NOW + DAY + 3 * HOUR, NOW + DAY + 3 * HOUR),
        (NOW + 9 * DAY, NOW + DAY + 3 * HOUR),
    ],
)
def test_a_gap_ends_with_the_quarantine_or_with_the_window(
    on_sqlite: str, until: datetime, ends_at: datetime | None
) -> None:
    do(on_sqlite, f"number quarantine {N1} --until {iso_utc(until)} --reason spam")
    found = gaps(on_sqlite)
    assert [row["ends_at"] for row in found] == ([] if ends_at is None else [iso_utc(ends_at)])


def test_a_window_that_runs_is_uncovered_from_now_on(on_sqlite: str) -> None:
    now = NOW + DAY + HOUR
    do(on_sqlite, f"number quarantine {N1} --days 7 --reason spam", now=now)
    assert gap(on_sqlite, now=now)["starts_at"] == iso_utc(now)
    over = NOW + DAY + 3 * HOUR
    assert gaps(on_sqlite, now=over) == [], "its last instant is outside"


def test_the_days_to_look_ahead_are_half_open(on_sqlite: str) -> None:
    do(on_sqlite, "booking reassign B-1 --nobody")
    for days, found in (("1", 0), ("2", 1), ("366", 1)):
        assert len(gaps(on_sqlite, "--days", days)) == found
    assert len(gaps(on_sqlite, "--days", "1", now=NOW + timedelta(microseconds=1))) == 1
    do(
        on_sqlite,
        "booking add --ref B-9 --client C-1 --start +20d --end +21d",
        "booking confirm B-9",
    )
    assert [row["booking"] for row in gaps(on_sqlite)] == ["B-1"], "fourteen unless told"
    assert [row["booking"] for row in gaps(on_sqlite, "--days", "30")] == ["B-1", "B-9"]


def test_cancelled_and_pending_bookings_need_no_number(on_sqlite: str) -> None:
    do(
        on_sqlite,
        "booking reassign B-1 --nobody",
        "booking cancel B-1 --yes",
        "booking add --ref B-9 --client C-1 --start +1d --end +2d",
    )
    assert gaps(on_sqlite) == []


def test_a_sitter_who_left_leaves_windows_without_one(on_sqlite: str) -> None:
    do(on_sqlite, "sitter deactivate S-1 --yes")
    assert gap(on_sqlite)["code"] == "WINDOW_WITHOUT_SITTER"


@pytest.mark.parametrize(
    ("change", "code", "helps"),
    [
        ("UPDATE sitter SET status = 'offboarded' WHERE ref = 'S-1'", "SITTER_NOT_ACTIVE",
         "petmsg booking reassign B-1 S-2"),
        ("UPDATE message_number SET status = 'retired' WHERE sitter_id = 1",
         "SITTER_NUMBER_RETIRED", "petmsg booking reassign B-1 S-2"),
    ],
)  # fmt: skip
def test_a_window_that_somebody_spoiled_by_hand_is_a_gap(
    on_sqlite: str, change: str, code: str, helps: str
) -> None:
    with raw(on_sqlite, pragmas=("ignore_check_constraints=ON",)) as cursor:
        cursor.run(change)
    found = gap(on_sqlite)
    assert (found["code"], found["command"]) == (code, helps)


# ----------------------------------------------------------------------------- the fallback number


def test_meanwhile_a_text_leaves_as_routing_says_for_that_time(url: str) -> None:
    """From the pool, which is back by then; from the desk, where the pool is not for the sitter."""
    do(
        url,
        f"number quarantine {N1} --days 7 --reason spam",
        f"number quarantine {N2} --days 7 --reason spam",
        f"number quarantine {POOL} --until {iso_utc(NOW + 26 * HOUR)} --reason spam",
    )
    first, second = gaps(url)
    assert (first["booking"], first["meanwhile"]["number"]) == ("B-1", DESK)
    assert first["meanwhile"]["reason"] == "Sitter Maya's number is quarantined - using front desk"
    assert (second["booking"], second["meanwhile"]["number"]) == ("B-2", POOL)
    for row in (first, second):
        told = run_cli(url, "route", "explain", row["client"], "--at", row["starts_at"], "-o",
                       "json").json  # fmt: skip
        assert told["number"]["e164"] == row["meanwhile"]["number"]
        assert told["reason"] == row["meanwhile"]["reason"]


def test_where_there_is_no_number_at_all_that_is_a_gap_of_its_own(url: str) -> None:
    do(url, "org set --pool-for one_time")
    with raw(url) as cursor:
        cursor.run("UPDATE message_number SET class = 'pool' WHERE class = 'front_desk'")
    found = gap(url)
    assert (found["kind"], found["code"]) == ("no_fallback", "NO_FRONT_DESK")
    assert found["message"] == ("No number can send to a recurring client outside of their windows")
    do(url, "booking reassign B-2 --nobody")
    window, _ = gaps(url)
    assert window["meanwhile"]["number"] is None
    table = run_cli(url, "coverage", "-o", "table")
    assert "NO NUMBER" in table.out
    mend(url, found["command"])
    assert [row["kind"] for row in gaps(url)] == ["window"]


# --------------------------------------------------------------------------- bookings, and the pool


def test_a_confirmed_booking_without_a_window_is_a_gap(url: str) -> None:
    with raw(url) as cursor:
        cursor.run("DELETE FROM assignment_window WHERE booking_id = 1")
    found = gap(url)
    assert (found["kind"], found["booking"]) == ("booking_without_window", "B-1")
    assert found["ends_at"] == iso_utc(NOW + DAY + 2 * HOUR)
    assert found["meanwhile"]["number"] == POOL
    mend(url, found["command"])
    assert gaps(url) == []


def test_a_visit_that_runs_when_its_sitter_leaves_is_a_gap(url: str) -> None:
    """Their window ends at once, and the booking keeps them until somebody reassigns it."""
    during = NOW + DAY + HOUR
    do(url, "sitter deactivate S-1 --yes", now=during)
    found = gap(url, now=during)
    assert (found["kind"], found["booking"]) == ("booking_without_window", "B-1")
    assert found["message"] == "Booking B-1 of C-1 Anna: sitter Maya is offboarded"
    assert (found["starts_at"], found["ends_at"]) == (iso_utc(during), iso_utc(during + HOUR))
    assert found["meanwhile"]["number"] == POOL
    assert found["command"] == "petmsg booking reassign B-1 S-2"
    day = run_cli(url, "today", "-o", "json", now=during).json
    assert [each["booking"] for each in day["gaps"]] == ["B-1"]
    assert gaps(url, now=during + HOUR) == [], "the visit is over"
    mend(url, found["command"], now=during)
    assert gaps(url, now=during) == []


def test_a_sitter_who_comes_back_has_to_get_the_window_again(on_sqlite: str) -> None:
    during = NOW + DAY + HOUR
    do(on_sqlite, "sitter deactivate S-1 --yes", "sitter activate S-1", now=during)
    found = gap(on_sqlite, now=during)
    assert found["message"] == "Booking B-1 of C-1 Anna: its window ended early"
    mend(on_sqlite, found["command"], now=during)
    assert gaps(on_sqlite, now=during) == []


def test_the_pools_headroom_is_reported_and_never_a_gap(url: str) -> None:
    do(url, "org set --pool-threads-per-number 2", "message send C-1 --body Hi")
    (row,) = coverage(url).json
    assert (row["details"]["threads"], row["details"]["room"]) == (1, 1)
    assert row["message"] == (
        "1 of 1 pool number usable; 1 thread with a pool number, room for 1 more; "
        "1 spare sitter number"
    )
    do(url, "message send C-2 --body Hi")
    (row,) = coverage(url).json
    assert (row["gap"], row["details"]["room"]) == (False, 0)
    assert row["command"] == "petmsg number add E164 --class pool"


# -------------------------------------------------------------------------------- double bookings


def test_a_sitter_in_two_homes_at_once_is_a_gap_with_a_free_sitter(url: str) -> None:
    do(
        url,
        "booking add --ref B-3 --client C-2 --sitter S-1 --start +25h --end +27h",
        "booking confirm B-3",
    )
    found = gap(url)
    assert found == {
        "org": "happy-paws",
        "kind": "sitter_double_booked",
        "gap": True,
        "message": "Sitter Maya is in two homes at once: B-1 of C-1 Anna, B-3 of C-2 Berta",
        "starts_at": iso_utc(NOW + 25 * HOUR),
        "ends_at": iso_utc(NOW + 26 * HOUR),
        "booking": "B-3",
        "client": "C-2",
        "client_name": "Berta",
        "sitter": "S-1",
        "sitter_name": "Maya",
        "number": None,
        "code": None,
        "meanwhile": None,
        "command": "petmsg booking reassign B-3 S-2",
        "details": {
            "status": "confirmed",
            "other_booking": "B-1",
            "other_client": "C-1",
            "other_sitter": "S-1",
            "other_status": "confirmed",
        },
    }
    (first, *_) = run_cli(url, "status", "-o", "json").json
    assert first["gaps"]["rows"][0]["command"] == found["command"]
    mend(url, found["command"])
    assert gaps(url) == []


def test_a_pending_visit_in_another_home_is_a_note(url: str) -> None:
    do(url, "booking add --ref B-3 --client C-2 --sitter S-1 --start +25h --end +27h")
    assert gaps(url) == []
    note, _ = coverage(url).json
    assert (note["kind"], note["gap"], note["details"]["status"]) == (
        "sitter_double_booked",
        False,
        "pending",
    )
    assert note["message"] == (
        "Sitter Maya is in two homes at once: B-1 of C-1 Anna, B-3 (pending) of C-2 Berta"
    )


def test_two_sitters_for_one_client_at_once_are_a_note_with_the_command(url: str) -> None:
    do(
        url,
        "booking add --ref B-3 --client C-1 --sitter S-2 --start +25h --end +27h",
        "booking confirm B-3",
    )
    assert gaps(url) == []
    note, _ = coverage(url).json
    assert (note["kind"], note["gap"]) == ("client_double_booked", False)
    assert note["message"] == "Client C-1 Anna has two sitters at once: Maya (B-1), Nora (B-3)"
    assert note["command"] == "petmsg booking reassign B-3 S-1"
    mend(url, note["command"])
    assert [row["kind"] for row in coverage(url).json] == ["pool_headroom"]


def test_where_nobody_is_free_the_command_leaves_the_sitter_open(on_sqlite: str) -> None:
    do(
        on_sqlite,
        "booking add --ref B-3 --client C-2 --sitter S-1 --start +25h --end +31h",
        "booking add --ref B-4 --client C-1 --sitter S-2 --start +26h --end +27h",
        "booking confirm B-3 B-4",
    )
    assert gap(on_sqlite)["command"] == "petmsg booking reassign B-3 SITTER"


def test_a_sitter_whose_number_is_quarantined_then_is_not_suggested(on_sqlite: str) -> None:
    do(
        on_sqlite,
        "booking cancel B-2 --yes",
        f"number quarantine {N2} --days 7 --reason spam",
        "booking add --ref B-3 --client C-2 --sitter S-1 --start +25h --end +27h",
        "booking confirm B-3",
    )
    assert gap(on_sqlite)["command"] == "petmsg booking reassign B-3 SITTER"


def test_a_double_booking_counts_until_it_is_over_and_within_the_days(on_sqlite: str) -> None:
    do(
        on_sqlite,
        "booking add --ref B-3 --client C-2 --sitter S-1 --start +25h --end +27h",
        "booking confirm B-3",
    )
    assert gaps(on_sqlite, "--days", "1") == [], "it begins after one day"
    running = NOW + 25 * HOUR + timedelta(minutes=30)
    assert gap(on_sqlite, now=running)["starts_at"] == iso_utc(running)
    assert gaps(on_sqlite, now=NOW + 26 * HOUR) == []


def test_the_statements_of_conflicts_do_not_grow_with_the_visits(url: str) -> None:
    from petmsg.db.cursor import Cursor
    from petmsg.db.location import locate
    from petmsg.db.snapshot import snapshot
    from petmsg.queries.org import all_orgs
    from petmsg.services.routes.visit_conflicts import VisitsAhead

    def counted() -> tuple[int, int]:
        with snapshot(locate(url)) as cursor:
            (org,) = all_orgs(cursor)
            ran, run = [], Cursor._execute

            def execute(self: Cursor, sql: str, parameters: Any) -> None:
                ran.append(sql)
                run(self, sql, parameters)

            Cursor._execute = execute  # type: ignore[method-assign]
            try:
                ahead = VisitsAhead.read(cursor, org, now=NOW, until=NOW + 14 * DAY)
                found = ahead.conflicts()
            finally:
                Cursor._execute = run  # type: ignore[method-assign]
            return len(ran), len(found)

    few, none = counted()
    for number in range(3, 8):
        span = f"--start +25h --end +{23 + number}h"
        do(url, f"booking add --ref B-{number} --client C-2 --sitter S-1 {span}")
    many, found = counted()
    assert (few, none) == (many, 0)
    assert found == 5


# ----------------------------------------------------------------------------------- how it is told


def test_all_orgs_are_listed_unless_one_is_named(url: str) -> None:
    do(url, "booking reassign B-1 --nobody")
    add_org(url, "tail-waggers", timezone="America/Los_Angeles", front_desk=None)
    found = gaps(url)
    assert [(row["org"], row["kind"]) for row in found] == [
        ("happy-paws", "window"),
        ("tail-waggers", "no_fallback"),
        ("tail-waggers", "no_fallback"),
    ]
    assert found[0]["command"] == "petmsg booking reassign B-1 S-1 --org happy-paws"
    assert found[1]["command"] == "petmsg number add E164 --class front_desk --org tail-waggers"
    assert [row["org"] for row in gaps(url, "--org", "happy-paws")] == ["happy-paws"]
    assert coverage(url, "--org", "gone").code == 3


def test_findings_alone_are_nothing_to_read_while_all_is_covered(url: str) -> None:
    ran = run_cli(url, "coverage", "--findings", "-o", "jsonl")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    do(url, "booking reassign B-1 --nobody")
    ran = run_cli(url, "coverage", "--findings", "-o", "jsonl")
    assert (ran.code, json.loads(ran.out)["booking"]) == (10, "B-1")


def test_a_table_has_the_orgs_own_times(on_sqlite: str) -> None:
    do(on_sqlite, "booking reassign B-1 --nobody")
    add_org(on_sqlite, "tail-waggers", timezone="America/Los_Angeles", front_desk="+14155550199")
    ran = run_cli(on_sqlite, "coverage", "-o", "table")
    assert "2026-02-15 10:00 EST" in ran.out
    assert f"{POOL} (pool)" in ran.out


@pytest.mark.parametrize("days", ["0", "-1", "367", "9" * 30])
def test_days_out_of_range_are_refused(on_sqlite: str, days: str) -> None:
    ran = coverage(on_sqlite, "--days", days)
    assert (ran.code, ran.out) == (2, "")


def test_nothing_is_changed_by_looking(url: str) -> None:
    from tests.support.consistency import content

    before = content(url)
    for command in ("coverage", "status", "doctor"):
        run_cli(url, command)
    assert content(url) == before
