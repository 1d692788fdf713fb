"""What Twilio is told to do with a phone call: a plan becomes TwiML, by the SDK's own builder.

A conversation is never recorded: no `record` stands in a `Dial`. Phones stand in `Number` and
`callerId` only; the URLs name a call by its SID. The SDK is imported with the first call.
Source: twilio.com/docs/voice/twiml.
"""

from typing import TYPE_CHECKING, Any, assert_never
from urllib.parse import urlencode

from petmsg.providers import spoken_words
from petmsg.providers.public_url import CALL_ANSWER, CALL_ENDED, CALL_VOICEMAIL
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

if TYPE_CHECKING:
    from twilio.twiml.voice_response import (  # type: ignore[import-untyped] # no py.typed
        VoiceResponse,
    )

POST = "POST"
VOICEMAIL_SECONDS = 180
"""The longest voicemail, in seconds."""
SILENCE_SECONDS = 8
"""A voicemail ends after this much silence, in seconds."""
KEY_SECONDS = 8
"""How long somebody may take to press a key after they heard the words, in seconds."""
_POUND = "#"


def twiml_of(plan: CallPlan, public_url: str) -> str:
    """Return the TwiML document of a plan. `public_url` is the start of all webhook URLs, without a
    trailing slash."""
    from twilio.twiml.voice_response import VoiceResponse

    response = VoiceResponse()
    _fill(response, plan, public_url)
    return str(response.to_xml())


def _fill(response: "VoiceResponse", plan: CallPlan, start: str) -> None:
    match plan:
        case Dial():
            _dial(response, plan, start)
        case Menu():
            _menu(response, plan, start)
        case Screen():
            _screen(response, plan, start)
        case TakeVoicemail():
            _take_voicemail(response, plan, start)
        case Speak():
            response.say(spoken_words.sentence(plan.sentence, plan.company))
            response.hangup()
        case Connect():
            pass  # an empty document lets the two people talk
        case HangUp():
            response.hangup()
        case Reject():
            response.reject(reason="rejected")
        case _:
            assert_never(plan)


def _dial(response: "VoiceResponse", plan: Dial, start: str) -> None:
    named: dict[str, Any] = {"call": plan.call, "ring": plan.ring}
    ended = {**named, "desk": 1} if plan.by_desk else named
    dial = response.dial(
        caller_id=plan.caller_id,
        timeout=plan.seconds,
        answer_on_bridge=True,
        action=_url(start, CALL_ENDED, ended),
        method=POST,
    )
    if plan.announces:
        dial.number(plan.phone, url=_url(start, CALL_ANSWER, named), method=POST)
    else:
        dial.number(plan.phone)


def _menu(response: "VoiceResponse", plan: Menu, start: str) -> None:
    """Without a key Twilio asks as well, so that the sitter hears how it goes on."""
    gather = response.gather(
        input="dtmf",
        num_digits=len(str(len(plan.names))),
        finish_on_key=_POUND,
        timeout=KEY_SECONDS,
        action_on_empty_result=True,
        action=_url(start, CALL_ANSWER, {"call": plan.call, "choose": 1}),
        method=POST,
    )
    gather.say(spoken_words.choice(plan.names), loop=2)


def _screen(response: "VoiceResponse", plan: Screen, start: str) -> None:
    """Where no key is needed, the people are connected when the words have ended."""
    words = spoken_words.announcement(plan.company, plan.caller, needs_key=plan.needs_key)
    if not plan.needs_key:
        response.say(words)
        return
    gather = response.gather(
        input="dtmf",
        num_digits=1,
        timeout=KEY_SECONDS,
        action=_url(start, CALL_ANSWER, {"call": plan.call, "ring": plan.ring}),
        method=POST,
    )
    gather.say(words, loop=2)
    response.hangup()


def _take_voicemail(response: "VoiceResponse", plan: TakeVoicemail, start: str) -> None:
    """A silent caller is not asked for by `action`: they hear the sentence after it."""
    left = _url(start, CALL_VOICEMAIL, {"call": plan.call})
    response.say(spoken_words.greeting(plan.company, plan.greeting))
    response.record(
        max_length=VOICEMAIL_SECONDS,
        timeout=SILENCE_SECONDS,
        play_beep=True,
        finish_on_key=_POUND,
        action=left,
        method=POST,
        recording_status_callback=left,
        recording_status_callback_method=POST,
        recording_status_callback_event="completed",
    )
    response.say(spoken_words.NOTHING_RECORDED)
    response.hangup()


def _url(start: str, path: str, query: dict[str, Any]) -> str:
    return f"{start}{path}?{urlencode(query)}"
