"""Answer a message of the inbox: claim it, queue the answer and close it, in one transaction.

A client gets the answer in their thread, from the number they wrote to if it is a pool number or
the front desk's. A sitter gets it on their own phone, and an unknown sender from the number they
wrote to. Nobody else gets it. An answer that is not delivered puts the message into the inbox
again.
"""

from collections.abc import Sequence
from dataclasses import replace

from petmsg.enums.inbound import AddressedTo
from petmsg.enums.messages import Voice
from petmsg.errors import Refused
from petmsg.queries.inbox import InboxItem, NotInTheInbox, find_item
from petmsg.queries.row_locks import lock_inbound
from petmsg.services import inbox
from petmsg.services.outbox.outgoing_media import NewMedia
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.outbox.queue import Queued, queue
from petmsg.services.outbox.staff_messages import queue_to_sitter
from petmsg.services.outbox.store_queued import add_source
from petmsg.services.outbox.stranger_messages import queue_answer
from petmsg.services.unit_of_work import UnitOfWork


class WithTheSitter(Refused):
    """The message was sent to its sitter, who may still answer."""

    code = "with_the_sitter"


class TemplateForClients(Refused):
    """Only a client's message can be answered with a template: its words are about their visit."""

    code = "template_for_clients"


class NobodyToAnswer(Refused):
    """The sender's phone was withheld, or erased."""

    code = "nobody_to_answer"


def reply(
    uow: UnitOfWork,
    id_text: str,
    *,
    body: str,
    options: SendOptions,
    media: Sequence[NewMedia] = (),
    take_over: bool = False,
    again: bool = False,
) -> Queued:
    """Answer the message with that ID: queue the answer, claim the message and close it.

    The same key with the same message, body and files returns the existing answer and changes
    nothing. `take_over` also answers what somebody else has claimed, or what its sitter has in
    hand; otherwise raises `ClaimedBySomebody` or `WithTheSitter`. `again` also answers what is
    done, or never waited for a person; otherwise raises `NotInTheInbox`. Raises `NotFound`, and
    what the queue raises.
    """
    id_ = int(id_text)
    lock_inbound(uow.cursor, uow.org.id, id_)
    item = find_item(uow.cursor, uow.org, id_, now=uow.now)
    queued = _queue(uow, item, body=body, options=replace(options, reply_to=id_), media=media)
    if queued.reused:
        return queued
    if _waits(uow, item, take_over=take_over, again=again):
        inbox.claim(uow, id_, take_over=take_over, verb="reply")
        inbox.done(uow, id_, reason=f"answered with message {queued.message}")
    return queued


def _queue(
    uow: UnitOfWork,
    item: InboxItem,
    *,
    body: str,
    options: SendOptions,
    media: Sequence[NewMedia],
) -> Queued:
    """Queue the answer to the person who wrote the message, and to nobody else."""
    if item.client is not None:
        return queue(uow, item.client, body=body, options=options, media=media)
    if options.template is not None:
        raise TemplateForClients(
            f"Message {item.message} is not from a client, and a template is for clients.",
            hint=f"Write the words: petmsg inbox reply {item.message} --body …",
        )
    if item.addressed_to == AddressedTo.RELAY and item.sitter is not None:
        return _queue_to_sitter(uow, item, item.sitter, body=body, options=options, media=media)
    if item.from_e164 is None:
        raise NobodyToAnswer(
            f"Message {item.message} has no sender's phone: it was withheld or erased.",
            hint=f"Mark it as handled: petmsg inbox done {item.message}",
        )
    return queue_answer(uow, item, body=body, options=options, media=media)


def _queue_to_sitter(
    uow: UnitOfWork,
    item: InboxItem,
    sitter: str,
    *,
    body: str,
    options: SendOptions,
    media: Sequence[NewMedia],
) -> Queued:
    queued = queue_to_sitter(
        uow,
        sitter,
        body=body,
        options=options,
        media=media,
        about_id=item.message,
        voice=Voice.REPLY,
    )
    if not queued.reused:
        add_source(uow, queued.message, item.message)
    return queued


def _waits(uow: UnitOfWork, item: InboxItem, *, take_over: bool, again: bool) -> bool:
    """Whether the message is to be claimed and closed. What its sitter had in hand is the desk's
    from now on."""
    id_ = item.message
    if item.done_at is not None or (item.inbox_at is None and item.with_sitter_at is None):
        if again:
            return False
        raise NotInTheInbox(
            f"{_why_nobody_waits(item)}.",
            hint=f"Answer it all the same: petmsg inbox reply {id_} --again --body …",
        )
    if item.inbox_at is None and not inbox.is_the_desks(uow, item):
        if not take_over:
            raise WithTheSitter(
                f"Message {id_} was sent to sitter {item.sitter}, who may still answer it.",
                hint=f"Answer it instead of them: petmsg inbox reply {id_} --take-over --body …",
            )
        inbox.add(uow, id_)
    return True


def _why_nobody_waits(item: InboxItem) -> str:
    if item.done_at is not None:
        return f"{item.done_by} already marked message {item.message} as done"
    if item.was_forwarded:
        return f"The client of message {item.message} was answered after it came"
    return f"Message {item.message} does not wait for a person: {item.code}"
