"""Queue the rows of a file of messages, each in its own right."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from petmsg.enums.messages import MessageStatus
from petmsg.errors import MalformedRow, PetmsgError
from petmsg.services.outbox.outgoing_media import NewMedia
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.outbox.queue import queue
from petmsg.services.transfer.row_files import BatchRow
from petmsg.services.unit_of_work import Failure, UnitOfWork, run_in_savepoint

COLUMNS = ("client", "body", "media", "key", "as")
_BETWEEN_FILES = "|"


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A row with its files, which are stored already; `problem` is why they could not be."""

    row: BatchRow
    media: Sequence[NewMedia] = ()
    problem: PetmsgError | None = None


@dataclass(frozen=True, slots=True)
class QueuedRow:
    """A row that was queued; `reused` is true if its key had already been used for it."""

    row: int
    message: int
    status: MessageStatus
    reused: bool
    warnings: tuple[str, ...] = ()


def files_of(row: BatchRow) -> list[str]:
    """The paths and addresses in the cell `media`. Raises the row's problem, and `MalformedRow` for
    a row without a client, or with neither body nor media."""
    if row.problem is not None:
        raise row.problem
    files = [name.strip() for name in (row.cells.get("media") or "").split(_BETWEEN_FILES)]
    files = [name for name in files if name]
    if not row.cells.get("client"):
        raise MalformedRow("The client is missing.", hint="Each row needs a client.")
    if not row.cells.get("body") and not files:
        raise MalformedRow(
            "The body and the media are missing.", hint="Each row needs a body, media, or both."
        )
    return files


def queue_rows(
    uow: UnitOfWork, rows: Sequence[MessageRow], *, options: SendOptions
) -> list[QueuedRow | Failure]:
    """Queue each row in its own savepoint. `options` are those of all rows but for key and sitter.

    A row whose key was used for the same message returns that message.
    """

    def one(each: MessageRow) -> QueuedRow:
        if each.problem is not None:
            raise each.problem
        cells = each.row.cells
        own = replace(options, key=cells.get("key") or None, as_sitter=cells.get("as") or None)
        queued = queue(
            uow, cells["client"] or "", body=cells.get("body") or "", options=own, media=each.media
        )
        return QueuedRow(
            each.row.line, queued.message, queued.status, queued.reused, queued.warnings
        )

    results: list[QueuedRow | Failure] = []
    for each in rows:
        done = run_in_savepoint(uow, each, one, ref=lambda failed: failed.row.ref)
        results.append(replace(done, row=each.row.line) if isinstance(done, Failure) else done)
        uow.on_progress()
    return results
