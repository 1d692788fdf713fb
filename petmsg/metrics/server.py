"""`GET /metrics` on a port of its own, apart from the public one: no route of a proxy leads here by
accident, and a slow collector delays no webhook."""

import socket
import threading
from collections.abc import Iterable
from socketserver import ThreadingMixIn
from types import TracebackType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIEnvironment

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from petmsg.errors import Misconfigured
from petmsg.metrics.registry import exposition

PATH = "/metrics"
_READ_SECONDS = 5.0


class MetricsServer:
    """A context manager: from its start to its end a thread answers requests on that port.

    Raises `Misconfigured` if it cannot listen there; port 0 takes a free one.
    """

    def __init__(self, registry: CollectorRegistry, *, host: str, port: int) -> None:
        try:
            family, _, _, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            server = type("Server", (_Server,), {"address_family": family})
            self._server: WSGIServer = server(address[:2], _Handler)
        except (OSError, UnicodeError) as problem:
            why = problem.strerror if isinstance(problem, OSError) else "not a host"
            refused = Misconfigured(
                f"petmsg cannot listen for metrics on port {port} of {host}: {why}.",
                hint="Choose another --metrics-port or --metrics-host.",
            )
            refused.code = "cannot_listen"
            raise refused from None
        self._server.set_app(_application(registry))
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="petmsg-metrics", daemon=True
        )

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_port)

    def __enter__(self) -> "MetricsServer":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def server_bind(self) -> None:
        # WSGIServer would ask a name server for this machine's name.
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "petmsg", self.server_address[1]
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Write nothing: a collector that left is no error."""


class _Handler(WSGIRequestHandler):
    timeout = _READ_SECONDS

    def address_string(self) -> str:
        return "-"

    def log_message(self, *_: Any) -> None:
        """Write nothing."""


def _application(registry: CollectorRegistry) -> Any:
    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        status, body = "404 Not Found", b"not_found\n"
        content_type = "text/plain; charset=utf-8"
        if environ["PATH_INFO"] == PATH and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            status, body, content_type = "200 OK", exposition(registry), CONTENT_TYPE_LATEST
        headers = [("Content-Type", content_type), ("Content-Length", str(len(body)))]
        start_response(status, headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    return answer
