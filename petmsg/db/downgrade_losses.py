"""What a downgrade loses: the rows and values that the older schema has no place for.

Counted before and after it, in its own transaction.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from sqlalchemy import Connection

Holdings = dict[tuple[str, str | None], int]
"""How many rows each table has (column None), and how many say something in each column."""


class Loss(NamedTuple):
    """Rows of a table that are lost (`column` None), or what `rows` rows say in a column."""

    table: str
    column: str | None
    rows: int

    @property
    def what(self) -> str:
        """In words: `3 rows of relay`, `the relay of 1 org`."""
        if self.column is None:
            return f"{self.rows} {'row' if self.rows == 1 else 'rows'} of {self.table}"
        return f"{self.column} in {self.rows} {'row' if self.rows == 1 else 'rows'} of {self.table}"


def holdings(connection: "Connection", tables: Collection[str]) -> Holdings:
    """What those of the tables hold that exist. A column's default value says nothing."""
    from sqlalchemy import inspect

    inspector = inspect(connection)
    found: Holdings = {}
    for table in sorted(set(inspector.get_table_names()) & set(tables)):
        columns = inspector.get_columns(table)
        counted = ", ".join(
            f"count(CASE WHEN {_says_something(column)} THEN 1 END)" for column in columns
        )
        row = connection.exec_driver_sql(
            f"SELECT count(*), {counted} FROM {table}".replace("%", "%%")  # noqa: S608 because of the schema's own names
        ).one()
        found[(table, None)] = row[0]
        for column, count in zip(columns, row[1:], strict=True):
            found[(table, column["name"])] = count
    return found


def losses(before: Holdings, after: Holdings) -> list[Loss]:
    """What was held before and is not any more."""
    lost = []
    for (table, column), rows in before.items():
        if column is None:
            gone = rows - after.get((table, None), 0)
        elif (table, None) not in after or (table, column) in after:
            gone = 0  # its rows are counted, or it is still there
        else:
            gone = rows
        if gone > 0:
            lost.append(Loss(table, column, gone))
    return lost


def _says_something(column: Any) -> str:
    name, default = f'"{column["name"]}"', column["default"]
    if default is None or ("(" in default and "nextval" in default):
        return f"{name} IS NOT NULL"
    return f"{name} IS NOT NULL AND {name} <> {default}"
