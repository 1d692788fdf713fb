"""The routes of phone calls. Twilio waits for TwiML while the caller hears nothing, so that each
request is answered within two seconds.

An event is stored first and answered from what was committed. If that fails or takes too long, the
answer is that of `call_fallback`, with 200: an error would be spoken to the caller. The event is
kept and stored later (`late_events`). Unsigned and malformed requests are rejected as others are.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from petmsg.enums.calls import Sentence
from petmsg.providers import public_url, twilio_call_requests
from petmsg.providers.call_events import (
    CallArrived,
    CallEnded,
    CallEvent,
    RingEnded,
    SignedCall,
)
from petmsg.providers.twilio_parameters import Form
from petmsg.providers.twilio_signature import TwilioSignature
from petmsg.providers.twilio_voice import twiml_of
from petmsg.rules.call_plan import CallPlan, Speak
from petmsg.rules.desk_line import DeskLine
from petmsg.web.call_fallback import fallback
from petmsg.web.group_commit import GroupCommit
from petmsg.web.late_events import LateEvents
from petmsg.web.read_request import Refusal
from petmsg.web.signed_request import Handler, query_of, respond, signed_form
from petmsg.workflows.webhook_outcome import Outcome

ANSWER_WITHIN = 1.5
"""Seconds from the request to its answer that the commit may take."""
_MOST_CALLERS = 10_000
_HOUR = 3600.0
_RETRY_AFTER = {"Retry-After": "5"}
_TOO_SLOW = Outcome(503, "too_slow")
_TOO_MANY = Outcome(503, "too_many_wait")


@dataclass(frozen=True, slots=True)
class VoiceSource:
    """What calls need besides the store. `public_url` is the start of all webhook URLs.

    `line_of` gives the front desk of a number and `is_ours` says whether a phone is a number of
    ours, both as they were read last and without waiting. `clock` gives aware UTC.
    """

    public_url: str
    line_of: Callable[[str], DeskLine | None]
    is_ours: Callable[[str], bool]
    clock: Callable[[], datetime]


class VoiceRoutes:
    """Twilio's webhooks for phone calls."""

    def __init__(
        self, signature: TwilioSignature, commits: GroupCommit, source: VoiceSource
    ) -> None:
        self._signature = signature
        self._late = LateEvents(commits)
        self._source = source
        self._limit = _DeskLimit()
        self._trouble = twiml_of(Speak(Sentence.TROUBLE), source.public_url)

    @property
    def handlers(self) -> dict[str, Handler]:
        """The handlers by path."""
        return {
            public_url.CALL: self.arrived,
            public_url.CALL_ANSWER: self.answered,
            public_url.CALL_ENDED: self.ended,
            public_url.CALL_VOICEMAIL: self.voicemail,
        }

    async def arrived(self, request: Request) -> Response:
        """A call comes in."""
        began = time.monotonic()
        form = await signed_form(request, self._signature)
        event = replace(twilio_call_requests.call_arrived(form), at=self._source.clock())
        return await self._answer(request, event, form, began)

    async def answered(self, request: Request) -> Response:
        """Somebody who was rung picked up or pressed a key, or a sitter chose a client."""
        began = time.monotonic()
        form = await signed_form(request, self._signature)
        event = twilio_call_requests.answered(query_of(request), form)
        return await self._answer(request, event, form, began)

    async def ended(self, request: Request) -> Response:
        """A phone was rung, or a whole call has ended."""
        began = time.monotonic()
        form = await signed_form(request, self._signature)
        event = twilio_call_requests.ended(query_of(request), form)
        if event is None:
            return respond(request, 204, "on_its_way")
        if isinstance(event, CallEnded):
            event = replace(event, at=self._source.clock())
            return await self._note_end(request, event, form, began)
        if event.by_desk:
            self._put_arrival_first(event, form)
        return await self._answer(request, event, form, began)

    async def voicemail(self, request: Request) -> Response:
        """The caller left a voicemail."""
        began = time.monotonic()
        form = await signed_form(request, self._signature)
        event = twilio_call_requests.voicemail_left(query_of(request), form)
        if event is None:
            return respond(request, 204, "nothing_to_fetch")
        return await self._answer(request, event, form, began)

    async def _answer(
        self, request: Request, event: CallEvent, form: Form, began: float
    ) -> Response:
        """Store an event and answer with what happens next; whatever fails is spoken about."""
        try:
            outcome = await self._stored(event, form, began)
            word, plan = outcome.word, outcome.plan
            if plan is None or outcome.status >= 500:
                word, plan = f"fallback: {word}", self._fallback(event, form)
            document = twiml_of(plan, self._source.public_url)
        except Refusal:
            raise
        except Exception as problem:  # noqa: BLE001 because the caller must hear something
            word, document = f"bug: {type(problem).__name__}", self._trouble
        return respond(request, 200, word, body=Response(document, media_type="text/xml"))

    async def _note_end(
        self, request: Request, event: CallEnded, form: Form, began: float
    ) -> Response:
        """Nobody hears this answer: it is an error if the end is not stored yet."""
        outcome = await self._stored(event, form, began)
        if outcome.status >= 500:
            raise Refusal(outcome.status, outcome.word, _RETRY_AFTER)
        return respond(request, 204, outcome.word)

    async def _stored(self, event: CallEvent, form: Form, began: float) -> Outcome:
        """Store an event and return its outcome in time, or 503: it is stored later, then. Raises
        `Refusal`: 403, if an account signed it that the company never had."""
        answer = self._late.put(SignedCall(event, self._signature.accounts_of(form)))
        if answer is None:
            return _TOO_MANY
        left = ANSWER_WITHIN - (time.monotonic() - began)
        await asyncio.wait((answer,), timeout=max(0.0, left))
        outcome = answer.result() if answer.done() else _TOO_SLOW
        if outcome.status == 403:
            raise Refusal(403, outcome.word)
        return outcome

    def _put_arrival_first(self, event: RingEnded, form: Form) -> None:
        """The front desk was rung because the arrival could not be stored: it may be lost."""
        parties = twilio_call_requests.parties_of(form)
        if parties.to_e164 is not None:
            arrival = CallArrived(event.call, parties.from_phone, parties.to_e164)
            self._late.put(SignedCall(arrival, self._signature.accounts_of(form)))

    def _fallback(self, event: CallEvent, form: Form) -> CallPlan:
        caller, called = twilio_call_requests.parties_of(form)

        def may_ring(line: DeskLine) -> bool:
            is_own = caller is not None and self._source.is_ours(caller)
            can_ring = not is_own and line.can_ring(caller, self._source.clock())
            return can_ring and not self._limit.is_reached(line, caller)

        line = self._line(called, form)
        if line is None:
            # On the leg to somebody who was rung, the number that they see is the caller.
            line = self._line(caller, form)
        return fallback(event, line, may_ring=may_ring)

    def _line(self, e164: str | None, form: Form) -> DeskLine | None:
        """The front desk of a number, but for one of an org that has another account."""
        line = None if e164 is None else self._source.line_of(e164)
        has_it = line is not None and line.is_of(self._signature.accounts_of(form))
        return line if has_it else None


class _DeskLimit:
    """How often each phone made a front desk ring without a decision, in the last hour."""

    def __init__(self) -> None:
        self._rung: dict[tuple[int, str | None], deque[float]] = {}

    def is_reached(self, line: DeskLine, caller: str | None) -> bool:
        """Whether the phone has called too often; if not, this call is counted."""
        now = time.monotonic()
        rung = self._rung.setdefault((line.org_id, caller), deque())
        while rung and now - rung[0] >= _HOUR:
            rung.popleft()
        if len(rung) >= line.calls_per_hour:
            return True
        rung.append(now)
        if len(self._rung) > _MOST_CALLERS:
            del self._rung[next(iter(self._rung))]
        return False
