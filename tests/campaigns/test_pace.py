"""A number starts no more segments a second than it may, however many workers share it.

Measured where it counts: when requests reach the provider. Workers share nothing but the database,
so processes stand for machines. A message whose number was idle starts as late after its claim as
the claim takes to be committed, so the next one may follow it sooner by that: a tenth of a second,
more on a busy machine. It does not add up: over any stretch no more than `LATE` is won.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from itertools import combinations
from typing import Any

import pytest

from tests.campaigns.processes import DESK, dispatching, one_number, queue, states
from tests.support.consistency import raw
from tests.support.fixtures import looking
from tests.support.twilio_process import running_fake

PER_SECOND = 5.0
PROCESSES = 3
LATE = 0.75
PHONES = [f"+120255501{i:02}" for i in range(12)]
TEXTS = 36

pytestmark = pytest.mark.slow


def won(texts: Sequence[dict[str, Any]], per_second: float) -> float:
    """By how many seconds any stretch of a number's messages was faster than it may be."""
    texts = sorted(texts, key=lambda text: text["arrived"])
    ends, busy = [0.0], 0.0
    for text in texts:
        busy += text["segments"] / per_second
        ends.append(busy)
    fastest: float = max(
        ends[last] - ends[first] - (texts[last]["arrived"] - texts[first]["arrived"])
        for first, last in combinations(range(len(texts)), 2)
    )
    return fastest


def test_workers_that_share_a_number_keep_its_pace_together(migrated_url: str) -> None:
    one_number(migrated_url, PHONES)
    with raw(migrated_url) as cursor:
        cursor.run("UPDATE message_number SET segments_per_second = :rate", rate=PER_SECOND)
    for i in range(TEXTS):
        words = "a long walk " * (15 if i % 6 == 5 else 1)
        queue(migrated_url, f"C-{i % len(PHONES)}", f"Text {i}: {words}")
    with running_fake(any_number=True, latency_seconds=0.15) as fake, ExitStack() as stack:
        running = [
            stack.enter_context(dispatching(migrated_url, fake, "--workers", "4"))
            for _ in range(PROCESSES)
        ]
        for process in running:
            _, err = process.communicate(timeout=90)
            assert process.returncode == 0, err
        accepted = fake.accepted()
    assert states(migrated_url) == ["sent"] * TEXTS
    assert {text["from"] for text in accepted} == {DESK}
    assert {text["segments"] for text in accepted} == {1, 2}
    with looking(migrated_url) as cursor:
        workers = cursor.value("SELECT count(DISTINCT worker) FROM message_attempt")
    assert workers > 1, "one of them was alone: this says nothing"
    fastest = won(accepted, PER_SECOND)
    print(f"{workers} workers; at the worst {fastest * 1000:.0f} ms faster than allowed")
    assert fastest < LATE


def test_a_pace_that_each_worker_kept_alone_would_be_noticed() -> None:
    """Negative control: two workers, each at the full rate."""
    two = [
        {"arrived": at / PER_SECOND + worker / 10, "segments": 1}
        for at in range(18)
        for worker in range(2)
    ]
    assert won(two, PER_SECOND) > 3 * LATE
    one = [{"arrived": at / PER_SECOND, "segments": 1} for at in range(36)]
    assert won(one, PER_SECOND) < 0.001
