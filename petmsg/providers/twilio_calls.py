"""Calls and their voicemails at Twilio: look up, list, delete.

Only what `<Record>` made is a voicemail: a recording of a conversation, which the account may make
by a setting of its own, is never read. Sources: Twilio, "Calls resource" and "Recordings resource".
"""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from petmsg.enums.calls import CallStatus
from petmsg.errors import MediaGone
from petmsg.providers.base import ReceivedMedia
from petmsg.providers.call_log import CallAtProvider, RecordedVoicemail
from petmsg.providers.twilio_answers import AnsweredNo, is_missing
from petmsg.providers.twilio_records import Row, one_record, records

AUDIO = "audio/mpeg"
_CALL = re.compile(r"CA[0-9a-zA-Z]{1,62}")
_RECORDING = re.compile(r"RE[0-9a-zA-Z]{1,62}")
_PAGE = 100
_LONGEST_SECONDS = 99_999
_BY_RECORD_VERB = "RecordVerb"
_COMPLETED = "completed"
_ENDED = {
    "completed": CallStatus.COMPLETED,
    "busy": CallStatus.BUSY,
    "no-answer": CallStatus.NO_ANSWER,
    "canceled": CallStatus.NO_ANSWER,
    "failed": CallStatus.FAILED,
}
"""Twilio's final words; every other (`queued`, `ringing`, `in-progress`) is of a call that goes
on."""
_FIRST = datetime.min.replace(tzinfo=UTC)


class TwilioCalls:
    """The calls of one account; see `CallLog`. Threads may share it.

    `client` is the SDK's; `ask` runs a request and turns every failure into `ProviderAccount` or
    `ProviderUnavailable`.
    """

    def __init__(self, client: Any, ask: Callable[[Callable[[], Any]], Any]) -> None:
        self._calls = client.calls
        self._ask = ask
        self._voicemails = TwilioVoicemails(client)

    def call(self, provider_call_id: str) -> CallAtProvider | None:
        """The call as it is now; None if the account has no such call."""
        if not is_call(provider_call_id):
            return None

        def found() -> CallAtProvider | None:
            row = _one(self._calls(provider_call_id), provider_call_id)
            return None if row is None else _call_of(row)

        answer: CallAtProvider | None = self._ask(found)
        return answer

    def rung(self, provider_call_id: str) -> Sequence[CallAtProvider]:
        """The phones that were rung for the call, in their order."""
        if not is_call(provider_call_id):
            return ()

        def found() -> list[CallAtProvider]:
            first = self._calls.page(parent_call_sid=provider_call_id, page_size=_PAGE)
            # Twilio lists the newest first; a leg without a time keeps that order.
            rows = [*records(first, "calls")][::-1]
            rows = [row for row in rows if row.word("parent_call_sid") in ("", provider_call_id)]
            rows.sort(key=lambda row: row.time("start_time", "date_created") or _FIRST)
            return [_call_of(row) for row in rows]

        answer: list[CallAtProvider] = self._ask(found)
        return answer

    def voicemails(self, provider_call_id: str) -> Sequence[RecordedVoicemail]:
        """The voicemails that the caller left; see `CallLog.voicemails`."""

        def found() -> list[RecordedVoicemail]:
            try:
                return self._voicemails.of_call(provider_call_id)
            except MediaGone:
                return []

        answer: list[RecordedVoicemail] = self._ask(found)
        return answer


class TwilioVoicemails:
    """The voicemails of one account as files of the message that stands for their call."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def files_of(self, call_sid: str) -> list[ReceivedMedia]:
        """The voicemails of a call as files, oldest first. Raises as `of_call`."""
        return [ReceivedMedia(AUDIO, each.recording) for each in self.of_call(call_sid)]

    def of_call(self, call_sid: str) -> list[RecordedVoicemail]:
        """The voicemails of a call, oldest first. Raises `MediaGone` for a call that the account
        does not have, `AnsweredNo` and others that the adapter translates."""
        found = [
            RecordedVoicemail(row.word("sid"), row.count("duration", most=_LONGEST_SECONDS))
            for row in self._rows(call_sid)
            if row.word("status") == _COMPLETED
        ][::-1]
        if not found and _one(self._client.calls(call_sid), call_sid) is None:
            raise MediaGone("Twilio has no such call.")
        return found

    def delete_of(self, call_sid: str) -> None:
        """Delete the voicemails of a call, whatever their state; those that are gone are no
        error."""
        try:
            sids = [row.word("sid") for row in self._rows(call_sid)]
        except MediaGone:
            return
        for sid in sids:
            try:
                self._client.recordings(sid).delete()
            except AnsweredNo as answer:
                if not is_missing(answer):
                    raise

    def _rows(self, call_sid: str) -> Iterator[Row]:
        """The recordings of a call that are voicemails, newest first, as Twilio lists them."""
        if not is_call(call_sid):
            raise MediaGone("Twilio has no such call.")
        try:
            first = self._client.calls(call_sid).recordings.page(page_size=_PAGE)
            listed = [*records(first, "recordings")]
        except AnsweredNo as answer:
            if is_missing(answer):
                raise MediaGone("Twilio does not have the call any more.") from None
            raise
        for row in listed:
            if is_recording(row.word("sid")) and row.word("source") == _BY_RECORD_VERB:
                yield row


def is_call(sid: str) -> bool:
    """Whether it is the ID of a call."""
    return _CALL.fullmatch(sid) is not None


def is_recording(sid: str) -> bool:
    """Whether it is the ID of a recording."""
    return _RECORDING.fullmatch(sid) is not None


def _one(context: Any, sid: str) -> Row | None:
    """The record of one call; None if the account does not have it."""
    try:
        return one_record(context, sid)
    except AnsweredNo as answer:
        if is_missing(answer):
            return None
        raise


def _call_of(row: Row) -> CallAtProvider:
    return CallAtProvider(
        _ENDED.get(row.word("status"), CallStatus.RINGING),
        row.count("duration", most=_LONGEST_SECONDS),
        row.word("to"),
    )
