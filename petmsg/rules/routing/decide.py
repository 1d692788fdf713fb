"""The routing rules, version 2. There is no second copy of them.

Sending, explaining, simulating and replaying call `decide` with facts and an instant. The rules are
tried in order, and the first that yields a number decides:

0. the number that a person chose: the front desk's, where the sender asked for it or an override
   holds, or, for a reply, the number that received the message;
1. the sitter's number, inside an active assignment window;
2. a pool number, if the org uses them for this client;
3. the front desk's number;
4. otherwise there is no number, and nothing may be sent.

Where a person chose the front desk, no other number is used: without a usable one there is no
number. A reply to a number that cannot be used is routed like any other message. Rule 0 is in the
trace, as step 0, only where it applied. An override also holds for what a sitter wrote.

If several windows contain the instant, booked time beats grace, which beats lead time; then the
latest booked start decides, then the highest booking ID.

If a sitter wrote the message (`facts.speaker`), rule 1 considers only the windows of this sitter,
and ends the decision without a number if none of them contains the instant. For a message with
pictures (`facts.with_media`) a number that cannot send them is not a candidate in any rule.

A pool or front desk number of another country may not reach the client, or not get the answer. It
is used only if the org has no usable one of the client's country. See `docs/how-it-works.md`.
"""

from datetime import UTC, datetime

from petmsg.clock import clock_local, format_local
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.orgs import PoolFor
from petmsg.enums.people import ClientKind
from petmsg.enums.routing import Code, Outcome, Rule
from petmsg.rules.routing.decision import ChosenNumber, DecidingWindow, Decision, Step
from petmsg.rules.routing.facts import Facts, HasStatus, NumberFact, PoolNumberFact, WindowFact

RULESET = "2"

_PERSON_CONDITION = "a person chose the number: the front desk's, or the one that is answered"
_WINDOW_CONDITION = "a confirmed booking's window contains the time and its sitter can send"
_POOL_CONDITION = "the org uses pool numbers for this client and one is usable"
_DESK_CONDITION = "the org has a usable front desk number"


def decide(facts: Facts, at: datetime) -> Decision:
    """Return the number that a message to the client is sent from at `at` (aware UTC), and why.

    The same facts and instant give the same Decision. `docs/how-it-works.md` has the rules.
    """
    if facts.desk_speaks or facts.override is not None or facts.reply_to is not None:
        chosen = _chosen_by_a_person(facts, at)
        if chosen is not None:
            return chosen
    window, first, number, finding = _active_window(facts, at)
    trace = [first]
    refused = number is None and _refuses(facts, window)
    if number is None and not refused:
        pool_number, second = _pool(facts, at)
        trace.append(second)
        number = pool_number
    if number is None and not refused:
        desk_number, third = _front_desk(facts, at)
        trace.append(third)
        number = desk_number
    last = trace[-1]
    speaker = window.sitter if window is not None and last.rule is Rule.ACTIVE_WINDOW else None
    return Decision(
        org=facts.org,
        client=facts.client,
        at=at,
        outcome=Outcome.NO_NUMBER if number is None else Outcome.ROUTED,
        number=number and ChosenNumber(number.id, number.e164, number.number_class, speaker),
        reason=_reason(last, finding),
        window=window
        and DecidingWindow(
            booking=window.booking,
            sitter=window.sitter,
            starts_at=window.starts_at,
            booked_until=window.booked_until,
            ends_at=window.ends_at,
        ),
        warnings=_warnings(facts, at),
        ruleset=RULESET,
        trace=tuple(trace),
    )


def needs_shared_numbers(facts: Facts, at: datetime) -> bool:
    """Whether the Decision can depend on the pool's and the front desk's numbers.

    Without them `decide` returns the same Decision if a window's number or the number of a reply is
    used, and if the message is refused.
    """
    if facts.desk_speaks or facts.override is not None:
        return True
    if facts.reply_to is not None and _reply(facts, at) is not None:
        return False
    window = _window_that_counts(facts, at)
    if window is not None and _what_is_missing(window, facts, at)[0] is Code.WINDOW_ACTIVE:
        return False
    return not _refuses(facts, window)


