"""Which client is a sitter's own message for? Pure: facts in, RelayDecision out.

The sitter writes from their own phone to their own number. The message goes to a client in an open
window of that sitter, and only if it is certain which:

- a message that begins with `@ref` goes to that client, or to nobody;
- a message that repeats one that the sitter was shown goes to the client who wrote that, to the
  front desk if it is the front desk's, or to nobody; a mere reaction goes to nobody
  (`petmsg.rules.routing.quotes`);
- with one client in an open window it goes to that client, with several to the one whose message
  was forwarded last;
- it is uncertain if another client's message was forwarded within ten minutes, if the last
  forwarded message is from a client whose window has ended since, if the sitter just wrote to
  another client, or if it is unknown whether another client's message was delivered. Then the
  sitter is asked;
- a plain message is the front desk's, and goes to no client, if the front desk wrote to the sitter
  within ten minutes and no client did since. It is uncertain if a client did too, or if nobody
  wrote since the front desk did within two hours. With no open window it is the front desk's.

A sitter answers a question with a number, which is read by the list that was last sent to them. See
`docs/replies.md`.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import NamedTuple

from petmsg.rules.routing.quotes import DESK, Quotes, Reaction, Shown, read_quotes

NOT_CERTAIN_WITHIN = timedelta(minutes=10)
ANSWERS_WITHIN = timedelta(hours=2)
"""For this long after a forward a plain message may be its answer, even if that client's window
ended."""
MOST_OPTIONS = 9

_NUMBER = re.compile(r"\(?([1-9])[.)]?")
_END_OF_REF = re.compile(r"[:,.;!?]*(?:\s|$)")


class RelayAction(StrEnum):
    """What to do with a sitter's message."""

    SEND = "send"
    """Send `text` to `client`."""
    SEND_WAITING = "send_waiting"
    """The sitter answered which client the waiting messages are for: `client`."""
    ASK = "ask"
    """Send nothing to a client; ask the sitter to choose one of `options`."""
    ASK_AGAIN = "ask_again"
    """The sitter sent a number that answers no list they were sent; send them a new list."""
    NOT_OPEN = "not_open"
    """The sitter chose a client without an open window."""
    NOT_A_REF = "not_a_ref"
    """The `@` is not followed by the ref of a client with an open window; `options` lists those
    clients."""
    NO_WINDOW = "no_window"
    """The sitter has no open window."""
    NO_QUESTION = "no_question"
    """A number alone, and the question it answers is closed."""
    QUOTES_ANOTHER = "quotes_another"
    """It repeats a message that is not only from this client."""
    FOR_DESK = "for_desk"
    """It answers the front desk. With open windows, `options` lists their clients."""
    REACTION = "reaction"
    """It is only a reaction to a message."""
    REPEATS = "repeats"
    """It repeats a message, and it is uncertain whether the sitter added anything."""
    EMPTY = "empty"
    """It names a client and says nothing."""


class Answers(Enum):
    """Whether a message answers the front desk."""

    NO = "no"
    PERHAPS = "perhaps"
    YES = "yes"


class OpenClient(NamedTuple):
    """A client in an open window of the sitter. `name` is unique among these clients."""

    id: int
    ref: str
    name: str


class Wrote(NamedTuple):
    """A client's message to the sitter.

    `wrote_at` is when it was written or, if it was forwarded later, when it was forwarded (aware
    UTC). `reached` says whether it was delivered to the sitter's own phone; None if that is
    unknown.
    """

    client: str
    wrote_at: datetime
    reached: bool | None


class StaffWrote(NamedTuple):
    """The front desk's last message to the sitter's own phone.

    `wrote_at` is when it was sent (aware UTC). `reached` is None if it is unknown whether it was.
    """

    wrote_at: datetime
    reached: bool | None


class Said(NamedTuple):
    """The sitter's last message to a client. `said_at` is aware UTC."""

    client: str
    said_at: datetime


class RelayFacts(NamedTuple):
    """Facts about a sitter who writes.

    `wrote` are the messages to them, newest first. `asked` are the refs of the list that was last
    sent to them, while messages wait for the answer. `unasked` says that messages wait and no list
    was sent; `is_over` that the last question was answered or has expired. `others` are refs and
    names of clients without an open window. `shown` are the messages on their phone, newest first.
    `staff` is the front desk's last message to them within a day, and `listed_at` when the last
    list was sent (aware UTC).
    """

    open: tuple[OpenClient, ...]
    wrote: tuple[Wrote, ...] = ()
    asked: tuple[str, ...] = ()
    unasked: bool = False
    is_over: bool = False
    others: tuple[str, ...] = ()
    said: Said | None = None
    shown: tuple[Shown, ...] = ()
    staff: StaffWrote | None = None
    listed_at: datetime | None = None


