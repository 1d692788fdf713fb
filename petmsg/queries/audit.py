"""The audit log: list, export and verify it."""

from collections.abc import Callable, Iterator
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.errors import NotFound, OutOfRange, quoted
from petmsg.queries.org import OrgRow
from petmsg.queries.page import Page, newest

_EVENTS = """
SELECT a.seq, a.at, a.actor, a.event, a.entity, a.ref, a.reason, a.payload, a.hash,
       a.previous_hash
FROM audit_event a
WHERE a.org_id = :org_id
"""
_SLICE = 2000
_LARGEST_SEQ = 2**31 - 1


def list_events(
    cursor: Cursor,
    org: OrgRow,
    page: Page,
    *,
    entity: str | None = None,
    ref: str | None = None,
    event: str | None = None,
) -> list[dict[str, Any]]:
    """The org's events, the newest first. `page.before` is a sequence number."""
    return newest(
        cursor,
        _EVENTS,
        key="a.seq",
        page=page,
        before_id=_seq(page.before) if page.before else None,
        where={"a.entity": entity, "a.ref": ref, "a.event": event},
        org_id=org.id,
    )


def show_event(cursor: Cursor, org: OrgRow, seq: int) -> dict[str, Any]:
    """One event. Raises `NotFound`."""
    row = None
    if 0 < seq <= _LARGEST_SEQ:
        row = cursor.one(_EVENTS + " AND a.seq = :seq", org_id=org.id, seq=seq)
    if row is None:
        raise NotFound("audit event", str(seq), hint="List the events: petmsg audit list")
    return row


def _seq(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise OutOfRange(
            f"Invalid event number {quoted(text)}.", hint="List the events: petmsg audit list"
        )
    return int(text)


def chain(cursor: Cursor, org: OrgRow) -> Iterator[dict[str, Any]]:
    """Every event of the org in order, read in slices so that memory stays flat.

    The time comes as `written`, undecoded, and bytes that are no text as surrogates: somebody may
    have written nonsense there.
    """
    yield from _in_order(
        cursor.rows_even_damaged, org, _EVENTS.replace("a.at,", "a.at AS written,")
    )


def events_in_order(cursor: Cursor, org: OrgRow) -> Iterator[dict[str, Any]]:
    """Every event of the org, the oldest first."""
    yield from _in_order(cursor.rows, org, _EVENTS)


def _in_order(
    rows_of: Callable[..., list[dict[str, Any]]], org: OrgRow, select: str
) -> Iterator[dict[str, Any]]:
    # From no number on: SQLite takes one of any size, and an event must not hide below the first.
    rows = rows_of(f"{select} ORDER BY a.seq LIMIT :slice", org_id=org.id, slice=_SLICE)
    yield from rows
    while len(rows) == _SLICE:
        rows = rows_of(
            f"{select} AND a.seq > :after ORDER BY a.seq LIMIT :slice",
            org_id=org.id,
            after=rows[-1]["seq"],
            slice=_SLICE,
        )
        yield from rows


def head(cursor: Cursor, org: OrgRow) -> tuple[int, str] | None:
    """The checkpoint of the org's chain: its last sequence number and hash."""
    rows = cursor.tuples("SELECT seq, hash FROM audit_head WHERE org_id = :id", id=org.id)
    return (rows[0][0], rows[0][1]) if rows else None


def shown_head(cursor: Cursor, org: OrgRow) -> dict[str, Any]:
    """The checkpoint as it is exported; all zeros for a chain without events."""
    seq, digest = head(cursor, org) or (0, "0" * 64)
    return {"org": org.slug, "seq": seq, "hash": digest}
