"""The carrier for a laptop: no account, no network. It keeps what would have been sent.

It behaves like a carrier: it accepts a text with an id of its own, and has delivered it when
somebody asks later. Kept in the same database, in a transaction of its own.
"""

import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlmodel import Session

from petmsg import clock
from petmsg.errors import Busy, PetmsgError
from petmsg.models import SandboxText
from petmsg.providers.base import Accepted, OutgoingText, RetryLater, SendOutcome, Unknown


class SandboxProvider:
    """Keeps texts in the table `sandbox_text`. `transaction` opens one on the database."""

    name = "sandbox"

    def __init__(self, transaction: Callable[[], AbstractContextManager[Session]]) -> None:
        self._transaction = transaction

    def send(self, text: OutgoingText) -> SendOutcome:
        """Keep one text; accepted, unless the database cannot be written."""
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
