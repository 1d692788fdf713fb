"""What an import of sitters reads and writes, for a whole chunk of rows by each statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from petmsg.db.cursor import Cursor

_BY_REF = "SELECT id, ref, name, phone FROM sitter WHERE org_id = :org_id AND ref IN (:refs)"

_BY_PHONE = "SELECT id, ref, name, phone FROM sitter WHERE org_id = :org_id AND phone IN (:phones)"

_BY_NAME = "SELECT id, ref, name, phone FROM sitter WHERE org_id = :org_id AND name IN (:names)"


class KnownSitter(NamedTuple):
    """A sitter as they are stored."""

    id: int
    ref: str
    name: str
    phone: str


def known_sitters(
    cursor: Cursor,
    org_id: int,
    *,
    refs: Sequence[str],
    phones: Sequence[str],
    names: Sequence[str],
) -> list[KnownSitter]:
    """The sitters with one of these refs, phones (E.164) or names, the oldest first."""
    found = {
        *cursor.all_in_list(KnownSitter, _BY_REF, "refs", refs, org_id=org_id),
        *cursor.all_in_list(KnownSitter, _BY_PHONE, "phones", phones, org_id=org_id),
        *cursor.all_in_list(KnownSitter, _BY_NAME, "names", names, org_id=org_id),
    }
    return sorted(found)


def insert_sitters(
    cursor: Cursor, org_id: int, rows: Sequence[tuple[str, str, str]], *, now: datetime
) -> None:
    """Add inactive sitters, each a tuple of ref, name and phone."""
    columns = ("ref", "name", "phone")
    if rows:
        cursor.add("sitter", columns, rows, org_id=org_id, status="inactive", created_at=now)
