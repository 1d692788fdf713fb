"""Verify the audit log: recompute the hash chain and name the first broken event.

Standard library only. The chain alone cannot show that its end was cut off: compare it with a
checkpoint that was exported to a place that operators cannot rewrite.
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from petmsg.db.cursor import Cursor
from petmsg.db.statements import instant_from_text, instant_to_text
from petmsg.errors import MalformedFile
from petmsg.queries import audit as queries
from petmsg.queries.org import OrgRow
from petmsg.rules.audit_chain import GENESIS, event_hash


@dataclass(frozen=True, slots=True)
class Verified:
    """The result of verifying an org: the number of intact events, and the first broken one."""

    org: str
    events: int
    ok: bool
    broken_seq: int | None
    problem: str | None


Heads = Mapping[int, frozenset[str]]
"""The exported hashes of an org by sequence number; at most one per number can be right."""


def verify(cursor: Cursor, org: OrgRow, *, heads: Heads | None = None) -> Verified:
    """Recompute the org's chain and compare it with the exported checkpoints `heads`.

    Finds an event that was changed, removed, inserted or swapped, a missing first event (the org's
    creation), and a checkpoint that does not fit. With `heads` it also finds a cut-off end and a
    chain that was written anew.
    """
    previous, expected = GENESIS, 1
    last = 0
    for row in queries.chain(cursor, org):
        if row["seq"] != expected:
            return _broken(
                org, expected, f"event {expected} is missing, event {row['seq']} follows"
            )
        if row["previous_hash"] != previous:
            return _broken(org, expected, "its previous hash is not that of the event before it")
        try:
            digest = event_hash(
                org=org.slug,
                seq=row["seq"],
                at=_instant(row["written"]),
                actor=row["actor"],
                event=row["event"],
                entity=row["entity"],
                ref=row["ref"],
                reason=row["reason"],
                payload=row["payload"],
                previous=previous,
            )
        except (ValueError, TypeError):
            return _broken(org, expected, "its time or content cannot be read")
        if digest != row["hash"]:
            return _broken(org, expected, "its content was changed")
        if heads is not None and heads.get(expected, {digest}) != {digest}:
            return _broken(org, expected, "it is not the event in the exported checkpoint")
        previous, last, expected = digest, expected, expected + 1
    if last == 0:
        return _broken(org, 1, "the event of the org's creation is missing")
    stored = queries.head(cursor, org)
    if stored is None and last > 0:
        return _broken(org, last, "the checkpoint of the chain is missing")
    if stored is not None and stored != (last, previous):
        return _broken(
            org, last + 1, f"the stored checkpoint counts {stored[0]} events, the chain has {last}"
        )
    beyond = [seq for seq in heads or {} if seq > last]
    if beyond:
        return _broken(
            org,
            last + 1,
            f"an exported checkpoint counts {max(beyond)} events, the chain has {last}",
        )
    return Verified(org.slug, last, ok=True, broken_seq=None, problem=None)


def _broken(org: OrgRow, seq: int, problem: str) -> Verified:
    return Verified(org.slug, seq - 1, ok=False, broken_seq=seq, problem=problem)


def _instant(written: object) -> datetime:
    """Return the stored time. SQLite stores text, in which somebody can write anything.

    Raises `ValueError`, also for a valid time in another notation, because SQLite compares the
    text.
    """
    if isinstance(written, datetime):
        return written
    instant = instant_from_text(written)
    if instant_to_text(instant) != written:
        raise ValueError("not in petmsg's notation")
    return instant


def parse_heads(text: str) -> dict[str, dict[int, frozenset[str]]]:
    """Return exported checkpoints by org and sequence number.

    Each is a JSON object with `org`, `seq` and `hash`, one per line or in an array. Raises
    `MalformedFile`, also if there is none, because comparing with nothing proves nothing.
    """
    heads: dict[str, dict[int, frozenset[str]]] = {}
    for line, written in enumerate(_lines(text), start=1):
        if not written.strip():
            continue
        try:
            head = json.loads(written)
            org, seq, digest = head["org"], head["seq"], head["hash"]
        except (ValueError, TypeError, KeyError, RecursionError):
            org = seq = digest = None
        if not (isinstance(org, str) and isinstance(seq, int) and isinstance(digest, str)):
            raise MalformedFile(
                f"Line {line} is not an exported checkpoint.",
                hint="Export a checkpoint: petmsg audit export --head",
            )
        known = heads.setdefault(org, {})
        if seq > 0:
            known[seq] = known.get(seq, frozenset()) | {digest}
    if not heads:
        raise MalformedFile(
            "The file contains no exported checkpoint.",
            hint="Export a checkpoint: petmsg audit export --head",
        )
    return heads


def _lines(text: str) -> list[str]:
    """Return the lines of the text, or the elements of a JSON array."""
    if text.lstrip().startswith("["):
        with suppress(ValueError, RecursionError):
            return [json.dumps(each) for each in json.loads(text)]
    return text.splitlines()


def require_heads(heads: Mapping[str, Heads], org: str) -> None:
    """Raise `MalformedFile` if there is no exported checkpoint of the org to compare with."""
    if not heads.get(org):
        raise MalformedFile(
            f"The file contains no exported checkpoint of org {org}, so there is nothing to "
            "compare with.",
            hint=f"It has checkpoints of {', '.join(sorted(heads))}. Export all: petmsg audit "
            "export --head",
        )


def orgs_gone(heads: Mapping[str, object], found: Sequence[Verified]) -> list[Verified]:
    """Return orgs that have an exported checkpoint but are missing in the database."""
    existing = {each.org for each in found}
    return [
        Verified(org, 0, ok=False, broken_seq=1, problem="the whole org is missing")
        for org in heads
        if org not in existing
    ]
