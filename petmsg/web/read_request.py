"""Reads requests, with limits on type, size and time."""

import asyncio
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

LARGEST_BODY = 64 * 1024
LARGEST_EVENT = 1024 * 1024
"""Stripe's events contain whole objects; even ignored ones are answered with 200."""
MOST_PARAMETERS = 200
READ_SECONDS = 5.0

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


class Refusal(Exception):
    """Rejects a request with a status and an outcome code."""

    def __init__(self, status: int, word: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(word)
        self.status = status
        self.word = word
        self.headers = headers


async def body_of(request: Request, content_type: str, *, largest: int = LARGEST_BODY) -> bytes:
    """The body of a request of that type. Raises `Refusal`: 415, 413, 408, 400."""
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != content_type or "content-encoding" in request.headers:
        raise Refusal(415, "content_type", {"Accept-Post": content_type})
    length = request.headers.get("content-length", "0")
    if length.isascii() and length.isdigit() and int(length[:12]) > largest:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for piece in request.stream():
                body += piece
                if len(body) > largest:
                    raise _too_large()
    except TimeoutError:
        raise Refusal(408, "too_slow", {"Connection": "close"}) from None
    except ClientDisconnect:
        raise Refusal(400, "gone") from None
    return bytes(body)


def parameters(body: bytes) -> dict[str, list[str]]:
    """The parameters of a form, blank ones too, each with every value. Raises `Refusal`.

    Bytes that are not UTF-8 are replaced, so that the signature check fails.
    """
    try:
        pairs = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS
        )
    except ValueError:
        raise Refusal(400, "too_many_parameters") from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def _too_large() -> Refusal:
    # The rest is not read, so the connection cannot be used again.
    return Refusal(413, "too_large", {"Connection": "close"})
