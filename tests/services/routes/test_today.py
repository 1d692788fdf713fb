"""What `petmsg today` finds: an org's local day, with a fixed number of statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest import mock

from petmsg.clock import iso_utc, zone
from petmsg.db.cursor import Cursor
from petmsg.queries.org import find_org
from petmsg.queries.today import DayVisit
from petmsg.services.routes.today import Today, handoffs, today
from tests.support.consistency import raw
from tests.support.fixtures import NOW, Cli, lines, looking, run_cli
from tests.support.incoming import comes
from tests.support.texting import DESK, MAYA, people

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def found(url: str, day: date | None = None, *, now: datetime = NOW) -> Today:
    with looking(url) as cursor:
        return today(cursor, find_org(cursor, None), day, now=now)


def book(cli: Cli, *rows: tuple[str, str, str, str, str], confirm: bool = True) -> None:
    """Bookings: ref, client, sitter, start, end."""
    header = ("ref", "client", "sitter", "starts_at", "ends_at")
    ran = cli("booking", "import", "-", stdin=lines(header, *rows), now=NOW - 2 * DAY)
    assert ran.code == 0, ran.err
    if confirm:
        assert cli("booking", "confirm", *(row[0] for row in rows), now=NOW - 2 * DAY).code == 0


def away(
    url: str, sitter: str, start: datetime, end: datetime, ended: datetime | None = None
) -> None:
    with raw(url) as cursor:
        cursor.run(
            "INSERT INTO sitter_absence (org_id, sitter_id, starts_at, ends_at, reason, actor,"
            " created_at, ended_at, ended_by)"
            " SELECT org_id, id, :start, :end_, 'ill', 'ada', :start, :ended, :by FROM sitter"
            " WHERE ref = :sitter",
            sitter=sitter, start=start, end_=end, ended=ended, by=ended and "ada",
        )  # fmt: skip


def test_the_day_is_the_orgs_own(cli: Cli, migrated_url: str) -> None:
    """It is 10:00 in New York. B-1 begins before midnight, B-5 is tomorrow."""
    people(cli)
    book(
        cli,
        ("B-1", "C-1", "S-1", "2026-02-13T23:00", "2026-02-14T10:30"),
        ("B-2", "C-2", "S-2", "2026-02-14T08:00", "2026-02-14T10:00"),
        ("B-3", "C-2", "", "2026-02-14T12:00", "2026-02-14T13:00"),
        ("B-4", "C-2", "S-2", "2026-02-14T23:30", "2026-02-15T08:00"),
        ("B-5", "C-2", "S-2", "2026-02-15T09:00", "2026-02-15T10:00"),
        ("B-6", "C-2", "S-1", "2026-02-13T22:00", "2026-02-13T23:30"),
        ("B-7", "C-2", "S-1", "2026-02-13T20:00", "2026-02-13T22:00"),
    )
    book(cli, ("B-8", "C-1", "S-1", "2026-02-14T18:00", "2026-02-14T19:00"), confirm=False)
    assert (
        cli(
            "booking", "add", "--ref", "B-9", "--client", "C-1", "--start", "+1h", "--end", "+2h"
        ).code
        == 0
    )
    assert cli("booking", "cancel", "B-9", "--yes").code == 0
    day = found(migrated_url)
    assert (day.day, day.is_today) == (date(2026, 2, 14), True)
    assert [(each.row.booking, each.state.value, each.command) for each in day.visits] == [
        ("B-1", "running", None),
        ("B-2", "over", None),
        ("B-3", "to_come", None),
        ("B-8", "to_come", "petmsg booking confirm B-8"),
        ("B-4", "to_come", None),
    ]
    assert [row.booking for row in day.around] == ["B-6"], (
        "its grace lasts until half past midnight"
    )
    later = found(migrated_url, date(2026, 2, 15))
    assert [each.row.booking for each in later.visits] == ["B-4", "B-5"]
    assert not later.is_today


def test_a_day_may_have_23_or_25_hours(cli: Cli, migrated_url: str) -> None:
    people(cli)
    for day, hours in ((date(2026, 3, 8), 23), (date(2026, 11, 1), 25)):
        there = found(migrated_url, day)
        assert there.end - there.start == hours * HOUR


def test_who_is_away_and_who_is_free(cli: Cli, migrated_url: str) -> None:
    people(cli)
    book(cli, ("B-1", "C-1", "S-1", "2026-02-14T12:00", "2026-02-14T13:00"))
    assert [each.sitter for each in found(migrated_url).free] == ["S-2"]
    away(migrated_url, "S-2", NOW - 5 * DAY, NOW + DAY)
    away(migrated_url, "S-1", NOW + 3 * DAY, NOW + 4 * DAY)
    away(migrated_url, "S-1", NOW - 5 * DAY, NOW + DAY, NOW - 2 * DAY)  # came back the day before
    away(migrated_url, "S-1", NOW + HOUR, NOW + 2 * HOUR, NOW)  # cancelled before it began
    away(migrated_url, "S-1", NOW - HOUR, NOW + 9 * HOUR, NOW + HOUR)
    day = found(migrated_url)
    assert [(row.sitter, row.starts_at, row.ends_at) for row in day.absences] == [
        ("S-2", NOW - 5 * DAY, NOW + DAY),
        ("S-1", NOW - HOUR, NOW + HOUR),
    ]
    assert day.free == []
    assert [row.sitter for row in found(migrated_url, date(2026, 2, 18)).absences] == ["S-1"]


def test_who_is_back_is_free_again_today(cli: Cli, migrated_url: str) -> None:
    people(cli)
    away(migrated_url, "S-2", NOW - HOUR, NOW + 9 * HOUR, NOW - timedelta(minutes=1))
    assert [each.sitter for each in found(migrated_url).free] == ["S-1", "S-2"]
    day = NOW.astimezone(zone("America/New_York")).date()
    assert [each.sitter for each in found(migrated_url, day, now=NOW + 2 * DAY).free] == ["S-1"]


def test_gaps_are_those_of_coverage_for_the_day_and_the_next(cli: Cli, migrated_url: str) -> None:
    people(cli)
    book(
        cli,
        ("B-1", "C-1", "", "2026-02-14T12:00", "2026-02-14T13:00"),
        ("B-2", "C-1", "", "2026-02-15T22:00", "2026-02-15T23:00"),
        ("B-3", "C-1", "", "2026-02-16T00:00", "2026-02-16T01:00"),
        ("B-4", "C-1", "", "2026-02-17T09:00", "2026-02-17T10:00"),
    )
    gaps = found(migrated_url).gaps
    assert [each.booking for each in gaps] == ["B-1", "B-2"]
    told = cli("coverage", "--days", "2", "--findings", "-o", "json").json
    assert [(each.message, each.command) for each in gaps] == [
        (row["message"], row["command"]) for row in told if row["booking"] in ("B-1", "B-2")
    ]
    assert [each.booking for each in found(migrated_url, date(2026, 2, 15)).gaps] == ["B-2", "B-3"]
    assert [each.booking for each in found(migrated_url, date(2026, 2, 13)).gaps] == ["B-1"]
    assert found(migrated_url, date(2026, 2, 12)).gaps == ()
    assert found(migrated_url, date(2026, 2, 17)).coverage_days == 5
    assert found(migrated_url, date(2030, 1, 1)).gaps == ()


def test_gaps_without_a_time_are_gaps_of_every_day(cli: Cli, migrated_url: str) -> None:
    people(cli)
    cli("sitter", "add", "Kim", "--ref", "S-9", "--phone", "+14155552009")
    assert cli("sitter", "activate", "S-9", "--without-number").code == 0
    (gap,) = found(migrated_url).gaps
    assert (gap.sitter, gap.starts_at) == ("S-9", None)
    assert found(migrated_url, date(2026, 5, 1)).gaps == (gap,)


def test_who_waits_is_named(cli: Cli, migrated_url: str) -> None:
    people(cli)
    comes(cli, to=DESK, now=NOW - HOUR)
    comes(cli, to=DESK, now=NOW - HOUR / 2)
    comes(cli, to=DESK, sender="+16175550199", now=NOW - HOUR / 4)
    waiting = found(migrated_url).waiting
    assert [(each.entity, each.ref, each.name, each.minutes) for each in waiting] == [
        ("client", "C-1", "Ann", 60),
        ("message", "unrouted", None, 15),
    ]
    assert waiting[0].command == f"petmsg inbox show {waiting[0].messages[0]}"
    assert len(waiting[0].messages) == 2
    assert cli("inbox", "done", "--client", "C-1").code == 0
    assert [each.entity for each in found(migrated_url).waiting] == ["message"]


def test_a_sitter_who_waits_is_named_whatever_their_status(cli: Cli, migrated_url: str) -> None:
    people(cli)
    cli("sitter", "add", "Kim", "--ref", "S-9", "--phone", "+14155552009")
    comes(cli, to=DESK, sender="+14155552009", now=NOW - HOUR)
    (waiting,) = found(migrated_url).waiting
    assert (waiting.entity, waiting.ref, waiting.name) == ("sitter", "S-9", "Kim")


def test_a_visit_is_around_the_day_by_its_own_lead_and_grace_time(
    cli: Cli, migrated_url: str
) -> None:
    """Whatever the org's are now: a booking has a lead time of its own, and a window keeps the
    grace period that it was given."""
    people(cli)
    assert cli("org", "set", "--grace-minutes", "2880").code == 0
    book(cli, ("B-1", "C-1", "S-1", "2026-02-12T12:00", "2026-02-12T13:00"))
    assert cli("org", "set", "--grace-minutes", "60").code == 0
    book(cli, ("B-2", "C-1", "S-1", "2026-02-17T12:00", "2026-02-17T13:00"))
    assert cli("booking", "reschedule", "B-2", "--start", "2026-02-17T12:00", "--end",
               "2026-02-17T13:00", "--lead", "4d").code == 0  # fmt: skip
    book(cli, ("B-3", "C-1", "S-1", "2026-02-15T12:00", "2026-02-15T13:00"))
    day = found(migrated_url)
    assert (day.visits, [row.booking for row in day.around]) == ((), ["B-1", "B-2"])


def test_commands_name_the_org_where_there_are_several(cli: Cli, migrated_url: str) -> None:
    people(cli)
    book(cli, ("B-1", "C-1", "", "2026-02-14T12:00", "2026-02-14T13:00"), confirm=False)
    assert cli("org", "add", "cat-nappers", "--name", "Cats", "--timezone", "UTC").code == 0
    with looking(migrated_url) as cursor:
        day = today(cursor, find_org(cursor, "happy-paws"), None, now=NOW)
    assert day.visits[0].command == "petmsg booking confirm B-1 --org happy-paws"
    assert day.command("petmsg today{org}") == "petmsg today --org happy-paws"


# ------------------------------------------------------------------------------------- hand-offs


def row(booking: str, sitter: str | None, start: int, end: int, **columns: Any) -> DayVisit:
    at = datetime(2026, 2, 14, tzinfo=UTC)
    made = DayVisit(
        booking, "confirmed", at + start * HOUR, at + end * HOUR, "C-1", "Ann", sitter,
        sitter and f"Sitter {sitter}", None, None,
    )  # fmt: skip
    return made._replace(**columns)


def test_another_sitter_at_the_same_client_is_a_hand_off() -> None:
    rows = [
        row("B-1", "S-1", 8, 9),
        row("B-2", "S-1", 10, 11),
        row("B-3", "S-2", 11, 12),
        row("B-4", "S-9", 11, 12, client="C-2"),
        row("B-5", None, 13, 14),
        row("B-6", "S-3", 15, 16, status="pending"),
        row("B-7", "S-1", 17, 20),
        row("B-8", "S-2", 19, 21),  # both are there at once
    ]
    assert [(each.booking, each.from_sitter, each.to_sitter) for each in handoffs(rows)] == [
        ("B-3", "S-1", "S-2"),
        ("B-7", "S-2", "S-1"),
    ]


# ------------------------------------------------------------------------------------ statements


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are executed meanwhile."""
    heard: list[str] = []
    execute, listed = Cursor._execute, Cursor._execute_listed

    def one(cursor: Cursor, sql: str, parameters: Any) -> None:
        heard.append(sql)
        execute(cursor, sql, parameters)

    def some(cursor: Cursor, sql: str, *others: Any) -> None:
        heard.append(sql)
        listed(cursor, sql, *others)

    with mock.patch.multiple(Cursor, _execute=one, _execute_listed=some):
        yield heard


