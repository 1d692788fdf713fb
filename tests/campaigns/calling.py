"""Phones ring at full load, requests are cut and repeated, while the server is killed.

    python -m tests.campaigns.calling --rate 500 --seconds 20 --kills 3

A real `petmsg serve` on loopback, requests signed as Twilio signs them, `kill -9` and a start at
the same port. A third of the requests are cut half way, or their answer is not waited for, and come
again. A call that was answered with a ring of its decision must be in the database at a kill; at
the end every call must be there, and once, with its end. `--control` takes a server that answers
before it has committed.
"""

import asyncio
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.campaigns.command_line import run_from_command_line
from tests.support.consistency import problems
from tests.support.fixtures import add_org, lines, looking, run_cli
from tests.support.twilio_fake import ACCOUNT_SID
from tests.support.webhooks import Server, serving, signed

VOICE, ANSWER, ENDED = "/twilio/voice", "/twilio/voice/answer", "/twilio/voice/ended"
CONNECTIONS = 48
DESK, DESK_PHONE = "+14155550100", "+14155550190"
SITTERS = [f"+141555502{i:02}" for i in range(10)]
POOL = [f"+141555503{i:02}" for i in range(5)]
CLIENTS = 200
PATIENCE = 60.0
CUT = 1 / 3
"""This part of the requests is cut off, and comes again."""
_RING = re.compile(r"<Dial\b(?!.*[?;&]desk=1)", re.DOTALL)
"""A ring that a decision chose. One with `desk=1` is the front desk's, rung from memory while the
database does not answer: there may be no row yet."""


