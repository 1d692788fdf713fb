"""Results of commands that take several nouns or a file: good rows and refused ones together."""

from collections.abc import Sequence
from typing import Any

from petmsg.cli.run import Run
from petmsg.enums import OutputFormat
from petmsg.errors import REFUSED
from petmsg.render import output as render
from petmsg.render.fields import Field, record
from petmsg.render.safe import json_text


def show_results(run: Run, fields: Sequence[Field], rows: Sequence[Any]) -> None:
    """Print the rows of a command that took several nouns; any refused one makes it exit 4.

    Refused ones are told on stderr, except in JSON, where their row holds the error.
    """
    from petmsg.services.work import Failure

    good = [row for row in rows if not isinstance(row, Failure)]
    failed = [row for row in rows if isinstance(row, Failure)]
    if run.output in (OutputFormat.JSON, OutputFormat.JSONL):
        data = [result_data(run, fields, row) for row in rows]
        if run.output is OutputFormat.JSON:
            render.dump(data)
        else:
            for each in data:
                render.write(json_text(each))
    elif run.is_table and len(good) == len(rows) == 1:
        run.show_one(fields, good[0])
    else:
        run.show_list(fields, good)
        for row in failed:
            place = row.ref if row.row is None else f"line {row.row} ({row.ref})"
            run.say(
                f"{place}: {row.error.message}" + (f" {row.error.hint}" if row.error.hint else "")
            )
    if failed and len(rows) > 1:
        others = "" if run.dry_run or not good else "; the others are done"
        run.say(f"{len(failed)} of {len(rows)} rows were refused{others}.")
    if failed:
        run.exit_code = REFUSED


def show_plans(run: Run, rows: Sequence[Any]) -> None:
    """What each quarantine of a dry run touches, day by day: windows to come, clients texted."""
    from petmsg.render.numbers import PLANNED_TEXTED, PLANNED_WINDOWS

    for row in rows:
        if row.plan.windows:
            title = f"Windows of {row.number} until then"
            run.show_list(PLANNED_WINDOWS, row.plan.windows, title=title)
        if row.plan.texted:
            title = f"Texted from {row.number} in the last 14 days"
            run.show_list(PLANNED_TEXTED, row.plan.texted, title=title)
        else:
            run.say(f"Nobody was texted from {row.number} in the last 14 days.")


def result_data(run: Run, fields: Sequence[Field], row: Any) -> dict[str, Any]:
    """One row as JSON: a good one's fields, or a refused one's error."""
    from petmsg.services.work import Failure

    return _failure_data(row) if isinstance(row, Failure) else record(fields, row, run.view)


def _failure_data(row: Any) -> dict[str, Any]:
    from petmsg.cli.failure import error_data

    data: dict[str, Any] = {"ref": row.ref, "error": error_data(row.error)}
    if row.row is not None:
        data["row"] = row.row
    return data
