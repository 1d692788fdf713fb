"""The schema of an export: the tables of the models, their columns, and how rows are referred to.

It is read from the metadata of the models, so that new columns and tables are exported without new
code. A reference uses a name that is the same in every database: the ref of a client, sitter or
booking, the E.164 of a number, the client of a thread. A row without such a name (a message) is
referred to by its row number. Only the file `ids` contains database ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import sqlalchemy as sa

from petmsg.models import metadata

EXCLUDED = {
    "pull_mark": "poll cursors of the providers, which all orgs of a database share",
    "stray_text": "unmatched messages to numbers of no org, which belong to no org",
    "media_link": "links from which a provider fetches files: they end with this database",
    "sandbox_text": "messages of the sandbox provider, which belong to the provider",
}
"""Tables that are not exported, each with the reason."""

ROW = "row"
"""The column with the row number, in tables whose rows are referred to by it."""


class Kind(StrEnum):
    """How a value is written: as text, a number, true or false, a time, or as the name or the row
    number of another row."""

    TEXT = "text"
    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    INSTANT = "instant"
    NAME = "name"
    ROW_NUMBER = "row_number"


_KINDS: tuple[tuple[type[sa.types.TypeEngine[Any]], Kind], ...] = (
    (sa.Boolean, Kind.BOOLEAN),
    (sa.DateTime, Kind.INSTANT),
    (sa.Integer, Kind.INTEGER),
    (sa.Float, Kind.FLOAT),
    (sa.String, Kind.TEXT),  # also an Enum
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an export: `name` in the database, `label` in the file.

    A name or row number refers to a row of the table `target`. `words` are the values of an enum.
    """

    name: str
    label: str
    kind: Kind
    nullable: bool
    target: str | None = None
    words: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step to the name of a row: its `column`, and the `table` that the column refers to."""

    column: str
    table: str | None = None


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A table of an export.

    Rows are in the order of the primary key (`order`, without the org). `has_id`: the table has a
    generated id. `name` are the steps to the name of a row. A row of a table without a name is
    referred to by its row number, the first column of a `numbered` file.
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
        """The column with the id of the row's org."""
        return "id" if self.table == "org" else "org_id"


@cache
def table_schemas() -> tuple[TableSchema, ...]:
    """All exported tables, each after the tables that it refers to."""
    return table_schemas_in(metadata)


def table_schemas_in(tables: sa.MetaData) -> tuple[TableSchema, ...]:
    """The exported tables of this metadata.

    Raises `TypeError` for a table without an `org_id` or with a column of an unknown type.
    """
    exported = [table for table in tables.sorted_tables if table.name not in EXCLUDED]
    pointed_to = {
        target.name
        for table in exported
        for column in table.columns
        if (target := _target(column)) is not None
    }
    return tuple(_table_schema(table, is_named=table.name in pointed_to) for table in exported)


@cache
def table_schema_of(table: str) -> TableSchema:
    """The exported table with this name."""
    return next(schema for schema in table_schemas() if schema.table == table)


def _table_schema(table: sa.Table, *, is_named: bool) -> TableSchema:
    keys = [column.name for column in table.primary_key.columns]
    if table.name != "org" and "org_id" not in table.columns:
        raise TypeError(f"table {table.name} has no org_id: add one, or exclude the table")
    columns = tuple(
        _column(column) for column in table.columns if column.name not in ("id", "org_id")
    )
    labels = [column.label for column in columns]
    if len(set(labels)) != len(labels) or ROW in labels:
        raise TypeError(f"table {table.name} has two columns with the same label")
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
        kind = Kind.NAME if _name(target) else Kind.ROW_NUMBER
        return Column(column.name, label, kind, nullable, target.name)
    words = frozenset(column.type.enums) if isinstance(column.type, sa.Enum) else None
    return Column(column.name, column.name, _kind(column), nullable, words=words)


def _kind(column: sa.Column[object]) -> Kind:
    stored_as = column.type
    if isinstance(stored_as, sa.TypeDecorator):  # SQLModel's own strings and times
        stored_as = stored_as.impl_instance
    for type_, kind in _KINDS:
        if isinstance(stored_as, type_):
            return kind
    raise TypeError(f"{column} has a type that cannot be exported: {column.type!r}")


def _target(column: sa.Column[object]) -> sa.Table | None:
    """The table that the column refers to by id; None if it is no reference.

    A foreign key may lead there through another table's foreign key, as a window's client does
    through its booking's.
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
    """The steps to the name of a row of the table: a single column that is never empty and unique
    within its org."""
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
