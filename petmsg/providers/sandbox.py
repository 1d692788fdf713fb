"""The provider for a laptop: no account, no network. It stores what would have been sent.

It behaves like a real provider: it accepts a message with an ID of its own, reports it as delivered
later, and rejects what no carrier accepts, with Twilio's codes. It uses the same database, in a
transaction of its own.
"""

import json
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from petmsg import clock
from petmsg.db.cursor import Cursor
from petmsg.db.transaction import Transaction
from petmsg.errors import Busy, MalformedPhone, MediaGone, PetmsgError, ProviderUnavailable
from petmsg.money import Money
from petmsg.phone import parse_phone
from petmsg.providers.base import (
    MOST_MEDIA,
    TOO_LATE,
    Accepted,
    Bill,
    Delivery,
    FetchedMedia,
    OutgoingMedia,
    OutgoingMessage,
    ProviderMessage,
    ProviderNumber,
    ReceivedMedia,
    ReceivedMessage,
    Rejected,
    RejectionClass,
    RetryLater,
    SendOutcome,
    Unknown,
)
from petmsg.providers.call_log import CallLog
from petmsg.providers.market import NumberMarket
from petmsg.providers.registry import Connection
from petmsg.providers.sandbox_calls import SandboxCalls, a_second_of_silence
from petmsg.providers.sandbox_market import SandboxMarket
from petmsg.queries.purchases import taken_numbers
from petmsg.rules.segments import measure
from petmsg.text_inputs import LONGEST_BODY


def connect(connection: Connection) -> "SandboxProvider":
    """The sandbox, on petmsg's own database."""
    return SandboxProvider(connection.database(), connection.snapshot)


class SandboxProvider:
    """Stores messages in the table `sandbox_text`. Threads may share it.

    `transaction` opens a transaction on the database, `snapshot` a read-only cursor.
    """

    name = "sandbox"

    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[Transaction]],
        snapshot: Callable[[], AbstractContextManager[Cursor]],
    ) -> None:
        self._transaction = transaction
        self._snapshot = snapshot
        self.market: NumberMarket = SandboxMarket(self._known)
        self.calls: CallLog = SandboxCalls()

    def close(self) -> None:
        """Nothing is held open."""

    def send(self, text: OutgoingMessage) -> SendOutcome:
        """Store one message; accepted unless no carrier would accept it or it cannot be written."""
        refused = _refused(text)
        if refused is not None:
            return refused
        sid, accepted_at = "SB" + secrets.token_hex(16), clock.now()
        try:
            with self._transaction() as begun:
                if clock.uptime() >= text.begin_by:
                    return TOO_LATE
                begun.cursor.add(
                    "sandbox_text",
                    _COLUMNS,
                    [
                        (
                            sid,
                            text.from_e164,
                            text.to_e164,
                            text.body,
                            accepted_at,
                            _media_json(text.media),
                        )
                    ],
                )
        except Busy as problem:
            return RetryLater(None, problem.code, problem.message)
        except PetmsgError as problem:
            return Unknown(problem.code, problem.message)
        return Accepted(sid, "accepted")

    def find(
        self, *, from_e164: str | None, to_e164: str, since: datetime
    ) -> Sequence[ProviderMessage]:
        """Every message between the two phones (`from_e164` None: any number) stored at or after
        `since` (aware UTC).

        Raises `ProviderUnavailable`.
        """
        if not (from_e164 is None or _is_phone(from_e164)) or not _is_phone(to_e164):
            return []
        only = {} if from_e164 is None else {"from_e164": from_e164}
        with self._reading() as cursor:
            rows = cursor.rows(
                f"{_TEXTS} WHERE to_e164 = :to_e164 AND accepted_at >= :since"
                + " AND from_e164 = :from_e164" * len(only)
                + " ORDER BY accepted_at, id",
                to_e164=to_e164,
                since=since,
                **only,
            )
        return [_message_of(row) for row in rows]

    def fetch(self, provider_message_id: str) -> ProviderMessage | None:
        """The message, delivered by now; None if the sandbox has no such ID. Raises as `find`."""
        if not _SID.fullmatch(provider_message_id):
            return None
        with self._reading() as cursor:
            row = cursor.one(f"{_TEXTS} WHERE provider_message_id = :sid", sid=provider_message_id)
        return None if row is None else _message_of(row)

    def received(self, *, since: datetime) -> Sequence[ReceivedMessage]:
        """Always empty: nobody can send to a sandbox. Use `petmsg message receive` on a laptop."""
        assert since.tzinfo is not None
        return []

    def media_of(self, provider_message_id: str) -> Sequence[ReceivedMedia]:
        """Always empty: nobody can send a picture to a sandbox."""
        del provider_message_id
        return ()

    def fetch_media(
        self, provider_message_id: str, provider_media_id: str, *, most: int
    ) -> FetchedMedia:
        """A second of silence for a voicemail of a call that was played (`petmsg call simulate`).
        Else raises `MediaGone`: the sandbox has received nothing."""
        del provider_message_id, most
        if provider_media_id.startswith("RE"):
            return FetchedMedia(a_second_of_silence(), "audio/wav")
        raise MediaGone("The sandbox has received no pictures.")

    def delete_media(self, provider_message_id: str) -> None:
        """Nothing to delete: petmsg's own store has the bytes."""
        del provider_message_id

    def bills(self, day: date) -> Sequence[Bill]:
        """A bill of nothing for each message stored on that day (UTC). Raises as `find`."""
        start = datetime.combine(day, time(), tzinfo=UTC)
        with self._reading() as cursor:
            rows = cursor.rows(
                f"{_TEXTS} WHERE accepted_at >= :start AND accepted_at < :until ORDER BY id",
                start=start,
                until=start + timedelta(days=1),
            )
        return [
            Bill(row["provider_message_id"], _FREE, _segments_of(_message_of(row))) for row in rows
        ]

    def numbers(self) -> Sequence[ProviderNumber] | None:
        """Always None: any number can send through the sandbox; it has no list of numbers."""
        return None

    def _known(self, numbers: Sequence[str]) -> set[str]:
        """Those of the numbers that a company of the database has."""
        with self._reading() as cursor:
            return taken_numbers(cursor, list(numbers))

    @contextmanager
    def _reading(self) -> Iterator[Cursor]:
        try:
            with self._snapshot() as cursor:
                yield cursor
        except PetmsgError as problem:
            raise ProviderUnavailable(problem.message, hint=problem.hint) from problem


