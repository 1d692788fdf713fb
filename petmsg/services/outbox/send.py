"""Sending one text at once: queue it and claim it in one transaction."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from petmsg.enums import MessageStatus, ProviderName
from petmsg.errors import Refused
from petmsg.models import Message
from petmsg.services.outbox.claim import Claim, ClaimResult, Ended, Waiting, claim
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.outbox.queue import queue
from petmsg.services.unit_of_work import UnitOfWork


class NotSent(Refused):
    """A text that was refused or held when it was about to leave; `code` is its own."""

    def __init__(self, ended: Ended) -> None:
        hint = f"Look at it: petmsg message show {ended.message}"
        if ended.status is MessageStatus.HELD:
            hint = (
                f"Drop it: petmsg message cancel {ended.message}; or once nothing stands in the "
                f"way: petmsg message retry {ended.message} --reason …"
            )
        super().__init__(f"Text {ended.message} was not sent: {ended.why}.", hint=hint)
        self.code = f"message_{ended.status.value}"


@dataclass(frozen=True, slots=True)
class Sending:
    """A text on its way: where it stands, and what came of claiming it, if that was tried."""

    message: int
    status: MessageStatus
    from_e164: str | None
    to_e164: str | None
    segments: int
    decision: str | None
    note: str | None
    taken: ClaimResult | None = None
    warnings: tuple[str, ...] = ()


def queue_and_claim(
    uow: UnitOfWork,
    client_text: str,
    *,
    body: str,
    options: SendOptions,
    send_at: datetime | None,
    expires_at: datetime | None,
    queue_only: bool,
    provider: ProviderName,
    worker: str,
    ahead: timedelta = timedelta(0),
) -> Sending:
    """Queue a text and, unless `queue_only`, claim it in the same transaction.

    `provider` is the one whose credentials this process holds, `worker` its token, `ahead` how long
    before its start the text may be claimed.
    """
    options = replace(options, send_at=send_at, expires_at=expires_at)
    queued = queue(uow, client_text, body=body, options=options)
    if queue_only or queued.status is not MessageStatus.QUEUED:
        note = f"there already, {queued.status}" if queued.reused else None
        return replace(_sending(uow, queued.message, None, note), warnings=queued.warnings)
    taken = claim_now(uow, queued.message, provider=provider, worker=worker, ahead=ahead)
    return replace(taken, warnings=queued.warnings)


def claim_now(
    uow: UnitOfWork,
    message_id: int,
    *,
    provider: ProviderName,
    worker: str,
    ahead: timedelta = timedelta(0),
) -> Sending:
    """`claim`, with the text as it stands after it."""
    taken = claim(uow, message_id, provider=provider, worker=worker, ahead=ahead)
    return _sending(uow, message_id, taken, None if isinstance(taken, Claim) else taken.why)


def _sending(
    uow: UnitOfWork, message_id: int, taken: ClaimResult | None, note: str | None
) -> Sending:
    message = uow.session.get(Message, message_id)
    assert message is not None
    decision = message.decision
    if isinstance(taken, Waiting) and taken.decision is not None:
        decision = json.dumps(taken.decision.to_json(), ensure_ascii=False)
    return Sending(
        message=message_id,
        status=message.status,
        from_e164=message.from_e164,
        to_e164=message.to_e164,
        segments=message.segments,
        decision=decision,
        note=note,
        taken=taken,
    )
