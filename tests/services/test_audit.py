"""Tampering with the audit, by hand and with its triggers dropped, and what finds it."""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from petmsg.clock import iso_utc
from petmsg.db.statements import instant_from_text
from petmsg.errors import MalformedFile
from petmsg.queries.org import find_org
from petmsg.rules.audit_chain import GENESIS, event_hash
from petmsg.services.audit import Verified, parse_heads, verify
from tests.support.fixtures import add_org, looking, run_cli, working

EVENTS = 8
Tamper = Callable[[sqlite3.Connection], None]


@pytest.fixture
def url(migrated_sqlite: str) -> str:
    """An org with eight events; its triggers are gone, as for somebody with the file."""
    add_org(migrated_sqlite, front_desk=None)
    with working(migrated_sqlite) as uow:
        for at in range(2, EVENTS + 1):
            uow.audit("booking.looked_at", "booking", f"B-{at}", {"at": at}, reason="test")
    return migrated_sqlite


@pytest.fixture
def file(url: str) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as opened:
        names = opened.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            opened.execute(f"DROP TRIGGER {name}")
        yield opened


def verified(url: str, heads: str | None = None) -> Verified:
    with looking(url) as cursor:
        org = find_org(cursor, None)
        parsed = parse_heads(heads).get(org.slug) if heads is not None else None
        return verify(cursor, org, heads=parsed)


def head(file: sqlite3.Connection) -> str:
    seq, digest = file.execute("SELECT seq, hash FROM audit_head").fetchone()
    return json.dumps({"org": "happy-paws", "seq": seq, "hash": digest})


def recompute(file: sqlite3.Connection) -> None:
    """Write every hash anew, head and all: what a thorough forger does."""
    previous = GENESIS
    columns = "seq, at, actor, event, entity, ref, reason, payload"
    rows = file.execute(f"SELECT {columns} FROM audit_event ORDER BY seq").fetchall()
    for seq, at, actor, event, entity, ref, reason, payload in rows:
        digest = event_hash(
            org="happy-paws", seq=seq, at=instant_from_text(at), actor=actor, event=event,
            entity=entity, ref=ref, reason=reason, payload=payload, previous=previous,
        )  # fmt: skip
        file.execute(
            "UPDATE audit_event SET previous_hash = ?, hash = ? WHERE seq = ?",
            (previous, digest, seq),
        )
        previous = digest
    file.execute("UPDATE audit_head SET seq = ?, hash = ?", (len(rows), previous))


def test_an_untouched_chain_holds(url: str, file: sqlite3.Connection) -> None:
    exported = head(file)
    assert verified(url) == Verified("happy-paws", EVENTS, ok=True, broken_seq=None, problem=None)
    assert verified(url, exported).ok


def test_the_hash_is_what_anybody_can_compute_with_the_standard_library(
    url: str, file: sqlite3.Connection
) -> None:
    file.row_factory = sqlite3.Row
    row = file.execute("SELECT * FROM audit_event WHERE seq = 2").fetchone()
    fields = {
        "org": "happy-paws",
        "at": iso_utc(instant_from_text(row["at"])),
        "previous": row["previous_hash"],
        **{key: row[key] for key in ("seq", "actor", "event", "entity", "ref", "reason")},
        "payload": row["payload"],
    }
    text = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(f"petmsg-audit-1\n{text}".encode()).hexdigest() == row["hash"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2026-02-14 15:00:00.000001"),
        ("at", "yesterday"),
        ("at", 0),
        ("at", b"2026-02-14 15:00:00.000000"),
        ("actor", "somebody@else"),
        ("event", "booking.cancelled"),
        ("entity", "sitter"),
        ("ref", "B-99"),
        ("reason", "another"),
        ("reason", None),
        ("payload", "{}"),
        ("payload", "no json"),
        ("payload", b"{}"),
        ("hash", "0" * 64),
        ("previous_hash", "f" * 64),
    ],
)
def test_a_changed_field_is_found_and_its_event_named(
    url: str, file: sqlite3.Connection, column: str, value: str | bytes | int | None
) -> None:
    change = f"UPDATE audit_event SET {column} = ? WHERE seq = ?"
    for seq in (2, 4, EVENTS):
        (kept,) = file.execute(f"SELECT {column} FROM audit_event WHERE seq = ?", (seq,)).fetchone()
        file.execute(change, (value, seq))
        found = verified(url)
        assert (found.ok, found.broken_seq, found.events) == (False, seq, seq - 1)
        file.execute(change, (kept, seq))
    assert verified(url).ok


