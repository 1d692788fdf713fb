"""A check of `doctor`: what the audit last says of each thing stands. Standard library only."""

from collections.abc import Iterator
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.phone import phone_key
from petmsg.queries import latest_events as queries
from petmsg.queries.org import OrgRow
from petmsg.services.doctor.check import Check, CheckContext, Finding, group_findings

_OPT = {"client": ("client.opted_out", "client.opted_in"), "sitter": ("sitter.opted_out",
        "sitter.opted_in")}  # fmt: skip


def _look(cursor: Cursor, patient: CheckContext) -> Iterator[Finding]:
    """Rows that were deleted or changed behind petmsg's back."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        words = "The audit tells of {entity} {ref}, {what}".format(**row)
        command = "petmsg audit list --entity {entity} --ref {ref}{org}"
        return Finding(words, patient.command(command, org, row), org)

    for org in patient.orgs:
        for rows in (_gone(cursor, org), _changed(cursor, org), _opt_outs(cursor, org)):
            yield from group_findings(patient, rows, finding)


def _gone(cursor: Cursor, org: OrgRow) -> Iterator[dict[str, Any]]:
    for entity in queries.STANDING:
        for ref in queries.missing(cursor, org, entity):
            yield _row(org, entity, ref, "and it is not there")


def _changed(cursor: Cursor, org: OrgRow) -> Iterator[dict[str, Any]]:
    status = {
        entity: queries.statuses(cursor, org, entity) for entity in ("booking", "sitter", "number")
    }
    for last in queries.last_events(cursor, org, list(queries.STATES)):
        entity, wanted = queries.STATES[last["event"]]
        stands = status[entity].get(last["ref"])
        if last["entity"] == entity and stands not in (None, wanted):
            what = f"that it is {wanted} ({last['event']}), and it is {stands}"
            yield _row(org, entity, last["ref"], what)


def _opt_outs(cursor: Cursor, org: OrgRow) -> Iterator[dict[str, Any]]:
    standing = queries.opted_out_keys(cursor, org)
    for entity, events in _OPT.items():
        phones = queries.phones(cursor, org, entity)
        for last in queries.last_events(cursor, org, events):
            theirs = phones.get(last["ref"])
            if last["event"] != events[0] or not theirs:
                continue
            if not any(phone_key(org.slug, phone) in standing for phone in theirs):
                yield _row(
                    org, entity, last["ref"], "who opted out, and no opt-out of theirs stands"
                )


def _row(org: OrgRow, entity: str, ref: str, what: str) -> dict[str, Any]:
    return {"org_id": org.id, "entity": entity, "ref": ref, "what": what}


EVENTS_STAND = Check("events_stand", "What the audit last tells of each thing stands", _look)
