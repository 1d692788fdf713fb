"""Phone calls keep their promises in any history, through the handlers of `petmsg serve`.

Two companies live by chance: visits, messages, quarantines, renumbering, offboarding, overrides,
STOP, the relay on and off. Calls come from clients, sitters, strangers and withheld phones; people
react by chance; requests come twice, late and in another order, and the world goes on meanwhile. A
world of its own (`tests.support.calling_worlds`) knows whom each call may ring.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from petmsg.db import migrate
from petmsg.db.location import locate
from petmsg.enums.calls import RingTarget
from petmsg.providers import spoken_words, twilio_voice
from petmsg.queries import call_facts, inbound
from petmsg.rules.routing import call as call_rules
from petmsg.services.calls import arrive, end, next_plan, ring
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.web import voice_route
from tests.support.calling_worlds import CLIENT_PHONES, STRANGER, CallingWorld
from tests.support.consistency import problems
from tests.support.fixtures import NOW

SEEDS = (1, 2)
STEPS = 40
ANN = CLIENT_PHONES["C-1"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_call_rings_nobody_else_and_shows_no_phone(migrated_url: str, seed: int) -> None:
    world = CallingWorld(migrated_url, seed=seed)
    world.live(STEPS)
    assert world.wrong == []
    assert problems(migrated_url) == []
    kinds = {"front_desk's", "sitter's", "client's", "rejected"}
    assert kinds <= set(world.judged), world.judged


# ----------------------------------------------------------------------------- planted mistakes

Plant = Callable[[pytest.MonkeyPatch], None]


def _shows_any_number(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(call_rules, "usable", lambda *_: True)
    patch.setattr(next_plan, "number_to_show", lambda *words, **_: words[2])


def _shows_the_caller(patch: pytest.MonkeyPatch) -> None:
    dial = next_plan._dial

    def planted(uow: UnitOfWork, call: Any, ring: Any, place: int) -> Any:
        made = dial(uow, call, ring, place)
        return made and made._replace(caller_id=call.from_phone or made.caller_id)

    patch.setattr(next_plan, "_dial", planted)


def _speaks_the_phone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ring, "_caller_name", lambda call: call.from_phone)
    patch.setattr(spoken_words, "_speakable", lambda text, *_: text)


def _rings_anybody(patch: pytest.MonkeyPatch) -> None:
    phone_of = next_plan._phone_of

    def planted(uow: UnitOfWork, ring: Any) -> str | None:
        return STRANGER if ring.target is RingTarget.FRONT_DESK else phone_of(uow, ring)

    patch.setattr(next_plan, "_phone_of", planted)


def _counts_no_calls(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(call_facts, "_calls_before", lambda *_: 0)


def _forgets_who_wrote(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(inbound, "_may_answer_the_company", lambda _: False)


def _forgets_overrides(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(inbound, "holding_overrides", lambda *_: {})


def _keeps_the_phone_in_the_decision(patch: pytest.MonkeyPatch) -> None:
    as_stored = arrive.as_stored
    patch.setattr(
        arrive,
        "as_stored",
        lambda decision: as_stored(decision).replace("{", f'{{"by": "{ANN}",', 1),
    )


def _audits_the_phone(patch: pytest.MonkeyPatch) -> None:
    audit = UnitOfWork.audit

    def planted(self: UnitOfWork, event: str, *words: Any, **how: Any) -> None:
        audit(self, event, *words, **{**how, "reason": ANN if event == "call.received" else None})

    patch.setattr(UnitOfWork, "audit", planted)


def _logs_the_phone(patch: pytest.MonkeyPatch) -> None:
    respond = voice_route.respond
    patch.setattr(
        voice_route,
        "respond",
        lambda request, status, _, **how: respond(request, status, ANN, **how),
    )


def _records(patch: pytest.MonkeyPatch) -> None:
    dial = twilio_voice._dial

    def planted(response: Any, plan: Any, start: str) -> None:
        dial(response, plan, start)
        response.verbs[-1].attrs["record"] = "record-from-answer"

    patch.setattr(twilio_voice, "_dial", planted)


def _ends_again(patch: pytest.MonkeyPatch) -> None:
    store_end = end.store_end

    def planted(cursor: Any, call_id: int, *, status: str, now: Any) -> bool:
        cursor.run(
            "UPDATE call SET ended_at = :now WHERE id = :id AND ended_at IS NOT NULL",
            now=now,
            id=call_id,
        )
        return store_end(cursor, call_id, status=status, now=now)

    patch.setattr(end, "store_end", planted)


@pytest.mark.parametrize(
    "plant",
    [
        _shows_any_number, _shows_the_caller, _speaks_the_phone, _rings_anybody, _counts_no_calls,
        _forgets_who_wrote, _forgets_overrides, _keeps_the_phone_in_the_decision,
        _audits_the_phone, _logs_the_phone, _records, _ends_again,
    ],
)  # fmt: skip
def test_a_planted_mistake_would_be_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: Plant
) -> None:
    plant(monkeypatch)
    for seed in range(1, 7):
        url = locate(str(tmp_path / f"world-{seed}.db")).url
        migrate.upgrade(url, actor="test", now=NOW, create=True)
        world = CallingWorld(url, seed=seed)
        world.live(STEPS, until_wrong=True)
        if world.wrong:
            return
    pytest.fail("no history shows the mistake")
