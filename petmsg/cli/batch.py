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
    """Import a CSV or JSONL file with `service(work, rows)`, a transaction per 1,000 rows.

    What stops it half way (a database that is gone, say) leaves the chunks before it committed:
    their rows are shown before the error is told.
    """
    from petmsg.services.batch import chunks, read_batch

    rows = read_batch(read_file(name), columns=columns, required=required)
    results: list[Any] = []
    try:
        for chunk in chunks(rows):
            results += run.write(service, chunk)
    except BaseException:
        if results:
            run.show_results(IMPORTED, results)
            if not run.dry_run:
                run.say(f"Stopped after line {results[-1].row}: the rows up to it are done.")
                run.say("Import the whole file again; what is done stays unchanged.")
        raise
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
