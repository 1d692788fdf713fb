"""Which old organisations are imported, and which org each becomes."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from petmsg.clock import zone
from petmsg.db.cursor import Cursor
from petmsg.errors import NOT_FOUND, NotFound, OutOfRange, PetmsgError, Refused, quoted
from petmsg.importers.snoutos.report import Imported
from petmsg.importers.snoutos.staging import Stage
from petmsg.queries.imported import imported_org_ids
from petmsg.queries.org import OrgRow, all_orgs
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import LONGEST_NAME, normal_name

IMPORTED = "org.imported"
_LONGEST_SLUG = 63


class NoOldOrg(PetmsgError):
    code = "old_organisation_not_found"
    exit_code = NOT_FOUND
    hint = "Check that it is the right database or folder."


class OldOrgNotChosen(Refused):
    code = "old_org_not_chosen"


class OtherOldOrg(Refused):
    code = "other_old_org"


class OrgIsThere(Refused):
    code = "org_is_there"


class NoSlug(Refused):
    code = "no_slug"


@dataclass(frozen=True, slots=True)
class OldOrg:
    """An old organisation, with the slug and name of the org it becomes.

    `timezone` is the one that the old tables hold, if it is one.
    """

    id: str
    slug: str
    name: str
    timezone: str | None = None


def choose(stage: Stage, *, old_org: str | None, slug: str | None) -> list[OldOrg]:
    """Return the organisations to import: the one with that ID, or all.

    A single one becomes the org with that `slug`; otherwise the slug is made from its name. Raises
    `NotFound`, `OldOrgNotChosen` if one slug is given for several, `NoOldOrg` and `NoSlug`.
    """
    if old_org is not None:
        stage.add_org(old_org)
    rows = stage.rows('SELECT id, name, timezone FROM "Organization" ORDER BY id')
    known = ", ".join(quoted(row["id"]) for row in rows[:10])
    if not rows:
        table = stage.old_names["Organization"]
        raise NoOldOrg(f"The old table {table} is empty, and no row names an organisation.")
    if old_org is not None:
        rows = [row for row in rows if row["id"] == old_org]
        if not rows:
            raise NotFound("old organisation", old_org, hint=f"Choose one of: {known}.")
    if slug is not None and len(rows) > 1:
        raise OldOrgNotChosen(
            f"Org {slug} cannot receive {len(rows)} old organisations: {known}.",
            hint="Pick one with --old-org ID, or omit --org and PETMSG_ORG.",
        )
    orgs = [
        OldOrg(
            row["id"],
            slug or _slug(row["id"], row["name"] or row["id"]),
            _name(row["id"], row["name"]),
            _zone(row["timezone"]),
        )
        for row in rows
    ]
    for org in orgs:
        same = [other.id for other in orgs if other.slug == org.slug]
        if len(same) > 1:
            raise NoSlug(
                f"The old organisations {', '.join(map(quoted, same))} would both become org "
                f"{org.slug}.",
                hint="Import one after the other: --old-org ID --org SLUG",
            )
    return orgs


def require_fitting(cursor: Cursor, found: Sequence[OldOrg], *, slug: str | None) -> list[OldOrg]:
    """Return the organisations whose org does not exist yet.

    Two companies are never mixed. Raises `OtherOldOrg` for an org that has imported another
    organisation, and `OrgIsThere` for one that has imported none and was not named by its `slug`.
    """
    known = {org.slug: org for org in all_orgs(cursor)}
    for old in found:
        if old.slug not in known:
            continue
        ids = _imported_ids(cursor, known[old.slug])
        if ids and old.id not in ids:
            raise OtherOldOrg(
                f"Org {old.slug} has imported the old organisation {quoted(ids[0])}, not "
                f"{quoted(old.id)}.",
                hint=f"Choose another org for this one: --old-org {old.id} --org SLUG",
            )
        if not ids and slug is None:
            raise OrgIsThere(
                f"Org {old.slug} already exists, and has not imported the old organisation "
                f"{quoted(old.id)}.",
                hint=f"If it is the same company: --old-org {old.id} --org {old.slug}",
            )
    return [old for old in found if old.slug not in known]


def begin(uow: UnitOfWork, old: OldOrg) -> Imported:
    """Record in the audit log, once, which old organisation an org imports."""
    result = Imported("Organization", read=1)
    if old.id in _imported_ids(uow.cursor, uow.org):
        result.known = 1
    else:
        result.new = 1
        uow.audit(IMPORTED, "org", uow.org.slug, {"from": "snoutos", "old_org": old.id})
    return result


def _imported_ids(cursor: Cursor, org: OrgRow) -> list[str]:
    """Return the IDs of the old organisations that an org has imported."""
    return imported_org_ids(cursor, org.id, slug=org.slug, event=IMPORTED)


def _zone(written: str | None) -> str | None:
    try:
        return None if written is None else zone(written).key
    except OutOfRange:
        return None


def _name(old_id: str, name: str | None) -> str:
    """Return the name as an org can have it."""
    clean = "".join(c for c in normal_name(name or "") if c.isprintable())[:LONGEST_NAME].strip()
    return clean or old_id[:LONGEST_NAME]


def _slug(old_id: str, name: str | None) -> str:
    """Return the slug made from a name: small letters, digits and dashes."""
    plain = unicodedata.normalize("NFKD", name or "").encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-")[:_LONGEST_SLUG].strip("-")
    if not slug:
        raise NoSlug(
            f"The name of the old organisation {quoted(old_id)} has no letters or digits for a "
            "slug.",
            hint=f"Choose one: --old-org {old_id} --org SLUG",
        )
    return slug
