"""Start and end overrides: a person sends a client's thread to the front desk for a time.

While one holds, every message to the client is sent from the front desk's number, and what the
client writes to any number waits for the front desk.
"""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from petmsg.clock import format_local
from petmsg.enums.routing import OverrideTo
from petmsg.errors import OutOfRange, Refused
from petmsg.models import Client
from petmsg.queries import override as queries
from petmsg.queries.confirm import usable_front_desk
from petmsg.services.bookings.assignment_window import ensure_threads
from petmsg.services.people.client import locked_client
from petmsg.services.unit_of_work import Failure, UnitOfWork, each


@dataclass(frozen=True, slots=True)
class Override:
    """A client's override after a change. Times are aware UTC.

    `until_at` is when it ends by itself, `ended_at` when a person ended it; `holds` says whether it
    holds now. `override` and the values of it are None if the client has none. `replaced` is the ID
    of the one that it ended, `number` the front desk number that is usable now. `reused` is true if
    nothing changed.
    """

    override: int | None
    client: str
    client_name: str | None
    to: OverrideTo
    starts_at: datetime | None
    until_at: datetime | None
    ended_at: datetime | None
    reason: str | None
    holds: bool
    number: str | None
    replaced: int | None
    reused: bool


def start_all(
    uow: UnitOfWork, clients: Sequence[str], *, to: OverrideTo, until: datetime, reason: str
) -> list[Override | Failure]:
    """Start an override for each client, each in its own savepoint."""
    return each(
        uow, list(clients), lambda text: start(uow, text, to=to, until=until, reason=reason)
    )


def start(
    uow: UnitOfWork,
    client_text: str,
    *,
    until: datetime,
    reason: str,
    to: OverrideTo = OverrideTo.DESK,
) -> Override:
    """Send the client's thread to `to`, the front desk, until `until` (aware UTC).

    One that holds is ended. The same end and reason again changes nothing. Raises `NotFound`,
    `ClientForgotten`, and `OutOfRange` for an end that is not in the future.
    """
    client = locked_client(uow, client_text)
    assert client.id is not None
    before = queries.not_ended(uow.cursor, client.id)
    if (
        before is not None
        and before.until_at > uow.now
        and (before.until_at, before.reason) == (until, reason)
    ):
        return _override(uow, client, before.id, reused=True)
    starts_at = _free_from(uow, client.id, before)
    if until <= starts_at:
        raise OutOfRange(
            f"{format_local(until, uow.org.timezone)} is not in the future.",
            hint="Say when it ends: --until +2h",
        )
    replaced = None
    if before is not None:
        replaced = _end(uow, client.ref, before, reason="another override replaces it")
    thread_id = ensure_threads(uow, {client.id: (client.ref, None)})[client.id].id
    override_id = queries.insert_override(
        uow.cursor,
        uow.org.id,
        thread_id=thread_id,
        client_id=client.id,
        starts_at=starts_at,
        until_at=until,
        reason=reason,
        actor=uow.actor,
    )
    uow.audit(
        "override.started",
        "client",
        client.ref,
        {
            "override": override_id,
            "to": to.value,
            "starts_at": starts_at,
            "until_at": until,
            "replaced": replaced,
        },
        reason=reason,
    )
    return _override(uow, client, override_id, replaced=replaced, reused=False)


class OverrideRuns(Refused):
    """The client has another override that has not ended."""

    code = "override_runs"


