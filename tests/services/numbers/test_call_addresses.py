"""Where a number's calls go at the provider, and what of that petmsg calls a problem."""

from dataclasses import replace

import pytest

from petmsg.providers.account import NumberAtProvider
from petmsg.services.numbers.call_addresses import (
    call_addresses,
    call_problems,
    change_calls,
    with_retries,
)
from tests.support.twilio_services import DEMO_VOICE

BASE = "https://texts.example.com/petmsg"
OURS = call_addresses(f"{BASE}/twilio/inbound")
GOOD = NumberAtProvider(
    "+14155550101",
    "PN1",
    voice=True,
    voice_url=f"{BASE}/twilio/voice",
    voice_method="POST",
    status_callback=f"{BASE}/twilio/voice/ended",
    status_callback_method="POST",
)
ELSEWHERE = "https://ivr.example.com/in"
ENDED = f"{BASE}/twilio/voice/ended"


def found(number: NumberAtProvider) -> list[tuple[str, str]]:
    return [(each.result.value, each.words) for each in call_problems(number, OURS)]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, None),
        ({"voice": None}, None),
        ({"voice_method": "", "status_callback_method": ""}, None),
        ({"voice_url": f"{BASE}/twilio/voice#rc=5&rp=all"}, None),
        ({"voice": False}, ("warning", "the number cannot take calls")),
        ({"trunk": "TK1", "voice_application": "AP1"},
         ("warning", "trunk TK1 takes the calls, not petmsg")),
        ({"voice_application": "AP1"},
         ("warning", "application AP1 takes the calls, not petmsg")),
        ({"voice_url": DEMO_VOICE}, ("problem", "callers hear Twilio's demo")),
        ({"voice_url": ""}, ("problem", "calls are not handed on, so nobody answers them")),
        ({"voice_url": "https://u:secret@ivr.example.com/in?key=secret"},
         ("warning", f"hands calls to {ELSEWHERE}, not to {BASE}/twilio/voice")),
        ({"voice_method": "GET"}, ("problem", "hands calls on with GET, and petmsg takes POST")),
        ({"status_callback": ""},
         ("problem", f"tells the end of calls to nowhere, not to {ENDED} (POST)")),
        ({"status_callback_method": "GET"},
         ("problem", f"tells the end of calls to {ENDED} (GET), not to {ENDED} (POST)")),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_calls_of_an_org_that_takes_them(
    changes: dict[str, str], problem: tuple[str, str] | None
) -> None:
    assert found(replace(GOOD, **changes)) == ([] if problem is None else [problem])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes", [{"voice": False}, {"trunk": "TK1"}, {"voice_url": ""}, {"voice_url": ELSEWHERE}]
)
def test_an_org_without_calls_has_no_finding_but_the_demo(changes: dict[str, str]) -> None:
    number = replace(GOOD, **changes)  # type: ignore[arg-type]

    assert list(call_problems(number, None)) == []
    assert [each.words for each in call_problems(replace(GOOD, voice_url=DEMO_VOICE), None)] == [
        "callers hear Twilio's demo"
    ]


def test_a_number_that_is_right_is_not_changed() -> None:
    assert OURS is not None
    new, words = change_calls(GOOD, with_retries(OURS))

    assert (new.is_nothing, words) == (True, [])
    assert change_calls(replace(GOOD, voice_url="", voice=False), OURS)[1] == []
    assert call_addresses(None) is None
