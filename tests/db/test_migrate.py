"""Migrations: all of it or nothing, and nothing lost, on both databases, with rows in them."""

from __future__ import annotations

import ast
import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from petmsg.db import migrate, schema_version
from petmsg.db.location import APPLICATION_ID
from petmsg.db.write_lock import write_lock
from petmsg.errors import (
    Busy,
    DatabaseMissing,
    DatabaseUnusable,
    DuplicateThreads,
    SchemaAhead,
    UsageProblem,
)
from petmsg.models import metadata
from petmsg.rules.audit_chain import canonical
from tests import ROOT
from tests.support.migration_support import (
    ACTOR,
    NOW,
    Book,
    begun,
    broken_links,
    dump,
    failed_everywhere,
    fill_and_merge,
    fill_old_shape,
    gist,
    rows,
    run,
    schema,
    upgrade,
)
from tests.support.postgres import Builder, Copies

SECOND = "0002_one_thread_per_client"
HEAD = migrate.head()
VERSIONS = sorted((ROOT / "migrations/versions").glob("*.py"))


@pytest.fixture
def old(database_copies: Copies) -> str:
    """A database at 0001 with clients who have several threads."""
    return database_copies("old shape", fill_old_shape)


@pytest.fixture
def merged(database_copies: Copies) -> str:
    """The same at the head, its threads merged."""
    return database_copies("merged", fill_and_merge)


def counts(url: str) -> list[tuple[object, ...]]:
    """How many messages and windows each client has."""
    return rows(
        url,
        "SELECT 'message', org_id, client_id, count(*) FROM message GROUP BY 2, 3 UNION ALL"
        " SELECT 'window', org_id, client_id, count(*) FROM assignment_window GROUP BY 2, 3"
        " ORDER BY 1, 2, 3",
    )


# -------------------------------------------------------------------------------- the two schemas


def test_a_fresh_upgrade_makes_exactly_what_the_models_say(database_url: str) -> None:
    """Columns, types, NULLs, keys, CHECKs, indexes with their conditions, and all their names."""
    engine = create_engine(database_url, poolclass=NullPool)
    metadata.create_all(engine)
    wanted = schema(database_url)
    metadata.drop_all(engine)
    upgrade(database_url)
    made = schema(database_url)
    assert sorted(made) == sorted(metadata.tables)
    assert {name: made[name] for name in made if made[name] != wanted[name]} == {}


def test_0001_is_the_old_shape(database_url: str) -> None:
    """A thread per booking: unique per org, client and booking."""
    upgrade(database_url, "0001")
    thread = schema(database_url)["thread"]
    assert any("booking_id" in column for column in thread["columns"])
    assert any("[org_id, client_id, booking_id]" in unique for unique in thread["uniques"])
    assert not any("[org_id, client_id]" in unique for unique in thread["uniques"])


def test_no_revision_imports_the_models() -> None:
    """A revision is frozen: what it makes does not change when the models do."""

    def imported(source: str) -> set[str]:
        found: set[str] = set()
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found |= {f"{node.module}.{alias.name}" for alias in node.names}
        return {name for name in found if name.startswith("petmsg.models")}

    assert imported("from petmsg import models") == {"petmsg.models"}
    assert imported("from petmsg.models import Thread") == {"petmsg.models.Thread"}
    assert len(VERSIONS) >= 2
    assert {path.name: imported(path.read_text(encoding="utf-8")) for path in VERSIONS} == {
        path.name: set() for path in VERSIONS
    }


def test_the_known_revisions_are_those_of_the_scripts() -> None:
    scripts = ScriptDirectory.from_config(migrate.config())
    assert scripts.get_current_head() == schema_version.HEAD == HEAD
    oldest_first = [step.revision for step in scripts.walk_revisions()][::-1]
    assert tuple(oldest_first) == schema_version.REVISIONS


def test_asking_for_the_head_does_not_load_alembic() -> None:
    code = "import sys, petmsg.db.migrate as m; m.head(); print('alembic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# --------------------------------------------------------------------------- clients with several


