"""What keeps a text from leaving now: the one copy of these rules. Standard library only, pure.

Queueing, claiming, previewing and showing all ask `find_blocks`. A final hold ends the text (it is
never sent); the others let it wait. Sources: the facts file (opt-out, quiet hours), spec section 7.
"""

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from petmsg.clock import zone
from petmsg.enums import BlockCode
from petmsg.errors import OutOfRange, quoted

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

FINAL = frozenset((BlockCode.OPTED_OUT, BlockCode.NOT_TEXTABLE, BlockCode.EXPIRED))
"""The holds after which a text never leaves. A blocked pair is for a person to decide."""

_QUIET_HOURS = r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])"
_DAY = 24 * 60 * 60
_STRIDE = timedelta(hours=1)
"""No zone changes its clocks twice within an hour."""
_SECOND = timedelta(seconds=1)


class QuietHours(NamedTuple):
    """Minutes of a local day, from the first until before the last; may pass midnight."""

    from_minute: int
    until_minute: int

    def __str__(self) -> str:
        """As a person writes them: `21:00-08:00`."""
        return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in self)


class SendBlockFacts(NamedTuple):
    """What is known of an org, a recipient and a text. Instants are aware UTC.

    `timezone` is the recipient's (or the org's). `opted_out_at` is since when any phone of the
    client has opted out; `not_textable_code` what the provider said of the phone it goes to;
    `is_their_phone` is False where the client has that phone no more;
    `blocked_code` is set where the carrier keeps the number that routing chose from this phone.
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


class SendBlock(NamedTuple):
    """One thing that stands in the way. `until` None: until somebody changes it."""

    code: BlockCode
    explanation: str
    until: datetime | None = None

    @property
    def final(self) -> bool:
        """Whether the text never leaves."""
        return self.code in FINAL


def find_blocks(facts: SendBlockFacts, at: datetime) -> tuple[SendBlock, ...]:
    """Everything that would keep the text from leaving at `at` (aware UTC), the gravest first."""
    found = []
    if not facts.is_their_phone:
        why = "The phone it was written to is not the client's any more"
        found.append(SendBlock(BlockCode.NOT_THEIR_PHONE, why))
    if facts.opted_out_at is not None:
        found.append(SendBlock(BlockCode.OPTED_OUT, "The client has opted out of texts"))
    if facts.not_textable_code is not None:
        found.append(
            SendBlock(
                BlockCode.NOT_TEXTABLE,
                f"The client's phone takes no texts (code {facts.not_textable_code})",
            )
        )
    if facts.expires_at is not None and facts.expires_at <= at:
        when = _local(facts.expires_at, facts.timezone)
        found.append(SendBlock(BlockCode.EXPIRED, f"It was to leave before {when}, or not at all"))
    if facts.blocked_code is not None:
        found.append(
            SendBlock(
                BlockCode.PAIR_BLOCKED,
                f"The carrier blocks texts from this number to this phone "
                f"(code {facts.blocked_code})",
            )
        )
    if freeze_stands(facts.frozen_at, facts.frozen_until, at):
        found.append(
            SendBlock(
                BlockCode.FROZEN,
                f"All sending is frozen: {facts.freeze_reason}",
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
    return tuple(found)


def _local(instant: datetime, timezone: str) -> str:
    """A time as the recipient's clock shows it, with the zone's short name."""
    return instant.astimezone(zone(timezone)).strftime("%Y-%m-%d %H:%M %Z")


def quiet_until(quiet: QuietHours, at: datetime, timezone: str) -> datetime | None:
    """When the quiet hours end that contain `at` (aware UTC), None outside of them.

    Half-open like a window: quiet at the first minute, no longer at the last. Where the clocks
    change, the end is the first instant at which the wall clock shows a time outside: one that
    skips the last minute ends them at once, and one that goes back before the first does too.
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
    """Whether nothing may be sent at `at`: a freeze whose end has come is over by itself."""
    return frozen_at is not None and (until is None or until > at)


def quiet_hours(from_minute: int | None, until_minute: int | None) -> QuietHours | None:
    """Quiet hours as they are stored: both minutes, or neither."""
    if from_minute is None or until_minute is None:
        return None
    return QuietHours(from_minute, until_minute)


_EXAMPLES = {"quiet hours": "21:00-08:00", "office hours": "09:00-17:00"}
_WHOLE_DAY = {
    "quiet hours": "To send nothing at all: petmsg org freeze --reason …",
    "office hours": "For an office that never closes: --office-hours off",
}


def parse_quiet_hours(text: str, *, name: str = "quiet hours") -> QuietHours | None:
    """Quiet hours, or other hours of that name, as a person writes them: `21:00-08:00`, or `off`
    for None. Raises `OutOfRange`.

    From the first minute until before the last, 24 hours, local time of the recipient.
    """
    written = text.strip()
    if written.lower() == "off":
        return None
    found = re.fullmatch(_QUIET_HOURS, written)
    if found is None:
        raise OutOfRange(
            f"{quoted(text)} are no {name}.", hint=f"Write {_EXAMPLES[name]} (24 hours), or off."
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
    """How long the quiet hours go on by this wall clock if nobody changes it; 0 outside of them."""
    first, last = (minute * 60 for minute in quiet)
    second = local.hour * 3600 + local.minute * 60 + local.second
    inside = first <= second < last if first < last else second >= first or second < last
    return (last - second) % _DAY if inside else 0


def _clock_change(place: "ZoneInfo", start: datetime, end: datetime) -> datetime | None:
    """The first instant after `start`, at most `end`, from which a zone's offset is another."""
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