def needs_more_of_pool(facts: Facts, at: datetime, most: int) -> bool:
    """Whether the Decision can depend on pool numbers that `facts.pool` does not have.

    It has the thread's own one, the first `most` never used and the first `most` used in the order
    of rule 2, and perhaps others. One is enough only if no missing number comes before it.
    """
    chosen = _chosen_by_a_person(facts, at)
    if chosen is not None or _is_not_for_client(facts) or not needs_shared_numbers(facts, at):
        return False
    candidates = [x for x in facts.pool if usable(x.number, at) and sends_it(x.number, facts)]
    with_room = _with_room(candidates, facts)
    fit = [x for x in with_room if facts.calling_code is None or is_near(x.number, facts)]
    if not fit:
        return True
    if any(each.number.id == facts.own_pool_number_id for each in fit):
        return False
    first = min(fit, key=_least_recently_used)
    before = [x for x in facts.pool if _least_recently_used(x) < _least_recently_used(first)]
    never_used = sum(each.last_used_at is None for each in before)
    return never_used >= most or len(before) - never_used >= most


def usable(number: HasStatus, at: datetime) -> bool:
    """Whether the number may be used at `at`: it is active, or its quarantine is over by then."""
    if number.status is NumberStatus.ACTIVE:
        return True
    return (
        number.status is NumberStatus.QUARANTINED
        and number.quarantined_until is not None
        and number.quarantined_until <= at
    )


def sends_it(number: NumberFact, facts: Facts) -> bool:
    """Whether the number can send the message: one with pictures needs a number that is not known
    to be without MMS."""
    return not facts.with_media or number.mms is not False


def is_near(number: NumberFact, facts: Facts) -> bool:
    """Whether the number has the country code of the client's phone. No code begins another."""
    code = facts.calling_code
    return code is not None and number.e164.startswith(code, 1)


def contains(window: WindowFact, at: datetime) -> bool:
    """Whether the window contains the instant. Half-open: the end is outside."""
    return window.starts_at <= at < window.ends_at


def precedence(window: WindowFact, at: datetime) -> tuple[int, datetime, int]:
    """Return the precedence among windows that contain `at`: booked time before grace before lead
    time, then the later booked start, then the higher ID."""
    booked_from = window.starts_at if window.booked_from is None else window.booked_from
    is_booked, is_lead = at < window.booked_until, at < booked_from
    return (0 if is_lead else 2 if is_booked else 1, booked_from, window.booking_id)


def _chosen_by_a_person(facts: Facts, at: datetime) -> Decision | None:
    """Apply rule 0. Returns None where nobody chose, or a reply cannot use its number."""
    override = facts.override
    if facts.desk_speaks:
        code, reason, until = Code.DESK_SPEAKS, "The sender chose the front desk", ""
    elif override is not None and override.starts_at <= at < override.until:
        code, reason = Code.OVERRIDE, "An override sends from the front desk"
        until = f" until {format_local(override.until, facts.timezone)}"
    else:
        return _reply(facts, at)
    desk, step = _front_desk(facts, at)
    if desk is None:
        step = _person_step(False, step.code, f"{reason}{until}. {step.explanation}")
        return _by_a_person(facts, at, None, step, f"{reason} - no number is usable")
    step = _person_step(True, code, f"{reason}{until}: {desk.e164}")
    return _by_a_person(facts, at, desk, step, reason)


def _reply(facts: Facts, at: datetime) -> Decision | None:
    """Return the Decision for a reply: the number that received the message, if it is usable and no
    sitter's."""
    number = facts.reply_to
    if number is None or number.number_class is NumberClass.SITTER:
        return None
    if not usable(number, at) or not sends_it(number, facts):
        return None
    explanation = f"The message that is answered came to {number.e164}"
    step = _person_step(True, Code.REPLY_FROM_SAME_NUMBER, explanation)
    return _by_a_person(facts, at, number, step, "Reply from the number that received the message")


def _person_step(result: bool, code: Code, explanation: str) -> Step:
    return Step(0, Rule.CHOSEN_BY_A_PERSON, _PERSON_CONDITION, result, code, explanation)


def _by_a_person(
    facts: Facts, at: datetime, number: NumberFact | None, step: Step, reason: str
) -> Decision:
    """Return the Decision of rule 0. No window decides: none is named, and no overlap is warned
    of."""
    return Decision(
        org=facts.org,
        client=facts.client,
        at=at,
        outcome=Outcome.NO_NUMBER if number is None else Outcome.ROUTED,
        number=number and ChosenNumber(number.id, number.e164, number.number_class, None),
        reason=reason,
        window=None,
        warnings=facts.notes,
        ruleset=RULESET,
        trace=(step,),
    )


