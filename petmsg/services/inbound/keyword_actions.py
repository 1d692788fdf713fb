"""Act on messages about messages: STOP, START, HELP, or a request in plain words.

STOP and START apply to the whole org, whether the phone belongs to a client, a sitter or nobody.
"""

import shlex
from datetime import datetime

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.opt_outs import Keyword
from petmsg.providers.base import ReceivedMessage
from petmsg.queries.senders import Sender
from petmsg.rules.keywords import (
    HELP,
    START,
    START_FOR_OPTED_OUT,
    STOP,
    may_mean_the_visit,
    plain_word,
)
from petmsg.services import inbox
from petmsg.services.alert import raise_alert
from petmsg.services.people import optout_records as rows
from petmsg.services.people.optout_messages import keyword_start, keyword_stop
from petmsg.services.unit_of_work import UnitOfWork

_KNOWN = STOP | START | START_FOR_OPTED_OUT | HELP


def apply_keyword(
    uow: UnitOfWork,
    text: ReceivedMessage,
    keyword: Keyword,
    *,
    message_id: int,
    sender: Sender,
    at: datetime,
) -> tuple[str, ...]:
    """Apply a keyword that was sent at `at` (aware UTC); return descriptions of the effects.

    petmsg does not answer, because the carrier does.
    """
    word = plain_word(text.body)
    reason = f"sent {word}" if word in _KNOWN else f"sent a synonym of {keyword.value.upper()}"
    if keyword is Keyword.START:
        new = keyword_start(uow, text.from_phone, sender=sender, at=at, reason=reason)
        return ("the opt-out has ended",) if new else ()
    if keyword is Keyword.HELP:
        return ()
    new = keyword_stop(uow, text.from_phone, sender=sender, at=at, reason=reason)
    if not rows.is_opted_out(uow, rows.key_of(uow, text.from_phone)):
        return ()  # a later START ended it before this message was stored
    if sender.sitter is not None:
        _alert_sitter(uow, sender.sitter.ref, word, text, message_id=message_id)
    elif may_mean_the_visit(text.body):
        _alert_word(uow, word, message_id=message_id, sender=sender)
    return ("opted out",) if new else ()


def alert_request(
    uow: UnitOfWork, message_id: int, *, sender: Sender, phone: str
) -> tuple[str, ...]:
    """Raise an alert about a possible request for no more messages, unless the phone has opted out.

    The message waits in the inbox; it is neither relayed nor answered.
    """
    inbox.add(uow, message_id)
    if rows.is_opted_out(uow, rows.key_of(uow, phone)):
        return ("asks for no more messages and has opted out already: left in the inbox",)
    who, entity, ref, _ = _named(sender, message_id)
    raise_alert(
        uow,
        AlertKind.OPT_OUT_REQUEST,
        severity=AlertSeverity.WARNING,
        entity=entity,
        ref=ref,
        message=f"{who} may have asked for no more messages in message {message_id}. The message "
        "is in the inbox; nobody was opted out.",
        command=f"petmsg inbox show {message_id}; if they did: petmsg optout add --from-message "
        f"{message_id}",
    )
    return ("possible request for no more messages: left in the inbox",)


def alert_not_forwarded(uow: UnitOfWork, sitter: str, message_id: int) -> tuple[str, ...]:
    """Keep a message for a sitter who has opted out in the inbox, and raise an alert."""
    inbox.add(uow, message_id)
    raise_alert(
        uow,
        AlertKind.RELAY_FAILED,
        severity=AlertSeverity.WARNING,
        entity="sitter",
        ref=sitter,
        message=f"Sitter {sitter} has opted out, so message {message_id} was not forwarded to "
        "them. It is in the inbox.",
        command=f"petmsg inbox show {message_id}; if the sitter wants messages again: "
        f"petmsg optout remove {shlex.quote(sitter)} --reason …",
    )
    return ("the sitter has opted out: left in the inbox",)


def _alert_sitter(
    uow: UnitOfWork, sitter: str, word: str, text: ReceivedMessage, *, message_id: int
) -> None:
    visit = may_mean_the_visit(text.body)
    sent = word if word in STOP else "a synonym of STOP"
    perhaps = " They may have meant a visit." if visit else ""
    raise_alert(
        uow,
        AlertKind.OPT_OUT_WORD if visit else AlertKind.SITTER_OPTED_OUT,
        severity=AlertSeverity.WARNING,
        entity="sitter",
        ref=sitter,
        message=f"Sitter {sitter} sent {sent}, which opts them out: no client messages are "
        f"forwarded to them any more.{perhaps}",
        command=f"petmsg inbox show {message_id}; if the sitter wants messages: "
        f"petmsg optout remove {shlex.quote(sitter)} --reason …",
    )


def _alert_word(uow: UnitOfWork, word: str, *, message_id: int, sender: Sender) -> None:
    who, entity, ref, show = _named(sender, message_id)
    raise_alert(
        uow,
        AlertKind.OPT_OUT_WORD,
        severity=AlertSeverity.WARNING,
        entity=entity,
        ref=ref,
        message=f"{who} sent {word}, which opts out of all messages but may have meant a visit.",
        command=f"petmsg inbox show {message_id}{show}",
    )


def _named(sender: Sender, message_id: int) -> tuple[str, str, str, str]:
    """Return the sender in words, the alert's entity and ref, and a command that shows the
    person."""
    if sender.client is not None:
        ref = sender.client.ref
        return f"Client {ref}", "client", ref, f"; petmsg optout show {shlex.quote(ref)}"
    if sender.sitter is not None:
        ref = sender.sitter.ref
        return f"Sitter {ref}", "sitter", ref, f"; petmsg optout show {shlex.quote(ref)}"
    return "Somebody", "message", str(message_id), ""