@dataclass
class Verdict:
    """What was wrong, and how fast it went.

    `lost` calls were answered with a ring and not there at a kill, `missing` were not there at the
    end, `twice` were there twice or in two entries of the inbox, `open` have no end. `odd` are
    answers that Twilio could not use.
    """

    calls: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    cut: int = 0
    kills: int = 0
    rang: int = 0
    seconds: float = 0.0
    lost: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    twice: set[str] = field(default_factory=set)
    open: set[str] = field(default_factory=set)
    odd: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    @property
    def is_passed(self) -> bool:
        """Whether nothing was wrong."""
        wrong = (self.lost, self.missing, self.twice, self.open, self.odd, self.broken)
        return not any(wrong)

    def __str__(self) -> str:
        times = sorted(self.milliseconds) or [0.0]
        half, most = times[len(times) // 2], times[len(times) * 99 // 100]
        return (
            f"{self.calls} calls, {sum(self.answers.values())} requests in {self.seconds:.1f} s, "
            f"{self.cut} cut, {self.kills} kills; answered: {dict(self.answers)}; {self.rang} "
            f"rang; half within {half:.0f} ms, 99 % within {most:.0f} ms; lost {len(self.lost)}, "
            f"missing {len(self.missing)}, twice {len(self.twice)}, open {len(self.open)}, "
            f"odd {self.odd}, broken {self.broken}"
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request: when it is due, for which call, its path and bytes. Of one that is `cut` only
    this many bytes are sent; with all of them nobody waits for the answer."""

    at: float
    call: str
    path: str
    request: bytes
    cut: int | None = None


def plan(rate: float, seconds: float, seed: int) -> list[Delivery]:
    """So many calls a second, each with its requests, a third of them cut before they come whole.

    The end of one call in eight is told before the call itself.
    """
    chance = random.Random(seed)
    found: list[Delivery] = []
    for number in range(int(rate * seconds)):
        call = f"CA{seed:04x}{number:028x}"
        at = number / rate
        talks = chance.random() < 0.5
        steps = [(VOICE, {"CallStatus": "ringing"})]
        status = "completed" if talks else "no-answer"
        dialled = f"{ENDED}?call={call}&ring=0"
        if chance.random() < 0.5:
            leg = {"CallSid": f"CAf{call[3:]}", "ParentCallSid": call}
            screen = {**leg, "CallStatus": "in-progress", "Digits": "1"}
            steps.append((f"{ANSWER}?call={call}&ring=0", screen))
            steps.append((dialled, {"CallStatus": "in-progress", "DialCallStatus": status}))
        steps.append((ENDED, {"CallStatus": "completed", "CallDuration": "7"}))
        if chance.random() < 1 / 8:
            steps.reverse()
        caller = f"+1617555{chance.randrange(CLIENTS):04}"
        to = chance.choice((*SITTERS, *POOL, DESK))
        for place, (path, form) in enumerate(steps):
            due = at + place * 0.2
            request = _request(path, {**_form(call, caller, to), **form})
            if chance.random() < CUT:
                found.append(Delivery(due, call, path, request, chance.randint(1, len(request))))
                due += 0.05
            found.append(Delivery(due, call, path, request))
    return sorted(found, key=lambda each: each.at)


def _form(call: str, caller: str, to: str) -> dict[str, str]:
    return {
        "AccountSid": ACCOUNT_SID,
        "ApiVersion": "2010-04-01",
        "CallSid": call,
        "Direction": "inbound",
        "From": caller,
        "To": to,
        "FromCity": "",
    }


def _request(path: str, form: Mapping[str, str]) -> bytes:
    body, headers = signed(path, form)
    head = f"POST {path} HTTP/1.1\r\nHost: petmsg\r\nContent-Length: {len(body)}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return head.encode() + b"\r\n" + body


def company(url: str) -> None:
    """An org whose sitters have open visits with half of its clients, and a front desk."""
    add_org(url)
    now = datetime.now(UTC)

    def run(*line: str, stdin: str = "") -> None:
        ran = run_cli(url, *line, stdin=stdin, now=now)
        assert ran.code == 0, (line, ran.err)

    run("number", "add", *SITTERS, "--class", "sitter")
    run("number", "add", *POOL, "--class", "pool")
    run("org", "set", "--desk-phone", DESK_PHONE, "--calls-per-hour", "1000", "--voicemail", "on")
    sitters = [(f"S-{i}", f"Sitter {i}", f"+1617556{i:04}") for i in range(len(SITTERS))]
    run("sitter", "import", "-", stdin=lines(("ref", "name", "phone"), *sitters))
    run("sitter", "activate", *(ref for ref, *_ in sitters))
    clients = [(f"C-{i}", f"Client {i}", f"+1617555{i:04}") for i in range(50, CLIENTS)]
    run("client", "import", "-", stdin=lines(("ref", "name", "phone"), *clients))
    visits = [
        (f"B-{i}", ref, f"S-{i % len(SITTERS)}", "-1h", "+9h")
        for i, (ref, *_) in enumerate(clients[: CLIENTS // 2])
    ]
    head = ("ref", "client", "sitter", "starts_at", "ends_at")
    run("booking", "import", "-", stdin=lines(head, *visits))
    run("booking", "confirm", *(ref for ref, *_ in visits))


class Campaign:
    """Requests over several connections, and what was answered."""

    def __init__(self, url: str, deliveries: list[Delivery], *, module: str) -> None:
        self.url = url
        self.module = module
        self.deliveries = deliveries
        self.rang: set[str] = set()
        self.verdict = Verdict(calls=len({each.call for each in deliveries}))
        self._done: set[tuple[str, str]] = set()
        self._goes = asyncio.Event()
        self._under_way = 0
        self._next = 0

    async def run(self, *, kills: int, seed: int) -> Verdict:
        """Make every request, with so many kills at moments of chance; then what was not
        answered."""
        chance = random.Random(seed)
        last = self.deliveries[-1].at
        moments = sorted(chance.uniform(0.25 * last, 0.85 * last) for _ in range(kills))
        with ExitStack() as servers:
            server = servers.enter_context(serving(self.url, module=self.module))
            began = time.monotonic()
            self._goes.set()
            sending = asyncio.gather(*(self._send(began, server.port) for _ in range(CONNECTIONS)))
            for moment in moments:
                await asyncio.sleep(max(0.0, began + moment - time.monotonic()))
                await self._kill(server)
                server = servers.enter_context(
                    serving(self.url, module=self.module, port=server.port)
                )
                self._goes.set()
            await self._wait_for(sending)
            self.verdict.seconds = time.monotonic() - began
            await self._again(server)
            assert server.stop() == 0, server.errors
        self._judge()
        return self.verdict

    async def _wait_for(self, sending: "asyncio.Future[list[None]]") -> None:
        """Wait as long as requests are answered: a busy machine needs longer than the plan says."""
        before = -1
        while not sending.done():
            assert sum(self.verdict.answers.values()) > before, "nothing is answered"
            before = sum(self.verdict.answers.values())
            await asyncio.wait((sending,), timeout=PATIENCE)
        await sending

    async def _kill(self, server: Server) -> None:
        """Kill it under full load; then the calls that rang are looked for."""
        server.process.kill()
        self._goes.clear()
        server.process.wait()
        self.verdict.kills += 1
        while self._under_way:
            await asyncio.sleep(0.005)
        self.verdict.lost |= self.rang - set(stored(self.url))

    async def _send(self, began: float, port: int) -> None:
        """One connection, kept open as long as the server keeps it."""
        line = _Line(port)
        while self._next < len(self.deliveries):
            delivery = self.deliveries[self._next]
            self._next += 1
            await asyncio.sleep(max(0.0, began + delivery.at - time.monotonic()))
            await self._goes.wait()
            await self._deliver(line, delivery)
        line.close()

    async def _deliver(self, line: "_Line", delivery: Delivery) -> None:
        self._under_way += 1
        asked = time.monotonic()
        try:
            if delivery.cut is not None:
                self.verdict.cut += 1
                await line.cut(delivery.request[: delivery.cut])
                return
            status, body = await asyncio.wait_for(line.ask(delivery.request), PATIENCE)
        except (OSError, EOFError):
            status, body = "gone", ""
            line.close()
        finally:
            self._under_way -= 1
        self.verdict.answers[status] += 1
        if status in ("200", "204"):
            self._done.add((delivery.call, delivery.path))
            self.verdict.milliseconds.append((time.monotonic() - asked) * 1000)
        self._look_at(delivery, status, body)

    def _look_at(self, delivery: Delivery, status: str, body: str) -> None:
        if delivery.path == VOICE and status == "200" and _RING.search(body):
            self.verdict.rang += 1
            self.rang.add(delivery.call)
        is_document = status == "200" and "<Response" in body
        is_told = delivery.path == ENDED and status in ("200", "204", "503")
        if not (is_document or is_told or status == "gone"):
            self.verdict.odd.add(f"{delivery.path.partition('?')[0]}: {status} {body[:80]}")

    async def _again(self, server: Server) -> None:
        """What was never answered is asked again, as often as it takes: Twilio tells the end of
        each call until it is taken."""
        line = _Line(server.port)
        whole = [each for each in self.deliveries if each.cut is None]
        deadline = time.monotonic() + 5 * PATIENCE
        while left := [each for each in whole if (each.call, each.path) not in self._done]:
            assert time.monotonic() < deadline, left[0]
            for delivery in left:
                await self._deliver(line, delivery)
        line.close()

    def _judge(self) -> None:
        there = stored(self.url)
        sent = {each.call for each in self.deliveries}
        self.verdict.missing = sent - set(there)
        entries = Counter(_entries(self.url))
        self.verdict.twice = {
            call
            for call, times in (there + entries).items()
            if call not in sent or there[call] > 1 or entries[call] > 1 or times > 2
        }
        self.verdict.open = set(_without_end(self.url))
        self.verdict.broken = problems(self.url)


class _Line:
    """A connection that is opened anew when it is needed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> tuple[str, str]:
        """The status and body of the answer. Raises `OSError`, `EOFError`."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = head.partition("content-length: ")[2].partition("\r")[0]
        body = await reader.readexactly(int(length or 0))
        if "connection: close" in head:
            self.close()
        return head.split(" ")[1], body.decode()

    async def cut(self, beginning: bytes) -> None:
        """Send the beginning of a request on a connection of its own, and hang up. Raises
        `OSError`."""
        _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(beginning)
        await writer.drain()
        writer.close()

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def stored(url: str) -> Counter[str]:
    """The provider's IDs of the calls, each as often as it stands there."""
    return _counted(url, "SELECT provider_call_id FROM call")


def _entries(url: str) -> Counter[str]:
    """The provider's IDs of the calls in the inbox."""
    sql = "SELECT provider_message_id FROM message WHERE provider_message_id LIKE 'CA%'"
    return _counted(url, sql)


def _without_end(url: str) -> Counter[str]:
    return _counted(url, "SELECT provider_call_id FROM call WHERE ended_at IS NULL")


def _counted(url: str, sql: str) -> Counter[str]:
    with looking(url) as cursor:
        return Counter(row[0] for row in cursor.tuples(sql))


def run_calling(
    url: str, *, rate: float, seconds: float, kills: int, seed: int, control: bool = False
) -> Verdict:
    """A campaign on an empty database."""
    print(f"calling: seed {seed}, {rate} calls a second for {seconds} s, {kills} kills")
    company(url)
    module = "tests.campaigns.hasty" if control else "petmsg"
    campaign = Campaign(url, plan(rate, seconds, seed), module=module)
    return asyncio.run(campaign.run(kills=kills, seed=seed))


if __name__ == "__main__":
    name = "tests.campaigns.calling"
    sys.exit(run_from_command_line(name, "calls", run_calling, seeds=10**4))
