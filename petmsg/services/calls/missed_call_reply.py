"""The automatic message to a client whose call nobody took: at most one per client in 24 hours.

It is held as any message is: by an opt-out, during quiet hours, and while the org is frozen.
"""

from datetime import timedelta

from petmsg.enums.calls import CallerKind
from petmsg.enums.inbound import RelayKind
from petmsg.errors import PetmsgError
from petmsg.phone import phone_key
from petmsg.queries.auto_reply import claim_answer
from petmsg.queries.call_writes import StoredCall
from petmsg.services.inbound.auto_reply import AGAIN_AFTER
from petmsg.services.outbox.preview import SendOptions
from petmsg.services.outbox.queue import queue
from petmsg.services.outbox.system_messages import add_relay
from petmsg.services.unit_of_work import UnitOfWork

EXPIRES_AFTER = timedelta(hours=12)
"""Longer than quiet hours last. A later message would be of no use."""


def reply_to_missed(uow: UnitOfWork, call: StoredCall, message_id: int) -> bool:
    """Queue the org's reply to a client's call; return False if there is none, or none is due.

    `message_id` is the call's entry in the inbox.
    """
    words = uow.org.missed_call_reply
    if words is None or call.caller is not CallerKind.CLIENT or call.client is None:
        return False
    try:
        with uow.all_or_nothing():
            is_due = claim_answer(
                uow.cursor,
                uow.org.id,
                phone_key=_key(uow.org.slug, call.client),
                now=uow.now,
                before=uow.now - AGAIN_AFTER,
            )
            if not is_due:
                return False
            options = SendOptions(expires_at=uow.now + EXPIRES_AFTER)
            queued = queue(uow, call.client, body=words, options=options)
            add_relay(uow, queued.message, kind=RelayKind.AUTO_REPLY, about_id=message_id)
    except PetmsgError:
        return False  # the client opted out, or has no phone that can receive SMS
    return True


def _key(org: str, client: str) -> str:
    """The key of a client's turn. It is no phone's, so that replies to messages have their own."""
    return phone_key(org, f"missed call of {client}")