def _active_window(
    facts: Facts, at: datetime
) -> tuple[WindowFact | None, Step, NumberFact | None, str]:
    """Apply rule 1. Returns the chosen window, the step, the number, and the finding in words."""
    condition, why = _WINDOW_CONDITION, "No active window"
    if facts.speaker is not None:
        name = facts.speaker.name
        condition = f"a window of sitter {name} contains the time, and they can send"
        why = f"No active window of sitter {name}"
    window = _window_that_counts(facts, at)
    if window is None:
        code = Code.NO_ACTIVE_WINDOW
        return None, Step(1, Rule.ACTIVE_WINDOW, condition, False, code, why), None, why
    code, why = _what_is_missing(window, facts, at)
    if code is not Code.WINDOW_ACTIVE:
        explanation = f"{why} (window of booking {window.booking})"
        step = Step(1, Rule.ACTIVE_WINDOW, condition, False, code, explanation)
        return window, step, None, why
    until = clock_local(window.ends_at, facts.timezone)
    step = Step(1, Rule.ACTIVE_WINDOW, condition, True, code, f"{why} until {until}")
    return window, step, window.number, why


def _window_that_counts(facts: Facts, at: datetime) -> WindowFact | None:
    """Return the window with precedence among those that contain `at`, of the speaker's only."""
    windows = facts.windows
    if facts.speaker is not None:
        sitter = facts.speaker.sitter
        windows = tuple(window for window in windows if window.sitter == sitter)
    active = [window for window in windows if contains(window, at)]
    if len(active) > 1:
        return max(active, key=lambda each: precedence(each, at))
    return active[0] if active else None


def _refuses(facts: Facts, window: WindowFact | None) -> bool:
    """Whether the message is not sent at all, because rule 1 yields no number for its sitter."""
    speaker = facts.speaker
    return speaker is not None and (window is None or speaker.own_number_only)


def _what_is_missing(window: WindowFact, facts: Facts, at: datetime) -> tuple[Code, str]:
    """Return the first thing the window lacks (sitter, active, number, usable, MMS) as code and
    words."""
    name = window.sitter_name
    number = window.number
    if window.sitter is None:
        return Code.WINDOW_WITHOUT_SITTER, "The active window has no sitter"
    if not window.sitter_active:
        return Code.SITTER_NOT_ACTIVE, f"Sitter {name} is not active"
    if number is None:
        return Code.SITTER_WITHOUT_NUMBER, f"Sitter {name} has no number"
    if usable(number, at):
        if not sends_it(number, facts):
            return Code.NUMBER_WITHOUT_MMS, f"Sitter {name}'s number cannot send pictures"
        return Code.WINDOW_ACTIVE, f"Active assignment window for sitter {name}"
    if number.status is NumberStatus.RETIRED:
        return Code.SITTER_NUMBER_RETIRED, f"Sitter {name}'s number is retired"
    return Code.SITTER_NUMBER_QUARANTINED, f"Sitter {name}'s number is quarantined"


def _pool(facts: Facts, at: datetime) -> tuple[NumberFact | None, Step]:
    """Apply rule 2: the thread's own pool number, or else the least recently used one with room."""
    if _is_not_for_client(facts):
        explanation = "Pool numbers are for one-time clients only, and this client is recurring"
        return None, _step(Rule.POOL, False, Code.POOL_NOT_FOR_CLIENT, explanation)
    candidates = [each for each in facts.pool if usable(each.number, at)]
    if not candidates:
        return None, _step(Rule.POOL, False, Code.POOL_EMPTY, "No pool number is usable")
    candidates = [each for each in candidates if sends_it(each.number, facts)]
    if not candidates:
        explanation = "No usable pool number can send pictures"
        return None, _step(Rule.POOL, False, Code.NUMBER_WITHOUT_MMS, explanation)
    candidates = _with_room(candidates, facts)
    if not candidates:
        limit = facts.pool_threads_per_number
        explanation = f"Every usable pool number already serves {limit} threads"
        return None, _step(Rule.POOL, False, Code.POOL_AT_CAPACITY, explanation)
    fit = _of_right_country(candidates, facts, at)
    for each in fit:
        if each.number.id == facts.own_pool_number_id:
            explanation = f"The thread's own pool number {each.number.e164} is usable"
            return each.number, _step(Rule.POOL, True, Code.POOL_STICKY, explanation)
    if not fit:
        explanation = "The usable pool numbers are of another country than the client's phone"
        return None, _step(Rule.POOL, False, Code.NUMBER_OTHER_COUNTRY, explanation)
    chosen = min(fit, key=_least_recently_used)
    since = "never used" if chosen.last_used_at is None else "used longest ago"
    explanation = f"Pool number {chosen.number.e164} is the least recently used one ({since})"
    return chosen.number, _step(Rule.POOL, True, Code.POOL_LEAST_RECENTLY_USED, explanation)


