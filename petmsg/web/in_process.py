"""Requests to the application without a connection: the handlers of `petmsg serve`, in this
process."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.types import ASGIApp, Message

FORM = b"application/x-www-form-urlencoded"


class Answered(NamedTuple):
    """The answer to a request."""

    status: int
    content_type: str
    body: str


async def post(
    app: ASGIApp, target: str, form: Mapping[str, str], headers: Mapping[str, str]
) -> Answered:
    """POST a form to a path with its query (both encoded), and return the whole answer."""
    path, _, query = target.partition("?")
    body = urlencode(form).encode()
    given = {name.lower().encode(): value.encode() for name, value in headers.items()}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (b"content-type", FORM),
            (b"content-length", str(len(body)).encode()),
            *given.items(),
        ],
        "client": None,
        "server": None,
    }
    waiting = [body]
    status, content_type, pieces = 0, "", list[bytes]()

    async def receive() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal status, content_type
        if message["type"] == "http.response.start":
            status = message["status"]
            named = dict(message.get("headers", ()))
            content_type = named.get(b"content-type", b"").decode("latin-1")
        elif message["type"] == "http.response.body":
            pieces.append(message.get("body", b""))

    await app(scope, receive, send)
    return Answered(status, content_type, b"".join(pieces).decode())
