"""What a soak has to answer for: what grew, and what the carrier and the channel saw."""

import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from petmsg.db.location import locate
from tests.support.fixtures import looking
from tests.support.twilio_fake import TwilioFake

WARM_DAYS = 2
"""A process loads and caches in its first days; what it has then is no growth."""
KILOBYTES = 3000
"""How much more memory a process may have at the end of its life than when it was warm."""
SOCKETS = 4
"""How many more sockets: each thread that sends keeps its connection to the provider."""
LOOKS, PAUSE = 16, 0.03
"""How often a process is looked at, and the seconds in between."""
ROW_BYTES = 1.5
"""How many times more bytes a row may take at the end than after the first weeks."""
WAL_BYTES = 32_000_000
_OWN = re.compile(r"^(?:Anonymous|Swap): +(\d+) kB", re.MULTILINE)
AT_ONCE = timedelta(minutes=10)
"""An alert that ended within it was answered at the step at which it was raised."""
_WAITED = """
SELECT id, ref, opened_at, done_at FROM alert WHERE kind = 'client_waiting' ORDER BY id
"""
_DONE = re.compile(r"petmsg alert done ([0-9 ]+)")

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Sample:
    """A long-lived process at the end of a day, when it had nothing to do.

    `memory` are the kilobytes of its own (no file's), `files` and `sockets` the least numbers of
    those open among several looks.
    """

    day: int
    name: str
    pid: int
    memory: int
    files: int
    sockets: int


@dataclass(frozen=True, slots=True)
class Space:
    """The database at the end of a day: rows, bytes, those of its log, and open connections beside
    the campaign's own."""

    day: int
    rows: int
    bytes: int
    log_bytes: int
    connections: int


class Waited(NamedTuple):
    """The alert of a waiting client."""

    id: int
    ref: str
    opened_at: datetime
    done_at: datetime | None


@dataclass
class Verdict:
    """Everything that is wrong, in words. Nothing, and the soak was passed."""

    grown: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    misbound: list[str] = field(default_factory=list)
    not_stored: list[str] = field(default_factory=list)
    not_alerted: list[str] = field(default_factory=list)
    not_told: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def faults(self) -> dict[str, int]:
        """How many of each kind, only those there are."""
        counts = {each.name: len(getattr(self, each.name)) for each in fields(self)}
        return {name: count for name, count in counts.items() if count}

    def __str__(self) -> str:
        if not self.faults:
            return (
                "nothing grew, each message once, each webhook stored, each waiting client told of"
            )
        return "\n".join(f"{name}: {getattr(self, name)[:5]}" for name in self.faults)


# -------------------------------------------------------------------------------- what was measured


def look_at(day: int, name: str, pid: int) -> Sample:
    """A sample of a process, which takes half a second."""
    looks = []
    for _ in range(LOOKS):
        looks.append(open_of(pid))
        time.sleep(PAUSE)
    files, sockets = zip(*looks, strict=True)
    return Sample(day, name, pid, memory_of(pid), min(files), min(sockets))


def memory_of(pid: int) -> int:
    """Kilobytes of memory that are no file's, also those that a fork shares with its parent."""
    said = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(each) for each in _OWN.findall(said))


def open_of(pid: int) -> tuple[int, int]:
    """How many files a process has open, and how many sockets."""
    found = []
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed meanwhile
            found.append(str(each.readlink()))
    sockets = sum(each.startswith("socket:") for each in found)
    return len(found) - sockets, sockets


