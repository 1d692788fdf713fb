"""Facts for routing tests, with everything boring filled in.

`T` is the instant most tests decide at. Ids 1.. are sitters' numbers, 11.. pool, 21.. desks; the
e164 follows from the id.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.orgs import PoolFor
from petmsg.enums.people import ClientKind
from petmsg.enums.routing import Code
from petmsg.rules.routing import Decision, Facts, NumberFact, PoolNumberFact, WindowFact

T = datetime(2026, 2, 14, 15, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
OF_DIRECT_TEXTS = {Code.OWN_NUMBER, Code.SAME_NUMBER, Code.NUMBER_NOT_USABLE, Code.RELAY_OFF}
"""Codes of messages outside any thread, which `tests.rules.routing.test_direct` is about."""
OF_PERSONS = {Code.DESK_SPEAKS, Code.OVERRIDE, Code.REPLY_FROM_SAME_NUMBER}
"""Codes of step 0: a person chose the number."""
OF_COUNTRIES = {Code.NUMBER_OTHER_COUNTRY}
"""Codes of orgs that have numbers of several countries."""
OF_PICTURES = {Code.NUMBER_WITHOUT_MMS}
"""Codes of messages with pictures, of which simulating says nothing."""


def e164(number_id: int) -> str:
    return f"+141555501{number_id:02d}"


def _number(number_id: int, number_class: NumberClass) -> NumberFact:
    return NumberFact(number_id, e164(number_id), number_class, NumberStatus.ACTIVE)


def sitter_number(number_id: int = 2) -> NumberFact:
    return _number(number_id, NumberClass.SITTER)


def pool_number(
    number_id: int = 11, *, last_used_at: datetime | None = None, own_threads: int = 0
) -> PoolNumberFact:
    return PoolNumberFact(_number(number_id, NumberClass.POOL), last_used_at, own_threads)


def desk_number(number_id: int = 21) -> NumberFact:
    return _number(number_id, NumberClass.FRONT_DESK)


def quarantined(number: NumberFact, until: datetime = T + DAY) -> NumberFact:
    return number._replace(status=NumberStatus.QUARANTINED, quarantined_until=until)


def retired(number: NumberFact) -> NumberFact:
    return number._replace(status=NumberStatus.RETIRED)


def pooled(number: NumberFact, **changes: Any) -> PoolNumberFact:
    return PoolNumberFact(number, **changes)


def window(**changes: Any) -> WindowFact:
    """Maya Lee's, from an hour before T, booked until an hour after, with an hour of grace."""
    maya = WindowFact(
        booking_id=1,
        booking="B-1",
        starts_at=T - HOUR,
        booked_until=T + HOUR,
        ends_at=T + 2 * HOUR,
        sitter="S-1",
        sitter_name="Maya Lee",
        sitter_active=True,
        number=sitter_number(),
    )
    return maya._replace(**changes)


def window_of_jo(**changes: Any) -> WindowFact:
    """A second booking at the very same time, with another sitter."""
    jo: dict[str, Any] = {
        "booking_id": 2,
        "booking": "B-2",
        "sitter": "S-2",
        "sitter_name": "Jo Park",
        "number": sitter_number(3),
    }
    return window(**(jo | changes))


def facts(**changes: Any) -> Facts:
    """A client without windows, one pool number and one front desk number."""
    plain = Facts(
        org="happy-paws",
        timezone="UTC",
        pool_for=PoolFor.ALL,
        pool_threads_per_number=None,
        client="C-1",
        client_kind=ClientKind.ONE_TIME,
        pool=(pool_number(),),
        desks=(desk_number(),),
    )
    return plain._replace(**changes)


def codes(decision: Decision) -> list[Code]:
    return [step.code for step in decision.trace]


def number_of(decision: Decision) -> str | None:
    return None if decision.number is None else decision.number.e164
