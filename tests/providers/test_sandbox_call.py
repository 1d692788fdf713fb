"""A simulated call makes Twilio's requests, and carries out the TwiML that it is answered with."""

from collections.abc import Mapping
from typing import Any

import pytest

from petmsg.enums.simulated_calls import Happening, Leg, PickUp
from petmsg.providers.sandbox_call import Callers, Event, Reaction, SimulatedCall, VoiceRequest

CLIENT, SITTER, DESK, OURS = "+12025550101", "+12025550102", "+12025550103", "+14155550100"
ANSWER = PickUp.ANSWER
DIAL = (
    '<Dial callerId="+14155550100" timeout="20" action="/ended?ring=0">'
    f'<Number url="/answer?ring=0">{SITTER}</Number></Dial>'
)
SCREEN = (
    '<Gather numDigits="1" action="/answer?ring=0"><Say>A call from Ann.</Say></Gather><Hangup/>'
)


def carry(
    answers: Mapping[str, str | None], *, reactions: Mapping[str, Reaction] = {}, **caller: Any
) -> tuple[list[VoiceRequest], list[Event]]:
    """The requests of a call whose requests are answered with these documents by their path, and by
    `path+` if digits were pressed."""
    call = SimulatedCall(
        Callers(CLIENT, OURS, **caller),
        lambda phone: reactions.get(phone, Reaction(PickUp.NO_ANSWER)),
        account_sid="AC1",
        voice="/voice",
        ended="/over",
    )
    asked, requests = [], call.requests()
    try:
        request = next(requests)
        while True:
            asked.append(request)
            path = request.path + ("+" if "Digits" in request.form else "")
            document = answers.get(path, "")
            request = requests.send(
                None if document is None else f"<Response>{document}</Response>"
            )
    except StopIteration:
        return asked, call.events


def happenings(events: list[Event], leg: Leg) -> list[Happening]:
    return [each.happening for each in events if each.leg is leg]


def test_a_person_who_presses_the_key_is_connected() -> None:
    asked, events = carry(
        {
            "/voice": DIAL,
            "/answer?ring=0": SCREEN,
            "/answer?ring=0+": "",
            "/ended?ring=0": "<Hangup/>",
        },
        reactions={SITTER: Reaction(ANSWER, "1")},
    )
    assert [each.path for each in asked] == [
        "/voice", "/answer?ring=0", "/answer?ring=0", "/ended?ring=0", "/over",
    ]  # fmt: skip
    voice, screen, key, ended, over = (each.form for each in asked)
    assert (voice["CallStatus"], voice["From"], voice["To"]) == ("ringing", CLIENT, OURS)
    assert screen["ParentCallSid"] == voice["CallSid"] != screen["CallSid"]
    assert (screen["From"], screen["To"], "Digits" in screen) == (OURS, SITTER, False)
    assert key["Digits"] == "1"
    assert (ended["DialCallStatus"], ended["DialBridged"]) == ("completed", "true")
    assert (over["CallStatus"], over["CallDuration"]) == ("completed", "60")
    assert happenings(events, Leg.RUNG) == ["rings", "answers", "hears", "presses", "connected"]
    assert Event(Leg.RUNG, Happening.RINGS, None, SITTER, OURS, 20) in events


def test_a_voicemail_that_picks_up_presses_nothing_and_is_not_connected() -> None:
    asked, events = carry(
        {"/voice": DIAL, "/answer?ring=0": SCREEN, "/ended?ring=0": "<Say>Sorry.</Say>"},
        reactions={SITTER: Reaction(ANSWER)},
    )
    ended = asked[-2].form
    assert (ended["DialCallStatus"], ended["DialBridged"]) == ("completed", "false")
    assert happenings(events, Leg.RUNG) == ["rings", "answers", "hears", "waits", "ends"]
    assert happenings(events, Leg.CALLER) == ["calls", "hears", "ends"]


