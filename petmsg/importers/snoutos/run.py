"""The steps of importing an old organisation, each small enough for one transaction."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from sqlite3 import Row
from typing import Any

from petmsg.clock import zone
from petmsg.db.cursor import Cursor
from petmsg.db.driver_errors import is_driver_error, is_retryable
from petmsg.db.transaction import Transaction
from petmsg.errors import MalformedRow, UsageProblem
from petmsg.importers.snoutos import (
    bookings,
    messages,
    numbers,
    opt_outs,
    orgs,
    overrides,
    people,
    sitters,
    threads,
    windows,
)
from petmsg.importers.snoutos.newer_schema import HELD, ORG_TABLES
from petmsg.importers.snoutos.orgs import OldOrg
from petmsg.importers.snoutos.report import Imported, OrgReport
from petmsg.importers.snoutos.staging import Stage
from petmsg.queries.org import all_orgs, find_org
from petmsg.services.orgs import org as org_service
from petmsg.services.unit_of_work import Failure, UnitOfWork, run_in_savepoint

Step = Callable[[UnitOfWork], Imported]

_SITTERS = """
SELECT id, name, active, personalPhone, phone, e164, deletedAt FROM "Sitter" WHERE orgId = :org
ORDER BY id
"""
_CLIENTS = """
SELECT c.id, c.name, c.deletedAt,
       (SELECT count(*) FROM "ClientContact" p WHERE p.clientId = c.id) AS contacts
FROM "Client" c WHERE c.orgId = :org ORDER BY c.id
"""
_CONTACTS = """
SELECT coalesce(p.id, 'of client ' || p.clientId) AS id, p.clientId, p.e164
FROM "ClientContact" p JOIN "Client" c ON c.id = p.clientId
WHERE c.orgId = :org ORDER BY p.clientId, p.createdAt IS NULL, p.createdAt, p.id, p.rowid
"""
# If two numbers need the same sitter, or the front desk, the one in use comes first.
_NUMBERS = """
SELECT id, e164, class, status, assignedSitterId, formerSitterId, quarantinedReason,
       quarantineReleaseAt, lastUsedAt
FROM "MessageNumber" WHERE orgId = :org
ORDER BY CASE lower(status) WHEN 'active' THEN 0 WHEN 'quarantined' THEN 1 ELSE 2 END,
  lastUsedAt IS NULL, lastUsedAt DESC, id
"""
_ASSIGNMENTS = f"""
SELECT coalesce(m.id, 'of sitter ' || coalesce(m.sitterId, '?')) AS id, m.sitterId,
       m.messageNumberId, n.id AS number, s.id AS sitter, s.orgId AS sitters_org, n.orgId AS org,
       n.assignedSitterId AS holder, {HELD} AS held
