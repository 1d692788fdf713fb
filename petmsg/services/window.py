"""Assignment windows follow their bookings: the one place that computes and stores them."""

from collections.abc import Container, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from petmsg.clock import iso_utc
from petmsg.queries import confirm as queries
from petmsg.services.work import Work


class BookedTime(NamedTuple):
    """A confirmed booking, enough to place its window. Instants are aware UTC."""

    booking_id: int
    booking: str
    client_id: int
    client: str
    sitter_id: int | None
    sitter: str | None
    starts_at: datetime
    ends_at: datetime


class ThreadFound(NamedTuple):
    """A client's thread; `reused` says that it was there before."""

    id: int
    default_number: str | None
    reused: bool


class Placed(NamedTuple):
    """A booking's window; `reused` says that it was there before, `moved` that it changed."""

    id: int
    reused: bool
    moved: bool


def threads_for(
    work: Work, clients: Mapping[int, tuple[str, int | None]]
) -> dict[int, ThreadFound]:
    """The one thread of each client, made where there is none.

    `clients` maps a client's id to her ref and the sitter who is about to speak, for the default
    number of a new thread. Threads are made in the order of the clients' ids.
    """
    cursor = work.cursor
    ids = sorted(clients)
    known = cursor.in_list(queries.THREADS, "client_ids", ids, org_id=work.org.id)
    there = {row["client_id"] for row in known}
    missing = [client_id for client_id in ids if client_id not in there]
    made: set[int] = set()
    if missing:
        defaults = _default_numbers(work, {clients[each][1] for each in missing})
        made = queries.insert_threads(
            cursor,
            work.org.id,
            [(each, defaults[clients[each][1]]) for each in missing],
            now=work.now,
        )
        known += cursor.in_list(queries.THREADS, "client_ids", missing, org_id=work.org.id)
    for client_id in missing:
        if client_id in made:
            work.record("thread.created", "thread", clients[client_id][0])
    return {
        row["client_id"]: ThreadFound(
            row["id"], row["default_number"], reused=row["client_id"] not in made
        )
        for row in known
    }


def threads_of(work: Work, bookings: Sequence[Mapping[str, Any]]) -> dict[int, ThreadFound]:
    """`threads_for` the clients of these rows of `queries.confirm.BOOKINGS`.

    A thread that is made gets the number of the client's first booking's sitter.
    """
    there = {
        row["client_id"]: ThreadFound(row["thread_id"], row["default_number"], reused=True)
        for row in bookings
        if row["thread_id"] is not None
    }
    missing = {
        row["client_id"]: (row["client"], row["sitter_id"])
        for row in reversed(bookings)
        if row["thread_id"] is None
    }
    return there | threads_for(work, missing)


def place(
    work: Work,
    booked: Sequence[BookedTime],
    threads: Mapping[int, ThreadFound],
    *,
    without: Container[int] = (),
) -> dict[int, Placed]:
    """A window for each confirmed booking: its times, its sitter and today's grace.

    One window per booking: one that is there is moved. `without` are the ids of bookings that are
    known to have none yet. Results by booking id.
    """
    cursor = work.cursor
    ids = [each.booking_id for each in booked if each.booking_id not in without]
    there = {
        row["booking_id"]: row
        for row in cursor.in_list(queries.WINDOWS, "booking_ids", ids, org_id=work.org.id)
    }
    grace = timedelta(minutes=work.org.grace_minutes)
    placed: dict[int, Placed] = {}
    fresh: list[tuple[Any, ...]] = []
    moved: list[dict[str, Any]] = []
    for (
        booking_id,
        booking,
        client_id,
        client,
        sitter_id,
        sitter,
        starts_at,
        booked_until,
    ) in booked:
        ends_at = booked_until + grace
        after = _span(starts_at, booked_until, ends_at, sitter)
        row = there.get(booking_id)
        if row is None:
            thread_id = threads[client_id].id
            # In the order of `queries.WINDOW_COLUMNS`.
            fresh.append(
                (booking_id, client_id, thread_id, sitter_id, starts_at, booked_until, ends_at)
            )
            payload = {"client": client, "before": None, "after": after}
            work.record("window.created", "window", booking, payload)
            continue
        wanted = {
            "sitter_id": sitter_id,
            "starts_at": starts_at,
            "booked_until": booked_until,
            "ends_at": ends_at,
        }
        differs = any(row[name] != value for name, value in wanted.items())
        placed[booking_id] = Placed(row["id"], reused=True, moved=differs)
        if differs:
            moved.append({**wanted, "id": row["id"]})
            before = _span(row["starts_at"], row["booked_until"], row["ends_at"], row["sitter"])
            payload = {"client": client, "before": before, "after": after}
            work.record("window.updated", "window", booking, payload)
    cursor.run_many(queries.UPDATE_WINDOW, moved)
    for booking_id, window_id in queries.insert_windows(
        cursor, work.org.id, fresh, now=work.now
    ).items():
        placed[booking_id] = Placed(window_id, reused=False, moved=False)
    return placed


def overlaps(work: Work, booking_ids: Sequence[int]) -> dict[int, list[str]]:
    """The confirmed bookings of the same thread whose booked times overlap, by booking id."""
    found: dict[int, list[str]] = {}
    for row in work.cursor.in_list(
        queries.OVERLAPS, "booking_ids", list(booking_ids), org_id=work.org.id
    ):
        found.setdefault(row["booking_id"], []).append(row["ref"])
    return found


def _default_numbers(work: Work, sitters: set[int | None]) -> dict[int | None, int | None]:
    cursor = work.cursor
    desk = cursor.value(queries.USABLE_DESK, org_id=work.org.id, now=work.now)
    numbers: dict[int | None, int | None] = dict.fromkeys(sitters, desk)
    named = sorted(each for each in sitters if each is not None)
    for row in cursor.in_list(
        queries.USABLE_SITTER_NUMBERS, "sitter_ids", named, org_id=work.org.id, now=work.now
    ):
        numbers[row["sitter_id"]] = row["id"]
    return numbers


def _span(
    starts_at: datetime, booked_until: datetime, ends_at: datetime, sitter: str | None
) -> dict[str, Any]:
    """A window as the audit keeps it, to tell later what was true when."""
    return {
        "starts_at": iso_utc(starts_at),
        "booked_until": iso_utc(booked_until),
        "ends_at": iso_utc(ends_at),
        "sitter": sitter,
    }
