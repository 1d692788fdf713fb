"""What is told of a request: when, which route, its answer and how long it took. No address of
whoever asked, no query, no body: those hold phones, words and secrets."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
NOBODYS = "-"
"""Stands for a path that is no route of ours: it is a stranger's words."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A request and its answer. `outcome` is a word of petmsg's, None where the status says all."""

    method: str
    route: str
    status: int
    milliseconds: float
    outcome: str | None


Watcher = Callable[[Answered], None]


class AccessLog:
    """Stands before the application: tells of every request, and lets no error out."""

    def __init__(self, app: ASGIApp, watcher: Watcher, *, routes: frozenset[str]) -> None:
        self._app = app
        self._watcher = watcher
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        began = time.monotonic()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        state = scope.setdefault("state", {})
        try:
            await self._app(scope, receive, watched)
        except Exception as problem:  # noqa: BLE001 because a traceback may hold a text
            state["word"] = f"bug: {type(problem).__name__}"
            if not status:
                await PlainTextResponse("bug\n", 500)(scope, receive, watched)
        self._watcher(
            Answered(
                method=scope["method"] if scope["method"] in _METHODS else NOBODYS,
                route=scope["path"] if scope["path"] in self._routes else NOBODYS,
                status=status,
                milliseconds=(time.monotonic() - began) * 1000,
                outcome=state.get("word"),
            )
        )
