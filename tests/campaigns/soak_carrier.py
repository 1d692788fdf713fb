"""Twilio's side of a soak: messages and calls come in as webhooks, and receipts of what it took."""

import http.client
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.campaigns.soak_company import Text
from tests.campaigns.soak_workers import SharedClock
from tests.support.pictures import photo_with_position
from tests.support.twilio_fake import ACCOUNT_SID, TwilioFake
from tests.support.twilio_media import Storage
from tests.support.webhooks import inbound, signed

INBOUND, STATUS = "/twilio/inbound", "/twilio/status"
VOICE, ANSWER, ENDED = "/twilio/voice", "/twilio/voice/answer", "/twilio/voice/ended"
MEDIA_HOST = "https://api.twilio.com/2010-04-01/Accounts"
DELIVERED = 3
"""The last step of a message at the fake."""


@dataclass(frozen=True, slots=True)
class Request:
    """A webhook; `sid` is what it brings."""

    path: str
    form: Mapping[str, str]
    sid: str


@dataclass
class Carrier:
    """The fake Twilio, and the webhooks that it repeats until they are answered.

    `answered` are the messages, and `answered_calls` the calls, of the webhooks that were answered
    with 200. `refused` counts the other answers.
    """

    fake: TwilioFake
    storage: Storage
    clock: SharedClock
    port: int
    answered: set[str] = field(default_factory=set)
    answered_calls: set[str] = field(default_factory=set)
    refused: Counter[int] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.public = f"http://127.0.0.1:{self.port}"
        self._undelivered: list[Request] = []
        self._told = self.fake.first_id
        self._calls = self._pictures = 0

    # --- what comes in ----------------------------------------------------------------------

    def comes(self, text: Text) -> None:
        """Somebody writes a message: its webhook is tried once."""

        def stored() -> tuple[str, list[str]]:
            count = int(text.with_picture)
            at = self.clock.now().replace(microsecond=0)
            sid = self.fake.comes_in(
                text.body, from_=text.sender, to=text.to, at=at, media_count=count
            )
            names = [f"ME{len(self.storage.files) + i:032x}" for i in range(count)]
            self.fake.media.by_message[sid] = dict.fromkeys(names, "image/jpeg")
            for name in names:
                self.storage.files[name] = self.picture()
                self.storage.types[name] = "image/jpeg"
            return sid, names

        found = self.fake.call(stored)
        assert isinstance(found, tuple)
        sid, names = found
        form = inbound(sid, text.sender, text.to, text.body) | {"NumMedia": str(len(names))}
        for i, name in enumerate(names):
            form[f"MediaContentType{i}"] = "image/jpeg"
            form[f"MediaUrl{i}"] = f"{MEDIA_HOST}/{ACCOUNT_SID}/Messages/{sid}/Media/{name}"
        self._undelivered.append(Request(INBOUND, form, sid))
        self._deliver_in_order()

    def calls(self, caller: str, to: str, said: str) -> None:
        """Somebody calls a number; `said` is how the ring of the other phone ended."""
        self._calls += 1
        call = f"CA{self._calls:032x}"
        form = {
            "AccountSid": ACCOUNT_SID,
            "ApiVersion": "2010-04-01",
            "CallSid": call,
            "Direction": "inbound",
            "From": caller,
            "To": to,
        }
        leg = {"CallSid": f"CAf{call[3:]}", "ParentCallSid": call, "Digits": "1"}
        ring = f"?call={call}&ring=0"
        for path, more in (
            (VOICE, {"CallStatus": "ringing"}),
            (f"{ANSWER}{ring}", {**leg, "CallStatus": "in-progress"}),
            (f"{ENDED}{ring}", {"CallStatus": "in-progress", "DialCallStatus": said}),
            (ENDED, {"CallStatus": "completed", "CallDuration": "7"}),
        ):
            self._undelivered.append(Request(path, {**form, **more}, call))
        self._deliver_in_order()

    def picture(self) -> bytes:
        """A picture that no other message has."""
        self._pictures += 1
        return photo_with_position(24 + self._pictures % 40, 24 + self._pictures // 40)

    # --- webhooks ---------------------------------------------------------------------------

    def deliver(self) -> int:
        """Try every webhook that was not answered; how many are left."""
        self._deliver_in_order()
        self._tell_deliveries()
        self._deliver_in_order()
        return len(self._undelivered)

    def _deliver_in_order(self) -> None:
        while self._undelivered and self._is_answered(self._undelivered[0]):
            self._undelivered.pop(0)

    def _is_answered(self, request: Request) -> bool:
        body, headers = signed(request.path, request.form, at=self.public)
        status = self._post(request.path, body, headers)
        if status not in (200, 204):
            self.refused[status] += 1
            return False
        if request.path == INBOUND:
            self.answered.add(request.sid)
        elif request.path != STATUS:
            self.answered_calls.add(request.sid)
        return True

    def _post(self, path: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The status of the answer, 0 if there is none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", path, body, dict(headers))
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return 0
        else:
            return answer.status
        finally:
            connection.close()

    def _tell_deliveries(self) -> None:
        """Each message that was taken is delivered at once."""
        while sid := self._next_sid():
            self._told += 1
            message = self.fake.messages[sid]
            if message.came_in:
                continue
            message.step = DELIVERED  # whoever asks is told so, too
            form = {
                "MessageSid": message.sid,
                "MessageStatus": "delivered",
                "AccountSid": ACCOUNT_SID,
                "From": message.from_,
                "To": message.to,
            }
            self._undelivered.append(Request(STATUS, form, message.sid))

    def _next_sid(self) -> str | None:
        sids = (f"{kind}{self._told:032x}" for kind in ("SM", "MM"))
        return next((sid for sid in sids if sid in self.fake.messages), None)