class RelayDecision(NamedTuple):
    """What to do, with which client and which text; `why` is a short reason.

    `may_be_for_desk` says of a question that the message may also answer the front desk.
    """

    action: RelayAction
    why: str
    client: OpenClient | None = None
    text: str = ""
    options: tuple[OpenClient, ...] = ()
    may_be_for_desk: bool = False


class ListedClient(NamedTuple):
    """A client as a list names them; `day` is the day of the visit."""

    id: int
    ref: str
    name: str
    day: str


def decide_relay(facts: RelayFacts, body: str, at: datetime) -> RelayDecision:
    """Decide which client the sitter's message is for at `at` (aware UTC). The same facts give the
    same answer."""
    text = body.strip()
    quotes = read_quotes(text, facts.shown)
    if DESK in (quotes.clients or ()):
        return _for_desk(facts)
    if quotes.reaction is Reaction.YES:
        return RelayDecision(RelayAction.REACTION, "it is only a reaction to a message")
    if not facts.open:
        if facts.staff is not None and not _wrote_since(facts, facts.staff.wrote_at):
            return RelayDecision(RelayAction.FOR_DESK, "it answers the front desk")
        return RelayDecision(RelayAction.NO_WINDOW, "the sitter has no open window")
    if quotes.reaction is Reaction.PERHAPS:
        return RelayDecision(RelayAction.REPEATS, "it only repeats a message")
    number = _NUMBER.fullmatch(text)
    if number is not None and (facts.asked or facts.unasked or facts.is_over):
        return _answer(facts, int(number.group(1)), at)
    if text.startswith("@"):
        return _named(facts, text[1:], quotes)
    if quotes.clients is not None:
        return _quoted(facts, text, quotes.clients)
    return _plain(facts, text, quotes, at)


def may_have(quotes: Quotes, client: str) -> bool:
    """Whether a message that repeats others may go to the client: it certainly repeats nobody
    else."""
    return quotes.clients is None or client in quotes.clients


def unique_names(clients: Sequence[ListedClient]) -> dict[int, str]:
    """Return a unique name for each client, by ID: the name, with ref and day if another has the
    same name."""
    names = [" ".join(each.name.split()).casefold() for each in clients]
    return {
        each.id: each.name if names.count(name) == 1 else f"{each.name} ({each.ref}, {each.day})"
        for each, name in zip(clients, names, strict=True)
    }


def _answer(facts: RelayFacts, number: int, at: datetime) -> RelayDecision:
    waits = facts.asked or facts.unasked
    if _answers_desk(facts, at) is not Answers.NO and (not waits or _is_older_than_desk(facts)):
        if not waits:
            return _for_desk(facts)
        why = "the front desk wrote after the list was sent"
        return RelayDecision(RelayAction.ASK_AGAIN, why, options=facts.open[:MOST_OPTIONS])
    if not waits:
        return RelayDecision(RelayAction.NO_QUESTION, "it answers a question that is closed")
    if number > len(facts.asked):
        why = "there is no such choice" if facts.asked else "the sitter was sent no list"
        return RelayDecision(RelayAction.ASK_AGAIN, why, options=facts.open[:MOST_OPTIONS])
    by_ref = {each.ref: each for each in facts.open}
    client = by_ref.get(facts.asked[number - 1])
    if client is None:
        return RelayDecision(
            RelayAction.NOT_OPEN, "the sitter's window with that client is no longer open"
        )
    return RelayDecision(RelayAction.SEND_WAITING, "the sitter chose", client)


def _named(facts: RelayFacts, words: str, quotes: Quotes) -> RelayDecision:
    """Handle `@C-1 on my way`. The longest matching ref or name counts, so that C-1 is not read as
    C-12, nor Smith as Smith Jane."""
    by_ref = {each.ref.casefold(): each for each in facts.open}
    names = [*facts.others, *(each.ref for each in facts.open), *(each.name for each in facts.open)]
    fitting = [each for each in names if _begins_with(words, each)]
    client = by_ref.get(max(fitting, key=len, default="").casefold())
    if client is None:
        why = "no client with that ref has an open window with the sitter"
        return RelayDecision(RelayAction.NOT_A_REF, why, options=facts.open[:MOST_OPTIONS])
    text = words[len(client.ref) :].lstrip(" :,.;!?\t\r\n")
    if not text:
        return RelayDecision(
            RelayAction.EMPTY, "the message names a client but says nothing", client
        )
    if not may_have(quotes, client.ref):
        return RelayDecision(RelayAction.QUOTES_ANOTHER, "it repeats another person's message")
    return RelayDecision(RelayAction.SEND, "the sitter named the client", client, text)


def _begins_with(words: str, name: str) -> bool:
    is_named = words[: len(name)].casefold() == name.casefold()
    return is_named and _END_OF_REF.match(words, len(name)) is not None


