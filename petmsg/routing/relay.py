"""For which client is a sitter's own text? Pure: facts in, Choice out.

She writes from her own phone to her own number. Her text goes to a client in an open window of
hers, and only where it is certain which (source: issue 4, the relay):

- one that begins with `@ref` goes to that client;
- with one client in an open window it goes to her, with several to the one she was last forwarded;
- if another client wrote to her within ten minutes, or it is not known whether another's words
  reached her, it is not certain: she is asked, and answers with a number.
"""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

NOT_CERTAIN_WITHIN = timedelta(minutes=10)
MOST_OPTIONS = 9

_NUMBER = re.compile(r"\(?([1-9])[.)]?")


class Way(StrEnum):
    """What is to be done with a sitter's text."""

    SEND = "send"
    """Send `text` to `client`."""
    SEND_WAITING = "send_waiting"
    """She answered whom her waiting texts are for: `client`."""
    ASK = "ask"
    """Send nothing to a client; ask her which of `options`."""
    ASK_AGAIN = "ask_again"
    """She answered a question with a number that was not among `options`."""
    NOT_OPEN = "not_open"
    """She named or chose a client who is not in an open window of hers."""
    NO_WINDOW = "no_window"
    """No window of hers is open."""
    EMPTY = "empty"
    """She named a client and said nothing."""


class OpenClient(NamedTuple):
    """A client in a window of the sitter's that is open now."""

    id: int
    ref: str
    name: str


class Wrote(NamedTuple):
    """A client's text that was addressed to the sitter. `wrote_at` is aware UTC; `reached` says
    whether it came to her own phone: None if that is not known."""

    client: str
    wrote_at: datetime
    reached: bool | None


class RelayFacts(NamedTuple):
    """What is known of a sitter who writes. `wrote` are the texts to her, the newest first; `asked`
    the refs she was given to choose from last, while her texts wait."""

    open: tuple[OpenClient, ...]
    wrote: tuple[Wrote, ...] = ()
    asked: tuple[str, ...] = ()


class Choice(NamedTuple):
    """The answer: what to do, with which client, with which words; `why` in a few words."""

    way: Way
    why: str
    client: OpenClient | None = None
    text: str = ""
    options: tuple[OpenClient, ...] = ()


def choose(facts: RelayFacts, body: str, at: datetime) -> Choice:
    """For which client the sitter's text is at `at` (aware UTC). Same facts, same answer."""
    text = body.strip()
    if not facts.open:
        return Choice(Way.NO_WINDOW, "no window of hers is open")
    answered = _NUMBER.fullmatch(text) if facts.asked else None
    if answered is not None:
        return _answer(facts, int(answered.group(1)))
    if text.startswith("@"):
        return _named(facts, text[1:])
    client = _likely(facts)
    if client is None:
        return _ask(facts, "several clients are in open windows of hers")
    other = _other_voice(facts, client, at)
    if other is not None:
        return _ask(facts, other)
    return Choice(Way.SEND, "the client she was last forwarded", client, text)


def _answer(facts: RelayFacts, number: int) -> Choice:
    by_ref = {each.ref: each for each in facts.open}
    if number > len(facts.asked):
        options = tuple(by_ref[each] for each in facts.asked if each in by_ref)
        return Choice(Way.ASK_AGAIN, "there is no such choice", options=options)
    client = by_ref.get(facts.asked[number - 1])
    if client is None:
        return Choice(Way.NOT_OPEN, "her window with that client is not open any more")
    return Choice(Way.SEND_WAITING, "she chose", client)


def _named(facts: RelayFacts, words: str) -> Choice:
    """`@C-1 on my way`: the longest ref that fits, so that C-1 is not taken for C-12."""
    folded = words.casefold()
    fitting = [
        each
        for each in facts.open
        if folded.startswith(each.ref.casefold()) and _ends(words[len(each.ref) :])
    ]
    if not fitting:
        return Choice(Way.NOT_OPEN, "no client of that ref is in an open window of hers")
    client = max(fitting, key=lambda each: len(each.ref))
    text = words[len(client.ref) :].lstrip(" :,\t\r\n")
    if not text:
        return Choice(Way.EMPTY, "she named a client and said nothing", client)
    return Choice(Way.SEND, "she named the client", client, text)


def _ends(rest: str) -> bool:
    return not rest or not (rest[0].isalnum() or rest[0] in "-_")


def _likely(facts: RelayFacts) -> OpenClient | None:
    if len(facts.open) == 1:
        return facts.open[0]
    last = next((each.client for each in facts.wrote if each.reached), None)
    return next((each for each in facts.open if each.ref == last), None)


def _other_voice(facts: RelayFacts, client: OpenClient, at: datetime) -> str | None:
    """Why it may be an answer to somebody else after all."""
    for each in facts.wrote:
        if each.client == client.ref:
            continue
        if at - each.wrote_at < NOT_CERTAIN_WITHIN:
            return "another client wrote to her within ten minutes"
        if each.reached is None:
            return "it is not known whether another client's words reached her"
    return None


def _ask(facts: RelayFacts, why: str) -> Choice:
    return Choice(Way.ASK, why, options=facts.open[:MOST_OPTIONS])
