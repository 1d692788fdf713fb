"""Every change of every zone's clocks: what somebody writes near it is exact, or refused.

`python -m tests.campaigns.zones` looks at each change from 1970 (petmsg takes none before) to 2037
of all zones that this machine knows, and prints a verdict. Each instant near a change is also shown
as petmsg shows it and read again. `--control` reads a time that happens twice as the first of the
two and shows it with the offset of the first, both of which must be found.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

from petmsg.clock import iso_local, local_to_utc, parse_instant
from petmsg.errors import AmbiguousTime, MalformedTime, NonexistentTime

ZONES = sorted(available_timezones())
NEAR = [
    timedelta(0),
    *(
        sign * step
        for sign in (1, -1)
        for step in (
            timedelta(microseconds=1),
            timedelta(seconds=1),
            timedelta(minutes=29),
            timedelta(minutes=30),
            timedelta(minutes=59, seconds=59, microseconds=999_999),
            timedelta(hours=1),
            timedelta(hours=1, microseconds=1),
            timedelta(hours=3),
            timedelta(hours=24),
        )
    ),
]
Reading = Callable[[datetime, str], datetime]
Showing = Callable[[datetime, str], str]


@lru_cache(maxsize=256)
def transitions(key: str, year: int) -> tuple[datetime, ...]:
    """The first instants of a new offset in that year, found by looking day by day."""
    place = ZoneInfo(key)
    days = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=n) for n in range(367)]
    found = []
    for before, after in pairwise(days):
        low, high = before, after
        if low.astimezone(place).utcoffset() == high.astimezone(place).utcoffset():
            continue
        while high - low > timedelta(microseconds=1):
            middle = low + (high - low) // 2
            if middle.astimezone(place).utcoffset() == before.astimezone(place).utcoffset():
                low = middle
            else:
                high = middle
        found.append(high)
    return tuple(found)


def instants_of(written: datetime, key: str) -> set[datetime]:
    """Every instant at which that zone's clocks show that time: none, one or two."""
    place = ZoneInfo(key)
    around = [written.replace(tzinfo=UTC) + timedelta(hours=n) for n in range(-50, 51)]
    offsets = {each.astimezone(place).utcoffset() for each in around}
    candidates = {written.replace(tzinfo=UTC) - offset for offset in offsets if offset is not None}
    return {each for each in candidates if each.astimezone(place).replace(tzinfo=None) == written}


def wrong(written: datetime, key: str, reading: Reading = local_to_utc) -> str | None:
    """What is wrong with how a local time is read, in words; None if nothing is."""
    meant = instants_of(written, key)
    try:
        read: set[datetime] | None = {reading(written, key)}
    except NonexistentTime:
        read = set()
    except AmbiguousTime:
        read = None
    if (len(meant) == 2) if read is None else (read == meant):
        return None
    return f"{written.isoformat()} in {key} is {sorted(meant)}, and was read as {read}"


def wrong_back(instant: datetime, key: str, showing: Showing = iso_local) -> str | None:
    """What is wrong with an instant that is shown in a zone and read again, in words.

    An offset with seconds in it, as Monrovia's was until 1972, is refused.
    """
    instant = instant.replace(microsecond=0)
    told = showing(instant, key)
    try:
        read = parse_instant(told, timezone=key, at=instant)
    except MalformedTime as problem:
        offset = instant.astimezone(ZoneInfo(key)).utcoffset()
        whole = offset is not None and not offset % timedelta(minutes=1)
        refused = not whole or instant < datetime(1970, 1, 1, tzinfo=UTC)
        return None if refused else f"{told} of {key} is refused: {problem}"
    return None if read == instant else f"{told} of {key} is {instant}, and was read as {read}"


def first_of_two(written: datetime, key: str) -> datetime:
    """The control: a time that happens twice is the first of the two."""
    try:
        return local_to_utc(written, key)
    except AmbiguousTime:
        return min(instants_of(written, key))


def as_of_first(instant: datetime, key: str) -> str:
    """The control: the offset is always that of the first of the two."""
    return instant.astimezone(ZoneInfo(key)).replace(fold=0).isoformat()


def run(
    zones: Sequence[str],
    years: Sequence[int],
    reading: Reading = local_to_utc,
    showing: Showing = iso_local,
) -> tuple[Counter[str], list[str]]:
    """How many changes and times were looked at, and what is wrong."""
    counts: Counter[str] = Counter()
    faults = []
    for key in zones:
        for year in years:
            for change in transitions(key, year):
                counts["changes"] += 1
                shown = change.astimezone(ZoneInfo(key)).replace(tzinfo=None)
                for near in NEAR:
                    counts["times"] += 1
                    found = (
                        wrong(shown + near, key, reading),
                        wrong_back(change + near, key, showing),
                    )
                    faults += [fault for fault in found if fault is not None]
    return counts, faults


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.zones", description=__doc__)
    parser.add_argument("--seed", type=int, help="there is no chance in it: taken, and not used")
    parser.add_argument("--first", type=int, default=1970)
    parser.add_argument("--last", type=int, default=2037)
    parser.add_argument("--control", action="store_true")
    asked = parser.parse_args()
    mistakes = (first_of_two, as_of_first) if asked.control else ()
    counts, faults = run(ZONES, range(asked.first, asked.last + 1), *mistakes)
    print(f"zones: {len(ZONES)} zones, {counts['changes']} changes, {counts['times']} times")
    print("\n".join(faults[:20]) or "every one is exact or refused")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
