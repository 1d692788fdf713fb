"""Messages outside any thread: to a sitter's own phone, or an automatic reply to a stranger.

They use the same queue as all messages. Those that petmsg writes are `urgent`, because somebody
wrote just now and waits, and they expire, because a late answer is of no use. What a person writes
to a sitter is queued by `petmsg.services.outbox.staff_messages`.
"""

import shlex
from collections.abc import Sequence
from datetime import timedelta

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.inbound import RelayKind
from petmsg.enums.routing import SystemMessageRule
from petmsg.models import Message, Relay
from petmsg.queries.lookup import client_by_id
from petmsg.queries.relay_traffic import notice_count
from petmsg.queries.sitter_number import forward_fact, number_fact, sitter_line, staff_facts
from petmsg.rules.routing import Decision
from petmsg.rules.routing.direct import DirectFacts, decide_direct
from petmsg.services import inbox
from petmsg.services.alert import raise_alert
from petmsg.services.outbox import replies
from petmsg.services.outbox.contact_details import find_phones_and_emails, hide
from petmsg.services.outbox.outgoing_media import NewMedia
from petmsg.services.outbox.overridden import (
    OVERRIDDEN,
    override_until,
    words_for_sitter,
)
from petmsg.services.outbox.store_queued import store_queued
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import LONGEST_BODY

EXPIRES = {
    RelayKind.FORWARD: timedelta(hours=4),
    RelayKind.NOTICE: timedelta(minutes=30),
    RelayKind.AUTO_REPLY: timedelta(hours=1),
}
"""How long after it was written a system message may still be sent."""
MOST_NOTICES = 5
"""The maximum number of notices to one sitter within `NOTICES_WITHIN`."""
NOTICES_WITHIN = timedelta(hours=1)


def queue_system_message(
    uow: UnitOfWork,
    *,
    to_e164: str,
    body: str,
    kind: RelayKind,
    about_id: int,
    sitter_id: int | None = None,
    number_id: int | None = None,
    media: Sequence[NewMedia] = (),
) -> int:
    """Queue a message to a phone without a thread; return its ID.

    `about_id` is the inbound message that is relayed or answered. The message is sent from the
    number of the sitter `sitter_id`, who then receives it, or from `number_id`.
    """
    message_id = store_queued(
        uow,
        body=body,
        to_e164=to_e164,
        send_at=uow.now,
        expires_at=uow.now + EXPIRES[kind],
        urgent=True,
        media=media,
    )
    add_relay(
        uow, message_id, kind=kind, about_id=about_id, sitter_id=sitter_id, number_id=number_id
    )
    uow.audit(
        "message.queued",
        "message",
        str(message_id),
        {"client": None, "kind": kind.value, "about": about_id},
    )
    return message_id


def add_relay(
    uow: UnitOfWork,
    message_id: int,
    *,
    kind: RelayKind,
    about_id: int | None,
    sitter_id: int | None = None,
    number_id: int | None = None,
) -> None:
    """Store why petmsg wrote a message."""
    uow.session.add(
        Relay(
            message_id=message_id,
            org_id=uow.org.id,
            kind=kind,
            about_id=about_id,
            sitter_id=sitter_id,
            number_id=number_id,
        )
    )
    uow.session.flush()


def decide(uow: UnitOfWork, message: Message) -> Decision:
    """Return the number that a system message is sent from now, and the reason.

    A client's message that the sitter may no longer read gets no number.
    """
    relay = _relay(uow, message)
    if relay is not None and relay.kind is RelayKind.STAFF and relay.sitter_id is not None:
        facts = staff_facts(uow.cursor, uow.org, relay.sitter_id)
    elif relay is not None and relay.sitter_id is not None:
        line = sitter_line(uow.cursor, uow.org, relay.sitter_id)
        forward = None
        if relay.kind is RelayKind.FORWARD:
            forward = forward_fact(
                uow.cursor,
                uow.org,
                about_id=relay.about_id or 0,
                sitter_id=relay.sitter_id,
                at=uow.now,
            )
        facts = DirectFacts(
            uow.org.slug, SystemMessageRule.OWN_NUMBER, line.number, line.sitter, line.name, forward
        )
    else:
        number_id = relay.number_id if relay is not None else None
        number = None if number_id is None else number_fact(uow.cursor, uow.org, number_id)
        facts = DirectFacts(uow.org.slug, SystemMessageRule.SAME_NUMBER, number)
    return decide_direct(facts._replace(with_media=message.media_count > 0), uow.now)


def update_recipient(uow: UnitOfWork, message: Message) -> None:
    """Address a sitter's message to their current phone."""
    relay = _relay(uow, message)
    if relay is None or relay.sitter_id is None:
        return
    phone = sitter_line(uow.cursor, uow.org, relay.sitter_id).phone
    if message.to_e164 != phone:
        message.to_e164 = phone
        uow.session.flush()


