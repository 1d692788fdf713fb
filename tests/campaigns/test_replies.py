"""Every message finds its thread and only its readers, in tens of thousands of steps of a company.

Each way in which such a program is usually wrong is put in on purpose, and has to be found.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from petmsg.enums.routing import InboundCode, InboundRule
from petmsg.queries import inbound as queries
from petmsg.rules.routing import inbound
from petmsg.rules.routing.inbound import InboundDecision, InboundFacts, InboundStep
from petmsg.rules.routing.quotes import Quotes
from tests.campaigns.replying import run_replies
from tests.support.fixtures import add_org

STEPS, SEED = 50_000, 4
READ = queries.read_inbound_facts


def test_no_text_is_lost_and_none_reaches_the_wrong_person(
    migrated_sqlite: str, capsys: pytest.CaptureFixture[str]
) -> None:
    add_org(migrated_sqlite)
    with capsys.disabled():
        done = run_replies(migrated_sqlite, steps=STEPS, first_seed=SEED)
    assert done >= STEPS


def test_the_same_on_both_databases(migrated_url: str) -> None:
    add_org(migrated_url)
    assert run_replies(migrated_url, steps=1_000, first_seed=SEED + 1) >= 900


# --------------------------------------------------------------------------- what must be found


def latest_holder(facts: InboundFacts, at: datetime) -> InboundDecision:
    """The rule of the systems that lose replies: whoever holds the number reads it."""
    usual = inbound.route_inbound(facts, at)
    if facts.holder is None or usual.client is None or facts.keyword is not None:
        return usual
    step = InboundStep(1, InboundRule.SITTER, "", True, InboundCode.WINDOW_ACTIVE, "")
    return usual._replace(
        addressed_to=facts.holder.sitter, code=InboundCode.WINDOW_ACTIVE, trace=(step,)
    )


def nothing(*_: object, **__: object) -> tuple[()]:
    return ()


Patch = Callable[[pytest.MonkeyPatch], None]
WRONG: dict[str, Patch] = {
    "the latest holder of the number": lambda patch: patch.setattr(
        "petmsg.services.inbound.receive.route_inbound", latest_holder
    ),
    "windows of cancelled bookings": lambda patch: patch.setattr(
        queries, "WINDOWS", queries.WINDOWS.replace("AND b.status = 'confirmed'", "")
    ),
    "a number in quarantine speaks": lambda patch: patch.setattr(
        inbound, "usable", lambda *_: True
    ),
    "words are passed on with the phones in them": lambda patch: patch.setattr(
        "petmsg.services.outbox.contact_details.find_contact_details", nothing
    ),
    "the last client is always meant": lambda patch: patch.setattr(
        "petmsg.rules.routing.relay.NOT_CERTAIN_WITHIN", timedelta(0)
    ),
    "what a message repeats does not matter": lambda patch: patch.setattr(
        "petmsg.rules.routing.relay.read_quotes", lambda *_: Quotes()
    ),
    "what did not arrive is nobody's": lambda patch: patch.setattr(
        "petmsg.services.inbox.add", nothing
    ),
    "old texts are passed on": lambda patch: patch.setattr(
        "petmsg.services.inbound.receive.STALE_AFTER", timedelta(days=30)
    ),
    "today's windows for yesterday's texts": lambda patch: patch.setattr(
        "petmsg.services.inbound.receive.read_inbound_facts", _as_of_now
    ),
}


def _as_of_now(*arguments: object, **named: object) -> object:
    return READ(*arguments, **{**named, "past": False})  # type: ignore[arg-type]  # because it hands on whatever it was given


@pytest.mark.parametrize("mistake", WRONG)
def test_a_mistake_is_found(
    migrated_sqlite: str, monkeypatch: pytest.MonkeyPatch, mistake: str
) -> None:
    add_org(migrated_sqlite)
    WRONG[mistake](monkeypatch)
    with pytest.raises((AssertionError, BaseExceptionGroup)):
        run_replies(migrated_sqlite, steps=20_000, first_seed=SEED, shrink=False)
