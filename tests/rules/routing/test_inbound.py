"""Who receives an inbound message: each code, the edges, and an independent model."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.opt_outs import Keyword
from petmsg.enums.routing import InboundCode, InboundRule
from petmsg.rules.routing.facts import NumberFact, OverrideFact, WindowFact
from petmsg.rules.routing.inbound import HolderFact, InboundFacts, route_inbound

T = datetime(2026, 2, 14, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
MAYA, OLGA = HolderFact("S-1", "Maya Lee"), HolderFact("S-2", "Olga Stern")
MAYAS_NUMBER = NumberFact(1, "+14155550101", NumberClass.SITTER, NumberStatus.ACTIVE)


def window(
    holder: HolderFact | None = MAYA,
    *,
    starts_at: datetime = T - HOUR,
    ends_at: datetime = T + HOUR,
    active: bool = True,
) -> WindowFact:
    return WindowFact(
        1,
        "B-1",
        starts_at,
        ends_at - timedelta(minutes=1),
        ends_at,
        holder.sitter if holder else None,
        holder.name if holder else None,
        active,
    )


def facts(**changes: object) -> InboundFacts:
    usual = InboundFacts("happy-paws", "UTC", MAYAS_NUMBER, MAYA, "C-1", (window(),), True, MAYA)
    return usual._replace(**changes)


def to(given_facts: InboundFacts, at: datetime = T) -> tuple[str, str]:
    found = route_inbound(given_facts, at)
    return found.addressed_to, found.code.value


def test_inside_a_window_a_text_to_the_sitters_number_is_for_the_sitter() -> None:
    found = route_inbound(facts(), T)
    assert (found.addressed_to, found.code) == ("S-1", InboundCode.WINDOW_ACTIVE)
    assert found.reason == "Active assignment window for sitter Maya Lee until 16:00"
    assert [step.rule for step in found.trace] == [InboundRule.CLIENT, InboundRule.SITTER]


def test_a_phone_nobody_has_goes_to_the_unrouted_inbox() -> None:
    assert to(facts(client=None)) == ("unrouted", "UNKNOWN_SENDER")


def test_a_sitters_own_phone_is_known_whatever_number_it_writes_to() -> None:
    from_olga = facts(client=None, sender=OLGA)
    assert to(from_olga) == ("relay", "KNOWN_SITTER")
    assert to(from_olga._replace(relay=True)) == ("relay", "KNOWN_SITTER")
    assert to(from_olga._replace(relay=True, to_own_number=True)) == ("relay", "SITTER_REPLY")
    assert to(from_olga._replace(to_own_number=True)) == ("relay", "KNOWN_SITTER")
    assert to(from_olga._replace(keyword=Keyword.STOP)) == ("relay", "KEYWORD_STOP")
    assert to(facts(sender=OLGA, keyword=Keyword.STOP)) == ("front_desk", "KEYWORD_STOP")
    assert to(facts(sender=OLGA)) == ("S-1", "WINDOW_ACTIVE"), "a client there"


def test_a_window_is_closed_at_its_closing_instant() -> None:
    assert to(facts(), T - HOUR) == ("S-1", "WINDOW_ACTIVE")
    assert to(facts(), T + HOUR) == ("front_desk", "NO_ACTIVE_WINDOW")


def test_a_number_that_was_a_sitters_when_the_client_saw_it_is_a_former_number() -> None:
    pool = MAYAS_NUMBER._replace(number_class=NumberClass.POOL)
    assert to(facts(number=pool, holder=None)) == ("front_desk", "FORMER_NUMBER")
    assert to(facts(holder=OLGA)) == ("front_desk", "FORMER_NUMBER")


def test_a_pool_or_desk_number_goes_to_the_desk() -> None:
    for number_class in (NumberClass.POOL, NumberClass.FRONT_DESK):
        number = MAYAS_NUMBER._replace(number_class=number_class)
        found = to(facts(number=number, holder=None, seen_holder=None))
        assert found == ("front_desk", "POOL_OR_DESK_NUMBER")


def test_the_number_of_a_sitter_who_has_no_window_with_the_client_goes_to_the_desk() -> None:
    assert to(facts(holder=OLGA, seen_holder=OLGA)) == ("front_desk", "NUMBER_OF_ANOTHER_SITTER")
    assert to(facts(windows=())) == ("front_desk", "NO_ACTIVE_WINDOW")


def test_an_inactive_sitter_and_a_number_in_quarantine_read_nothing() -> None:
    assert to(facts(windows=(window(active=False),))) == ("front_desk", "SITTER_NOT_ACTIVE")
    resting = MAYAS_NUMBER._replace(status=NumberStatus.QUARANTINED, quarantined_until=T + HOUR)
    assert to(facts(number=resting)) == ("front_desk", "NUMBER_QUARANTINED")
    over = resting._replace(quarantined_until=T)
    assert to(facts(number=over)) == ("S-1", "WINDOW_ACTIVE")


def test_of_overlapping_windows_the_one_of_the_numbers_holder_counts() -> None:
    both = (window(OLGA), window(MAYA))
    assert to(facts(windows=both)) == ("S-1", "WINDOW_ACTIVE")


def test_while_an_override_holds_the_front_desk_receives_it() -> None:
    for holds_in, expected in (
        ((T - HOUR, T), ("S-1", "WINDOW_ACTIVE")),
        ((T, T + HOUR), ("front_desk", "OVERRIDE")),
        ((T + HOUR, T + 2 * HOUR), ("S-1", "WINDOW_ACTIVE")),
    ):
        assert to(facts(override=OverrideFact(*holds_in))) == expected
    found = route_inbound(facts(override=OverrideFact(T, T + HOUR)), T)
    assert [step.rule for step in found.trace] == [InboundRule.CLIENT, InboundRule.OVERRIDE]
    assert found.reason == (
        "An override sends the client's messages to the front desk until 2026-02-14 16:00 UTC"
    )


def test_a_keyword_and_a_sitters_own_message_come_before_an_override() -> None:
    held = facts(override=OverrideFact(T, T + HOUR))
    assert to(held._replace(keyword=Keyword.STOP)) == ("front_desk", "KEYWORD_STOP")
    own = held._replace(sender=MAYA, to_own_number=True, relay=True)
    assert to(own) == ("relay", "SITTER_REPLY")


def test_an_answer_to_what_the_company_wrote_from_a_number_is_not_its_sitters() -> None:
    assert to(facts(seen_holder=None, desk_wrote=True)) == ("front_desk", "FORMER_NUMBER")
    assert to(facts(seen_holder=None, desk_wrote=True, windows=())) == (
        "front_desk",
        "FORMER_NUMBER",
    )


# --- against an independent model ----------------------------------------------------------------


@dataclass(frozen=True)
class World:
    client: bool
    number_class: str
    status: str
    quarantine_hours: int
    holder: str | None
    seen_holder: str | None
    seen: bool
    windows: tuple[tuple[str | None, int, int, bool], ...]
    override: tuple[int, int] | None
    desk_wrote: bool


SITTERS = st.sampled_from([None, "S-1", "S-2", "S-3"])
WORLDS = st.builds(
    World,
    client=st.booleans(),
    number_class=st.sampled_from(["sitter", "pool", "front_desk"]),
    status=st.sampled_from(["active", "quarantined", "retired"]),
    quarantine_hours=st.integers(-2, 2),
    holder=SITTERS,
    seen_holder=SITTERS,
    seen=st.booleans(),
    windows=st.lists(
        st.tuples(SITTERS, st.integers(-3, 1), st.integers(1, 3), st.booleans()), max_size=3
    ).map(tuple),
    override=st.none() | st.tuples(st.integers(-3, 1), st.integers(1, 3)),
    desk_wrote=st.booleans(),
)


def naive(world: World) -> tuple[str, str]:
    """The rules for inbound messages, sentence by sentence."""
    if not world.client:
        return "unrouted", "UNKNOWN_SENDER"
    if world.override is not None and world.override[0] <= 0 < sum(world.override):
        return "front_desk", "OVERRIDE"
    if world.desk_wrote:
        return "front_desk", "FORMER_NUMBER"
    usable = world.status == "active" or (
        world.status == "quarantined" and world.quarantine_hours <= 0
    )
    open_now = [w for w in world.windows if w[1] <= 0 < w[1] + w[2]]
    for sitter, _, _, active in open_now:
        if sitter and sitter == world.holder and active and usable:
            return sitter, "WINDOW_ACTIVE"
    if world.seen and world.seen_holder and world.seen_holder != world.holder:
        return "front_desk", "FORMER_NUMBER"
    if world.number_class != "sitter":
        return "front_desk", "POOL_OR_DESK_NUMBER"
    from_olga = [w for w in open_now if w[0] and w[0] == world.holder]
    if open_now and world.holder and not from_olga:
        return "front_desk", "NUMBER_OF_ANOTHER_SITTER"
    if from_olga and not from_olga[0][3]:
        return "front_desk", "SITTER_NOT_ACTIVE"
    if from_olga and not usable:
        return "front_desk", "NUMBER_QUARANTINED"
    return "front_desk", "NO_ACTIVE_WINDOW"


def facts_of(world: World) -> InboundFacts:
    people = {ref: HolderFact(ref, f"Sitter {ref}") for ref in ("S-1", "S-2", "S-3")}
    quarantined = world.status == "quarantined"
    return InboundFacts(
        org="happy-paws",
        timezone="UTC",
        number=NumberFact(
            1,
            "+14155550101",
            NumberClass(world.number_class),
            NumberStatus(world.status),
            T + world.quarantine_hours * HOUR if quarantined else None,
        ),
        holder=people.get(world.holder or ""),
        client="C-1" if world.client else None,
        windows=tuple(
            window(
                people.get(sitter or ""),
                starts_at=T + start * HOUR,
                ends_at=T + (start + length) * HOUR,
                active=active,
            )
            for sitter, start, length, active in world.windows
        ),
        seen=world.seen,
        seen_holder=people.get(world.seen_holder or "") if world.seen else None,
        override=None
        if world.override is None
        else OverrideFact(T + world.override[0] * HOUR, T + sum(world.override) * HOUR),
        desk_wrote=world.desk_wrote,
    )


@given(WORLDS)
def test_every_world_is_addressed_as_the_spec_says(world: World) -> None:
    assert to(facts_of(world)) == naive(world)


@given(WORLDS)
def test_a_text_never_reaches_a_sitter_without_an_open_window_of_this_client(world: World) -> None:
    """What "latest holder of the number" would get wrong."""
    found = route_inbound(facts_of(world), T)
    if found.addressed_to.startswith("S-"):
        open_now = {w[0] for w in world.windows if w[1] <= 0 < w[1] + w[2] and w[3]}
        assert found.addressed_to in open_now
        assert found.addressed_to == world.holder


@given(WORLDS)
def test_the_trace_tells_the_rules_in_order_and_ends_with_the_one_that_yields(world: World) -> None:
    found = route_inbound(facts_of(world), T)
    assert [step.step for step in found.trace] == list(range(1, len(found.trace) + 1))
    assert [step.result for step in found.trace] == [False] * (len(found.trace) - 1) + [True]
    assert found.code == found.trace[-1].code
