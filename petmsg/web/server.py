"""Runs the application on uvicorn, on an open socket, without logs, with a graceful stop."""

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple

import uvicorn

from petmsg.errors import Misconfigured
from petmsg.systemd.supervisor import Supervisor
from petmsg.web.access_log import AccessLog
from petmsg.web.connections import MOST_CONNECTIONS, Limits, limited
from petmsg.web.group_commit import GroupCommit

LARGEST_HEAD = 16 * 1024
"""Maximum size of the request line and all headers, in bytes."""
STOP_SECONDS = 20
"""Seconds for requests in progress when the server stops; longer than any request takes."""


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket. Raises `Misconfigured`."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.create_server(address[:2], family=family, backlog=2048)
    except (OSError, UnicodeError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else "not a host"
        refused = Misconfigured(
            f"petmsg cannot listen on port {port} of {host}: {why}.",
            hint="Choose another --port or --host; another petmsg serve may be running.",
        )
        refused.code = "cannot_listen"
        raise refused from None
    return listener


def serve(
    app: AccessLog,
    listener: socket.socket,
    commits: GroupCommit,
    report: Callable[[str], None],
    supervisor: Supervisor,
) -> int:
    """Answer requests until SIGTERM or Ctrl-C, and finish accepted ones; returns the signal.

    A second Ctrl-C aborts. `report` is called with errors of the server itself. The supervisor is
    told when requests are answered, and a sign of life while the loop turns and the writer lives.
    """
    server = _Server(
        uvicorn.Config(
            app,
            http=limited(Limits()),
            ws="none",
            loop="asyncio",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS + 100,
            timeout_graceful_shutdown=STOP_SECONDS,
            h11_max_incomplete_event_size=LARGEST_HEAD,
        ),
        report,
        _Signs(supervisor, commits),
    )
    with commits:
        server.run(sockets=[listener])
        if server.force_exit:
            raise KeyboardInterrupt
    return server.came[0] if server.came else 0


class _Signs(NamedTuple):
    """Whom to tell that requests are answered, and whose thread stores them."""

    supervisor: Supervisor
    commits: GroupCommit

    def alive(self) -> None:
        if self.commits.is_alive:
            self.supervisor.alive()


class _Server(uvicorn.Server):
    """uvicorn's server, whose signals stop only the server."""

    def __init__(
        self, config: uvicorn.Config, report: Callable[[str], None], signs: _Signs
    ) -> None:
        super().__init__(config)
        self.came: list[int] = []
        self._report = report
        self._signs = signs

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        asyncio.get_running_loop().set_exception_handler(self._on_problem)
        await super().startup(sockets)
        self._signs.supervisor.ready()

    async def on_tick(self, counter: int) -> bool:
        # Ten times a second, in the loop that answers requests.
        self._signs.alive()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._signs.supervisor.stopping()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own handler raises the signal again at the end, which would kill the process.
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {
            each: signal.signal(each, self._on_signal) for each in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self.came.append(number)
        self.should_exit = True
        if self.came.count(signal.SIGINT) > 1:
            self.force_exit = True

    def _on_problem(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        problem = context.get("exception")
        kind = type(problem).__name__ if problem is not None else "unknown"
        self._report(f"The server had an internal error ({kind}).")
