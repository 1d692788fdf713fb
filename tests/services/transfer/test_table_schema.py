"""The schema of an export is read from the models' metadata, so that nothing is forgotten."""

import pytest
import sqlalchemy as sa

from petmsg.models import metadata
from petmsg.services.transfer.table_schema import (
    EXCLUDED,
    Kind,
    table_schema_of,
    table_schemas,
    table_schemas_in,
)


def unexported(tables: sa.MetaData, exported: set[str]) -> set[str]:
    """The tables that are neither exported nor excluded with a reason."""
    return {name for name in tables.tables if name not in exported} - set(EXCLUDED)


def test_every_table_is_exported_or_excluded_with_a_reason() -> None:
    assert unexported(metadata, {schema.table for schema in table_schemas()}) == set()
    assert all(len(reason) > 20 for reason in EXCLUDED.values())
    assert set(EXCLUDED) <= set(metadata.tables), "a table that is no more needs no reason"


def test_a_table_that_is_not_exported_is_found() -> None:
    assert unexported(metadata, {schema.table for schema in table_schemas()} - {"alert"}) == {
        "alert"
    }


@pytest.mark.parametrize("table", [schema.table for schema in table_schemas()])
def test_every_column_except_id_and_org_id_is_exported(table: str) -> None:
    stored = {column.name for column in metadata.tables[table].columns}
    written = {column.name for column in table_schema_of(table).columns}
    assert stored - written <= {"id", "org_id"}


def test_no_file_refers_to_a_row_by_its_database_id() -> None:
    """Every column with a foreign key is written as a name or a row number."""
    for schema in table_schemas():
        keys = {
            column.name
            for column in metadata.tables[schema.table].columns
            if column.foreign_keys and column.name != "org_id"
        }
        written_as = {column.name: column.kind for column in schema.columns}
        assert {written_as[key] for key in keys} <= {Kind.NAME, Kind.ROW_NUMBER}, schema.table


def test_rows_are_named_by_values_that_are_the_same_in_every_database() -> None:
    names = {schema.table: [step.column for step in schema.name] for schema in table_schemas()}
    assert names["client"] == names["sitter"] == names["booking"] == ["ref"]
    assert names["message_number"] == ["e164"]
    assert names["thread"] == ["client_id", "ref"]
    assert names["message"] == []
    assert table_schema_of("message").header[0] == "row"


def test_a_table_comes_after_the_tables_it_refers_to() -> None:
    order = [schema.table for schema in table_schemas()]
    for schema in table_schemas():
        for column in schema.columns:
            if column.target not in (None, schema.table):
                assert order.index(column.target) < order.index(schema.table)


# ---------------------------------------------------------------- what a migration may add some day


def new_tables() -> sa.MetaData:
    """Two new tables: one refers to the other and to an existing table."""
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
    found = {schema.table: schema for schema in table_schemas_in(new_tables())}
    assert found["letter"].header == ("row", "words", "sent_at")
    assert found["stamp"].header == ("letter", "cents")
    assert found["stamp"].columns[0].kind is Kind.ROW_NUMBER


def test_a_table_without_an_org_id_is_refused() -> None:
    tables = new_tables()
    sa.Table("stray", tables, sa.Column("id", sa.Integer, primary_key=True))
    with pytest.raises(TypeError, match="stray"):
        table_schemas_in(tables)


def test_a_column_of_an_unknown_type_is_refused() -> None:
    tables = new_tables()
    tables.tables["letter"].append_column(sa.Column("picture", sa.LargeBinary))
    with pytest.raises(TypeError, match="picture"):
        table_schemas_in(tables)
