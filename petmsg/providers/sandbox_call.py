"""A phone call as Twilio carries it, for a laptop: without an account, a network or a phone.

`SimulatedCall` plays the provider and the two people. It makes the requests that Twilio would make,
carries out the TwiML that it is answered with, and notes what people hear and do. It does no I/O:
`requests` is a generator, which is sent the answer to each request.

Sources: twilio.com/docs/voice/twiml (Dial, Number, Gather, Say, Pause, Record, Redirect, Reject,
Hangup) and twilio.com/docs/voice/twiml#request-parameters. Not played: sound, the time that passes,
and verbs that petmsg does not use; those are an `error`, as in a TwiML document that is not valid.
"""

import secrets
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree as ET

from petmsg.enums.simulated_calls import Happening, Leg, PickUp

ORIGIN = "https://call.sandbox.invalid"
"""The address that signed requests are made to; nothing listens there."""
TALK_SECONDS = 60
MOST_REQUESTS = 50
"""A dialogue with more requests than this goes round in circles."""
_WHISPER_SECONDS = 5
_DIAL_STATUS = {
    PickUp.ANSWER: "completed",
    PickUp.NO_ANSWER: "no-answer",
    PickUp.BUSY: "busy",
}
_PICKED_UP = {
    PickUp.ANSWER: Happening.ANSWERS,
    PickUp.NO_ANSWER: Happening.NO_ANSWER,
    PickUp.BUSY: Happening.BUSY,
}
_REJECTED = {"busy": "busy", "rejected": "no-answer"}


class VoiceRequest(NamedTuple):
    """A request to `petmsg serve`: path with query, and its form."""

    path: str
    form: Mapping[str, str]


class Event(NamedTuple):
    """What somebody does or hears. `phone` is the one that is rung (E.164), `shows` the caller id
    there, `seconds` how long it lasts."""

    leg: Leg
    happening: Happening
    text: str | None = None
    phone: str | None = None
    shows: str | None = None
    seconds: int | None = None


class Reaction(NamedTuple):
    """What a person does whose phone rings: whether they pick up, and the key they press when they
    are asked for one, empty for none."""

    pick_up: PickUp
    key: str = ""


class Callers(NamedTuple):
    """Who calls, and what they do.

    `key` is what they press where a key is asked for, empty for none. `speaks` is the length of the
    voicemail that they leave in seconds; with 0 they hang up at the beep. With `hangs_up` they do
    so while the first phone rings.
    """

    phone: str
    number: str
    key: str = ""
    speaks: int = 0
    hangs_up: bool = False


Requests = Generator[VoiceRequest, str | None]
_Next = tuple[str, dict[str, str]]
_Carried = Generator[VoiceRequest, str | None, _Next | None]


class _CallOver(Exception):
    """The caller's leg has ended."""