def import_one(
    uow: UnitOfWork,
    client: tuple[int, str],
    *,
    starts_at: datetime,
    until_at: datetime,
    reason: str,
    why: str,
) -> bool:
    """Store an override that another system began; `client` is the client's ID and ref.

    It may have begun before now, or begin later. False if the client has or had one in this time,
    which stays as it is: it may have been ended here. Raises `OverrideRuns` for a client whose
    override at another time has not ended.
    """
    client_id, ref = client
    known = queries.planned(uow.cursor, client_id)
    if any(each.starts_at < until_at and starts_at < each.until_at for each in known):
        return False
    before = queries.not_ended(uow.cursor, client_id)
    if before is not None and before.until_at > uow.now:
        when = format_local(before.until_at, uow.org.timezone)
        raise OverrideRuns(
            f"Client {ref} has an override until {when}, and can have one at a time.",
            hint="Start the other one when it has ended: petmsg route override "
            f"{shlex.quote(ref)} --until T --reason TEXT",
        )
    if before is not None:
        _end(uow, ref, before, reason=None)
    thread_id = ensure_threads(uow, {client_id: (ref, None)})[client_id].id
    override_id = queries.insert_override(
        uow.cursor,
        uow.org.id,
        thread_id=thread_id,
        client_id=client_id,
        starts_at=starts_at,
        until_at=until_at,
        reason=reason,
        actor=uow.actor,
    )
    payload = {
        "override": override_id,
        "to": OverrideTo.DESK.value,
        "starts_at": starts_at,
        "until_at": until_at,
        "replaced": None,
    }
    uow.audit("override.started", "client", ref, payload, reason=why)
    return True


def end_all(
    uow: UnitOfWork, clients: Sequence[str], *, reason: str | None = None
) -> list[Override | Failure]:
    """End the overrides of these clients, each in its own savepoint."""
    return each(uow, list(clients), lambda text: end(uow, text, reason=reason))


def end(uow: UnitOfWork, client_text: str, *, reason: str | None = None) -> Override:
    """End the client's override now. If none holds, nothing changes.

    Raises `NotFound`, `ClientForgotten`.
    """
    client = locked_client(uow, client_text)
    assert client.id is not None
    before = queries.not_ended(uow.cursor, client.id)
    if before is None or before.until_at <= uow.now:
        return _none(client)
    _end(uow, client.ref, before, reason=reason)
    return _override(uow, client, before.id, reused=False)


def without_desk(rows: Sequence[Override | Failure]) -> bool:
    """Whether one of them holds while no front desk number is usable."""
    started = [row for row in rows if isinstance(row, Override)]
    return any(row.holds and row.number is None for row in started)


def _free_from(uow: UnitOfWork, client_id: int, before: queries.NotEnded | None) -> datetime:
    """The first instant, not before now, at which no override of the thread holds, once `before` is
    ended.

    It is later than now only if another process with a faster clock has just written one.
    """
    if before is not None:
        return max(_end_of(uow, before), uow.now)
    last = queries.last_end(uow.cursor, client_id)
    return uow.now if last is None else max(last, uow.now)


def _end_of(uow: UnitOfWork, running: queries.NotEnded) -> datetime:
    """When an override that is ended now ends."""
    return min(max(uow.now, running.starts_at), running.until_at)


def _end(
    uow: UnitOfWork, client: str, running: queries.NotEnded, *, reason: str | None
) -> int | None:
    """End an override, or only note that its time is over; return its ID if it held until now."""
    ended_at = _end_of(uow, running)
    queries.end_override(uow.cursor, running.id, ended_at=ended_at, actor=uow.actor)
    if running.until_at <= uow.now:
        return None
    uow.audit(
        "override.ended",
        "client",
        client,
        {"override": running.id, "until_at": running.until_at, "ended_at": ended_at},
        reason=reason,
    )
    return running.id


def _override(
    uow: UnitOfWork, client: Client, override_id: int, *, reused: bool, replaced: int | None = None
) -> Override:
    row = queries.override_of_id(uow.cursor, uow.org, override_id, now=uow.now)
    desk = usable_front_desk(uow.cursor, uow.org.id, now=uow.now)
    return Override(
        override=row.override,
        client=client.ref,
        client_name=client.name,
        to=OverrideTo.DESK,
        starts_at=row.starts_at,
        until_at=row.until_at,
        ended_at=row.ended_at,
        reason=row.reason,
        holds=row.holds,
        number=None if desk is None else desk[1],
        replaced=replaced,
        reused=reused,
    )


def _none(client: Client) -> Override:
    return Override(
        override=None,
        client=client.ref,
        client_name=client.name,
        to=OverrideTo.DESK,
        starts_at=None,
        until_at=None,
        ended_at=None,
        reason=None,
        holds=False,
        number=None,
        replaced=None,
        reused=True,
    )
