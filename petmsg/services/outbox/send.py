"""Send one message now: queue and claim it in one transaction."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from petmsg.enums.messages import MessageStatus
from petmsg.enums.orgs import ProviderName
from petmsg.errors import Refused
from petmsg.models import Message
from petmsg.queries.org import Account
from petmsg.services.outbox.claim import claim
from petmsg.services.outbox.claimed import Claim, ClaimResult, Ended, Waiting
from petmsg.services.outbox.outgoing_media import NewMedia
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.outbox.queue import Queued, queue
from petmsg.services.outbox.stored_message import MessageNotWaiting
from petmsg.services.unit_of_work import UnitOfWork


class QueueIt(Protocol):
    """What queues a message: for a client, for a sitter, or as the answer to a message."""

    def __call__(
        self,
        uow: UnitOfWork,
        recipient: str,
        /,
        *,
        body: str,
        options: SendOptions,
        media: Sequence[NewMedia],
    ) -> Queued:
        """Queue the message to whom `recipient` names."""


class NotSent(Refused):
    """A message that was rejected or held when it was about to be sent; `code` says which."""

    def __init__(self, ended: Ended) -> None:
        hint = f"See the message: petmsg message show {ended.message}"
        if ended.status is MessageStatus.HELD:
            hint = (
                f"Cancel it: petmsg message cancel {ended.message}. Or send it again: petmsg "
                f"message retry {ended.message} --reason …"
            )
        super().__init__(f"Message {ended.message} was not sent: {ended.why}.", hint=hint)
        self.code = f"message_{ended.status.value}"


@dataclass(frozen=True, slots=True)
class Sending:
    """A message being sent: its state, and the result of claiming it, if that was tried.

    `reply_to` is the inbound message that it answers.
    """

    message: int
    status: MessageStatus
    from_e164: str | None
    to_e164: str | None
    segments: int
    decision: str | None
    note: str | None
    claim_result: ClaimResult | None = None
    warnings: tuple[str, ...] = ()
    reply_to: int | None = None


def queue_and_claim(
    uow: UnitOfWork,
    client_text: str,
    *,
    body: str,
    options: SendOptions,
    send_at: datetime | None,
    expires_at: datetime | None,
    queue_only: bool,
    provider: ProviderName | Account,
    worker: str,
    ahead: timedelta = timedelta(0),
    public_url: str | None = None,
    media: Sequence[NewMedia] = (),
    queue_it: QueueIt = queue,
) -> Sending:
    """Queue a message and, unless `queue_only`, claim it in the same transaction.

    `queue_it` puts it in the queue: `queue` for a client, `queue_to_sitter` for a sitter,
    `services.inbound.reply` for the sender of an inbound message.
    `provider` is the one, or the account, whose credentials this process has, `worker` its token.
    `ahead` is how long before its start time the message may be claimed, `public_url` where the
    provider may fetch its files.
    """
    options = replace(options, send_at=send_at, expires_at=expires_at)
    queued = queue_it(uow, client_text, body=body, options=options, media=media)
    if queue_only or queued.status is not MessageStatus.QUEUED:
        return _left_alone(uow, queued)
    try:
        result = claim_now(
            uow,
            queued.message,
            provider=provider,
            worker=worker,
            ahead=ahead,
            public_url=public_url,
        )
    except MessageNotWaiting:  # of the same key, and a worker was faster
        return _left_alone(uow, queued)
    return replace(result, warnings=queued.warnings)


def claim_now(
    uow: UnitOfWork,
    message_id: int,
    *,
    provider: ProviderName | Account,
    worker: str,
    ahead: timedelta = timedelta(0),
    public_url: str | None = None,
) -> Sending:
    """Claim the message and return its state."""
    result = claim(
        uow, message_id, provider=provider, worker=worker, ahead=ahead, public_url=public_url
    )
    return _sending(uow, message_id, result, None if isinstance(result, Claim) else result.why)


def _left_alone(uow: UnitOfWork, queued: Queued) -> Sending:
    """The state of a message that is only queued, or was queued earlier and is no longer."""
    sending = _sending(uow, queued.message, None, None)
    note = f"already {sending.status}" if queued.reused else None
    return replace(sending, note=note, warnings=queued.warnings)


def _sending(
    uow: UnitOfWork, message_id: int, result: ClaimResult | None, note: str | None
) -> Sending:
    message = uow.session.get(Message, message_id)
    assert message is not None
    decision = message.decision
    if isinstance(result, Waiting) and result.decision is not None:
        decision = json.dumps(result.decision.to_json(), ensure_ascii=False)
    return Sending(
        message=message_id,
        status=message.status,
        from_e164=message.from_e164,
        to_e164=message.to_e164,
        segments=message.segments,
        decision=decision,
        note=note,
        claim_result=result,
    )