def space_of(day: int, url: str) -> Space:
    """How much room the rows take."""
    location = locate(url)
    with looking(url) as cursor:
        rows = sum(
            cursor.value(f"SELECT count(*) FROM {table}")
            for table in ("message", "audit_event", "alert", "message_attempt", "booking")
        )
        if location.path is not None:
            log = Path(f"{location.path}-wal")
            log_bytes = log.stat().st_size if log.exists() else 0
            return Space(day, rows, location.path.stat().st_size, log_bytes, 0)
        size = cursor.value("SELECT pg_database_size(current_database())")
        open_ = cursor.value(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    return Space(day, rows, size, 0, open_)


def growth(samples: Sequence[Sample], spaces: Sequence[Space]) -> Iterator[str]:
    """What grew more than it may, in words."""
    lives: dict[tuple[str, int], list[Sample]] = defaultdict(list)
    for sample in samples:
        lives[sample.name, sample.pid].append(sample)
    for (name, _), life in lives.items():
        warm = life[WARM_DAYS:]
        if len(warm) < 4:
            continue
        days = f"{name}, days {warm[0].day} to {warm[-1].day}"
        more = _risen([each.memory for each in warm])
        if more > KILOBYTES:
            yield f"{days}: {more} kB more memory"
        files = [each.files for each in warm]
        if min(files[-2:]) > max(files[:2]):
            yield f"{days}: {files[0]} open files, then {files[-1]}"
        sockets = [each.sockets for each in warm]
        if min(sockets[-2:]) > max(sockets[:2]) + SOCKETS:
            yield f"{days}: {sockets[0]} open sockets, then {sockets[-1]}"
    connections = [each.connections for each in spaces]
    if len(spaces) >= 4 and min(connections[-2:]) > max(connections[:2]):
        yield f"{connections[:2]} connections, then {connections[-2:]}"
    if spaces and max(each.log_bytes for each in spaces) > WAL_BYTES:
        yield f"a log of {max(each.log_bytes for each in spaces)} bytes"
    if len(spaces) >= 30:
        before, after = spaces[14], spaces[-1]
        if after.bytes / after.rows > ROW_BYTES * before.bytes / before.rows:
            yield f"{before.bytes} bytes for {before.rows} rows, then {after.bytes}, {after.rows}"


def lives(samples: Sequence[Sample]) -> Iterator[str]:
    """The longest lives in words: memory and open files when warm, and at the end."""
    found: dict[tuple[str, int], list[Sample]] = defaultdict(list)
    for sample in samples:
        found[sample.name, sample.pid].append(sample)
    for (name, _), life in sorted(found.items(), key=lambda each: -len(each[1]))[:6]:
        warm, last = life[min(WARM_DAYS, len(life) - 1)], life[-1]
        yield (
            f"{name}, days {life[0].day} to {last.day}: {life[0].memory} kB, warm {warm.memory}, "
            f"at the end {last.memory}; open files {warm.files}, {last.files}; "
            f"sockets {warm.sockets}, {last.sockets}"
        )


def _risen(values: Sequence[int]) -> int:
    third = max(1, len(values) // 3)
    return round(median(values[-third:]) - median(values[:third]))


# ------------------------------------------------------------------------------ what others saw

_ROWS = """
SELECT id, status, to_e164, from_e164, body, provider_message_id AS sid, error_code
FROM message WHERE direction = 'outbound' ORDER BY id
"""
_CAME = """
SELECT provider_message_id AS sid, count(*) AS times FROM message WHERE direction = 'inbound'
GROUP BY provider_message_id
"""
_CALLS = "SELECT provider_call_id AS sid, count(*) AS times FROM call GROUP BY provider_call_id"
_WORDS = re.compile(r"#\d+#")


def judge_messages(
    verdict: Verdict, url: str, fake: TwilioFake, expected: Mapping[str, str | None]
) -> None:
    """Each row is one message at the carrier, and each message there is one row; whatever words
    were expected at a phone came there once."""
    with looking(url) as cursor:
        rows = cursor.rows(_ROWS)
    taken = {each.sid: each for each in fake.messages.values() if not each.came_in}
    bound = Counter(row["sid"] for row in rows if row["sid"] is not None)
    for row in rows:
        about = f"{row['id']} {row['status']} {row['body']!r} {row['error_code'] or ''}"
        message = taken.get(row["sid"])
        if row["status"] not in ("delivered", "cancelled"):
            verdict.stuck.append(about)
        elif row["status"] == "delivered" and message is None:
            verdict.lost.append(about)
        if message is not None and (message.to, message.from_, message.body) != (
            row["to_e164"],
            row["from_e164"],
            row["body"],
        ):
            verdict.misbound.append(about)
    verdict.twice += [f"{sid} {taken[sid].body!r}" for sid in taken if not bound[sid]]
    verdict.misbound += [f"{sid} of {times} rows" for sid, times in bound.items() if times > 1]
    at: Counter[Key] = Counter(
        (words, each.to) for each in taken.values() for words in set(_WORDS.findall(each.body))
    )
    for words, phone in expected.items():
        if phone is not None and at[words, phone] != 1:
            (verdict.twice if at[words, phone] else verdict.lost).append(f"{words} at {phone}")
    verdict.twice += [f"{words} at {phone}" for (words, phone), times in at.items() if times > 1]


def judge_webhooks(
    verdict: Verdict, url: str, messages: Iterable[str], calls: Iterable[str]
) -> None:
    """Whatever was answered 200 is stored, and once."""
    for sql, sids in ((_CAME, messages), (_CALLS, calls)):
        with looking(url) as cursor:
            times = {row["sid"]: row["times"] for row in cursor.rows(sql)}
        verdict.not_stored += [sid for sid in sids if not times.get(sid)]
        verdict.twice += [f"{sid} came in {many} times" for sid, many in times.items() if many > 1]


@dataclass(frozen=True, slots=True)
class Note:
    """A note that the channel took, and when (aware UTC)."""

    at: datetime
    body: str

    @property
    def alerts(self) -> list[int]:
        """The IDs of its alerts."""
        return [int(word) for found in _DONE.findall(self.body) for word in found.split()]


def judge_notes(verdict: Verdict, url: str, notes: Sequence[Note], *, repeats: int) -> None:
    """Of each alert that counts as told the channel was told, and again a day later at the
    earliest, but for as many `repeats` as processes were killed.

    Each alert of a waiting client is told, unless the client was answered at the step at which it
    was raised: the desk may be quicker than the note.
    """
    with looking(url) as cursor:
        told = {row[0] for row in cursor.tuples("SELECT alert_id FROM notify_delivery")}
        waiting = {
            number: f"{ref}, raised {opened}, ended {done}"
            for number, ref, opened, done in cursor.all(Waited, _WAITED)
            if done is None or done - opened > AT_ONCE
        }
    heard: dict[int, list[datetime]] = defaultdict(list)
    for note in notes:
        for alert in note.alerts:
            heard[alert].append(note.at)
    verdict.not_told += [f"alert {alert}" for alert in sorted(told - set(heard))]
    again = [
        f"alert {alert} at {first} and {then}"
        for alert, times in heard.items()
        for first, then in pairwise(times)
        if then - first < timedelta(hours=23)
    ]
    if len(again) > repeats:
        verdict.twice += again
    verdict.not_told += [
        f"alert {alert} was never told ({what})"
        for alert, what in waiting.items()
        if alert not in told
    ]


def said_wrong(log: str) -> list[str]:
    """What processes said that they must not."""
    lines: Sequence[Any] = log.splitlines()
    return [each for each in lines if "Traceback" in each or "internal error" in each]
