"""The access log: time, route, status and duration of each request.

It contains no client address, query or body, because those hold phones, messages and secrets. A
route whose paths hold a secret is logged by its pattern.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
NOBODYS = "-"
"""Replaces a path that is not a route, because a stranger chose it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A request and its answer. `outcome` is petmsg's outcome code, None if the status says it.
    `request_id` is random; the answer has it in `X-Request-Id`."""

    method: str
    route: str
    status: int
    milliseconds: float
    outcome: str | None
    request_id: str


Watcher = Callable[[Answered], None]


class AccessLog:
    """Wraps the application: reports every request, and turns errors into answers.

    `routes` are logged as they are. `patterns` maps the beginnings of other paths to what is logged
    in place of the path.
    """

    def __init__(
        self,
        app: ASGIApp,
        watcher: Watcher,
        *,
        routes: frozenset[str],
        patterns: Mapping[str, str],
    ) -> None:
        self._app = app
        self._watcher = watcher
        self._routes = routes
        self._patterns = patterns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        began = time.monotonic()
        status = 0
        request_id = secrets.token_hex(8)

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                named = (b"x-request-id", request_id.encode())
                message = {**message, "headers": [*message.get("headers", ()), named]}
            await send(message)

        state = scope.setdefault("state", {})
        try:
            await self._app(scope, receive, watched)
        except Exception as problem:  # noqa: BLE001 because a traceback may hold a message
            state["word"] = f"bug: {type(problem).__name__}"
            if not status:
                await PlainTextResponse("bug\n", 500)(scope, receive, watched)
        self._watcher(
            Answered(
                method=scope["method"] if scope["method"] in _METHODS else NOBODYS,
                route=self._route(scope["path"]),
                status=status,
                milliseconds=(time.monotonic() - began) * 1000,
                outcome=state.get("word"),
                request_id=request_id,
            )
        )

    def _route(self, path: str) -> str:
        if path in self._routes:
            return path
        found = (named for start, named in self._patterns.items() if path.startswith(start))
        return next(found, NOBODYS)
