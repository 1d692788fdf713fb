"""The handlers of `petmsg serve` in this process, asked as Twilio asks them, at any time.

with Handlers(url) as handlers:
    handlers.now = NOW
    asyncio.run(handlers.carry(call, look=print))
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped] # no py.typed

from petmsg.providers.sandbox_call import ORIGIN, SimulatedCall, VoiceRequest
from petmsg.providers.stored_accounts import StoredAccounts
from petmsg.providers.twilio_signature import TwilioSignature
from petmsg.web.access_log import Answered
from petmsg.web.app import Webhooks, make_app
from petmsg.web.group_commit import GroupCommit
from petmsg.web.in_process import Answered as Reply
from petmsg.web.in_process import post
from petmsg.web.media_route import MediaSource
from petmsg.web.voice_route import VoiceSource
from petmsg.workflows.store_webhooks import WebhookStore
from tests.support.twilio_fake import ACCOUNT_SID, AUTH_TOKEN
from tests.workflows.worker.stores import TestStore

KNOWN = {"TWILIO_ACCOUNT_SID": ACCOUNT_SID, "TWILIO_AUTH_TOKEN": AUTH_TOKEN}


@dataclass(frozen=True)
class Asked:
    """A request, and what it was answered with."""

    request: VoiceRequest
    reply: Reply


class Handlers:
    """The application on the database at `url`. `logged` are the lines of the access log, `told`
    the notes for a person."""

    def __init__(self, url: str, *, now: datetime) -> None:
        self.store = _NotingStore(url, now=now)
        self.logged: list[Answered] = []

    @property
    def told(self) -> list[str]:
        return self.store.told

    def set_now(self, now: datetime) -> None:
        """Move the clock."""
        self.store.environment = self.store.environment._replace(now=now)

    def close(self) -> None:
        self.store.close()

    async def carry(
        self,
        call: SimulatedCall,
        *,
        look: Callable[[Asked], None],
        first: list[VoiceRequest] | None = None,
        again: Callable[[list[Asked]], list[VoiceRequest]] = lambda _: [],
    ) -> None:
        """Carry out a call. `look` sees each request with its answer. Requests that come `first`
        are made before those of the call, and after each of these the ones that `again` wants."""
        commits = GroupCommit(WebhookStore(self.store))
        app = make_app(self._webhooks(), commits, self.logged.append)
        asked: list[Asked] = []

        async def ask(request: VoiceRequest) -> Reply:
            reply = await post(app, request.path, request.form, _headers(request))
            asked.append(Asked(request, reply))
            look(asked[-1])
            return reply

        with commits:
            for request in first or ():
                await ask(request)
            requests = call.requests()
            following: VoiceRequest | None = next(requests)
            while following is not None:
                reply = await ask(following)
                try:
                    following = requests.send(reply.body if reply.status == 200 else None)
                except StopIteration:
                    following = None
                for request in again(asked):
                    await ask(request)

    def _webhooks(self) -> Webhooks:
        accounts = StoredAccounts(KNOWN, Path("/nonexistent/twilio.env"))
        return Webhooks(
            twilio=TwilioSignature(accounts, public_url=ORIGIN),
            stripe=None,
            health=lambda: None,
            media=_NO_MEDIA,
            voice=VoiceSource(ORIGIN, lambda _: None, lambda _: False, self.store.clock),
        )


class _NotingStore(TestStore):
    def __init__(self, url: str, *, now: datetime) -> None:
        super().__init__(url, now=now)
        self.told: list[str] = []

    def warn(self, warning: str, **_: bool) -> None:
        self.told.append(warning)


_NO_STORE: Any = None
_NO_MEDIA = MediaSource(find=lambda asked: [None] * len(asked), store=_NO_STORE)
"""No picture is asked for."""


def _headers(request: VoiceRequest) -> dict[str, str]:
    signed = RequestValidator(AUTH_TOKEN).compute_signature(
        ORIGIN + request.path, dict(request.form)
    )
    return {"X-Twilio-Signature": signed}
