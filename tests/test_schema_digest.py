"""A freshly migrated database is known by its digest, and any change of its schema changes it."""

from petmsg.db.schema_digest import KNOWN, is_as_migrated, schema_digest
from tests.consistency import raw
from tests.fixtures import add_org, looking
from tests.migration_support import fill_old_shape, upgrade
from tests.test_schema_check import ANYWHERE, POSTGRESQL, SQLITE, split


def digest(url: str) -> str:
    with looking(url) as cursor:
        return schema_digest(cursor)


def test_a_fresh_database_has_the_digest_that_is_written_down(migrated_url: str) -> None:
    """After a new migration: write what is found here into `petmsg.db.schema_digest.KNOWN`.

    A PostgreSQL of another version may word its catalog differently; it is then compared in
    earnest, which only takes longer.
    """
    with looking(migrated_url) as cursor:
        assert schema_digest(cursor) in KNOWN.values()
        assert is_as_migrated(cursor)
    add_org(migrated_url)
    assert digest(migrated_url) in KNOWN.values(), "rows are no part of it"


def test_a_database_that_was_merged_has_it_too(database_url: str) -> None:
    fill_old_shape(database_url)
    upgrade(database_url, merge_duplicate_threads=True)
    assert digest(database_url) in KNOWN.values()


def test_each_change_is_seen(migrated_url: str) -> None:
    with raw(migrated_url) as cursor:
        fresh = schema_digest(cursor)
        changes = ANYWHERE | (SQLITE if cursor.is_sqlite else POSTGRESQL)
        digests = [fresh]
        for statements in changes:
            cursor.run("SAVEPOINT change")
            for statement in split(statements):
                cursor.run(statement)
            digests.append(schema_digest(cursor))
            cursor.run("ROLLBACK TO SAVEPOINT change")
        assert schema_digest(cursor) == fresh
    assert len(set(digests)) == len(changes) + 1
