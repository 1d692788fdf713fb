"""Fetches the files of messages as Twilio does: HEAD, then GET, without credentials.

    fetcher = Fetcher()
    with TwilioFake(numbers=["+1…"], on_media=fetcher) as fake:
        …                     # a message with pictures is sent
        fetcher.wait()
        message.fetched       # for each URL what the server answered

A file that was not fetched, or came with a type that is none, lets the message fail as Twilio says.
"""

import http.client
import time
from concurrent.futures import Future, ThreadPoolExecutor
from urllib.parse import urlsplit

from tests.support.twilio_shapes import FakeMessage, FetchedUrl

FETCH_FAILED, WRONG_TYPE, TOO_LARGE = 11200, 12300, 11751
_MOST_BYTES = 5_000_000


class Fetcher:
    """Called with each message that has files, in the fake's thread; fetches in threads of its
    own."""

    def __init__(self, *, seconds: float = 10.0) -> None:
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(4)
        self._running: list[Future[None]] = []

    def __call__(self, message: FakeMessage) -> None:
        self._running.append(self._threads.submit(self._fetch_all, message))

    def wait(self) -> None:
        """Until everything that was asked for is fetched."""
        while self._running:
            self._running.pop(0).result()

    def _fetch_all(self, message: FakeMessage) -> None:
        for url in message.media_urls:
            message.fetched.append(fetch(url, seconds=self._seconds))
        code = problem_of(message.fetched)
        if code is not None:
            message.final_status, message.error_code = "failed", code


def fetch(url: str, *, seconds: float = 10.0) -> FetchedUrl:
    """What the server answers to HEAD and to GET."""
    head_status, head_headers, _ = _ask("HEAD", url, seconds)
    status, headers, content = _ask("GET", url, seconds)
    return FetchedUrl(url, head_status, head_headers, status, headers, content)


def problem_of(fetched: list[FetchedUrl]) -> int | None:
    """Twilio's error code for what was fetched; None if a message can carry it."""
    if any(each.status != 200 for each in fetched):
        return FETCH_FAILED
    if not all("/" in each.headers.get("content-type", "") for each in fetched):
        return WRONG_TYPE
    return TOO_LARGE if sum(len(each.content) for each in fetched) > _MOST_BYTES else None


def _ask(method: str, url: str, seconds: float) -> tuple[int, dict[str, str], bytes]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=seconds)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    deadline = time.monotonic() + seconds
    try:
        connection.request(method, path, headers={"User-Agent": "TwilioProxy/1.1"})
        answer = connection.getresponse()
        content = b""
        while piece := answer.read(65_536):
            content += piece
            if len(content) > 4 * _MOST_BYTES or time.monotonic() > deadline:
                break
        headers = {name.lower(): value for name, value in answer.getheaders()}
    except (OSError, http.client.HTTPException):
        return 0, {}, b""
    finally:
        connection.close()
    return answer.status, headers, content
