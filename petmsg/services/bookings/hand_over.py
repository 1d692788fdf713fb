"""Hand visits of an absent sitter over to others: all of them, or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from petmsg.clock import format_local
from petmsg.enums.people import SitterStatus
from petmsg.errors import NotFound, PetmsgError, Refused
from petmsg.queries import visits_to_hand_over as queries
from petmsg.queries.absence import Absence, absences_of
from petmsg.queries.lookup import SitterKey, find_sitter
from petmsg.queries.visits_to_hand_over import VisitToHandOver
from petmsg.services.bookings.booking import reassign
from petmsg.services.bookings.reassign_rows import booking_and_sitter
from petmsg.services.transfer.row_files import BatchRow
from petmsg.services.unit_of_work import UnitOfWork


class HandOverRefused(Refused):
    """At least one visit cannot be handed over, so nothing was changed."""

    code = "hand_over_refused"


class Plan(NamedTuple):
    """Who takes over which visits: `to` takes all that `by_booking` does not name.

    `refs` are the refs that a file named, in its order; `faults` say what is wrong with its rows.
    """

    to: SitterKey | None
    by_booking: Mapping[str, SitterKey]
    faults: tuple[str, ...] = ()

    @property
    def sitters(self) -> list[SitterKey]:
        """Everybody who takes over a visit."""
        named = [*self.by_booking.values(), *([self.to] if self.to else [])]
        return list({each.id: each for each in named}.values())

    def sitter_for(self, booking: str) -> SitterKey | None:
        """Who takes this visit over; None if it stays with its sitter."""
        return self.by_booking.get(booking, self.to)


@dataclass(frozen=True, slots=True)
class VisitAway:
    """A visit in the time of an absence. `sitter` is who makes it now; `handed_over` says whether
    that was changed by this command. Times are aware UTC."""

    booking: str
    status: str
    client: str
    client_name: str | None
    starts_at: datetime
    ends_at: datetime
    sitter: str | None
    sitter_name: str | None
    window: int | None
    window_starts_at: datetime | None
    window_ends_at: datetime | None
    handed_over: bool
    warnings: tuple[str, ...] = ()


def plan(uow: UnitOfWork, *, to: str | None = None, rows: Sequence[BatchRow] | None = None) -> Plan:
    """Who takes over what, from one sitter or from the rows of a file (columns ref,sitter).

    Raises `NotFound` and `Ambiguous` for `to`; faults of rows are collected.
    """
    by_booking: dict[str, SitterKey] = {}
    faults: list[str] = []
    for row in rows or ():
        try:
            booking, sitter = booking_and_sitter(row)
            found = find_sitter(uow.cursor, uow.org.id, sitter)
            if by_booking.setdefault(booking, found) != found:
                faults.append(f"line {row.line}: booking {booking} is named twice")
        except PetmsgError as problem:
            faults.append(f"line {row.line}: {problem.message.removesuffix('.')}")
    return Plan(
        None if to is None else find_sitter(uow.cursor, uow.org.id, to), by_booking, tuple(faults)
    )


def hand_over(
    uow: UnitOfWork,
    absent: SitterKey,
    visits: Sequence[VisitToHandOver],
    wanted: Plan,
    *,
    reason: str,
) -> list[VisitAway]:
    """Reassign the visits of the absent sitter as planned, their windows with them.

    A visit that runs already is handed over from now on. The sitters and bookings are locked.
    Raises `HandOverRefused` with every visit that cannot be handed over, and why.
    """
    problems = [*wanted.faults, *_not_theirs(uow, absent, visits, wanted)]
    away = _absences(uow, wanted, visits)
    for visit in visits:
        sitter = wanted.sitter_for(visit.booking)
        if sitter is not None:
            why = _why_not(uow, absent, visit, sitter, away)
            if why is not None:
                problems.append(f"{visit.booking} of {visit.client}: {why}")
    if problems:
        raise HandOverRefused(
            f"The visits of {absent.name} were not handed over, and nothing was changed: "
            f"{'; '.join(problems)}.",
            hint="Name another sitter for each of these in a file of columns ref,sitter: --file F. "
            "Without --to-sitter and --file only the absence is stored.",
        )
    warnings: dict[str, tuple[str, ...]] = {}
    for visit in visits:
        sitter = wanted.sitter_for(visit.booking)
        if sitter is not None:
            done = reassign(uow, visit.booking, sitter=sitter.ref, reason=reason)
            warnings[visit.booking] = done.warnings
    return _after(uow, visits, wanted, warnings)


def _why_not(
    uow: UnitOfWork,
    absent: SitterKey,
    visit: VisitToHandOver,
    sitter: SitterKey,
    away: Sequence[Absence],
) -> str | None:
    """Why this sitter cannot take the visit over; None if they can."""
    if sitter.id == absent.id:
        return f"{sitter.ref} is the sitter who is away"
    if sitter.status is SitterStatus.OFFBOARDED:
        return f"{sitter.ref} is offboarded"
    for each in away:
        begins = max(visit.starts_at, uow.now)
        if each.sitter_id == sitter.id and each.starts_at < visit.ends_at and begins < each.ends_at:
            until = format_local(each.ends_at, uow.org.timezone)
            return f"{sitter.ref} is away too, until {until}"
    return None


def _not_theirs(
    uow: UnitOfWork, absent: SitterKey, visits: Sequence[VisitToHandOver], wanted: Plan
) -> list[str]:
    """Bookings of the file that are no visits of the absent sitter in that time.

    One that its new sitter has already was handed over before: that is no fault.
    """
    theirs = {visit.booking for visit in visits}
    named = [each for each in wanted.by_booking if each not in theirs]
    found = {each.booking: each for each in queries.visits_of_refs(uow.cursor, uow.org.id, named)}
    problems = []
    for booking in named:
        visit = found.get(booking)
        if visit is None:
            problems.append(NotFound("booking", booking).message.removesuffix("."))
        elif visit.sitter_id != wanted.by_booking[booking].id:
            problems.append(f"{booking} is no visit of {absent.ref} in that time")
    return problems


def _absences(
    uow: UnitOfWork, wanted: Plan, visits: Sequence[VisitToHandOver]
) -> Sequence[Absence]:
    if not visits:
        return ()
    return absences_of(
        uow.cursor,
        uow.org.id,
        [each.id for each in wanted.sitters],
        since=min(each.starts_at for each in visits),
        until=max(each.ends_at for each in visits),
    )


def _after(
    uow: UnitOfWork,
    visits: Sequence[VisitToHandOver],
    wanted: Plan,
    warnings: Mapping[str, tuple[str, ...]],
) -> list[VisitAway]:
    """The visits as they are now, with a warning where their new sitter is in another home."""
    cursor, org_id = uow.cursor, uow.org.id
    now = queries.visits_of_refs(cursor, org_id, [each.booking for each in visits])
    others: dict[int | None, list[VisitToHandOver]] = {}
    if now and warnings:
        for each in queries.visits_of_sitters(
            cursor,
            org_id,
            [each.id for each in wanted.sitters],
            since=max(uow.now, min(each.starts_at for each in now)),
            until=max(each.ends_at for each in now),
        ):
            others.setdefault(each.sitter_id, []).append(each)
    done = []
    for visit in now:
        handed_over = visit.booking in warnings
        elsewhere = tuple(
            f"{visit.sitter} also visits {each.client} then ({each.booking})"
            for each in (others.get(visit.sitter_id, ()) if handed_over else ())
            if each.client != visit.client
            and each.starts_at < visit.ends_at
            and visit.starts_at < each.ends_at
        )
        done.append(
            VisitAway(
                booking=visit.booking,
                status=visit.status,
                client=visit.client,
                client_name=visit.client_name,
                starts_at=visit.starts_at,
                ends_at=visit.ends_at,
                sitter=visit.sitter,
                sitter_name=visit.sitter_name,
                window=visit.window_id,
                window_starts_at=visit.window_starts_at,
                window_ends_at=visit.window_ends_at,
                handed_over=handed_over,
                warnings=warnings.get(visit.booking, ()) + elsewhere,
            )
        )
    return done
