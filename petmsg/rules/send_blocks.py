"""Send blocks: what prevents a message from being sent now. Standard library only, pure.

Queueing, claiming, previewing and showing all call `find_blocks`; there is no second copy of these
rules. A terminal block ends the message (it is never sent); the others let it wait. Sources: the
carriers' opt-out rules, and the quiet hours of the TCPA (47 CFR 64.1200(c)(1)).
"""

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from petmsg.clock import zone
from petmsg.enums.messages import BlockCode
from petmsg.errors import OutOfRange, quoted

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

FINAL = frozenset((BlockCode.OPTED_OUT, BlockCode.NOT_SMS_CAPABLE, BlockCode.EXPIRED))
"""The blocks after which a message is never sent. After a blocked pair, a person decides."""

_QUIET_HOURS = r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])"
_DAY = 24 * 60 * 60
_STRIDE = timedelta(hours=1)
"""No time zone changes its clocks twice within an hour."""
_SECOND = timedelta(seconds=1)


class QuietHours(NamedTuple):
    """Minutes of a local day, half-open; may pass midnight."""

    from_minute: int
    until_minute: int

    def __str__(self) -> str:
        """Return them as a person writes them: `21:00-08:00`."""
        return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in self)


class SendBlockFacts(NamedTuple):
    """Facts about an org, a recipient and a message. Instants are aware UTC.

    `timezone` is the recipient's (or the org's). `recipient` is what they are, as in "the client
    has opted out". `opted_out_at` is since when any phone of the client has been opted out.
    `not_textable_code` is what the provider reported about the recipient's phone. `is_their_phone`
    is False if the phone no longer belongs to the client. `blocked_code` is set if the carrier
    blocks the chosen number for this phone. `media_pending` says that petmsg does not have all
    pictures of the message yet, `no_public_url` that the provider could not fetch them, because
    this process knows no public URL.
    """

    timezone: str
    quiet_hours: QuietHours | None = None
    frozen_at: datetime | None = None
    frozen_until: datetime | None = None
    freeze_reason: str | None = None
    opted_out_at: datetime | None = None
    not_textable_code: str | None = None
    blocked_code: str | None = None
    send_at: datetime | None = None
    expires_at: datetime | None = None
    urgent: bool = False
    is_their_phone: bool = True
    media_pending: bool = False
    no_public_url: bool = False
    recipient: str = "client"


class SendBlock(NamedTuple):
    """One reason why a message is not sent. `until` is None if only a person can end it."""

    code: BlockCode
    explanation: str
    until: datetime | None = None

    @property
    def final(self) -> bool:
        """Whether the message is never sent."""
        return self.code in FINAL


def find_blocks(facts: SendBlockFacts, at: datetime) -> tuple[SendBlock, ...]:
    """Return everything that blocks the message at `at` (aware UTC), the most severe first."""
    found = []
    if not facts.is_their_phone:
        why = "The phone it was written to no longer belongs to the client"
        found.append(SendBlock(BlockCode.NOT_THEIR_PHONE, why))
    if facts.opted_out_at is not None:
        why = f"The {facts.recipient} has opted out of messages"
        found.append(SendBlock(BlockCode.OPTED_OUT, why))
    if facts.not_textable_code is not None:
        found.append(
            SendBlock(
                BlockCode.NOT_SMS_CAPABLE,
                f"The client's phone cannot receive SMS (code {facts.not_textable_code})",
            )
        )
    if facts.expires_at is not None and facts.expires_at <= at:
        when = _local(facts.expires_at, facts.timezone)
        found.append(SendBlock(BlockCode.EXPIRED, f"It expired at {when}"))
    if facts.blocked_code is not None:
        found.append(
            SendBlock(
                BlockCode.PAIR_BLOCKED,
                "The carrier blocks messages from this number to this phone (code "
                f"{facts.blocked_code})",
            )
        )
    if freeze_stands(facts.frozen_at, facts.frozen_until, at):
        found.append(
            SendBlock(
                BlockCode.FROZEN,
                f"All sending is paused: {facts.freeze_reason}",
                facts.frozen_until,
            )
        )
    if facts.send_at is not None and facts.send_at > at:
        when = _local(facts.send_at, facts.timezone)
        found.append(SendBlock(BlockCode.SCHEDULED, f"It is scheduled for {when}", facts.send_at))
    if facts.quiet_hours is not None and not facts.urgent:
        until = quiet_until(facts.quiet_hours, at, facts.timezone)
        if until is not None:
            when = _local(until, facts.timezone)
            found.append(SendBlock(BlockCode.QUIET_HOURS, f"Quiet hours until {when}", until))
    return (*found, *media_blocks(facts))


