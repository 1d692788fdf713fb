"""The calls and recordings of the fake Twilio.

After Twilio's public pages "Calls resource" and "Recordings resource", and the examples of its
OpenAPI description (`twilio_api_v2010`): a call, its list by the parent's ID, the recordings below
a call, one recording, its deletion, and its bytes as `.mp3` and `.wav`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

VERSION = "2010-04-01"
MP3 = b"\xff\xf3\x84\xc4" + bytes(413)
"""One frame of MPEG-2 Layer III, of silence."""
WAV = b"RIFF\x2c\x00\x00\x00WAVEfmt " + bytes(24)
_CALL = re.compile(r"/Calls/(\w+)\.json")
_RECORDINGS = re.compile(r"/Calls/(\w+)/Recordings\.json")
_RECORDING = re.compile(r"/Recordings/(\w+)\.json")
_BYTES = re.compile(r".*/Recordings/(\w+)(\.mp3|\.wav|)")
_AT = datetime(2026, 2, 14, 16, 0, tzinfo=UTC)

Row = dict[str, object]


@dataclass
class FakeCall:
    """A call, or a phone that was rung for the call `parent`. `status` is Twilio's word."""

    sid: str
    from_: str
    to: str
    status: str = "completed"
    seconds: int | None = None
    parent: str | None = None
    started_at: datetime = _AT

    def resource(self, account_sid: str) -> Row:
        at = format_datetime(self.started_at)
        uri = f"/{VERSION}/Accounts/{account_sid}/Calls/{self.sid}"
        has_ended = self.status not in ("queued", "ringing", "in-progress")
        return {
            "account_sid": account_sid,
            "annotation": None,
            "answered_by": None,
            "api_version": VERSION,
            "caller_name": None,
            "date_created": at,
            "date_updated": at,
            "direction": "inbound" if self.parent is None else "outbound-dial",
            "duration": None if self.seconds is None else str(self.seconds),
            "end_time": at if has_ended else None,
            "forwarded_from": None,
            "from": self.from_,
            "from_formatted": self.from_,
            "group_sid": None,
            "parent_call_sid": self.parent,
            "phone_number_sid": f"PN{1:032x}",
            "price": None,
            "price_unit": "USD",
            "queue_time": "0",
            "sid": self.sid,
            "start_time": at,
            "status": self.status,
            "subresource_uris": {"recordings": f"{uri}/Recordings.json"},
            "to": self.to,
            "to_formatted": self.to,
            "trunk_sid": None,
            "uri": f"{uri}.json",
        }


@dataclass
class FakeRecording:
    """A recording of a call; `content` are its bytes as MP3."""

    sid: str
    call: str
    seconds: int | None = 23
    status: str = "completed"
    source: str = "RecordVerb"
    content: bytes = MP3

    def resource(self, account_sid: str) -> Row:
        at = format_datetime(_AT)
        uri = f"/{VERSION}/Accounts/{account_sid}/Recordings/{self.sid}"
        return {
            "account_sid": account_sid,
            "api_version": VERSION,
            "call_sid": self.call,
            "channels": 1,
            "conference_sid": None,
            "date_created": at,
            "date_updated": at,
            "duration": None if self.seconds is None else str(self.seconds),
            "encryption_details": None,
            "error_code": None,
            "media_url": f"https://api.twilio.com{uri}",
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "source": self.source,
            "start_time": at,
            "status": self.status,
            "subresource_uris": {"transcriptions": f"{uri}/Transcriptions.json"},
            "uri": f"{uri}.json",
        }


@dataclass
class FakeCalls:
    """The account's calls and recordings, by their IDs, in the order in which they were made.

    `moved` names where the bytes of a recording are redirected to, as for an account that keeps
    them elsewhere.
    """

    calls: dict[str, FakeCall] = field(default_factory=dict)
    recordings: dict[str, FakeRecording] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)

    def add(self, call: FakeCall) -> FakeCall:
        self.calls[call.sid] = call
        return call

    def record(self, call_sid: str, **more: object) -> FakeRecording:
        """A recording of a call, with an ID of its own."""
        sid = f"RE{len(self.recordings) + 1:032x}"
        made = FakeRecording(sid, call_sid, **more)  # type: ignore[arg-type] # by their names
        self.recordings[sid] = made
        return made

    def listed(
        self, method: str, path: str, query: Mapping[str, str], account_sid: str
    ) -> tuple[str, list[Row]] | None:
        """The name and the rows of a list, newest first; None for another path."""
        if method != "GET":
            return None
        if path == "/Calls.json":
            parent = query.get("ParentCallSid")
            found = [each for each in self.calls.values() if parent in (None, each.parent)]
            return "calls", [each.resource(account_sid) for each in found[::-1]]
        if (of_call := _RECORDINGS.fullmatch(path)) and of_call[1] in self.calls:
            mine = [each for each in self.recordings.values() if each.call == of_call[1]]
            return "recordings", [each.resource(account_sid) for each in mine[::-1]]
        return None

    def respond(self, method: str, path: str, account_sid: str) -> tuple[int, Row] | None:
        """One call, one recording, or its deletion; None for a 404."""
        if method == "GET" and (found := _CALL.fullmatch(path)) and found[1] in self.calls:
            return 200, self.calls[found[1]].resource(account_sid)
        if (found := _RECORDING.fullmatch(path)) and found[1] in self.recordings:
            if method == "DELETE":
                del self.recordings[found[1]]
                return 204, {}
            if method == "GET":
                return 200, self.recordings[found[1]].resource(account_sid)
        return None

    def content(self, method: str, path: str) -> tuple[int, bytes, dict[str, str]] | None:
        """The bytes of a recording, or where they are; None if the path names none that is
        there."""
        found = _BYTES.fullmatch(path)
        recording = self.recordings.get(found[1]) if found and method == "GET" else None
        if found is None or recording is None or recording.status != "completed":
            return None
        if recording.sid in self.moved:
            return 307, b"", {"Location": self.moved[recording.sid]}
        if found[2] == ".mp3":
            return 200, recording.content, {"Content-Type": "audio/mpeg"}
        return 200, WAV, {"Content-Type": "audio/x-wav"}
