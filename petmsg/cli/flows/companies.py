"""A command for cron on a host with many companies: run it for each, one after the other.

What is printed is what one database with all of them would print: one JSON array, one header, in a
table one below the other. A company's error is told with its slug and stops no other.
"""

import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from typing import Any

from petmsg import settings
from petmsg.cli.context import Context
from petmsg.enums.output import OutputFormat
from petmsg.errors import (
    BUG,
    BUSY,
    CONFIGURATION,
    DONE,
    FINDING,
    INTERRUPTED,
    NOT_FOUND,
    PROVIDER,
    REFUSED,
    USAGE,
    Interrupted,
    UsageProblem,
)
from petmsg.render import output as render
from petmsg.workflows.companies import Company, companies

_WORST_FIRST = (
    INTERRUPTED,
    BUG,
    CONFIGURATION,
    USAGE,
    NOT_FOUND,
    PROVIDER,
    REFUSED,
    BUSY,
    FINDING,
    DONE,
)


def run_for_each(
    context: Context, function: Callable[..., None], values: Mapping[str, Any]
) -> bool:
    """Run the command for each company of the map; its exit code is that of the worst.

    A signal that stopped a company's run begins no other.
    False, and nothing is done, if the command is about one database: if `--db` or a company was
    given, or the map is empty. Raises `BadOrgUrls`, and `UsageProblem` for `--watch`, which would
    never come to a second company.
    """
    if context.db_option is not None or context.setting("org").value is not None:
        return False
    found = list(companies(context.environ).values())
    if found and values.get("watch"):
        raise UsageProblem(
            f"--watch is about one database, and {settings.ORG_URLS} names several.",
            hint="Start one for each company: --org SLUG",
        )
    codes = {DONE}
    printed: list[str] = []
    for company in found:
        of_company = context.for_company(company.slug)
        code, text = _run_one(of_company, company, function, values)
        codes.add(code)
        if context.output is not OutputFormat.JSON:
            _print(context.output, company, text, is_first=not any(printed))
        printed.append(text)
        if of_company.is_stopped:
            break
    if found and context.output is OutputFormat.JSON:
        render.dump(list(_rows(printed)))
    context.exit_code = next(each for each in _WORST_FIRST if each in codes)
    return bool(found)


def _run_one(
    context: Context,
    company: Company,
    function: Callable[..., None],
    values: Mapping[str, Any],
) -> tuple[int, str]:
    out = io.StringIO(newline="")
    try:
        with redirect_stdout(out), context.at_end:
            function(context, **values)
        code = context.exit_code
    except (KeyboardInterrupt, Interrupted):
        raise
    except Exception as problem:  # noqa: BLE001 because no company stops another
        code = _report_error(context, company, problem)
    return code, out.getvalue()


def _report_error(context: Context, company: Company, problem: Exception) -> int:
    """Tell of a company's error, in the log if that is JSON; returns its exit code."""
    from petmsg.cli.handle_error import named, report_error

    if context.log is not None and context.log.is_json:
        known = named(problem)
        context.log.failed(known, context.environ, org=company.slug)
        return known.exit_code
    as_json = context.output in (OutputFormat.JSON, OutputFormat.JSONL)
    return report_error(problem, company.slug, as_json=as_json, environ=context.environ)


def _print(form: OutputFormat, company: Company, text: str, *, is_first: bool) -> None:
    """Print what one company's run printed, its header only the first time."""
    if form is OutputFormat.CSV and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", newline="")
    if form is OutputFormat.TABLE and text:
        text = f"{'' if is_first else chr(10)}{company.slug}\n{text}"
    elif form in (OutputFormat.TSV, OutputFormat.CSV) and not is_first:
        text = text.partition("\n")[2]
    sys.stdout.write(text)
    sys.stdout.flush()


def _rows(printed: list[str]) -> Iterator[object]:
    for text in printed:
        if text:
            yield from json.loads(text)
