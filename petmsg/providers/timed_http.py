"""HTTP requests with a maximum length, whatever the other side does.

A timeout of `requests` limits each wait for bytes only: a server that sends one byte every few
seconds holds a request forever, and each address of a name gets a wait of its own. Looking up
messages with an unknown outcome relies on a maximum length. So connecting, the handshake, writing
and every read of a request share one budget. The system resolves names and has its own limit.
Nothing is written once the budget is used up, or after the deadline of `writing_by`, which is
checked before each write: the process may have been suspended since it connected. The kernel drops
unacknowledged data after the budget too.
"""

import io
import logging
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from math import inf
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

import requests
import urllib3.exceptions as urllib3_errors
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from petmsg.clock import uptime


class _Budget:
    """The remaining time of one request."""

    def __init__(self, total_seconds: float, wait_seconds: float) -> None:
        self._ends = time.monotonic() + total_seconds
        self._wait_seconds = wait_seconds
        self.total_seconds = total_seconds

    def next_wait(self) -> float:
        """Seconds to wait at most now. Raises `TimeoutError` if the budget is used up."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("The time of the request is used up.")
        return min(left, self._wait_seconds)


_addresses = socket.getaddrinfo
# The budget of the request that the thread is making: its connection may be older than it.
_budget: ContextVar[_Budget] = ContextVar("_budget")
_write_by: ContextVar[float] = ContextVar("_write_by", default=inf)
_USER_TIMEOUT = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux's


_AS_IT_IS = {"Accept-Encoding": "identity"}
_PIECE = 64 * 1024
IsAllowed = Callable[[str], bool]
_is_allowed: ContextVar[IsAllowed | None] = ContextVar("_is_allowed", default=None)


class Download(NamedTuple):
    """An answer whose body was read with a limit."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class TooLong(Exception):
    """A body is longer than it may be."""


class TooLateError(ConnectTimeoutError):
    """The deadline for writing a request had passed; nothing of it was written."""


@contextmanager
def writing_by(latest: float) -> Iterator[None]:
    """Requests of this thread write nothing at or after `latest` (by `clock.uptime`)."""
    before = _write_by.set(latest)
    try:
        yield
    finally:
        _write_by.reset(before)


class TimedSession(requests.Session):
    """A `requests` session for one host whose requests end after `longest_seconds`.

    `wait_seconds` limits each wait. `pool_size` connections stay open. Threads may share it: it
    keeps no cookies, follows no redirects and retries nothing.
    """

    def __init__(self, *, wait_seconds: float, longest_seconds: float, pool_size: int) -> None:
        super().__init__()
        self._wait_seconds = wait_seconds
        self._longest_seconds = longest_seconds
        self._pool_size = pool_size
        logging.getLogger("urllib3.connectionpool").addFilter(_has_no_query)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self.mount(scheme, _TimedAdapter(pool_maxsize=pool_size, max_retries=0))

    def another(self) -> "TimedSession":
        """A session with the same limits and connections of its own."""
        return TimedSession(
            wait_seconds=self._wait_seconds,
            longest_seconds=self._longest_seconds,
            pool_size=self._pool_size,
        )

    def ask(
        self,
        method: str,
        url: str,
        *,
        query: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        auth: tuple[str, str] | None,
    ) -> requests.Response:
        """The complete answer. Raises `requests.RequestException`."""
        asked = requests.Request(
            method.upper(), url, params=dict(query or {}), data=form, headers=headers, auth=auth
        )
        prepared = self.prepare_request(asked)
        settings = self.merge_environment_settings(prepared.url or url, {}, None, None, None)
        with _time_for_one_request(self._longest_seconds, self._wait_seconds):
            return self.send(
                prepared, allow_redirects=False, timeout=self._wait_seconds, **settings
            )

    def download(
        self, url: str, *, auth: tuple[str, str] | None, most: int, is_allowed: IsAllowed | None
    ) -> Download:
        """The answer to a GET, of which no more than `most` bytes are read.

        `is_allowed` decides about each address that the name of the host has, unless a proxy of the
        environment connects. Raises `requests.RequestException`; `TooLong` for a longer body.
        """
        asked = requests.Request("GET", url, auth=auth or _no_auth, headers=_AS_IT_IS)
        prepared = self.prepare_request(asked)
        settings = self.merge_environment_settings(prepared.url or url, {}, True, None, None)
        scheme = urlsplit(url).scheme
        has_proxy = scheme in settings["proxies"] or "all" in settings["proxies"]
        before = _is_allowed.set(None if has_proxy else is_allowed)
        try:
            with (
                _time_for_one_request(self._longest_seconds, self._wait_seconds),
                self.send(
                    prepared, allow_redirects=False, timeout=self._wait_seconds, **settings
                ) as answer,
            ):
                return Download(answer.status_code, answer.headers, _read(answer, most))
        except (urllib3_errors.HTTPError, OSError) as problem:
            if isinstance(problem, requests.RequestException):
                raise
            raise requests.ConnectionError(problem) from problem
        finally:
            _is_allowed.reset(before)


