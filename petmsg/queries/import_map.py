"""Saved header maps: what the columns of an org's files are."""

from collections.abc import Mapping
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.files import ImportNoun
from petmsg.queries.org import OrgRow

_MAPS = """
SELECT noun, header, target FROM import_map WHERE org_id = :org_id ORDER BY noun, header
"""
_TARGETS = "SELECT header, target FROM import_map WHERE org_id = :org_id AND noun = :noun"
_SAVE = """
INSERT INTO import_map (org_id, noun, header, target) VALUES (:org_id, :noun, :header, :target)
ON CONFLICT (org_id, noun, header) DO UPDATE SET target = excluded.target
"""
_REMOVE = """
DELETE FROM import_map WHERE org_id = :org_id AND noun = :noun AND header = :header
"""


class MapRow(NamedTuple):
    """A header in normal form and the column that it means; an empty one is ignored."""

    noun: str
    header: str
    target: str


def list_maps(cursor: Cursor, org: OrgRow, *, noun: ImportNoun | None = None) -> list[MapRow]:
    """The saved maps of the org, or those for files of one noun, by header."""
    rows = cursor.all(MapRow, _MAPS, org_id=org.id)
    return [row for row in rows if noun in (None, row.noun)]


def saved_targets(cursor: Cursor, org_id: int, noun: ImportNoun) -> Mapping[str, str]:
    """The target of each saved header for files of that noun."""
    return dict(cursor.tuples(_TARGETS, org_id=org_id, noun=noun.value))


def save_map(cursor: Cursor, org_id: int, row: MapRow) -> None:
    """Save what a header means, or change it."""
    cursor.run(_SAVE, org_id=org_id, **row._asdict())


def remove_map(cursor: Cursor, org_id: int, *, noun: str, header: str) -> None:
    """Remove what was saved for a header."""
    cursor.run(_REMOVE, org_id=org_id, noun=noun, header=header)
