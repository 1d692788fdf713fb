"""The days of a soak: clients and sitters write, the front desk works, cron runs."""

import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from petmsg import errors
from petmsg.clock import iso_utc
from petmsg.db import migrate
from petmsg.db.location import locate
from tests.campaigns.soak_carrier import Carrier
from tests.campaigns.soak_company import (
    CLIENTS,
    DESK,
    NUMBERS,
    POOL,
    SITTERS,
    Company,
    Text,
    client_phone,
    sitter_phone,
)
from tests.campaigns.soak_workers import SharedClock, Staff
from tests.campaigns.warm_parent import Line
from tests.support.consistency import raw
from tests.support.fixtures import ACTOR, Ran, add_org, lines, looking, run_cli

OPEN_STEPS = 7
"""At how many steps of a day, from eight to eight, people write."""
SETTLE_SECONDS = 180.0
ALERT_SECONDS = 60.0
PAUSE = 0.05
LATE = timedelta(minutes=61)
"""Whoever waits longer must be told of: the longest time of the org, and a little."""
REFUSED = {"message send": (0, 6, 75), "message dispatch": (0, 4, 6, 75), "notify run": (0, 6),
           "media fetch": (0, 75), "message sync": (0, 6, 75), "reconcile": (0, 6, 75),
           "message pull": (0, 6, 75), "coverage": (0, 10)}  # fmt: skip
"""The exit codes of commands that may have others than 0: the provider meets faults."""

_UNDER_WAY = """
SELECT (SELECT count(*) FROM message WHERE status IN ('sending', 'unknown')
           OR (status = 'queued' AND due_at <= :now))
     + (SELECT count(*) FROM media WHERE status IN ('missing', 'erasing'))
     + (SELECT count(*) FROM alert a WHERE a.done_at IS NULL AND a.severity <> 'info'
           AND NOT EXISTS (SELECT 1 FROM notify_delivery d
                           WHERE d.alert_id = a.id AND d.told_at > :day_ago))
"""
_WAITING = "SELECT entity, ref FROM alert WHERE kind = 'client_waiting' AND done_at IS NULL"
_OTHER_ALERTS = "SELECT id FROM alert WHERE kind <> 'client_waiting' AND done_at IS NULL"
_NUMBERS = """
SELECT s.ref, n.e164 FROM message_number n JOIN sitter s ON s.id = n.sitter_id
"""


@dataclass
class Waiter:
    """Who waits since when, as their alert names them."""

    who: tuple[str, str]
    since: datetime


