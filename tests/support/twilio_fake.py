"""A small Twilio on loopback: enough of its API for the official SDK, with memory and faults.

Shapes follow Twilio's public documentation (tests.support.twilio_shapes). A message is `accepted`
when it is created, and each fetch moves it one status on. A request that was read whole is
processed, even if whoever sent it is gone by then: so it is with the real one.

    with TwilioFake(numbers=["+1…"]) as fake:
        fake.faults.append(reset(accepted=True))  # faults are made in tests.support.twilio_shapes
        TwilioProvider(…, api_url=fake.url)

One event loop in one thread serves everybody: some 70 connections at 500 requests a second take
a seventh of a core. tests.support.twilio_process runs it as a process of its own.
"""

import asyncio
import json
import socket
import struct
import threading
import time
from base64 import b64encode
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import formatdate
from typing import cast
from urllib.parse import parse_qsl, urlsplit

from tests.support.twilio_account import FakeAccount
from tests.support.twilio_shapes import WORDS, Fault, Request, error_body

ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "fake-token-0123456789abcdef01234"

Answer = tuple[int, dict[str, object]]


@dataclass
class TwilioFake(FakeAccount):
    """One account. Use it as a context manager; `url` goes into `TwilioProvider(api_url=…)`.

    `faults` are used up by the next requests that pass the authentication, one each (None: no
    fault); `choose_fault` is asked when the queue is empty, in a thread of its own unless
    `choose_quickly`. Every answer takes `latency_seconds`. `admin` answers requests to `/fake/…`.
    `more_logins` are users and passwords that are accepted besides the SID and its token. `others`
    are accounts beside this one, with the tokens of each.
    """

    account_sid: str = ACCOUNT_SID
    auth_token: str = field(default=AUTH_TOKEN, repr=False)
    more_logins: set[tuple[str, str]] = field(default_factory=set, repr=False)
    others: list[tuple[FakeAccount, str]] = field(default_factory=list, repr=False)
    faults: deque[Fault | None] = field(default_factory=deque)
    choose_fault: Callable[[Request], Fault | None] | None = None
    choose_quickly: bool = False
    latency_seconds: float = 0.0
    admin: Callable[[Request, bytes], object] | None = None
    keep_requests: bool = True
    requests: list[Request] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    peak_connections: int = 0
    peak_requests: int = 0
    port: int = 0

    def __enter__(self) -> "TwilioFake":
        self.connections: set[_Connection] = set()
        self.in_flight = 0
        self._late: dict[asyncio.TimerHandle, Callable[[], object]] = {}
        self._hooks = ThreadPoolExecutor(64)
        self._loop = asyncio.new_event_loop()
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=512)
        self.port = self._listener.getsockname()[1]
        self._server = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Connection(self), sock=self._listener)
        )
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.call(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._hooks.shutdown()
        self._loop.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def call(self, function: Callable[[], object]) -> object:
        """The result of a function that runs in the fake's own thread, between two requests."""
        done: list[object] = []
        ready = threading.Event()

        def run() -> None:
            try:
                done.append(function())
            finally:
                ready.set()

        self._loop.call_soon_threadsafe(run)
        ready.wait()
        return done[0]

    def stats(self) -> dict[str, object]:
        """What it has seen, and what it cost this process."""
        return {
            "requests": sum(self.counted.values()),
            "by_kind": dict(self.counted),
            "accepted": len(self.messages),
            "late": len(self._late),
            "connections": len(self.connections),
            "peak_connections": self.peak_connections,
            "in_flight": self.in_flight,
            "peak_requests": self.peak_requests,
            "cpu_seconds": time.process_time(),
        }

    def accept_what_is_late(self) -> None:
        """Take at once what was to be taken later. In the fake's own thread."""
        for timer, take in [*self._late.items()]:
            timer.cancel()
            take()
        self._late.clear()

    def _close(self) -> None:
        self._server.close()
        self.accept_what_is_late()
        for connection in [*self.connections]:
            connection.transport.abort()

    # --- one request, in the loop's thread ---------------------------------------------------

    def serve(self, connection: "_Connection", request: Request, raw: bytes) -> None:
        arrived = time.monotonic()
        if self.admin and request.path.startswith("/fake/"):
            connection.answer(200, json.dumps(self.admin(request, raw)).encode())
            return
        self.counted[f"{request.method} {request.path.rpartition('/')[2]}"] += 1
        self.in_flight += 1
        self.peak_requests = max(self.peak_requests, self.in_flight)
        if self.keep_requests:
            self.requests.append(request)

        def decided(fault: Fault | None) -> None:
            def act() -> None:
                self.in_flight -= 1
                self._act(connection, request, arrived, fault)

            if self.latency_seconds:
                self._loop.call_later(self.latency_seconds, act)
            else:
                act()

        if not self._is_known(request):
            unknown = json.dumps(error_body(20003, 401, WORDS[20003])).encode()
            decided(Fault("answer", status=401, body=unknown))
        elif self.faults:
            decided(self.faults.popleft())
        elif self.choose_fault is None:
            decided(None)
        elif self.choose_quickly:
            decided(self.choose_fault(request))
        else:
            self._loop.create_task(self._ask_then(decided, request))

    def _is_known(self, request: Request) -> bool:
        """Whether the request has a login of the account that it is about."""
        logins = {(self.account_sid, self.auth_token), *self.more_logins}
        account = self._account_of(request)
        if account is not self:
            logins = {(each.account_sid, token) for each, token in self.others if each is account}
        return request.headers.get("authorization") in {
            f"Basic {b64encode(':'.join(login).encode()).decode()}" for login in logins
        }

    def _account_of(self, request: Request) -> FakeAccount:
        """The account in the path, or, in a path of none, the one whose token was given."""
        for account, token in self.others:
            login = b64encode(f"{account.account_sid}:{token}".encode()).decode()
            is_nobody = "/Accounts/" not in request.path
            if f"/Accounts/{account.account_sid}/" in request.path or (
                is_nobody and request.headers.get("authorization") == f"Basic {login}"
            ):
                return account
        return self

    async def _ask_then(self, decided: Callable[[Fault | None], None], request: Request) -> None:
        assert self.choose_fault is not None
        decided(await self._loop.run_in_executor(self._hooks, self.choose_fault, request))

    def _act(
        self, connection: "_Connection", request: Request, arrived: float, fault: Fault | None
    ) -> None:
        def respond() -> Answer:
            return self._account_of(request).respond(request, arrived)

        if fault is None:
            if location := self._account_of(request).media.location(request.path):
                connection.answer(307, b"", (("Location", location),))
                return
            if found := self._account_of(request).calls.content(request.method, request.path):
                connection.answer(found[0], found[1], tuple(found[2].items()))
                return
            status, body = respond()
            connection.answer(status, json.dumps(body).encode())
            return
        status, body = 201, {"sid": "SM" + "0" * 32}
        if fault.accepted and fault.late_seconds:
            self._respond_late(fault.late_seconds, respond)
        elif fault.accepted:
            status, body = respond()
        match fault.action:
            case "hang":
                connection.hang()
            case "reset":
                connection.reset()
            case "cut":
                connection.answer(status, json.dumps(body).encode()[:-20])
            case "trickle" | "trickle_body":
                at_once = fault.action == "trickle_body"
                connection.trickle(status, json.dumps(body).encode(), head_at_once=at_once)
            case _:
                connection.answer(fault.status, fault.body, fault.headers)

    def _respond_late(self, seconds: float, respond: Callable[[], object]) -> None:
        def take() -> None:
            self._late.pop(timer, None)
            respond()

        timer = self._loop.call_later(seconds, take)
        self._late[timer] = respond


class _Connection(asyncio.Protocol):
    """One connection that is kept open. It reads a request at a time."""

    transport: asyncio.Transport

    def __init__(self, fake: TwilioFake) -> None:
        self._fake = fake
        self._unread = bytearray()
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        fake = self._fake
        fake.connections.add(self)
        fake.peak_connections = max(fake.peak_connections, len(fake.connections))

    def connection_lost(self, _exc: Exception | None) -> None:
        self._fake.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self._unread += data
        if not self._busy:
            self._read()

    def _read(self) -> None:
        """Serve the next request if all of it is there."""
        head, _, rest = self._unread.partition(b"\r\n\r\n")
        if not _:
            return
        first, *named = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        headers = {}
        for line in named:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length") or 0)
        if len(rest) < length:
            return
        raw = bytes(rest[:length])
        self._unread = rest[length:]
        self._busy = True
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        # What is no form, of the admin or of a stranger, is left to whoever reads `raw`.
        posted = "form" in headers.get("content-type", "")
        pairs = parse_qsl(raw.decode(), keep_blank_values=True) if posted else []
        media_urls = tuple(value for name, value in pairs if name == "MediaUrl")
        request = Request(method, parts.path, query, dict(pairs), headers, media_urls)
        self._fake.serve(self, request, raw)

    def answer(self, status: int, body: bytes, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Answer, if anybody still listens, and read on."""
        if not self.transport.is_closing():
            self.transport.write(_answer_bytes(status, body, headers, self._fake.clock()))
        self._busy = False
        if self._unread:
            self._read()

    def trickle(self, status: int, body: bytes, *, head_at_once: bool) -> None:
        """Answer ten bytes a second."""
        whole = _answer_bytes(status, body, (), self._fake.clock())
        at = whole.index(b"\r\n\r\n") + 4 if head_at_once else 1
        self.transport.write(whole[:at])
        self._trickle(whole, at)

    def _trickle(self, whole: bytes, at: int) -> None:
        if at < len(whole) and not self.transport.is_closing():
            self.transport.write(whole[at : at + 1])
            asyncio.get_running_loop().call_later(0.1, self._trickle, whole, at + 1)

    def hang(self) -> None:
        """Never answer; what follows on this connection is not read."""
        self._busy = True

    def reset(self) -> None:
        """Break off without a goodbye. A client that was killed is gone already."""
        if self.transport.is_closing():
            return
        peer = self.transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


def _answer_bytes(
    status: int, body: bytes, headers: tuple[tuple[str, str], ...], at: datetime
) -> bytes:
    date = formatdate(at.timestamp(), usegmt=True)
    standard = {"Date": date, "Content-Type": "application/json"}
    named = {**standard, **dict(headers), "Content-Length": str(len(body))}
    lines = [f"HTTP/1.1 {status} -", *(f"{name}: {value}" for name, value in named.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
