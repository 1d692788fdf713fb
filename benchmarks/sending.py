"""Draining a queue with `petmsg message dispatch`, against a fake carrier of 150 ms or of none.

The floor is what the numbers may send: one segment a second each, from the first request to the
last answer.
"""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks import company
from benchmarks.bench import Bench
from benchmarks.measure import Row, Sample, Watched, counted, watched
from tests.support.twilio_process import running_fake

WORKERS = 64
LATENCY = 0.15
_MOST_MEMORY = {"SQLite": 1.2, "PostgreSQL": 1.1}
"""SQLite keeps up to 16 MiB of the file in memory (`petmsg.db.engine`), some 90 MB being usual."""
_PREFIX = "+1628555"
_ADD_PICTURES = """
INSERT INTO media (org_id, message_id, position, status, name, content_type, size, sha256, attempts,
  created_at, stored_at)
SELECT org_id, id, 0, 'stored', 'rex.jpg', 'image/jpeg', 400000, 'picture of ' || id, 0, :now, :now
FROM message WHERE media_count > 0
"""
_SDK_ALONE = """
import os, sys
from concurrent.futures import ThreadPoolExecutor
from petmsg.providers.base import OutgoingMessage
from petmsg.providers.credentials import load_twilio_credentials
from petmsg.providers.twilio import TwilioProvider
credentials = load_twilio_credentials(os.environ, None, None)
provider = TwilioProvider(credentials, pool_size=8, api_url=os.environ["PETMSG_TWILIO_API_URL"])
texts = [OutgoingMessage("+14155510001", f"+1628555{c:05}", "Hi") for c in range(int(sys.argv[1]))]
with ThreadPoolExecutor(8) as threads:
    list(threads.map(provider.send, texts))
"""
"""Sends as many messages as its argument says, by petmsg's adapter of the SDK."""


@dataclass(frozen=True, slots=True)
class Drained:
    """One run of the command: what it took, and what the carrier saw of it. `seconds` are from the
    first request to the last answer."""

    process: Watched
    seconds: float
    peak_connections: int
    peak_requests: int


