"""A server on the loopback that channels write to, and alerts to tell them of."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.services.alert import raise_alert
from tests.support.fixtures import NOW, working

SECRET = "tok-SENTINEL-4711"


class ChannelServer:
    """Takes what apprise's `json://` and `ntfy://` channels write, and keeps it in `notes`.

    It answers with `status`, and repeats the whole address and what it was told. While `hangs` is
    set it answers no request; `asked` counts those that came.
    """

    def __init__(self) -> None:
        self.status = 200
        self.notes: list[dict[str, Any]] = []
        self.asked = 0
        self.free = threading.Event()
        self.free.set()
        self.hanging_paths: set[str] = set()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        self.port = self._http.server_port

    def url(self, path: str = SECRET, options: str = "?rto=60") -> str:
        """The URL of a channel. Apprise itself would wait 4 seconds for an answer."""
        return f"json://petmsg:{SECRET}-password@127.0.0.1:{self.port}/{path}{options}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                note = json.loads(self.rfile.read(length))
                server.asked += 1
                if self.path.strip("/") in server.hanging_paths:
                    server.free.wait(60)
                if server.status == 200:
                    server.notes.append(note)
                try:
                    self.send_response(server.status)
                    self.end_headers()
                    self.wfile.write(f"{server.url()} {self.headers} {note}".encode())
                except OSError:
                    pass  # petmsg did not wait

            def log_message(self, *_: object) -> None:
                pass

        return Handler

    def serve(self) -> None:
        """Answer until `close`."""
        self._http.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        """Answer nobody any more."""
        self.free.set()
        self._http.shutdown()
        self._http.server_close()


@contextmanager
def channel_server() -> Iterator[ChannelServer]:
    """A running server."""
    server = ChannelServer()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join()


def add_alerts(
    url: str,
    count: int = 1,
    *,
    kind: AlertKind = AlertKind.MESSAGE_HELD,
    severity: AlertSeverity = AlertSeverity.WARNING,
    org: str | None = None,
    first: int = 1,
) -> None:
    """Raise alerts about the messages `first` and so on, of one kind."""
    with working(url, now=NOW, org=org) as uow:
        for number in range(first, first + count):
            raise_alert(
                uow,
                kind,
                severity=severity,
                entity="message",
                ref=str(number),
                message=f"Message {number} needs a person.",
                command=f"petmsg message show {number}",
            )
