"""The front desk's phone of every org, for calls that come while the database does not answer."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.orgs import ProviderName
from petmsg.rules.desk_line import DeskLine
from petmsg.rules.routing.decide import usable
from petmsg.rules.send_blocks import quiet_hours

_NUMBERS = """
SELECT n.org_id, n.e164, n.class AS number_class, n.status, n.quarantined_until, n.voice,
       o.name AS company, o.desk_phone, o.ring_seconds, o.open_from_minute, o.open_until_minute,
       o.timezone, o.calls_per_hour, o.provider, o.twilio_account
FROM message_number AS n JOIN org AS o ON o.id = n.org_id
WHERE o.removed_at IS NULL
ORDER BY n.org_id, n.id
"""


class _Number(NamedTuple):
    org_id: int
    e164: str
    number_class: NumberClass
    status: NumberStatus
    quarantined_until: datetime | None
    voice: bool | None
    company: str
    desk_phone: str | None
    ring_seconds: int
    open_from_minute: int | None
    open_until_minute: int | None
    timezone: str
    calls_per_hour: int
    provider: ProviderName
    twilio_account: str | None


def desk_lines(cursor: Cursor, at: datetime) -> dict[str, DeskLine | None]:
    """The front desk of each number's org, by number, at `at` (aware UTC). A retired number has
    none: its value is None.

    It shows the number that was called, else the org's front desk number, else another one: each
    only if it is usable and not known to be without voice.
    """
    found: dict[str, DeskLine | None] = {}
    for _, several in groupby(cursor.all(_Number, _NUMBERS), key=lambda each: each.org_id):
        numbers = list(several)
        shown = [each.e164 for each in _first_desk(numbers) if _can_show(each, at)]
        for number in numbers:
            found[number.e164] = (
                None
                if number.status == NumberStatus.RETIRED
                else _line(number, number.e164 if number.e164 in shown else next(iter(shown), None))
            )
    return found


def _first_desk(numbers: Sequence[_Number]) -> Iterator[_Number]:
    """The front desk numbers before the others; an active one first."""
    return iter(
        sorted(
            numbers,
            key=lambda each: (
                each.number_class != NumberClass.FRONT_DESK,
                each.status != NumberStatus.ACTIVE,
            ),
        )
    )


def _can_show(number: _Number, at: datetime) -> bool:
    has_voice = number.voice is None or bool(number.voice)
    return has_voice and usable(number._replace(status=NumberStatus(number.status)), at)


def _line(number: _Number, caller_id: str | None) -> DeskLine:
    return DeskLine(
        org_id=number.org_id,
        company=number.company,
        phone=number.desk_phone,
        caller_id=caller_id,
        seconds=number.ring_seconds,
        office=quiet_hours(number.open_from_minute, number.open_until_minute),
        timezone=number.timezone,
        calls_per_hour=number.calls_per_hour,
        account=number.twilio_account,
        has_account=number.provider == ProviderName.TWILIO,
    )
