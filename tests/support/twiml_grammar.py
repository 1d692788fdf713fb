"""What a TwiML document for a phone call may hold, from Twilio's public description of its verbs.

It knows the verbs that petmsg uses, each with its attributes, their values, and what may stand in
it. Source: twilio.com/docs/voice/twiml and its pages for each verb, read in November 2026. Not made
from petmsg's own code: a document that petmsg makes is held against it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
E164 = re.compile(r"\+[1-9][0-9]{1,14}")
LONGEST_WORDS = 4096
"""The most that one Say takes, in characters."""

Check = Callable[[str], bool]


def _one_of(*values: str) -> Check:
    return values.__contains__


def _integer(least: int, most: int) -> Check:
    return lambda value: (
        re.fullmatch("[0-9]{1,6}", value) is not None and (least <= int(value) <= most)
    )


def _is_url(value: str) -> bool:
    """An absolute https URL of printable ASCII, which ElementTree has already unescaped."""
    parts = urlsplit(value)
    is_plain = re.fullmatch(r"[!-~]+", value) is not None and not set(value) & set("<>\"'`\\^{}|")
    return is_plain and parts.scheme == "https" and bool(parts.hostname) and not parts.fragment


def _matches(pattern: str) -> Check:
    return lambda value: re.fullmatch(pattern, value) is not None


_METHOD = _one_of("GET", "POST")
_BOOLEAN = _one_of("true", "false")


@dataclass(frozen=True)
class Verb:
    """An element: its attributes with their checks, which of them must be there, the elements that
    may stand in it, and whether it holds words (None: it may hold nothing but elements)."""

    attributes: Mapping[str, Check] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    holds: frozenset[str] = frozenset()
    words: Check | None = None


VERBS: Mapping[str, Verb] = {
    "Response": Verb(
        holds=frozenset(("Say", "Dial", "Gather", "Record", "Hangup", "Reject", "Pause", "Play"))
    ),
    "Say": Verb(
        {
            "voice": _matches(r"man|woman|alice|(Polly|Google)\.[A-Za-z-]+"),
            "language": _matches(r"[a-z]{2,3}-[A-Z]{2}"),
            "loop": _integer(0, 1000),
        },
        words=lambda said: 0 < len(said.strip()) <= LONGEST_WORDS,
    ),
    "Pause": Verb({"length": _integer(1, 180)}),
    "Dial": Verb(
        {
            "action": _is_url,
            "method": _METHOD,
            "timeout": _integer(5, 600),
            "hangupOnStar": _BOOLEAN,
            "timeLimit": _integer(1, 86_400),
            "callerId": _matches(E164.pattern),
            "record": _one_of(
                "do-not-record", "record-from-answer", "record-from-ringing",
                "record-from-answer-dual", "record-from-ringing-dual",
            ),
            "trim": _one_of("trim-silence", "do-not-trim"),
            "answerOnBridge": _BOOLEAN,
            "sequential": _BOOLEAN,
        },
        required=frozenset(("callerId",)),
        holds=frozenset(("Number",)),
    ),
    "Number": Verb(
        {
            "sendDigits": _matches(r"[0-9#*w]+"),
            "url": _is_url,
            "method": _METHOD,
            "statusCallback": _is_url,
            "statusCallbackMethod": _METHOD,
            "statusCallbackEvent": _matches(
                r"(initiated|ringing|answered|completed)( (initiated|ringing|answered|completed))*"
            ),
        },
        words=lambda phone: E164.fullmatch(phone) is not None,
    ),
    "Gather": Verb(
        {
            "action": _is_url,
            "method": _METHOD,
            "input": _one_of("dtmf", "speech", "dtmf speech"),
            "finishOnKey": _matches(r"[0-9#*]?"),
            "numDigits": _integer(1, 100),
            "timeout": _integer(1, 600),
            "actionOnEmptyResult": _BOOLEAN,
        },
        holds=frozenset(("Say", "Play", "Pause")),
    ),
    "Record": Verb(
        {
            "action": _is_url,
            "method": _METHOD,
            "timeout": _integer(0, 600),
            "finishOnKey": _matches(r"[0-9#*]{1,12}"),
            "maxLength": _integer(2, 14_400),
            "playBeep": _BOOLEAN,
            "trim": _one_of("trim-silence", "do-not-trim"),
            "recordingStatusCallback": _is_url,
            "recordingStatusCallbackMethod": _METHOD,
            "recordingStatusCallbackEvent": _matches(
                r"(in-progress|completed|absent)( (in-progress|completed|absent))*"
            ),
            "transcribe": _BOOLEAN,
        },
    ),
    "Hangup": Verb(),
    "Reject": Verb({"reason": _one_of("rejected", "busy")}),
}  # fmt: skip

ENDS = ("Hangup", "Reject")
"""Nothing after these is ever reached."""
WHISPER = frozenset(("Say", "Gather", "Hangup", "Pause", "Play"))
"""What may stand in the document of a Number's `url`: it may hold no Dial."""


def faults(document: str, *, whisper: bool = False) -> list[str]:
    """What is wrong with a document; empty if Twilio would take it as it is. `whisper` says that it
    is the document of a Number's `url`."""
    if not document.startswith(DECLARATION):
        return ["it does not begin with the XML declaration"]
    try:
        root = ET.fromstring(document)  # noqa: S314 because petmsg made it
    except ET.ParseError as problem:
        return [f"it is no XML: {problem}"]
    if root.tag != "Response":
        return [f"its root is {root.tag}"]
    found = _faults_of(root)
    tags = [child.tag for child in root]
    found += [
        f"{tag} is not allowed in a whisper" for tag in tags if whisper and tag not in WHISPER
    ]
    if any(tag in ENDS for tag in tags[:-1]):
        found.append("something follows the end of the call")
    if "Reject" in tags and len(tags) > 1:
        found.append("Reject does not stand alone")
    return found


def _faults_of(element: ET.Element) -> list[str]:
    verb = VERBS.get(element.tag)
    if verb is None:
        return [f"{element.tag} is no verb that petmsg uses"]
    found = [
        f"{element.tag} has no attribute {name}" if name not in verb.attributes
        else f"{element.tag} {name}={value!r} is not possible"
        for name, value in element.attrib.items()
        if name not in verb.attributes or not verb.attributes[name](value)
    ]  # fmt: skip
    found += [f"{element.tag} lacks {name}" for name in verb.required - element.attrib.keys()]
    if verb.words is None:
        found += [f"{element.tag} holds words"] * bool((element.text or "").strip())
    elif not verb.words(element.text or ""):
        found.append(f"{element.tag} holds {element.text!r}")
    for child in element:
        if child.tag not in verb.holds:
            found.append(f"{child.tag} may not stand in {element.tag}")
        found += [f"{element.tag} holds words"] * bool((child.tail or "").strip())
        found += _faults_of(child)
    if element.tag == "Dial" and not 1 <= len(element) <= 10:
        found.append("Dial holds no Number, or more than ten")
    return found


def phones_outside(document: str) -> list[str]:
    """Every run of seven or more digits that is not the Number dialled or the callerId, apart from
    the SID in a URL."""
    root = ET.fromstring(document)  # noqa: S314 because petmsg made it
    found = []
    for element in root.iter():
        words = [value for name, value in element.attrib.items() if name != "callerId"]
        words += [element.tail or ""]
        if element.tag != "Number":
            words.append(element.text or "")
        for each in words:
            plain = re.sub(r"\bCA[0-9a-fA-F]{32}\b", "", each)
            found += re.findall(r"\+?(?:[0-9][ .()-]?){7,}", plain)
    return found
