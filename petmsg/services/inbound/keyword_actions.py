"""What a message says about messages themselves: STOP, START, HELP, or a request in plain words.

STOP and START count for the whole org, for whoever has the phone: a client, a sitter or nobody.
"""

import shlex
from datetime import datetime

from petmsg.enums import AlertKind, AlertSeverity, Keyword
from petmsg.providers.base import ReceivedText
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


def heed(
    uow: UnitOfWork,
    text: ReceivedText,
    keyword: Keyword,
    *,
    message_id: int,
    sender: Sender,
    at: datetime,
) -> tuple[str, ...]:
    """Do what a keyword says, that was sent at `at`; in words, what came of it. Nobody answers: the
    carrier does."""
    word = plain_word(text.body)
    reason = f"texted {word}" if word in _KNOWN else f"texted a word for {keyword.value.upper()}"
    if keyword is Keyword.START:
        new = keyword_start(uow, text.from_phone, sender=sender, at=at, reason=reason)
        return ("the opt-out has ended",) if new else ()
    if keyword is Keyword.HELP:
        return ()
    new = keyword_stop(uow, text.from_phone, sender=sender, at=at, reason=reason)
    if not rows.stands(uow, rows.key_of(uow, text.from_phone)):
        return ()  # a later word ended it before this one was brought
    if sender.sitter is not None:
        _alert_sitter(uow, sender.sitter.ref, word, text, message_id=message_id)
    elif may_mean_the_visit(text.body):
        _alert_word(uow, word, message_id=message_id, sender=sender)
    return ("opted out",) if new else ()


def alert_request(uow: UnitOfWork, message_id: int, *, sender: Sender) -> tuple[str, ...]:
    """Somebody seems to ask for no more messages: a person decides. It waits for them, goes to
    nobody else meanwhile, and is not answered."""
    inbox.put_in(uow, message_id)
    who, entity, ref, _ = _named(sender, message_id)
    raise_alert(
        uow,
        AlertKind.OPT_OUT_REQUEST,
        severity=AlertSeverity.WARNING,
        entity=entity,
        ref=ref,
        message=f"{who} may have asked for no more messages in message {message_id}. It waits in "
        "the inbox; nobody was opted out.",
        command=f"petmsg inbox show {message_id}; if they did: petmsg optout add --from-message "
        f"{message_id}",
    )
    return ("perhaps a request for no more messages: left in the inbox",)


def alert_not_forwarded(uow: UnitOfWork, sitter: str, message_id: int) -> tuple[str, ...]:
    """A message cannot be passed on to a sitter who has opted out: it waits for a person."""
    inbox.put_in(uow, message_id)
    raise_alert(
        uow,
        AlertKind.RELAY_FAILED,
        severity=AlertSeverity.WARNING,
        entity="sitter",
        ref=sitter,
        message=f"Sitter {sitter} has opted out, so message {message_id} was not passed on to "
        "them. It waits in the inbox.",
        command=f"petmsg inbox show {message_id}; if the sitter wants messages again: "
        f"petmsg optout remove {shlex.quote(sitter)} --reason …",
    )
    return ("the sitter has opted out: left in the inbox",)


def _alert_sitter(
    uow: UnitOfWork, sitter: str, word: str, text: ReceivedText, *, message_id: int
) -> None:
    visit = may_mean_the_visit(text.body)
    sent = word if word in STOP else "a word for STOP"
    perhaps = " They may have meant a visit." if visit else ""
    raise_alert(
        uow,
        AlertKind.OPT_OUT_WORD if visit else AlertKind.SITTER_OPTED_OUT,
        severity=AlertSeverity.WARNING,
        entity="sitter",
        ref=sitter,
        message=f"Sitter {sitter} texted {sent}, which opts them out: no message of a client is "
        f"passed on to them any more.{perhaps}",
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
        message=f"{who} texted {word}, which opts out of all texts but may have meant a visit.",
        command=f"petmsg inbox show {message_id}{show}",
    )


def _named(sender: Sender, message_id: int) -> tuple[str, str, str, str]:
    """Who sent it in words, the entity and ref of an alert, and a command that shows the person."""
    if sender.client is not None:
        ref = sender.client.ref
        return f"Client {ref}", "client", ref, f"; petmsg optout show {shlex.quote(ref)}"
    if sender.sitter is not None:
        ref = sender.sitter.ref
        return f"Sitter {ref}", "sitter", ref, f"; petmsg optout show {shlex.quote(ref)}"
    return "Somebody", "message", str(message_id), ""
