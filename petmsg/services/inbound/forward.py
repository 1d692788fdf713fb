"""Forward a client's message to the sitter, from the sitter's own number.

The client's name is in front; phones and email addresses are hidden. Pictures go along where the
number and the provider can send them. What cannot be forwarded goes to the inbox.
"""

from datetime import datetime

from petmsg.enums.inbound import AddressedTo, RelayKind
from petmsg.enums.routing import InboundCode
from petmsg.plurals import counted
from petmsg.providers.base import ReceivedMessage
from petmsg.queries.inbound import sitter_id_of_message
from petmsg.queries.lookup import ClientKey
from petmsg.queries.relay import (
    read_clients_around,
    shown_to_client,
)
from petmsg.queries.sitter_number import sitter_line
from petmsg.rules.routing.facts import NumberFact
from petmsg.rules.routing.inbound import InboundDecision, InboundFacts, route_inbound
from petmsg.rules.routing.quotes import Reaction, may_quote, read_quotes
from petmsg.services import inbox
from petmsg.services.inbound.address import facts_now
from petmsg.services.inbound.relay_loop import is_a_loop, stop_loop
from petmsg.services.media import relayed
from petmsg.services.outbox.contact_details import find_all, hide
from petmsg.services.outbox.system_messages import (
    hide_contact_details,
    queue_system_message,
)
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import LONGEST_BODY


def to_sitter(
    uow: UnitOfWork,
    text: ReceivedMessage,
    *,
    message_id: int,
    client: ClientKey | None,
    facts: InboundFacts,
    at: datetime,
    passes_pictures: bool = True,
) -> tuple[str, ...]:
    """Forward a client's message to its sitter, from the sitter's own number.

    Its pictures go along, unless the number cannot send any or this process knows no address from
    which the provider could fetch them (`passes_pictures` False): then the front desk has them.
    """
    assert client is not None
    if at < uow.now:
        today = _decided_now(uow, text)
        if today is None or today.addressed_to != route_inbound(facts, at).addressed_to:
            inbox.add(uow, message_id)
            if today is not None and today.code is InboundCode.OVERRIDE:
                return ("an override holds: left in the inbox",)
            return ("the sitter's window is over: left in the inbox",)
    sitter_id = sitter_id_of_message(uow.cursor, message_id)
    if is_a_loop(uow, sitter_id, client.id):
        stop_loop(uow, sitter_id, client.ref, message_id)
        return ("too many messages at once: left in the inbox",)
    line = sitter_line(uow.cursor, uow.org, sitter_id)
    leaks = find_all(uow.cursor, uow.org, text.body, client_id=client.id, sitter_id=sitter_id)
    words = hide(text.body, leaks).strip()
    files = relayed.copies_of(uow, message_id)
    goes_along = bool(files) and passes_pictures and _can_send_pictures(line.number)
    if text.media_count and not goes_along:
        inbox.add(uow, message_id)
        words = f"{words} [{counted(text.media_count, 'picture')}, with the front desk]".strip()
    elif goes_along and not words:
        words = f"[{counted(len(files), 'picture')}]"
    name = hide_contact_details(uow, _name_for(uow, sitter_id, client, at))
    for place, part in enumerate(_parts(f"{name}: ", words)):
        queue_system_message(
            uow,
            to_e164=line.phone,
            body=part,
            kind=RelayKind.FORWARD,
            about_id=message_id,
            sitter_id=sitter_id,
            media=files if goes_along and place == 0 else (),
        )
    inbox.leave_with_sitter(uow, message_id)
    return (f"forwarded to {line.sitter}",)


def too_old(uow: UnitOfWork, message_id: int, kind: AddressedTo) -> tuple[str, ...]:
    """Leave an old message to a person, because nobody could act on it in time."""
    inbox.add(uow, message_id)
    if kind in (AddressedTo.SITTER, AddressedTo.RELAY):
        return ("the message is old: left in the inbox",)
    return ()


def _can_send_pictures(number: NumberFact | None) -> bool:
    return number is not None and number.mms is not False


def _decided_now(uow: UnitOfWork, text: ReceivedMessage) -> InboundDecision | None:
    found = facts_now(
        uow.cursor,
        uow.org,
        to_e164=text.to_e164,
        from_phone=text.from_phone,
        body=text.body,
        now=uow.now,
    )
    return None if found is None else route_inbound(found, uow.now)


def _name_for(uow: UnitOfWork, sitter_id: int, client: ClientKey, at: datetime) -> str:
    """Return the client's name as the sitter knows it, with more detail if another has the same
    name."""
    around = read_clients_around(uow.cursor, uow.org, sitter_id, at=at, now=uow.now)
    names = (each.client.name for each in around if each.client.id == client.id)
    return next(names, client.name or client.ref)


def is_reaction(uow: UnitOfWork, text: ReceivedMessage, client: ClientKey | None) -> bool:
    """Whether a client's message is only a reaction to a message of the company."""
    if client is None or text.media_count or not may_quote(text.body):
        return False
    shown = shown_to_client(uow.cursor, uow.org, client.id)
    return read_quotes(text.body, shown).reaction is Reaction.YES


def _parts(name: str, words: str) -> list[str]:
    """Split the text into as many messages as it needs, each with the name in front."""
    room = LONGEST_BODY - len(name)
    pieces = [words[start : start + room] for start in range(0, len(words), room)] or ["[no words]"]
    return [name + piece for piece in pieces]
