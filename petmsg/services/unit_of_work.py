"""A unit of work: one org, one transaction, one actor, one `now`, and its audit events.

Events are collected during the work and written by `finish`. So the end of the org's audit chain is
locked last, and never while the transaction waits for another lock.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, overload

from petmsg.clock import parse_instant
from petmsg.db.cursor import Cursor
from petmsg.db.driver_errors import (
    CONNECTION_LOST,
    is_driver_error,
    is_retryable,
    is_unique_violation,
    translate,
)
from petmsg.db.transaction import Transaction
from petmsg.errors import PetmsgError
from petmsg.phone import is_e164, parse_phone, read_phone
from petmsg.queries.audit_head import MOVE_HEAD, locked_head
from petmsg.queries.org import OrgRow
from petmsg.queries.row_locks import lock_batches
from petmsg.rules.audit_chain import canonical, event_hash

if TYPE_CHECKING:
    from sqlmodel import Session

_BATCH = 0x70746D73
"""The first key of the advisory locks of `each`; migrations lock a single number, not a pair."""

K = TypeVar("K")
T = TypeVar("T")
R = TypeVar("R")


class PendingEvent(NamedTuple):
    """An audit event that is not yet in the chain."""

    event: str
    entity: str
    ref: str
    reason: str | None
    payload: str


@dataclass(slots=True)
class UnitOfWork:
    """The context of every writing service. `now` is aware UTC, the same for the whole command.

    A service that handles many rows calls `on_progress` after each, for a progress bar. `warnings`
    are told after the commit.
    """

    transaction: Transaction
    org: OrgRow
    actor: str
    now: datetime
    events: list[PendingEvent] = field(default_factory=list)
    on_progress: Callable[[], None] = lambda: None
    warnings: list[str] = field(default_factory=list)

    @property
    def session(self) -> "Session":
        """The transaction's SQLAlchemy session."""
        return self.transaction.session

    @property
    def cursor(self) -> Cursor:
        """A bare cursor in this transaction; pending changes of the session are flushed first."""
        return self.transaction.cursor

    @overload
    def instant(self, text: str) -> datetime: ...

    @overload
    def instant(self, text: str | None) -> datetime | None: ...

    def instant(self, text: str | None) -> datetime | None:
        """The time a person wrote, read in the org's timezone; None where nothing was written."""
        if text is None:
            return None
        return parse_instant(text, timezone=self.org.timezone, at=self.now)

    def phone(self, text: str) -> str:
        """The phone a person wrote, read in the org's country; returns E.164.

        A dropped extension and an unassigned number are told after the commit. Raises
        `MalformedPhone`.
        """
        if is_e164(text):
            return parse_phone(text)
        phone = read_phone(text, self.org.phone_country)
        self.warnings += [each for each in phone.warnings if each not in self.warnings]
        return phone.e164

    def audit(
        self,
        event: str,
        entity: str,
        ref: str,
        payload: Mapping[str, Any] | None = None,
        *,
        reason: str | None = None,
    ) -> None:
        """Record an audit event (`noun.verb_in_past`). `payload` contains refs, never a person's
        phone, name or message."""
        self.events.append(PendingEvent(event, entity, ref, reason, canonical(payload or {})))

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """A savepoint: if anything fails inside, its changes, events and warnings are undone."""
        kept, told = len(self.events), len(self.warnings)
        try:
            with self.transaction.savepoint():
                yield
        except BaseException:
            del self.events[kept:]
            del self.warnings[told:]
            raise

    def finish(self) -> None:
        """Write the collected events to the org's chain. Locks the end of the chain until the
        commit."""
        self.transaction.flush()
        if self.events:
            _append(self.cursor, self)
            self.events.clear()


@dataclass(frozen=True, slots=True)
class Failure:
    """A row of a batch that was rejected; the other rows are stored."""

    ref: str
    error: PetmsgError
    row: int | None = None


