"""Who is rung for a call, as a second and naive version of the rules says it.

It knows a world of plain values, from which `facts_of` makes the facts, and says what the
documentation says, sentence by sentence: first everybody who might be rung is listed, then those
who may not be are struck out.
"""

from dataclasses import dataclass
from datetime import timedelta
from random import Random

from petmsg.enums.calls import CallerKind
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.rules.routing.call import CallClient, CallFacts
from petmsg.rules.routing.facts import NumberFact
from petmsg.rules.routing.inbound import HolderFact
from tests.rules.routing import test_inbound as messages
from tests.rules.routing.builders import T

SITTERS = ("S-1", "S-2", "S-3")


@dataclass(frozen=True)
class Number:
    """A number of the org: `hours` from T to the end of its quarantine."""

    id: int
    status: str = "active"
    hours: int = 0
    takes_calls: bool = True

    @property
    def e164(self) -> str:
        return f"+1415555{self.id:04d}"

    @property
    def can_be_shown(self) -> bool:
        is_over = self.status == "quarantined" and self.hours <= 0
        return self.takes_calls and (self.status == "active" or is_over)


@dataclass(frozen=True)
class Client:
    """A client of an open window of the sitter who calls."""

    ref: str
    number: Number | None
    is_caller: bool
    is_overridden: bool


@dataclass(frozen=True)
class CallWorld:
    """A call, and the message that it resembles (`sender` is a sitter's phone; `is_own` says that
    the sitter who holds the number calls)."""

    message: messages.World
    called: Number
    sender: str | None
    is_own: bool
    clients: tuple[Client, ...]
    desks: tuple[Number, ...]
    spare: Number | None
    has_desk_phone: bool
    desk_calls: bool
    is_open: bool
    holder_calls: bool
    takes_voicemail: bool
    calls_before: int
    from_ours: bool
    desk_is_a_sitters: bool


@dataclass(frozen=True)
class Expected:
    """What is to come out: each ring as target, ref and the number that is shown."""

    code: str
    addressed_to: str
    ref: str | None
    rings: tuple[tuple[str, str | None, str | None], ...]
    options: tuple[tuple[str, str | None], ...] = ()


MOST_CALLS = 3
SPANS = ((-3, 3), (-1, 1), (-2, 3), (-1, 3), (0, 1), (0, 3), (1, 2))
"""Of windows: their start and their length, in hours from T."""
END = {True: ("voicemail", None, None), False: ("sentence", None, None)}
SAID = ("sentence", None, None)


def expect(world: CallWorld) -> Expected:
    """Say who is rung."""
    for holds, code in (
        (world.from_ours, "OWN_NUMBER_CALLS"),
        (world.called.status == "retired", "NUMBER_RETIRED"),
        (world.calls_before >= MOST_CALLS, "CALLS_PER_HOUR"),
    ):
        if holds:
            return Expected(code, "nobody", None, ())
    if world.is_own:
        return _of_a_sitter(world)
    to, code = addressee(world)
    if not to.startswith("S-"):
        return Expected(code, "front_desk", None, _desk(world))
    seen = _staff_sees(world)
    if world.holder_calls:
        return Expected("OWN_PHONE", "sitter", to, _desk(world))
    if seen is None:
        return Expected("NO_NUMBER", "sitter", to, _desk(world))
    return Expected("SITTER_RINGS", "sitter", to, (("sitter", to, seen), *_desk(world)))


def addressee(world: CallWorld) -> tuple[str, str]:
    """Say whom the message would be for, and why."""
    if not world.message.client and world.sender is not None:
        return "relay", "KNOWN_SITTER"
    return messages.naive(world.message)


def _of_a_sitter(world: CallWorld) -> Expected:
    if not world.clients:
        return Expected("NO_OPEN_WINDOW", "nobody", None, (SAID,))
    sees = {each.ref: _client_sees(world, each) for each in world.clients}
    first = world.clients[0]
    if len([ref for ref in list(sees)[:9] if sees[ref] is not None]) == 0:
        why = "OVERRIDE" if first.is_overridden else "OWN_PHONE" if first.is_caller else "NO_NUMBER"
        return Expected(why, "front_desk", None, _desk(world))
    if len(world.clients) == 1:
        rung = ("client", first.ref, sees[first.ref])
        return Expected("CLIENT_RINGS", "client", first.ref, (rung, SAID))
    options = tuple(sees.items())[:9]
    return Expected("SITTER_CHOOSES", "client", None, _desk(world), options)


def _client_sees(world: CallWorld, client: Client) -> str | None:
    if client.number is None or client.is_caller or client.is_overridden:
        return None
    return _best([client.number, *_desks_in_order(world)])


def _staff_sees(world: CallWorld) -> str | None:
    spare = [world.spare] if world.spare else []
    return _best([world.called, *_desks_in_order(world), *spare])