@pytest.mark.parametrize(
    "words", ["replace(at, ' ', 'T')", "replace(at, '.', ',')", "at || '0'", "rtrim(at, '0')"]
)
def test_the_same_time_in_other_words_is_found(
    url: str, file: sqlite3.Connection, words: str
) -> None:
    """SQLite compares the texts: such an event would be listed elsewhere."""
    file.execute(f"UPDATE audit_event SET at = {words} WHERE seq = 4")
    assert verified(url).broken_seq == 4


@pytest.mark.parametrize("column", ["actor", "payload", "at", "hash", "previous_hash"])
def test_bytes_that_are_no_text_are_found_and_their_event_named(
    url: str, file: sqlite3.Connection, column: str
) -> None:
    file.execute(f"UPDATE audit_event SET {column} = CAST(x'61ff' AS TEXT) WHERE seq = 4")
    found = verified(url)
    assert (found.ok, found.broken_seq) == (False, 4)
    ran = run_cli(url, "audit", "verify")
    assert (ran.code, ran.err.count("bug")) == (10, 0), ran.err


@pytest.mark.parametrize("seq", [0, -1, -(2**31), -(2**63)])
def test_an_event_cannot_hide_below_the_first(url: str, file: sqlite3.Connection, seq: int) -> None:
    file.execute(
        "INSERT INTO audit_event SELECT org_id, ?, at, actor, event, entity, ref, reason, payload,"
        " previous_hash, hash FROM audit_event WHERE seq = 3",
        (seq,),
    )
    assert verified(url).broken_seq == 1


def deleted(file: sqlite3.Connection) -> None:
    file.execute("DELETE FROM audit_event WHERE seq = 4")


def deleted_and_closed_up(file: sqlite3.Connection) -> None:
    deleted(file)
    for seq in range(5, EVENTS + 1):
        file.execute("UPDATE audit_event SET seq = ? WHERE seq = ?", (seq - 1, seq))


def swapped(file: sqlite3.Connection) -> None:
    for before, after in ((4, 99), (5, 4), (99, 5)):
        file.execute("UPDATE audit_event SET seq = ? WHERE seq = ?", (after, before))


def inserted(file: sqlite3.Connection) -> None:
    for seq in range(EVENTS, 3, -1):
        file.execute("UPDATE audit_event SET seq = ? WHERE seq = ?", (seq + 1, seq))
    copied = "org_id, at, actor, event, entity, 'B-99', reason, payload, previous_hash, hash"
    file.execute(
        "INSERT INTO audit_event (seq, org_id, at, actor, event, entity, ref, reason, payload,"
        f" previous_hash, hash) SELECT 4, {copied} FROM audit_event WHERE seq = 3"
    )


@pytest.mark.parametrize("tamper", [deleted, deleted_and_closed_up, swapped, inserted])
def test_a_deleted_swapped_or_inserted_event_is_found_at_its_place(
    url: str, file: sqlite3.Connection, tamper: Tamper
) -> None:
    tamper(file)
    found = verified(url)
    assert (found.ok, found.broken_seq) == (False, 4)


def test_a_first_event_that_is_gone_is_found(url: str, file: sqlite3.Connection) -> None:
    file.execute("DELETE FROM audit_event WHERE seq = 1")
    assert verified(url).broken_seq == 1


