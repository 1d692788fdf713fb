"""For which client is a sitter's own message? Pure: facts in, Choice out.

The sitter writes from their own phone to their own number. The message goes to a client in an open
window of that sitter, and only where it is certain which (source: the relay of issue 4):

- one that begins with `@ref` goes to that client, or to nobody;
- one that repeats a message the sitter was shown goes to the client whose words it repeats, or to
  nobody; a bare reaction goes to nobody (`routing.quotes`);
- with one client in an open window it goes to that client, with several to the one whose message
  was last forwarded;
- it is not certain if another client's message was forwarded within ten minutes, if the last one
  forwarded is of a client whose window has ended since, if the sitter just wrote to another client,
  or if it is not known whether another's message arrived. Then the sitter is asked.

A sitter answers a question with a number, which is read by the list that was last sent to them.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from petmsg.rules.routing.quotes import Quotes, Reaction, Shown, read_quotes

NOT_CERTAIN_WITHIN = timedelta(minutes=10)
ANSWERS_WITHIN = timedelta(hours=2)
"""So long after a forward a plain message may be its answer, though that client's window ended."""
MOST_OPTIONS = 9

_NUMBER = re.compile(r"\(?([1-9])[.)]?")
_END_OF_REF = re.compile(r"[:,.;!?]*(?:\s|$)")


class RelayAction(StrEnum):
    """What is to be done with a sitter's message."""

    SEND = "send"
    """Send `text` to `client`."""
    SEND_WAITING = "send_waiting"
    """The sitter answered whom the waiting messages are for: `client`."""
    ASK = "ask"
    """Send nothing to a client; ask the sitter which of `options`."""
    ASK_AGAIN = "ask_again"
    """The sitter wrote a number that answers no list they were sent; send them a new list."""
    NOT_OPEN = "not_open"
    """The sitter chose a client who is not in an open window of theirs any more."""
    NOT_A_REF = "not_a_ref"
    """What stands behind the `@` is the ref of no client in an open window; `options` are those."""
    NO_WINDOW = "no_window"
    """No window of the sitter is open."""
    NO_QUESTION = "no_question"
    """A number alone, and the question it answers is over."""
    QUOTES_ANOTHER = "quotes_another"
    """It repeats a message that is not only this client's."""
    REACTION = "reaction"
    """It only reacts to a message."""
    REPEATS = "repeats"
    """It repeats a message, and it is not certain that the sitter added anything."""
    EMPTY = "empty"
    """It names a client and says nothing."""


class OpenClient(NamedTuple):
    """A client in a window of the sitter that is open. `name` tells clients of one name apart."""

    id: int
    ref: str
    name: str


class Wrote(NamedTuple):
    """A client's message that was addressed to the sitter. `wrote_at` is when it was written or, if
    it was forwarded later, when it was forwarded (aware UTC); `reached` says whether it came to the
    sitter's own phone: None if that is not known."""

    client: str
    wrote_at: datetime
    reached: bool | None


class Said(NamedTuple):
    """What the sitter last wrote to a client. `said_at` is aware UTC."""

    client: str
    said_at: datetime


class RelayFacts(NamedTuple):
    """What is known of a sitter who writes.

    `wrote` are the messages to them, the newest first. `asked` are the refs of the list that was
    last sent to them, while messages wait for the answer; `unasked` says that messages wait and no
    such list was sent; `is_over` that the question last sent has been answered or has expired.
    `others` are refs and names of clients who are in no open window. `shown` are the messages on
    their phone, the newest first.
    """

    open: tuple[OpenClient, ...]
    wrote: tuple[Wrote, ...] = ()
    asked: tuple[str, ...] = ()
    unasked: bool = False
    is_over: bool = False
    others: tuple[str, ...] = ()
    said: Said | None = None
    shown: tuple[Shown, ...] = ()


class RelayDecision(NamedTuple):
    """The answer: what to do, with which client, with which words; `why` in a few words."""

    way: RelayAction
    why: str
    client: OpenClient | None = None
    text: str = ""
    options: tuple[OpenClient, ...] = ()


class ListedClient(NamedTuple):
    """A client as a list names them; `day` is the day of the visit."""

    id: int
    ref: str
    name: str
    day: str


def decide_relay(facts: RelayFacts, body: str, at: datetime) -> RelayDecision:
    """For which client the sitter's message is at `at` (aware UTC). Same facts, same answer."""
    text = body.strip()
    quotes = read_quotes(text, facts.shown)
    if quotes.reaction is Reaction.YES:
        return RelayDecision(RelayAction.REACTION, "it only reacts to a message")
    if not facts.open:
        return RelayDecision(RelayAction.NO_WINDOW, "no window of hers is open")
    if quotes.reaction is Reaction.PERHAPS:
        return RelayDecision(RelayAction.REPEATS, "it only repeats a message")
    number = _NUMBER.fullmatch(text)
    if number is not None and (facts.asked or facts.unasked or facts.is_over):
        return _answer(facts, int(number.group(1)))
    if text.startswith("@"):
        return _named(facts, text[1:], quotes)
    if quotes.clients is not None:
        return _quoted(facts, text, quotes.clients)
    return _plain(facts, text, quotes, at)


def may_have(quotes: Quotes, client: str) -> bool:
    """Whether a message that repeats others may go to the client: nothing in it is certainly
    somebody else's."""
    return quotes.clients is None or client in quotes.clients


