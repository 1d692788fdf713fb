"""Migrations: all of it or nothing, and nothing lost, on both databases, with rows in them."""

from __future__ import annotations

import ast
import json
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from petmsg.chain import canonical
from petmsg.db import migrate, schema_version
from petmsg.db.location import APPLICATION_ID
from petmsg.db.lock import write_lock
from petmsg.errors import (
    Busy,
    DatabaseMissing,
    DatabaseUnusable,
    DuplicateThreads,
    SchemaAhead,
    UsageProblem,
)
from petmsg.models import metadata
from tests.migration_support import (
    ACTOR,
    NOW,
    Book,
    begun,
    broken_links,
    dump,
    failed_everywhere,
    fill_old_shape,
    gist,
    rows,
    run,
    schema,
    upgrade,
)

HEAD = migrate.head()
VERSIONS = sorted((Path(__file__).parent.parent / "migrations/versions").glob("*.py"))


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


def test_clients_with_several_threads_stop_the_upgrade_and_nothing_changes(
    database_url: str,
) -> None:
    fill_old_shape(database_url)
    before = dump(database_url)
    with pytest.raises(DuplicateThreads) as refusal:
        upgrade(database_url)
    assert dump(database_url) == before
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


def test_merging_loses_no_message_and_no_window(database_url: str) -> None:
    fill_old_shape(database_url)
    before = counts(database_url)
    upgrade(database_url, merge_duplicate_threads=True)
    assert counts(database_url) == before
    assert rows(database_url, "SELECT count(*) FROM message WHERE thread_id IS NULL") == [(1,)]
    assert rows(
        database_url,
        "SELECT DISTINCT client_id, thread_id FROM message WHERE thread_id IS NOT NULL UNION"
        " SELECT client_id, thread_id FROM assignment_window ORDER BY 1",
    ) == [(1, 11), (2, 20), (3, 30), (4, 40), (5, 50)]


def test_merging_keeps_the_oldest_thread_and_the_number_that_spoke_last(database_url: str) -> None:
    """C-1 saw number 3 last, in a thread that goes; C-3 only has the number of the one that goes.

    The default number is the kept thread's, else the oldest other's. Other threads are untouched.
    """
    fill_old_shape(database_url)
    upgrade(database_url, merge_duplicate_threads=True)
    assert rows(
        database_url,
        "SELECT id, client_id, pool_number_id, default_number_id FROM thread ORDER BY id",
    ) == [
        (11, 1, 3, 1),
        (20, 2, 1, None),
        (30, 3, 2, None),
        (40, 4, None, None),
        (50, 5, None, None),
    ]


