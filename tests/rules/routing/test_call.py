"""Who is rung for a call: each row of the rules, and their edges."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from petmsg.enums.call_routing import CallCode
from petmsg.enums.calls import CallAddressee, CallerKind, RingTarget
from petmsg.enums.numbers import NumberClass
from petmsg.rules.routing.call import CallClient, CallFacts, route_call
from petmsg.rules.routing.call_decision import CallDecision, Ring
from petmsg.rules.routing.facts import OverrideFact
from tests.rules.routing import test_inbound as inbound
from tests.rules.routing.builders import HOUR, T, desk_number, quarantined, retired, sitter_number

MAYA, OLGA = inbound.MAYA, inbound.OLGA
SMITH = CallClient("C-1", "Jane Smith", sitter_number(1))
JONES = CallClient("C-2", "Tom Jones", sitter_number(1))
MAYAS, DESK = inbound.MAYAS_NUMBER.e164, desk_number().e164


def from_client(**changes: Any) -> CallFacts:
    """Client C-1 calls Maya's number in Maya's window; the office is open and has a phone."""
    usual = CallFacts(
        inbound.facts(relay=True),
        CallerKind.CLIENT,
        "C-1",
        "Jane Smith",
        desks=(desk_number(),),
        has_desk_phone=True,
    )
    return usual._replace(**changes)


def to(**changes: Any) -> CallFacts:
    """A client's call with other facts about the message it resembles."""
    return from_client(inbound=inbound.facts(relay=True, **changes))


def from_sitter(*clients: CallClient, **changes: Any) -> CallFacts:
    """Maya calls their own number from their own phone."""
    known = inbound.facts(relay=True, client=None, windows=(), sender=MAYA, to_own_number=True)
    usual = from_client(
        inbound=known,
        caller=CallerKind.SITTER,
        caller_ref="S-1",
        caller_name="Maya Lee",
        open=clients,
        holder_calls=True,
    )
    return usual._replace(**changes)


@dataclass(frozen=True)
class Rung:
    """A decision as these tests say it."""

    code: str
    addressed_to: str
    ref: str | None
    rings: list[str]


def rung(facts: CallFacts) -> Rung:
    found = route_call(facts, T)
    rings = [
        " ".join(filter(None, (each.target.value, each.ref, each.caller_id)))
        for each in found.rings
    ]
    return Rung(found.code.value, found.addressed_to.value, found.ref, rings)


def codes(found: CallDecision) -> list[str]:
    return [step.code.value for step in found.trace]


def test_a_client_in_their_window_rings_the_sitter_and_then_the_front_desk() -> None:
    found = route_call(from_client(ring_seconds=15), T)
    assert (found.addressed_to, found.ref) == (CallAddressee.SITTER, "S-1")
    assert found.code is CallCode.SITTER_RINGS
    assert found.rings == (
        Ring(RingTarget.SITTER, "S-1", "Maya Lee", MAYAS, 15, needs_key=True),
        Ring(RingTarget.FRONT_DESK, None, None, MAYAS, 15),
        Ring(RingTarget.SENTENCE),
    )
    assert found.reason == "Active assignment window for sitter Maya Lee until 16:00"
    assert found.trace[2].explanation == f"Sitter Maya Lee's phone rings and shows {MAYAS}"
    assert codes(found) == [
        "KNOWN_CLIENT", "WINDOW_ACTIVE", "SITTER_RINGS", "FRONT_DESK_RINGS", "NO_VOICEMAIL",
    ]  # fmt: skip
    assert [step.step for step in found.trace] == [1, 2, 3, 4, 5]


def test_nobody_answers_and_the_org_takes_voicemail() -> None:
    found = rung(from_client(takes_voicemail=True))
    assert found.rings == [f"sitter S-1 {MAYAS}", f"front_desk {MAYAS}", "voicemail"]


def test_every_other_call_of_a_client_rings_the_front_desk_with_the_code_of_a_message() -> None:
    pool = inbound.MAYAS_NUMBER._replace(number_class=NumberClass.POOL)
    for facts, code in (
        (to(windows=()), "NO_ACTIVE_WINDOW"),
        (to(holder=OLGA), "FORMER_NUMBER"),
        (to(holder=OLGA, seen_holder=OLGA), "NUMBER_OF_ANOTHER_SITTER"),
        (to(windows=(inbound.window(active=False),)), "SITTER_NOT_ACTIVE"),
        (to(number=pool, holder=None, seen_holder=None), "POOL_OR_DESK_NUMBER"),
        (to(override=OverrideFact(T, T + HOUR)), "OVERRIDE"),
        (to(client=None), "UNKNOWN_SENDER"),
        (to(client=None, sender=OLGA), "KNOWN_SITTER"),
    ):
        expected = Rung(code, "front_desk", None, [f"front_desk {MAYAS}", "sentence"])
        assert rung(facts) == expected


