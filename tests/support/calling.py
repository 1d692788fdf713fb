"""Calls as a provider tells of them, for the company of `tests.support.texting`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from petmsg.enums.calls import CallStatus
from petmsg.enums.orgs import ProviderName
from petmsg.providers.call_events import (
    CallArrived,
    CallEnded,
    CallEvent,
    RingAnswered,
    RingEnded,
    VoicemailLeft,
)
from petmsg.workflows.store_calls import store_calls
from petmsg.workflows.webhook_outcome import Outcome
from tests.support.fixtures import NOW, Cli, copied, looking
from tests.support.texting import ANN, MAYA, people_and_visit
from tests.workflows.worker.stores import TestStore

DESK_PHONE = "+14155550190"
MAYAS_OWN = "+14155552001"
CALL = "CA" + "0" * 32
RECORDING = "RE" + "0" * 32


@copied
def company(cli: Cli, *settings: str) -> None:
    """A visit of S-1 with C-1 that runs now, and how the company takes calls."""
    people_and_visit(cli)
    assert cli("org", "set", "--desk-phone", DESK_PHONE, "--voicemail", "on").code == 0
    if settings:
        assert cli("org", "set", *settings).code == 0


def tell(url: str, *events: CallEvent, now: datetime = NOW) -> list[Outcome]:
    """Store these events in one batch."""
    store = TestStore(url, now=now)
    try:
        return store_calls(store, events, provider=ProviderName.TWILIO)
    finally:
        store.close()


def plan(url: str, event: CallEvent, *, now: datetime = NOW) -> Any:
    """What happens next after an event that was stored."""
    (outcome,) = tell(url, event, now=now)
    assert outcome.status == 200, outcome
    return outcome.plan


def arrived(call: str = CALL, *, sender: str | None = ANN, to: str = MAYA) -> CallArrived:
    return CallArrived(call, sender, to)


def picked_up(ring: int = 0, key: str | None = None, *, call: str = CALL) -> RingAnswered:
    return RingAnswered(call, ring, key)


def rang(
    ring: int = 0, status: CallStatus = CallStatus.NO_ANSWER, *, call: str = CALL
) -> RingEnded:
    return RingEnded(call, ring, status)


def ended(
    seconds: int | None = 30,
    status: CallStatus = CallStatus.COMPLETED,
    *,
    call: str = CALL,
    sender: str | None = ANN,
    to: str | None = MAYA,
) -> CallEnded:
    return CallEnded(call, status, seconds, sender, to)


def left(
    seconds: int | None = 23, recording: str = RECORDING, *, call: str = CALL
) -> VoicemailLeft:
    return VoicemailLeft(call, recording, seconds)


def calls(url: str, columns: str) -> list[tuple[Any, ...]]:
    """These columns of the stored calls, the oldest first."""
    return table(url, f"SELECT {columns} FROM call ORDER BY id")


def table(url: str, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with looking(url) as cursor:
        return [tuple(row) for row in cursor.tuples(sql)]


def words(outcomes: Sequence[Outcome]) -> list[tuple[int, str]]:
    return [(each.status, each.word) for each in outcomes]