class SimulatedCall:
    """One call, from the first request to the last callback. `events` grows as it goes on."""

    def __init__(
        self,
        caller: Callers,
        reaction_of: Callable[[str], Reaction],
        *,
        account_sid: str,
        voice: str,
        ended: str,
    ) -> None:
        """`reaction_of` is asked for each phone that is rung (E.164). `voice` and `ended` are the
        paths that a number's settings name for calls and their end."""
        self.sid = "CA" + secrets.token_hex(16)
        self.events: list[Event] = []
        self._caller = caller
        self._reaction_of = reaction_of
        self._account_sid = account_sid
        self._voice, self._ended = voice, ended
        self._status = "in-progress"
        self._seconds = 0
        self._left = MOST_REQUESTS
        self._late: list[VoiceRequest] = []

    def requests(self) -> Requests:
        """The requests of the call in their order. Send the TwiML of each answer, or None where the
        request failed."""
        self._note(Leg.CALLER, Happening.CALLS, shows=self._caller.number)
        following: _Next | None = (self._voice, {"CallStatus": "ringing"})
        try:
            while following is not None:
                following = yield from self._carry_out(*following)
            self._note(Leg.CALLER, Happening.ENDS)
        except _CallOver:
            pass
        while self._late:
            yield self._late.pop(0)
        over = {"CallStatus": self._status, "CallDuration": str(self._seconds)}
        yield VoiceRequest(self._ended, {**self._form(), **over})

    # --- the caller's leg ------------------------------------------------------------------

    def _carry_out(self, path: str, more: Mapping[str, str]) -> _Carried:
        """Fetch a document and carry it out; the request that follows it, if one does."""
        verbs = yield from self._fetch(path, {**self._form(), "CallStatus": "in-progress", **more})
        if verbs is None:
            self._note(Leg.CALLER, Happening.ERROR)
            raise _CallOver
        for place, verb in enumerate(verbs):
            if verb.tag == "Reject" and place == 0 and more.get("CallStatus") == "ringing":
                self._status = _REJECTED.get(verb.get("reason", "rejected"), "no-answer")
                self._note(Leg.CALLER, Happening.REJECTED)
                raise _CallOver
            self._status = "completed"
            following = yield from self._verb(verb, path)
            if following is not None:
                return following
        self._status = "completed"
        return None

    def _verb(self, verb: ET.Element, path: str) -> _Carried:
        """Carry out one verb of the caller's leg; the request that it leads to, if it does."""
        match verb.tag:
            case "Dial":
                return (yield from self._dial(verb, path))
            case "Gather":
                return self._gather(Leg.CALLER, verb, path, self._caller.key)
            case "Record":
                return (yield from self._record(verb, path))
            case "Redirect":
                return _target(verb.text, path), {}
            case "Hangup":
                self._note(Leg.CALLER, Happening.ENDS)
                raise _CallOver
            case _:
                if not self._heard(Leg.CALLER, verb):
                    self._note(Leg.CALLER, Happening.ERROR)
                    raise _CallOver
                return None

    def _dial(self, verb: ET.Element, path: str) -> _Carried:
        """Ring the phones of a `<Dial>`. Its `action` follows, if it has one."""
        numbers = list(verb) or [verb]
        status, told = "failed", dict[str, str]()
        for number in numbers:
            phone = (number.text or "").strip()
            shows, seconds = verb.get("callerId"), int(verb.get("timeout", "30"))
            reaction = self._reaction_of(phone)
            self._note(Leg.RUNG, Happening.RINGS, phone=phone, shows=shows, seconds=seconds)
            if self._caller.hangs_up:
                status = "no-answer"
                break
            status = _DIAL_STATUS[reaction.pick_up]
            self._note(Leg.RUNG, _PICKED_UP[reaction.pick_up], phone=phone)
            if reaction.pick_up is PickUp.ANSWER:
                told = yield from self._answered(number, path, phone, shows, reaction.key)
                break
        action = verb.get("action")
        form = {"DialCallStatus": status, **told}
        if not self._caller.hangs_up:
            return None if action is None else (_target(action, path), form)
        self._note(Leg.CALLER, Happening.HANGS_UP)
        if action is not None:
            yield from self._after_the_end(_target(action, path), form)
        raise _CallOver

    def _answered(
        self, number: ET.Element, path: str, phone: str, shows: str | None, key: str
    ) -> Generator[VoiceRequest, str | None, dict[str, str]]:
        """Somebody picks up: they hear the document of the `<Number>`, and are then connected
        unless it hangs up. Returns what the `action` is told."""
        child = "CA" + secrets.token_hex(16)
        url = number.get("url")
        connected = True
        if url is not None:
            form = {
                **self._form(),
                "CallSid": child,
                "ParentCallSid": self.sid,
                "From": shows or "",
                "To": phone,
                "Direction": "outbound-dial",
            }
            connected = yield from self._whisper(_target(url, path), form, key)
        seconds = TALK_SECONDS if connected else _WHISPER_SECONDS
        self._seconds += seconds
        if connected:
            self._note(Leg.RUNG, Happening.CONNECTED, phone=phone, seconds=seconds)
        else:
            self._note(Leg.RUNG, Happening.ENDS)
        # A phone that was picked up and hung up by the whisper was answered, for Twilio.
        return {
            "DialCallSid": child,
            "DialCallDuration": str(seconds),
            "DialBridged": str(connected).lower(),
        }

    def _whisper(
        self, path: str, form: Mapping[str, str], key: str
    ) -> Generator[VoiceRequest, str | None, bool]:
        """What the person hears who picked up, before they are connected; whether they are."""
        following: _Next | None = (path, {})
        while following is not None:
            path, more = following
            following = None
            verbs = yield from self._fetch(path, {**form, "CallStatus": "in-progress", **more})
            if verbs is None:
                self._note(Leg.RUNG, Happening.ERROR)
                return False
            for verb in verbs:
                if verb.tag == "Hangup":
                    return False
                if verb.tag == "Gather":
                    following = self._gather(Leg.RUNG, verb, path, key)
                elif verb.tag == "Redirect":
                    following = _target(verb.text, path), {}
                elif not self._heard(Leg.RUNG, verb):
                    self._note(Leg.RUNG, Happening.ERROR)
                    return False
                if following is not None:
                    break
        return True

    def _record(self, verb: ET.Element, path: str) -> _Carried:
        """Record the caller. A caller who says nothing hears what stands behind the `<Record>`."""
        seconds = min(self._caller.speaks, int(verb.get("maxLength", "3600")))
        if not seconds:
            self._note(Leg.CALLER, Happening.HANGS_UP)
            raise _CallOver
        self._seconds += seconds
        self._note(Leg.CALLER, Happening.SPEAKS, seconds=seconds)
        recording = "RE" + secrets.token_hex(16)
        told = {
            "RecordingSid": recording,
            "RecordingUrl": f"https://api.twilio.com/2010-04-01/Accounts/{self._account_sid}"
            f"/Recordings/{recording}",
            "RecordingDuration": str(seconds),
        }
        callback = verb.get("recordingStatusCallback")
        if callback is not None:
            form = {"AccountSid": self._account_sid, "CallSid": self.sid, **told}
            self._late.append(
                VoiceRequest(
                    _target(callback, path),
                    {
                        **form,
                        "RecordingStatus": "completed",
                        "RecordingChannels": "1",
                        "RecordingSource": "RecordVerb",
                    },
                )
            )
        self._note(Leg.CALLER, Happening.HANGS_UP)
        action = _target(verb.get("action", path), path)
        yield from self._after_the_end(action, {**told, "Digits": "hangup"})
        raise _CallOver

    def _after_the_end(self, path: str, more: Mapping[str, str]) -> Requests:
        """A request whose answer nobody hears, because the caller has hung up."""
        self._status = "completed"
        yield from self._fetch(path, {**self._form(), "CallStatus": "completed", **more})

    # --- both legs -------------------------------------------------------------------------

    def _gather(self, leg: Leg, verb: ET.Element, path: str, key: str) -> _Next | None:
        """What is heard in a `<Gather>`, and the key that is pressed; the request that follows."""
        for each in verb:
            self._heard(leg, each)
        pressed = key[: int(verb.get("numDigits", str(len(key) or 1)))]
        is_empty = not pressed or pressed == verb.get("finishOnKey", "#")
        self._note(leg, Happening.WAITS if is_empty else Happening.PRESSES, pressed or None)
        if is_empty and verb.get("actionOnEmptyResult") != "true":
            return None
        digits = {} if is_empty else {"Digits": pressed}
        return _target(verb.get("action", path), path), digits

    def _heard(self, leg: Leg, verb: ET.Element) -> bool:
        """Note what a verb lets somebody hear; False for a verb that is not known."""
        if verb.tag == "Say":
            self._note(leg, Happening.HEARS, " ".join("".join(verb.itertext()).split()))
        return verb.tag in ("Say", "Play", "Pause")

    def _fetch(
        self, path: str, form: Mapping[str, str]
    ) -> Generator[VoiceRequest, str | None, Sequence[ET.Element] | None]:
        """Make a request; the verbs of its answer, None if there are none to carry out."""
        self._left -= 1
        if self._left < 0 or not path:
            return None
        answer = yield VoiceRequest(path, form)
        try:
            document = ET.fromstring(answer or "")  # noqa: S314 - because petmsg wrote it
        except ET.ParseError:
            return None
        return list(document) if document.tag == "Response" else None

    def _form(self) -> dict[str, str]:
        """The parameters of every request of the caller's leg."""
        return {
            "AccountSid": self._account_sid,
            "ApiVersion": "2010-04-01",
            "CallSid": self.sid,
            "Direction": "inbound",
            "From": self._caller.phone,
            "Caller": self._caller.phone,
            "To": self._caller.number,
            "Called": self._caller.number,
            "FromCity": "",
        }

    def _note(
        self,
        leg: Leg,
        happening: Happening,
        text: str | None = None,
        *,
        phone: str | None = None,
        shows: str | None = None,
        seconds: int | None = None,
    ) -> None:
        self.events.append(Event(leg, happening, text, phone, shows, seconds))


def _target(url: str | None, path: str) -> str:
    """The path and query of a URL in a document that was fetched from `path`; empty for an address
    that is not this server's."""
    parts = urlsplit(urljoin(ORIGIN + path, (url or "").strip()))
    if f"{parts.scheme}://{parts.netloc}" != ORIGIN:
        return ""
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