@dataclass
class Office:
    """The company at work: it asks petmsg for things, and keeps what was answered."""

    url: str
    seed: int
    clock: SharedClock
    staff: Staff
    carrier: Carrier
    environ: Mapping[str, str]
    folder: Path
    alert_seconds: float = ALERT_SECONDS
    company: Company = field(init=False)
    expected: dict[str, str | None] = field(default_factory=dict)
    waits: dict[str, Waiter] = field(default_factory=dict)
    codes: Counter[str] = field(default_factory=Counter)
    trouble: list[str] = field(default_factory=list)
    not_alerted: list[str] = field(default_factory=list)
    booked: int = 0

    def __post_init__(self) -> None:
        self.company = Company(self.seed)
        self.dice = random.Random(f"{self.seed} office")
        self._written: list[Text] = []

    # --- before the first day ---------------------------------------------------------------

    def open(self, channel: str) -> None:
        """A migrated database with the company, its numbers, people and channel."""
        location = locate(self.url)
        now = self.clock.now()
        migrate.upgrade(location.url, actor=ACTOR, now=now, create=location.is_sqlite)
        add_org(self.url, front_desk=DESK)
        self.carrier.fake.numbers = [DESK, *POOL, *NUMBERS]
        self._must("org", "set", "--yes", "--force", "--provider", "twilio", "--relay", "on")
        self._must("org", "set", "--office-hours", "08:00-18:00", "--calls-per-hour", "1000")
        self._must("number", "add", *NUMBERS, "--class", "sitter")
        self._must("number", "add", *POOL, "--class", "pool")
        head = ("ref", "name", "phone")
        sitters = [(f"S-{i}", f"Sitter {i}", sitter_phone(i)) for i in range(SITTERS)]
        self._must("sitter", "import", "-", stdin=lines(head, *sitters))
        self._must("sitter", "activate", *(f"S-{i}" for i in range(SITTERS)))
        clients = [(f"C-{i}", f"Client {i}", client_phone(i)) for i in range(CLIENTS)]
        self._must("client", "import", "-", stdin=lines(head, *clients))
        self._must("notify", "add", "ops", "-", stdin=channel)
        with raw(self.url) as cursor:
            cursor.run("UPDATE message_number SET segments_per_second = 1000")
        self._read_numbers()
        self._book(now.replace(minute=0, second=0, microsecond=0))

    # --- one step of a day ------------------------------------------------------------------

    def step(self, midnight: datetime, hour: int) -> None:
        """Whatever happens at that hour; nothing of it is waited for."""
        if hour == 0:
            self._night(midnight)
        if hour == 6:
            self._morning(midnight)
        self._written = []
        if 8 <= hour <= 20:
            self.desk()
            now = self.clock.now()
            self._written = [*self.company.texts(now, steps=OPEN_STEPS)]
            for text in self._written:
                self._write(text)
            self._send(now)
            if self.company.chance(1.5, steps=OPEN_STEPS):
                self._call(now)
        if hour == 20:
            self._close_alerts()

    def answer(self) -> None:
        """Sitters answer what they were sent at this step."""
        replies = [*self.company.answers(self._written)]
        for text in replies:
            self._write(text)
            self._was_answered(("client", f"C-{text.answers}"))
        if replies:
            self.settle()

    def settle(self) -> None:
        """Wait until nothing is left to do, and whoever waits too long was told of."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while left := self._left():
            if time.monotonic() > deadline:
                self.trouble.append(f"not settled at {self.clock.now()}: {left}")
                return
            time.sleep(PAUSE)
        self._need_alerts()

    def _left(self) -> str:
        waiting = self.carrier.deliver()
        with looking(self.url) as cursor:
            now = self.clock.now()
            rows = cursor.value(_UNDER_WAY, now=now, day_ago=now - timedelta(days=1))
        return f"{rows} rows, {waiting} webhooks" if rows or waiting else ""

    def _need_alerts(self) -> None:
        deadline = time.monotonic() + self.alert_seconds
        while missing := self._missing_alerts():
            if time.monotonic() > deadline:
                at = self.clock.now()
                self.not_alerted += [f"{words} of {self.waits[words]} at {at}" for words in missing]
                for words in missing:
                    del self.waits[words]
                return
            time.sleep(PAUSE)
        deadline = time.monotonic() + SETTLE_SECONDS
        while self._left() and time.monotonic() < deadline:
            time.sleep(PAUSE)

    def _missing_alerts(self) -> list[str]:
        late = self.clock.now() - LATE
        words = [each for each, wait in self.waits.items() if wait.since <= late]
        if not words:
            return []
        with looking(self.url) as cursor:
            there = {tuple(row) for row in cursor.tuples(_WAITING)}
        return [each for each in words if self.waits[each].who not in there]

    # --- who writes -------------------------------------------------------------------------

    def _write(self, text: Text) -> None:
        self.carrier.comes(text)
        if text.words:
            self.expected[text.words] = text.expected
        if text.waiter is not None:
            self.waits[text.words] = Waiter(text.waiter, self.clock.now())

    def _call(self, now: datetime) -> None:
        visits = [each for each in self.company.running(now) if self.company.is_usual(each, now)]
        if visits:
            visit = self.dice.choice(visits)
            assert visit.sitter is not None
            to = self.company.number_of[visit.sitter]
            said = self.dice.choice(("completed", "no-answer"))
            self.carrier.calls(client_phone(visit.client), to, said)

    # --- the front desk ---------------------------------------------------------------------

    def desk(self) -> None:
        """Answer most of what is in the inbox."""
        rows = self._cli("inbox", "list", "--oldest", "-o", "json").json
        answered = [row for row in rows if self.dice.random() < 0.8]
        closed = [row for row in answered if self._needs_no_answer(row)]
        others = [row for row in answered if row not in closed]
        replies = [self._reply(row) for row in others]
        if closed:
            self._run(("inbox", "done", *(str(row["message"]) for row in closed)))
        for row in closed:
            self.waits.pop(_words_of(row), None)
        codes = self._run(*replies)
        written = {row["client"] for row, code in zip(others, codes, strict=True) if code == 0}
        for row, code in zip(others, codes, strict=True):
            if code == errors.REFUSED and row["client"] in written:
                continue  # an answer to another message of the client came first
            if code not in (0, 6, 75):
                self.trouble.append(f"the desk could not answer {row}: {code}")
            elif row["client"] is not None:
                self._was_answered(("client", row["client"]))
            else:
                self.waits.pop(_words_of(row), None)

    def _needs_no_answer(self, row: Mapping[str, Any]) -> bool:
        """Whether it is a keyword, or its client wants none."""
        opted_out = row["client"] in {f"C-{each}" for each in self.company.stopped}
        return opted_out or (row["code"] or "").startswith("KEYWORD")

    def _reply(self, row: Mapping[str, Any]) -> Line:
        words = self.company.next_words()
        self.expected[words] = None
        body = f"{words} we are on it"
        return ("inbox", "reply", str(row["message"]), "--body", body, "--take-over")

    def _was_answered(self, who: tuple[str, str]) -> None:
        for words in [each for each, wait in self.waits.items() if wait.who == who]:
            del self.waits[words]

    def _send(self, now: datetime) -> None:
        """The company writes to clients, and to sitters now and then."""
        made: list[Line] = []
        if self.company.chance(4, steps=OPEN_STEPS):
            client = self.dice.randrange(CLIENTS)
            if client not in self.company.stopped:
                words = self._asked(client_phone(client))
                line = ["message", "send", f"C-{client}", "--key", words, "--body", f"{words} hi"]
                if self.dice.random() < 0.2:
                    file = self.folder / "leaving.jpg"
                    file.write_bytes(self.carrier.picture())
                    line += ["--media", str(file)]
                made.append([*line, *(["--queue-only"] if self.dice.random() < 0.5 else [])])
                self._was_answered(("client", f"C-{client}"))
        if self.company.chance(1, steps=OPEN_STEPS):
            sitter = self.dice.choice(self.company.active)
            words = self._asked(sitter_phone(sitter))
            body = f"{words} thank you"
            made.append(("message", "send", "--to-sitter", f"S-{sitter}", "--body", body))
        self._run(*made)
        del now

    def _asked(self, phone: str) -> str:
        words = self.company.next_words()
        self.expected[words] = phone
        return words

    def _close_alerts(self) -> None:
        with looking(self.url) as cursor:
            alerts = [str(row[0]) for row in cursor.tuples(_OTHER_ALERTS)]
        if alerts:
            self._run(("alert", "done", *alerts, "--reason", "seen"))

    # --- bookings, sitters and numbers --------------------------------------------------------

    def _book(self, midnight: datetime) -> None:
        visits = self.company.book(midnight)
        self.booked += len(visits)
        rows = [
            (v.ref, f"C-{v.client}", f"S-{v.sitter}", iso_utc(v.start), iso_utc(v.end))
            for v in visits
        ]
        file = self.folder / "visits.csv"
        file.write_text(lines(("ref", "client", "sitter", "starts_at", "ends_at"), *rows))
        self._run(("booking", "import", str(file)))
        self._run(("booking", "confirm", "--all-pending"))

    def _morning(self, midnight: datetime) -> None:
        self._book(midnight)
        if keyword := self.company.keyword(self.clock.now()):
            self._write(keyword)
        if self.company.chance(0.15):
            client = self.dice.randrange(CLIENTS)
            self.company.overridden[client] = self.clock.now() + timedelta(hours=25)
            line = ("route", "override", f"C-{client}", "--until", "+1d", "--reason", "complaint")
            self._run(line)
        if self.company.chance(0.1):
            number = self.company.number_of[self.dice.choice(self.company.active)]
            days = self.dice.randint(1, 3)
            self.company.quarantined[number] = self.clock.now() + timedelta(days=days, hours=1)
            self._run(
                ("number", "quarantine", number, "--days", str(days), "--reason", "complaints")
            )

    def _night(self, midnight: datetime) -> None:
        """Sitters come, leave and are ill; then what cron runs."""
        company, now = self.company, self.clock.now()
        company.tidy(now)
        if company.chance(0.12):
            ill, since, until, other = company.goes_away(midnight)
            line = ("sitter", "away", f"S-{ill}", "--from", iso_utc(since), "--to", iso_utc(until))
            self._run((*line, "--reason", "ill", "--to-sitter", f"S-{other}"))
        day = (midnight - datetime(2026, 1, 1, tzinfo=midnight.tzinfo)).days
        if day % 21 == 10:
            new, company.hired = company.hired, company.hired + 1
            phone = ("--phone", sitter_phone(new), "--ref", f"S-{new}", "--activate")
            self._run(("sitter", "add", f"Sitter {new}", *phone))
            company.active.append(new)
        if day % 21 == 17:
            gone, visits, other = company.leaves(now)
            self._run(("sitter", "deactivate", f"S-{gone}", "--reason", "moved", "--yes"))
            for visit in visits:
                self._run(("booking", "reassign", visit.ref, f"S-{other}"))
        self._read_numbers()
        self._cron(day)

    def _cron(self, day: int) -> None:
        self._run(("number", "release-due"), ("message", "pull"), ("message", "dispatch"))
        self._run(("message", "sync"), ("media", "fetch"), ("notify", "run"), ("coverage",))
        self._run(("media", "prune"), ("reconcile",), ("number", "health", "--apply"))
        heads = self.folder / "heads.jsonl"
        if day % 7 == 0:
            if heads.exists():
                self._run(("audit", "verify", "--head", str(heads)))
            heads.write_text(self._must("audit", "export", "--head").out)
        if locate(self.url).is_sqlite:
            backup = self.folder / f"backup-{day % 2}.db"
            backup.unlink(missing_ok=True)
            self._run(("db", "backup", str(backup)))
        self._run(("doctor",))

    def _read_numbers(self) -> None:
        with looking(self.url) as cursor:
            rows = cursor.tuples(_NUMBERS)
        self.company.number_of = {int(ref.removeprefix("S-")): e164 for ref, e164 in rows}

    # --- commands ---------------------------------------------------------------------------

    def _run(self, *commands: Line) -> Sequence[int]:
        """The exit codes of commands, in processes of their own."""
        codes = self.staff.run(commands) if commands else []
        for line, code in zip(commands, codes, strict=True):
            name = " ".join(line[:2]) if len(line) > 1 and line[0] != "coverage" else line[0]
            self.codes[f"{name}: {code}"] += 1
            if code not in REFUSED.get(name, (0,)) and name != "inbox reply":
                self.trouble.append(f"{' '.join(line)} ended with {code} at {self.clock.now()}")
        return codes

    def _cli(self, *line: str, stdin: str = "") -> Ran:
        return run_cli(self.url, *line, now=self.clock.now(), stdin=stdin, **self.environ)

    def _must(self, *line: str, stdin: str = "") -> Ran:
        ran = self._cli(*line, stdin=stdin)
        assert ran.code == 0, (line, ran.err)
        return ran


def _words_of(row: Mapping[str, Any]) -> str:
    return str(row["body"] or "").partition(" ")[0]
