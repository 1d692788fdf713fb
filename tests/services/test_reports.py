"""Reports say what a plain recount of the messages says, on both databases, in the org's days."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from petmsg.db.cursor import Cursor
from petmsg.enums.reports import ReportBy
from petmsg.errors import OutOfRange, PetmsgError
from petmsg.queries.org import find_org
from petmsg.services import reports
from tests.support.consistency import raw
from tests.support.fixtures import Cli, looking

START = datetime(2026, 3, 2, 5, tzinfo=UTC)
"""Midnight of a Monday in New York; the clocks change on the Sunday after."""
DAYS = 20
STATUSES = ("sent", "delivered", "undelivered", "failed")
NUMBERS = {"+14155550100": None, "+14155550101": "S-1", "+14155550102": "S-2", "+14155550201": None}
CLIENTS = ("C-1", "C-2", None)


class Said(NamedTuple):
    """A message as the test made it."""

    at: datetime
    outbound: bool
    status: str
    number: str
    client: str | None
    segments: int
    price: tuple[int, str] | None
    keyword: bool = False
    automatic: bool = False
    is_call: bool = False
    """Whether it is the entry in the inbox of a call that nobody took, and no message."""


def a_company(cli: Cli) -> None:
    for ref, phone in (("C-1", "+14155551001"), ("C-2", "+14155551002")):
        assert cli("client", "add", f"Name of {ref}", "--phone", phone, "--ref", ref).code == 0
    assert cli("number", "add", "+14155550101", "+14155550102", "--class", "sitter").code == 0
    assert cli("number", "add", "+14155550201", "--class", "pool").code == 0
    for ref, phone in (("S-1", "+14155552001"), ("S-2", "+14155552002")):
        words = ("--phone", phone, "--ref", ref, "--activate")
        assert cli("sitter", "add", f"Name of {ref}", *words).code == 0


def some_messages(chance: random.Random, count: int) -> list[Said]:
    """Messages in the order of their times, some on the edges of local days."""
    times = sorted(
        START + timedelta(minutes=chance.randrange(-2880, DAYS * 1440))
        if chance.random() < 0.7
        else START + timedelta(days=chance.randrange(DAYS), hours=chance.randrange(-1, 2))
        for _ in range(count)
    )
    return [
        Said(
            at,
            outbound := chance.random() < 0.6,
            chance.choice(STATUSES) if outbound else "received",
            chance.choice([*NUMBERS]),
            chance.choice(CLIENTS),
            chance.randrange(1, 4),
            chance.choice([None, (7900, "USD"), (15800, "USD"), (65000, "EUR")]),
            keyword=chance.random() < 0.2,
            automatic=chance.random() < 0.2,
            is_call=not outbound and chance.random() < 0.3,
        )
        for at in times
    ]


def store(cursor: Cursor, messages: list[Said]) -> None:
    """Store them as petmsg would have; each sent one has a first attempt that was put back."""
    org = cursor.value("SELECT id FROM org WHERE slug = 'happy-paws'")
    numbers = dict(cursor.tuples("SELECT e164, id FROM message_number"))
    clients = dict(cursor.tuples("SELECT ref, id FROM client"))
    for id_ in clients.values():
        cursor.run(
            "INSERT INTO thread (org_id, client_id, created_at) VALUES (:o, :c, :at)",
            o=org, c=id_, at=START,
        )  # fmt: skip
    threads = dict(cursor.tuples("SELECT client_id, id FROM thread"))
    for id_, said in enumerate(messages, start=1):
        client = clients.get(said.client)
        thread = threads.get(client)
        price, currency = said.price or (None, None)
        cursor.run(
            "INSERT INTO message (id, org_id, thread_id, client_id, direction, status, body,"
            " number_id, rule, provider, provider_message_id, segments, attempts, actor,"
            " created_at, sent_at, price_micros, price_currency) VALUES (:id, :o, :t, :c, :d, :s,"
            " 'x', :n, :rule, 'sandbox', :sid, :segments, :a, 'ada', :at, :sent, :p, :cur)",
            id=id_, o=org, t=thread, c=client, d="outbound" if said.outbound else "inbound",
            s=said.status, n=numbers[said.number], sid=f"SM{id_}", segments=said.segments,
            rule="front_desk" if said.outbound and thread else None, a=2 if said.outbound else 0,
            at=said.at, sent=said.at if said.outbound else None, p=price, cur=currency,
        )  # fmt: skip
        if said.outbound:
            for attempt, sid in ((1, None), (2, f"SM{id_}")):
                cursor.run(
                    "INSERT INTO message_attempt (org_id, message_id, attempt, thread_id,"
                    " number_id, rule, status, provider_message_id, claimed_at) VALUES (:o, :m,"
                    " :a, :t, :n, :rule, :s, :sid, :at)",
                    o=org, m=id_, a=attempt, t=thread, n=numbers[said.number], sid=sid,
                    rule="front_desk" if thread else None,
                    s="put_back" if sid is None else said.status, at=said.at,
                )  # fmt: skip
            if said.automatic:
                cursor.run(
                    "INSERT INTO relay (message_id, org_id, kind, number_id)"
                    " VALUES (:m, :o, 'auto_reply', :n)",
                    m=id_, o=org, n=numbers[said.number],
                )  # fmt: skip
        else:
            cursor.run(
                "INSERT INTO inbound_text (message_id, org_id, received_at, addressed_to, code,"
                " keyword, media_count) VALUES (:m, :o, :at, 'front_desk', 'NO_ACTIVE_WINDOW',"
                " :k, 0)",
                m=id_, o=org, at=said.at, k="stop" if said.keyword else None,
            )  # fmt: skip
        if said.is_call:
            cursor.run(
                "INSERT INTO call (org_id, provider_call_id, number_id, caller, client_id,"
                " addressed_to, code, decision, status, started_at, ended_at, message_id) VALUES"
                " (:o, :sid, :n, :caller, :c, 'front_desk', 'NO_ACTIVE_WINDOW', '{}', 'no_answer',"
                " :at, :at, :m)",
                o=org, sid=f"SM{id_}", n=numbers[said.number], c=client, at=said.at, m=id_,
                caller="client" if client else "unknown",
            )  # fmt: skip


def group_of(said: Said, by: ReportBy) -> str | None:
    if by is ReportBy.NUMBER:
        return said.number
    if by is ReportBy.SITTER:
        return NUMBERS[said.number]
    if by is ReportBy.CLIENT:
        return said.client
    day = said.at.astimezone(ZoneInfo("America/New_York")).date()
    return (day - timedelta(days=day.weekday() if by is ReportBy.WEEK else 0)).isoformat()


def recounted_waits(
    messages: list[Said], begin: datetime, end: datetime
) -> list[tuple[Said, float | None]]:
    found: list[tuple[Said, float | None]] = []
    for place, said in enumerate(messages):
        if said.outbound or said.client is None or said.keyword or not begin <= said.at < end:
            continue
        if said.is_call:
            continue
        answers = [
            later.at
            for later in messages[place + 1 :]
            if later.client == said.client and later.outbound and not later.automatic
            and later.status in ("sent", "delivered")
        ]  # fmt: skip
        wait = (answers[0] - said.at).total_seconds() / 60 if answers else None
        found.append((said, wait))
    return found


@pytest.mark.parametrize("seed", range(3))
def test_a_report_is_what_a_plain_recount_says(cli: Cli, migrated_url: str, seed: int) -> None:
    chance = random.Random(seed)
    messages = some_messages(chance, 250)
    a_company(cli)
    with raw(migrated_url) as cursor:
        store(cursor, messages)
    begin, end = START, START + timedelta(days=chance.randrange(8, DAYS))
    within = [said for said in messages if begin <= said.at < end and not said.is_call]
    assert len(within) < sum(begin <= said.at < end for said in messages)
    with looking(migrated_url) as cursor:
        org = find_org(cursor, "happy-paws")
        for by in ReportBy:
            expected = Counter[tuple[Any, ...]]()
            for said in within:
                group = group_of(said, by)
                kind = "sent" if said.outbound else "received"
                expected[group, kind] += 1
                expected[group, f"segments_{kind}"] += said.segments
                expected[group, "delivered"] += said.status == "delivered"
                expected[group, "not_delivered"] += said.status in ("undelivered", "failed")
            rows = reports.volume(cursor, org, (begin, end), by)
            names = ("sent", "received", "segments_sent", "segments_received", "delivered",
                     "not_delivered")  # fmt: skip
            told = {(row.group, name): getattr(row, name) for row in rows for name in names}
            assert {key: n for key, n in told.items() if n} == {
                key: n for key, n in expected.items() if n
            }
            assert [row.group for row in rows] == sorted(
                {group_of(said, by) for said in within}, key=lambda each: (each is None, each or "")
            )
            costs = reports.cost(cursor, org, (begin, end), by)
            assert Counter({(row.group, row.currency): row.messages for row in costs}) == Counter(
                (group_of(said, by), said.price[1] if said.price else None) for said in within
            )
            sums = Counter[tuple[Any, ...]]()
            for said in within:
                if said.price:
                    sums[group_of(said, by), said.price[1]] += said.price[0]
            assert {(row.group, row.currency): row.micros for row in costs if row.currency} == dict(
                sums
            )
            waits = recounted_waits(messages, begin, end)
            for answered in reports.responses(cursor, org, (begin, end), by):
                mine = [wait for said, wait in waits if group_of(said, by) == answered.group]
                known = [wait for wait in mine if wait is not None]
                assert (answered.received, answered.answered) == (len(mine), len(known))
                assert answered.median_minutes == (round(median(known), 1) if known else None)
                assert answered.longest_minutes == (round(max(known), 1) if known else None)


def test_a_day_at_the_end_belongs_to_the_span(cli: Cli, migrated_url: str) -> None:
    now = datetime(2026, 3, 9, 12, tzinfo=UTC)
    with looking(migrated_url) as cursor:
        org = find_org(cursor, "happy-paws")
    day = reports.span_of_report(org, "2026-03-08", "2026-03-08", now=now)
    assert day[1] - day[0] == timedelta(hours=23)
    begin, end = reports.span_of_report(org, None, None, now=now)
    assert begin == datetime(2026, 2, 8, 5, tzinfo=UTC)
    assert end > now
    for wrong in (("2026-03-08", "2026-03-07"), ("+9d", None), ("2020-01-01", None)):
        with pytest.raises(OutOfRange):
            reports.span_of_report(org, *wrong, now=now)
    with pytest.raises(PetmsgError):
        reports.span_of_report(org, "never", None, now=now)


@pytest.mark.parametrize("by", [by.value for by in ReportBy])
@pytest.mark.parametrize("what", ["volume", "cost", "responses"])
def test_reports_come_in_every_format(sqlite_cli: Cli, what: str, by: str) -> None:
    assert sqlite_cli("client", "add", "Ann", "--phone", "+14155551001", "--ref", "C-1").code == 0
    words = ("--from", "+14155551001", "--to", "+14155550100", "--body", "Hi")
    assert sqlite_cli("message", "receive", *words).code == 0
    assert sqlite_cli("message", "send", "C-1", "--body", "Hello").code == 0
    (row,) = sqlite_cli("report", what, "--by", by, "-o", "json").json
    counted = {"volume": ("sent", 1), "cost": ("messages", 2), "responses": ("answered", 1)}
    name, number = counted[what]
    assert row[name] == number
    table = sqlite_cli("report", what, "--by", by, "-o", "table").out
    assert "Name" not in table or by in ("client", "sitter")
    assert sqlite_cli("report", what, "--by", by, "-o", "csv").out.count("\n") == 2
