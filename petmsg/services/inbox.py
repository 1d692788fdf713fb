"""The inbox: inbound messages that wait for a person, from being added until they are done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from petmsg.enums.inbound import AddressedTo
from petmsg.errors import Refused
from petmsg.phone import parse_phone
from petmsg.queries.inbox import InboxItem, NotInTheInbox, find_item
from petmsg.queries.inbox_writes import (
    address_to_desk,
    assign_to,
    give_calls,
    leave_message_with_sitter,
    move_answers,
    move_to_thread,
    put_in_inbox,
    take_out_of_inbox,
)
from petmsg.queries.lookup import find_client
from petmsg.queries.row_locks import lock_inbound
from petmsg.queries.waiting import overdue
from petmsg.services.bookings.assignment_window import ensure_threads
from petmsg.services.calls.alerts import end_call_alerts
from petmsg.services.inbound.waiting import end_alert_of
from petmsg.services.people import client as client_service
from petmsg.services.unit_of_work import Failure, UnitOfWork, each


def add(uow: UnitOfWork, message_id: int) -> bool:
    """Add a message to the inbox; return False if it already waits there. A done message waits
    again."""
    return put_in_inbox(uow.cursor, uow.org.id, now=uow.now, message_id=message_id)


def leave_with_sitter(uow: UnitOfWork, message_id: int) -> None:
    """Record that a message was forwarded to its sitter: it waits for a person only if the sitter
    does not answer."""
    leave_message_with_sitter(uow.cursor, uow.org.id, now=uow.now, message_id=message_id)


def close(uow: UnitOfWork, message_id: int, *, by: str, reason: str | None) -> bool:
    """Close a message of the inbox; return False if it did not wait."""
    return take_out_of_inbox(
        uow.cursor, uow.org.id, now=uow.now, by=by, reason=reason, message_id=message_id
    )


class ClaimedBySomebody(Refused):
    code = "claimed_by_somebody_else"


class NotUnrouted(Refused):
    code = "not_unrouted"


@dataclass(frozen=True, slots=True)
class Item:
    """An inbox message after a change; `reused` is true if nothing changed.

    `addressed_to_name` is the sitter's name, None if it is not for a sitter.
    """

    message: int
    addressed_to: str
    addressed_to_name: str | None
    client: str | None
    client_name: str | None
    claimed_by: str | None
    done_by: str | None
    done_at: datetime | None
    reused: bool


@dataclass(frozen=True, slots=True)
class Assigned:
    """The messages of a phone that now belongs to a client."""

    client: str
    client_name: str | None
    messages: tuple[int, ...]
    phone_added: bool


def claim_all(
    uow: UnitOfWork, ids: Sequence[int], *, take_over: bool = False
) -> list[Item | Failure]:
    """Assign these messages to `uow.actor`, each in its own savepoint."""
    return each(uow, list(ids), lambda id_: claim(uow, id_, take_over=take_over))


def claim(uow: UnitOfWork, id_: int, *, take_over: bool = False, verb: str = "claim") -> Item:
    """Assign a message to `uow.actor`. Repeating it changes nothing.

    A message of another assignee is refused (`ClaimedBySomebody`) unless `take_over`. `verb` is the
    command that its hint names. Raises `NotFound`, `NotInTheInbox`.
    """
    item = _locked(uow, id_)
    if item.done_at is not None:
        raise NotInTheInbox(
            f"{item.done_by} already marked message {id_} as done.",
            hint=f"See it: petmsg inbox show {id_}",
        )
    before = item.claimed_by
    if before == uow.actor:
        return _item(uow, id_, reused=True)
    if before is not None and not take_over:
        more = " --body …" if verb == "reply" else ""
        raise ClaimedBySomebody(
            f"Message {id_} is assigned to {before}.",
            hint=f"Ask them, or take it over: petmsg inbox {verb} {id_} --take-over{more}",
        )
    assign_to(uow.cursor, uow.org.id, actor=uow.actor, now=uow.now, message_id=id_)
    uow.audit("inbox.claimed", "message", str(id_), {"before": before})
    end_alert_of(uow, item)
    end_call_alerts(uow, id_)
    return _item(uow, id_, reused=False)


def done_all(uow: UnitOfWork, ids: Sequence[int], *, reason: str | None) -> list[Item | Failure]:
    """Mark several messages as done, each in its own savepoint."""
    return each(uow, list(ids), lambda id_: done(uow, id_, reason=reason))


def done(uow: UnitOfWork, id_: int, *, reason: str | None = None) -> Item:
    """Mark a message as done. Repeating it changes nothing.

    Raises `NotFound`, `NotInTheInbox`.
    """
    item = _locked(uow, id_)
    if item.done_at is not None:
        return _item(uow, id_, reused=True)
    close(uow, id_, by=uow.actor, reason=reason)
    uow.audit("inbox.done", "message", str(id_), reason=reason)
    end_alert_of(uow, item)
    end_call_alerts(uow, id_)
    return _item(uow, id_, reused=False)


def assign(uow: UnitOfWork, id_: int, client_text: str) -> Assigned:
    """Assign an unknown sender to a client: the phone becomes the client's, and all unrouted
    messages of that phone move into the client's thread, where they wait for the front desk. The
    answers that they got move with them. The calls from that phone are the client's too.

    Raises `NotFound`, `NotUnrouted`, `PhoneTaken`, and `MalformedPhone` for a sender that is not a
    phone.
    """
    item = _locked(uow, id_)
    if item.addressed_to != AddressedTo.UNROUTED or item.client is not None:
        raise NotUnrouted(
            f"Message {id_} already belongs to somebody.", hint=f"See it: petmsg inbox show {id_}"
        )
    if item.from_e164 is None:
        raise NotUnrouted(
            f"Message {id_} has no sender's phone: it was withheld or erased.",
            hint=f"Mark it as handled: petmsg inbox done {id_}",
        )
    phone = parse_phone(item.from_e164)
    changed = client_service.phone_add(uow, client_text, phone)
    client = find_client(uow.cursor, uow.org.id, changed.client)
    thread = ensure_threads(uow, {client.id: (client.ref, None)})[client.id]
    ids = move_to_thread(
        uow.cursor, uow.org.id, thread_id=thread.id, client_id=client.id, phone=phone
    )
    give_calls(uow.cursor, uow.org.id, client_id=client.id, phone=phone)
    for each_id in sorted(ids):
        address_to_desk(uow.cursor, each_id)
        answers = move_answers(
            uow.cursor,
            uow.org.id,
            about_id=each_id,
            thread_id=thread.id,
            client_id=client.id,
        )
        for answer_id in answers:
            uow.audit("message.assigned", "message", str(answer_id), {"client": client.ref})
        uow.audit("message.assigned", "message", str(each_id), {"client": client.ref})
    return Assigned(client.ref, client.name, tuple(sorted(ids)), phone_added=not changed.reused)


def _locked(uow: UnitOfWork, id_: int) -> InboxItem:
    """Return the message, locked until the commit. Raises `NotFound`, `NotInTheInbox`."""
    lock_inbound(uow.cursor, uow.org.id, id_)
    item = find_item(uow.cursor, uow.org, id_, now=uow.now)
    if item.inbox_at is None and is_the_desks(uow, item):
        add(uow, id_)
        item = find_item(uow.cursor, uow.org, id_, now=uow.now)
    if item.inbox_at is None:
        raise NotInTheInbox(
            f"Message {id_} never waited for a person: {item.code}.",
            hint=f"See it: petmsg message show {id_}",
        )
    return item


def is_the_desks(uow: UnitOfWork, item: InboxItem) -> bool:
    """Whether the sitter should have answered, but the visit is over or it took too long."""
    since = item.with_sitter_at
    return since is not None and (not item.window_open or since <= overdue(uow.org, uow.now))


def _item(uow: UnitOfWork, id_: int, *, reused: bool) -> Item:
    row = find_item(uow.cursor, uow.org, id_, now=uow.now)
    is_sitters = row.addressed_to == AddressedTo.SITTER
    return Item(
        message=id_,
        addressed_to=str(row.sitter) if is_sitters else row.addressed_to,
        addressed_to_name=row.sitter_name if is_sitters else None,
        client=row.client,
        client_name=row.client_name,
        claimed_by=row.claimed_by,
        done_by=row.done_by,
        done_at=row.done_at,
        reused=reused,
    )