@pytest.mark.parametrize(
    ("pick_up", "told"), [(PickUp.NO_ANSWER, "no-answer"), (PickUp.BUSY, "busy")]
)
def test_who_does_not_pick_up_is_told_to_the_action(pick_up: PickUp, told: str) -> None:
    asked, _ = carry({"/voice": DIAL}, reactions={SITTER: Reaction(pick_up)})
    assert asked[1].path == "/ended?ring=0"
    assert asked[1].form["DialCallStatus"] == told
    assert "DialCallDuration" not in asked[1].form


def test_a_dial_without_an_action_goes_on_with_the_next_verb() -> None:
    plain = f"<Dial>{DESK}</Dial><Say>Bye.</Say>"
    asked, events = carry({"/voice": plain})
    assert [each.path for each in asked] == ["/voice", "/over"]
    assert events[-2].text == "Bye."


def test_a_caller_who_hangs_up_while_it_rings_is_still_told_to_the_action() -> None:
    asked, events = carry(
        {"/voice": DIAL}, hangs_up=True, reactions={SITTER: Reaction(ANSWER, "1")}
    )
    assert [each.path for each in asked] == ["/voice", "/ended?ring=0", "/over"]
    assert (asked[1].form["DialCallStatus"], asked[1].form["CallStatus"]) == (
        "no-answer",
        "completed",
    )
    assert happenings(events, Leg.RUNG) == ["rings"]


def test_a_key_leads_to_the_action_and_none_to_the_next_verb() -> None:
    menu = (
        '<Gather numDigits="1" action="/chosen"><Say>Press 1.</Say></Gather>'
        "<Redirect>/again</Redirect>"
    )
    pressed, _ = carry({"/voice": menu}, key="2")
    assert [(each.path, each.form.get("Digits")) for each in pressed[:2]] == [
        ("/voice", None),
        ("/chosen", "2"),
    ]
    nothing, _ = carry({"/voice": menu})
    assert [each.path for each in nothing] == ["/voice", "/again", "/over"]
    asks = menu.replace("<Gather ", '<Gather actionOnEmptyResult="true" ')
    empty, _ = carry({"/voice": asks})
    assert [each.path for each in empty] == ["/voice", "/chosen", "/over"]


def test_a_voicemail_is_told_twice_to_the_action_and_later_to_the_callback() -> None:
    record = (
        '<Say>Hello.</Say><Record maxLength="120" action="/left" recordingStatusCallback="/left"/>'
    )
    asked, events = carry({"/voice": record}, speaks=300)
    assert [each.path for each in asked] == ["/voice", "/left", "/left", "/over"]
    action, callback = asked[1].form, asked[2].form
    assert action["RecordingSid"] == callback["RecordingSid"]
    assert (action["RecordingDuration"], action["Digits"]) == ("120", "hangup")
    assert callback["RecordingStatus"] == "completed"
    assert happenings(events, Leg.CALLER) == ["calls", "hears", "speaks", "hangs_up"]


def test_a_caller_who_says_nothing_leaves_no_recording() -> None:
    asked, _ = carry({"/voice": '<Record action="/left"/>'})
    assert [each.path for each in asked] == ["/voice", "/over"]


@pytest.mark.parametrize(
    ("verb", "status"),
    [("<Reject/>", "no-answer"), ('<Reject reason="busy"/>', "busy")],
)
def test_a_rejected_call_is_not_answered(verb: str, status: str) -> None:
    asked, events = carry({"/voice": verb + "<Say>Hello.</Say>"})
    assert asked[-1].form["CallStatus"] == status
    assert asked[-1].form["CallDuration"] == "0"
    assert happenings(events, Leg.CALLER) == ["calls", "rejected"]


@pytest.mark.parametrize(
    "answer", [None, "<Refer/>", "<Reject>", "<Redirect>https://elsewhere.example/</Redirect>"]
)
def test_what_twilio_cannot_carry_out_is_an_error_that_the_caller_hears(answer: str | None) -> None:
    asked, events = carry({"/voice": answer})
    assert [each.path for each in asked] == ["/voice", "/over"]
    assert events[-1].happening is Happening.ERROR


def test_a_dialogue_that_goes_round_in_circles_ends() -> None:
    asked, events = carry({"/voice": "<Redirect>/voice</Redirect>"})
    assert len(asked) == 51
    assert events[-1].happening is Happening.ERROR