_SID = re.compile(r"SB[0-9a-f]{32}")
_FREE = Money(0, "USD")
"""What a message costs that nobody gets."""
_COLUMNS = ("provider_message_id", "from_e164", "to_e164", "body", "accepted_at", "media")
_TEXTS = f"SELECT {', '.join(_COLUMNS)} FROM sandbox_text"  # noqa: S608 because it is all ours


def _segments_of(text: ProviderMessage) -> int:
    return 1 if text.media_count or not text.body else measure(text.body).segments


def _message_of(row: dict[str, Any]) -> ProviderMessage:
    return ProviderMessage(
        provider_message_id=row["provider_message_id"],
        from_e164=row["from_e164"],
        # Both are erased with the client.
        to_e164=row["to_e164"] or "",
        body=row["body"] or "",
        delivery=Delivery.DELIVERED,
        created_at=row["accepted_at"],
        media_count=len(json.loads(row["media"] or "[]")),
    )


def _media_json(media: Sequence[OutgoingMedia]) -> str | None:
    """The files as they are stored: of which type, and where their bytes are."""
    if not media:
        return None
    return json.dumps(
        [
            {"content_type": each.content_type}
            | ({"url": each.url} if each.sha256 is None else {"sha256": each.sha256})
            for each in media
        ]
    )


def _refused(text: OutgoingMessage) -> Rejected | None:
    for phone, code, whose in (
        (text.from_e164, "21212", RejectionClass.SENDER),
        (text.to_e164, "21211", RejectionClass.RECIPIENT),
    ):
        if not _is_phone(phone):
            return Rejected(code, whose, "The phone is not an E.164 number.")
    is_empty = not text.body.strip() and not text.media
    if is_empty or "\0" in text.body or not _is_text(text.body):
        return Rejected("21602", RejectionClass.CONTENT, "The body is empty or not valid text.")
    if len(text.body) > LONGEST_BODY:
        return Rejected("21617", RejectionClass.CONTENT, "The body is longer than 1600 characters.")
    if len(text.media) > MOST_MEDIA:
        return Rejected("21623", RejectionClass.CONTENT, "The message has more than 10 pictures.")
    return None


def _is_phone(text: str) -> bool:
    try:
        parse_phone(text)
    except MalformedPhone:
        return False
    return True


def _is_text(body: str) -> bool:
    try:
        body.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
