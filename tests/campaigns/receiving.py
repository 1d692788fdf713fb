"""Messages come in at full load, each delivered one to six times, while the server is killed.

    python -m tests.campaigns.receiving --rate 500 --seconds 20 --kills 3

A real `petmsg serve` on loopback, requests signed as Twilio signs them, `kill -9` and a start at
the same port. At each kill what was answered 200 must be in the database; at the end every message
must be there, and once. `--control` takes a server that answers before it has committed.
"""

import asyncio
import random
import sys
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.campaigns.command_line import run_from_command_line
from tests.support.consistency import problems
from tests.support.fixtures import add_org, lines, looking, run_cli
from tests.support.webhooks import Server, inbound, serving, signed

INBOUND = "/twilio/inbound"
CONNECTIONS = 48
POOL = [f"+141555502{i:02}" for i in range(10)]
CLIENTS = 200
SECONDS_APART = 2.0
"""Deliveries of a message are spread over so long."""
PATIENCE = 60.0


@dataclass
class Verdict:
    """What was wrong, and how fast it went. `lost` were answered 200 and not there at a kill."""

    texts: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    seconds: float = 0.0
    lost: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)
    twice: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    @property
    def is_passed(self) -> bool:
        """Whether nothing was wrong."""
        return not (self.lost or self.missing or self.twice or self.broken)

    def __str__(self) -> str:
        times = sorted(self.milliseconds) or [0.0]
        half, most = times[len(times) // 2], times[len(times) * 99 // 100]
        return (
            f"{self.texts} texts, {sum(self.answers.values())} deliveries in {self.seconds:.1f} s, "
            f"{self.kills} kills; answered: {dict(self.answers)}; half within {half:.0f} ms, 99 % "
            f"within {most:.0f} ms; lost {len(self.lost)}, missing {len(self.missing)}, twice "
            f"{len(self.twice)}, broken {self.broken}"
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request: when it is due, for which message, and its bytes."""

    at: float
    sid: str
    request: bytes


def plan(rate: float, seconds: float, seed: int) -> list[Delivery]:
    """So many deliveries a second, each message one to six times, in the order they are due."""
    chance = random.Random(seed)
    found: list[Delivery] = []
    while len(found) < rate * seconds:
        sid = f"SM{seed:05x}{len(found):027x}"
        sender = f"+1617555{chance.randrange(CLIENTS):04}"
        body, headers = signed(
            INBOUND, inbound(sid, sender, chance.choice(POOL), f"Text {sid}: how is Rex?")
        )
        head = f"POST {INBOUND} HTTP/1.1\r\nHost: petmsg\r\nContent-Length: {len(body)}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = head.encode() + b"\r\n" + body
        first = chance.uniform(0, max(0.0, seconds - SECONDS_APART))
        found += [
            Delivery(first + chance.uniform(0, SECONDS_APART), sid, request)
            for _ in range(chance.randint(1, 6))
        ]
    return sorted(found, key=lambda each: each.at)


def company(url: str) -> None:
    """An org with pool numbers, and clients for most of those who text."""
    add_org(url)
    assert run_cli(url, "number", "add", *POOL, "--class", "pool").code == 0
    rows = [(f"C-{i}", f"Client {i}", f"+1617555{i:04}") for i in range(100, CLIENTS)]
    text = lines(("ref", "name", "phone"), *rows)
    assert run_cli(url, "client", "import", "-", stdin=text).code == 0


class Campaign:
    """Deliveries over several connections, and what was answered."""

    def __init__(self, url: str, deliveries: list[Delivery], *, module: str) -> None:
        self.url = url
        self.module = module
        self.deliveries = deliveries
        self.answered: set[str] = set()
        self.verdict = Verdict(texts=len({each.sid for each in deliveries}))
        self._goes = asyncio.Event()
        self._under_way = 0
        self._next = 0

    async def run(self, *, kills: int, seed: int) -> Verdict:
        """Deliver everything, with so many kills at moments of chance; then what nobody took."""
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
            await asyncio.wait_for(sending, last + PATIENCE)
            self.verdict.seconds = time.monotonic() - began
            await self._deliver_again(server)
            assert server.stop() == 0, server.errors
        self._judge()
        return self.verdict

    async def _kill(self, server: Server) -> None:
        """Kill it under full load; then what it answered 200 is looked for."""
        server.process.kill()
        self._goes.clear()
        server.process.wait()
        self.verdict.kills += 1
        while self._under_way:
            await asyncio.sleep(0.005)
        self.verdict.lost |= self.answered - set(stored(self.url))

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
            status = await asyncio.wait_for(line.ask(delivery.request), PATIENCE)
        except (OSError, EOFError):
            status = "gone"
            line.close()
        finally:
            self._under_way -= 1
        self.verdict.answers[status] += 1
        if status == "200":
            self.answered.add(delivery.sid)
            self.verdict.milliseconds.append((time.monotonic() - asked) * 1000)

    async def _deliver_again(self, server: Server) -> None:
        """What was never answered 200 comes again, as Twilio's retries and a pull bring it."""
        line = _Line(server.port)
        for delivery in {each.sid: each for each in self.deliveries}.values():
            if delivery.sid not in self.answered:
                await self._deliver(line, delivery)
        line.close()

    def _judge(self) -> None:
        there = Counter(stored(self.url))
        sent = {each.sid for each in self.deliveries}
        self.verdict.missing = sent - set(there)
        self.verdict.twice = {sid for sid, times in there.items() if times > 1 or sid not in sent}
        self.verdict.broken = problems(self.url)


class _Line:
    """A connection that is opened anew when it is needed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> str:
        """The status a request was answered with. Raises `OSError`, `EOFError`."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r")[0]))
        if "connection: close" in head:
            self.close()
        return head.split(" ")[1]

    def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def stored(url: str) -> list[str]:
    """The provider ids of the messages that came in, each as often as it stands there."""
    with looking(url) as cursor:
        return [
            row[0]
            for row in cursor.tuples(
                "SELECT provider_message_id FROM message WHERE direction = 'inbound'"
            )
        ]


def run_receiving(
    url: str, *, rate: float, seconds: float, kills: int, seed: int, control: bool = False
) -> Verdict:
    """A campaign on an empty database."""
    print(f"receiving: seed {seed}, {rate} deliveries a second for {seconds} s, {kills} kills")
    company(url)
    module = "tests.campaigns.hasty" if control else "petmsg"
    campaign = Campaign(url, plan(rate, seconds, seed), module=module)
    return asyncio.run(campaign.run(kills=kills, seed=seed))


if __name__ == "__main__":
    name = "tests.campaigns.receiving"
    sys.exit(run_from_command_line(name, "deliveries", run_receiving, seeds=10**6))
