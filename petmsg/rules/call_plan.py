"""What the provider is told to do next with a call, and nothing else.

`petmsg.providers.twilio_voice` makes TwiML of it, and the words that are spoken.

`call` is the provider's ID of the caller's leg. `ring` is the place of an entry in the decision's
`rings`, from 0: each callback names it, so that a repeated or late one is recognised.
"""

from typing import NamedTuple

from petmsg.enums.calls import Sentence


class Dial(NamedTuple):
    """Ring a phone (E.164) for `seconds`, showing `caller_id`. With `announces`, the person who
    answers first hears whose call it is (`Screen`). `by_desk` is as in a `RingEnded`."""

    call: str
    ring: int
    phone: str
    caller_id: str
    seconds: int
    announces: bool
    by_desk: bool = False


class Menu(NamedTuple):
    """Ask the sitter which client to call: the names, in the order of their keys from 1."""

    call: str
    names: tuple[str, ...]


class Screen(NamedTuple):
    """Tell the person who answered whose call it is: `caller` is a name, or None for an unknown
    one. With `needs_key` they are connected only after they press 1."""

    call: str
    ring: int
    company: str
    caller: str | None
    needs_key: bool


class TakeVoicemail(NamedTuple):
    """Speak the greeting, then record a message."""

    call: str
    company: str
    greeting: str | None


class Speak(NamedTuple):
    """Speak a sentence, then hang up."""

    sentence: Sentence
    company: str | None = None


class Connect(NamedTuple):
    """Connect the person who pressed the key with the caller."""


class HangUp(NamedTuple):
    """End this leg of the call without a word."""


class Reject(NamedTuple):
    """Do not take the call."""


CallPlan = Dial | Menu | Screen | TakeVoicemail | Speak | Connect | HangUp | Reject