def test_clients_with_several_threads_stop_the_upgrade_and_nothing_changes(old: str) -> None:
    before = dump(old)
    with pytest.raises(DuplicateThreads) as refusal:
        upgrade(old)
    assert dump(old) == before
    assert refusal.value.message.splitlines() == [
        "3 clients have several threads. Nothing was changed.",
        (
            "  happy-paws client 'C-1': "
            "thread 11 (1 messages), thread 10 (1 messages), thread 12 (4 messages)"
        ),
        "  happy-paws client 'C-3': thread 30 (0 messages), thread 31 (1 messages)",
        "  other client 'C-1': thread 50 (0 messages), thread 51 (1 messages)",
    ]
    details = refusal.value.details  # type: ignore[attr-defined]
    assert details[1] == {
        "org": "happy-paws",
        "client": "C-3",
        "threads": [
            {"thread": 30, "messages": 0, "windows": 1},
            {"thread": 31, "messages": 1, "windows": 0},
        ],
    }


def test_the_list_names_twenty_clients_and_counts_the_rest(sqlite_url: str) -> None:
    upgrade(sqlite_url, "0001")
    with begun(sqlite_url) as connection:
        book = Book(connection)
        book.org(1, "happy-paws")
        for client in range(1, 24):
            book.client(client, f"C-{client}")
            book.thread(2 * client, client, None)
            book.thread(2 * client + 1, client, None)
    with pytest.raises(DuplicateThreads) as refusal:
        upgrade(sqlite_url)
    lines = refusal.value.message.splitlines()
    assert len(lines) == 22
    assert lines[-1] == "  and 3 more clients"
    assert len(refusal.value.details) == 23  # type: ignore[attr-defined]


def test_merging_loses_no_message_and_no_window(old: str) -> None:
    before = counts(old)
    upgrade(old, merge_duplicate_threads=True)
    assert counts(old) == before
    assert rows(old, "SELECT count(*) FROM message WHERE thread_id IS NULL") == [(1,)]
    assert rows(
        old,
        "SELECT DISTINCT client_id, thread_id FROM message WHERE thread_id IS NOT NULL UNION"
        " SELECT client_id, thread_id FROM assignment_window ORDER BY 1",
    ) == [(1, 11), (2, 20), (3, 30), (4, 40), (5, 50)]


def test_merging_keeps_the_oldest_thread_and_the_number_that_spoke_last(merged: str) -> None:
    """C-1 saw number 3 last, in a thread that goes; C-3 only has the number of the one that goes.

    The default number is the kept thread's, else the oldest other's. Other threads are untouched.
    """
    assert rows(
        merged,
        "SELECT id, client_id, pool_number_id, default_number_id FROM thread ORDER BY id",
    ) == [
        (11, 1, 3, 1),
        (20, 2, 1, None),
        (30, 3, 2, None),
        (40, 4, None, None),
        (50, 5, None, None),
    ]


def test_each_merge_is_an_event_in_its_orgs_chain(old: str) -> None:
    migrated = upgrade(old, merge_duplicate_threads=True)
    assert broken_links(old) == []
    events = rows(
        old,
        "SELECT org_id, seq, actor, event, entity, ref, reason FROM audit_event ORDER BY 1, 2",
    )
    words = (ACTOR, "thread.merged", "thread")
    assert events == [
        (1, 1, *words, "C-1", "one thread per client"),
        (1, 2, *words, "C-3", "one thread per client"),
        (2, 1, ACTOR, "org.added", "org", "other", None),
        (2, 2, *words, "C-1", "one thread per client"),
    ]
    payload = {
        "client": "C-1",
        "kept": 11,
        "merged": [
            {"thread": 10, "messages": 1, "windows": 1},
            {"thread": 12, "messages": 4, "windows": 1},
        ],
    }
    query = "SELECT payload FROM audit_event WHERE org_id = 1 AND seq = 1"
    assert rows(old, query) == [(canonical(payload),)]
    assert migrated.merged[0] == {"org": "happy-paws", **payload}
    assert [merge["client"] for merge in migrated.merged] == ["C-1", "C-3", "C-1"]
    table = metadata.tables["audit_event"]
    with begun(old) as connection:
        instants = connection.execute(table.select().with_only_columns(table.c.at)).scalars()
        assert NOW in set(instants)


def test_a_broken_chain_is_noticed(sqlite_copies: Copies) -> None:
    """The check the test above relies on."""
    url = sqlite_copies("merged", fill_and_merge)
    run(url, "DROP TRIGGER audit_event_no_update", "UPDATE audit_event SET actor = 'eve'")
    assert "happy-paws 1 was changed" in broken_links(url)


