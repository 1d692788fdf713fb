"""Stores a message that is about to be sent, with its files and what it answers."""

from collections.abc import Sequence
from datetime import datetime

from petmsg.enums.messages import Direction, MessageStatus, Voice
from petmsg.models import Message, MessageSource
from petmsg.rules.segments import measure
from petmsg.services.outbox.outgoing_media import NewMedia, add_media
from petmsg.services.unit_of_work import UnitOfWork


def store_queued(
    uow: UnitOfWork,
    *,
    body: str,
    to_e164: str,
    send_at: datetime,
    expires_at: datetime | None,
    urgent: bool,
    media: Sequence[NewMedia] = (),
    key: str | None = None,
    voice: Voice | None = None,
    as_sitter_id: int | None = None,
    thread_id: int | None = None,
    client_id: int | None = None,
) -> int:
    """Store a queued message with its files; return its ID.

    It is sent at `send_at` at the earliest and not after `expires_at` (aware UTC, None: always).
    Without `thread_id` and `client_id` it is in no thread. Raises `OutOfRange` for too many files.
    """
    message = Message(
        org_id=uow.org.id,
        thread_id=thread_id,
        client_id=client_id,
        direction=Direction.OUTBOUND,
        status=MessageStatus.QUEUED,
        body=body,
        to_e164=to_e164,
        as_sitter_id=as_sitter_id,
        voice=voice,
        idempotency_key=key,
        segments=measure(body).segments,
        actor=uow.actor,
        created_at=uow.now,
        send_at=send_at,
        due_at=send_at,
        expires_at=expires_at,
        urgent=urgent,
    )
    uow.session.add(message)
    uow.session.flush()
    assert message.id is not None
    add_media(uow, message, media)
    return message.id


def add_source(
    uow: UnitOfWork, message_id: int, reply_to: int | None, *, version: int | None = None
) -> None:
    """Store which inbound message an outbound one answers, and the ID of the version of the
    template that it was filled from."""
    uow.session.add(
        MessageSource(
            message_id=message_id,
            org_id=uow.org.id,
            reply_to_id=reply_to,
            template_version_id=version,
        )
    )
    uow.session.flush()
