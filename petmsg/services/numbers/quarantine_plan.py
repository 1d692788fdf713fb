"""What a quarantine affects, and its plan: day by day, with the fallback numbers."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from petmsg.clock import zone
from petmsg.enums.numbers import NumberClass
from petmsg.models import MessageNumber
from petmsg.queries.lookup import ClientKey
from petmsg.queries.quarantine_impact import (
    AffectedWindow,
    TextedClient,
    affected_windows,
    texted_clients,
    threads_of_pool_number,
)
from petmsg.queries.routing_of_many import read_facts_of_many
from petmsg.rules.routing import decide
from petmsg.services.numbers.number import holder
from petmsg.services.unit_of_work import UnitOfWork

MOST_PLANNED = 500
RECENTLY = timedelta(days=14)

Fallback = tuple[tuple[str | None, str | None, int], ...]
"""The fallback numbers: number, class and how many windows use it; None if there is no number."""


@dataclass(frozen=True, slots=True)
class PlannedDay:
    """What is affected on one local day of the org (ISO 8601), and the fallback numbers.

    For future windows: their bookings and clients, grouped by start day (today for windows already
    running). For clients who were sent messages recently: grouped by the day of the last of their
    `texts`.
    """

    day: str
    clients: tuple[str, ...]
    client_names: tuple[str | None, ...]
    meanwhile: Fallback
    bookings: tuple[str, ...] = ()
    texts: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A quarantine day by day: future windows until its end, and clients with recent messages."""

    windows: tuple[PlannedDay, ...]
    texted: tuple[PlannedDay, ...]


@dataclass(frozen=True, slots=True)
class Affected:
    """What a quarantine affects. `plan` is None unless it was asked for."""

    sitter: str | None
    sitter_name: str | None
    threads: int
    future_windows: int
    meanwhile: Fallback
    plan: Plan | None


def affected(uow: UnitOfWork, number: MessageNumber, *, until: datetime, planned: bool) -> Affected:
    """What the quarantine affects: the sitter, their threads and future windows, and the fallbacks.

    The number must be in quarantine already; `until` is aware UTC.
    """
    windows = []
    threads = 0
    if number.sitter_id is not None:
        windows = affected_windows(uow.cursor, number.sitter_id, now=uow.now, until=until)
        threads = len({window.thread_id for window in windows})
    elif number.number_class is NumberClass.POOL:
        threads = threads_of_pool_number(uow.cursor, number.id or 0)
    planned_windows = windows[:MOST_PLANNED]
    wanted = [(each.client, max(uow.now, each.starts_at)) for each in planned_windows]
    routed = list(zip(planned_windows, _routes(uow, wanted), strict=True))
    sitter = holder(uow, number)
    return Affected(
        sitter=None if sitter is None else sitter.ref,
        sitter_name=None if sitter is None else sitter.name,
        threads=threads,
        future_windows=len(windows),
        meanwhile=_counted(route for _, route in routed),
        plan=_plan(uow, number, windows, dict(routed)) if planned else None,
    )


_Route = tuple[str | None, str | None]


def _routes(uow: UnitOfWork, wanted: Sequence[tuple[ClientKey, datetime]]) -> list[_Route]:
    """The number for each client at its instant."""
    facts = read_facts_of_many(uow.cursor, uow.org, wanted)
    chosen = [decide(each, at).number for each, (_, at) in zip(facts, wanted, strict=True)]
    return [
        (None, None) if each is None else (each.e164, each.number_class.value) for each in chosen
    ]


def _counted(routes: Iterable[_Route]) -> Fallback:
    return tuple((e164, kind, count) for (e164, kind), count in Counter(routes).items())


def _plan(
    uow: UnitOfWork,
    number: MessageNumber,
    windows: list[AffectedWindow],
    routed: dict[AffectedWindow, _Route],
) -> Plan:
    by_start: defaultdict[str, list[AffectedWindow]] = defaultdict(list)
    for window in windows:
        by_start[_day(uow, max(uow.now, window.starts_at))].append(window)
    by_last: defaultdict[str, list[TextedClient]] = defaultdict(list)
    clients = texted_clients(uow.cursor, number.id or 0, since=uow.now - RECENTLY)
    for client in clients:
        by_last[_day(uow, client.last_at)].append(client)
    shown = clients[:MOST_PLANNED]
    now_routed = _routes(uow, [(each.client, uow.now) for each in shown])
    routes = dict(zip(shown, now_routed, strict=True))
    return Plan(
        windows=tuple(
            _planned_day(
                day,
                [each.client for each in of_day],
                meanwhile=_counted(routed[each] for each in of_day if each in routed),
                bookings=tuple(each.booking for each in of_day),
            )
            for day, of_day in by_start.items()
        ),
        texted=tuple(
            _planned_day(
                day,
                [each.client for each in on_day],
                meanwhile=_counted(routes[each] for each in on_day if each in routes),
                texts=sum(each.texts for each in on_day),
            )
            for day, on_day in by_last.items()
        ),
    )


def _planned_day(
    day: str,
    clients: Iterable[ClientKey],
    *,
    meanwhile: Fallback,
    bookings: tuple[str, ...] = (),
    texts: int = 0,
) -> PlannedDay:
    names = {client.ref: client.name for client in clients}
    return PlannedDay(
        day,
        clients=tuple(names),
        client_names=tuple(names.values()),
        meanwhile=meanwhile,
        bookings=bookings,
        texts=texts,
    )


def _day(uow: UnitOfWork, at: datetime) -> str:
    return at.astimezone(zone(uow.org.timezone)).date().isoformat()