def test_its_statements_are_as_many_however_many_rows_there_are(
    cli: Cli, migrated_url: str
) -> None:
    """Visits, gaps, absences and waiting clients: twenty times as many cost no statement more."""
    people(cli)
    book(cli, ("A-1", "C-1", "S-1", "2026-02-14T12:00", "2026-02-14T13:00"))
    book(cli, ("A-2", "C-1", "", "2026-02-14T12:00", "2026-02-14T13:00"))
    away(migrated_url, "S-1", NOW - DAY, NOW + DAY)
    comes(cli, to=DESK)
    with counted() as few:
        found(migrated_url)
    header = ("ref", "name", "phone")
    clients = [(f"D-{n}", f"Client {n}", f"+1415556{n:04}") for n in range(20)]
    cli("client", "import", "-", stdin=lines(header, *clients))
    book(
        cli,
        *(
            (f"D-{n}", f"D-{n}", ("S-1", "S-2", "")[n % 3], "2026-02-14T15:00", "2026-02-14T16:00")
            for n in range(20)
        ),
    )
    for n in range(20):
        away(migrated_url, "S-2", NOW - DAY, NOW + (n + 1) * HOUR)
        comes(cli, to=MAYA, sender=clients[n][2])
    with counted() as many:
        day = found(migrated_url)
    assert (len(day.visits), len(day.absences), len(day.waiting)) == (22, 21, 21)
    assert len(day.gaps) > 9
    assert len(few) == len(many) < 25


def test_one_command_reads_one_snapshot(cli: Cli, migrated_url: str) -> None:
    people(cli)
    told = run_cli(migrated_url, "today", "-o", "json").json
    assert (told["starts_at"], told["ends_at"]) == (
        iso_utc(datetime(2026, 2, 14, 5, tzinfo=UTC)),
        iso_utc(datetime(2026, 2, 15, 5, tzinfo=UTC)),
    )
