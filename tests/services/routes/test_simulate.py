"""Simulating a span: at every instant a segment says what `route explain --at` says of it.

The naive answer is the existing one: explaining again and again. Companies are made by chance
through the services, so that what is simulated has a past with everything in it.
"""

import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest

from petmsg.db.cursor import Cursor
from petmsg.db.location import locate
from petmsg.enums.routing import Code
from petmsg.queries.org import find_org
from petmsg.rules.routing import Decision
from petmsg.rules.routing.simulate import Segment
from petmsg.services.routes import explain
from petmsg.services.routes.simulate import check_span, simulate
from tests.rules.routing.builders import OF_COUNTRIES, OF_DIRECT_TEXTS, OF_PERSONS, OF_PICTURES
from tests.support.fixtures import NOW, looking
from tests.support.worlds import CLIENTS, World

TICK = timedelta(microseconds=1)
DAY = timedelta(days=1)
SEEDS = int(os.environ.get("PETMSG_SEEDS") or 6)


def told(decision: Decision) -> tuple[Any, ...]:
    """What of a Decision a segment holds, without its notes about the past."""
    last = decision.trace[-1]
    return (decision.number, decision.rule, last.code, decision.reason)


def told_by(segment: Segment) -> tuple[Any, ...]:
    return (segment.route.number, segment.route.rule, segment.route.code, segment.route.reason)


def gap_of(decision: Decision) -> Code | None:
    """The first thing that is wrong, read off the trace."""
    if decision.number is None:
        return decision.trace[-1].code
    missing = decision.trace[0].code
    fine = (Code.WINDOW_ACTIVE, Code.NO_ACTIVE_WINDOW, Code.OVERRIDE)
    return None if missing in fine else missing


def instants_in(segment: Segment, dice: random.Random, many: int) -> list[datetime]:
    length = segment.to_at - segment.from_at
    inside = [segment.from_at + dice.random() * length for _ in range(many)]
    return [segment.from_at, *inside, segment.to_at - TICK]


def by_client(segments: Iterator[Segment]) -> dict[str, list[Segment]]:
    return {
        client: list(each) for client, each in groupby(segments, key=lambda segment: segment.client)
    }


def hold(cursor: Cursor, world: World, start: datetime, end: datetime, many: int) -> Counter[Any]:
    """Every segment against explaining, at its start, inside, and just before its end."""
    org = find_org(cursor, None)
    span = check_span(start, end, now=world.now)
    found = by_client(simulate(cursor, org, span).segments)
    assert list(found) == list(CLIENTS)
    seen: Counter[Any] = Counter()
    for client, segments in found.items():
        assert (segments[0].from_at, segments[-1].to_at) == (start, end)
        for before, after in pairwise(segments):
            assert before.to_at == after.from_at
            assert told_by(before) != told_by(after), (client, after.from_at)
        for segment in segments:
            for at in instants_in(segment, world.random, many):
                explained = explain.explain(cursor, org, client, at=at, now=world.now).decision
                assert told_by(segment) == told(explained), (client, at, segment)
                assert segment.route.gap == gap_of(explained)
                seen.update(step.code for step in explained.trace)
            seen["segments"] += 1
    return seen


def compared(url: str, *, seed: int, steps: int) -> Counter[Any]:
    """A company's whole past and some days to come; cut in the middle; what is to come alone."""
    world = World(url, seed=seed)
    world.live(steps)
    middle = NOW + (world.now - NOW) * world.random.random()
    with looking(url) as cursor:
        seen = hold(cursor, world, NOW - timedelta(hours=1), world.now + 5 * DAY, 2)
        hold(cursor, world, middle, world.now, 1)
        hold(cursor, world, world.now, world.now + DAY, 1)
    return seen


RARE = {Code.SITTER_NUMBER_RETIRED, Code.SITTER_WITHOUT_NUMBER}
"""What the services hardly let happen; tests/rules/routing/test_simulate.py has all of it."""


def test_every_segment_agrees_with_explain(migrated_sqlite: str, tmp_path: Path) -> None:
    seen: Counter[Any] = Counter()
    empty = locate(migrated_sqlite).path
    assert empty is not None
    for seed in range(SEEDS):
        url = str(tmp_path / f"world-{seed}.db")
        shutil.copy(empty, url)
        seen += compared(url, seed=seed, steps=100)
    assert seen[Code.OVERRIDE]
    others = OF_DIRECT_TEXTS | OF_PICTURES | OF_PERSONS | OF_COUNTRIES
    assert {each for each in Code if not seen[each]} <= RARE | others, seen


@pytest.mark.parametrize("seed", [1])
def test_both_databases_give_the_same_segments(migrated_url: str, seed: int) -> None:
    assert compared(migrated_url, seed=seed, steps=60)["segments"] > 20