def test_without_duplicates_nothing_is_merged_or_audited(database_url: str) -> None:
    upgrade(database_url, "0001")
    with begun(database_url) as connection:
        book = Book(connection)
        book.org(1, "happy-paws")
        book.client(1, "C-1")
        book.thread(1, 1, None)
    assert upgrade(database_url, merge_duplicate_threads=True) == migrate.Migrated("0001", HEAD)
    assert rows(database_url, "SELECT count(*) FROM audit_event") == [(0,)]


# ------------------------------------------------------------------------------ down and up again


def test_down_and_up_again_keeps_every_row(merged: str) -> None:
    at_head = gist(merged)
    assert migrate.downgrade(merged, "0001") == migrate.Migrated(HEAD, "0001")
    assert upgrade(merged) == migrate.Migrated("0001", HEAD)
    assert gist(merged) == at_head


def test_down_gives_each_thread_the_booking_of_its_earliest_window(merged: str) -> None:
    """C-1's bookings start in the order 103, 102, 101. A client who never booked has none."""
    run(merged, "DELETE FROM assignment_window WHERE client_id = 3")
    migrate.downgrade(merged, "0001")
    assert rows(merged, "SELECT client_id, booking_id FROM thread ORDER BY 1") == [
        (1, 103),
        (2, 104),
        (3, 105),
        (4, None),
        (5, 107),
    ]


def test_down_makes_the_old_schema_again(database_url: str) -> None:
    upgrade(database_url, "0001")
    old = gist(database_url)
    upgrade(database_url)
    assert gist(database_url) != old
    migrate.downgrade(database_url, "0001")
    assert gist(database_url) == old


def test_down_to_base_leaves_nothing_of_ours(merged: str) -> None:
    assert migrate.downgrade(merged, "base") == migrate.Migrated(HEAD, None)
    assert schema(merged) == {}
    assert "petmsg_" not in "".join(dump(merged))


# --------------------------------------------------------------------------------- all or nothing


def at_base(url: str) -> None:
    upgrade(url, "base")


def at_0002(url: str) -> None:
    fill_old_shape(url)
    upgrade(url, SECOND, merge_duplicate_threads=True)


WAYS: dict[str, tuple[Builder, Callable[[str], object], int]] = {
    "up from nothing": (at_base, lambda url: upgrade(url, "0001"), 50),
    "up with rows": (
        fill_old_shape,
        lambda url: upgrade(url, SECOND, merge_duplicate_threads=True),
        20,
    ),
    "down with rows": (at_0002, lambda url: migrate.downgrade(url, "0001"), 5),
    "down to nothing": (fill_old_shape, lambda url: migrate.downgrade(url, "base"), 15),
}
"""What is there before, the migration, and more statements than it has at least. Later revisions
are tried like this in files of their own."""


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_a_failure_after_any_statement_leaves_everything_as_it_was(
    database_copies: Copies, way: str
) -> None:
    """Fail after the first write, after the second, and so on, at the commit too."""
    before, migration, many = WAYS[way]
    url = database_copies(way, before)
    statements = failed_everywhere(url, lambda: migration(url))
    assert len(statements) > many
    assert statements[-1] == "COMMIT"


@pytest.mark.slow
def test_a_failure_between_two_revisions_leaves_neither(old: str) -> None:
    """Fail where each revision ends, on the way from the first to the last and back to none."""
    ends = {"of": "alembic_version|COMMIT"}
    up = failed_everywhere(old, lambda: upgrade(old, merge_duplicate_threads=True), **ends)
    assert len(up) == len(schema_version.REVISIONS)
    down = failed_everywhere(old, lambda: migrate.downgrade(old, "base"), **ends)
    assert len(down) == len(schema_version.REVISIONS) + 1
    assert up[-1] == down[-1] == "COMMIT"


def test_a_row_that_points_nowhere_stops_a_migration(sqlite_url: str) -> None:
    """Foreign keys are off while a table is rebuilt, so they are all checked before the commit."""
    upgrade(sqlite_url, "0001")
    run(sqlite_url, "INSERT INTO audit_head (org_id, seq, hash) VALUES (7, 1, 'x')")
    before = dump(sqlite_url)
    with pytest.raises(DatabaseUnusable, match="1 rows of audit_head"):
        upgrade(sqlite_url)
    assert dump(sqlite_url) == before


