"""Record many accepted messages by a constant number of statements: the usual case of `record`.

Only messages that are still being sent by that worker in that attempt. `record` handles all others,
one by one, and what it writes of a message here is the same.
"""

from collections.abc import Sequence
from datetime import datetime

from petmsg.enums.alerts import AlertKind
from petmsg.enums.messages import MessageStatus
from petmsg.enums.orgs import ProviderName
from petmsg.providers.base import Accepted
from petmsg.queries.alert import open_alert_refs
from petmsg.queries.attempt import occupy_number
from petmsg.queries.attempts_together import Acceptance, accept_attempts, locked_sending
from petmsg.services.inbound.waiting import end_alert_if_answered
from petmsg.services.outbox.record_outcome import HandedOver, payload_of
from petmsg.services.unit_of_work import UnitOfWork


def record_together(
    uow: UnitOfWork, done: Sequence[HandedOver]
) -> dict[tuple[int, int], MessageStatus]:
    """Store the answers that are the usual case; returns the status of their messages, by message
    and attempt."""
    accepted = [each for each in done if isinstance(each.outcome, Accepted)]
    if not accepted:
        return {}
    sending = locked_sending(uow.cursor, uow.org, [each.claim.message for each in accepted])
    usual: list[tuple[HandedOver, Acceptance, ProviderName]] = []
    for each in accepted:
        claim = each.claim
        row = sending.pop(claim.message, None)  # of a message that comes twice, the first
        if row is None or (row.worker, row.attempts) != (claim.worker, claim.attempt):
            continue
        assert isinstance(each.outcome, Accepted)
        sid = each.outcome.provider_message_id
        new = Acceptance(claim.message, claim.attempt, sid, uow.now)
        usual.append((each, new, ProviderName(row.provider or "")))
    accept_attempts(uow.cursor, [new for _, new, _ in usual])
    _extend_rate_limits(uow, [each for each, _, _ in usual])
    clients = {each.claim.decision.client for each, _, _ in usual}
    kind = AlertKind.CLIENT_WAITING.value
    refs = [ref for ref in clients if ref is not None]
    waiting = open_alert_refs(uow.cursor, uow.org.id, kind=kind, entity="client", refs=refs)
    for each, _, provider in usual:
        client = each.claim.decision.client
        uow.audit(
            "message.sent", "message", str(each.claim.message), payload_of(each.claim, provider)
        )
        if client in waiting:
            end_alert_if_answered(uow, client)
    return {(new.message_id, new.attempt): MessageStatus.SENT for _, new, _ in usual}


def _extend_rate_limits(uow: UnitOfWork, done: Sequence[HandedOver]) -> None:
    """Extend the busy time of each number by as much as its last request started late."""
    until: dict[int, datetime] = {}
    for each in done:
        claim = each.claim
        if each.started_at is not None and each.started_at > claim.start_at:
            ends = each.started_at + claim.occupancy
            until[claim.number] = max(ends, until.get(claim.number, ends))
    for number, ends in until.items():
        occupy_number(uow.cursor, number_id=number, until=ends)