FROM "SitterMaskedNumber" m LEFT JOIN "MessageNumber" n ON n.id = m.messageNumberId
LEFT JOIN "Sitter" s ON s.id = m.sitterId
WHERE coalesce(n.orgId, s.orgId) = :org ORDER BY m.rowid
"""
_ASSIGNMENTS_OF_NOBODY = """
SELECT coalesce(m.id, 'of sitter ' || coalesce(m.sitterId, '?')) AS id, m.sitterId AS missing
FROM "SitterMaskedNumber" m LEFT JOIN "MessageNumber" n ON n.id = m.messageNumberId
LEFT JOIN "Sitter" s ON s.id = m.sitterId
WHERE coalesce(n.orgId, s.orgId) IS NULL ORDER BY m.rowid
"""
_ORG = "organisation"
_CONTACTS_OF_NOBODY = """
SELECT coalesce(p.id, 'of client ' || coalesce(p.clientId, '?')) AS id, p.clientId AS missing
FROM "ClientContact" p LEFT JOIN "Client" c ON c.id = p.clientId WHERE c.id IS NULL ORDER BY p.rowid
"""


def begin(
    transaction: Transaction, old: OldOrg, *, timezone: str | None, actor: str, now: datetime
) -> tuple[OrgReport, UnitOfWork]:
    """Start the import of an organisation; create its org if needed, and return the report.

    Raises `UsageProblem` for a new org without a timezone.
    """
    existing = {org.slug for org in all_orgs(transaction.cursor)}
    if old.slug in existing:
        uow = UnitOfWork(transaction, find_org(transaction.cursor, old.slug), actor, now)
    else:
        _, uow = org_service.add(
            transaction,
            old.slug,
            name=old.name,
            timezone=_needed(old, timezone),
            actor=actor,
            now=now,
        )
    report = OrgReport(old.id, old.slug, created=old.slug not in existing)
    report.add(orgs.begin(uow, old))
    return report, uow


def whole(
    transaction: Transaction,
    stage: Stage,
    old: OldOrg,
    *,
    timezone: str | None,
    actor: str,
    now: datetime,
) -> tuple[OrgReport, UnitOfWork]:
    """Import an organisation in one transaction, for a dry run that is rolled back."""
    report, uow = begin(transaction, old, timezone=timezone, actor=actor, now=now)
    for step in steps(stage, old):
        report.add(step(uow))
    return report, uow


def require_ready(
    cursor: Cursor, found: Sequence[OldOrg], *, slug: str | None, timezone: str | None
) -> list[OldOrg]:
    """Raise before anything is written, if something would stop the import halfway.

    Returns those whose org is new.

    Raises `OtherOldOrg`, `OrgIsThere`, and `UsageProblem` or `OutOfRange` for the timezone.
    """
    new = orgs.require_fitting(cursor, found, slug=slug)
    require_timezones(new, timezone)
    return new


def require_timezones(new: Sequence[OldOrg], timezone: str | None) -> None:
    """Raise `UsageProblem` or `OutOfRange` if an org that is new would have no timezone."""
    if timezone is not None:
        zone(timezone)
    for old in new:
        _needed(old, timezone)


def _needed(old: OldOrg, timezone: str | None) -> str:
    """Return the timezone of a new org: that of the old tables, otherwise the given one."""
    if old.timezone is not None:
        return old.timezone
    if timezone is None:
        raise UsageProblem(
            f"Org {old.slug} is new and needs a timezone.",
            hint="Add it: --timezone America/New_York. Or name an existing org: --org SLUG",
        )
    return zone(timezone).key


def steps(stage: Stage, old: OldOrg) -> Iterator[Step]:
    """Yield the steps of importing an organisation, each for its own transaction."""

    def each(
        table: str, sql: str, import_rows: Callable[..., Imported], **given: Any
    ) -> Iterator[Step]:
        for rows in stage.chunks(sql, org=old.id):
            yield partial(
                _import_rows, table=table, rows=rows, import_rows=partial(import_rows, **given)
            )

    staged = {"stage": stage, "org": old.id}
    yield from each("Sitter", _SITTERS, sitters.import_sitters, **staged)
    yield from each("Client", _CLIENTS, people.import_clients)
    yield from each("ClientContact", _CONTACTS, people.import_contacts)
    yield from each("MessageNumber", _NUMBERS, numbers.import_numbers)
    yield from each("SitterMaskedNumber", _ASSIGNMENTS, numbers.report_assignments)
    yield from each("Thread", threads.ORPHANS, threads.refuse_orphans)
    yield from each("Thread", threads.CLIENTS, threads.import_threads, **staged)
    yield from each("Booking", bookings.BOOKINGS, bookings.import_bookings, stage=stage)
    yield from each("AssignmentWindow", windows.WINDOWS, windows.import_windows, **staged)
    yield from each("OptOut", opt_outs.OPT_OUTS, opt_outs.import_opt_outs, stage=stage)
    yield from each("RoutingOverride", overrides.OVERRIDES, overrides.import_overrides)
    yield from each("Message", messages.MESSAGES, messages.import_messages, **staged)


def of_no_org(stage: Stage) -> Iterator[Imported]:
    """Yield the rows that belong to no existing organisation, and so to no org."""
    for table in ORG_TABLES:
        sql = (
            f"SELECT coalesce(id, 'row ' || rowid) AS id, orgId AS missing FROM \"{table}\""
            ' WHERE orgId IS NULL OR orgId NOT IN (SELECT id FROM "Organization") ORDER BY 1'
        )
        yield from _refused(stage, table, sql, _ORG)
    yield from _refused(stage, "ClientContact", _CONTACTS_OF_NOBODY, "client")
    yield from _refused(stage, "SitterMaskedNumber", _ASSIGNMENTS_OF_NOBODY, "sitter")


def _missing(noun: str, id_: str | None) -> people.NotImported:
    if not id_:
        return people.NotImported(f"It names no {noun}.")
    hint = f"Import its rows as an org: --old-org {id_} --org SLUG" if noun == _ORG else ""
    return people.NotImported(f"{noun.capitalize()} {id_} does not exist.", hint=hint)


def _refused(stage: Stage, table: str, sql: str, noun: str) -> Iterator[Imported]:
    for rows in stage.chunks(sql):
        result = Imported(table, read=len(rows))
        for row in rows:
            result.refuse(row["id"], _missing(noun, row["missing"]))
        yield result


def _import_rows(
    uow: UnitOfWork, *, table: str, rows: Sequence[Row], import_rows: Callable[..., Imported]
) -> Imported:
    """Import rows together; if the database rejects one, import each in its own savepoint."""
    try:
        with uow.all_or_nothing():
            return import_rows(uow, rows=rows)
    except Exception as problem:
        if not is_driver_error(problem) or is_retryable(problem):
            raise
    result = Imported(table)
    for row in rows:
        done = run_in_savepoint(uow, row, lambda one: import_rows(uow, rows=[one]), ref=_name)
        if isinstance(done, Failure):
            result.read += 1
            result.refuse(done.ref, MalformedRow(done.error.message))
        else:
            result.add(done)
    return result


def _name(row: Row) -> str:
    return str(row["id"])
