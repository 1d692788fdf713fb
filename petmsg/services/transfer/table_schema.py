"""What an export holds: every table of the models, its columns, and how rows name each other.

All of it is read from the tables' metadata, so that a column or a table that a migration adds is
exported without new code. A row is named by what stays the same in another database: a client, a
sitter or a booking by its ref, a number by its E.164, a thread by its client, and a row without
such a name (a text) by its place in its file. Database ids stand in no file but `ids`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import sqlalchemy as sa

from petmsg.models import metadata

EXCLUDED = {
    "pull_mark": "up to when a carrier was asked, of all companies of a database together",
    "stray_text": "texts to numbers that are no company's: they belong to none",
    "sandbox_text": "what the sandbox carrier took: it is a carrier's, and belongs to no company",
}
"""Tables that are not exported, each with the reason."""

ROW = "row"
"""The column that numbers the rows of a table whose rows are named by their place."""


class Kind(StrEnum):
    """How a value is written: as text, a number, true or false, an instant, or as another row's
    name or place."""

    TEXT = "text"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    NAME = "name"
    PLACE = "place"


_KINDS: tuple[tuple[type[sa.types.TypeEngine[Any]], Kind], ...] = (
    (sa.Boolean, Kind.BOOLEAN),
    (sa.DateTime, Kind.INSTANT),
    (sa.Integer, Kind.INTEGER),
    (sa.Float, Kind.FLOAT),
    (sa.String, Kind.TEXT),  # an Enum is one too
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it is exported: `name` in the database, `label` in the file.

    A name or a place is of a row of `target`. `words` is the vocabulary of a text that has one.
    """

    name: str
    label: str
    kind: Kind
    nullable: bool
    target: str | None = None
    words: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """How a row's name is found: its `column`; where that is an id, the row of `table` it names."""

    column: str
    table: str | None = None


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A table as it is exported.

    Rows are in the order of the primary key (`order`, without the org). `has_id` says that the
    table numbers its rows itself. `name` are the steps to the text that names a row; without any
    it is named by its place, which a `numbered` file says in its first column.
    """

    table: str
    columns: tuple[Column, ...]
    order: tuple[str, ...]
    has_id: bool
    name: tuple[Step, ...]
    numbered: bool

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the file's columns."""
        return (*((ROW,) if self.numbered else ()), *(column.label for column in self.columns))

    @property
    def org_column(self) -> str:
        """The column that says whose the row is."""
        return "id" if self.table == "org" else "org_id"


@cache
def shapes() -> tuple[TableSchema, ...]:
    """Every exported table, each after those its rows point to."""
    return shapes_in(metadata)


def shapes_in(tables: sa.MetaData) -> tuple[TableSchema, ...]:
    """The tables of that metadata as they are exported.

    Raises `TypeError` for one that cannot be: its rows say not whose they are, or a column is of a
    type that no file knows.
    """
    exported = [table for table in tables.sorted_tables if table.name not in EXCLUDED]
    pointed_to = {
        target.name
        for table in exported
        for column in table.columns
        if (target := _target(column)) is not None
    }
    return tuple(_shape(table, is_named=table.name in pointed_to) for table in exported)


@cache
def shape_of(table: str) -> TableSchema:
    """The exported table of that name."""
    return next(shape for shape in shapes() if shape.table == table)


def _shape(table: sa.Table, *, is_named: bool) -> TableSchema:
    keys = [column.name for column in table.primary_key.columns]
    if table.name != "org" and "org_id" not in table.columns:
        raise TypeError(f"table {table.name} says of no row whose it is: export or exclude it")
    columns = tuple(
        _column(column) for column in table.columns if column.name not in ("id", "org_id")
    )
    labels = [column.label for column in columns]
    if len(set(labels)) != len(labels) or ROW in labels:
        raise TypeError(f"table {table.name} has two columns that would be called the same")
    name = _name(table)
    return TableSchema(
        table=table.name,
        columns=columns,
        order=tuple(key for key in keys if key != "org_id" and table.name != "org"),
        has_id="id" in keys,
        name=name,
        numbered=is_named and not name,
    )


def _column(column: sa.Column[object]) -> Column:
    nullable = bool(column.nullable)
    target = _target(column)
    if target is not None:
        label = column.name.removesuffix("_id")
        kind = Kind.NAME if _name(target) else Kind.PLACE
        return Column(column.name, label, kind, nullable, target.name)
    words = frozenset(column.type.enums) if isinstance(column.type, sa.Enum) else None
    return Column(column.name, column.name, _kind(column), nullable, words=words)


def _kind(column: sa.Column[object]) -> Kind:
    stored_as = column.type
    if isinstance(stored_as, sa.TypeDecorator):  # SQLModel's own texts and instants
        stored_as = stored_as.impl_instance
    for type_, kind in _KINDS:
        if isinstance(stored_as, type_):
            return kind
    raise TypeError(f"{column} is of a type that no export knows: {column.type!r}")


def _target(column: sa.Column[object]) -> sa.Table | None:
    """The table whose row the column names by its id; None if it names none.

    A foreign key may lead there by way of another table's foreign key, as a window's client does
    by way of its booking's.
    """
    if column.name == "org_id":
        return None
    for foreign_key in sorted(column.foreign_keys, key=lambda each: each.target_fullname):
        other = foreign_key.column
        if other.name == "id":
            return other.table
        found = _target(other)
        if found is not None:
            return found
    return None


def _name(table: sa.Table) -> tuple[Step, ...]:
    """The steps to what names a row of the table wherever it stands: the one column, never empty,
    that is unique in its org."""
    for constraint in sorted(_uniques(table), key=lambda columns: [each.name for each in columns]):
        own = [each for each in constraint if each.name != "org_id"]
        if len(own) != 1 or own[0].nullable or own[0].primary_key:
            continue
        target = _target(own[0])
        further = () if target is None else _name(target)
        if further and target is not None:
            return (Step(own[0].name, target.name), *further)
        if target is None and _kind(own[0]) is Kind.TEXT:
            return (Step(own[0].name),)
    return ()


def _uniques(table: sa.Table) -> list[Sequence[sa.Column[object]]]:
    return [
        list(constraint.columns)
        for constraint in table.constraints
        if isinstance(constraint, sa.UniqueConstraint)
    ]
