"""Data on stdout in the chosen format. Rich is loaded for tables only."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from petmsg.enums.output import OutputFormat
from petmsg.render.delimited import csv_cell, tsv_cell
from petmsg.render.escape import json_text
from petmsg.render.fields import Field, View, record


def show_list(
    fields: Sequence[Field], rows: Iterable[Any], *, output: OutputFormat, view: View
) -> None:
    """Print a list: a JSON array, a line per row, or a table. Lines are written as rows come."""
    if output is OutputFormat.JSON:
        dump([record(fields, row, view) for row in rows])
    elif output is OutputFormat.JSONL:
        for row in rows:
            write(json_text(record(fields, row, view)))
    elif output is not OutputFormat.TABLE:
        _delimited(fields, rows, view, output)
    else:
        from petmsg.render.table import print_table

        print_table(fields, list(rows), view)


def show_one(fields: Sequence[Field], row: Any, *, output: OutputFormat, view: View) -> None:
    """Print one record: a JSON object, or its fields one below the other."""
    if output is OutputFormat.JSON:
        dump(record(fields, row, view))
    elif output is OutputFormat.JSONL:
        write(json_text(record(fields, row, view)))
    elif output is not OutputFormat.TABLE:
        _delimited(fields, [row], view, output)
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


def write_header(fields: Sequence[Field], output: OutputFormat) -> None:
    """Write the header line of TSV or CSV output."""
    write_names([field.name for field in fields], output)


def write_names(names: Sequence[str], output: OutputFormat) -> None:
    """Write these names as the header line of TSV or CSV output."""
    if output is OutputFormat.CSV and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # a file, whatever the terminal is
    write_cells(names, output)


def write_cells(values: Iterable[Any], output: OutputFormat) -> None:
    """Write plain values as one line of TSV or CSV."""
    if output is OutputFormat.CSV:
        line = ",".join(map(csv_cell, values)) or '""'  # an empty line would be no row
        write(line + "\r")  # lines end in CR LF (RFC 4180)
    else:
        write("\t".join(map(tsv_cell, values)))


def write_row(fields: Sequence[Field], row: Any, view: View, output: OutputFormat) -> None:
    """Write one row as TSV or CSV."""
    write_cells([field.data(row, view) for field in fields], output)


def flush() -> None:
    """Flush stdout."""
    sys.stdout.flush()


def _delimited(
    fields: Sequence[Field], rows: Iterable[Any], view: View, output: OutputFormat
) -> None:
    write_header(fields, output)
    for row in rows:
        write_row(fields, row, view, output)
