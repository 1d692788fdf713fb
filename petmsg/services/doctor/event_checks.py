"""A check of `doctor`: the rows match the latest audit events. Standard library only."""

from collections.abc import Iterator
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.phone import phone_key
from petmsg.queries import latest_events as queries
from petmsg.queries.org import OrgRow
from petmsg.services.doctor.check import Check, CheckContext, Finding, group_findings

_OPT_EVENTS = {"client": ("client.opted_out", "client.opted_in"), "sitter": ("sitter.opted_out",
        "sitter.opted_in")}  # fmt: skip


def _look(cursor: Cursor, context: CheckContext) -> Iterator[Finding]:
    """Rows that were deleted or changed without an audit event."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        words = "The audit log has {entity} {ref}, {what}".format(**row)
        command = "petmsg audit list --entity {entity} --ref {ref}{org}"
        return Finding(words, context.command(command, org, row), org)

    for org in context.orgs:
        for rows in (_missing(cursor, org), _changed(cursor, org), _opt_outs(cursor, org)):
            yield from group_findings(context, rows, finding)


def _missing(cursor: Cursor, org: OrgRow) -> Iterator[dict[str, Any]]:
    for entity in queries.STANDING:
        for ref in queries.missing(cursor, org, entity):
            yield _row(org, entity, ref, "but the database does not")


def _changed(cursor: Cursor, org: OrgRow) -> Iterator[dict[str, Any]]:
    status = {
        entity: queries.statuses(cursor, org, entity) for entity in ("booking", "sitter", "number")
    }
    for last in queries.last_events(cursor, org, list(queries.STATES)):
        entity, wanted = queries.STATES[last["event"]]
        stands = status[entity].get(last["ref"])
        if last["entity"] == entity and stands not in (None, wanted):
            what = f"which should be {wanted} ({last['event']}) but is {stands}"
            yield _row(org, entity, last["ref"], what)


def _opt_outs(cursor: Cursor, org: OrgRow) -> Iterator[dict[str, Any]]:
    standing = queries.opted_out_keys(cursor, org)
    for entity, events in _OPT_EVENTS.items():
        phones = queries.phones(cursor, org, entity)
        for last in queries.last_events(cursor, org, events):
            phones_of_client = phones.get(last["ref"])
            if last["event"] != events[0] or not phones_of_client:
                continue
            if not any(phone_key(org.slug, phone) in standing for phone in phones_of_client):
                yield _row(
                    org, entity, last["ref"], "who opted out, but no opt-out of theirs is stored"
                )


def _row(org: OrgRow, entity: str, ref: str, what: str) -> dict[str, Any]:
    return {"org_id": org.id, "entity": entity, "ref": ref, "what": what}


LATEST_EVENTS = Check("events_stand", "The rows match their latest audit events", _look)
