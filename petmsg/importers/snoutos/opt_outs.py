"""Import opt-outs: who sent STOP to the old system gets no messages from petmsg either.

The old tables contain no opt-outs: the carrier kept one per number, and petmsg may choose another
number. So a client whose last keyword was an opt-out is opted out for the whole org, with an alert,
because CANCEL and END often mean the visit.
"""

import shlex
from collections.abc import Mapping, Sequence
from sqlite3 import Row
from typing import Any

from petmsg.clock import iso_utc
from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.messages import Direction
from petmsg.enums.opt_outs import Keyword, OptOutSource
from petmsg.enums.people import ClientKind
from petmsg.errors import MalformedRow
from petmsg.importers.snoutos.legacy_schema import time_of
from petmsg.importers.snoutos.people import clients_by_ref
from petmsg.importers.snoutos.report import Imported
from petmsg.importers.snoutos.staging import Stage
from petmsg.queries.lookup import ClientKey
from petmsg.queries.message import NoPhone
from petmsg.rules.keywords import keyword_of, plain_word
from petmsg.services.alert import raise_alert
from petmsg.services.people import optout
from petmsg.services.unit_of_work import UnitOfWork

_LONGEST = 40
"""Longer bodies are not keywords."""

_SHORT = f"""
SELECT m.id, t.clientId, m.body, m.createdAt FROM "Message" m JOIN "Thread" t ON t.id = m.threadId
WHERE t.orgId = :org AND m.orgId = :org AND t.clientId IN (:values)
  AND lower(m.direction) = 'inbound' AND length(m.body) <= {_LONGEST}
ORDER BY m.createdAt, m.id
"""


def store_opt_outs(
    uow: UnitOfWork, stage: Stage, org: str, new: Sequence[Mapping[str, Any]], result: Imported
) -> None:
    """Opt out the clients with an opt-out among their `new` messages, unless a later opt-in ended
    it.

    A client without a phone cannot be opted out; this is noted, because they may get a phone later.
    """
    clients = {
        text["client_id"]
        for text in new
        if text["direction"] == Direction.INBOUND and _said(text["body"]) is Keyword.STOP
    }
    if not clients:
        return
    refs = [
        row["ref"]
        for row in uow.cursor.in_list(
            "SELECT ref FROM client WHERE org_id = :org_id AND id IN (:ids) ORDER BY ref",
            "ids",
            sorted(clients),
            org_id=uow.org.id,
        )
    ]
    last: dict[str, Row] = {}
    for row in stage.among(_SHORT, refs, org=org):
        if _said(row["body"]) in (Keyword.STOP, Keyword.START):
            last[row["clientId"]] = row
    for client in clients_by_ref(uow, refs).values():
        said = last.get(client["ref"])
        if said is not None and _said(said["body"]) is Keyword.STOP:
            _opt_out(uow, client, said, result)


def _said(body: str | None) -> Keyword | None:
    """Return the keyword of a body. YES counts as START here, because only the last keyword
    counts."""
    return keyword_of(body or "", opted_out=True)


def _opt_out(uow: UnitOfWork, client: Mapping[str, Any], said: Row, result: Imported) -> None:
    try:
        when = iso_utc(time_of(said["createdAt"], "createdAt"))
    except MalformedRow:
        return
    key = ClientKey(client["id"], client["ref"], client["name"], ClientKind(client["kind"]))
    reason = f"sent {plain_word(said['body'])} to Snoutos at {when}"
    try:
        done = optout.opt_out(uow, key, phones=None, source=OptOutSource.KEYWORD, reason=reason)
    except NoPhone:
        what = f"Client {key.ref} {reason}, but has no phone. Opt the client out when they get one."
        result.note(said["id"], "stop_without_phone", what)
        return
    if not done.reused:
        raise_alert(
            uow,
            AlertKind.CLIENT_OPTED_OUT,
            severity=AlertSeverity.INFO,
            entity="client",
            ref=key.ref,
            message=f"Client {key.ref} opted out of messages: {reason}.",
            command=f"petmsg optout show {shlex.quote(key.ref)}",
        )
