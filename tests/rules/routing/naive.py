"""The routing rules a second time, written from their description, slowly and plainly.

Nothing here is shared with `petmsg.rules.routing.decide`: where that picks with one key, this
strikes candidates off a list, one sentence of the rules at a time. It says what must come out, not
how it is worded, except where the rules settle the words.
"""

from dataclasses import dataclass
from datetime import datetime

from petmsg.rules.routing.facts import Facts, NumberFact, PoolNumberFact, WindowFact


@dataclass(frozen=True)
class Expected:
    """What the rules say of a decision. None in `reason_…` or `overlap`: they do not say."""

    outcome: str
    number: tuple[str, str, str | None] | None
    trace: list[tuple[str, bool, str]]
    booking: str | None
    reason_start: str | None
    reason_end: str | None
    overlap: bool | None


def usable(number: NumberFact, at: datetime) -> bool:
    """Active, or quarantined with an end that has come; retired never."""
    if str(number.status) == "active":
        return True
    if str(number.status) == "quarantined":
        end = number.quarantined_until
        return end is not None and not end > at
    return False


def contains(first: datetime, end: datetime, at: datetime) -> bool:
    """Half-open: the first instant is inside, the closing one is not."""
    return not (at < first or at == end or at > end)


def windows_at(facts: Facts, at: datetime) -> list[WindowFact]:
    return [w for w in facts.windows if contains(w.starts_at, w.ends_at, at)]


def chosen_window(facts: Facts, at: datetime) -> WindowFact | None:
    left = windows_at(facts, at)
    if facts.speaker is not None:
        left = [w for w in left if w.sitter == facts.speaker.sitter]
    booked = [w for w in left if contains(w.starts_at, w.booked_until, at)]
    if booked:
        left = booked
    if not left:
        return None
    left = [w for w in left if not any(other.starts_at > w.starts_at for other in left)]
    (one,) = [w for w in left if not any(other.booking_id > w.booking_id for other in left)]
    return one


def can_send(number: NumberFact, facts: Facts) -> bool:
    """A message with pictures is not for a number that is known not to send them."""
    if facts.with_media:
        return number.mms is None or number.mms
    return True


def first_missing(facts: Facts, window: WindowFact, at: datetime) -> str | None:
    """The first missing of sitter, active, number, usable, pictures."""
    if window.sitter is None:
        return "WINDOW_WITHOUT_SITTER"
    if not window.sitter_active:
        return "SITTER_NOT_ACTIVE"
    if window.number is None:
        return "SITTER_WITHOUT_NUMBER"
    if usable(window.number, at):
        return None if can_send(window.number, facts) else "NUMBER_WITHOUT_MMS"
    if str(window.number.status) == "retired":
        return "SITTER_NUMBER_RETIRED"
    return "SITTER_NUMBER_QUARANTINED"


def by_longest_rest(candidates: list[PoolNumberFact]) -> list[PoolNumberFact]:
    """Never used first, then the oldest use, then the lowest id."""
    by_id = sorted(candidates, key=lambda c: c.number.id)
    never = [c for c in by_id if c.last_used_at is None]
    used = [(c.last_used_at, c.number.id, c) for c in by_id if c.last_used_at is not None]
    return never + [c for _, _, c in sorted(used, key=lambda row: row[:2])]


def from_pool(facts: Facts, at: datetime) -> tuple[str, NumberFact | None]:
    if str(facts.pool_for) == "one_time" and str(facts.client_kind) != "one_time":
        return "POOL_NOT_FOR_CLIENT", None
    fit = [p for p in facts.pool if usable(p.number, at)]
    fit = [p for p in fit if str(p.number.number_class) == "pool"]
    if fit == []:
        return "POOL_EMPTY", None
    fit = [p for p in fit if can_send(p.number, facts)]
    if fit == []:
        return "NUMBER_WITHOUT_MMS", None
    own = [p for p in fit if p.number.id == facts.own_pool_number_id]
    if own:
        return "POOL_STICKY", own[0].number
    limit = facts.pool_threads_per_number
    if limit is not None:
        fit = [p for p in fit if p.own_threads < limit]
    if fit == []:
        return "POOL_AT_CAPACITY", None
    return "POOL_LEAST_RECENTLY_USED", by_longest_rest(fit)[0].number


def from_desk(facts: Facts, at: datetime) -> tuple[str, NumberFact | None]:
    """The active one first; between equals the one with the lowest ID."""
    fit = sorted((d for d in facts.desks if usable(d, at)), key=lambda d: d.id)
    if fit == []:
        return "NO_FRONT_DESK", None
    fit = [d for d in fit if can_send(d, facts)]
    for desk in fit:
        if str(desk.status) == "active":
            return "FRONT_DESK", desk
    for desk in fit:
        return "FRONT_DESK", desk
    return "NUMBER_WITHOUT_MMS", None


def has_overlap(facts: Facts, at: datetime) -> bool | None:
    """Two different sitters at once. None, open, where a sitter only meets a window without one."""
    sitters = [w.sitter for w in windows_at(facts, at)]
    named = [s for s in sitters if s is not None]
    if any(one != other for one in named for other in named):
        return True
    return None if named and len(named) < len(sitters) else False


def expect(facts: Facts, at: datetime) -> Expected:
    """The decision that the rules require for these facts at this instant."""
    trace: list[tuple[str, bool, str]] = []
    overlap = has_overlap(facts, at)
    window = chosen_window(facts, at)
    booking = None if window is None else window.booking
    start: str | None
    if window is None:
        trace.append(("active_window", False, "NO_ACTIVE_WINDOW"))
        start = "No active window"
        if facts.speaker is not None:
            words = f"No active window of sitter {facts.speaker.name}"
            return Expected("no_number", None, trace, None, words, words, overlap)
    else:
        missing = first_missing(facts, window, at)
        if missing is None:
            assert window.number is not None
            words = f"Active assignment window for sitter {window.sitter_name}"
            number = (window.number.e164, str(window.number.number_class), window.sitter)
            trace.append(("active_window", True, "WINDOW_ACTIVE"))
            return Expected("routed", number, trace, booking, words, words, overlap)
        trace.append(("active_window", False, missing))
        start = None
        if missing == "SITTER_NUMBER_QUARANTINED":
            start = f"Sitter {window.sitter_name}'s number is quarantined"
        if missing == "NUMBER_WITHOUT_MMS":
            start = f"Sitter {window.sitter_name}'s number cannot send pictures"
        if facts.speaker is not None and facts.speaker.own_number_only:
            return Expected("no_number", None, trace, booking, start, start, overlap)

    code, pooled = from_pool(facts, at)
    trace.append(("pool", pooled is not None, code))
    if pooled is not None:
        number = (pooled.e164, "pool", None)
        return Expected("routed", number, trace, booking, start, " - using pool", overlap)

    code, desk = from_desk(facts, at)
    trace.append(("front_desk", desk is not None, code))
    if desk is not None:
        number = (desk.e164, "front_desk", None)
        return Expected("routed", number, trace, booking, start, " - using front desk", overlap)
    return Expected("no_number", None, trace, booking, start, None, overlap)
