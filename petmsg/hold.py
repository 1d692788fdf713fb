"""What keeps a text from leaving now: the one copy of these rules. Standard library only, pure.

Queueing, claiming, previewing and showing all ask `holds`. A final hold ends the text (it is never
sent); the others let it wait. Sources: the facts file (opt-out, quiet hours), spec section 7.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from petmsg.clock import clock_local, zone
from petmsg.enums import HoldCode

FINAL = frozenset((HoldCode.OPTED_OUT, HoldCode.NOT_TEXTABLE, HoldCode.EXPIRED))
"""The holds after which a text never leaves. A blocked pair is for a person to decide."""


class QuietHours(NamedTuple):
    """Minutes of a local day, from the first until before the last; may pass midnight."""

    from_minute: int
    until_minute: int


class HoldFacts(NamedTuple):
    """What is known of an org, a recipient and a text. Instants are aware UTC.

    `timezone` is the recipient's (or the org's). `opted_out_at` is since when any phone of the
    client has opted out; `not_textable_code` what the provider said of the phone it goes to;
    `blocked_code` is set where the carrier keeps the number that routing chose from this phone.
    """

    timezone: str
    quiet_hours: QuietHours | None = None
    frozen: bool = False
    frozen_until: datetime | None = None
    freeze_reason: str | None = None
    opted_out_at: datetime | None = None
    not_textable_code: str | None = None
    blocked_code: str | None = None
    send_at: datetime | None = None
    expires_at: datetime | None = None
    urgent: bool = False


class Hold(NamedTuple):
    """One thing that stands in the way. `until` None: until somebody changes it."""

    code: HoldCode
    explanation: str
    until: datetime | None = None

    @property
    def final(self) -> bool:
        """Whether the text never leaves."""
        return self.code in FINAL


def holds(facts: HoldFacts, at: datetime) -> tuple[Hold, ...]:
    """Everything that would keep the text from leaving at `at` (aware UTC), the gravest first."""
    found = []
    if facts.opted_out_at is not None:
        found.append(Hold(HoldCode.OPTED_OUT, "The client has opted out of texts"))
    if facts.not_textable_code is not None:
        found.append(
            Hold(
                HoldCode.NOT_TEXTABLE,
                f"The client's phone takes no texts (code {facts.not_textable_code})",
            )
        )
    if facts.expires_at is not None and facts.expires_at <= at:
        when = clock_local(facts.expires_at, facts.timezone)
        found.append(Hold(HoldCode.EXPIRED, f"It was not to leave after {when}"))
    if facts.blocked_code is not None:
        found.append(
            Hold(
                HoldCode.PAIR_BLOCKED,
                f"The carrier blocks texts from this number to this phone "
                f"(code {facts.blocked_code})",
            )
        )
    if facts.frozen and (facts.frozen_until is None or facts.frozen_until > at):
        found.append(
            Hold(
                HoldCode.FROZEN,
                f"All sending is frozen: {facts.freeze_reason}",
                facts.frozen_until,
            )
        )
    if facts.send_at is not None and facts.send_at > at:
        found.append(Hold(HoldCode.SCHEDULED, "It is scheduled for later", facts.send_at))
    if facts.quiet_hours is not None and not facts.urgent:
        until = quiet_until(facts.quiet_hours, at, facts.timezone)
        if until is not None:
            local = clock_local(until, facts.timezone)
            found.append(Hold(HoldCode.QUIET_HOURS, f"Quiet hours until {local}", until))
    return tuple(found)


def quiet_until(quiet: QuietHours, at: datetime, timezone: str) -> datetime | None:
    """When the quiet hours end that contain `at` (aware UTC), None outside of them.

    Half-open like a window: quiet at the first minute, no longer at the last. Where the clocks
    change, the end is when the wall clock first shows it.
    """
    place = zone(timezone)
    local = at.astimezone(place)
    minute = local.hour * 60 + local.minute
    first, last = quiet
    inside = first <= minute < last if first < last else minute >= first or minute < last
    if not inside:
        return None
    day = local.date() + timedelta(days=1 if first > last and minute >= first else 0)
    midnight = datetime(day.year, day.month, day.day, tzinfo=place)
    end = midnight.replace(hour=last // 60, minute=last % 60)
    # A wall clock that skips `last` shows it never: arithmetic then gives the moment after the gap.
    return end.astimezone(zone("UTC")).replace(tzinfo=at.tzinfo)
