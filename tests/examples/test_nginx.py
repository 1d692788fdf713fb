"""The proxy that is shipped lets every address of petmsg serve through, and nothing else.

Where the program nginx is installed, it runs with the shipped file, before a server that is there
and before none.
"""

import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from petmsg.providers import public_url
from petmsg.web.app import HEALTH, STRIPE
from tests import ROOT
from tests.support.postgres import free_port
from tests.support.twiml_grammar import faults

CONFIGURATION = (ROOT / "examples/web/nginx.conf").read_text("utf-8")
SIGNED = (public_url.INBOUND, public_url.STATUS, *public_url.CALLS, STRIPE)
NGINX = shutil.which("nginx")
HEARD = ("/twilio/voice", "/twilio/voice/answer?call=CA1&ring=0", "/twilio/voice/ended?call=CA1")


def passed_on(path: str) -> str | None:
    """The block of the location that a path is passed on by."""
    blocks = re.findall(r"(?ms)^    location (?:~ )?(\S+) \{\n(.*?)^    \}", CONFIGURATION)
    for pattern, block in blocks:
        if re.search(pattern, path) and "proxy_pass" in block:
            return str(block)
    return None


@pytest.mark.parametrize("path", SIGNED)
def test_what_is_signed_is_passed_on_as_it_came(path: str) -> None:
    block = passed_on(path)
    assert block is not None
    # Without a path of its own nginx changes neither path nor query: Twilio signs both.
    assert "proxy_pass http://127.0.0.1:8025;" in block
    assert "proxy_next_upstream off;" in block
    assert "rewrite" not in CONFIGURATION


@pytest.mark.parametrize(
    "path",
    [HEALTH, "/", "/twilio", "/twilio/voice/", "/twilio/voice/x", "/twilio/voicex", "/metrics"],
)
def test_nothing_else_is_passed_on(path: str) -> None:
    assert passed_on(path) is None


class Seen(BaseHTTPRequestHandler):
    """A petmsg serve that answers with the address that it was asked for."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def nginx(folder: Path, behind: int) -> Iterator[int]:
    """nginx with the shipped file, before the server at that port; gives its own port."""
    assert NGINX is not None
    port = free_port()
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=texts.example.com", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    here = (
        CONFIGURATION.replace("443 ssl", f"127.0.0.1:{port} ssl")
        .replace("/etc/letsencrypt/live/texts.example.com/fullchain.pem", str(certificate))
        .replace("/etc/letsencrypt/live/texts.example.com/privkey.pem", str(key))
        .replace("/var/log/nginx/petmsg.log", str(folder / "access.log"))
        .replace("127.0.0.1:8025", f"127.0.0.1:{behind}")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n"
        "events {}\nhttp {\n"
        + "".join(
            f"{name}_temp_path {folder}/{name};\n"
            for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        + here
        + "}\n"
    )
    with subprocess.Popen([NGINX, "-p", folder, "-c", folder / "nginx.conf"]) as process:
        try:
            _wait_for(port, process)
            yield port
        finally:
            process.terminate()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(process.poll())


def ask(port: int, target: str) -> tuple[int, str, str]:
    """Status, content type and body."""
    trusting = ssl._create_unverified_context()  # noqa: S323 because it is this machine
    with closing(HTTPSConnection("127.0.0.1", port, context=trusting, timeout=10)) as connection:
        connection.request("POST", target, b"CallSid=CA1", {"Host": "texts.example.com"})
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Content-Type", ""), answer.read().decode()


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_nginx_passes_calls_on_letter_for_letter(tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), Seen) as server, nginx(tmp_path, server.server_port) as port:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for target in (*SIGNED, *HEARD, "/twilio/voice/answer?call=CA%31&ring=0"):
            assert ask(port, target) == (200, "", target)
        assert ask(port, "/healthz")[0] == 404
        server.shutdown()
    assert "CA1" not in (tmp_path / "access.log").read_text("utf-8")


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_a_caller_hears_words_while_petmsg_serve_is_down(tmp_path: Path) -> None:
    with nginx(tmp_path, free_port()) as port:
        for target in HEARD:
            status, kind, body = ask(port, target)
            assert (status, kind) == (200, "text/xml")
            assert faults(body) == []
        # Twilio may repeat these: nobody hears the answer.
        assert ask(port, "/twilio/voice/ended")[0] == 503
        assert ask(port, "/twilio/inbound")[0] == 502
