"""TwiML: each plan's document is one that Twilio takes, and says no phone."""

import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petmsg.enums.calls import Sentence
from petmsg.providers.twilio_voice import twiml_of
from petmsg.rules.call_plan import (
    CallPlan,
    Connect,
    Dial,
    HangUp,
    Menu,
    Reject,
    Screen,
    Speak,
    TakeVoicemail,
)
from tests.support.twiml_grammar import DECLARATION, faults, phones_outside

AT = "https://texts.example.com"
CALL = "CA" + "0" * 31 + "1"
ANNS, MAYAS = "+16175550123", "+14155550111"
DIAL = Dial(CALL, 0, ANNS, MAYAS, 20, announces=True)


def root_of(plan: CallPlan) -> ET.Element:
    document = twiml_of(plan, AT)
    assert faults(document) == []
    return ET.fromstring(document)  # noqa: S314 because petmsg made it


def words_of(plan: CallPlan) -> str:
    return " ".join(each.text or "" for each in root_of(plan).iter("Say"))


def test_a_phone_rings_for_so_long_and_shows_the_number_of_the_company() -> None:
    (dial,) = root_of(DIAL)
    assert dial.attrib == {
        "callerId": MAYAS,
        "timeout": "20",
        "answerOnBridge": "true",
        "action": f"{AT}/twilio/voice/ended?call={CALL}&ring=0",
        "method": "POST",
    }
    (number,) = dial
    assert number.text == ANNS
    assert number.attrib == {
        "url": f"{AT}/twilio/voice/answer?call={CALL}&ring=0",
        "method": "POST",
    }


def test_a_client_who_is_rung_hears_nothing_before() -> None:
    (dial,) = root_of(DIAL._replace(announces=False))
    assert dial[0].attrib == {}


def test_a_ring_without_a_decision_is_known_by_its_address() -> None:
    (dial,) = root_of(DIAL._replace(by_desk=True))
    assert dial.attrib["action"] == f"{AT}/twilio/voice/ended?call={CALL}&ring=0&desk=1"


def test_a_sitter_chooses_a_client_by_key() -> None:
    (gather,) = root_of(Menu(CALL, ("Ann", "Ben & Söhne")))
    assert gather.attrib["numDigits"] == "1"
    assert gather.attrib["action"] == f"{AT}/twilio/voice/answer?call={CALL}&choose=1"
    assert gather.attrib["actionOnEmptyResult"] == "true"
    assert gather[0].text == "To call Ann, press 1. To call Ben & Söhne, press 2."


def test_more_than_nine_clients_have_keys_too() -> None:
    (gather,) = root_of(Menu(CALL, tuple(f"Client {each}" for each in "abcdefghij")))
    assert gather.attrib["numDigits"] == "2"
    assert "To call Client j, press 1 0 and the pound key." in (gather[0].text or "")
    assert "To call Client a, press 1 and the pound key." in (gather[0].text or "")


def test_a_sitter_hears_whose_call_it_is_and_presses_a_key() -> None:
    gather, hangup = root_of(Screen(CALL, 0, "Paws", "Ann Smith", needs_key=True))
    assert (gather.tag, hangup.tag) == ("Gather", "Hangup")
    assert gather.attrib["action"] == f"{AT}/twilio/voice/answer?call={CALL}&ring=0"
    assert "actionOnEmptyResult" not in gather.attrib  # no key ends the leg
    assert gather[0].text == "A call for Paws, from Ann Smith. To take the call, press 1."


def test_the_desk_needs_no_key() -> None:
    (say,) = root_of(Screen(CALL, 0, "Paws", None, needs_key=False))
    assert say.text == "A call for Paws, from an unknown caller."