def each(
    uow: UnitOfWork, items: Sequence[T], one: Callable[[T], R], *, ref: Callable[[T], str] = str
) -> list[R | Failure]:
    """Do `one` for every item, each in its own savepoint. A single item's error is raised
    unchanged.

    A lock time-out or a deadlock is not caused by the row: it is raised, and the command retries.
    """
    if len(items) == 1:
        return [one(items[0])]
    one_batch_at_a_time(uow)
    return [run_in_savepoint(uow, item, one, ref=ref) for item in items]


def one_batch_at_a_time(uow: UnitOfWork) -> None:
    """Wait until no other command with several items runs in this org.

    The items of a command are handled in the order they were named, so two such commands could lock
    the same rows in opposite orders: eight of them deadlocked for 40 s in a measurement. On SQLite
    the write lock already prevents this.
    """
    lock_batches(uow.cursor, uow.org.id, _BATCH)


def run_batch(
    uow: UnitOfWork, items: Sequence[T], one: Callable[[T], R], *, ref: Callable[[T], str]
) -> list[R | Failure]:
    """Do `one` for every item in one savepoint; if anything fails, use one savepoint per item.

    One savepoint per message took most of a worker's time on PostgreSQL.
    """
    if not items:
        return []
    try:
        with uow.all_or_nothing():
            return [one(item) for item in items]
    except Exception as problem:
        if (is_driver_error(problem) and is_retryable(problem)) or not uow.transaction.is_open:
            raise
    return [run_in_savepoint(uow, item, one, ref=ref) for item in items]


def all_or_none(uow: UnitOfWork, together: Callable[[], dict[K, R]]) -> dict[K, R]:
    """What `together` did for several items; empty, and nothing is done, if it failed: then the
    items are done one by one, which says which of them was at fault."""
    try:
        with uow.all_or_nothing():
            return together()
    except Exception as problem:
        if (is_driver_error(problem) and is_retryable(problem)) or not uow.transaction.is_open:
            raise
    return {}


def run_in_savepoint(
    uow: UnitOfWork, item: T, one: Callable[[T], R], *, ref: Callable[[T], str], tries: int = 2
) -> R | Failure:
    """Do `one` for an item in its own savepoint; a rejected item becomes a `Failure`.

    A row that another transaction wrote first is tried once more.
    """
    try:
        with uow.all_or_nothing():
            return one(item)
    except PetmsgError as problem:
        return Failure(ref(item), problem)
    except Exception as problem:
        if not is_driver_error(problem) or is_retryable(problem) or not uow.transaction.is_open:
            raise
        if is_unique_violation(problem) and tries > 1:
            return run_in_savepoint(uow, item, one, ref=ref, tries=tries - 1)
        error = translate(problem)
        if error.code == CONNECTION_LOST:
            raise  # not caused by the row, and nothing can be written after it
        return Failure(ref(item), error)


_EVENT_COLUMNS = ("seq", "event", "entity", "ref", "reason", "payload", "previous_hash", "hash")


def _append(cursor: Cursor, uow: UnitOfWork) -> None:
    seq, previous = locked_head(cursor, uow.org.id)
    org, actor, now = uow.org.slug, uow.actor, uow.now
    rows = []
    for event, entity, ref, reason, payload in uow.events:
        seq += 1
        digest = event_hash(
            org=org,
            seq=seq,
            at=now,
            actor=actor,
            event=event,
            entity=entity,
            ref=ref,
            reason=reason,
            payload=payload,
            previous=previous,
        )
        rows.append((seq, event, entity, ref, reason, payload, previous, digest))
        previous = digest
    head = {"seq": seq, "hash": previous, "org_id": uow.org.id}
    cursor.add(
        "audit_event",
        _EVENT_COLUMNS,
        rows,
        beside=(MOVE_HEAD, head),
        org_id=uow.org.id,
        at=now,
        actor=actor,
    )
