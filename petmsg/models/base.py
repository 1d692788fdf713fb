"""What all tables share: the metadata with its naming convention, and column shorthands.

Plain `datetime` fields are stored as aware UTC by SQLModel (naive values are refused).
Vocabularies are stored by value with a CHECK.
"""

from enum import StrEnum

from sqlalchemy import Enum, ForeignKeyConstraint, MetaData
from sqlmodel import SQLModel

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING_CONVENTION)


class Table(SQLModel):
    """The base class of all tables, with petmsg's own metadata."""

    metadata = metadata


def vocabulary(kind: type[StrEnum], name: str) -> Enum:
    """A column type that stores the values of an enum as text, with a CHECK."""
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=16,
        values_callable=lambda members: [member.value for member in members],
    )


def in_org(table: str, *columns: str) -> ForeignKeyConstraint:
    """A foreign key that includes `org_id`, so that a row can only refer to rows of its own org.

    `columns` are this table's; the last parts of their names are the other table's (`client_id` →
    `id` if the column is the reference itself, otherwise the same name).
    """
    first, *others = columns
    targets = [f"{table}.org_id", f"{table}.id", *(f"{table}.{other}" for other in others)]
    return ForeignKeyConstraint(["org_id", first, *others], targets)