def test_a_voicemail_is_recorded_and_told_twice() -> None:
    greeting, record, late, _ = root_of(TakeVoicemail(CALL, "Paws", None))
    assert (greeting.text or "").startswith("You have reached Paws.")
    assert record.attrib["maxLength"] == "180"
    assert record.attrib["playBeep"] == "true"
    assert record.attrib["finishOnKey"] == "#"
    assert record.attrib["action"] == record.attrib["recordingStatusCallback"]
    assert record.attrib["action"] == f"{AT}/twilio/voice/voicemail?call={CALL}"
    assert "transcribe" not in record.attrib
    assert late.text == "No message was recorded. Goodbye."


def test_the_greeting_is_the_company_s() -> None:
    assert words_of(TakeVoicemail(CALL, "Paws", "Hi, this is\nPaws!")).startswith(
        "Hi, this is Paws!"
    )


@pytest.mark.parametrize("greeting", ["Call 617-555-0123.", "Call 6 1 7 5 5 5 0 1 2 3", " \x00 "])
def test_a_greeting_with_a_phone_is_replaced_by_the_usual_one(greeting: str) -> None:
    assert words_of(TakeVoicemail(CALL, "Paws", greeting)).startswith("You have reached Paws.")


@pytest.mark.parametrize("sentence", Sentence)
def test_a_sentence_is_spoken_and_the_call_ends(sentence: Sentence) -> None:
    say, hangup = root_of(Speak(sentence, "Paws"))
    assert (say.text or "").endswith(" Goodbye.")
    assert hangup.tag == "Hangup"
    assert "{" not in words_of(Speak(sentence, None))


def test_people_are_connected_by_an_empty_document() -> None:
    assert list(root_of(Connect())) == []


def test_a_leg_ends_without_a_word() -> None:
    assert [each.tag for each in root_of(HangUp())] == ["Hangup"]
    assert [each.tag for each in root_of(Reject())] == ["Reject"]


@pytest.mark.parametrize(
    "name", ["Ann +1 617 555 0123", "Ann (617) 555.0123", "٦١٧٥٥٥٠١٢٣", "6\ufe0f\u20e31755501", ""]
)
def test_a_name_with_a_phone_is_not_spoken(name: str) -> None:
    assert "from a client." in words_of(Screen(CALL, 0, "Paws", name, needs_key=True))
    assert "To call a client, press 1." in words_of(Menu(CALL, (name,)))


NAMES = st.text(max_size=120) | st.sampled_from(
    [
        "Ann",
        "Ann 617-555-0123",
        "+16175550123",
        "a\x00b",
        "\ud800",
        "]]>",
        "<Dial>",
        "&#0;",
        "\ufffe",
    ]
)
PHONES = st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True)
CALLS = st.from_regex(r"CA[0-9a-f]{32}", fullmatch=True)
PLANS: st.SearchStrategy[CallPlan] = st.one_of(
    st.builds(Dial, CALLS, st.integers(0, 9), PHONES, PHONES, st.integers(5, 60), st.booleans(),
              st.booleans()),
    st.builds(Menu, CALLS, st.lists(NAMES, min_size=1, max_size=12).map(tuple)),
    st.builds(Screen, CALLS, st.integers(0, 9), NAMES, st.none() | NAMES, st.booleans()),
    st.builds(TakeVoicemail, CALLS, NAMES, st.none() | NAMES | st.text(max_size=3000)),
    st.builds(Speak, st.sampled_from(Sentence), st.none() | NAMES),
    st.sampled_from([Connect(), HangUp(), Reject()]),
)  # fmt: skip


@given(plan=PLANS)
def test_every_plan_is_twiml_and_says_no_phone(plan: CallPlan) -> None:
    document = twiml_of(plan, AT)
    assert document.startswith(DECLARATION)
    assert faults(document, whisper=isinstance(plan, Screen | Connect)) == []
    assert phones_outside(document) == []
    assert " record=" not in document


def test_the_sdk_is_imported_with_the_first_call() -> None:
    code = "import sys, petmsg.providers.twilio_voice; print('twilio' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
