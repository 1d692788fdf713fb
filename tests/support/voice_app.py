"""The application of `petmsg serve` in this process, with its queue and its writer, for calls."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from petmsg.providers.stored_accounts import StoredAccounts
from petmsg.providers.twilio_signature import TwilioSignature
from petmsg.web.access_log import AccessLog, Answered
from petmsg.web.app import Webhooks, make_app
from petmsg.web.group_commit import GroupCommit
from petmsg.web.media_route import MediaSource
from petmsg.web.voice_route import VoiceSource
from petmsg.workflows.webhook_outcome import Outcome
from tests.support.twilio_fake import ACCOUNT_SID, AUTH_TOKEN
from tests.support.twiml_grammar import faults, phones_outside
from tests.support.webhooks import PUBLIC, Answer, signed


@dataclass
class Session:
    """The application, while it runs."""

    app: AccessLog

    async def ask(self, request: tuple[str, Mapping[str, str]], **how: Any) -> Answer:
        body, headers = signed(*request, **how)
        return await self.send(request[0], body, headers)

    async def send(self, target: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        path, _, asked = target.partition("?")
        waiting = [{"type": "http.request", "body": body, "more_body": False}]
        got: dict[str, Any] = {"body": b""}

        async def receive() -> Any:
            return waiting.pop()

        async def send(message: Any) -> None:
            got.update({name: value for name, value in message.items() if name != "body"})
            got["body"] += message.get("body", b"")

        scope = {
            "type": "http", "method": "POST", "path": path, "raw_path": path.encode(),
            "root_path": "", "query_string": asked.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip
        began = time.monotonic()
        await self.app(scope, receive, send)
        assert time.monotonic() - began < 2.0
        answered = {name.decode(): value.decode() for name, value in got["headers"]}
        return Answer(got["status"], got["body"].decode(), answered)


def during(
    folder: Path,
    store: Callable[[Sequence[Any]], Sequence[Outcome]],
    voice: VoiceSource,
    steps: Callable[[Session], Awaitable[None]],
    *,
    log: list[Answered] | None = None,
    at_end: Callable[[], object] = lambda: None,
) -> None:
    """Carry out some steps with the application. `store` is called in the writer's thread, and
    `at_end` before the writer ends."""

    async def run() -> None:
        file = folder / "twilio.env"
        file.write_text(f"TWILIO_ACCOUNT_SID={ACCOUNT_SID}\nTWILIO_AUTH_TOKEN={AUTH_TOKEN}\n")
        file.chmod(0o600)
        commits = GroupCommit(store)
        media: Any = MediaSource(find=lambda _: [], store=None)  # type: ignore[arg-type]
        webhooks = Webhooks(
            twilio=TwilioSignature(StoredAccounts({}, file), public_url=PUBLIC),
            stripe=None,
            health=lambda: None,
            media=media,
            voice=voice,
        )
        app = make_app(webhooks, commits, [].append if log is None else log.append)
        with commits:
            await steps(Session(app))
            at_end()

    asyncio.run(run())


def spoken(answer: Answer, *, whisper: bool = False) -> str:
    """The body of an answer that is TwiML."""
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert faults(answer.body, whisper=whisper) == []
    assert phones_outside(answer.body) == []
    return answer.body
