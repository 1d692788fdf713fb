"""The transactions around fetching a received file: lease it, and write what became of it.

The provider is asked between them. A file whose process died in between is due again after its
lease, and the bytes that the process stored are the same ones. Where it failed, it is tried again
after `PAUSES`; a provider that does not answer at all gets longer (`PATIENCE`), and one that
rejects the account takes no tries: it keeps the file until somebody corrects the credentials.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from petmsg.enums.media import MediaStatus
from petmsg.errors import (
    MediaGone,
    MediaTooLarge,
    NotFound,
    PetmsgError,
    ProviderUnavailable,
)
from petmsg.queries import media_fetch as queries
from petmsg.queries import media_store as store_queries
from petmsg.queries.media_fetch import ToFetch
from petmsg.services.media.arrived import arrived, lost
from petmsg.services.unit_of_work import UnitOfWork

PAUSES = tuple(timedelta(seconds=each) for each in (10, 60, 300, 1800))
"""How long after each failed try the next one is; after the last a file is lost."""
PATIENCE = timedelta(hours=3)
"""A provider that does not answer is asked for a file for this long, every half hour."""
ACCOUNT_PAUSE = timedelta(minutes=5)
"""When a file is tried again after the provider rejected the account."""
_LEASE_OF_ONE = timedelta(minutes=4)
"""Longer than a list and two requests take (see `Provider.fetch_media`)."""


@dataclass(frozen=True, slots=True)
class Leased:
    """The files of one message that this process fetches, until then (aware UTC)."""

    rows: tuple[ToFetch, ...]
    until: datetime
    named: frozenset[str]
    """The provider's IDs that files of the message have already."""


@dataclass(frozen=True, slots=True)
class Got:
    """The bytes of a file, which are in the store under `sha256`."""

    provider_media_id: str
    sha256: str
    size: int
    content_type: str | None


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a file was not fetched; `provider_media_id` if it is known by now."""

    problem: PetmsgError
    provider_media_id: str | None


def lease(uow: UnitOfWork, rows: Sequence[ToFetch]) -> Leased:
    """Lease the files of one message, without those that another process leased meanwhile."""
    until = uow.now + _LEASE_OF_ONE * len(rows)
    leased = tuple(row for row in rows if queries.lease(uow.cursor, row, until=until))
    named = frozenset(queries.named_of_message(uow.cursor, rows[0].message_id))
    return Leased(leased, until, named)


def record_outcomes(
    uow: UnitOfWork, leased: Leased, results: dict[int, Got | Failed]
) -> list[ToFetch]:
    """Write what became of the files; return the rows as they are now.

    A file whose lease is over belongs to another process and is left alone.
    """
    stored, gone = [], []
    for row in leased.rows:
        result = results[row.id]
        status = _record_outcome(uow, leased, row, result)
        if status is MediaStatus.STORED:
            stored.append(row.id)
        elif status is MediaStatus.LOST:
            gone.append(row.id)
    if stored:
        arrived(uow, stored)
    if gone:
        lost(uow, gone)
    return queries.by_id(uow.cursor, [row.id for row in leased.rows])


def try_again(uow: UnitOfWork, media_ids: Sequence[int]) -> list[ToFetch]:
    """Make missing and lost files due now; return all the rows. Raises `NotFound`."""
    rows = queries.by_id(uow.cursor, media_ids)
    known = {row.id for row in rows if row.org_id == uow.org.id}
    for each in media_ids:
        if each not in known:
            raise no_such_file(each)
        queries.try_again(uow.cursor, each, now=uow.now)
    return queries.by_id(uow.cursor, media_ids)


def no_such_file(media_id: int) -> NotFound:
    """The error for an ID that no file has."""
    return NotFound("media", str(media_id), hint="Show the message: petmsg message show ID")


def note_gone(uow: UnitOfWork, rows: Sequence[ToFetch]) -> None:
    """The bytes of these stored files are gone: a received one is to be fetched again, a relayed
    one to be made again while its message waits, any other is lost."""
    for row in rows:
        if row.sha256 is not None:
            store_queries.note_gone(uow.cursor, row.id, row.sha256)


def mark_deleted(uow: UnitOfWork, message_id: int) -> None:
    """The provider's copies of a message's files are deleted."""
    queries.mark_deleted(uow.cursor, message_id, now=uow.now)


def _record_outcome(
    uow: UnitOfWork, leased: Leased, row: ToFetch, result: Got | Failed
) -> MediaStatus | None:
    """What the file is now; None if it is not ours any more."""
    columns: dict[str, Any] = {
        "content_type": row.content_type,
        "size": row.size,
        "sha256": None,
        "provider_media_id": result.provider_media_id,
        "attempts": row.attempts + 1,
        "due_at": None,
        "error": None,
        "stored_at": None,
    }
    if isinstance(result, Got):
        status = MediaStatus.STORED
        columns |= {
            "content_type": result.content_type or row.content_type,
            "size": result.size,
            "sha256": result.sha256,
            "stored_at": uow.now,
        }
    else:
        columns["error"] = result.problem.message
        attempts, columns["due_at"] = _next_try(row, result.problem, now=uow.now)
        columns["attempts"] = attempts
        status = MediaStatus.LOST if columns["due_at"] is None else MediaStatus.MISSING
    is_ours = queries.record_outcome(
        uow.cursor, row.id, until=leased.until, status=status.value, **columns
    )
    return status if is_ours else None


def _next_try(row: ToFetch, problem: PetmsgError, *, now: datetime) -> tuple[int, datetime | None]:
    """The number of tries that count, and when the next is; None if there is none."""
    if isinstance(problem, MediaTooLarge):
        return row.attempts + 1, None
    if not isinstance(problem, MediaGone | ProviderUnavailable):
        # Credentials, or our own store: it is not the file's fault.
        return row.attempts, now + ACCOUNT_PAUSE
    if row.attempts < len(PAUSES):
        return row.attempts + 1, now + PAUSES[row.attempts]
    if isinstance(problem, ProviderUnavailable) and now < row.created_at + PATIENCE:
        return row.attempts, now + PAUSES[-1]
    return row.attempts + 1, None
