"""Signed requests to a running `petmsg serve`: the processor time of one after another against a
bare application, and the speed on PostgreSQL against SQLite with 64 connections.

Half of those who write are clients, the others strangers. Each writes to the front desk.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from benchmarks import company
from benchmarks.bench import Bench
from benchmarks.measure import Row, take_turns
from tests.support.webhooks import inbound, serving, signed

AT_ONCE = 64
_SENDERS = 40
_NUMBER = "+14155550100"
_ROUNDS = 3
_SIDS = count(1)


def measure(bench: Bench) -> list[Row]:
    """The rows of serving; none on a machine without Linux's /proc."""
    if not Path("/proc/self/task").exists():
        return []
    rows = [_one_by_one(bench, kind, bench.few(60, 10)) for kind in bench.databases]
    if "PostgreSQL" in bench.databases:
        rows.append(_many_at_once(bench, bench.few(256, AT_ONCE)))
    return rows


def _one_by_one(bench: Bench, kind: str, requests: int) -> Row:
    with ExitStack() as running:
        ours = running.enter_context(serving(bench.company(kind, "serving", _build)))
        bare = running.enter_context(_bare(bench.database(kind, "nothing", _leave_empty)))

        def side(pid: int, port: int) -> Callable[[], float]:
            def taken() -> float:
                before = _processor_seconds(pid)
                asyncio.run(_bring(port, _requests(requests), lines=1))
                return _processor_seconds(pid) - before

            return taken

        sides = {"petmsg": side(ours.process.pid, ours.port), "peer": side(*bare)}
        for bring in sides.values():  # what is done once for each process
            bring()
        taken = take_turns(sides, bench.few(_ROUNDS, 1))
    what = f"CPU of {requests} webhooks one by one, {kind}"
    return Row("serving", what, taken["petmsg"], "a row, Starlette", taken["peer"], at_most=2.5)


def _many_at_once(bench: Bench, requests: int) -> Row:
    with ExitStack() as running:

        def side(kind: str) -> Callable[[], float]:
            url = bench.company(kind, "serving", _build)
            port = running.enter_context(serving(url)).port

            def taken() -> float:
                each = _requests(requests)
                began = time.perf_counter()
                asyncio.run(_bring(port, each, lines=AT_ONCE))
                return time.perf_counter() - began

            return taken

        sides = {kind: side(kind) for kind in ("PostgreSQL", "SQLite")}
        for bring in sides.values():
            bring()
        taken = take_turns(sides, bench.few(_ROUNDS, 1))
    what = f"{requests} webhooks, {AT_ONCE} at once, PostgreSQL"
    return Row("serving", what, taken["PostgreSQL"], "SQLite", taken["SQLite"], at_least=0.8)


def _build(url: str) -> None:
    """The first half of those who write are clients, without a visit now."""
    company.add_visits(url, [2] * _SENDERS)
    company.add_phones(url, [_sender(client) for client in range(_SENDERS // 2)])


def _leave_empty(url: str) -> None:
    """The bare application makes its own table."""
    if "://" not in url:
        Path(url).touch()


def _sender(place: int) -> str:
    return f"+1617555{place:04}"


def _requests(number: int) -> list[bytes]:
    """New messages as Twilio sends them, ready to be written to a connection."""
    made = []
    for place in range(number):
        form = inbound(f"SM{next(_SIDS):032x}", _sender(place % _SENDERS), _NUMBER)
        body, headers = signed("/twilio/inbound", form)
        named = {"Host": "petmsg", "Content-Length": str(len(body)), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        made.append(f"POST /twilio/inbound HTTP/1.1\r\n{head}\r\n".encode() + body)
    return made


async def _bring(port: int, requests: Sequence[bytes], *, lines: int) -> None:
    """Write the requests to so many connections, each after the answer before. Raises
    `RuntimeError` for an answer other than 200."""

    async def line(first: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in requests[first::lines]:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r")[0]))
            if head.split(" ")[1] != "200":
                raise RuntimeError(head)
        writer.close()

    await asyncio.gather(*(line(first) for first in range(lines)))


@contextmanager
def _bare(url: str) -> Iterator[tuple[int, int]]:
    """The bare application: its process id and its port."""
    command = [sys.executable, "-m", "benchmarks.bare_webhook", url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.pid, int(process.stdout.readline())
        finally:
            process.kill()


def _processor_seconds(pid: int) -> float:
    """What all threads of a process that live have taken, in seconds. Linux only."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(each.read_text().split()[0]) for each in threads) / 1e9
