"""Tampering with the audit of a company, thousands of times, at random places.

`python -m tests.campaigns.tampering --tamperings 10000 --seed 7` changes one audit that many times,
each time undone again, in every way of `KINDS`; heads were exported along the way. Every change
must be found, and the first bad event named; what is no change must raise no alarm. `--control`
verifies without the exported heads, which must miss what a thorough forger does.
"""

import argparse
import random
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from petmsg.db import migrate
from petmsg.db.cursor import Cursor
from petmsg.db.location import locate
from petmsg.db.statements import instant_from_text
from petmsg.queries.org import find_org
from petmsg.rules.audit_chain import GENESIS, event_hash
from petmsg.services.audit import parse_heads, verify
from tests.support.fixtures import ACTOR, NOW, add_org, looking, run_cli, working

EVENTS = 60
EVERY = 10
"""A head is exported after so many events, and at the end."""
_COLUMNS = "seq, at, actor, event, entity, ref, reason, payload"


@dataclass
class Audit:
    """The audit under attack. Each tampering is undone by the rollback."""

    file: sqlite3.Connection
    dice: random.Random

    def any_seq(self) -> int:
        return self.dice.randint(1, EVENTS)

    def run(self, sql: str, *values: Any) -> None:
        self.file.execute(sql, values)

    def forge(self, first: int) -> None:
        """Write every hash from `first` on anew, head and all: what a thorough forger does."""
        rows = self.file.execute(
            f"SELECT {_COLUMNS} FROM audit_event WHERE seq >= ? ORDER BY seq", (first,)
        ).fetchall()
        found = self.file.execute(
            "SELECT hash FROM audit_event WHERE seq < ? ORDER BY seq DESC LIMIT 1", (first,)
        ).fetchone()
        previous, last = (found[0] if found else GENESIS), first - 1
        for seq, at, actor, event, entity, ref, reason, payload in rows:
            digest = event_hash(
                org="happy-paws", seq=seq, at=instant_from_text(at), actor=actor, event=event,
                entity=entity, ref=ref, reason=reason, payload=payload, previous=previous,
            )  # fmt: skip
            self.run(
                "UPDATE audit_event SET previous_hash = ?, hash = ? WHERE seq = ?",
                previous, digest, seq,
            )  # fmt: skip
            previous, last = digest, seq
        self.run("UPDATE audit_head SET seq = ?, hash = ?", last, previous)


def _changed(column: str, words: str) -> Callable[[Audit], int]:
    def tamper(audit: Audit) -> int:
        seq = audit.any_seq()
        audit.run(f"UPDATE audit_event SET {column} = {words} WHERE seq = ?", seq)
        return seq

    return tamper


def _deleted(audit: Audit) -> int:
    seq = audit.any_seq()
    audit.run("DELETE FROM audit_event WHERE seq = ?", seq)
    return seq


def _closed_up(audit: Audit) -> int:
    """An event is gone, and those behind it move up."""
    seq = audit.dice.randint(1, EVENTS - 1)
    audit.run("DELETE FROM audit_event WHERE seq = ?", seq)
    audit.run("UPDATE audit_event SET seq = -seq WHERE seq > ?", seq)
    audit.run("UPDATE audit_event SET seq = -seq - 1 WHERE seq < 0")
    return seq


def _rehashed(audit: Audit) -> int:
    """An event is changed and given the hash it would have: the next one still knows the old."""
    seq = audit.dice.choice([seq for seq in range(1, EVENTS) if seq % EVERY])
    audit.run("UPDATE audit_event SET ref = ref || 'x' WHERE seq = ?", seq)
    kept = audit.file.execute(
        "SELECT seq, previous_hash, hash FROM audit_event WHERE seq > ?", (seq,)
    ).fetchall()
    head = audit.file.execute("SELECT seq, hash FROM audit_head").fetchone()
    audit.forge(seq)
    for place, previous, digest in kept:
        audit.run(
            "UPDATE audit_event SET previous_hash = ?, hash = ? WHERE seq = ?",
            previous, digest, place,
        )  # fmt: skip
    audit.run("UPDATE audit_head SET seq = ?, hash = ?", *head)
    return seq + 1


