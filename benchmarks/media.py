"""Delivering signed webhooks to `petmsg serve` while strangers ask it for pictures.

A process of its own asks for /media/… a thousand times a second: half of the requests are for a
picture, half have a token that nobody was given. No webhook may be lost, and 99 of 100 must be
answered in time.
"""

import asyncio
import secrets
import subprocess
import sys
import time

from benchmarks.bench import Bench
from benchmarks.company import ACTOR
from benchmarks.measure import Row, Sample
from petmsg import clock
from petmsg.db import migrate
from petmsg.db.location import locate
from petmsg.db.snapshot import snapshot
from petmsg.media.links import new_token, path_of
from tests.support import queueing
from tests.support.linked_media import JPEG, link
from tests.support.webhooks import inbound, serving, signed

FLOOD = 1_000
"""Requests for pictures a second."""
_CONNECTIONS = 40
_WEBHOOKS = 50
"""Webhooks a second."""
IN_TIME = 2.0
"""Seconds within which a webhook must be answered, well before a provider gives up (15 seconds)."""
_INBOUND = "/twilio/inbound"


def measure(bench: Bench) -> list[Row]:
    """The rows of serving pictures."""
    return [row for kind in bench.databases for row in _serving(bench, kind)]


def _serving(bench: Bench, kind: str) -> list[Row]:
    count = bench.few(150, 20)
    url = bench.database(kind, "media", _build)
    token = link(url, (JPEG, "image/jpeg"), now=clock.now())
    path = path_of(token, position=0, content_type="image/jpeg")
    calm, flooded = [], []
    with serving(url, "-o", "jsonl") as server:
        warm = min(count, _WEBHOOKS)
        _deliver(server.port, warm)  # the first requests load what the others find
        for _ in range(bench.few(2, 1)):
            calm.append(_deliver(server.port, count))
            flood = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.media", str(server.port), path],
                stdout=subprocess.PIPE,
                text=True,
            )
            with flood:
                assert flood.stdout is not None
                flood.stdout.readline()  # it has begun
                flooded.append(_deliver(server.port, count))
                flood.terminate()
        answered = sum("/media/" in line for line in server.log)
        refused = sum("/media/" in line and '"status": 503' in line for line in server.log)
    _expect(url, warm + count * (len(calm) + len(flooded)))
    seconds = len(flooded) * count / _WEBHOOKS
    bench.notes.append(
        f"media, {kind}: about {answered / seconds:,.0f} requests for pictures a second were"
        f" answered, {refused} of them with 503; the median of a webhook was"
        f" {min(each[0] for each in flooded) * 1000:.1f} ms"
        f" ({min(each[0] for each in calm) * 1000:.1f} ms without them), the 99th percentile"
        f" without them {min(each[1] for each in calm) * 1000:.0f} ms. No webhook was lost."
    )
    what = f"99th percentile of a webhook, {FLOOD:,} pictures a second asked for, {kind}"
    took = Sample(tuple(each[1] for each in flooded))
    limit = Sample((IN_TIME,) * len(flooded))
    return [Row("media", what, took, "in time", limit, at_most=1)]


def _build(url: str) -> None:
    location = locate(url)
    migrate.upgrade(location.url, actor=ACTOR, now=queueing.EARLIER, create=location.is_sqlite)
    queueing.company(url)


def _expect(url: str, count: int) -> None:
    """No webhook was lost."""
    with snapshot(locate(url)) as cursor:
        stored = cursor.value("SELECT count(*) FROM message WHERE direction = 'inbound'")
    assert stored == count, (stored, count)


def _deliver(port: int, count: int) -> tuple[float, float]:
    """Deliver that many webhooks at an even rate; the median and the 99th percentile in seconds."""
    took = sorted(asyncio.run(_webhooks(port, count)))
    return took[len(took) // 2], took[min(len(took) - 1, len(took) * 99 // 100)]


async def _webhooks(port: int, count: int) -> list[float]:
    began = time.monotonic()

    async def lane(first: int, lanes: int) -> list[float]:
        took = []
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in range(first, count, lanes):
            await asyncio.sleep(max(0.0, began + number / _WEBHOOKS - time.monotonic()))
            form = inbound(f"SM{secrets.token_hex(16)}", queueing.PHONES["C-1"], queueing.MAYA)
            body, headers = signed(_INBOUND, form)
            head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            request = (
                f"POST {_INBOUND} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n{head}"
            )
            sent = time.perf_counter()
            status = await _ask(reader, writer, request.encode() + b"\r\n" + body)
            took.append(time.perf_counter() - sent)
            assert status == 200, status
        writer.close()
        return took

    lanes = 16
    found = await asyncio.gather(*(lane(first, lanes) for first in range(lanes)))
    return [each for lane_ in found for each in lane_]


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> int:
    """The status of a request on an open connection; its body is read and dropped."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
    await reader.readexactly(length)
    return int(head.split()[1])


async def _flood(port: int, path: str) -> None:
    """Ask for the picture and for unknown ones, `FLOOD` times a second, until it is ended."""
    began = time.monotonic()

    async def lane(first: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        number = first
        while True:
            await asyncio.sleep(max(0.0, began + number / FLOOD - time.monotonic()))
            unknown = path_of(new_token(), position=0, content_type="image/jpeg")
            asked = path if number // _CONNECTIONS % 2 else unknown
            status = await _ask(reader, writer, f"GET {asked} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert status in {200, 404, 503}, status
            number += _CONNECTIONS

    lanes = [asyncio.create_task(lane(first)) for first in range(_CONNECTIONS)]
    await asyncio.sleep(0.2)
    print("begun", flush=True)
    await asyncio.gather(*lanes)


if __name__ == "__main__":
    asyncio.run(_flood(int(sys.argv[1]), sys.argv[2]))