def _is_not_for_client(facts: Facts) -> bool:
    return facts.pool_for is PoolFor.ONE_TIME and facts.client_kind is not ClientKind.ONE_TIME


def _with_room(candidates: list[PoolNumberFact], facts: Facts) -> list[PoolNumberFact]:
    """Return the thread's own pool number, and those of fewer threads than the limit."""
    own, limit = facts.own_pool_number_id, facts.pool_threads_per_number
    if limit is None:
        return candidates
    return [each for each in candidates if each.number.id == own or each.own_threads < limit]


def _of_right_country(
    candidates: list[PoolNumberFact], facts: Facts, at: datetime
) -> list[PoolNumberFact]:
    """Return the candidates of the client's country; all of them if neither the pool nor the front
    desk has one; none if only the front desk has."""
    if facts.calling_code is None:
        return candidates
    near = [each for each in candidates if is_near(each.number, facts)]
    desk = None if near else _desk(facts, at)
    return [] if desk is not None and is_near(desk, facts) else near or candidates


_NEVER = datetime.min.replace(tzinfo=UTC)


def _least_recently_used(each: PoolNumberFact) -> tuple[datetime, int]:
    """Never used first, then the oldest use, then the lowest ID."""
    return (each.last_used_at or _NEVER, each.number.id)


def _front_desk(facts: Facts, at: datetime) -> tuple[NumberFact | None, Step]:
    """Apply rule 3: the usable front desk number."""
    desk = _desk(facts, at)
    if desk is not None:
        return desk, _step(Rule.FRONT_DESK, True, Code.FRONT_DESK, f"Front desk number {desk.e164}")
    code, explanation = Code.NO_FRONT_DESK, "No front desk number is usable"
    if any(usable(each, at) for each in facts.desks):
        code, explanation = Code.NUMBER_WITHOUT_MMS, "The front desk number cannot send pictures"
    return None, _step(Rule.FRONT_DESK, False, code, explanation)


def _desk(facts: Facts, at: datetime) -> NumberFact | None:
    """Return the front desk's number: one of the client's country before others, and then an
    `active` one before one after quarantine."""
    candidates = [desk for desk in facts.desks if usable(desk, at) and sends_it(desk, facts)]
    if not candidates:
        return None
    return min(
        candidates,
        key=lambda each: (
            not is_near(each, facts),
            each.status is not NumberStatus.ACTIVE,
            each.id,
        ),
    )


_CONDITION = {
    Rule.POOL: (2, _POOL_CONDITION),
    Rule.FRONT_DESK: (3, _DESK_CONDITION),
}


def _step(rule: Rule, result: bool, code: Code, explanation: str) -> Step:
    number, condition = _CONDITION[rule]
    return Step(number, rule, condition, result, code, explanation)


def _reason(last: Step, finding: str) -> str:
    """Return one line: what rule 1 found, and what is used instead of the sitter's number."""
    if not last.result and last.rule is Rule.ACTIVE_WINDOW:
        return finding
    if not last.result:
        return f"{finding} - no number is usable"
    if last.rule is Rule.ACTIVE_WINDOW:
        return finding
    return f"{finding} - using {'pool' if last.rule is Rule.POOL else 'front desk'}"


def _warnings(facts: Facts, at: datetime) -> tuple[str, ...]:
    if len(facts.windows) < 2:
        return facts.notes
    active = [window for window in facts.windows if contains(window, at)]
    if len({window.sitter for window in active}) < 2:
        return facts.notes
    ordered = sorted(active, key=lambda each: precedence(each, at), reverse=True)
    bookings = ", ".join(
        f"{window.booking} ({window.sitter_name or 'no sitter'})" for window in ordered
    )
    return (f"Overlapping windows with different sitters: {bookings}", *facts.notes)
