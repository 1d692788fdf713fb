"""The routing rules a second time, written from their description, slowly and plainly.

Nothing here is shared with `petmsg.rules.routing.decide`: where that picks with one key, this
strikes candidates off a list, one sentence of the rules at a time. It says what must come out, not
how it is worded, except where the rules fix the words.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from petmsg.rules.routing.facts import Facts, NumberFact, PoolNumberFact, WindowFact


@dataclass(frozen=True)
class Expected:
    """What the rules say of a decision. None in `reason_…` or `overlap`: they do not say."""

    outcome: str = "no_number"
    number: tuple[str, str, str | None] | None = None
    trace: tuple[tuple[int, str, bool, str], ...] = ()
    booking: str | None = None
    reason_start: str | None = None
    reason_end: str | None = None
    overlap: bool | None = None

    def routed(self, number: NumberFact, sitter: str | None = None) -> "Expected":
        chosen = (number.e164, str(number.number_class), sitter)
        return replace(self, outcome="routed", number=chosen)

    def tried(self, step: int, rule: str, result: bool, code: str) -> "Expected":
        return replace(self, trace=(*self.trace, (step, rule, result, code)))


# ------------------------------------------------------------------------------ usable, and when


def usable(number: NumberFact, at: datetime) -> bool:
    """`active`, or `quarantined` with `quarantined_until <= T`. `retired` never."""
    if str(number.status) == "active":
        return True
    if str(number.status) == "quarantined":
        end = number.quarantined_until
        return end is not None and (end < at or end == at)
    return False


def can_send(number: NumberFact, facts: Facts) -> bool:
    """A message with pictures is not for a number that is known not to send them."""
    if facts.with_media:
        return number.mms is None or number.mms
    return True


def is_near(number: NumberFact, facts: Facts) -> bool:
    """Number and phone have the same country code."""
    return facts.calling_code is not None and number.e164[1:].startswith(facts.calling_code)


def contains(first: datetime, end: datetime, at: datetime) -> bool:
    """Half-open: the first instant is inside, the closing one is not."""
    if at == first:
        return first < end
    return first < at < end


# ------------------------------------------------------------ rule 0: a person chose the number


def override_holds(facts: Facts, at: datetime) -> bool:
    """A `RouteOverride` of the thread contains T."""
    return facts.override is not None and contains(
        facts.override.starts_at, facts.override.until, at
    )


def reply_number(facts: Facts, at: datetime) -> NumberFact | None:
    """The reply's inbound message came to a usable pool or front desk number of ours."""
    number = facts.reply_to
    if number is None or str(number.number_class) not in {"pool", "front_desk"}:
        return None
    return number if usable(number, at) and can_send(number, facts) else None


def chosen_by_a_person(facts: Facts, at: datetime) -> Expected | None:
    """Rule 0: `--as desk`, else an override, else a reply. None where it did not apply.

    The desk or no number: never a silent fallback to a sitter's.
    """
    step = (0, "chosen_by_a_person")
    for asked, code in (
        (facts.desk_speaks, "DESK_SPEAKS"),
        (override_holds(facts, at), "OVERRIDE"),
    ):
        if asked:
            found, desk = from_desk(facts, at)
            if desk is None:
                return Expected().tried(*step, False, found)
            return Expected().tried(*step, True, code).routed(desk)
    number = reply_number(facts, at)
    if number is None:
        return None
    return Expected().tried(*step, True, "REPLY_FROM_SAME_NUMBER").routed(number)


# ---------------------------------------------------------------------------- rule 1: the window


def windows_at(facts: Facts, at: datetime) -> list[WindowFact]:
    return [w for w in facts.windows if contains(w.starts_at, w.ends_at, at)]


def booked_start(window: WindowFact) -> datetime:
    """A window of a booking without lead time begins when its booked time does."""
    return window.booked_from if window.booked_from is not None else window.starts_at


def kind_of_time(window: WindowFact, at: datetime) -> str:
    """In which of its three times the window contains the instant."""
    if contains(window.starts_at, booked_start(window), at):
        return "lead"
    if contains(booked_start(window), window.booked_until, at):
        return "booked"
    return "grace"