def _hidden(audit: Audit) -> int:
    """A copy of an event under a number below the first."""
    seq = audit.dice.choice([0, -1, -(2**31), -(2**63), -audit.dice.getrandbits(60)])
    audit.run(
        "INSERT INTO audit_event (org_id, seq, at, actor, event, entity, ref, reason, payload,"
        " previous_hash, hash) SELECT org_id, ?, at, actor, event, entity, ref, reason, payload,"
        " previous_hash, hash FROM audit_event WHERE seq = ?",
        seq, audit.any_seq(),
    )  # fmt: skip
    return 1


def _moved_to_the_end(audit: Audit) -> int:
    """An event told as if it had happened last."""
    seq = audit.dice.randint(1, EVENTS - 1)
    audit.run("UPDATE audit_event SET seq = ? WHERE seq = ?", EVENTS + 1, seq)
    return seq


def _swapped(audit: Audit) -> int:
    seq = audit.dice.randint(1, EVENTS - 1)
    audit.run("UPDATE audit_event SET seq = -1 WHERE seq = ?", seq)
    audit.run("UPDATE audit_event SET seq = ? WHERE seq = ?", seq, seq + 1)
    audit.run("UPDATE audit_event SET seq = ? WHERE seq = -1", seq + 1)
    return seq


def _added(audit: Audit) -> int:
    """A copy of the last event behind the end, with a head that says so."""
    audit.run(
        "INSERT INTO audit_event (org_id, seq, at, actor, event, entity, ref, reason, payload,"
        " previous_hash, hash) SELECT org_id, seq + 1, at, actor, event, entity, ref, reason,"
        " payload, hash, hash FROM audit_event WHERE seq = ?",
        EVENTS,
    )
    audit.run("UPDATE audit_head SET seq = ?", EVENTS + 1)
    return EVENTS + 1


def _cut(audit: Audit) -> int:
    """A tail cut off, with the head set back: only an exported head remembers."""
    seq = audit.any_seq()
    audit.run("DELETE FROM audit_event WHERE seq >= ?", seq)
    audit.forge(seq)
    found = audit.file.execute("SELECT max(seq), hash FROM audit_event").fetchone()
    audit.run("UPDATE audit_head SET seq = ?, hash = ?", found[0] or 0, found[1] or GENESIS)
    return seq


def _cut_short(audit: Audit) -> int:
    """A tail cut off, and the head forgotten."""
    seq = audit.any_seq()
    audit.run("DELETE FROM audit_event WHERE seq >= ?", seq)
    return seq


