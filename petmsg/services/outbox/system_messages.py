"""Texts to nobody's thread: to a sitter's own phone, or an answer to a stranger.

They use the queue like any other text. They are `urgent`, because somebody just wrote and waits,
and they expire, because an old one would answer nobody.
"""

import shlex
from datetime import timedelta

from petmsg.enums import (
    AlertKind,
    AlertSeverity,
    Direction,
    MessageStatus,
    RelayKind,
    SystemMessageRule,
)
from petmsg.models import Message, Relay
from petmsg.queries.relay import forward_fact, number_fact, sitter_line
from petmsg.queries.relay_traffic import notice_count
from petmsg.rules.routing import Decision
from petmsg.rules.routing.direct import DirectFacts, decide_direct
from petmsg.rules.segments import measure
from petmsg.services import inbox
from petmsg.services.alert import raise_alert
from petmsg.services.outbox.contact_details import hide, leaks_in
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import LONGEST_BODY

EXPIRES = {
    RelayKind.FORWARD: timedelta(hours=4),
    RelayKind.NOTICE: timedelta(minutes=30),
    RelayKind.AUTO_REPLY: timedelta(hours=1),
}
"""How long after it was written a text that petmsg writes by itself may leave."""
MOST_NOTICES = 5
"""Notices to one sitter within `NOTICES_WITHIN`."""
NOTICES_WITHIN = timedelta(hours=1)


def queue_direct(
    uow: UnitOfWork,
    *,
    to_e164: str,
    body: str,
    kind: RelayKind,
    about_id: int,
    sitter_id: int | None = None,
    number_id: int | None = None,
) -> int:
    """Put a text to a phone of no thread in the queue; its id.

    `about_id` is the text that came in and is passed on or answered. It leaves from the number of
    the sitter `sitter_id`, whose phone it is then, or from `number_id`.
    """
    message = Message(
        org_id=uow.org.id,
        direction=Direction.OUTBOUND,
        status=MessageStatus.QUEUED,
        body=body,
        to_e164=to_e164,
        segments=measure(body).segments,
        actor=uow.actor,
        created_at=uow.now,
        send_at=uow.now,
        due_at=uow.now,
        expires_at=uow.now + EXPIRES[kind],
        urgent=True,
    )
    uow.session.add(message)
    uow.session.flush()
    assert message.id is not None
    note(uow, message.id, kind=kind, about_id=about_id, sitter_id=sitter_id, number_id=number_id)
    uow.audit(
        "message.queued",
        "message",
        str(message.id),
        {"client": None, "kind": kind.value, "about": about_id},
    )
    return message.id


def note(
    uow: UnitOfWork,
    message_id: int,
    *,
    kind: RelayKind,
    about_id: int,
    sitter_id: int | None = None,
    number_id: int | None = None,
) -> None:
    """Keep why petmsg wrote a text."""
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
    """The number a direct text leaves from now, and why.

    A client's words that are not this sitter's to read any more get none.
    """
    relay = _relay(uow, message)
    if relay is not None and relay.sitter_id is not None:
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
    return decide_direct(facts, uow.now)


def readdress(uow: UnitOfWork, message: Message) -> None:
    """A sitter's text goes to the phone she has now."""
    relay = _relay(uow, message)
    if relay is None or relay.sitter_id is None:
        return
    phone = sitter_line(uow.cursor, uow.org, relay.sitter_id).phone
    if message.to_e164 != phone:
        message.to_e164 = phone
        uow.session.flush()


def is_passed_on(uow: UnitOfWork, message: Message) -> bool:
    """Whether it carries a client's words or a sitter's, of which a person is told where they do
    not arrive (`did_not_arrive`)."""
    relay = _relay(uow, message)
    return relay is not None and relay.kind is not RelayKind.AUTO_REPLY


def wait_for_a_person(uow: UnitOfWork, message: Message) -> None:
    """A client's words, or a sitter's, that are held on their way wait in the inbox meanwhile."""
    relay = _relay(uow, message)
    if relay is None or relay.about_id is None:
        return
    if relay.kind in (RelayKind.FORWARD, RelayKind.REPLY):
        inbox.put_in(uow, relay.about_id)


def did_not_arrive(uow: UnitOfWork, message: Message) -> None:
    """A text that petmsg wrote, or passed on, will not arrive: what it was about is for the desk
    now, and a sitter whose words did not reach the client is told.

    Does nothing for a text that a person wrote. An answer nobody wrote is no loss.
    """
    relay = _relay(uow, message)
    if relay is None or relay.kind is RelayKind.AUTO_REPLY or relay.about_id is None:
        return
    assert relay.sitter_id is not None
    inbox.put_in(uow, relay.about_id)
    if relay.kind is RelayKind.REPLY:
        tell(uow, relay.sitter_id, relay.about_id, "Your text did not reach the client.")
    sitter = sitter_line(uow.cursor, uow.org, relay.sitter_id).sitter
    whom = f"the client sitter {sitter} wrote to" if relay.kind is RelayKind.REPLY else sitter
    raise_alert(
        uow,
        AlertKind.RELAY_FAILED,
        severity=AlertSeverity.WARNING,
        entity="sitter",
        ref=sitter,
        message=f"Text {message.id} did not reach {whom} ({message.error_code}); "
        f"text {relay.about_id} waits in the inbox.",
        command=f"petmsg inbox show {relay.about_id}; petmsg sitter show {shlex.quote(sitter)}",
    )


def tell(uow: UnitOfWork, sitter_id: int, about_id: int, words: str) -> bool:
    """A word to a sitter about a text of hers, from her own number, if she holds one; whether it
    was put in the queue.

    Not without end: her phone may answer by itself.
    """
    told = notice_count(uow.cursor, uow.org.id, sitter_id=sitter_id, since=uow.now - NOTICES_WITHIN)
    line = sitter_line(uow.cursor, uow.org, sitter_id)
    if told >= MOST_NOTICES or line.number is None:
        return False
    queue_direct(
        uow,
        to_e164=line.phone,
        body=without_phones(uow, words)[:LONGEST_BODY],
        kind=RelayKind.NOTICE,
        about_id=about_id,
        sitter_id=sitter_id,
    )
    return True


def without_phones(uow: UnitOfWork, body: str) -> str:
    """The words with phones and e-mail addresses hidden: also a phone that is part of a name."""
    return hide(body, leaks_in(uow.cursor, uow.org, body))


def _relay(uow: UnitOfWork, message: Message) -> Relay | None:
    return uow.session.get(Relay, message.id)
