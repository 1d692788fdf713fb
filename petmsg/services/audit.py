"""Verifying the audit: the chain is recomputed, and the first broken event is named.

Standard library only. The chain alone cannot see a cut-off tail: compare with a head that was
exported to where operators cannot rewrite it.
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
    """What was found: how many events hold, and the first that does not."""

    org: str
    events: int
    ok: bool
    broken_seq: int | None
    problem: str | None


Heads = Mapping[int, frozenset[str]]
"""The exported hashes of an org by sequence number; more than one can never all be right."""


def verify(cursor: Cursor, org: OrgRow, *, heads: Heads | None = None) -> Verified:
    """Recompute the org's chain and compare it with exported `heads`.

    Finds: an event changed, removed, inserted or swapped; no event at all, because the org's
    creation is one; a head that does not fit; with `heads` also a tail cut off and a chain written
    anew.
    """
    previous, expected = GENESIS, 1
    last = 0
    for row in queries.chain(cursor, org):
        if row["seq"] != expected:
            return _broken(org, expected, f"event {expected} is missing, {row['seq']} follows")
        if row["previous_hash"] != previous:
            return _broken(org, expected, "it does not follow the event before it")
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
            return _broken(org, expected, "its time or text cannot be read")
        if digest != row["hash"]:
            return _broken(org, expected, "its content was changed")
        if heads is not None and heads.get(expected, {digest}) != {digest}:
            return _broken(org, expected, "it is not the event whose hash was exported")
        previous, last, expected = digest, expected, expected + 1
    if last == 0:
        return _broken(org, 1, "the event of the org's creation is missing")
    stored = queries.head(cursor, org)
    if stored is None and last > 0:
        return _broken(org, last, "the head of the chain is missing")
    if stored is not None and stored != (last, previous):
        return _broken(org, last + 1, f"the head says {stored[0]} events, the chain has {last}")
    beyond = [seq for seq in heads or {} if seq > last]
    if beyond:
        return _broken(
            org, last + 1, f"an exported head says {max(beyond)} events, the chain has {last}"
        )
    return Verified(org.slug, last, ok=True, broken_seq=None, problem=None)


def _broken(org: OrgRow, seq: int, problem: str) -> Verified:
    return Verified(org.slug, seq - 1, ok=False, broken_seq=seq, problem=problem)


def _instant(written: object) -> datetime:
    """The time as it is stored: text on SQLite, where somebody can write anything at all.

    Raises `ValueError` also for the same instant in other words: SQLite compares the texts.
    """
    if isinstance(written, datetime):
        return written
    instant = instant_from_text(written)
    if instant_to_text(instant) != written:
        raise ValueError("not as petmsg writes it")
    return instant


def parse_heads(text: str) -> dict[str, dict[int, frozenset[str]]]:
    """Exported heads (`org, seq, hash`, one JSON object a line or an array of them) by org and
    sequence number.

    Raises `MalformedFile`, also when there is none: comparing with nothing would prove nothing.
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
                f"Line {line} is no exported head.", hint="Export one: petmsg audit export --head"
            )
        known = heads.setdefault(org, {})
        if seq > 0:
            known[seq] = known.get(seq, frozenset()) | {digest}
    if not heads:
        raise MalformedFile(
            "The file holds no exported head.", hint="Export one: petmsg audit export --head"
        )
    return heads


def _lines(text: str) -> list[str]:
    """The text's lines; of a JSON array its elements."""
    if text.lstrip().startswith("["):
        with suppress(ValueError, RecursionError):
            return [json.dumps(each) for each in json.loads(text)]
    return text.splitlines()


def require_heads(heads: Mapping[str, Heads], org: str) -> None:
    """Raises `MalformedFile` where there is no exported head of the org: nothing would be
    compared."""
    if not heads.get(org):
        raise MalformedFile(
            f"The file holds no exported head of org {org}: there is nothing to compare with.",
            hint=f"It has those of {', '.join(sorted(heads))}. Export all: petmsg audit export "
            "--head",
        )


def orgs_gone(heads: Mapping[str, object], found: Sequence[Verified]) -> list[Verified]:
    """Orgs whose heads were exported and that the database no longer holds."""
    there = {each.org for each in found}
    return [
        Verified(org, 0, ok=False, broken_seq=1, problem="the whole org is missing")
        for org in heads
        if org not in there
    ]
