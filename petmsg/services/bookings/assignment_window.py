"""Assignment windows: computes and stores the windows of bookings. Only `people/offboard` changes
stored ones, too."""

from collections.abc import Container, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from petmsg.clock import iso_utc
from petmsg.queries import confirm as queries
from petmsg.services.unit_of_work import UnitOfWork


class BookedTime(NamedTuple):
    """A confirmed booking, with what its window needs. Times are aware UTC."""

    booking_id: int
    booking: str
    client_id: int
    client: str
    sitter_id: int | None
    sitter: str | None
    starts_at: datetime
    ends_at: datetime
    lead_minutes: int | None = None
    """How long before the visit its window begins; None means as the org says."""


class ThreadFound(NamedTuple):
    """A client's thread; `reused` means that it existed before."""

    id: int
    default_number: str | None
    reused: bool


class UpsertedWindow(NamedTuple):
    """A booking's window; `reused` means that it existed before, `moved` that it was changed."""

    id: int
    reused: bool
    moved: bool


def ensure_threads(
    uow: UnitOfWork, clients: Mapping[int, tuple[str, int | None]]
) -> dict[int, ThreadFound]:
    """The thread of each client; it is created if there is none.

    `clients` maps a client's id to their ref and the id of the sitter whose number becomes the
    default number of a new thread.
    """
    existing = _threads(uow, list(clients))
    return existing | _make_threads(
        uow, {each: whose for each, whose in clients.items() if each not in existing}
    )


def ensure_threads_of_bookings(
    uow: UnitOfWork, bookings: Sequence[queries.BookingState]
) -> dict[int, ThreadFound]:
    """`ensure_threads` for the clients of these bookings.

    A thread that is made gets the number of the client's first booking's sitter.
    """
    existing = {
        row.client_id: ThreadFound(row.thread_id, row.default_number, reused=True)
        for row in bookings
        if row.thread_id is not None
    }
    missing = {
        row.client_id: (row.client, row.sitter_id)
        for row in reversed(bookings)
        if row.thread_id is None
    }
    return existing | _make_threads(uow, missing)


def upsert_windows(
    uow: UnitOfWork,
    booked: Sequence[BookedTime],
    threads: Mapping[int, ThreadFound],
    *,
    without: Container[int] = (),
    confirmed: Sequence[int] = (),
) -> dict[int, UpsertedWindow]:
    """Create or update the one window of each confirmed booking; results by booking id.

    A window gets its booking's times and sitter. It begins the lead time before the visit (the
    booking's own, or the org's current one) and ends the org's current grace period after it; so an
    existing window keeps both until its booking is confirmed again. `without` are the ids of
    bookings that are known to have no window yet, `confirmed` the ids of bookings that are marked
    as confirmed by the same statement.
    """
    cursor = uow.cursor
    ids = [each.booking_id for each in booked if each.booking_id not in without]
    existing = {row.booking_id: row for row in queries.windows_of_bookings(cursor, uow.org.id, ids)}
    grace = timedelta(minutes=uow.org.grace_minutes)
    usual_lead = timedelta(minutes=uow.org.lead_minutes)
    placed: dict[int, UpsertedWindow] = {}
    fresh: list[tuple[Any, ...]] = []
    moved: list[dict[str, Any]] = []
    for (
        booking_id,
        booking,
        client_id,
        client,
        sitter_id,
        sitter,
        booked_from,
        booked_until,
        lead_minutes,
    ) in booked:
        lead = usual_lead if lead_minutes is None else timedelta(minutes=lead_minutes)
        starts_at = booked_from - lead
        ends_at = booked_until + grace
        after = window_span(starts_at, booked_until, ends_at, sitter)
        row = existing.get(booking_id)
        if row is None:
            thread_id = threads[client_id].id
            # In the order of `queries.WINDOW_COLUMNS`.
            fresh.append(
                (booking_id, client_id, thread_id, sitter_id, starts_at, booked_until, ends_at)
            )
            payload = {"client": client, "before": None, "after": after}
            uow.audit("window.created", "window", booking, payload)
            continue
        wanted = {
            "sitter_id": sitter_id,
            "starts_at": starts_at,
            "booked_until": booked_until,
            "ends_at": ends_at,
        }
        differs = any(getattr(row, name) != value for name, value in wanted.items())
        placed[booking_id] = UpsertedWindow(row.id, reused=True, moved=differs)
        if differs:
            moved.append({**wanted, "id": row.id})
            before = window_span(row.starts_at, row.booked_until, row.ends_at, row.sitter)
            payload = {"client": client, "before": before, "after": after}
            uow.audit("window.updated", "window", booking, payload)
    cursor.run_many(queries.UPDATE_WINDOW, moved)
    for booking_id, window_id in queries.insert_windows(
        cursor, uow.org.id, fresh, now=uow.now, confirmed=confirmed
    ).items():
        placed[booking_id] = UpsertedWindow(window_id, reused=False, moved=False)
    return placed


def overlaps(uow: UnitOfWork, booking_ids: Sequence[int]) -> dict[int, list[str]]:
    """The confirmed bookings of the same thread whose booked times overlap, by booking id."""
    return queries.overlaps(uow.cursor, uow.org.id, booking_ids)


def _threads(uow: UnitOfWork, client_ids: Sequence[int]) -> dict[int, ThreadFound]:
    """The existing threads, by client id."""
    return {
        row.client_id: ThreadFound(row.id, row.default_number, reused=True)
        for row in queries.threads_of_clients(uow.cursor, uow.org.id, client_ids)
    }


def _make_threads(
    uow: UnitOfWork, clients: Mapping[int, tuple[str, int | None]]
) -> dict[int, ThreadFound]:
    """Create a thread for each client who has none, in the order of their ids.

    If another transaction creates one at the same time, this one waits and returns that thread.
    """
    if not clients:
        return {}
    ids = sorted(clients)
    numbers = _default_numbers(uow, {sitter_id for _, sitter_id in clients.values()})
    defaults = {each: numbers[clients[each][1]] for each in ids}
    made = queries.insert_threads(
        uow.cursor, uow.org.id, [(each, defaults[each][0]) for each in ids], now=uow.now
    )
    for client_id in ids:
        if client_id in made:
            uow.audit("thread.created", "thread", clients[client_id][0])
    return _threads(uow, [each for each in ids if each not in made]) | {
        client_id: ThreadFound(thread_id, defaults[client_id][1], reused=False)
        for client_id, thread_id in made.items()
    }


def _default_numbers(
    uow: UnitOfWork, sitters: set[int | None]
) -> dict[int | None, tuple[int | None, str | None]]:
    """The default number of a new thread (id and E.164), by sitter id; the front desk otherwise."""
    desk = queries.usable_front_desk(uow.cursor, uow.org.id, now=uow.now)
    named = sorted(each for each in sitters if each is not None)
    own = queries.usable_sitter_numbers(uow.cursor, uow.org.id, named, now=uow.now)
    fallback = desk or (None, None)
    return {each: own.get(each, fallback) if each else fallback for each in sitters}


def window_span(
    starts_at: datetime, booked_until: datetime, ends_at: datetime, sitter: str | None
) -> dict[str, Any]:
    """A window as the audit stores it, so that its past state can be read later."""
    return {
        "starts_at": iso_utc(starts_at),
        "booked_until": iso_utc(booked_until),
        "ends_at": iso_utc(ends_at),
        "sitter": sitter,
    }