def told_apart(clients: Sequence[ListedClient]) -> dict[int, str]:
    """What to call each of the clients, by id: the name, and ref and day where another has it."""
    names = [" ".join(each.name.split()).casefold() for each in clients]
    return {
        each.id: each.name if names.count(name) == 1 else f"{each.name} ({each.ref}, {each.day})"
        for each, name in zip(clients, names, strict=True)
    }


def _answer(facts: RelayFacts, number: int) -> RelayDecision:
    if not facts.asked and not facts.unasked:
        return RelayDecision(RelayAction.NO_QUESTION, "it answers a question that is over")
    if number > len(facts.asked):
        why = "there is no such choice" if facts.asked else "she was sent no list to choose from"
        return RelayDecision(RelayAction.ASK_AGAIN, why, options=facts.open[:MOST_OPTIONS])
    by_ref = {each.ref: each for each in facts.open}
    client = by_ref.get(facts.asked[number - 1])
    if client is None:
        return RelayDecision(
            RelayAction.NOT_OPEN, "her window with that client is not open any more"
        )
    return RelayDecision(RelayAction.SEND_WAITING, "she chose", client)


def _named(facts: RelayFacts, words: str, quotes: Quotes) -> RelayDecision:
    """`@C-1 on my way`: of all clients whose ref or name the words begin with, the longest one is
    meant, so that C-1 is not taken for C-12 nor Smith for Smith Jane."""
    by_ref = {each.ref.casefold(): each for each in facts.open}
    names = [*facts.others, *(each.ref for each in facts.open), *(each.name for each in facts.open)]
    fitting = [each for each in names if _begins_with(words, each)]
    client = by_ref.get(max(fitting, key=len, default="").casefold())
    if client is None:
        why = "no client of that ref is in an open window of hers"
        return RelayDecision(RelayAction.NOT_A_REF, why, options=facts.open[:MOST_OPTIONS])
    text = words[len(client.ref) :].lstrip(" :,.;!?\t\r\n")
    if not text:
        return RelayDecision(RelayAction.EMPTY, "she named a client and said nothing", client)
    if not may_have(quotes, client.ref):
        return RelayDecision(RelayAction.QUOTES_ANOTHER, "it repeats a message of somebody else")
    return RelayDecision(RelayAction.SEND, "she named the client", client, text)


def _begins_with(words: str, name: str) -> bool:
    is_named = words[: len(name)].casefold() == name.casefold()
    return is_named and _END_OF_REF.match(words, len(name)) is not None


def _quoted(facts: RelayFacts, text: str, clients: frozenset[str | None]) -> RelayDecision:
    """It repeats a message: it is for the client who wrote that, or for nobody."""
    if not clients:
        return RelayDecision(
            RelayAction.QUOTES_ANOTHER, "it repeats a message that is no single client's"
        )
    fitting = tuple(each for each in facts.open if each.ref in clients)
    if not fitting:
        return RelayDecision(
            RelayAction.NOT_OPEN, "it repeats a client whose window is not open any more"
        )
    if len(fitting) > 1:
        return RelayDecision(
            RelayAction.ASK, "two clients wrote what it repeats", options=fitting[:MOST_OPTIONS]
        )
    return RelayDecision(RelayAction.SEND, "it repeats a message of the client", fitting[0], text)


def _plain(facts: RelayFacts, text: str, quotes: Quotes, at: datetime) -> RelayDecision:
    client = _likely(facts)
    if client is None:
        return _ask(facts, "several clients are in open windows of hers")
    why = _other_voice(facts, client, at) or _other_ear(facts, client, at)
    if why is None and any(client.ref not in each for each in quotes.possible):
        why = "it may repeat another client"
    if why is not None:
        return _ask(facts, why)
    return RelayDecision(RelayAction.SEND, "the client she was last forwarded", client, text)


def _likely(facts: RelayFacts) -> OpenClient | None:
    if len(facts.open) == 1:
        return facts.open[0]
    last = _last_forwarded(facts)
    return next((each for each in facts.open if last and each.ref == last.client), None)


def _last_forwarded(facts: RelayFacts) -> Wrote | None:
    """The message that came to the sitter's phone last; messages may be forwarded out of order."""
    return max(
        (each for each in facts.wrote if each.reached), key=lambda each: each.wrote_at, default=None
    )


def _other_voice(facts: RelayFacts, client: OpenClient, at: datetime) -> str | None:
    """Why it may be an answer to somebody else after all."""
    for each in facts.wrote:
        if each.client == client.ref:
            continue
        if at - each.wrote_at < NOT_CERTAIN_WITHIN:
            return "another client wrote to her within ten minutes"
        if each.reached is None:
            return "it is not known whether another client's words reached her"
    last = _last_forwarded(facts)
    if last is not None and last.client != client.ref and at - last.wrote_at < ANSWERS_WITHIN:
        return "the client who wrote to her last has no open window now"
    return None


def _other_ear(facts: RelayFacts, client: OpenClient, at: datetime) -> str | None:
    """Why it may go on with what was said to somebody else."""
    said = facts.said
    if said is None or said.client == client.ref or at - said.said_at >= NOT_CERTAIN_WITHIN:
        return None
    if any(each.reached and each.wrote_at >= said.said_at for each in facts.wrote):
        return None  # and it answers what came after that
    return "she wrote to another client within ten minutes"


def _ask(facts: RelayFacts, why: str) -> RelayDecision:
    return RelayDecision(RelayAction.ASK, why, options=facts.open[:MOST_OPTIONS])
