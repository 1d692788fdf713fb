"""`python -m benchmarks.bare_webhook URL`: the least that a webhook can be, for comparison.

Starlette on uvicorn's h11, as `petmsg serve` is. It reads the form, has Twilio's SDK check the
signature, adds one row with sqlite3 or psycopg and commits it to the disk; it looks nothing up and
decides nothing. The first line that it prints is its port.
"""

import socket
import sqlite3
import sys
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped] # no py.typed

from petmsg.db.location import locate
from tests.support.twilio_fake import AUTH_TOKEN
from tests.support.webhooks import PUBLIC

PATH = "/twilio/inbound"
_TABLE = "CREATE TABLE bare (sid TEXT PRIMARY KEY, sender TEXT, number TEXT, body TEXT)"
_INSERT = "INSERT INTO bare VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_ANSWER = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


def make_app(url: str) -> Starlette:
    """The application, whose one table is in that database."""
    database, insert = _open(url)
    database.execute(_TABLE)
    database.commit()
    validator = RequestValidator(AUTH_TOKEN)

    async def receive(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        signature = request.headers.get("X-Twilio-Signature", "")
        if not validator.validate(PUBLIC + PATH, form, signature):
            return Response(status_code=403)
        database.execute(insert, (form["MessageSid"], form["From"], form["To"], form["Body"]))
        database.commit()
        return Response(_ANSWER, media_type="text/xml")

    return Starlette(routes=[Route(PATH, receive, methods=["POST"])])


def _open(url: str) -> tuple[Any, str]:
    location = locate(url)
    if location.is_sqlite:
        database = sqlite3.connect(str(location.path))
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        return database, _INSERT
    import psycopg

    return psycopg.connect(location.dsn or ""), _INSERT.replace("?", "%s")


def main() -> None:
    """Answer until the process is ended."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(
        make_app(sys.argv[1]),
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="critical",
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
