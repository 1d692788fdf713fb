"""`message send --file`: queues each row of a file and prints one result per row."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from petmsg.cli.batch import run_chunks
from petmsg.cli.context import Context
from petmsg.cli.options import read_file
from petmsg.cli.results import Results
from petmsg.errors import PetmsgError
from petmsg.media.web_address import is_link
from petmsg.queries.row_locks import lock_bytes
from petmsg.render.views.message import QUEUED_ROWS
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.outbox.queue_rows import COLUMNS, MessageRow, QueuedRow, files_of, queue_rows
from petmsg.services.transfer.row_files import BatchRow, read_batch
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.workflows import outgoing_files


def send_file(
    context: Context,
    file: str,
    *,
    options: SendOptions,
    send_at: str | None,
    expires_at: str | None,
) -> None:
    """Queue the rows, a transaction per 1,000; `message dispatch` sends them.

    Files of rows are prepared and stored with no transaction open; relative paths begin at the
    folder of `file`, those of stdin at the current folder.
    """
    batch = read_batch(read_file(file), columns=COLUMNS, required=("client",))
    folder = Path() if file == "-" else Path(file).parent
    waiting = 0

    def queue(chunk: Sequence[BatchRow]) -> list[Any]:
        nonlocal waiting
        keep_metadata = options.metadata_reason is not None
        rows = [_with_files(context, row, folder, keep_metadata) for row in chunk]

        def queue(uow: UnitOfWork) -> list[Any]:
            lock_bytes(uow.cursor, _hashes(rows))
            for at, row in enumerate(rows):
                if _has_lost_bytes(context, row):
                    rows[at] = _with_files(context, row.row, folder, keep_metadata)
            return queue_rows(
                uow,
                rows,
                options=replace(
                    options, send_at=uow.instant(send_at), expires_at=uow.instant(expires_at)
                ),
            )

        done = context.write(queue)
        waiting += sum(isinstance(row, QueuedRow) and not row.reused for row in done)
        return done

    shown = Results(context, QUEUED_ROWS, as_record=False, also=lambda row: _warn(context, row))
    run_chunks(context, shown, batch.rows, queue, doing="Queueing", total=batch.lines)
    if waiting and not context.dry_run:
        context.notify("petmsg message dispatch sends the queued messages.")


def _with_files(context: Context, row: BatchRow, folder: Path, keep_metadata: bool) -> MessageRow:
    """The row with its files stored; only what the message keeps of them stays in memory."""
    try:
        files = [name if is_link(name) else str(folder / name) for name in files_of(row)]
        if not files:
            return MessageRow(row)
        with context.snapshot() as cursor:
            org = context.org(cursor)
        outgoing_files.require_sendable(context, org, files)
        ready = outgoing_files.prepare_files(files, keep_metadata=keep_metadata)
        return MessageRow(row, outgoing_files.store_files(context, ready))
    except PetmsgError as problem:
        return MessageRow(row, problem=problem)


def _has_lost_bytes(context: Context, row: MessageRow) -> bool:
    """Whether another process deleted the same bytes since they were put. A dry run puts none."""
    return not context.dry_run and any(context.media.size(each) is None for each in _hashes([row]))


def _hashes(rows: Sequence[MessageRow]) -> list[str]:
    return [each.sha256 for row in rows for each in row.media if each.sha256 is not None]


def _warn(context: Context, row: QueuedRow) -> None:
    for warning in row.warnings:
        context.notify(f"Warning: line {row.row}: {warning}")
