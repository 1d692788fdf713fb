"""Private means private: what a client answers to the front desk reaches no sitter's phone.

Histories are made by chance: visits, overrides, messages of the company, of the front desk and of
sitters, numbers that change their class and holder, late answers, answers with pictures. A world of
its own (`tests.support.private_worlds`) knows who may read each answer.
"""

from pathlib import Path

import pytest

from petmsg.db import migrate
from petmsg.db.location import locate
from petmsg.queries import inbound
from petmsg.services.outbox import system_messages
from tests.support.consistency import problems
from tests.support.fixtures import NOW
from tests.support.private_worlds import PrivateWorld

SEEDS = (1, 2)
STEPS = 90


def lived(url: str, seed: int, steps: int = STEPS) -> PrivateWorld:
    world = PrivateWorld(url, seed=seed)
    world.live(steps)
    return world


@pytest.mark.parametrize("seed", SEEDS)
def test_an_answer_to_the_front_desk_reaches_no_sitters_phone(migrated_url: str, seed: int) -> None:
    world = lived(migrated_url, seed)
    assert world.leaks == []
    assert world.missed == []
    assert problems(migrated_url) == []
    assert world.judged["private"] >= 10, world.judged
    assert world.judged["sitters"] >= 1, world.judged


@pytest.mark.parametrize("fault", ["the last message", "overrides", "what waits"])
def test_a_missing_rule_would_be_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Negative control: without each of the rules some answer reaches a sitter's phone."""
    read = system_messages.forward_fact
    if fault == "the last message":
        monkeypatch.setattr(inbound, "_may_answer_the_company", lambda _: False)
    elif fault == "overrides":
        monkeypatch.setattr(inbound, "holding_overrides", lambda *_: {})
    if fault != "the last message":
        monkeypatch.setattr(
            system_messages,
            "forward_fact",
            lambda *args, **names: read(*args, **names)._replace(overridden=False),
        )
    for seed in range(1, 9):
        url = locate(str(tmp_path / f"world-{seed}.db")).url
        migrate.upgrade(url, actor="test", now=NOW, create=True)
        if lived(url, seed).leaks:
            return
    pytest.fail("no history has such an answer")
