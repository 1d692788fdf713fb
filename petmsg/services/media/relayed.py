"""Pictures that are passed on between a client and a sitter.

The outbound message is queued when the inbound one arrives, with a copy of each file that waits
until the file was fetched; it is not sent before. The copy is cleaned like any picture that is
sent. A file that cannot be passed on is left with the front desk, and the words go without it.
"""

from dataclasses import dataclass
from datetime import timedelta

from petmsg.enums.inbound import RelayKind
from petmsg.enums.messages import Direction, MessageStatus
from petmsg.models import Message, Relay
from petmsg.queries import relayed_media as queries
from petmsg.rules.segments import measure
from petmsg.services import inbox
from petmsg.services.outbox import system_messages
from petmsg.services.outbox.outgoing_media import NewMedia
from petmsg.services.outbox.queue import cancel
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import LONGEST_BODY

WAIT = timedelta(minutes=10)
"""How long a relayed message waits for a picture that the provider does not deliver."""


@dataclass(frozen=True, slots=True)
class CleanCopy:
    """A file as it may be sent; its bytes are in the store under `sha256`."""

    content_type: str
    size: int
    sha256: str
    name: str
    removed: tuple[str, ...]
    original_size: int


def copies_of(uow: UnitOfWork, message_id: int) -> list[NewMedia]:
    """The files of an outbound message that passes on a received one: they wait for its files."""
    return [
        NewMedia(content_type=file.content_type, source_id=file.id)
        for file in queries.files_of_inbound(uow.cursor, uow.org.id, message_id)
    ]


def fill(uow: UnitOfWork, copy: int, clean: CleanCopy) -> bool:
    """Give a waiting copy its bytes; False if it waits no longer."""
    return queries.fill_copy(
        uow.cursor,
        copy,
        content_type=clean.content_type,
        size=clean.size,
        sha256=clean.sha256,
        name=clean.name,
        removed=",".join(clean.removed),
        original_size=clean.original_size,
        now=uow.now,
    )


def give_up(uow: UnitOfWork, copy: int, *, message_id: int) -> None:
    """Let the outbound message go without a file that cannot be passed on.

    The received message waits in the inbox. The sitter is told: in the forwarded message itself, or
    by a notice if it was theirs. A reply that has neither words nor files left is cancelled.
    """
    message = uow.session.get(Message, message_id, with_for_update=True, populate_existing=True)
    assert message is not None
    assert message.direction is Direction.OUTBOUND
    remaining = queries.drop_copy(uow.cursor, copy, message_id=message_id)
    if remaining is None:
        return
    uow.session.refresh(message)
    relay = uow.session.get(Relay, message_id)
    if relay is None or relay.about_id is None or message.body is None:
        return
    inbox.add(uow, relay.about_id)
    uow.audit("media.not_forwarded", "message", str(message_id), {"about": relay.about_id})
    left, _ = remaining
    if relay.kind is RelayKind.FORWARD:
        note = " [1 picture could not be forwarded; the front desk has been told]"
        message.body = message.body[: LONGEST_BODY - len(note)] + note
        uow.session.flush()
    elif relay.kind is RelayKind.REPLY and relay.sitter_id is not None:
        is_empty = not left and not message.body.strip()
        if is_empty and message.status is MessageStatus.QUEUED:
            cancel(uow, message_id, reason="its picture could not be forwarded")
        said = "It was not sent" if is_empty else "Your message is sent without it"
        system_messages.notify_sitter(
            uow,
            relay.sitter_id,
            relay.about_id,
            f"A picture could not be forwarded. {said}. The front desk has been told.",
        )
    if not left:  # a message with files was one segment
        message.segments = measure(message.body).segments
        uow.session.flush()