def test_each_merge_is_an_event_in_its_orgs_chain(database_url: str) -> None:
    fill_old_shape(database_url)
    migrated = upgrade(database_url, merge_duplicate_threads=True)
    assert broken_links(database_url) == []
    events = rows(
        database_url,
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
    assert rows(database_url, query) == [(canonical(payload),)]
    assert migrated.merged[0] == {"org": "happy-paws", **payload}
    assert [merge["client"] for merge in migrated.merged] == ["C-1", "C-3", "C-1"]
    table = metadata.tables["audit_event"]
    with begun(database_url) as connection:
        instants = connection.execute(table.select().with_only_columns(table.c.at)).scalars()
        assert NOW in set(instants)


def test_a_broken_chain_is_noticed(sqlite_url: str) -> None:
    """The check the test above relies on."""
    fill_old_shape(sqlite_url)
    upgrade(sqlite_url, merge_duplicate_threads=True)
    run(sqlite_url, "DROP TRIGGER audit_event_no_update", "UPDATE audit_event SET actor = 'eve'")
    assert "happy-paws 1 was changed" in broken_links(sqlite_url)


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


def test_down_and_up_again_keeps_every_row(database_url: str) -> None:
    fill_old_shape(database_url)
    upgrade(database_url, merge_duplicate_threads=True)
    at_head = gist(database_url)
    assert migrate.downgrade(database_url, "0001") == migrate.Migrated(HEAD, "0001")
    assert upgrade(database_url) == migrate.Migrated("0001", HEAD)
    assert gist(database_url) == at_head


def test_down_gives_each_thread_the_booking_of_its_earliest_window(database_url: str) -> None:
    """C-1's bookings start in the order 103, 102, 101. A client who never booked has none."""
    fill_old_shape(database_url)
    run(database_url, "DELETE FROM assignment_window WHERE client_id = 3")
    upgrade(database_url, merge_duplicate_threads=True)
    migrate.downgrade(database_url, "0001")
    assert rows(database_url, "SELECT client_id, booking_id FROM thread ORDER BY 1") == [
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


def test_down_to_base_leaves_nothing_of_ours(database_url: str) -> None:
    fill_old_shape(database_url)
    upgrade(database_url, merge_duplicate_threads=True)
    assert migrate.downgrade(database_url, "base") == migrate.Migrated(HEAD, None)
    assert schema(database_url) == {}
    assert "petmsg_" not in "".join(dump(database_url))


# --------------------------------------------------------------------------------- all or nothing


@pytest.mark.slow
@pytest.mark.parametrize("way", ["up from nothing", "up with rows", "down to nothing"])
def test_a_failure_after_any_statement_leaves_everything_as_it_was(
    database_url: str, way: str
) -> None:
    """Fail after the first write, after the second, and so on, at the commit too."""
    if way != "up from nothing":
        fill_old_shape(database_url)
    elif database_url.startswith("sqlite"):
        migrate.upgrade(database_url, revision="base", actor=ACTOR, now=NOW, create=True)
    if way == "down to nothing":
        upgrade(database_url, merge_duplicate_threads=True)

    def migration() -> object:
        if way == "down to nothing":
            return migrate.downgrade(database_url, "base")
        return upgrade(database_url, merge_duplicate_threads=True)

    statements = failed_everywhere(database_url, migration)
    assert len(statements) > 15
    assert statements[-1] == "COMMIT"


def test_a_row_that_points_nowhere_stops_a_migration(sqlite_url: str) -> None:
    """Foreign keys are off while a table is rebuilt, so they are all checked before the commit."""
    upgrade(sqlite_url, "0001")
    run(sqlite_url, "INSERT INTO audit_head (org_id, seq, hash) VALUES (7, 1, 'x')")
    before = dump(sqlite_url)
    with pytest.raises(DatabaseUnusable, match="1 rows of audit_head"):
        upgrade(sqlite_url)
    assert dump(sqlite_url) == before


def test_a_merge_that_would_lose_a_message_is_undone(sqlite_url: str) -> None:
    """Somebody's own trigger deletes a message with its thread."""
    fill_old_shape(sqlite_url)
    run(
        sqlite_url,
        "CREATE TRIGGER theirs AFTER DELETE ON thread BEGIN"
        " DELETE FROM message WHERE id = (SELECT min(id) FROM message); END",
    )
    before = dump(sqlite_url)
    with pytest.raises(RuntimeError, match="would lose messages"):
        upgrade(sqlite_url, merge_duplicate_threads=True)
    assert dump(sqlite_url) == before


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


def test_a_dry_run_says_what_it_would_do_and_does_nothing(database_url: str) -> None:
    fill_old_shape(database_url)
    before = dump(database_url)
    rehearsed = upgrade(database_url, merge_duplicate_threads=True, dry_run=True)
    assert dump(database_url) == before
    assert migrate.downgrade(database_url, "base", dry_run=True).after is None
    assert dump(database_url) == before
    assert upgrade(database_url, merge_duplicate_threads=True) == rehearsed


def test_repeating_an_upgrade_changes_nothing(database_url: str) -> None:
    upgrade(database_url)
    before = dump(database_url)
    assert upgrade(database_url) == migrate.Migrated(HEAD, HEAD)
    assert dump(database_url) == before


UPGRADE = """
import sys
from datetime import UTC, datetime
from petmsg.db import migrate
sys.stdin.readline()
done = migrate.upgrade(sys.argv[1], actor="test", now=datetime.now(UTC), create=True)
print(done.before, done.after)
"""


@pytest.mark.slow
def test_twelve_upgrades_at_once_all_succeed(database_url: str) -> None:
    """One of them migrates, and the others find nothing to do."""
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", UPGRADE, database_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(12)
    ]
    time.sleep(0.5)
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    ended = [racer.communicate(timeout=120) for racer in racers]
    assert [
        (racer.returncode, errors) for racer, (_, errors) in zip(racers, ended, strict=True)
    ] == [(0, "")] * 12
    assert sorted(said.strip() for said, _ in ended) == [f"{HEAD} {HEAD}"] * 11 + [f"None {HEAD}"]
    assert migrate.check(database_url) == []


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


def test_an_unknown_revision_is_wrong_usage(database_url: str) -> None:
    upgrade(database_url)
    for revision in ("0009", "no such", "", "0", "+7", "heads", "0001:head"):
        with pytest.raises(UsageProblem, match="no way to"):
            upgrade(database_url, revision)
        with pytest.raises(UsageProblem, match="no way to"):
            migrate.downgrade(database_url, revision)


def test_a_database_of_a_newer_petmsg_is_left_alone(database_url: str) -> None:
    upgrade(database_url)
    run(database_url, "UPDATE alembic_version SET version_num = '0099_tomorrow'")
    before = dump(database_url)
    for attempt in (
        lambda: upgrade(database_url),
        lambda: migrate.downgrade(database_url, "base"),
        lambda: migrate.check(database_url),
    ):
        with pytest.raises(SchemaAhead, match="0099_tomorrow"):
            attempt()
    assert dump(database_url) == before


def test_the_payload_is_canonical_json(sqlite_url: str) -> None:
    fill_old_shape(sqlite_url)
    upgrade(sqlite_url, merge_duplicate_threads=True)
    for (payload,) in rows(sqlite_url, "SELECT payload FROM audit_event"):
        assert canonical(json.loads(payload)) == payload
