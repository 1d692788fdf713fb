"""Sitters who are away: store the absence, hand their visits over, end it when they are back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from petmsg.clock import format_local
from petmsg.enums.people import SitterStatus
from petmsg.errors import NotFound, OutOfRange, Refused
from petmsg.queries import absence as queries
from petmsg.queries.absence import NotEnded
from petmsg.queries.lookup import SitterKey, find_sitter
from petmsg.queries.visits_to_hand_over import VisitToHandOver, visits_of_sitters
from petmsg.services.bookings.booking_changes import load_bookings, require_span
from petmsg.services.bookings.confirm import SitterOffboarded
from petmsg.services.bookings.hand_over import HandOverRefused, VisitAway, hand_over, plan
from petmsg.services.transfer.row_files import BatchRow
from petmsg.services.unit_of_work import UnitOfWork


class AbsenceNotChosen(Refused):
    code = "absence_not_chosen"


@dataclass(frozen=True, slots=True)
class Away:
    """A sitter is away in `[starts_at, ends_at)` (aware UTC), and their visits in that time.

    `reused` says that the absence was stored before.
    """

    sitter: str
    name: str
    absence: int
    starts_at: datetime
    ends_at: datetime
    reason: str
    visits: tuple[VisitAway, ...]
    reused: bool


@dataclass(frozen=True, slots=True)
class Back:
    """A sitter is back: their absence was ended at `ends_at` (aware UTC), or cancelled.

    The values of the absence are None if there was none to end; then `reused` is true.
    """

    sitter: str
    name: str
    absence: int | None
    starts_at: datetime | None
    ends_at: datetime | None
    is_cancelled: bool
    reused: bool


def away(
    uow: UnitOfWork,
    text: str,
    *,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    to_sitter: str | None = None,
    rows: Sequence[BatchRow] | None = None,
) -> Away:
    """Store that a sitter is away in `[starts_at, ends_at)`; hand their visits over.

    Both are aware UTC; they are stored to the second, as the command to repeat shows them.

    `to_sitter` takes over every visit that overlaps this time and is not over, or `rows` name a
    sitter for each booking; without both, no booking is changed. A time that is stored already
    changes nothing; one that overlaps a stored absence extends it. Raises `NotFound`, `Ambiguous`,
    `EndNotAfterStart`, `OutOfRange` for a time that is over, `SitterOffboarded`, and
    `HandOverRefused`, after which nothing is changed.
    """
    starts_at, ends_at = starts_at.replace(microsecond=0), ends_at.replace(microsecond=0)
    require_span(starts_at, ends_at, timezone=uow.org.timezone)
    sitter = find_sitter(uow.cursor, uow.org.id, text)
    wanted = plan(uow, to=to_sitter, rows=rows)
    for each in (sitter, *([wanted.to] if wanted.to else [])):
        if each.status is SitterStatus.OFFBOARDED:
            raise SitterOffboarded(f"Sitter {each.ref} is offboarded.")
    if wanted.to is not None and wanted.to.id == sitter.id:
        raise HandOverRefused(
            f"Sitter {sitter.ref} cannot be given their own visits.",
            hint="Name another sitter: --to-sitter SITTER",
        )
    visits = _locked_visits(
        uow, [sitter, *wanted.sitters], since=max(starts_at, uow.now), until=ends_at
    )
    stored, reused = _store(uow, sitter, starts_at, ends_at, reason)
    done = [
        _with_length(each, stored) for each in hand_over(uow, sitter, visits, wanted, reason=reason)
    ]
    return Away(
        sitter=sitter.ref,
        name=sitter.name,
        absence=stored.id,
        starts_at=stored.starts_at,
        ends_at=stored.ends_at,
        reason=stored.reason,
        visits=tuple(done),
        reused=reused and not any(each.handed_over for each in done),
    )


def back(
    uow: UnitOfWork, text: str, *, starts_at: datetime | None = None, reason: str | None = None
) -> Back:
    """End the absence that runs, or cancel the only one to come.

    `starts_at` (aware UTC) names another one: the one that contains this time. Bookings that were
    handed over stay with their sitters. Without an absence nothing is changed. Raises `NotFound`,
    `Ambiguous` and `AbsenceNotChosen`.
    """
    sitter = find_sitter(uow.cursor, uow.org.id, text)
    queries.lock_sitters(uow.cursor, uow.org.id, [sitter.id])
    standing = [each for each in queries.not_ended(uow.cursor, sitter.id) if each.ends_at > uow.now]
    chosen = _chosen(uow, sitter, standing, starts_at)
    if chosen is None:
        return Back(sitter.ref, sitter.name, None, None, None, is_cancelled=False, reused=True)
    is_cancelled = chosen.starts_at >= uow.now
    queries.end_absence(uow.cursor, chosen.id, ended_at=uow.now, actor=uow.actor)
    uow.audit(
        "sitter.absence_cancelled" if is_cancelled else "sitter.absence_ended",
        "sitter",
        sitter.ref,
        {"absence": chosen.id, "before": _span(chosen)},
        reason=reason,
    )
    return Back(
        sitter.ref,
        sitter.name,
        chosen.id,
        chosen.starts_at,
        uow.now,
        is_cancelled=is_cancelled,
        reused=False,
    )


def _locked_visits(
    uow: UnitOfWork, sitters: Sequence[SitterKey], *, since: datetime, until: datetime
) -> list[VisitToHandOver]:
    """The visits of the first sitter in that time, locked; the sitters are locked too.

    Bookings are locked before sitters, as in `confirm`. A visit that was booked before the sitters
    were locked is read and locked afterwards.
    """
    cursor, org_id = uow.cursor, uow.org.id
    ids = [sitters[0].id]
    before = visits_of_sitters(cursor, org_id, ids, since=since, until=until)
    load_bookings(uow, [each.booking for each in before])
    queries.lock_sitters(cursor, org_id, list({each.id for each in sitters}))
    visits = visits_of_sitters(cursor, org_id, ids, since=since, until=until)
    late = {each.booking for each in visits} - {each.booking for each in before}
    load_bookings(uow, sorted(late))
    return visits


def _store(
    uow: UnitOfWork, sitter: SitterKey, starts_at: datetime, ends_at: datetime, reason: str
) -> tuple[NotEnded, bool]:
    """The absence that contains that time, and whether it did so before."""
    known = [
        each
        for each in queries.not_ended(uow.cursor, sitter.id)
        if each.starts_at < ends_at and starts_at < each.ends_at
    ]
    for each in known:
        if each.starts_at <= starts_at and ends_at <= each.ends_at:
            return each, True
    if ends_at <= uow.now:
        raise OutOfRange(
            f"{format_local(ends_at, uow.org.timezone)} is over already.",
            hint="Say until when the sitter is away: --to T",
        )
    if not known:
        absence = queries.insert_absence(
            uow.cursor,
            uow.org.id,
            sitter_id=sitter.id,
            starts_at=starts_at,
            ends_at=ends_at,
            reason=reason,
            actor=uow.actor,
            now=uow.now,
        )
        stored = NotEnded(absence, starts_at, ends_at, reason)
        event, payload = "sitter.absence_added", {"absence": absence, "after": _span(stored)}
    else:
        stored = _extended(uow, known, starts_at, ends_at, reason)
        event = "sitter.absence_changed"
        payload = {
            "absence": stored.id,
            "before": [_span(each) for each in known],
            "after": _span(stored),
        }
    uow.audit(event, "sitter", sitter.ref, payload, reason=reason)
    return stored, False


def _extended(
    uow: UnitOfWork,
    known: Sequence[NotEnded],
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
) -> NotEnded:
    """The first of the absences, extended over all of them and that time; the others end."""
    first, *others = known
    stored = NotEnded(
        first.id,
        min(starts_at, first.starts_at),
        max(ends_at, *(each.ends_at for each in known)),
        reason,
    )
    for each in others:
        queries.end_absence(uow.cursor, each.id, ended_at=each.starts_at, actor=uow.actor)
    queries.change_absence(
        uow.cursor, first.id, starts_at=stored.starts_at, ends_at=stored.ends_at, reason=reason
    )
    return stored


def _chosen(
    uow: UnitOfWork, sitter: SitterKey, standing: Sequence[NotEnded], at: datetime | None
) -> NotEnded | None:
    """The absence that is meant, None if there is none at all."""
    if at is not None:
        for each in standing:
            if each.starts_at <= at < each.ends_at:
                return each
        raise NotFound(
            "absence",
            f"of {sitter.ref} at {format_local(at, uow.org.timezone)}",
            hint=f"Look at the absences: petmsg sitter show {sitter.ref}",
        )
    running = [each for each in standing if each.starts_at <= uow.now]
    if running or len(standing) <= 1:
        return next(iter(running or standing), None)
    listed = ", ".join(format_local(each.starts_at, uow.org.timezone) for each in standing)
    raise AbsenceNotChosen(
        f"Sitter {sitter.ref} has {len(standing)} absences to come, from {listed}.",
        hint=f"Say which: petmsg sitter back {sitter.ref} --from T",
    )


def _with_length(visit: VisitAway, absence: NotEnded) -> VisitAway:
    """The visit, with a warning if it was handed over and is longer than the absence."""
    inside = absence.starts_at <= visit.starts_at and visit.ends_at <= absence.ends_at
    if inside or not visit.handed_over:
        return visit
    warning = "handed over as a whole, also the part outside the absence"
    return replace(visit, warnings=(*visit.warnings, warning))


def _span(absence: NotEnded) -> dict[str, object]:
    return {"starts_at": absence.starts_at, "ends_at": absence.ends_at}