def test_the_words_are_about_a_call() -> None:
    override = route_call(to(override=OverrideFact(T, T + HOUR)), T)
    assert override.reason == (
        "An override sends the client's thread to the front desk until 2026-02-14 16:00 UTC"
    )
    unknown = to(client=None)._replace(caller=CallerKind.UNKNOWN, caller_ref=None, caller_name=None)
    assert route_call(unknown, T).reason == "No client has this phone - to the front desk"
    known = to(client=None, sender=OLGA)._replace(caller_name="Olga Stern")
    assert route_call(known, T).reason == (
        "Sitter Olga Stern calls from their own phone - to the front desk"
    )


def test_a_quarantined_number_is_not_shown() -> None:
    resting = to(number=quarantined(inbound.MAYAS_NUMBER))
    assert rung(resting).rings == [f"front_desk {DESK}", "sentence"]
    assert rung(resting).code == "NUMBER_QUARANTINED"


def test_a_number_without_voice_is_not_shown() -> None:
    assert rung(from_client(silent=frozenset({1}))).rings == [
        f"sitter S-1 {DESK}", f"front_desk {DESK}", "sentence",
    ]  # fmt: skip


def test_another_number_is_shown_where_neither_the_called_one_nor_the_front_desks_can_be() -> None:
    spare = sitter_number(7)
    nothing = from_client(silent=frozenset({1}), desks=(retired(desk_number()),))
    assert rung(nothing._replace(spare=spare)).rings == [
        f"sitter S-1 {spare.e164}", f"front_desk {spare.e164}", "sentence",
    ]  # fmt: skip
    found = rung(nothing)
    assert found == Rung("NO_NUMBER", "sitter", "S-1", ["sentence"])
    assert codes(route_call(nothing, T))[-3:] == ["NO_NUMBER", "NO_CALLER_ID", "NO_VOICEMAIL"]


def test_an_active_front_desk_number_is_shown_before_one_after_quarantine() -> None:
    over = quarantined(desk_number(21), T)
    resting = to(number=quarantined(inbound.MAYAS_NUMBER))
    both = resting._replace(desks=(over, desk_number(22)))
    assert rung(both).rings[0] == f"front_desk {desk_number(22).e164}"
    assert rung(resting._replace(desks=(over,))).rings[0] == f"front_desk {over.e164}"


def test_the_front_desk_is_not_rung_without_a_phone_out_of_hours_or_by_itself() -> None:
    for changes, code in (
        ({"has_desk_phone": False}, "NO_DESK_PHONE"),
        ({"is_open": False}, "OUTSIDE_OFFICE_HOURS"),
        ({"desk_calls": True}, "FRONT_DESK_CALLS"),
    ):
        asked: dict[str, Any] = {**changes}
        found = route_call(to(windows=())._replace(**asked), T)
        assert [each.target for each in found.rings] == [RingTarget.SENTENCE]
        assert codes(found)[-2] == code
        assert found.addressed_to is CallAddressee.FRONT_DESK


def test_a_sitter_rings_the_client_of_their_open_window() -> None:
    found = route_call(from_sitter(SMITH, takes_voicemail=True), T)
    assert (found.code, found.addressed_to) == (CallCode.CLIENT_RINGS, CallAddressee.CLIENT)
    assert (found.caller_ref, found.ref, found.options) == ("S-1", "C-1", ())
    assert found.rings == (
        Ring(RingTarget.CLIENT, "C-1", "Jane Smith", sitter_number(1).e164, 20),
        Ring(RingTarget.SENTENCE),
    )
    assert codes(found) == ["SITTER_REPLY", "CLIENT_RINGS"]


def test_a_sitter_outside_their_windows_hears_so_and_nobody_is_rung() -> None:
    found = from_sitter(takes_voicemail=True)
    assert rung(found) == Rung("NO_OPEN_WINDOW", "nobody", None, ["sentence"])
    assert not route_call(found, T).is_rejected


