"""Commands that read a file: read whole, then committed in chunks, one result per row."""

from collections.abc import Callable, Sequence
from typing import Any

from petmsg.cli.options import read_file
from petmsg.cli.run import Run
from petmsg.render.nouns import IMPORTED


def import_file(
    run: Run,
    name: str,
    service: Callable[..., list[Any]],
    *,
    columns: Sequence[str],
    required: Sequence[str],
) -> None:
    """Import a CSV or JSONL file with `service(work, rows)`, a transaction per 1,000 rows."""
    from petmsg.services.batch import chunks, read_batch

    rows = read_batch(read_file(name), columns=columns, required=required)
    results: list[Any] = []
    for chunk in chunks(rows):
        results += run.write(service, chunk)
    run.show_results(IMPORTED, results)


def refs_of(refs: Sequence[str] | None, file: str | None, *, column: str = "ref") -> list[str]:
    """The refs of a command: its arguments, and those of a file's column."""
    named = list(refs or [])
    if file is not None:
        from petmsg.services.batch import read_batch

        rows = read_batch(read_file(file), columns=(column,), required=(column,))
        for row in rows:
            if row.problem is not None:
                raise row.problem
            named.append(row.cells[column] or "")
    return named
