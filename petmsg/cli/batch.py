"""Commands that read a file: read whole, then committed in chunks, one result per row."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from petmsg.cli.options import read_file
from petmsg.cli.results import Results
from petmsg.cli.run import Run
from petmsg.errors import PetmsgError, UsageProblem
from petmsg.render.nouns import IMPORTED

if TYPE_CHECKING:
    from petmsg.services.batch import BatchRow


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

    batch = read_batch(read_file(name), columns=columns, required=required)
    shown = Results(run, IMPORTED)
    last = None
    run.is_batch = True
    try:
        with run.progress("Importing", batch.lines) as bar:
            for chunk in chunks(batch.rows):
                done = run.write(service, chunk)
                bar.keep(len(chunk))
                shown.add(done)
                last = done[-1].row
    except BaseException:
        if last is not None:
            shown.close()
            if not run.dry_run:
                run.say(f"Stopped after line {last}: the rows up to it are done.")
                run.say("Import the whole file again; what is done stays unchanged.")
        raise
    shown.close()


def look_at_each(refs: Sequence[str], one: Callable[[str], Any]) -> list[Any]:
    """`one(ref)` for several nouns that a reading command names. Of several, one that is not there
    is a row of its own and stops no other; a single one's error is raised as it is."""
    if len(refs) == 1:
        return [one(refs[0])]
    from petmsg.services.work import Failure

    rows: list[Any] = []
    for ref in refs:
        try:
            rows.append(one(ref))
        except PetmsgError as problem:
            rows.append(Failure(ref, problem))
    return rows


def source(file: str | None, option: str | None) -> str:
    """The file to read: named as an argument or with `--file`."""
    named = [each for each in (file, option) if each is not None]
    if len(named) != 1:
        raise UsageProblem("Which file?", hint="Name one FILE; - means stdin.")
    return named[0]


def refs_of(refs: Sequence[str] | None, file: str | None) -> "list[BatchRow]":
    """The refs of a command, from its arguments and from a file's column `ref`.

    A lone `-` as argument is the file on stdin. A line of 0 means that a ref was an argument.
    """
    from petmsg.services.batch import BatchRow, read_batch

    named = list(refs or [])
    if named == ["-"] and file is None:
        named, file = [], "-"
    rows = [BatchRow(0, {"ref": ref}) for ref in named]
    if file is not None:
        rows += read_batch(read_file(file), columns=("ref",), required=("ref",)).rows
    return rows


def take_refs(
    run: Run, service: Callable[..., list[Any]], rows: "Sequence[BatchRow]", *, doing: str
) -> list[Any]:
    """Call `service(work, refs, of_many=…)` for the rows' refs, a transaction per 1,000.

    Results in the order of the rows; one that cannot be read is refused and stops no other.
    `doing` is what a progress bar says.
    """
    from dataclasses import replace

    from petmsg.services.batch import CHUNK
    from petmsg.services.work import Failure

    refs = [row.cells["ref"] or "" for row in rows if row.problem is None]
    taken: list[Any] = []
    run.is_batch = True
    with run.progress(doing, len(refs)) as bar:
        for start in range(0, len(refs), CHUNK):
            chunk = refs[start : start + CHUNK]
            taken += run.write(service, chunk, of_many=len(rows) > 1)
            bar.keep(len(chunk))
    done = iter(taken)
    results = []
    for row in rows:
        result = Failure(row.ref, row.problem) if row.problem is not None else next(done)
        if isinstance(result, Failure) and row.line:
            result = replace(result, row=row.line)
        results.append(result)
    return results