def test_a_sitter_with_several_clients_chooses_one_of_at_most_nine() -> None:
    many = [SMITH._replace(ref=f"C-{place}") for place in range(1, 13)]
    found = route_call(from_sitter(*many), T)
    assert (found.code, found.addressed_to, found.ref, found.must_choose) == (
        CallCode.SITTER_CHOOSES, CallAddressee.CLIENT, None, True,
    )  # fmt: skip
    assert [each.ref for each in found.options] == [f"C-{place}" for place in range(1, 10)]


def test_a_client_who_cannot_be_rung_is_an_option_without_a_number() -> None:
    found = route_call(from_sitter(SMITH._replace(is_overridden=True), JONES), T)
    assert [each.caller_id for each in found.options] == [None, JONES.caller_id and MAYAS]
    assert [each.target for each in found.rings] == [RingTarget.FRONT_DESK, RingTarget.SENTENCE]


def test_the_front_desk_is_rung_for_a_client_who_cannot_be() -> None:
    for client, code in (
        (SMITH._replace(is_overridden=True), "OVERRIDE"),
        (SMITH._replace(is_caller=True), "OWN_PHONE"),
        (SMITH._replace(caller_id=None), "NO_NUMBER"),
    ):
        expected = Rung(code, "front_desk", None, [f"front_desk {MAYAS}", "sentence"])
        assert rung(from_sitter(client)) == expected
        assert rung(from_sitter(client, client._replace(ref="C-9"))) == expected


def test_a_client_sees_the_front_desks_number_for_one_without_voice_but_no_other() -> None:
    silent = from_sitter(SMITH, silent=frozenset({1}), spare=sitter_number(7))
    assert rung(silent).rings == [f"client C-1 {DESK}", "sentence"]
    assert rung(silent._replace(desks=())).code == "NO_NUMBER"


def test_a_sitter_who_calls_another_number_rings_the_front_desk() -> None:
    other = to(client=None, windows=(), sender=OLGA)._replace(caller=CallerKind.SITTER)
    assert rung(other).rings == [f"front_desk {MAYAS}", "sentence"]


def test_a_call_from_one_of_our_numbers_to_a_retired_one_or_too_many_are_rejected() -> None:
    for facts, code in (
        (from_client(from_own_number=True), "OWN_NUMBER_CALLS"),
        (to(number=retired(inbound.MAYAS_NUMBER)), "NUMBER_RETIRED"),
        (from_client(calls_before=3, calls_per_hour=3), "CALLS_PER_HOUR"),
    ):
        assert rung(facts) == Rung(code, "nobody", None, [])
        assert route_call(facts, T).is_rejected
    assert rung(from_client(calls_before=2, calls_per_hour=3)).code == "SITTER_RINGS"


def test_a_sitter_is_not_rung_on_the_phone_they_call_from() -> None:
    found = rung(from_client(holder_calls=True))
    assert found == Rung("OWN_PHONE", "sitter", "S-1", [f"front_desk {MAYAS}", "sentence"])


def test_a_window_is_closed_at_its_closing_instant() -> None:
    for at, code in ((T + HOUR, "NO_ACTIVE_WINDOW"), (T - HOUR, "SITTER_RINGS")):
        assert route_call(from_client(), at).code.value == code
    assert route_call(from_client(), T + HOUR - timedelta(microseconds=1)).ref == "S-1"


def test_a_decision_is_read_again_as_it_was_written_but_for_its_trace() -> None:
    for facts in (from_client(), from_sitter(SMITH), from_sitter(SMITH, JONES), from_sitter()):
        found = route_call(facts, T)
        assert CallDecision.from_json(found.to_json()) == found._replace(trace=())


def test_the_reasons_name_no_client_because_they_are_kept_when_one_is_erased() -> None:
    for facts in (
        from_client(),
        to(windows=()),
        from_sitter(SMITH),
        from_sitter(SMITH, JONES),
        from_sitter(SMITH._replace(is_overridden=True)),
        from_sitter(SMITH._replace(caller_id=None)),
        from_sitter(SMITH._replace(is_caller=True)),
        from_sitter(),
    ):
        found = route_call(facts, T)
        said = [found.reason, *(step.explanation for step in found.trace)]
        assert not any("Jane" in each or "Jones" in each for each in said)
