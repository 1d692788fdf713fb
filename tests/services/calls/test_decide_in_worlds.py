"""Who is rung in companies with a past that was made by chance (`tests.support.asked_worlds`)."""

from datetime import timedelta
from pathlib import Path

import pytest

from petmsg.db import migrate
from petmsg.db.location import locate
from tests.support.asked_worlds import AskedWorld
from tests.support.fixtures import NOW

OFTEN = (
    "SITTER_RINGS", "CLIENT_RINGS", "SITTER_CHOOSES", "NO_OPEN_WINDOW", "KNOWN_SITTER",
    "UNKNOWN_SENDER", "NO_ACTIVE_WINDOW", "OVERRIDE", "FORMER_NUMBER", "OWN_NUMBER_CALLS",
    "POOL_OR_DESK_NUMBER",
)  # fmt: skip


def called(url: str, *, seed: int, times: int) -> AskedWorld:
    """A world that was lived in, and whose numbers were called all the while."""
    world = AskedWorld(url, seed=seed)
    for _ in range(5):
        world.live(8)
        world.visit()
        world.mute()
        world.call(times)
    return world


def test_calls_ring_nobody_who_may_not_be_rung(migrated_url: str) -> None:
    world = called(migrated_url, seed=1, times=60)
    assert world.faults == []
    assert [code for code in OFTEN if not world.codes[code]] == [], world.codes


@pytest.mark.parametrize("seed", range(2, 12))
def test_nor_in_many_worlds(tmp_path: Path, seed: int) -> None:
    url = locate(str(tmp_path / "world.db")).url
    migrate.upgrade(url, actor="test", now=NOW, create=True)
    assert called(url, seed=seed, times=200).faults == []


def test_the_past_is_explained_as_it_was_decided_then(migrated_url: str) -> None:
    world = AskedWorld(migrated_url, seed=5)
    world.live(25)
    for _ in range(8):
        world.now += timedelta(minutes=10)  # windows are today's: none may reach back
        world.visit()
        world.change_numbers(2)
        world.call(12, remember=True)
    world.tick()
    assert world.recall() > 60
    assert world.faults == []
