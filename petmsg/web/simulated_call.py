"""A simulated call through the application: every request is signed, and goes to the handlers that
`petmsg serve` uses. The token of the signatures exists for one call only."""

import asyncio
import os
import re
import secrets
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from petmsg.enums.calls import RingTarget
from petmsg.enums.orgs import ProviderName
from petmsg.enums.simulated_calls import Leg
from petmsg.phone import mask_phone
from petmsg.providers.credentials import SID_NAME, TOKEN_NAME
from petmsg.providers.public_url import CALL, CALL_ENDED
from petmsg.providers.sandbox_call import (
    ORIGIN,
    Callers,
    Event,
    Reaction,
    SimulatedCall,
    VoiceRequest,
)
from petmsg.providers.stored_accounts import StoredAccounts
from petmsg.providers.twilio_signature import HEADER, TwilioSignature, signature_of
from petmsg.queries.org import OrgRow
from petmsg.queries.simulated_call import tried_call
from petmsg.web.access_log import AccessLog
from petmsg.web.app import Webhooks, make_app
from petmsg.web.group_commit import GroupCommit
from petmsg.web.in_process import Answered, post
from petmsg.web.media_route import MediaSource
from petmsg.web.voice_route import VoiceSource
from petmsg.workflows.linked_files import find_linked_files
from petmsg.workflows.simulated_call import CALLER, SeenEvent, SimulatedPeople, Step
from petmsg.workflows.store import Store
from petmsg.workflows.store_webhooks import WebhookStore

_TOLD = (
    "CallStatus",
    "Digits",
    "DialCallStatus",
    "DialCallDuration",
    "RecordingDuration",
    "CallDuration",
)
"""The parameters of a request that are shown: those without a phone."""
_DIALLED = re.compile(r"\+[0-9]+(?=</(?:Number|Dial)>)")
_NO_FILE = Path(os.devnull) / "twilio.env"
_PLACE = re.compile(r"[?&;]ring=([0-9]{1,3})\b")


class Played(NamedTuple):
    """The provider's ID of a call that was simulated, and its steps."""

    call: str
    steps: list[Step]


def simulated(
    store: Store,
    org: OrgRow | None,
    *,
    phone: str,
    number: str,
    people: SimulatedPeople,
    reveal: bool,
) -> Played:
    """Carry out a call from a phone to a number, whose org is `org`. Unless `reveal`, the phones in
    the steps are masked."""
    dialogue = _Dialogue(
        store,
        org,
        Callers(
            phone, number, key=people.key, speaks=people.voicemail_seconds, hangs_up=people.hangs_up
        ),
        people,
        reveal=reveal,
    )
    return Played(dialogue.call.sid, asyncio.run(dialogue.steps()))


class _Dialogue:
    """The requests of one call, and what is seen of it."""

    def __init__(
        self,
        store: Store,
        org: OrgRow | None,
        caller: Callers,
        people: SimulatedPeople,
        *,
        reveal: bool,
    ) -> None:
        self._store, self._org, self._people, self._reveal = store, org, people, reveal
        self._account = _ThrowAwayAccount(None if org is None else org.twilio_account)
        self._twiml = ""
        self._rung: tuple[str, str | None, str | None] = (RingTarget.FRONT_DESK.value, None, None)
        self.call = SimulatedCall(
            caller,
            self._reaction,
            account_sid=self._account.sid,
            voice=CALL,
            ended=CALL_ENDED,
        )

    async def steps(self) -> list[Step]:
        """Make the requests one after the other."""
        commits = GroupCommit(WebhookStore(self._store, calls_of=ProviderName.SANDBOX))
        app = make_app(self._webhooks(), commits, lambda _: None)
        steps, requests, seen = list[Step](), self.call.requests(), 0
        with commits:
            request = next(requests, None)
            while request is not None:
                answered = await self._ask(app, request)
                self._twiml = answered.body if answered.status == 200 else ""
                try:
                    following = requests.send(self._twiml or None)
                except StopIteration:
                    following = None
                events, seen = self.call.events[seen:], len(self.call.events)
                steps.append(self._step(len(steps) + 1, request, answered, events))
                request = following
        return steps

    async def _ask(self, app: AccessLog, request: VoiceRequest) -> Answered:
        return await post(app, request.path, request.form, self._account.headers(request))

    def _webhooks(self) -> Webhooks:
        location, clock = self._store.location, self._store.clock
        return Webhooks(
            twilio=TwilioSignature(self._account.known, public_url=ORIGIN),
            stripe=None,
            health=lambda: None,
            media=MediaSource(
                find=partial(find_linked_files, location, clock), store=self._store.media
            ),
            voice=VoiceSource(ORIGIN, lambda _: None, lambda _: False, clock),
        )

    def _reaction(self, _phone: str) -> Reaction:
        """Find out who is rung: the document that was just answered names the place."""
        found, rings = _PLACE.search(self._twiml), list[dict[str, Any]]()
        if self._org is not None:
            with self._store.snapshot() as cursor:
                call = tried_call(cursor, self._org, self.call.sid)
            rings = [] if call is None else call.rings
        place = int(found[1]) if found else len(rings)
        ring = rings[place] if place < len(rings) else {"target": RingTarget.FRONT_DESK}
        target = RingTarget(ring["target"])
        self._rung = (target.value, ring.get("ref"), ring.get("name"))
        return self._people.reaction(target, is_first=place == 0)

    def _step(
        self, number: int, request: VoiceRequest, answered: Answered, events: Sequence[Event]
    ) -> Step:
        twiml = answered.body if answered.body.startswith("<") else None
        if twiml is not None and not self._reveal:
            twiml = _DIALLED.sub(lambda found: mask_phone(found[0]), twiml)
        tells = {name: request.form[name] for name in _TOLD if name in request.form}
        path = request.path.partition("?")[0]
        return Step(
            number, path, tells, answered.status, twiml, [self._seen(each) for each in events]
        )

    def _seen(self, event: Event) -> SeenEvent:
        who = (CALLER, None, None) if event.leg is Leg.CALLER else self._rung
        return SeenEvent(*who, event.happening, event.text, event.shows, event.seconds)


class _ThrowAwayAccount:
    """An account of the provider that exists for one call, under the name that the org's has."""

    def __init__(self, name: str | None) -> None:
        self.sid = "AC" + secrets.token_hex(16)
        self._token = secrets.token_hex(16)
        end = "" if name is None else f"_{name.upper().replace('-', '_')}"
        environ = {f"{SID_NAME}{end}": self.sid, f"{TOKEN_NAME}{end}": self._token}
        self.known = StoredAccounts(environ, _NO_FILE)

    def headers(self, request: VoiceRequest) -> dict[str, str]:
        """The header of a request that the account signed."""
        return {HEADER: signature_of(self._token, ORIGIN + request.path, request.form)}
