"""A small Twilio on loopback: enough of its API for the official SDK, with memory and faults.

Shapes follow Twilio's public documentation of the Message resource, of its error answers and of
its paging. A message is `accepted` when it is created, and each fetch moves it one status on.

    with TwilioFake(account_sid=…, auth_token=…, numbers=["+1…"]) as fake:
        fake.faults.append(reset(accepted=True))  # faults are made in tests.twilio_shapes
        TwilioProvider(…, api_url=fake.url)
"""

import json
import re
import socket
import struct
import threading
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.twilio_shapes import (
    ALWAYS_OWNED,
    MAGIC_FROM,
    MAGIC_TO,
    VERSION,
    WORDS,
    FakeMessage,
    Fault,
    Request,
    error_body,
)

ACCOUNT_SID = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "fake-token-0123456789abcdef01234"


@dataclass
class TwilioFake:
    """One account. Use it as a context manager; `url` goes into `TwilioProvider(api_url=…)`.

    `faults` are used up by the next requests that pass the authentication, one each (None: no
    fault); `choose_fault` is asked when the queue is empty. The next accepted messages stay out of
    the first `late_lists` lists in which they would show.
    """

    account_sid: str = ACCOUNT_SID
    auth_token: str = field(default=AUTH_TOKEN, repr=False)
    numbers: Sequence[str] = ()
    faults: deque[Fault | None] = field(default_factory=deque)
    choose_fault: Callable[[Request], Fault | None] | None = None
    late_lists: int = 0
    requests: list[Request] = field(default_factory=list)
    messages: dict[str, FakeMessage] = field(default_factory=dict)

    def __enter__(self) -> "TwilioFake":
        self.lock = threading.RLock()
        self.closing = threading.Event()
        self.connections: set[socket.socket] = set()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.fake = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        with self.lock:
            for connection in self.connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # gone already
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def take_fault(self, request: Request) -> Fault | None:
        with self.lock:
            if self.faults:
                return self.faults.popleft()
        return self.choose_fault(request) if self.choose_fault else None

    def respond(self, request: Request) -> tuple[int, dict[str, object]]:
        """The usual answer, with what it changes."""
        base = f"/{VERSION}/Accounts/{self.account_sid}"
        with self.lock:
            match request.method, request.path.removeprefix(base):
                case "POST", "/Messages.json":
                    return self._create(request.form)
                case "GET", "/Messages.json":
                    return self._page(request, "messages", self._listed(request.query))
                case "GET", "/IncomingPhoneNumbers.json":
                    wanted = request.query.get("PhoneNumber", "")
                    found = [n for n in self._number_resources() if wanted in n["phone_number"]]
                    return self._page(request, "incoming_phone_numbers", found)
                case "GET", path if found := re.fullmatch(r"/Messages/(\w+)\.json", path):
                    if message := self.messages.get(found[1]):
                        message.step += 1
                        return 200, message.resource(self.account_sid)
        return 404, error_body(20404, 404, WORDS[20404].format(path=request.path))

    def _create(self, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        to, from_, body = (form.get(name, "") for name in ("To", "From", "Body"))
        if code := self._fault_of(to, from_, body):
            status = 429 if code == 21611 else 400
            return status, error_body(code, status, WORDS[code].format(to=to, from_=from_))
        sid = f"SM{len(self.messages) + 1:032x}"
        now = datetime.now(UTC).replace(microsecond=0)
        self.messages[sid] = FakeMessage(sid, from_, to, body, now, self.late_lists)
        return 201, self.messages[sid].resource(self.account_sid)

    def _fault_of(self, to: str, from_: str, body: str) -> int | None:
        owned = from_ in self.numbers or from_ == ALWAYS_OWNED
        checks = [
            (not to, 21604),
            (not from_, 21603),
            (not body, 21602),
            (to in MAGIC_TO, MAGIC_TO.get(to)),
            (not re.fullmatch(r"\+[1-9][0-9]{6,14}", to), 21211),
            (from_ in MAGIC_FROM, MAGIC_FROM.get(from_)),
            (not re.fullmatch(r"\+[1-9][0-9]{6,14}", from_), 21212),
            (not owned, 21606),
            (len(body) > 1600, 21617),
        ]
        return next((code for failed, code in checks if failed), None)

    def _listed(self, query: dict[str, str]) -> list[dict[str, object]]:
        shown = []
        for message in reversed(self.messages.values()):  # the newest first
            if not _fits(message, query):
                continue
            if message.hidden_from_lists:
                message.hidden_from_lists -= 1
                continue
            shown.append(message.resource(self.account_sid))
        return shown

    def _number_resources(self) -> list[dict[str, object]]:
        base = f"/{VERSION}/Accounts/{self.account_sid}/IncomingPhoneNumbers"
        return [
            {
                "sid": (sid := f"PN{at:032x}"),
                "account_sid": self.account_sid,
                "api_version": VERSION,
                "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
                "friendly_name": number,
                "phone_number": number,
                "uri": f"{base}/{sid}.json",
            }
            for at, number in enumerate(self.numbers, start=1)
        ]

    def _page(
        self, request: Request, key: str, items: list[dict[str, object]]
    ) -> tuple[int, dict[str, object]]:
        size = min(int(request.query.get("PageSize", "50")), 1000)
        page = int(request.query.get("Page", "0"))
        after = request.query.get("PageToken", "").removeprefix("PA")
        start = next((at for at, item in enumerate(items, 1) if item["sid"] == after), 0)
        shown = items[start : start + size]

        def uri(page: int, **more: str) -> str:
            query = {**request.query, "PageSize": str(size), "Page": str(page), **more}
            return f"{request.path}?{urlencode(query)}"

        more_left = start + size < len(items)
        return 200, {
            "first_page_uri": uri(0),
            "next_page_uri": uri(page + 1, PageToken=f"PA{shown[-1]['sid']}")
            if more_left
            else None,
            "previous_page_uri": uri(page - 1) if page else None,
            "uri": uri(page),
            "page": page,
            "page_size": size,
            "start": start,
            "end": start + len(shown) - 1,
            key: shown,
        }


def _fits(message: FakeMessage, query: dict[str, str]) -> bool:
    """The filters of a list. An unsent message is filed under the date it was created."""
    at = message.created_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    on, since, until = (query.get(f"DateSent{sign}", "") for sign in ("", ">", "<"))
    return (
        query.get("To", message.to) == message.to
        and query.get("From", message.from_) == message.from_
        and (not on or at[:10] == on[:10])
        and (not since or at[: len(since)] >= since)
        and (not until or at[: len(until)] <= until)
    )


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    fake: TwilioFake

    def process_request(self, request: socket.socket, client_address: object) -> None:
        with self.fake.lock:
            self.fake.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:
        with self.fake.lock:
            self.fake.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer on a kept connection takes 40 ms
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, *_: object) -> None:
        """Tests read `fake.requests` instead."""

    def _serve(self) -> None:
        fake = self.server.fake
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        form = dict(parse_qsl(raw.decode(), keep_blank_values=True))
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        request = Request(self.command, parts.path, query, form, dict(self.headers))
        with fake.lock:
            fake.requests.append(request)
        secret = b64encode(f"{fake.account_sid}:{fake.auth_token}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {secret}":
            self._answer(401, error_body(20003, 401, WORDS[20003]))
            return
        fault = fake.take_fault(request)
        if fault is None:
            self._answer(*fake.respond(request))
            return
        status, body = fake.respond(request) if fault.accepted else (201, {"sid": "SM" + "0" * 32})
        match fault.action:
            case "hang":
                fake.closing.wait()
                self.close_connection = True
            case "reset":
                self._reset()
            case "cut":
                self._answer(status, json.dumps(body).encode()[:-20])
            case _:
                self._answer(fault.status, fault.body, fault.headers)

    def _answer(
        self,
        status: int,
        body: dict[str, object] | bytes,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response_only(status)
        own = dict(headers)
        standard = {"Date": self.date_time_string(), "Content-Type": "application/json"}
        for name, value in {**standard, **own, "Content-Length": str(len(raw))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.wfile.close()
        self.connection.close()
