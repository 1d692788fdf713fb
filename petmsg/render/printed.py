"""What a command prints: the field list of its rows, and how they stand in its JSON.

A command's declaration says it (`prints=`); docs/schemas is made from that.
"""

from enum import Enum
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:  # many commands are declared and few of them print
    from petmsg.render.fields import Field

Fields = tuple["Field", ...]


class Form(Enum):
    """How the rows of a command stand in its output."""

    ONE = "An object."
    LIST = "An array; with -o jsonl a line per item."
    RESULTS = (
        "An array; with -o jsonl a line per item. A row that was refused has the error instead."
    )
    KEPT = "A line per item; with -o json an array."
    LINES = "A line per item, with -o json as with -o jsonl."


class Printed(NamedTuple):
    """Rows of a field list in one of the forms.

    `source` is the list, or where it stands below `petmsg.render.views` (`simulate.SEGMENTS`): then
    it is loaded when it is asked for, and the command's `--help` need not wait for it.
    """

    form: Form
    source: Fields | str

    @property
    def fields(self) -> Fields:
        """The field list."""
        if not isinstance(self.source, str):
            return self.source
        module, _, name = self.source.partition(".")
        found: Fields = getattr(import_module(f"petmsg.render.views.{module}"), name)
        return found


def one(fields: Fields | str) -> Printed:
    """One thing."""
    return Printed(Form.ONE, fields)


def list_of(fields: Fields | str) -> Printed:
    """Any number of rows."""
    return Printed(Form.LIST, fields)


def results_of(fields: Fields | str) -> Printed:
    """A row for each thing the command was given; one that was refused has its error instead."""
    return Printed(Form.RESULTS, fields)


def export_of(fields: Fields | str) -> Printed:
    """Rows to be kept in a file: JSON lines unless another format is asked for."""
    return Printed(Form.KEPT, fields)


def stream_of(fields: Fields | str) -> Printed:
    """A row whenever something happens, for as long as the command runs."""
    return Printed(Form.LINES, fields)
