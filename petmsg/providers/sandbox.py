"""The carrier for a laptop: no account, no network. It keeps what would have been sent.

It behaves like a carrier: it accepts a text with an id of its own, and has delivered it when
somebody asks later; it refuses what no carrier takes, with Twilio's codes. Kept in the same
database, in a transaction of its own.
"""

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlmodel import Session

from petmsg import clock
from petmsg.errors import Busy, MalformedPhone, PetmsgError
from petmsg.models import SandboxText
from petmsg.phone import parse_phone
from petmsg.providers.base import (
    Accepted,
    OutgoingText,
    Rejected,
    RejectionClass,
    RetryLater,
    SendOutcome,
    Unknown,
)
from petmsg.words import LONGEST_BODY


class SandboxProvider:
    """Keeps texts in the table `sandbox_text`. `transaction` opens one on the database."""

    name = "sandbox"

    def __init__(self, transaction: Callable[[], AbstractContextManager[Session]]) -> None:
        self._transaction = transaction

    def send(self, text: OutgoingText) -> SendOutcome:
        """Keep one text; accepted, unless no carrier would take it or it cannot be written."""
        refused = _refused(text)
        if refused is not None:
            return refused
        taken = SandboxText(
            provider_message_id="SB" + secrets.token_hex(16),
            from_e164=text.from_e164,
            to_e164=text.to_e164,
            body=text.body,
            accepted_at=clock.now(),
        )
        sid = taken.provider_message_id
        try:
            with self._transaction() as session:
                session.add(taken)
        except Busy as problem:
            return RetryLater(None, problem.code, problem.message)
        except PetmsgError as problem:
            return Unknown(problem.code, problem.message)
        return Accepted(sid, "accepted")


def _refused(text: OutgoingText) -> Rejected | None:
    for phone, code, whose in (
        (text.from_e164, "21212", RejectionClass.SENDER),
        (text.to_e164, "21211", RejectionClass.RECIPIENT),
    ):
        try:
            parse_phone(phone)
        except MalformedPhone:
            return Rejected(code, whose, "It is not a phone number in E.164.")
    if not text.body.strip() or "\0" in text.body or not _is_text(text.body):
        return Rejected("21602", RejectionClass.CONTENT, "The body is empty or no text.")
    if len(text.body) > LONGEST_BODY:
        return Rejected("21617", RejectionClass.CONTENT, "The body is longer than 1600 characters.")
    return None


def _is_text(body: str) -> bool:
    try:
        body.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