def _desks_in_order(world: CallWorld) -> list[Number]:
    active = [each for each in world.desks if each.status == "active"]
    rest = [each for each in world.desks if each.status != "active"]
    return sorted(active, key=lambda each: each.id) + sorted(rest, key=lambda each: each.id)


def _best(numbers: list[Number]) -> str | None:
    fit = [each.e164 for each in numbers if each.can_be_shown]
    return fit[0] if fit else None


def _desk(world: CallWorld) -> tuple[tuple[str, str | None, str | None], ...]:
    seen = _staff_sees(world)
    end = END[world.takes_voicemail]
    if seen is None or world.desk_calls or not world.is_open or not world.has_desk_phone:
        return (end,)
    return (("front_desk", None, seen), end)


def facts_of(world: CallWorld) -> CallFacts:
    """Return the facts of a world."""
    inbound = messages.facts_of(world.message)
    own = inbound.holder if world.is_own else None
    sender = None if world.sender is None else HolderFact(world.sender, f"Sitter {world.sender}")
    inbound = inbound._replace(
        number=_fact(world.called, NumberClass(world.message.number_class)),
        relay=True,
        sender=own or sender,
        to_own_number=world.is_own,
    )
    known = [each.number for each in world.clients if each.number]
    numbers = [world.called, *world.desks, *known, *([world.spare] if world.spare else [])]
    who = CallerKind.UNKNOWN
    if world.message.client and not world.is_own:
        who = CallerKind.CLIENT
    elif inbound.sender is not None:
        who = CallerKind.SITTER
    return CallFacts(
        inbound,
        who,
        caller_ref="C-1" if who is CallerKind.CLIENT else inbound.sender and inbound.sender.sitter,
        caller_name="A name",
        open=tuple(
            CallClient(
                each.ref,
                f"Client {each.ref}",
                each.number and _fact(each.number, NumberClass.SITTER),
                each.is_caller,
                each.is_overridden,
            )
            for each in world.clients
        ),
        desks=tuple(_fact(each, NumberClass.FRONT_DESK) for each in world.desks),
        spare=world.spare and _fact(world.spare, NumberClass.POOL),
        silent=frozenset(each.id for each in numbers if not each.takes_calls),
        has_desk_phone=world.has_desk_phone,
        desk_calls=world.desk_calls,
        is_open=world.is_open,
        holder_calls=world.holder_calls,
        takes_voicemail=world.takes_voicemail,
        calls_before=world.calls_before,
        calls_per_hour=MOST_CALLS,
        from_own_number=world.from_ours,
        desk_is_a_sitters=world.desk_is_a_sitters,
    )


def _fact(number: Number, number_class: NumberClass) -> NumberFact:
    is_resting = number.status == "quarantined"
    until = T + timedelta(hours=number.hours) if is_resting else None
    status = NumberStatus(number.status)
    return NumberFact(number.id, number.e164, number_class, status, until)


def random_world(dice: Random) -> CallWorld:
    """Make a world by chance, of few values that often meet."""

    def chance(of: float) -> bool:
        return dice.random() < of

    def number(id_: int, working: float = 0.6) -> Number:
        status = (
            "active" if chance(working) else dice.choice(("quarantined", "quarantined", "retired"))
        )
        return Number(id_, status, dice.randint(-1, 1), takes_calls=chance(0.8))

    called = number(1, working=0.8)
    holder = dice.choice((None, *SITTERS))
    message = messages.World(
        client=chance(0.8),
        number_class=dice.choice(("sitter", "sitter", "pool", "front_desk")),
        status=called.status,
        quarantine_hours=called.hours,
        holder=holder,
        seen_holder=dice.choice((holder, None, *SITTERS)),
        seen=chance(0.4),
        windows=tuple(
            (dice.choice((holder, holder, None, *SITTERS)), *dice.choice(SPANS), chance(0.8))
            for _ in range(dice.randint(0, 3))
        ),
        override=(dice.randint(-3, 1), dice.randint(1, 3)) if chance(0.2) else None,
        desk_wrote=chance(0.1),
    )
    is_own = message.holder is not None and chance(0.4)
    clients = tuple(
        Client(
            f"C-{place}",
            None if chance(0.1) else number(100 + place),
            is_caller=chance(0.1),
            is_overridden=chance(0.1),
        )
        for place in range(dice.choice((0, 1, 1, 2, 3, 9, 10, 12)))
    )
    return CallWorld(
        message,
        called,
        sender=dice.choice((None, None, *SITTERS)),
        is_own=is_own,
        clients=clients if is_own else (),
        desks=tuple(number(each) for each in dice.sample((21, 22, 23), k=dice.randint(0, 2))),
        spare=number(25) if chance(0.5) else None,
        has_desk_phone=chance(0.8),
        desk_calls=chance(0.1),
        is_open=chance(0.8),
        holder_calls=is_own or chance(0.05),
        takes_voicemail=chance(0.5),
        calls_before=dice.choice((0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 2, 3)),
        from_ours=chance(0.03),
        desk_is_a_sitters=chance(0.2),
    )
