"""The media resource of the fake Twilio, and the storage host to which it redirects.

After Twilio's public page "Media resource": a list below the message, each item a redirect to a
host of its own, which needs no credentials.
"""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_LIST = re.compile(r"/Messages/(\w+)/Media\.json")
_ITEM = re.compile(r"/Messages/(\w+)/Media/(\w+)\.json")
_BYTES = re.compile(r".*/Messages/(\w+)/Media/(\w+)")


@dataclass
class FakeMedia:
    """The files of the account's messages: `by_message` has their IDs and types.

    `storage` is the URL to which the bytes of each redirect, followed by its ID; `redirects` names
    another target for one of them.
    """

    storage: str = "http://127.0.0.1:9"
    by_message: dict[str, dict[str, str]] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)

    def add(self, message_sid: str, *content_types: str) -> list[str]:
        """Give a message files of these types; return their IDs."""
        start = sum(map(len, self.by_message.values()))
        sids = [f"ME{start + at:032x}" for at in range(1, len(content_types) + 1)]
        self.by_message[message_sid] = dict(zip(sids, content_types, strict=True))
        return sids

    def respond(self, method: str, path: str) -> tuple[int, Any] | None:
        """The list of a message, or the deletion of one of its files; None for a 404."""
        if (found := _LIST.fullmatch(path)) and method == "GET":
            files = self.by_message.get(found[1])
            if files is None:
                return None
            return 200, [
                {"sid": sid, "parent_sid": found[1], "content_type": kind, "account_sid": "AC"}
                for sid, kind in files.items()
            ]
        if (found := _ITEM.fullmatch(path)) and method == "DELETE":
            if self.by_message.get(found[1], {}).pop(found[2], None) is None:
                return None
            return 204, {}
        return None

    def location(self, path: str) -> str | None:
        """Where the bytes of a file are; None if the path names none."""
        found = _BYTES.fullmatch(path)
        if found is None or found[2] not in self.by_message.get(found[1], {}):
            return None
        return self.redirects.get(found[2], f"{self.storage}/{found[2]}")


@dataclass
class Storage:
    """A running storage host. `files` are bytes by name; `how` says how one fails instead.

    `how` is a status, or `endless`, `drip`, `lying`, `encoded`, or `to URL` for a redirect.
    `requests` are the names that were asked for, with the header `Authorization`.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    how: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, str | None]] = field(default_factory=list)


@contextmanager
def storage_host() -> Iterator[Storage]:
    """A storage host on a port of its own."""
    storage = Storage()
    handler = type("Handler", (_Handler,), {"storage": storage})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    storage.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield storage
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    storage: Storage

    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        self.storage.requests.append((name, self.headers.get("Authorization")))
        content, how = self.storage.files.get(name), self.storage.how.get(name, "")
        if how.startswith("to "):
            self._head(302, 0, Location=how.removeprefix("to "))
        elif how.isdecimal() or content is None:
            self._head(int(how or 404), 0)
        else:
            self._send(name, content, how)

    def _send(self, name: str, content: bytes, how: str) -> None:
        kind = self.storage.types.get(name, "application/octet-stream")
        extra = {"Content-Encoding": "gzip"} if how == "encoded" else {}
        length = {"endless": None, "lying": len(content) + 9}.get(how, len(content))
        self._head(200, length, Content_Type=kind, **extra)
        try:
            while how == "endless":
                self.wfile.write(b"x" * 65536)
            for at in range(len(content) if how == "drip" else 0):
                self.wfile.write(content[at : at + 1])
                time.sleep(0.2)
            if how != "drip":
                self.wfile.write(content)
        except OSError:
            pass  # who asked has heard enough

    def _head(self, status: int, length: int | None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.send_header("Connection", "close")
        self.close_connection = True
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""
