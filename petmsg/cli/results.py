"""Results of commands that take several nouns or a file: good rows and refused ones together."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from petmsg.cli.context import Context
from petmsg.enums.output import OutputFormat
from petmsg.errors import BUSY, CONFIGURATION, REFUSED, PetmsgError, ProviderOutcomeUnknown

if TYPE_CHECKING:  # a shell that completes a word prints no rows
    from petmsg.render.fields import Field


def show_results(context: Context, fields: Sequence["Field"], rows: Sequence[Any]) -> None:
    """Print the rows of a command that took several nouns; any refused one makes it exit 4.

    Errors are printed on stderr, except in JSON, where the rejected row contains the error.
    """
    with Results(context, fields) as shown:
        shown.add(rows)


class Results:
    """`show_results` for rows that arrive in chunks.

    JSONL, TSV and CSV are printed as rows arrive, so that memory does not grow; a JSON array and a
    table are printed at the end.
    """

    def __init__(
        self,
        context: Context,
        fields: Sequence["Field"],
        *,
        as_record: bool = True,
        also: Callable[[Any], object] = lambda _: None,
        is_summed: bool = False,
    ) -> None:
        """`as_record`: a table of one row is shown as that one thing. `also` is called with each
        good row below it. `is_summed`: rows have a `result`, and a sum of them ends the command."""
        self._context = context
        self._fields = fields
        self._as_record = as_record
        self._also = also
        self._kept: list[Any] = []
        self._is_summed = is_summed
        self._sums: Counter[str] = Counter()
        self._good = self._refused = 0
        self._all_refused = True
        self._has_header = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close, except after an error before the first row: it is told alone."""
        if kind is None or self._good + self._refused:
            self.close()

    def add(self, rows: Sequence[Any]) -> None:
        """Add rows."""
        from petmsg.services.unit_of_work import Failure

        refused = sum(isinstance(row, Failure) for row in rows)
        self._all_refused &= all(
            _is_for_good(row.error) for row in rows if isinstance(row, Failure)
        )
        self._good += len(rows) - refused
        self._refused += refused
        if self._is_summed:
            self._sums.update(row.result for row in rows if not isinstance(row, Failure))
        if self._context.output in (OutputFormat.JSON, OutputFormat.TABLE):
            self._kept += rows
            return
        self._print(rows)
        self._talk(rows)

    def close(self) -> None:
        """Print the remaining rows, count rejected ones, and set the exit code."""
        from petmsg.render.output import dump

        if not self._good + self._refused:
            self.add([])
        if self._context.output is OutputFormat.JSON:
            dump([result_data(self._context, self._fields, row) for row in self._kept])
        elif self._context.is_table:
            self._print_table()
        self._talk(self._kept)
        if self._is_summed:
            self._context.notify(sum_of(self._sums, self._refused))
        elif self._refused and self._good + self._refused > 1:
            others = "" if self._context.dry_run or not self._good else "; the others are done"
            total = self._good + self._refused
            said = "were refused" if self._all_refused else "are not done"
            self._context.notify(f"{self._refused} of {total} rows {said}{others}.")
        if self._refused:
            self._context.exit_code = REFUSED

    def _print(self, rows: Sequence[Any]) -> None:
        from petmsg.render import output as render
        from petmsg.render.escape import json_text

        if self._context.output is OutputFormat.JSONL:
            for row in rows:
                render.write(json_text(result_data(self._context, self._fields, row)))
        else:
            view = self._context.view
            if not self._has_header:
                self._has_header = True
                render.write_header(self._fields, self._context.output)
            for row in rows:
                if not self._is_refused(row):
                    render.write_row(self._fields, row, view, self._context.output)
        render.flush()

    def _print_table(self) -> None:
        good = [row for row in self._kept if not self._is_refused(row)]
        if self._as_record and len(good) == len(self._kept) == 1:
            self._context.show_one(self._fields, good[0])
        elif good or not self._kept:
            self._context.show_list(self._fields, good)

    def _talk(self, rows: Sequence[Any]) -> None:
        """What is said of the rows on stderr: refused ones, where no JSON holds them, and more."""
        as_json = self._context.output in (OutputFormat.JSON, OutputFormat.JSONL)
        for row in rows:
            if not self._is_refused(row):
                self._also(row)
            elif not as_json:
                place = row.ref if row.row is None else f"line {row.row}"
                place += "" if row.ref in (place, "") else f" ({row.ref})"
                self._context.notify(f"{place}: {row.error.with_hint}", even_quiet=True)

    @staticmethod
    def _is_refused(row: Any) -> bool:
        from petmsg.services.unit_of_work import Failure

        return isinstance(row, Failure)


def _is_for_good(error: PetmsgError) -> bool:
    """Whether a row was refused: not if its outcome is unknown, or if it is tried again later."""
    may_be_done = isinstance(error, ProviderOutcomeUnknown)
    return not may_be_done and error.exit_code not in (CONFIGURATION, BUSY)


def sum_of(results: Mapping[str, int], refused: int) -> str:
    """The sum of an import, such as `2,995 created, 3 updated, 2 refused.`"""
    said = [f"{count:,} {result}" for result, count in sorted(results.items())]
    if refused:
        said.append(f"{refused:,} refused")
    return f"{', '.join(said)}." if said else "The file has no rows."


def show_warnings(context: Context, row: Any) -> None:
    """Write the warnings about a booking to stderr."""
    for warning in row.warnings:
        context.notify(f"{row.booking}: {warning}")


def show_plans(context: Context, rows: Sequence[Any]) -> None:
    """Print what each planned quarantine affects: future windows and messaged clients, by day."""
    from petmsg.render.views.numbers import PLANNED_TEXTED, PLANNED_WINDOWS

    for row in rows:
        if row.plan.windows:
            title = f"Windows of {row.number} until then"
            context.show_list(PLANNED_WINDOWS, row.plan.windows, title=title)
        if row.plan.texted:
            title = f"Clients messaged from {row.number} in the last 14 days"
            context.show_list(PLANNED_TEXTED, row.plan.texted, title=title)
        else:
            context.notify(f"No client was messaged from {row.number} in the last 14 days.")


def result_data(context: Context, fields: Sequence["Field"], row: Any) -> dict[str, Any]:
    """One row as JSON: its fields, or its error."""
    from petmsg.render.fields import record
    from petmsg.services.unit_of_work import Failure

    return _failure_data(row) if isinstance(row, Failure) else record(fields, row, context.view)


def _failure_data(row: Any) -> dict[str, Any]:
    from petmsg.cli.handle_error import error_data
    from petmsg.services.transfer.row_faults import RowFaults

    data: dict[str, Any] = {"ref": row.ref, "error": error_data(row.error)}
    if isinstance(row.error, RowFaults):
        data["error"]["faults"] = [error_data(each) for each in row.error.faults]
    if row.row is not None:
        data["row"] = row.row
    return data