def _quoted(facts: RelayFacts, text: str, clients: frozenset[str | None]) -> RelayDecision:
    """Handle a message that repeats one: it is for the client who wrote that, or for nobody."""
    if not clients:
        return RelayDecision(RelayAction.QUOTES_ANOTHER, "it repeats a message of several people")
    fitting = tuple(each for each in facts.open if each.ref in clients)
    if not fitting:
        return RelayDecision(
            RelayAction.NOT_OPEN, "it repeats a client whose window is no longer open"
        )
    if len(fitting) > 1:
        return RelayDecision(
            RelayAction.ASK, "two clients wrote what it repeats", options=fitting[:MOST_OPTIONS]
        )
    return RelayDecision(RelayAction.SEND, "it repeats a message of the client", fitting[0], text)


def _plain(facts: RelayFacts, text: str, quotes: Quotes, at: datetime) -> RelayDecision:
    for_desk = _answers_desk(facts, at)
    if for_desk is Answers.YES:
        return _for_desk(facts)
    decision = _to_likely(facts, text, quotes, at)
    if for_desk is Answers.NO:
        return decision
    if decision.action is RelayAction.SEND:
        decision = _ask(facts, "it may answer the front desk")
    return decision._replace(may_be_for_desk=True)


def _to_likely(facts: RelayFacts, text: str, quotes: Quotes, at: datetime) -> RelayDecision:
    client = _likely(facts)
    if client is None:
        return _ask(facts, "several clients have open windows with the sitter")
    why = _may_answer_other_client(facts, client, at) or _may_continue_to_other_client(
        facts, client, at
    )
    if why is None and any(client.ref not in each for each in quotes.possible):
        why = "it may repeat another client"
    if why is not None:
        return _ask(facts, why)
    return RelayDecision(
        RelayAction.SEND, "the client whose message was forwarded last", client, text
    )


def _likely(facts: RelayFacts) -> OpenClient | None:
    if len(facts.open) == 1:
        return facts.open[0]
    last = _last_forwarded(facts)
    return next((each for each in facts.open if last and each.ref == last.client), None)


def _last_forwarded(facts: RelayFacts) -> Wrote | None:
    """Return the message that reached the sitter's phone last; messages may be forwarded out of
    order."""
    return max(
        (each for each in facts.wrote if each.reached), key=lambda each: each.wrote_at, default=None
    )


def _may_answer_other_client(facts: RelayFacts, client: OpenClient, at: datetime) -> str | None:
    """Return why the message may be an answer to another client."""
    for each in facts.wrote:
        if each.client == client.ref:
            continue
        if at - each.wrote_at < NOT_CERTAIN_WITHIN:
            return "another client wrote to the sitter within ten minutes"
        if each.reached is None:
            return "it is unknown whether another client's message reached the sitter"
    last = _last_forwarded(facts)
    if last is not None and last.client != client.ref and at - last.wrote_at < ANSWERS_WITHIN:
        return "the client who wrote last has no open window now"
    return None


def _may_continue_to_other_client(
    facts: RelayFacts, client: OpenClient, at: datetime
) -> str | None:
    """Return why the message may continue one to another client."""
    said = facts.said
    if said is None or said.client == client.ref or at - said.said_at >= NOT_CERTAIN_WITHIN:
        return None
    if any(each.reached and each.wrote_at >= said.said_at for each in facts.wrote):
        return None  # it answers a later message
    return "the sitter wrote to another client within ten minutes"


def _answers_desk(facts: RelayFacts, at: datetime) -> Answers:
    """Return whether a plain message answers the front desk's last one."""
    staff = facts.staff
    if staff is None or at - staff.wrote_at >= ANSWERS_WITHIN:
        return Answers.NO
    clients_wrote = _wrote_since(facts, staff.wrote_at)
    if at - staff.wrote_at < NOT_CERTAIN_WITHIN:
        return Answers.PERHAPS if clients_wrote or staff.reached is None else Answers.YES
    said = facts.said is not None and facts.said.said_at >= staff.wrote_at
    return Answers.NO if clients_wrote or said else Answers.PERHAPS


def _wrote_since(facts: RelayFacts, since: datetime) -> bool:
    """Whether a client's message may have reached the sitter's phone since then."""
    return any(each.reached is not False and each.wrote_at >= since for each in facts.wrote)


def _is_older_than_desk(facts: RelayFacts) -> bool:
    """Whether the front desk wrote to the sitter after the last list."""
    staff, listed_at = facts.staff, facts.listed_at
    return staff is not None and (listed_at is None or staff.wrote_at >= listed_at)


def _for_desk(facts: RelayFacts) -> RelayDecision:
    why = "it answers the front desk"
    return RelayDecision(RelayAction.FOR_DESK, why, options=facts.open[:MOST_OPTIONS])


def _ask(facts: RelayFacts, why: str) -> RelayDecision:
    return RelayDecision(RelayAction.ASK, why, options=facts.open[:MOST_OPTIONS])
