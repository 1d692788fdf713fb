"""petmsg booking confirm: one thread, one window per booking, safe to repeat."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from petmsg.db import migrate
from petmsg.queries.confirm import lock_sitters
from petmsg.services.bookings import booking
from petmsg.services.bookings import confirm as service
from tests.support.fixtures import (
    ACTOR,
    NOW,
    Cli,
    add_org,
    copied,
    lines,
    looking,
    run_cli,
    working,
)

MAYA = "+14155550102"
OLGA = "+14155550103"
DESK = "+14155550100"


@copied
def people(cli: Cli) -> None:
    """Two clients, and two active sitters with a number each."""
    cli("number", "add", MAYA, OLGA, "--class", "sitter")
    clients = lines(
        ("ref", "name", "phone"), ("C-1", "Ann", "+14155551001"), ("C-2", "Bob", "+14155551002")
    )
    cli("client", "import", "-", stdin=clients)
    sitters = lines(
        ("ref", "name", "phone"),
        ("S-1", "Maya Lee", "+14155552001"),
        ("S-2", "Olga Roy", "+14155552002"),
    )
    cli("sitter", "import", "-", stdin=sitters)
    cli("sitter", "activate", "S-1", "S-2")


def book(cli: Cli, ref: str, start: int = 14, end: int = 16, **more: str) -> None:
    """A booking of C-1 with S-1, in hours of the day of the tests (UTC)."""
    usual = {"client": "C-1", "sitter": "S-1", **more}
    day = datetime(2026, 2, 14, tzinfo=UTC)
    ran = cli(
        "booking", "add", "--ref", ref, "--client", usual["client"],
        *(("--sitter", usual["sitter"]) if usual["sitter"] else ()),
        "--start", (day + timedelta(hours=start)).isoformat(),
        "--end", (day + timedelta(hours=end)).isoformat(),
    )  # fmt: skip
    assert ran.code == 0, ran.err


def confirm(cli: Cli, *words: str, code: int = 0, **options: Any) -> Any:
    ran = cli("booking", "confirm", *words, "-o", "json", **options)
    assert ran.code == code, ran.err
    return ran.json


def window(cli: Cli, ref: str) -> Any:
    return cli("booking", "show", ref, "-o", "json").json["window"]


def events(cli: Cli, ref: str) -> list[str]:
    rows = cli("audit", "list", "--ref", ref, "-o", "json", "--all").json
    return [row["event"] for row in reversed(rows)]


# --- what it does ------------------------------------------------------------------------------


def test_confirming_creates_and_reports_thread_and_window(cli: Cli) -> None:
    people(cli)
    book(cli, "B-1")
    (row,) = confirm(cli, "B-1")
    thread, window_id = row["thread"], row["window"]
    assert isinstance(thread, int)
    assert isinstance(window_id, int)
    assert row == {
        "booking": "B-1",
        "status": "confirmed",
        "client": "C-1",
        "client_name": "Ann",
        "thread": thread,
        "window": window_id,
        "sitter": "S-1",
        "sitter_name": "Maya Lee",
        "default_number": MAYA,
        "reused": {"thread": False, "window": False},
        "overlaps": [],
        "warnings": [],
    }
    assert window(cli, "B-1") == {
        "id": window_id,
        "starts_at": "2026-02-14T14:00:00Z",
        "booked_until": "2026-02-14T16:00:00Z",
        "ends_at": "2026-02-14T17:00:00Z",
    }
    assert events(cli, "C-1")[-1] == "thread.created"
    assert events(cli, "B-1") == ["booking.added", "window.created", "booking.confirmed"]


def test_the_window_ends_with_its_grace_period(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1", 18, 20)
    confirm(sqlite_cli, "B-1")

    def code(at: str) -> str:
        ran = sqlite_cli("route", "explain", "C-1", "--at", at, "-o", "json")
        return str(ran.json["trace"][0]["code"])

    assert code("2026-02-14T17:59:59.999999Z") == "NO_ACTIVE_WINDOW"
    assert code("2026-02-14T18:00:00Z") == "WINDOW_ACTIVE"
    assert code("2026-02-14T20:59:59.999999Z") == "WINDOW_ACTIVE"
    assert code("2026-02-14T21:00:00Z") == "NO_ACTIVE_WINDOW"


def test_confirming_again_reuses_thread_and_window_and_audits_nothing(cli: Cli) -> None:
    people(cli)
    book(cli, "B-1")
    (first,) = confirm(cli, "B-1")
    trail = events(cli, "B-1")
    (again,) = confirm(cli, "B-1")
    assert again == {**first, "reused": {"thread": True, "window": True}}
    assert events(cli, "B-1") == trail


def test_confirming_again_applies_the_current_grace_period(cli: Cli) -> None:
    people(cli)
    book(cli, "B-1")
    (first,) = confirm(cli, "B-1")
    cli("org", "set", "--grace-minutes", "15")
    assert window(cli, "B-1")["ends_at"] == "2026-02-14T17:00:00Z"
    (again,) = confirm(cli, "B-1")
    assert again["window"] == first["window"]
    assert window(cli, "B-1")["ends_at"] == "2026-02-14T16:15:00Z"
    assert events(cli, "B-1")[-2:] == ["window.updated", "booking.confirmed"]


def test_confirming_again_applies_the_bookings_times_and_sitter(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    (first,) = confirm(sqlite_cli, "B-1")
    with working(migrated_sqlite) as uow:  # a booking that moved without its window
        uow.cursor.run(
            "UPDATE booking SET ends_at = '2026-02-14 18:00:00.000000', sitter_id ="
            " (SELECT id FROM sitter WHERE ref = 'S-2') WHERE ref = 'B-1'"
        )
    (again,) = confirm(sqlite_cli, "B-1")
    assert (again["window"], again["sitter"]) == (first["window"], "S-2")
    assert window(sqlite_cli, "B-1")["ends_at"] == "2026-02-14T19:00:00Z"
    route = sqlite_cli("route", "explain", "C-1", "-o", "json").json
    assert route["number"]["e164"] == OLGA


def test_past_bookings_can_be_confirmed(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1", -50, -48)
    (row,) = confirm(sqlite_cli, "B-1")
    assert row["status"] == "confirmed"


def test_a_ref_named_twice_is_confirmed_once_and_reported_twice(cli: Cli) -> None:
    people(cli)
    book(cli, "B-1")
    first, second = confirm(cli, "B-1", "B-1")
    assert first["reused"] == {"thread": False, "window": False}
    assert second == {**first, "reused": {"thread": True, "window": True}}
    assert events(cli, "B-1").count("booking.confirmed") == 1


# --- the default number ------------------------------------------------------------------------


def test_the_default_number_is_the_front_desk_if_the_sitter_has_no_usable_one(
    sqlite_cli: Cli,
) -> None:
    people(sqlite_cli)
    sqlite_cli("number", "quarantine", MAYA, "--days", "3", "--reason", "spam")
    book(sqlite_cli, "B-1")
    book(sqlite_cli, "B-2", client="C-2", sitter="")
    first, second = confirm(sqlite_cli, "B-1", "B-2")
    assert (first["default_number"], second["default_number"]) == (DESK, DESK)


def test_there_is_no_default_number_without_sitter_and_front_desk(migrated_sqlite: str) -> None:
    add_org(migrated_sqlite, front_desk=None)

    def cli(*words: str, **options: Any) -> Any:
        return run_cli(migrated_sqlite, *words, **options)

    cli("client", "add", "Ann", "--phone", "+14155551001", "--ref", "C-1")
    book(cli, "B-1", sitter="")
    assert confirm(cli, "B-1")[0]["default_number"] is None


def test_the_default_number_is_set_once_and_never_decides_a_route(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    book(sqlite_cli, "B-2", 20, 22, sitter="S-2")
    confirm(sqlite_cli, "B-1")
    (second,) = confirm(sqlite_cli, "B-2")
    assert second["default_number"] == MAYA
    outside = sqlite_cli("route", "explain", "C-1", "--at", "+30d", "-o", "json").json
    assert outside["number"]["e164"] == DESK


# --- overlaps ----------------------------------------------------------------------------------


def test_overlapping_bookings_keep_a_window_each_and_name_each_other(cli: Cli) -> None:
    people(cli)
    book(cli, "B-1", 14, 16)
    book(cli, "B-2", 15, 18, sitter="S-2")
    first, second = confirm(cli, "B-1", "B-2")
    assert first["window"] != second["window"]
    assert (first["overlaps"], second["overlaps"]) == (["B-2"], ["B-1"])
    (again,) = confirm(cli, "B-1")
    assert again["overlaps"] == ["B-2"]


def test_adjacent_cancelled_and_other_clients_bookings_do_not_overlap(
    sqlite_cli: Cli,
) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1", 14, 16)
    book(sqlite_cli, "B-2", 16, 18)
    book(sqlite_cli, "B-3", 14, 16, client="C-2")
    book(sqlite_cli, "B-4", 14, 16)
    confirm(sqlite_cli, "B-4")
    sqlite_cli("booking", "cancel", "--yes", "B-4")
    rows = confirm(sqlite_cli, "B-1", "B-2", "B-3")
    assert [row["overlaps"] for row in rows] == [[], [], []]


# --- refused, warned ---------------------------------------------------------------------------


def test_an_inactive_sitter_is_accepted_with_a_warning(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    sqlite_cli("sitter", "add", "Ida New", "--phone", "+14155552003", "--ref", "S-3")
    book(sqlite_cli, "B-1", sitter="S-3")
    ran = sqlite_cli("booking", "confirm", "B-1", "-o", "json")
    assert ran.code == 0
    assert "S-3 is not active yet" in ran.json[0]["warnings"][0]
    assert "S-3 is not active yet" in ran.err
    assert ran.json[0]["default_number"] == DESK


def test_a_cancelled_booking_is_refused(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    sqlite_cli("booking", "cancel", "--yes", "B-1")
    ran = sqlite_cli("booking", "confirm", "B-1", "-o", "json")
    assert (ran.code, ran.error["code"]) == (4, "booking_cancelled")
    assert window(sqlite_cli, "B-1") is None


def test_an_offboarded_sitters_booking_is_refused_until_it_is_reassigned(cli: Cli) -> None:
    people(cli)
    book(cli, "B-1")
    confirm(cli, "B-1")
    cli(
        "sitter", "deactivate", "--yes", "S-1"
    )  # the window runs and ends now; the booking keeps the sitter
    ran = cli("booking", "confirm", "B-1", "-o", "json")
    assert (ran.code, ran.error["code"]) == (4, "sitter_offboarded")
    assert "reassign B-1" in ran.error["hint"]
    assert window(cli, "B-1")["ends_at"] == "2026-02-14T15:00:00Z"
    cli("booking", "reassign", "B-1", "--sitter", "S-2")
    assert confirm(cli, "B-1")[0]["sitter"] == "S-2"


def test_an_unknown_booking_alone_is_not_found(sqlite_cli: Cli) -> None:
    ran = sqlite_cli("booking", "confirm", "B-9", "-o", "json")
    assert (ran.code, ran.error["code"]) == (3, "booking_not_found")


def test_one_refused_booking_does_not_stop_the_others(cli: Cli) -> None:
    people(cli)
    book(cli, "B-1")
    book(cli, "B-2")
    cli("booking", "cancel", "--yes", "B-2")
    good, cancelled, unknown = confirm(cli, "B-1", "B-2", "B-9", code=4)
    assert good["status"] == "confirmed"
    assert (cancelled["ref"], cancelled["error"]["code"]) == ("B-2", "booking_cancelled")
    assert (unknown["ref"], unknown["error"]["code"]) == ("B-9", "booking_not_found")
    assert window(cli, "B-1") is not None


# --- many --------------------------------------------------------------------------------------


def test_all_pending_takes_the_pending_ones_and_no_others(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    for at in range(3):
        book(sqlite_cli, f"B-{at}", 14 + at, 15 + at)
    sqlite_cli("booking", "cancel", "--yes", "B-0")
    confirm(sqlite_cli, "B-1")
    assert [row["booking"] for row in confirm(sqlite_cli, "--all-pending")] == ["B-2"]
    assert confirm(sqlite_cli, "--all-pending") == []


def test_bookings_can_be_named_in_a_file(sqlite_cli: Cli, tmp_path: Path) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1")
    book(sqlite_cli, "B-2", 20, 22)
    listed = tmp_path / "refs.csv"
    listed.write_text("ref\nB-1\nB-9\n")
    rows = confirm(sqlite_cli, "--file", str(listed), code=4)
    assert [row.get("booking") or row["ref"] for row in rows] == ["B-1", "B-9"]
    rows = confirm(sqlite_cli, "--file", "-", stdin='{"ref": "B-2"}\n')
    assert [row["booking"] for row in rows] == ["B-2"]


def test_naming_no_booking_is_a_usage_error(sqlite_cli: Cli) -> None:
    assert sqlite_cli("booking", "confirm").code == 2


def test_a_dry_run_says_what_it_would_do_and_leaves_no_thread(cli: Cli) -> None:
    people(cli)
    book(cli, "B-1")
    (row,) = confirm(cli, "B-1", "--dry-run")
    assert (row["status"], row["reused"]["thread"]) == ("confirmed", False)
    assert cli("thread", "show", "C-1").code == 3
    assert cli("booking", "show", "B-1", "-o", "json").json["status"] == "pending"
    assert events(cli, "B-1") == ["booking.added"]


def test_more_bookings_than_fit_into_one_transaction(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    rows = [("ref", "client", "starts_at", "ends_at")]
    rows += [(f"X-{at}", "C-1", f"+{at}h", f"+{at + 1}h") for at in range(1002)]
    sqlite_cli("booking", "import", "-", stdin=lines(*rows))
    done = confirm(sqlite_cli, "--all-pending")
    assert len(done) == 1002
    assert len({row["window"] for row in done}) == 1002
    assert len({row["thread"] for row in done}) == 1
    assert sqlite_cli("audit", "verify").code == 0


def test_confirming_the_same_bookings_many_times_at_once_is_one_thread_and_one_window_each(
    migrated_url: str, cli: Cli
) -> None:
    people(cli)
    for at in range(4):
        book(cli, f"B-{at}", 14 + at, 15 + at)
    refs = [f"B-{at}" for at in range(4)]

    def at_once(turn: int) -> list[service.Confirmed]:
        with working(migrated_url) as uow:
            named = refs if turn % 2 else refs[::-1]
            return [row for row in service.confirm(uow, named) if not hasattr(row, "error")]

    with ThreadPoolExecutor(6) as pool:
        rounds = list(pool.map(at_once, range(6)))
    for rows in rounds:
        assert {row.booking for row in rows} == set(refs)
    assert len({row.thread for rows in rounds for row in rows}) == 1
    assert len({(row.booking, row.window) for rows in rounds for row in rows}) == 4
    assert sum(not row.window_reused for rows in rounds for row in rows) == 4
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT count(*) FROM thread") == 1
        assert cursor.value("SELECT count(*) FROM assignment_window") == 4
    assert [events(cli, ref).count("booking.confirmed") for ref in refs] == [1, 1, 1, 1]
    assert cli("audit", "verify").code == 0


@pytest.mark.postgres
def test_a_sitter_offboarded_by_another_session_is_seen_under_the_lock(
    postgres_template: Any,
) -> None:
    """What was read before the lock may be old; what is asked under it is not."""
    url = postgres_template("migrated", lambda fresh: migrate.upgrade(fresh, actor=ACTOR, now=NOW))
    add_org(url)
    for ref in ("S-1", "S-2"):
        run_cli(url, "sitter", "add", "Maya", "--phone", "+14155552001", "--ref", ref)
    run_cli(url, "sitter", "deactivate", "--yes", "S-2")
    with working(url) as uow:
        ids = {row[1]: row[0] for row in uow.cursor.tuples("SELECT id, ref FROM sitter")}
        assert lock_sitters(uow.cursor, uow.org.id, list(ids.values())) == {ids["S-2"]}


@pytest.mark.postgres
@pytest.mark.parametrize("before", ["S-1", None])
def test_a_sitter_assigned_while_waiting_for_the_lock_is_reported(
    postgres_template: Any, postgres_server: Any, before: str | None
) -> None:
    """PostgreSQL gives the new row with what was joined to the old one: no sitter at all."""
    url = postgres_template("migrated", lambda fresh: migrate.upgrade(fresh, actor=ACTOR, now=NOW))
    add_org(url)

    def cli(*words: str, **options: Any) -> Any:
        return run_cli(url, *words, **options)

    people(cli)
    book(cli, "B-1", sitter=before or "")
    with ThreadPoolExecutor(1) as pool:
        with working(url) as uow:
            booking.reassign(uow, "B-1", sitter="S-2", reason=None)
            confirming = pool.submit(confirm, cli, "B-1")
            waiting = (
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                f" AND datname = '{url.rpartition('/')[2]}'"
            )
            deadline = time.monotonic() + 20
            while not postgres_server.admin.execute(waiting).fetchone()[0]:
                assert time.monotonic() < deadline, "nobody waits"
                time.sleep(0.01)
        (row,) = confirming.result()
    assert row["sitter"] == "S-2"
    told = [
        each["payload"]["sitter"]
        for each in cli("audit", "list", "--ref", "B-1", "-o", "json", "--all").json
        if each["event"] == "booking.confirmed"
    ]
    assert told == ["S-2"]


def test_an_invalid_row_does_not_stop_the_others(sqlite_cli: Cli) -> None:
    _book(sqlite_cli, "B-1", "B-2")
    ran = sqlite_cli(
        "booking", "confirm", "--file", "-", "-o", "json", stdin="ref\nB-1\nB-2,zz\nB-9\n\nB-2\n"
    )
    assert ran.code == 4
    first, unreadable, unknown, last = ran.json
    assert (first["booking"], last["booking"]) == ("B-1", "B-2")
    assert (unreadable["row"], unreadable["error"]["code"]) == (3, "malformed_row")
    assert (unknown["row"], unknown["error"]["code"]) == (4, "booking_not_found")


def test_a_file_without_rows_confirms_nothing(sqlite_cli: Cli) -> None:
    ran = sqlite_cli("booking", "confirm", "--file", "-", "-o", "json", stdin="ref\n")
    assert (ran.code, ran.json) == (0, [])


def test_a_lone_dash_reads_the_refs_from_stdin(sqlite_cli: Cli) -> None:
    _book(sqlite_cli, "B-1")
    ran = sqlite_cli("booking", "confirm", "-", "-o", "json", stdin="ref\nB-1\n")
    assert [row["booking"] for row in ran.json] == ["B-1"]


def _book(cli: Cli, *refs: str) -> None:
    cli("client", "add", "Zoe Ash", "--phone", "+14155551999", "--ref", "C-Z")
    for day, ref in enumerate(refs, start=1):
        assert cli(
            "booking", "add", "--client", "C-Z", "--ref", ref,
            "--start", f"+{day}d", "--end", f"+{day * 24 + 1}h",
        ).code == 0  # fmt: skip