def measure(bench: Bench) -> list[Row]:
    """The rows of sending."""
    texts, numbers = bench.few(2_500, 150), bench.few(100, 50)
    floor = Sample((texts / numbers - 1,))
    rows = []
    for kind in bench.databases:
        few = _drained(bench, kind, texts // 10, numbers)
        many = _drained(bench, kind, texts, numbers)
        took = Sample((many.seconds,))
        what = f"{texts:,} messages over {numbers} numbers, {kind}"
        rows += [
            Row("sending", what, took, "one a second and number", floor, at_most=1.03),
            Row(
                "sending",
                f"peak memory, {texts:,} messages, {kind}",
                counted(many.process.peak_memory),
                f"{texts // 10:,} messages",
                counted(few.process.peak_memory),
                at_most=_MOST_MEMORY[kind],
            ),
            Row(
                "sending",
                f"peak connections, {kind}",
                counted(many.peak_connections),
                "requests in flight",
                counted(many.peak_requests),
                at_most=1,
            ),
        ]
        cpu_ms = many.process.cpu_seconds / texts * 1000
        bench.notes.append(
            f"sending, {kind}: {(texts - numbers) / took.best:.1f} messages/s after the first of"
            f" each number (the floor {numbers}), {cpu_ms:.1f} ms of CPU each."
        )
        rows += _answered_at_once(bench, kind)
    return rows


def _answered_at_once(bench: Bench, kind: str) -> list[Row]:
    """The CPU of a dispatcher whose provider answers at once, beside that of the SDK alone; the
    same of four dispatchers, and of messages with a picture. All without the start, which is what
    they take for four messages: four that start together take more CPU for it than four one after
    the other, and what sends is not loaded where nothing is due.

    The numbers have the highest rate limit, so that none waits. A picture is in the store already,
    and the fake does not fetch it.
    """
    texts, rounds = bench.few(1_500, 30), bench.few(2, 1)
    alone, four, pictured, sdk = [], [], [], []
    one_took, four_took = [], []
    for _ in range(rounds):
        starts = {each: _dispatched(bench, kind, 4, each).cpu_seconds for each in (1, 4)}
        for processes, cpu, seconds in ((1, alone, one_took), (4, four, four_took)):
            run = _dispatched(bench, kind, texts, processes)
            cpu.append(run.cpu_seconds - starts[processes])
            seconds.append(run.seconds)
        run = _dispatched(bench, kind, texts, 1, pictures=1)
        pictured.append(run.cpu_seconds - starts[1])
        sdk.append(_by_sdk(texts) - _by_sdk(4))
    what = f"CPU of {texts:,} messages without the start, {kind}"
    one = Sample(tuple(alone))
    with_one = what.replace("messages", "messages with a picture")
    clock = f"{texts:,} messages, first request to last answer, {kind}, 4 processes"
    took, alone_took = Sample(tuple(four_took)), Sample(tuple(one_took))
    return [
        Row("sending", with_one, Sample(tuple(pictured)), "without", one, at_most=1.2),
        Row("sending", what, one, "the SDK's requests alone", Sample(tuple(sdk)), at_most=3),
        Row("sending", f"{what}, 4 processes", Sample(tuple(four)), "1", one, at_most=1.2),
        Row("sending", clock, took, "1", alone_took, at_most=1),
    ]


@dataclass(frozen=True, slots=True)
class _Dispatched:
    """What the processes took together, their starts too, and the seconds from the carrier's first
    request to its last answer."""

    cpu_seconds: float
    seconds: float


def _dispatched(
    bench: Bench, kind: str, texts: int, processes: int, *, pictures: int = 0
) -> _Dispatched:
    """Drain a new database; every message must arrive once."""

    def build(url: str) -> None:
        _add_queue(url, texts, min(texts, 50), per_second=1000, pictures=pictures)

    url = bench.company(kind, f"at-once-{texts}-{pictures}", build)
    with running_fake(any_number=True) as fake, ThreadPoolExecutor(processes) as threads:
        environ = {"PETMSG_DATABASE_URL": url, "PETMSG_PUBLIC_URL": "https://texts.example.com"}
        command = [sys.executable, "-m", "petmsg", "message", "dispatch", "-o", "jsonl"]
        runs = [
            threads.submit(watched, command, {**fake.environ, **environ}) for _ in range(processes)
        ]
        cpu_seconds = sum(run.result().cpu_seconds for run in runs)
        accepted = fake.accepted()
    assert len(accepted) == texts, len(accepted)
    return _Dispatched(cpu_seconds, _seconds(accepted))


def _seconds(accepted: Sequence[dict[str, Any]]) -> float:
    """From the first request of these messages to the last answer."""
    first = min(each["arrived"] for each in accepted)
    last: float = max(each["accepted"] for each in accepted)
    return last - first


def _by_sdk(texts: int) -> float:
    """The CPU seconds of as many requests by Twilio's SDK in eight threads, and nothing else."""
    with running_fake(any_number=True) as fake:
        took = watched([sys.executable, "-c", _SDK_ALONE, str(texts)], fake.environ).cpu_seconds
        seen = fake.stats()
        assert seen["accepted"] == texts, seen
    return took


def _drained(bench: Bench, kind: str, texts: int, numbers: int) -> Drained:
    """Send that many messages from a new database; every one must arrive."""

    def build(url: str) -> None:
        _add_queue(url, texts, numbers)

    url = bench.company(kind, f"queue-{texts}", build)
    with running_fake(any_number=True, latency_seconds=LATENCY) as fake:
        command = [sys.executable, "-m", "petmsg", "message", "dispatch", "-o", "jsonl"]
        process = watched(
            [*command, "--workers", str(WORKERS)], {**fake.environ, "PETMSG_DATABASE_URL": url}
        )
        seen, accepted = fake.stats(), fake.accepted()
    assert len(accepted) == texts, seen
    return Drained(process, _seconds(accepted), seen["peak_connections"], seen["peak_requests"])


def _add_queue(
    url: str,
    texts: int,
    numbers: int,
    *,
    pictures: int = 0,
    per_second: int | None = None,
) -> None:
    """A message to each of as many clients, in windows of as many sitters as there are numbers."""
    now = datetime.now(UTC)
    due = now - timedelta(hours=1)
    clients, sitters = range(1, texts + 1), range(1, numbers + 1)
    with company.writing(url) as begun:
        cursor = begun.cursor

        def add(table: str, *rows: dict[str, Any]) -> None:
            company.insert(cursor, table, rows)

        cursor.run("UPDATE org SET provider = 'twilio'")
        first = cursor.value("SELECT max(id) FROM sitter")
        active = {"status": "active"}
        add(
            "sitter",
            *(
                {"ref": f"Q-{s}", "name": f"Q {s}", "phone": f"+1415552{s:04}", **active}
                for s in sitters
            ),
        )
        held = [{"sitter_id": first + s, "first_sitter_id": first + s} for s in sitters]
        add(
            "message_number",
            *(
                {"e164": f"+1415551{s:04}", "class": "sitter", **active, **held[s - 1]}
                for s in sitters
            ),
        )
        names = [{"ref": f"C-{c}", "name": f"Client {c}"} for c in clients]
        add("client", *({**name, "kind": "one_time"} for name in names))
        phones = [{"client_id": c, "e164": f"{_PREFIX}{c:05}"} for c in clients]
        add("client_phone", *({**phone, "is_primary": True} for phone in phones))
        add("thread", *({"client_id": c} for c in clients))
        visit = {"starts_at": due, "ends_at": now + timedelta(hours=6)}
        visits = [{**visit, "sitter_id": first + 1 + c % numbers} for c in clients]
        confirmed = {"status": "confirmed"}
        add(
            "booking",
            *({"ref": f"B-{c}", "client_id": c, **confirmed, **visits[c - 1]} for c in clients),
        )
        add(
            "assignment_window",
            *(
                {
                    **visits[c - 1],
                    "client_id": c,
                    "thread_id": c,
                    "booking_id": c,
                    "booked_until": visit["ends_at"],
                }
                for c in clients
            ),
        )
        sent = [{**_text(c, due), "media_count": pictures} for c in clients]
        add("message", *sent)
        if per_second is not None:
            cursor.run("UPDATE message_number SET segments_per_second = :n", n=per_second)
        if pictures:
            cursor.run(_ADD_PICTURES, now=now)


def _text(client: int, due: datetime) -> dict[str, Any]:
    return {
        "thread_id": client,
        "client_id": client,
        "direction": "outbound",
        "status": "queued",
        "body": f"Text {client}: Luna had a walk.",
        "to_e164": f"{_PREFIX}{client:05}",
        "segments": 1,
        "attempts": 0,
        "actor": company.ACTOR,
        "send_at": due,
        "due_at": due,
    }