def test_a_merge_that_would_lose_a_message_is_undone(sqlite_copies: Copies) -> None:
    """Somebody's own trigger deletes a message with its thread."""
    url = sqlite_copies("old shape", fill_old_shape)
    run(
        url,
        "CREATE TRIGGER theirs AFTER DELETE ON thread BEGIN"
        " DELETE FROM message WHERE id = (SELECT min(id) FROM message); END",
    )
    before = dump(url)
    with pytest.raises(RuntimeError, match="would lose messages"):
        upgrade(url, merge_duplicate_threads=True)
    assert dump(url) == before


def test_an_upgrade_waits_for_writers(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes the lock that every writer takes, and gives up if that is held for too long."""
    upgrade(sqlite_url, "0001")
    monkeypatch.setattr(migrate, "LOCK_SECONDS", 0.05)
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with write_lock(path):
        with pytest.raises(Busy):
            upgrade(sqlite_url)
        with pytest.raises(Busy):
            migrate.downgrade(sqlite_url, "base")
    assert upgrade(sqlite_url).before == "0001"


def test_a_dry_run_says_what_it_would_do_and_does_nothing(old: str) -> None:
    before = dump(old)
    rehearsed = upgrade(old, merge_duplicate_threads=True, dry_run=True)
    assert dump(old) == before
    assert migrate.downgrade(old, "base", dry_run=True).after is None
    assert dump(old) == before
    assert upgrade(old, merge_duplicate_threads=True) == rehearsed


def test_repeating_an_upgrade_changes_nothing(migrated_url: str) -> None:
    before = dump(migrated_url)
    assert upgrade(migrated_url) == migrate.Migrated(HEAD, HEAD)
    assert dump(migrated_url) == before


# ------------------------------------------------------------------------- files, revisions, others


def test_a_created_file_is_private_and_marked_and_writes_ahead(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "a b%3F.db"
    url = f"sqlite:///{path}".replace("%", "%25").replace(" ", "%20")
    upgrade(url)
    assert [p.name for p in tmp_path.iterdir()] == ["new folder"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert rows(url, "PRAGMA application_id") == [(APPLICATION_ID,)]
    assert rows(url, "PRAGMA journal_mode") == [("wal",)]


def test_a_missing_file_is_made_only_when_asked_for(sqlite_url: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseMissing):
        upgrade(sqlite_url, create=False)
    with pytest.raises(DatabaseMissing):
        migrate.downgrade(sqlite_url, "base")
    with pytest.raises(DatabaseMissing):
        migrate.check(sqlite_url)
    assert upgrade(sqlite_url, dry_run=True) == migrate.Migrated(None, HEAD)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mark", ["PRAGMA application_id=7", "CREATE TABLE recipe (name TEXT)"])
def test_another_programs_file_is_left_alone(sqlite_url: str, mark: str) -> None:
    run(sqlite_url, mark)
    before = dump(sqlite_url)
    with pytest.raises(DatabaseUnusable) as refusal:
        upgrade(sqlite_url)
    assert refusal.value.code == "database_foreign"
    assert dump(sqlite_url) == before


def test_an_unknown_revision_is_wrong_usage(migrated_url: str) -> None:
    for revision in ("0077", "no such", "", "0", "+7", "heads", "0001:head"):
        with pytest.raises(UsageProblem, match="Unknown schema revision"):
            upgrade(migrated_url, revision)
        with pytest.raises(UsageProblem, match="Unknown schema revision"):
            migrate.downgrade(migrated_url, revision)


def test_a_database_of_a_newer_petmsg_is_left_alone(migrated_url: str) -> None:
    run(migrated_url, "UPDATE alembic_version SET version_num = '0099_tomorrow'")
    before = dump(migrated_url)
    for attempt in (
        lambda: upgrade(migrated_url),
        lambda: migrate.downgrade(migrated_url, "base"),
        lambda: migrate.check(migrated_url),
    ):
        with pytest.raises(SchemaAhead, match="0099_tomorrow"):
            attempt()
    assert dump(migrated_url) == before


def test_the_payload_is_canonical_json(sqlite_copies: Copies) -> None:
    url = sqlite_copies("merged", fill_and_merge)
    for (payload,) in rows(url, "SELECT payload FROM audit_event"):
        assert canonical(json.loads(payload)) == payload