def _rewritten(audit: Audit) -> int:
    """An event changed and every hash behind it computed anew."""
    seq = audit.any_seq()
    audit.run("UPDATE audit_event SET actor = actor || 'x' WHERE seq = ?", seq)
    audit.forge(seq)
    return -(-seq // EVERY) * EVERY  # the next exported head is where it shows


def _wrong_head(audit: Audit) -> int:
    audit.run("UPDATE audit_head SET hash = ?", f"{audit.dice.getrandbits(256):064x}")
    return EVENTS + 1


def _no_head(audit: Audit) -> int:
    audit.run("DELETE FROM audit_head")
    return EVENTS


KINDS: dict[str, Callable[[Audit], int]] = {
    "another actor": _changed("actor", "actor || 'x'"),
    "another time": _changed("at", "replace(at, '15:', '16:')"),
    "another event": _changed("event", "'booking.lost'"),
    "another entity": _changed("entity", "'sitter'"),
    "another ref": _changed("ref", "ref || '0'"),
    "another reason": _changed("reason", "'because'"),
    "a reason more or less": _changed("reason", "CASE WHEN reason IS NULL THEN 'x' END"),
    "another payload": _changed("payload", "'{}'"),
    "a payload with a space": _changed("payload", "payload || ' '"),
    "another hash": _changed("hash", "lower(hex(randomblob(32)))"),
    "another hash before": _changed("previous_hash", "lower(hex(randomblob(32)))"),
    "a time that is none": _changed("at", "'yesterday'"),
    "the same time in other words": _changed("at", "replace(at, ' ', 'T')"),
    "a time that is a number": _changed("at", "julianday(replace(at, ' ', 'T'))"),
    "a time that is a blob": _changed("at", "CAST(at AS BLOB)"),
    "a payload that is a blob": _changed("payload", "CAST(payload AS BLOB)"),
    "bytes that are no text": _changed("actor", "CAST(x'6d61ff' AS TEXT)"),
    "a number that is none": _changed("seq", "seq + 0.5"),
    "a letter's case": _changed("hash", "upper(hash)"),
    "an event given its own hash": _rehashed,
    "an event below the first": _hidden,
    "an event moved to the end": _moved_to_the_end,
    "an event deleted": _deleted,
    "an event deleted and closed up": _closed_up,
    "two events swapped": _swapped,
    "an event added": _added,
    "a tail cut off": _cut_short,
    "a tail cut off with its head": _cut,
    "rewritten from an event on": _rewritten,
    "a head that does not fit": _wrong_head,
    "no head": _no_head,
}


@dataclass
class Verdict:
    """How often each kind was tried, and what went wrong."""

    tried: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def build(url: str) -> str:
    """An org with `EVENTS` events; its triggers are gone, as for somebody with the file.

    Returns what `petmsg audit export --head` said after every tenth.
    """
    migrate.upgrade(url, actor=ACTOR, now=NOW, create=True)
    add_org(url, front_desk=None)
    exported = ""
    with looking(url) as cursor:
        there = cursor.value("SELECT seq FROM audit_head")
    for number in range(there + 1, EVENTS + 1):
        with working(url) as uow:
            uow.audit("booking.looked_at", "booking", f"B-{number}", {"at": number}, reason="test")
        if number % EVERY == 0:
            exported += run_cli(url, "audit", "export", "--head").out
    path = locate(url).path
    assert path is not None
    with closing(sqlite3.connect(path)) as file:
        names = file.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in names:
            file.execute(f"DROP TRIGGER {name}")
    return exported


def run(url: str, tamperings: int, seed: int, *, exported: str | None) -> Verdict:
    """Tamper, verify, undo. `exported` are the heads, None if nobody kept any."""
    path = locate(url).path
    assert path is not None
    verdict = Verdict()
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        audit = Audit(file, random.Random(seed))
        cursor = Cursor(file.cursor(), is_sqlite=True)
        org = find_org(cursor, None)
        heads = parse_heads(exported)[org.slug] if exported is not None else None
        for number in range(tamperings):
            kind = [*KINDS][number % len(KINDS)]
            file.execute("BEGIN")
            bad = KINDS[kind](audit)
            verdict.tried[kind] += 1
            try:
                found = verify(cursor, org, heads=heads)
            except Exception as problem:  # noqa: BLE001 because that is what is looked for
                verdict.faults.append(f"{kind}: event {bad}, and verify fails: {problem!r}")
            else:
                if found.ok or found.broken_seq != bad:
                    verdict.faults.append(f"{kind}: event {bad}, and verify says {found}")
            file.execute("ROLLBACK")
            if number % 100 == 0 and not verify(cursor, org, heads=heads).ok:
                verdict.faults.append("a false alarm")
    return verdict


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.campaigns.tampering", description=__doc__
    )
    parser.add_argument("--tamperings", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--control", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = locate(str(Path(folder) / "petmsg.db")).url
        exported = build(url)
        verdict = run(
            url, asked.tamperings, asked.seed, exported=None if asked.control else exported
        )
    print(f"tampering: seed {asked.seed}, {verdict.tried.total()} in {len(verdict.tried)} ways")
    print("\n".join(verdict.faults[:20]) or "all found, the first bad event named, no false alarm")
    return bool(verdict.faults)


if __name__ == "__main__":
    sys.exit(main())