def is_relayed(uow: UnitOfWork, message: Message) -> bool:
    """Whether the message relays a client's or a sitter's message, is a notice, or answers a
    message of the inbox: if it is not delivered, a person is notified (`on_undelivered`)."""
    relay = _relay(uow, message)
    if relay is None:
        return replies.answered_by(uow, message) is not None
    return relay.kind is not RelayKind.AUTO_REPLY


def add_to_inbox(uow: UnitOfWork, message: Message) -> None:
    """Put what a message relays or answers in the inbox, because it is held or was cancelled."""
    answered = replies.answered_by(uow, message)
    if answered is not None:
        inbox.add(uow, answered)
    relay = _relay(uow, message)
    if relay is None or relay.about_id is None:
        return
    if relay.kind in (RelayKind.FORWARD, RelayKind.REPLY):
        inbox.add(uow, relay.about_id)


def on_undelivered(uow: UnitOfWork, message: Message) -> None:
    """Handle a system message that will not be delivered: put what it was about in the inbox, and
    tell a sitter whose reply did not reach the client.

    A person's message to a sitter raises an alert. Does nothing for a person's message to a client,
    or for an automatic reply. No alert is raised for a message that an override kept for the front
    desk, because a person wanted it.
    """
    relay = _relay(uow, message)
    if relay is not None and relay.kind is RelayKind.STAFF:
        _alert_staff(uow, message, relay)
        return
    answered = replies.answered_by(uow, message)
    if answered is not None:
        replies.reopen(uow, message, answered)
        return
    if relay is None or relay.kind is RelayKind.AUTO_REPLY or relay.about_id is None:
        return
    assert relay.sitter_id is not None
    inbox.add(uow, relay.about_id)
    overridden = message.error_code == OVERRIDDEN
    if relay.kind is RelayKind.REPLY:
        words = "Your message did not reach the client."
        if overridden and message.client_id is not None:
            client = client_by_id(uow.cursor, uow.org.id, message.client_id)
            words = words_for_sitter(uow, client.ref, override_until(uow, client.id))
        notify_sitter(uow, relay.sitter_id, relay.about_id, words)
    if overridden:
        return
    sitter = sitter_line(uow.cursor, uow.org, relay.sitter_id).sitter
    whom = f"the client that sitter {sitter} wrote to" if relay.kind is RelayKind.REPLY else sitter
    raise_alert(
        uow,
        AlertKind.RELAY_FAILED,
        severity=AlertSeverity.WARNING,
        entity="sitter",
        ref=sitter,
        message=f"Message {message.id} was not delivered to {whom} ({message.error_code}). Message "
        f"{relay.about_id} is in the inbox.",
        command=f"petmsg inbox show {relay.about_id}; petmsg sitter show {shlex.quote(sitter)}",
    )


def _alert_staff(uow: UnitOfWork, message: Message, relay: Relay) -> None:
    """Raise the alert for a person's message that did not reach a sitter. The sitter's own message
    that it answered waits in the inbox again."""
    assert relay.sitter_id is not None
    if relay.about_id is not None:
        inbox.add(uow, relay.about_id)
    sitter = sitter_line(uow.cursor, uow.org, relay.sitter_id).sitter
    raise_alert(
        uow,
        AlertKind.RELAY_FAILED,
        severity=AlertSeverity.WARNING,
        entity="sitter",
        ref=sitter,
        message=f"Message {message.id} was not delivered to sitter {sitter} "
        f"({message.error_code}).",
        command=f"petmsg message show {message.id}; petmsg sitter show {shlex.quote(sitter)}",
    )


def notify_sitter(uow: UnitOfWork, sitter_id: int, about_id: int, words: str) -> bool:
    """Send a notice to a sitter about their message, from their own number; return whether it was
    queued.

    At most `MOST_NOTICES` are sent within `NOTICES_WITHIN`, because the sitter's phone may answer
    automatically.
    """
    notices = notice_count(
        uow.cursor, uow.org.id, sitter_id=sitter_id, since=uow.now - NOTICES_WITHIN
    )
    line = sitter_line(uow.cursor, uow.org, sitter_id)
    if notices >= MOST_NOTICES or line.number is None:
        return False
    queue_system_message(
        uow,
        to_e164=line.phone,
        body=hide_contact_details(uow, words)[:LONGEST_BODY],
        kind=RelayKind.NOTICE,
        about_id=about_id,
        sitter_id=sitter_id,
    )
    return True


def hide_contact_details(uow: UnitOfWork, body: str) -> str:
    """Return the text with phones and email addresses hidden, also those within a name."""
    return hide(body, find_phones_and_emails(uow.cursor, uow.org, body))


def _relay(uow: UnitOfWork, message: Message) -> Relay | None:
    return uow.session.get(Relay, message.id)
