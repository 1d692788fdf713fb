"""A calendar that changes by chance, imported after each change, against a model of bookings."""

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.support.calendars import PLACE, calendar, event
from tests.support.fixtures import NOW, Cli

CLIENTS = {"C-1": "Ann Ivers", "C-2": "Bob Ito", "C-3": "Eve Roth"}
SITTERS = {"S-1": "Maya Lee", "S-2": "Olga Roy", "": ""}
DAYS = 90


@dataclass(frozen=True)
class Visit:
    """An event of the model: local times; `weeks` of a weekly series, 0 for a single visit."""

    uid: str
    client: str
    sitter: str
    start: datetime
    minutes: int
    weeks: int = 0
    left_out: frozenset[int] = frozenset()
    moved: tuple[tuple[int, int], ...] = ()
    is_cancelled: bool = False

    def parts(self) -> list[str]:
        """Its events in the calendar."""
        sitter = f" ({SITTERS[self.sitter]})" if self.sitter else ""
        values: dict[str, Any] = {
            "uid": self.uid, "summary": f"{CLIENTS[self.client]} - Walk{sitter}",
        }  # fmt: skip
        lines = ["STATUS:CANCELLED"] if self.is_cancelled else []
        if self.weeks:
            lines.append(f"RRULE:FREQ=WEEKLY;COUNT={self.weeks}")
        left_out = [self._at(week) for week in sorted(self.left_out)]
        lines += [f"EXDATE;TZID={PLACE}:{at:%Y%m%dT%H%M%S}" for at in left_out]
        found = [event(*lines, **values, **self._times(self.start))]
        for week, hours in self.moved:
            name = f"RECURRENCE-ID;TZID={PLACE}:{self._at(week):%Y%m%dT%H%M%S}"
            times = self._times(self._at(week) + timedelta(hours=hours))
            found.append(event(name, **values, **times))
        return found

    def bookings(self) -> dict[str, tuple[str, str, str, str]]:
        """Its bookings by ref: client, sitter, start and end."""
        found = {}
        moved = dict(self.moved)
        for week in range(max(self.weeks, 1)):
            if week in self.left_out:
                continue
            at = self._at(week)
            ref = f"{self.uid}/{_utc(at):%Y%m%dT%H%M%SZ}" if self.weeks else self.uid
            starts = at + timedelta(hours=moved.get(week, 0))
            ends = starts + timedelta(minutes=self.minutes)
            if NOW < _utc(starts) < NOW + timedelta(days=DAYS):
                found[ref] = (self.client, self.sitter, _iso(starts), _iso(ends))
        return found

    def _at(self, week: int) -> datetime:
        return self.start + timedelta(weeks=week)

    def _times(self, start: datetime) -> dict[str, str]:
        end = start + timedelta(minutes=self.minutes)
        return {"start": f"{start:%Y%m%dT%H%M%S}", "end": f"{end:%Y%m%dT%H%M%S}"}


def _utc(local: datetime) -> datetime:
    return local.replace(tzinfo=ZoneInfo(PLACE)).astimezone(UTC)


def _iso(local: datetime) -> str:
    return f"{_utc(local):%Y-%m-%dT%H:%M:%SZ}"


def new_visit(chance: random.Random, at: int) -> Visit:
    day = datetime.fromisoformat("2026-02-16T07:00") + timedelta(days=chance.randrange(60))
    return Visit(
        uid=f"v{at}@tool" if chance.random() < 0.7 else f"v{at}-" + "x" * 30,
        client=chance.choice(list(CLIENTS)),
        sitter=chance.choice(list(SITTERS)),
        start=day + timedelta(hours=chance.randrange(13)),
        minutes=chance.choice((30, 60)),
        weeks=chance.choice((0, 0, 2, 4)),
    )


def changed(chance: random.Random, visit: Visit) -> Visit | None:
    """The visit after one change; None if it is gone."""
    match chance.randrange(6):
        case 0:
            return None
        case 1:
            return replace(visit, is_cancelled=True)
        case 2 if visit.weeks:
            free = set(range(visit.weeks)) - visit.left_out - {week for week, _ in visit.moved}
            week = chance.choice(sorted(free)) if free else None
            gone = {week} if week is not None else set()
            return replace(visit, left_out=visit.left_out | gone)
        case 3 if visit.weeks:
            week = chance.choice([*range(visit.weeks)])
            if week in visit.left_out or week in dict(visit.moved):
                return visit
            return replace(visit, moved=(*visit.moved, (week, chance.choice((1, 2, 26)))))
        case 4 if not visit.weeks:
            return replace(visit, start=visit.start + timedelta(days=chance.choice((1, 3))))
        case _:
            sitter = chance.choice([each for each in SITTERS if each])
            return replace(visit, sitter=sitter)


@pytest.fixture
def company(sqlite_cli: Cli) -> Cli:
    sqlite_cli("org", "set", "--timezone", PLACE)
    for at, (ref, name) in enumerate(CLIENTS.items()):
        sqlite_cli("client", "add", name, "--phone", f"+1415555100{at}", "--ref", ref)
    for at, (ref, name) in enumerate(SITTERS.items()):
        if ref:
            sqlite_cli("sitter", "add", name, "--phone", f"+1415555200{at}", "--ref", ref)
    return sqlite_cli


def stored(cli: Cli) -> dict[str, tuple[Any, ...]]:
    rows = cli("booking", "list", "--all", "-o", "json").json
    return {
        row["booking"]: (row["status"], row["client"], row["sitter"], row["starts_at"],
                         row["ends_at"])
        for row in rows
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_the_bookings_are_what_the_calendar_says(company: Cli, seed: int) -> None:
    """What a change does not touch stays as it is, and importing twice changes nothing."""
    chance = random.Random(seed)
    visits = [new_visit(chance, at) for at in range(8)]
    expected: dict[str, tuple[Any, ...]] = {}
    for step in range(10):
        if step:
            at = chance.randrange(len(visits))
            after = changed(chance, visits[at])
            visits[at : at + 1] = [] if after is None else [after]
            visits.append(new_visit(chance, 8 + step))
        chance.shuffle(visits)
        content = calendar(*(part for each in visits for part in each.parts())).decode()
        told = {}
        for each in visits:
            told |= {} if each.is_cancelled else each.bookings()
        for ref in expected.keys() - told.keys():
            expected[ref] = ("cancelled", *expected[ref][1:])
        for ref, (client, sitter, starts, ends) in told.items():
            known = expected.get(ref)
            if known is None or known[0] != "cancelled":
                kept = known[2] if known is not None else None
                expected[ref] = ("pending", client, sitter or kept, starts, ends)
        for _ in range(2):
            ran = company("booking", "import", "-", "--yes", "-o", "json", stdin=content)
            assert ran.code == 0, (ran.err, ran.out)
            assert stored(company) == expected, (seed, step)
        assert {row["result"] for row in ran.json} <= {"unchanged"}