def media_blocks(facts: SendBlockFacts) -> tuple[SendBlock, ...]:
    """Return what blocks the message because of its pictures."""
    found = []
    if facts.media_pending:
        why = "Its pictures have not been fetched yet"
        found.append(SendBlock(BlockCode.MEDIA_PENDING, why))
    if facts.no_public_url:
        why = "PETMSG_PUBLIC_URL is not set, so the provider cannot fetch its pictures"
        found.append(SendBlock(BlockCode.NO_PUBLIC_URL, why))
    return tuple(found)


def _local(instant: datetime, timezone: str) -> str:
    """Return a time as the recipient's clock shows it, with the zone's short name."""
    return instant.astimezone(zone(timezone)).strftime("%Y-%m-%d %H:%M %Z")


def quiet_until(quiet: QuietHours, at: datetime, timezone: str) -> datetime | None:
    """Return when the quiet hours end that contain `at` (aware UTC); None outside of them.

    Half-open like a window: quiet at the first minute, no longer at the last. If the clocks change,
    the end is the first instant at which the wall clock shows a time outside. A clock that skips
    the last minute ends them at once, and so does one that goes back before the first.
    """
    place = zone(timezone)
    moment = at.replace(microsecond=0)
    while True:
        local = moment.astimezone(place)
        left = _quiet_seconds(quiet, local)
        if not left:
            return moment if moment > at else None
        end = moment + timedelta(seconds=left)
        moment = _clock_change(place, moment, end) or end


def freeze_stands(frozen_at: datetime | None, until: datetime | None, at: datetime) -> bool:
    """Whether a freeze forbids sending at `at`: a freeze ends at its end time without any
    action."""
    return frozen_at is not None and (until is None or until > at)


def quiet_hours(from_minute: int | None, until_minute: int | None) -> QuietHours | None:
    """Return quiet hours as they are stored: both minutes, or neither."""
    if from_minute is None or until_minute is None:
        return None
    return QuietHours(from_minute, until_minute)


_EXAMPLES = {
    "quiet hours": "21:00-08:00",
    "office hours": "09:00-17:00",
    "hours of all-day events": "08:00-20:00",
}
_WHOLE_DAY = {
    "quiet hours": "To pause all sending: petmsg org freeze --reason …",
    "office hours": "For an office that is always open: --office-hours off",
    "hours of all-day events": "For a night: --all-day 20:00-08:00",
}


def parse_quiet_hours(text: str, *, name: str = "quiet hours") -> QuietHours | None:
    """Return quiet hours (or the hours called `name`) as a person writes them: `21:00-08:00`, or
    `off` for None.

    They are half-open, in 24-hour local time of the recipient. Raises `OutOfRange`.
    """
    written = text.strip()
    if written.lower() == "off":
        return None
    found = re.fullmatch(_QUIET_HOURS, written)
    if found is None:
        raise OutOfRange(
            f"Invalid {name} {quoted(text)}.", hint=f"Write {_EXAMPLES[name]} (24 hours), or off."
        )
    first_hour, first, last_hour, last = map(int, found.groups())
    quiet = QuietHours(first_hour * 60 + first, last_hour * 60 + last)
    if quiet.from_minute == quiet.until_minute:
        raise OutOfRange(
            f"{name.capitalize()} cannot end when they begin.",
            hint=_WHOLE_DAY[name],
        )
    return quiet


def _quiet_seconds(quiet: QuietHours, local: datetime) -> int:
    """Return how many seconds of quiet hours remain by this wall clock if no clock change comes; 0
    outside of them."""
    first, last = (minute * 60 for minute in quiet)
    second = local.hour * 3600 + local.minute * 60 + local.second
    inside = first <= second < last if first < last else second >= first or second < last
    return (last - second) % _DAY if inside else 0


def _clock_change(place: "ZoneInfo", start: datetime, end: datetime) -> datetime | None:
    """Return the first instant after `start`, at most `end`, from which the zone has another
    offset."""
    offset = start.astimezone(place).utcoffset()
    before = start
    while before < end:
        after = min(before + _STRIDE, end)
        if after.astimezone(place).utcoffset() != offset:
            while after - before > _SECOND:
                middle = before + (after - before) // _SECOND // 2 * _SECOND
                if middle.astimezone(place).utcoffset() == offset:
                    before = middle
                else:
                    after = middle
            return after
        before = after
    return None