def _no_auth(asked: requests.PreparedRequest) -> requests.PreparedRequest:
    """No credentials, also none that the user's .netrc names for the host."""
    return asked


def _read(answer: requests.Response, most: int) -> bytes:
    """The body as it was sent. Raises `TooLong`, and what urllib3 raises."""
    length = answer.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > most:
        raise TooLong
    whole = bytearray()
    while piece := answer.raw.read(_PIECE, decode_content=False):
        whole += piece
        if len(whole) > most:
            raise TooLong
    return bytes(whole)


def _has_no_query(record: logging.LogRecord) -> bool:
    """Filter of urllib3's log: at DEBUG it quotes URLs, which contain phones in a search."""
    return "?" not in record.getMessage()


@contextmanager
def _time_for_one_request(total_seconds: float, wait_seconds: float) -> Iterator[None]:
    before = _budget.set(_Budget(total_seconds, wait_seconds))
    try:
        yield
    finally:
        _budget.reset(before)


class _TimedReader(io.RawIOBase):
    """Reads from a socket and never waits longer than the budget allows."""

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer
        # Its own file keeps the socket alive for a body that is read after the connection closed.
        self._file = cast(io.RawIOBase, peer.makefile("rb", buffering=0))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        self._peer.settimeout(_budget.get().next_wait())
        return self._file.readinto(buffer)

    def close(self) -> None:
        self._file.close()
        super().close()


class _TimedFiles:
    """Replaces a socket where `http.client` asks it for a file to read an answer from."""

    def __init__(self, peer: socket.socket) -> None:
        self._peer = peer

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_TimedReader(self._peer))


class _TimedResponse(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(cast(socket.socket, _TimedFiles(sock)), *args, **kwargs)


class _TimedConnection(HTTPConnection):
    """Limits connecting and writing by the budget; the reader limits reading."""

    response_class = _TimedResponse
    _has_written = False

    def _new_conn(self) -> socket.socket:
        """Connect to the first address that answers; all addresses share one wait."""
        try:
            ends = time.monotonic() + _budget.get().next_wait()
            found = _addresses(self._dns_host, self.port, type=socket.SOCK_STREAM)
            is_allowed = _is_allowed.get()
            if is_allowed is not None:
                found = [each for each in found if is_allowed(str(each[4][0]))]
            return _first_that_answers([address for *_, address in found], ends, self)
        except (socket.gaierror, UnicodeError) as problem:
            raise NameResolutionError(self.host, self, cast(socket.gaierror, problem)) from problem
        except TimeoutError as problem:
            raise ConnectTimeoutError(self, f"Connecting to {self.host} timed out.") from problem
        except OSError as problem:
            raise NewConnectionError(self, f"No connection to {self.host}.") from problem

    def request(self, *args: Any, **kwargs: Any) -> None:
        try:
            self.timeout = _budget.get().next_wait()
        except TimeoutError as problem:
            raise ConnectTimeoutError(self, "No time was left to write.") from problem
        self._has_written = False
        super().request(*args, **kwargs)

    def send(self, data: Any) -> None:
        if self.sock is None and self.auto_open:
            self.connect()
        if uptime() >= _write_by.get():
            self.close()
            if self._has_written:
                raise TimeoutError("The request was aborted half written.")
            raise TooLateError(self, "The deadline for writing had passed.")
        self._has_written = True
        super().send(data)


class _TimedSecureConnection(_TimedConnection, HTTPSConnection):
    """The same over TLS."""


def _first_that_answers(
    addresses: list[Any], ends: float, connection: HTTPConnection
) -> socket.socket:
    """A connected socket; each address gets its share of the time until `ends`."""
    problem = OSError("The name has no address.")
    for tried, address in enumerate(addresses):
        share = (ends - time.monotonic()) / (len(addresses) - tried)
        if share <= 0:
            raise TimeoutError
        try:
            peer = socket.create_connection(address[:2], share, connection.source_address)
        except OSError as refused:
            problem = refused
            continue
        for option in connection.socket_options or ():
            peer.setsockopt(*option)
        if _USER_TIMEOUT is not None:
            longest = round(_budget.get().total_seconds * 1000)
            peer.setsockopt(socket.IPPROTO_TCP, _USER_TIMEOUT, longest)
        peer.settimeout(_budget.get().next_wait())
        return peer
    raise problem


class _TimedPool(HTTPConnectionPool):
    ConnectionCls = _TimedConnection


class _TimedSecurePool(HTTPSConnectionPool):
    ConnectionCls = _TimedSecureConnection


_POOLS = {"http": _TimedPool, "https": _TimedSecurePool}


class _TimedAdapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not str(proxy).lower().startswith("socks"):  # a SOCKS proxy connects in its own way
            manager.pool_classes_by_scheme = _POOLS
        return manager
