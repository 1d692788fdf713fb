"""The routes. The signature is checked before anything is read from the database.

`/twilio/inbound` and `/twilio/status` accept requests that Twilio signed, and so do the routes of
phone calls (`voice_route`), whose answers follow other rules. `/stripe` accepts those that Stripe
signed; `/healthz` tells anybody whether webhooks are stored, and `/media` gives a message's files
to a request with its link (`media_route`). A request is answered with 200 or 204 only after its
commit. If storing is uncertain, the answer is 503 and the sender repeats it; each item is stored
once, however often it comes. Twilio repeats a request after a 5xx only if its webhook URL asks for
it (`public_url.RETRIES`); `message pull` fetches what Twilio gave up on.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from petmsg.media.links import PATH as MEDIA
from petmsg.providers import public_url, twilio_webhooks
from petmsg.providers.base import Delivery
from petmsg.providers.stripe_event import read_event
from petmsg.providers.twilio_signature import HEADER, TwilioSignature
from petmsg.web.access_log import AccessLog, Watcher
from petmsg.web.group_commit import GroupCommit, TooManyWait
from petmsg.web.media_route import LOGGED, ROUTE, MediaRoute, MediaSource
from petmsg.web.read_request import JSON, LARGEST_EVENT, Refusal, body_of
from petmsg.web.refused_requests import RejectionCounter
from petmsg.web.signed_request import NOT_SIGNED, Handler, respond, signed_form, with_refusals
from petmsg.web.voice_route import VoiceRoutes, VoiceSource
from petmsg.workflows.webhook_outcome import Outcome, SignedMessage, SignedReport

ANSWER_WITHIN = 10.0
"""Seconds. Twilio gives up after 15, and its fallback URL needs time too."""
RETRY_AFTER = {"Retry-After": "5"}
STRIPE = "/stripe"
HEALTH = "/healthz"
STRIPE_HEADER = "Stripe-Signature"

_EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
_HEALTH_SECONDS = 1.0
"""How long the result of a health check is reused, in seconds."""


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Webhook configuration; `None` disables an endpoint.

    `stripe` checks the signature of a body; `health` returns the error code with which webhooks are
    refused, or None. `media` is where links are looked up and files are read. `voice` is what phone
    calls need; they come to Twilio's webhooks, so that without `twilio` there are none.
    """

    twilio: TwilioSignature | None
    stripe: Callable[[bytes, str | None], bool] | None
    health: Callable[[], str | None]
    media: MediaSource
    voice: VoiceSource | None = None


def make_app(webhooks: Webhooks, commits: GroupCommit, watcher: Watcher) -> AccessLog:
    """Build the application. `watcher` is called with every answered request."""
    routes = [
        Route(HEALTH, _Health(webhooks.health, commits).answer, methods=["GET"]),
        Route(ROUTE, MediaRoute(webhooks.media).answer, methods=["GET"]),
    ]
    if webhooks.twilio is not None:
        twilio, refusals = (
            _Twilio(webhooks.twilio, commits),
            RejectionCounter("twilio", commits.put_aside),
        )
        handlers: dict[str, Handler] = {
            public_url.INBOUND: twilio.inbound,
            public_url.STATUS: twilio.status,
        }
        if webhooks.voice is not None:
            handlers |= VoiceRoutes(webhooks.twilio, commits, webhooks.voice).handlers
        for path, handler in handlers.items():
            guarded = with_refusals(handler, refusals, HEADER)
            routes.append(Route(path, guarded, methods=["POST"]))
    if webhooks.stripe is not None:
        stripe = _Stripe(webhooks.stripe, commits)
        refusals = RejectionCounter("stripe", commits.put_aside)
        guarded = with_refusals(stripe.event, refusals, STRIPE_HEADER)
        routes.append(Route(STRIPE, guarded, methods=["POST"]))
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return AccessLog(
        app,
        watcher,
        routes=frozenset(route.path for route in routes) - {ROUTE},
        patterns={f"{MEDIA}/": LOGGED},
    )


async def _stored(commits: GroupCommit, item: object, *, began: float) -> Outcome:
    """Store an item and return its outcome within `ANSWER_WITHIN`. Raises `Refusal`: 503."""
    try:
        answer = commits.put(item)
    except TooManyWait:
        raise Refusal(503, "too_many_wait", RETRY_AFTER) from None
    left = ANSWER_WITHIN - (time.monotonic() - began)
    await asyncio.wait((answer,), timeout=max(0.0, left))
    if not answer.done():
        answer.cancel()
        raise Refusal(503, "too_slow", RETRY_AFTER)
    outcome = answer.result()
    if outcome.status >= 500:
        raise Refusal(outcome.status, outcome.word, RETRY_AFTER if outcome.status == 503 else None)
    return outcome


class _Twilio:
    """Twilio's two webhooks."""

    def __init__(self, signature: TwilioSignature, commits: GroupCommit) -> None:
        self._signature = signature
        self._commits = commits

    async def inbound(self, request: Request) -> Response:
        """A received message. The answer is empty: replies are sent through the queue."""
        began = time.monotonic()
        form = await signed_form(request, self._signature)
        text = twilio_webhooks.received_message(form)
        signed = SignedMessage(text, self._signature.accounts_of(form))
        outcome = await _stored(self._commits, signed, began=began)
        if outcome.status == 403:
            raise Refusal(403, outcome.word)
        body = Response(_EMPTY_TWIML, media_type="text/xml")
        return respond(request, outcome.status, outcome.word, body=body)

    async def status(self, request: Request) -> Response:
        """A delivery receipt."""
        began = time.monotonic()
        form = await signed_form(request, self._signature)
        report = twilio_webhooks.delivery_report(form)
        if report.delivery is Delivery.IN_TRANSIT:
            return respond(request, 204, "on_its_way")
        signed = SignedReport(report, self._signature.accounts_of(form))
        outcome = await _stored(self._commits, signed, began=began)
        return respond(request, outcome.status, outcome.word)


class _Stripe:
    """Stripe's webhook."""

    def __init__(
        self, is_genuine: Callable[[bytes, str | None], bool], commits: GroupCommit
    ) -> None:
        self._is_genuine = is_genuine
        self._commits = commits

    async def event(self, request: Request) -> Response:
        """A Stripe event."""
        began = time.monotonic()
        body = await body_of(request, JSON, largest=LARGEST_EVENT)
        if not self._is_genuine(body, request.headers.get(STRIPE_HEADER)):
            raise Refusal(403, NOT_SIGNED)
        try:
            event = json.loads(body)
        except (ValueError, RecursionError):
            raise Refusal(400, "malformed_event") from None
        outcome = await _stored(self._commits, read_event(event), began=began)
        said = JSONResponse({"outcome": outcome.word}, outcome.status)
        return respond(request, outcome.status, outcome.word, body=said)


class _Health:
    """Whether webhooks can be stored; checked at most once a second."""

    def __init__(self, look: Callable[[], str | None], commits: GroupCommit) -> None:
        self._look = look
        self._commits = commits
        self._asking = asyncio.Lock()
        self._looked = -_HEALTH_SECONDS
        self._problem: str | None = None

    async def answer(self, request: Request) -> Response:
        """200 or 503."""
        async with self._asking:
            if time.monotonic() - self._looked > _HEALTH_SECONDS:
                self._problem = await asyncio.to_thread(self._look)
                self._looked = time.monotonic()
        problem = self._problem if self._commits.is_alive else "nobody_stores"
        word = "ok" if problem is None else problem
        said = JSONResponse({"status": word}, 200 if problem is None else 503)
        return respond(request, said.status_code, word, body=said)
