"""Data on stdout in the chosen format. Rich is loaded for tables only."""

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from petmsg.enums.output import OutputFormat
from petmsg.render.escape import escape, json_text
from petmsg.render.fields import Field, View, record

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMERIC = re.compile(r"[+-][0-9*]+(\.[0-9]+)?")


def show_list(
    fields: Sequence[Field], rows: Iterable[Any], *, output: OutputFormat, view: View
) -> None:
    """Print a list: a JSON array, a line per row, or a table. Lines are written as rows come."""
    if output is OutputFormat.JSON:
        dump([record(fields, row, view) for row in rows])
    elif output is OutputFormat.JSONL:
        for row in rows:
            write(json_text(record(fields, row, view)))
    elif output is OutputFormat.TSV:
        _tsv(fields, rows, view)
    else:
        from petmsg.render.table import print_table

        print_table(fields, list(rows), view)


def show_one(fields: Sequence[Field], row: Any, *, output: OutputFormat, view: View) -> None:
    """Print one record: a JSON object, or its fields one below the other."""
    if output is OutputFormat.JSON:
        dump(record(fields, row, view))
    elif output is OutputFormat.JSONL:
        write(json_text(record(fields, row, view)))
    elif output is OutputFormat.TSV:
        _tsv(fields, [row], view)
    else:
        from petmsg.render.table import print_record

        print_record(fields, row, view)


def dump(data: Any) -> None:
    """Print a value as indented JSON."""
    write(json_text(data, indent=2))


def write(text: str) -> None:
    """Write one line of data to stdout."""
    sys.stdout.write(text + "\n")


def notify(text: str) -> None:
    """Write one line to stderr."""
    sys.stderr.write(text + "\n")


def write_header(fields: Sequence[Field]) -> None:
    """Write the header line of TSV output."""
    write("\t".join(field.name for field in fields))


def write_row(fields: Sequence[Field], row: Any, view: View) -> None:
    """Write one row as TSV."""
    write("\t".join(_tsv_cell(field.data(row, view)) for field in fields))


def flush() -> None:
    """Flush stdout."""
    sys.stdout.flush()


def _tsv(fields: Sequence[Field], rows: Iterable[Any], view: View) -> None:
    write_header(fields)
    for row in rows:
        write_row(fields, row, view)


def _tsv_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json_text(value)
    if isinstance(value, str):
        return escape(f"'{value}" if _is_formula(value) else value)
    return str(value)


def _is_formula(text: str) -> bool:
    """Whether a spreadsheet would run the text as a formula. Phones and numbers are not formulas.

    Source: OWASP, CSV injection.
    """
    return text[:1] in _BEGINS_A_FORMULA and _NUMERIC.fullmatch(text) is None