def chosen_window(facts: Facts, at: datetime) -> WindowFact | None:
    left = windows_at(facts, at)
    if facts.speaker is not None:
        left = [w for w in left if w.sitter == facts.speaker.sitter]
    for kind in ("booked", "grace", "lead"):
        best = [w for w in left if kind_of_time(w, at) == kind]
        if best:
            latest = max(booked_start(w) for w in best)
            best = [w for w in best if booked_start(w) == latest]
            return max(best, key=lambda w: w.booking_id)
    return None


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


def has_overlap(facts: Facts, at: datetime) -> bool | None:
    """Two different sitters at once. None, open, where a sitter only meets a window without one."""
    sitters = [w.sitter for w in windows_at(facts, at)]
    named = [s for s in sitters if s is not None]
    if any(one != other for one in named for other in named):
        return True
    return None if named and len(named) < len(sitters) else False


# ------------------------------------------------------------- rules 2 and 3: pool and front desk


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
    limit = facts.pool_threads_per_number
    fit = own + [p for p in fit if p not in own and (limit is None or p.own_threads < limit)]
    if fit == []:
        return "POOL_AT_CAPACITY", None
    fit = of_country(fit, facts, at)
    if own and own[0] in fit:
        return "POOL_STICKY", own[0].number
    if fit == []:
        return "NUMBER_OTHER_COUNTRY", None
    return "POOL_LEAST_RECENTLY_USED", by_longest_rest(fit)[0].number


def of_country(fit: list[PoolNumberFact], facts: Facts, at: datetime) -> list[PoolNumberFact]:
    """A number of another country is lent only if the org has none of the client's."""
    near = [p for p in fit if is_near(p.number, facts)]
    good = [d for d in facts.desks if usable(d, at) and can_send(d, facts)]
    if near:
        return near
    return [] if any(is_near(d, facts) for d in good) else fit


def from_desk(facts: Facts, at: datetime) -> tuple[str, NumberFact | None]:
    """One of the client's country first, then the active one; between equals the one with the
    lowest ID."""
    fit = sorted((d for d in facts.desks if usable(d, at)), key=lambda d: d.id)
    if fit == []:
        return "NO_FRONT_DESK", None
    fit = [d for d in fit if can_send(d, facts)]
    near = [d for d in fit if is_near(d, facts)]
    if near:
        fit = near
    for desk in fit:
        if str(desk.status) == "active":
            return "FRONT_DESK", desk
    for desk in fit:
        return "FRONT_DESK", desk
    return "NUMBER_WITHOUT_MMS", None


# --------------------------------------------------------------------------------- all together


def expect(facts: Facts, at: datetime) -> Expected:
    """The decision that the rules require for these facts at this instant: the first that yields a
    number wins."""
    by_a_person = chosen_by_a_person(facts, at)
    if by_a_person is not None:
        return by_a_person

    expected = Expected(overlap=has_overlap(facts, at))
    window = chosen_window(facts, at)
    if window is None:
        words = "No active window"
        if facts.speaker is not None:
            words += f" of sitter {facts.speaker.name}"
        expected = replace(expected, reason_start=words, reason_end=words)
        expected = expected.tried(1, "active_window", False, "NO_ACTIVE_WINDOW")
        if facts.speaker is not None:
            return expected
    else:
        expected = replace(expected, booking=window.booking)
        missing = first_missing(facts, window, at)
        if missing is None:
            assert window.number is not None
            words = f"Active assignment window for sitter {window.sitter_name}"
            expected = replace(expected, reason_start=words, reason_end=words)
            expected = expected.tried(1, "active_window", True, "WINDOW_ACTIVE")
            return expected.routed(window.number, window.sitter)
        words_of = {
            "SITTER_NUMBER_QUARANTINED": f"Sitter {window.sitter_name}'s number is quarantined",
            "NUMBER_WITHOUT_MMS": f"Sitter {window.sitter_name}'s number cannot send pictures",
        }
        start = words_of.get(missing)
        expected = replace(expected, reason_start=start, reason_end=start)
        expected = expected.tried(1, "active_window", False, missing)
        if facts.speaker is not None and facts.speaker.own_number_only:
            return expected

    code, pooled = from_pool(facts, at)
    expected = expected.tried(2, "pool", pooled is not None, code)
    if pooled is not None:
        return replace(expected, reason_end=" - using pool").routed(pooled)

    code, desk = from_desk(facts, at)
    expected = expected.tried(3, "front_desk", desk is not None, code)
    if desk is not None:
        return replace(expected, reason_end=" - using front desk").routed(desk)
    return replace(expected, reason_end=None)
