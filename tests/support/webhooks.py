"""`petmsg serve` as a real process on loopback, and requests signed as Twilio and Stripe sign them.

Twilio's signatures are made by the SDK's own `RequestValidator`, Stripe's by hand from its
documentation: neither by what is tested.
"""

import hashlib
import hmac
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped] # no py.typed

from tests.support.fixtures import ACTOR
from tests.support.swarm import ROOT
from tests.support.twilio_fake import ACCOUNT_SID, AUTH_TOKEN

PUBLIC = "https://texts.example.com"
STRIPE_SECRET = "whsec_of_the_tests_0123456789"
STOP_SECONDS = 30.0
KEYS = {
    "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
    "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
    "PETMSG_PUBLIC_URL": PUBLIC,
    "PETMSG_STRIPE_SECRET": STRIPE_SECRET,
}


@dataclass(frozen=True)
class Answer:
    """What a request was answered."""

    status: int
    body: str
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Server:
    """A running server; `log` grows with what it prints, `errors` with what it says."""

    process: subprocess.Popen[str]
    port: int = 0
    log: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, answer.read().decode(), dict(answer.getheaders()))
        finally:
            connection.close()

    def twilio(self, path: str, form: Mapping[str, str], **how: Any) -> Answer:
        """A request as Twilio makes it; see `signed`."""
        body, headers = signed(path, form, **how)
        return self.ask("POST", path, body, headers)

    def stripe(self, event: object, **how: Any) -> Answer:
        """An event as Stripe sends it; see `stripe_signed`."""
        body, headers = stripe_signed(event, **how)
        return self.ask("POST", "/stripe", body, headers)

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Its exit code after that signal."""
        self.process.send_signal(how)
        return self.process.wait(STOP_SECONDS)


def signed(
    path: str, form: Mapping[str, str], *, token: str = AUTH_TOKEN, at: str = PUBLIC
) -> tuple[bytes, dict[str, str]]:
    """The body and headers of a request that Twilio signed."""
    signature = RequestValidator(token).compute_signature(at + path, dict(form))
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": signature,
    }
    return urlencode(form).encode(), headers


def stripe_header(body: bytes, secret: str = STRIPE_SECRET, *, ago: float = 0.0) -> str:
    """`Stripe-Signature` for that body."""
    at = str(int(time.time() - ago))
    signature = hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signature}"


def stripe_signed(
    event: object, *, compact: bool = False, **how: Any
) -> tuple[bytes, dict[str, str]]:
    """The body and headers of an event that Stripe signed; `compact` leaves out the spaces."""
    body = json.dumps(event, separators=(",", ":") if compact else None).encode()
    return body, {
        "Content-Type": "application/json; charset=utf-8",
        "Stripe-Signature": stripe_header(body, **how),
    }


def sid_of(name: str) -> str:
    """A sid as Twilio makes them, from a short name such as SM1."""
    return name[:2] + name[2:].rjust(32, "0")


def inbound(sid: str, sender: str, to: str, body: str = "Is Rex fine?") -> dict[str, str]:
    """The form of a message that comes in, with parameters that are blank. `sid` may be short."""
    sid = sid_of(sid)
    return {
        "MessageSid": sid,
        "SmsSid": sid,
        "AccountSid": ACCOUNT_SID,
        "From": sender,
        "To": to,
        "Body": body,
        "NumMedia": "0",
        "FromCity": "",
    }


def paid(
    event_id: str,
    booking: str | None,
    *,
    kind: str = "checkout.session.completed",
    name: str = "booking",
    status: str = "paid",
    **metadata: str,
) -> dict[str, Any]:
    """An event that a booking was paid."""
    named = {} if booking is None else {name: booking}
    thing: dict[str, Any] = {"id": "cs_1", "metadata": {**named, **metadata}}
    if kind.startswith("checkout"):
        thing |= {"object": "checkout.session", "mode": "payment", "payment_status": status}
    return {"id": event_id, "object": "event", "type": kind, "data": {"object": thing}}


@contextmanager
def serving(
    url: str, *options: str, module: str = "petmsg", port: int = 0, **environ: str
) -> Iterator[Server]:
    """A running `petmsg serve`, which is killed at the end if it still runs."""
    usual = {name: value for name, value in os.environ.items() if "PETMSG" not in name}
    with subprocess.Popen(
        [sys.executable, "-m", module, "serve", "--port", str(port), *options],
        cwd=ROOT,
        env={**usual, "PETMSG_ACTOR": ACTOR, "PETMSG_DATABASE_URL": url, **KEYS, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        server = Server(process)
        readers = [
            threading.Thread(target=_read, args=(stream, lines), daemon=True)
            for stream, lines in ((process.stdout, server.log), (process.stderr, server.errors))
        ]
        try:
            for reader in readers:
                reader.start()
            server.port = _port_of(server)
            yield server
        finally:
            process.kill()
            for reader in readers:
                reader.join()


def _read(stream: Any, lines: list[str]) -> None:
    lines.extend(line.rstrip("\n") for line in stream)


def _port_of(server: Server) -> int:
    wait_until(
        lambda: (
            server.process.poll() is not None
            or any("istening on" in line for line in server.errors)
        )
    )
    for line in server.errors:
        if "istening on" in line:
            return int(re.findall(r":(\d+)\b", line)[-1])
    raise AssertionError(server.errors)


def wait_until(seen: Callable[[], bool], seconds: float = 30.0) -> None:
    """Raises if it is not seen in good time."""
    deadline = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.005)
