"""Which schema a source has, by the tables that are there."""

from collections.abc import Iterator, Sequence

import pytest

from petmsg.errors import MalformedFile, PetmsgError
from petmsg.importers.snoutos.legacy_schema import OldRow, OldTableMissing
from petmsg.importers.snoutos.old_schemas import (
    NEWER,
    OLDER,
    OldSchema,
    TablesMixed,
    columns_of,
    schema_of,
)


class Missing(MalformedFile, OldTableMissing):
    """There is no such table."""


class Tables:
    """A source with these tables."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def columns(self, table: str) -> Sequence[str]:
        if table not in self._names:
            raise Missing(table)
        return ["id"]

    def rows(self, table: str, columns: Sequence[str]) -> Iterator[OldRow]:
        raise AssertionError(f"nobody reads {columns} of {table}")

    def not_the_old_system(self, why: str) -> PetmsgError:
        return Missing(why)


@pytest.mark.parametrize(
    ("tables", "schema"),
    [
        (("Organization", "Thread", "Message"), OLDER),
        (("Organization",), OLDER),
        (("Thread",), OLDER),
        (("Org", "MessageThread", "MessageEvent"), NEWER),
        (("MessageThread", "MessageEvent", "Message"), NEWER),
        (("MessageEvent", "Client", "Sitter"), NEWER),
    ],
)
def test_a_schema_is_known_by_its_tables(tables: tuple[str, ...], schema: OldSchema) -> None:
    assert schema_of(Tables(*tables)) is schema


@pytest.mark.parametrize(
    "tables", [("Organization", "Org"), ("Thread", "MessageEvent"), ("Thread", "MessageThread")]
)
def test_tables_of_both_are_refused(tables: tuple[str, ...]) -> None:
    with pytest.raises(TablesMixed) as refused:
        schema_of(Tables(*tables))
    assert all(f'"{table}"' in refused.value.message for table in tables)


@pytest.mark.parametrize("tables", [(), ("Client", "Sitter", "Message")])
def test_tables_of_neither_are_refused(tables: tuple[str, ...]) -> None:
    with pytest.raises(Missing):
        schema_of(Tables(*tables))


@pytest.mark.parametrize("schema", [OLDER, NEWER])
def test_both_are_staged_in_the_same_tables(schema: OldSchema) -> None:
    for table in schema.tables:
        assert set(table.all_columns) <= set(columns_of(table.name))
        assert table.times <= set(table.all_columns)
        assert set(table.written) <= set(table.all_columns)
