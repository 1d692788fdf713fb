"""What an export holds is read from the tables' metadata: nothing is left out by oversight."""

import pytest
import sqlalchemy as sa

from petmsg.models import metadata
from petmsg.services.transfer.table_schema import EXCLUDED, Kind, shape_of, shapes, shapes_in


def unexported(tables: sa.MetaData, exported: set[str]) -> set[str]:
    """The tables that no export holds and no reason excludes."""
    return {name for name in tables.tables if name not in exported} - set(EXCLUDED)


def test_every_table_is_exported_or_excluded_with_a_reason() -> None:
    assert unexported(metadata, {shape.table for shape in shapes()}) == set()
    assert all(len(reason) > 20 for reason in EXCLUDED.values())
    assert set(EXCLUDED) <= set(metadata.tables), "a table that is no more needs no reason"


def test_a_table_that_is_left_out_would_be_noticed() -> None:
    assert unexported(metadata, {shape.table for shape in shapes()} - {"alert"}) == {"alert"}


@pytest.mark.parametrize("table", [shape.table for shape in shapes()])
def test_every_column_stands_in_its_file_but_the_ids_of_the_row_and_of_the_org(table: str) -> None:
    stored = {column.name for column in metadata.tables[table].columns}
    written = {column.name for column in shape_of(table).columns}
    assert stored - written <= {"id", "org_id"}


def test_no_file_names_a_row_by_its_database_id() -> None:
    """Every column that a foreign key holds is written as a name or a place."""
    for shape in shapes():
        keys = {
            column.name
            for column in metadata.tables[shape.table].columns
            if column.foreign_keys and column.name != "org_id"
        }
        written_as = {column.name: column.kind for column in shape.columns}
        assert {written_as[key] for key in keys} <= {Kind.NAME, Kind.PLACE}, shape.table


def test_rows_are_named_by_what_is_the_same_in_any_database() -> None:
    names = {shape.table: [step.column for step in shape.name] for shape in shapes()}
    assert names["client"] == names["sitter"] == names["booking"] == ["ref"]
    assert names["message_number"] == ["e164"]
    assert names["thread"] == ["client_id", "ref"]
    assert names["message"] == []
    assert shape_of("message").header[0] == "row"


def test_a_table_comes_after_those_its_rows_point_to() -> None:
    order = [shape.table for shape in shapes()]
    for shape in shapes():
        for column in shape.columns:
            if column.target not in (None, shape.table):
                assert order.index(column.target) < order.index(shape.table)


# ---------------------------------------------------------------- what a migration may add some day


def new_tables() -> sa.MetaData:
    """Two tables nobody has seen yet: one points to the other and to a table of today's."""
    tables = sa.MetaData()
    org = sa.Table("org", tables, sa.Column("id", sa.Integer, primary_key=True))
    org.append_column(sa.Column("slug", sa.String, nullable=False))
    org.append_constraint(sa.UniqueConstraint("slug"))
    sa.Table(
        "letter",
        tables,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("org_id", sa.ForeignKey("org.id"), nullable=False),
        sa.Column("words", sa.String, nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
    )
    sa.Table(
        "stamp",
        tables,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("org_id", sa.ForeignKey("org.id"), nullable=False),
        sa.Column("letter_id", sa.ForeignKey("letter.id"), nullable=False),
        sa.Column("cents", sa.Integer, nullable=False),
    )
    return tables


def test_a_new_table_and_its_columns_are_exported_without_new_code() -> None:
    found = {shape.table: shape for shape in shapes_in(new_tables())}
    assert found["letter"].header == ("row", "words", "sent_at")
    assert found["stamp"].header == ("letter", "cents")
    assert found["stamp"].columns[0].kind is Kind.PLACE


def test_a_table_that_says_not_whose_its_rows_are_is_refused() -> None:
    tables = new_tables()
    sa.Table("stray", tables, sa.Column("id", sa.Integer, primary_key=True))
    with pytest.raises(TypeError, match="stray"):
        shapes_in(tables)


def test_a_column_of_a_type_that_no_file_knows_is_refused() -> None:
    tables = new_tables()
    tables.tables["letter"].append_column(sa.Column("picture", sa.LargeBinary))
    with pytest.raises(TypeError, match="picture"):
        shapes_in(tables)
