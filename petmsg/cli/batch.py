"""Commands that read a file. Rows are committed in chunks; each row has a result."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from petmsg.cli.context import Context
from petmsg.cli.options import read_file
from petmsg.cli.results import Results
from petmsg.enums.files import ImportNoun
from petmsg.enums.output import OutputFormat
from petmsg.errors import Busy, PetmsgError, UsageProblem
from petmsg.render.output import write

if TYPE_CHECKING:
    from petmsg.cli.import_options import FileOptions
    from petmsg.services.transfer.row_files import BatchRow, RowDone
    from petmsg.services.unit_of_work import UnitOfWork


class RefsService(Protocol):
    """A service that takes several refs; `of_many`: the command was given more than one."""

    def __call__(self, uow: "UnitOfWork", refs: Sequence[str], /, *, of_many: bool) -> list[Any]:
        """One result for each ref."""
        ...


def import_file(
    context: Context,
    file: str | None,
    option: str | None,
    service: "Callable[[UnitOfWork, Sequence[BatchRow]], list[Any]]",
    *,
    noun: ImportNoun,
    options: "FileOptions",
    finds_again: bool = False,
    content: bytes | None = None,
    given: Sequence[str] = (),
) -> None:
    """Import a file of that noun with `service(uow, rows)`, a transaction per 1,000 rows.

    The file is named by the argument or by the `option` --file; with --template an empty one is
    printed instead. `content` is that of a file that was read already, to see what kind it is.

    `finds_again`: a row without a ref that is taken again finds what it made. `given`: columns that
    the file may lack, because an option gives their value.
    """
    from petmsg.cli.rejects import keep_rejects
    from petmsg.render.views.nouns import IMPORTED
    from petmsg.spreadsheets.columns import LAYOUTS
    from petmsg.spreadsheets.read import read_sheet

    layout = LAYOUTS[noun].without_required(given)
    if options.is_template:
        if file is not None or option is not None:
            raise UsageProblem(
                "--template reads no file: it prints an empty one.",
                hint=f"Keep it in a new file: petmsg {noun} import --template > new.csv",
            )
        write(",".join(layout.template))
        return
    name = source(file, option)
    if content is None:
        content = read_file(name)
    sheet = read_sheet(content, layout, options.reading(layout, _saved_maps(context, noun)))
    for note in sheet.notes:
        context.notify(note)
    with keep_rejects(context, options.rejects, sheet, imported=name) as rejects:
        run_chunks(
            context,
            Results(context, IMPORTED, also=lambda row: _tell_notes(context, row), is_summed=True),
            sheet.rows,
            lambda chunk: rejects.kept(chunk, context.write(service, chunk)),
            doing="Importing",
            total=sheet.lines,
            finds_again=finds_again,
        )


def _saved_maps(context: Context, noun: ImportNoun) -> Mapping[str, str]:
    """What the org has saved about the headers of its files."""
    from petmsg.queries.import_map import saved_targets

    with context.snapshot() as cursor:
        return saved_targets(cursor, context.org(cursor).id, noun)


def run_chunks(
    context: Context,
    shown: Results,
    rows: "Iterable[BatchRow]",
    run: "Callable[[Sequence[BatchRow]], list[Any]]",
    *,
    doing: str,
    total: int,
    finds_again: bool = False,
) -> None:
    """Run `run` on the rows in chunks, a transaction each, and show what came of them.

    What stops it half way (a database that is gone, say) leaves the chunks before it committed:
    their rows are shown before the error. `doing` is what a progress bar says.
    """
    from petmsg.services.transfer.row_files import chunks

    done, last, repeatable = 0, 0, True
    context.is_batch = True
    try:
        with context.progress(doing, total) as bar:
            for chunk in chunks(rows):
                result = run(chunk)
                done, last = done + len(chunk), chunk[-1].line
                repeatable &= finds_again or all(row.is_named for row in chunk)
                bar.keep(len(chunk))
                shown.add(result)
    except BaseException as problem:
        if done:
            shown.close()
            if not context.dry_run:
                place = f"line {last}" if last else f"{done:,} rows"
                context.notify(f"Stopped after {place}; all rows up to it are done.")
                context.notify(
                    "Run the whole command again; finished rows stay unchanged."
                    if repeatable
                    else "Import only the rest: the header and the lines after that one. Finished "
                    "rows without a ref or key would be added again."
                )
            if isinstance(problem, PetmsgError) and problem.hint == Busy.hint:
                problem.hint = (
                    "Try again in a moment."  # the usual hint says that nothing was changed
                )
        raise
    shown.close()


def _tell_notes(context: Context, row: "RowDone") -> None:
    """The notes on an imported row, on stderr; in JSON the row has them."""
    if context.output not in (OutputFormat.JSON, OutputFormat.JSONL):
        for note in row.notes:
            line = f"line {row.row}"
            context.notify(f"{line}: {note}" if row.ref == line else f"{line} ({row.ref}): {note}")


def look_at_each(refs: Sequence[str], one: Callable[[str], Any]) -> list[Any]:
    """`one(ref)` for each ref of a reading command.

    With several refs, one that is not found becomes a row of its own; the error of a single ref is
    raised.
    """
    if len(refs) == 1:
        return [one(refs[0])]
    from petmsg.services.unit_of_work import Failure

    rows: list[Any] = []
    for ref in refs:
        try:
            rows.append(one(ref))
        except PetmsgError as problem:
            rows.append(Failure(ref, problem))
    return rows


def source(file: str | None, option: str | None) -> str:
    """The file to read, from the argument or `--file`. Raises `UsageProblem`."""
    named = [each for each in (file, option) if each is not None]
    if len(named) != 1:
        raise UsageProblem("Specify exactly one FILE.", hint="Name a file; - means stdin.")
    return named[0]


def refs_of(refs: Sequence[str] | None, file: str | None) -> "list[BatchRow]":
    """The refs of a command, from its arguments and from a file's column `ref`.

    A lone `-` as argument is the file on stdin. A line of 0 means that a ref was an argument.
    """
    from petmsg.services.transfer.row_files import BatchRow, read_batch

    named = list(refs or [])
    if named == ["-"] and file is None:
        named, file = [], "-"
    rows = [BatchRow(0, {"ref": ref}) for ref in named]
    if file is not None:
        rows += read_batch(read_file(file), columns=("ref",), required=("ref",)).rows
    return rows


def run_refs(
    context: Context,
    service: "RefsService",
    rows: "Sequence[BatchRow]",
    shown: Results,
    *,
    doing: str,
) -> None:
    """Call `service(uow, refs, of_many=…)` for the rows' refs, a transaction per 1,000.

    Shown in the order of the rows; one that cannot be read is refused and stops no other.
    """
    from dataclasses import replace

    from petmsg.services.unit_of_work import Failure

    def run(chunk: "Sequence[BatchRow]") -> list[Any]:
        refs = [row.cells["ref"] or "" for row in chunk if row.problem is None]
        done = iter(context.write(service, refs, of_many=len(rows) > 1) if refs else ())
        results = []
        for row in chunk:
            result = Failure(row.ref, row.problem) if row.problem is not None else next(done)
            if isinstance(result, Failure) and row.line:
                result = replace(result, row=row.line)
            results.append(result)
        return results

    run_chunks(context, shown, rows, run, doing=doing, total=len(rows))