def test_a_cut_tail_is_found_while_the_stored_head_remembers(
    url: str, file: sqlite3.Connection
) -> None:
    file.execute("DELETE FROM audit_event WHERE seq > 5")
    found = verified(url)
    assert (found.ok, found.broken_seq, found.events) == (False, 6, 5)


def cut(file: sqlite3.Connection) -> None:
    """The tail and the stored head: nothing inside the database remembers."""
    file.execute("DELETE FROM audit_event WHERE seq > 5")
    file.execute("UPDATE audit_head SET seq = 5, hash = (SELECT hash FROM audit_event"
                 " WHERE seq = 5)")  # fmt: skip


def rewritten(file: sqlite3.Connection) -> None:
    file.execute("UPDATE audit_event SET actor = 'somebody@else' WHERE seq = 3")
    recompute(file)


@pytest.mark.parametrize(("tamper", "named"), [(cut, 6), (rewritten, EVENTS)])
def test_what_the_chain_alone_cannot_see_an_exported_head_reveals(
    url: str, file: sqlite3.Connection, tamper: Tamper, named: int
) -> None:
    exported = head(file)
    tamper(file)
    assert verified(url).ok
    found = verified(url, exported)
    assert (found.ok, found.broken_seq) == (False, named)


def test_a_chain_of_which_nothing_is_left_is_found_without_any_head(
    url: str, file: sqlite3.Connection
) -> None:
    """An org has an event from its creation on."""
    file.execute("DELETE FROM audit_event")
    file.execute("DELETE FROM audit_head")
    found = verified(url)
    assert (found.ok, found.broken_seq) == (False, 1)


def test_a_head_exported_after_the_forgery_does_not_hide_the_one_from_before(
    url: str, file: sqlite3.Connection
) -> None:
    before = head(file)
    rewritten(file)
    after = head(file)
    assert verified(url, after).ok
    for both in (f"{before}\n{after}\n", f"{after}\n{before}\n"):
        assert not verified(url, both).ok


def test_an_older_head_still_holds_when_the_chain_has_grown(
    url: str, file: sqlite3.Connection
) -> None:
    exported = head(file)
    with working(url) as uow:
        uow.audit("booking.looked_at", "booking", "B-9")
    assert verified(url, exported).events == EVENTS + 1
    assert verified(url, exported).ok


def test_a_missing_head_is_found(url: str, file: sqlite3.Connection) -> None:
    file.execute("DELETE FROM audit_head")
    assert not verified(url).ok


def test_orgs_have_chains_of_their_own(url: str, file: sqlite3.Connection) -> None:
    add_org(url, "cosy-cats", front_desk=None)
    file.execute("UPDATE audit_event SET ref = 'B-99' WHERE seq = 1 AND org_id = 2")
    with looking(url) as cursor:
        assert verify(cursor, find_org(cursor, "happy-paws")).ok
        assert not verify(cursor, find_org(cursor, "cosy-cats")).ok


def test_an_event_of_another_org_fits_into_no_chain(url: str, file: sqlite3.Connection) -> None:
    """The slug is hashed: the same events under another name are another chain."""
    file.execute("UPDATE org SET slug = 'renamed'")
    assert verified(url).broken_seq == 1


@pytest.mark.parametrize("text", ["", "\n", "no json", "[]", '{"org": "x"}', '{"seq": 1}'])
def test_a_file_without_heads_is_refused_because_it_would_prove_nothing(text: str) -> None:
    with pytest.raises(MalformedFile):
        parse_heads(text)


def test_the_triggers_refuse_what_these_tests_had_to_drop_them_for(
    url: str, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as opened:
        attempts: list[tuple[str, Any]] = [
            ("UPDATE audit_event SET actor = ? WHERE seq = 3", ("x",)),
            ("DELETE FROM audit_event WHERE seq = ?", (EVENTS,)),
        ]
        for sql, values in attempts:
            with pytest.raises(sqlite3.IntegrityError, match="audit event is never"):
                opened.execute(sql, values)
