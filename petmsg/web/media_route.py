"""`GET /media/TOKEN/NAME`: the files of a message, for the provider that sends it.

A request is not signed: its token allows it to fetch. Every other request is answered with the
same 404, whether its link is unknown or has ended, or the name is another.

Webhooks come first. Links are looked up together (`link_look_ups`). Files are read in a few threads
and piece by piece, so that no number of downloads fills the memory.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from petmsg.errors import MediaMissing, PetmsgError
from petmsg.media.base import MediaStore
from petmsg.media.content_types import public_name
from petmsg.media.links import PATH, asked_file
from petmsg.queries.media_link import LinkedFile
from petmsg.web.byte_range import Span, matches, span_of
from petmsg.web.link_look_ups import Find, LinkLookUps, TooManyLookUps
from petmsg.web.read_request import Refusal

ROUTE = PATH + "/{rest:path}"
"""Starlette's pattern for every path below `/media`."""
LOGGED = PATH + "/TOKEN/NAME"
"""The route in the access log. The path is not logged, because a token is a secret."""

MOST_WAITING = 100
"""Maximum number of requests that wait for a piece of a file; more are rejected at once."""
ANSWER_WITHIN = 10.0
"""Seconds until the first byte of the answer."""
SEND_WITHIN = 15.0
"""Seconds for the body. A slower download is cut off, so that it cannot delay the server's end."""
PIECE = 1024 * 1024
"""Maximum number of bytes of a download in memory."""
_READERS = 4
_RETRY = {"Retry-After": "5"}
_ALWAYS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
_NOT_FOUND = "not_found"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class MediaSource:
    """Where links are looked up and files are read. Both are called in threads."""

    find: Find
    store: MediaStore


class MediaRoute:
    """Answers the requests below `/media`."""

    def __init__(self, source: MediaSource) -> None:
        self._look_ups = LinkLookUps(source.find)
        self._files = _Files(source.store)

    async def answer(self, request: Request) -> Response:
        """200, 206, 304, 404, 416 or 503."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                return await self._answer(request)
        except Refusal as refusal:
            return _refuse(request, refusal)
        except TimeoutError:
            return _refuse(request, Refusal(503, "too_slow", _RETRY))
        except TooManyLookUps:
            return _refuse(request, Refusal(503, "too_many_wait", _RETRY))
        except MediaMissing as problem:
            return _refuse(request, Refusal(404, problem.code))
        except PetmsgError as problem:
            return _refuse(request, Refusal(503, problem.code, _RETRY))

    async def _answer(self, request: Request) -> Response:
        asked = asked_file(request.scope["raw_path"].decode("latin-1"))
        if asked is None:
            raise Refusal(404, _NOT_FOUND)
        file = await self._look_ups.put(asked)
        if file is None or asked.name != _name(file, asked.position):
            raise Refusal(404, _NOT_FOUND)
        # Not the hash of the file: it is the same for everybody who gets the picture.
        of_link = sha256(f"{asked.token_hash} {file.sha256}".encode()).hexdigest()
        headers = {
            **_ALWAYS,
            "Accept-Ranges": "bytes",
            "Content-Disposition": f'inline; filename="{asked.name}"',
            "ETag": f'"{of_link[:32]}"',
        }
        if matches(request.headers.get("if-none-match"), headers["ETag"]):
            return Response(status_code=304, headers=headers)
        return await self._file(request, file, headers)

    async def _file(self, request: Request, file: LinkedFile, headers: dict[str, str]) -> Response:
        size = await self._files.size(file)
        status = 200
        headers["Content-Type"] = file.content_type or ""
        if request.method == "HEAD":  # RFC 9110, 14.2: a Range is for GET alone
            headers["Content-Length"] = str(size)
            return Response(headers=headers)
        span = span_of(request.headers, size, etag=headers["ETag"])
        if span is not None:
            if not span.length:
                raise Refusal(416, "range", {"Content-Range": f"bytes */{size}"})
            headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{size}"
            status = 206
        span = span or Span(0, size)
        headers["Content-Length"] = str(span.length)
        first = await self._files.piece(file.sha256, span)
        return _Download(self._files.pieces(file.sha256, span, first), status, headers)


class _Files:
    """The store, read in a few threads."""

    def __init__(self, store: MediaStore) -> None:
        self._store = store
        self._threads = ThreadPoolExecutor(_READERS, "petmsg-media")
        self._waiting = 0

    async def size(self, file: LinkedFile) -> int:
        """The size of a file in bytes. Raises `MediaMissing`, also for a damaged file."""
        size = await self._in_thread(lambda: self._store.size(file.sha256))
        if size is None or size != (file.size or size):
            raise MediaMissing(file.sha256, self._store.place)
        return size

    async def piece(self, name: str, span: Span) -> bytes:
        """The beginning of the span. Raises `MediaMissing`, also where the file is shorter."""
        length = min(PIECE, span.length)
        piece = await self._in_thread(
            lambda: self._store.read(name, start=span.start, length=length)
        )
        if len(piece) != length:
            raise MediaMissing(name, self._store.place)
        return piece

    async def pieces(self, name: str, span: Span, piece: bytes) -> AsyncIterator[bytes]:
        """The pieces of the span, of which the first has been read. Raises as `piece` does."""
        while piece:
            yield piece
            span = Span(span.start + len(piece), span.end)
            piece = await self.piece(name, span) if span.length else b""

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        if self._waiting >= MOST_WAITING:
            raise Refusal(503, "too_many_wait", _RETRY)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


class _Download(StreamingResponse):
    """A file's span. If it cannot be sent whole, the connection is closed before its end."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(SEND_WITHIN):
                await super().__call__(scope, receive, send)
        except TimeoutError:
            scope["state"]["word"] = "too_slow"
        except (PetmsgError, Refusal):
            scope["state"]["word"] = "cut_off"


def _name(file: LinkedFile, position: int) -> str | None:
    return public_name(position, file.content_type) if file.content_type else None


def _refuse(request: Request, refusal: Refusal) -> Response:
    """An answer without a file, with its outcome code for the log. All 404 look alike."""
    request.state.word = refusal.word
    said = _NOT_FOUND if refusal.status == 404 else refusal.word
    return PlainTextResponse(f"{said}\n", refusal.status, {**_ALWAYS, **(refusal.headers or {})})
