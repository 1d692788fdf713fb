"""Message templates: list, find and store them; what a template's variables stand for."""

from datetime import datetime
from typing import Any, NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.errors import NotFound
from petmsg.queries.org import OrgRow
from petmsg.queries.page import Page, newest_of
from petmsg.suggestions import closest_words, did_you_mean

_TEMPLATES = """
SELECT t.id, t.name AS template, v.id AS version_id, v.version, v.body, v.actor,
       v.created_at AS written_at, t.created_at, t.removed_at
FROM template t
JOIN template_version v ON v.template_id = t.id
WHERE t.org_id = :org_id
"""
_NEWEST = """ AND v.version = (
  SELECT max(n.version) FROM template_version n WHERE n.template_id = t.id
)"""
_LISTED = " AND t.removed_at IS NULL"
_REMOVED = " AND t.removed_at IS NOT NULL"

_VERSIONS = """
SELECT version, body, actor, created_at FROM template_version
WHERE template_id = :template_id ORDER BY version DESC
"""

_INSERT = """
INSERT INTO template (org_id, name, created_at) VALUES (:org_id, :name, :now) RETURNING id
"""
_INSERT_VERSION = """
INSERT INTO template_version (org_id, template_id, version, body, actor, created_at)
VALUES (:org_id, :template_id, :version, :body, :actor, :now) RETURNING id
"""
_REMOVE = "UPDATE template SET removed_at = :now WHERE id = :id"

_LOCKED = """
SELECT id FROM template WHERE org_id = :org_id AND name = :name AND removed_at IS NULL
"""

_VISIT = """
SELECT b.ref, b.client_id, b.status, b.starts_at, b.ends_at, s.ref AS sitter,
       s.name AS sitter_name
FROM booking b
LEFT JOIN sitter s ON s.id = b.sitter_id
WHERE b.org_id = :org_id
"""
_NEXT = (
    " AND b.client_id = :client_id AND b.status = 'confirmed' AND b.starts_at > :at"
    " ORDER BY b.starts_at, b.id LIMIT 1"
)


class TemplateRow(NamedTuple):
    """A template in one of its versions; `written_at` is when that was written. Times are aware
    UTC."""

    id: int
    template: str
    version_id: int
    version: int
    body: str
    actor: str
    written_at: datetime
    created_at: datetime
    removed_at: datetime | None


class VersionRow(NamedTuple):
    """One wording of a template."""

    version: int
    body: str
    actor: str
    created_at: datetime


class TemplateDetails(NamedTuple):
    """A `TemplateRow` with every version of the template, the newest first."""

    id: int
    template: str
    version_id: int
    version: int
    body: str
    actor: str
    written_at: datetime
    created_at: datetime
    removed_at: datetime | None
    versions: list[VersionRow]


class Visit(NamedTuple):
    """A booking as a template speaks of it. Times are aware UTC."""

    ref: str
    client_id: int
    status: str
    starts_at: datetime
    ends_at: datetime
    sitter: str | None
    sitter_name: str | None


def list_templates(
    cursor: Cursor, org: OrgRow, page: Page, *, removed: bool = False
) -> list[TemplateRow]:
    """The templates in their newest version, by name; or the removed ones. `page.before` is not
    used: an org has few."""
    select = _TEMPLATES + _NEWEST + (_REMOVED if removed else _LISTED)
    return newest_of(
        cursor, TemplateRow, select, key="t.name, t.id", order="", page=page, org_id=org.id
    )


def find_template(
    cursor: Cursor, org: OrgRow, name: str, *, version: int | None = None
) -> TemplateRow:
    """A template in its newest version, or in one that is named. Raises `NotFound`."""
    which: dict[str, Any] = {} if version is None else {"version": version}
    select = _TEMPLATES + _LISTED + " AND t.name = :name"
    select += _NEWEST if version is None else " AND v.version = :version"
    found = cursor.first(TemplateRow, select, org_id=org.id, name=name, **which)
    if found is None:
        raise _not_found(cursor, org, name, version)
    return found


def _not_found(cursor: Cursor, org: OrgRow, name: str, version: int | None) -> NotFound:
    names = [row.template for row in list_templates(cursor, org, Page(None))]
    if version is not None and name in names:
        return NotFound(
            "version", str(version), hint=f"See the versions: petmsg template show {name}"
        )
    near = did_you_mean(closest_words(name, names))
    return NotFound("template", name, hint=f"{near} List them: petmsg template list".strip())


def show_template(
    cursor: Cursor, org: OrgRow, name: str, *, version: int | None = None
) -> TemplateDetails:
    """A template in its newest version, or in the one that is named, with all versions. Raises
    `NotFound`."""
    found = find_template(cursor, org, name, version=version)
    return TemplateDetails(*found, versions=versions(cursor, found.id))


def versions(cursor: Cursor, template_id: int) -> list[VersionRow]:
    """Every version of a template, the newest first."""
    return cursor.all(VersionRow, _VERSIONS, template_id=template_id)


def lock_template(cursor: Cursor, org: OrgRow, name: str) -> None:
    """Nobody else writes another version until the commit."""
    cursor.hold(_LOCKED + cursor.row_lock("FOR UPDATE"), org_id=org.id, name=name)


def insert_template(cursor: Cursor, org_id: int, *, name: str, now: datetime) -> int:
    """Add a template; return its ID."""
    found: int = cursor.value(_INSERT, org_id=org_id, name=name, now=now)
    return found


def insert_version(
    cursor: Cursor,
    org_id: int,
    *,
    template_id: int,
    version: int,
    body: str,
    actor: str,
    now: datetime,
) -> None:
    """Add a version of a template."""
    cursor.run(
        _INSERT_VERSION,
        org_id=org_id,
        template_id=template_id,
        version=version,
        body=body,
        actor=actor,
        now=now,
    )


def remove_template(cursor: Cursor, template_id: int, *, now: datetime) -> None:
    """Take a template off the list; its versions stay for the sake of its messages."""
    cursor.run(_REMOVE, id=template_id, now=now)


def find_visit(cursor: Cursor, org: OrgRow, ref: str) -> Visit:
    """A booking by its ref. Raises `NotFound`."""
    found = cursor.first(Visit, _VISIT + " AND b.ref = :ref", org_id=org.id, ref=ref)
    if found is None:
        from petmsg.queries.suggestions import no_booking

        raise no_booking(cursor, org.id, ref)
    return found


def next_visit(cursor: Cursor, org: OrgRow, client_id: int, *, at: datetime) -> Visit | None:
    """The client's next confirmed visit that begins after `at` (aware UTC)."""
    return cursor.first(Visit, _VISIT + _NEXT, org_id=org.id, client_id=client_id, at=at)
