"""Every SQL text of petmsg is prepared on both databases, and the hot ones use an index."""

import ast
import re
from datetime import timedelta
from importlib import import_module
from typing import Any
from unittest import mock

import pytest

from petmsg.clock import iso_utc
from petmsg.db.engine import Engine
from petmsg.queries import (
    attempt,
    call_facts,
    call_list,
    candidates,
    confirm,
    coverage,
    erase,
    inbound,
    inbox,
    latest_events,
    opt_out_records,
    opted_out_phones,
    optout,
    quarantine_impact,
    queue,
    relay,
    routing,
    routing_now,
    routing_past,
    send_blocks,
    senders,
    states_in_span,
    thread,
    today,
    waiting,
)
from tests import ROOT
from tests.support.consistency import raw
from tests.support.fixtures import NOW, add_org, lines, run_cli

PACKAGE = ROOT / "petmsg"
SQL = re.compile(r"\s*(WITH|SELECT|INSERT INTO|UPDATE|DELETE FROM)\s")
PARAMETER = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")
HOT = (
    "message", "message_attempt", "assignment_window", "booking", "thread", "audit_event",
    "opt_out", "blocked_pair", "alert", "inbound_text", "relay", "number_custody", "auto_reply",
    "stripe_event", "call",
)  # fmt: skip

# Words that one database alone knows: such a text is prepared there.
OF_SQLITE = r"sqlite_master"
OF_POSTGRESQL = (
    r"to_regclass|pg_is_in_recovery|clock_timestamp|pg_advisory|pg_get_serial_sequence|LATERAL"
)
OF_POSTGRESQL += r"|FOR (NO KEY UPDATE|KEY SHARE|SHARE|UPDATE)"
OF_POSTGRESQL += r"|WITH \w+ AS \(\s*(?:INSERT|UPDATE)"  # a write within a statement

# What stands in an f-string's braces, by its source, in the shapes in which the text is run.
SHAPES = [
    {"noun": "client", "column": "kind", "lock": ""},
    {
        name: part
        for module in (call_list, routing_now, routing_past, states_in_span, thread)
        for name, part in vars(module).items()
        if isinstance(part, str)
    },
    {"noun": "sitter", "column": "status"},
    {"noun": "booking"},
    {"_of_each_asked(LAST_SEEN)": inbound._of_each_asked(inbound.LAST_SEEN)},
    {"lead": "0"},
    {"STANDING[entity]": latest_events.STANDING["window"]},
    {"table": "booking", "column": "sitter_id", "target": "sitter"},
    {
        "table": "booking",
        "column": "status",
        "org_id": "org_id",
        "by": "org_id, status",
        "words": "'pending'",
        "missing": " OR status IS NULL",
    },
    {"UNDER_WAY": attempt.UNDER_WAY, "EARLIER": attempt.EARLIER},
    {"UNDER_WAY": attempt.UNDER_WAY, "EARLIER_TO_PHONE": attempt.EARLIER_TO_PHONE},
    {"RESERVE": attempt.RESERVE, "TAKE": attempt.TAKE, "BEGIN": attempt.BEGIN},
    {"ACCEPTED": attempt.ACCEPTED, "END": attempt.END},
    {"NOTHING_UNDER_WAY": queue.NOTHING_UNDER_WAY, "FIRST_IN_LINE": queue.FIRST_IN_LINE},
    {"_STANDING": opt_out_records._STANDING, "_SAID": opt_out_records._SAID},
    {"_END": opt_out_records._END, "newer": ""},
    {"_END": opt_out_records._END, "newer": f" AND {opt_out_records._SAID} <= :ended_at"},
    {
        "table": "client",
        "', '.join(columns)": 't."ref" AS "ref"',
        "' '.join(joins)": "",
        "where": 't."org_id" = :org_id ORDER BY t."ref"',
    },
    {"table": "client", "names": '"org_id", "ref"', "values": ":org_id, :ref"},
    {"table": "client", "expression": 't."ref"', "joined": ""},
    {
        "SITTER_WINDOW_OPEN": waiting.SITTER_WINDOW_OPEN,
        "FORWARDED": waiting.FORWARDED,
        "ANSWERED": waiting.ANSWERED,
        "IN_VISIT": waiting.IN_VISIT,
        "OPEN": waiting.OPEN,
        "FOR_THE_DESK": waiting.FOR_THE_DESK,
    },
    {"_FILES": erase._FILES},
    {"MOST": str(candidates.MOST), "_ORG": candidates._ORG, "_ORGS": candidates._ORGS},
]
# Texts whose length follows the rows they get: run below, by confirming.
OF_ANY_LENGTH = {"queries/confirm.py"}


def sql_texts() -> dict[str, str]:
    """Every SQL text in queries/ and db/snapshot.py, f-strings too, by its place."""
    found: dict[str, str] = {}
    for path in sorted([*(PACKAGE / "queries").rglob("*.py"), PACKAGE / "db" / "snapshot.py"]):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        inside = {
            id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
            for part in ast.walk(node) if part is not node
        }  # fmt: skip
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if id(node) in inside or id(node) in docstrings:
                continue
            for index, text in enumerate(texts_of(node)):
                if SQL.match(text):
                    place = f"{path.parent.name}/{path.name}:{getattr(node, 'lineno', 0)}"
                    found[f"{place}#{index}" if index else place] = text
    return found


def texts_of(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if not isinstance(node, ast.JoinedStr):
        return []
    made = []
    for shape in SHAPES:
        parts = [
            str(part.value)
            if isinstance(part, ast.Constant)
            else shape.get(ast.unparse(part.value) if isinstance(part, ast.FormattedValue) else "")
            for part in node.values
        ]
        if None not in parts:
            made.append("".join(filter(None, parts)))
    return made or ["SELECT of a shape nobody wrote down"] * is_sql(node)


def is_sql(node: ast.JoinedStr) -> bool:
    first = node.values[0]
    return isinstance(first, ast.Constant) and SQL.match(str(first.value)) is not None


def made_texts() -> dict[str, str]:
    """The texts that stand ready in modules of queries/, by name: however they were put together,
    they are run as they are."""
    modules = [
        import_module(f"petmsg.queries.{path.stem}")
        for path in sorted((PACKAGE / "queries").glob("*.py"))
        if path.stem != "__init__"
    ]
    return {
        f"queries/{module.__name__.rpartition('.')[2]}.py:{name}": value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, str) and name.isupper() and SQL.match(value)
    }


TEXTS = sql_texts() | made_texts()


def test_the_texts_are_found() -> None:
    """So that a change of their shape does not leave this file with nothing to prepare."""
    assert len(TEXTS) > 40
    places = {place.partition(":")[0] for place in TEXTS}
    assert {"queries/routing_now.py", "queries/confirm.py"} <= places
    assert TEXTS["queries/queue.py:DUE"] == queue.DUE


def prepared(cursor: Any, text: str) -> None:
    names = set(PARAMETER.findall(text))
    cursor.tuples(f"EXPLAIN {text}", **dict.fromkeys(names))


def test_every_text_is_prepared(migrated_url: str) -> None:
    failed = []
    with raw(migrated_url) as cursor:
        for place, text in TEXTS.items():
            if text.endswith("nobody wrote down") and place.partition(":")[0] in OF_ANY_LENGTH:
                continue
            if re.search(OF_POSTGRESQL if cursor.is_sqlite else OF_SQLITE, text):
                continue
            cursor.run("SAVEPOINT before")
            try:
                prepared(cursor, text)
            except Exception as problem:  # noqa: BLE001 because every driver raises its own
                failed.append(f"{place}: {problem}")
            cursor.run("ROLLBACK TO SAVEPOINT before")
    assert failed == []


def test_a_text_with_a_mistake_would_be_noticed(migrated_url: str) -> None:
    for wrong in (
        "SELECT nonsense FROM client",
        "SELECT id FROM clients",
        "SELECT id FROM client x y",
    ):
        with (
            pytest.raises(Exception, match=r"(?i)nonsense|clients|syntax"),
            raw(migrated_url) as cursor,
        ):
            prepared(cursor, wrong)


# -------------------------------------------------------------------------------------- hot ones


@pytest.fixture
def company(migrated_sqlite: str) -> str:
    """Some clients, bookings and texts, without statistics: the plans follow from the indexes."""
    add_org(migrated_sqlite)
    clients = [(f"C-{i}", f"Client {i}", f"+1202556{i:04}") for i in range(1, 21)]
    rows = [
        (
            f"B-{i}",
            f"C-{i % 20 + 1}",
            "S-1",
            iso_utc(NOW + timedelta(hours=i)),
            iso_utc(NOW + timedelta(hours=i + 2)),
        )
        for i in range(1, 41)
    ]
    for noun, header, content in (
        ("client", ("ref", "name", "phone"), clients),
        ("sitter", ("ref", "name", "phone"), [("S-1", "Maya", "+13035550101")]),
        ("number", ("e164", "class"), [("+14155550101", "sitter"), ("+14155550102", "pool")]),
        ("booking", ("ref", "client", "sitter", "starts_at", "ends_at"), rows),
    ):
        ran = run_cli(migrated_sqlite, noun, "import", "-", stdin=lines(header, *content))
        assert ran.code == 0, ran.err
    assert run_cli(migrated_sqlite, "sitter", "activate", "S-1").code == 0
    return migrated_sqlite


def scans(cursor: Any, text: str) -> list[str]:
    """The hot tables a statement reads from end to end."""
    found = []
    plan = cursor.tuples(
        f"EXPLAIN QUERY PLAN {text}", **dict.fromkeys(set(PARAMETER.findall(text)))
    )
    aliases = dict(re.findall(r"(?:FROM|JOIN|INTO|UPDATE)\s+(\w+)(?:\s+(?:AS\s+)?(\w+))?", text))
    named = {alias: table for table, alias in aliases.items() if alias} | {t: t for t in aliases}
    for row in plan:
        scan = re.match(r"SCAN (?:TABLE )?(\w+)", row[3])
        if scan and named.get(scan[1], scan[1]) in HOT:
            found.append(f"{row[3]} in {' '.join(text.split())[:120]}")
    return found


@pytest.mark.parametrize(
    "text",
    [
        routing.NOW, routing.PAST, routing.NUMBERS_NOW, routing.NUMBERS_PAST,
        confirm.BOOKINGS, confirm.THREADS, confirm.WINDOWS,
        confirm.UPDATE_WINDOW, confirm.MARK_CONFIRMED, confirm.OVERLAPS, quarantine_impact._WINDOWS,
        quarantine_impact.TEXTED, thread._NUMBERS_SEEN, send_blocks.RECIPIENT,
        opted_out_phones.STANDING, send_blocks.BLOCKED, inbound.NUMBER,
        senders.CLIENT_OF_PHONE, inbound.WINDOWS,
        inbound.LAST_SEEN, inbound.STORED, relay.CLIENTS_AROUND, relay.WROTE, relay.QUESTIONS,
        inbox.UNREAD, inbound.OPTED_OUT_AT, senders.SITTER_OF_PHONE, optout._SAID_SINCE,
        relay.KNOWN_CLIENTS, relay.LISTS, relay.SHOWN, relay.SAID, relay.SHOWN_TO_CLIENT,
        waiting._WAITING, waiting._OF_SAME_SENDER, today.VISITS, today.NAMES_OF_WAITING,
        coverage.WINDOWS,
        call_facts.CALLS_OF_PHONE, call_facts.CALLS_WITHHELD, call_facts.DESKS_AT,
        call_facts.SPARE_AT,
        inbox._ITEMS + waiting.OPEN + waiting.FOR_THE_DESK + inbox._AFTER_IN_WAIT
        + " AND m.client_id = :client_id AND i.received_at >= :since"
        " ORDER BY coalesce(i.inbox_at, i.with_sitter_at), i.message_id ASC",
    ],
    ids=["now", "past", "numbers_now", "numbers_past",
         "bookings", "threads", "windows", "update_window", "mark_confirmed",
         "overlaps", "affected", "texted", "numbers_seen", "recipient", "opted_out", "blocked",
         "number", "sender", "open_windows", "last_seen", "stored", "clients_around",
         "wrote", "questions", "unread", "opted_out_at", "sitter_of_phone", "said_since",
         "known_clients", "lists", "shown", "said", "shown_to_client", "waiting", "of_same_sender",
         "visits_of_a_day", "names_of_waiting", "windows_to_come",
         "calls_of_phone", "calls_withheld", "desks_at", "spare_at",
         "inbox"],
)  # fmt: skip
def test_a_hot_text_reads_no_table_from_end_to_end(company: str, text: str) -> None:
    with raw(company) as cursor:
        assert scans(cursor, text) == []


FAILED = """
SELECT id FROM message WHERE org_id = :org_id AND status = 'failed'
  AND status IN ('failed', 'undelivered', 'held', 'unknown', 'cancelled')
ORDER BY id DESC LIMIT 9
"""
IN_TRANSIT = """
SELECT id FROM message WHERE org_id = :org_id AND status = 'sent' ORDER BY synced_at, id LIMIT 9
"""


@pytest.mark.parametrize(
    ("text", "indexes"),
    [
        (queue.DUE, {"ix_message_due", "ix_message_line", "uq_message_in_flight"}),
        (queue.NEXT_OF_THREADS, {"ix_message_line", "uq_message_in_flight"}),
        (queue.BEHIND, {"ix_message_line", "uq_message_in_flight"}),
        (IN_TRANSIT, {"ix_message_on_its_way"}),
        (FAILED, {"ix_message_troubled"}),
        (
            routing.PAST,
            {"ix_message_attempt_number_id_claimed_at", "ix_message_attempt_thread_id_claimed_at"},
        ),
    ],
    ids=["due", "next", "behind", "on its way", "failed", "past"],
)
def test_the_queue_is_read_by_its_partial_indexes(
    migrated_url: str, text: str, indexes: set[str]
) -> None:
    """So that what was sent long ago does not slow down what is due. On PostgreSQL an empty table
    would be read from end to end if that were allowed."""
    with raw(migrated_url) as cursor:
        if not cursor.is_sqlite:
            cursor.run("SET LOCAL enable_seqscan = off")
            cursor.run("SET LOCAL enable_bitmapscan = off")
        verb = "EXPLAIN QUERY PLAN" if cursor.is_sqlite else "EXPLAIN"
        values: dict[str, Any] = dict.fromkeys(set(PARAMETER.findall(text)), 1)
        values |= dict.fromkeys(("now", "at", "after_at"), NOW)
        plan = repr(cursor.tuples(f"{verb} {text}", **values))
    assert {index for index in indexes if index not in plan} == set()
    assert "SCAN m" not in plan


def test_a_bound_status_would_not_use_a_partial_index(company: str) -> None:
    bound = queue.DUE.replace("m.status = 'queued'", "m.status = :status")
    with raw(company) as cursor:
        plan = repr(
            cursor.tuples(
                f"EXPLAIN QUERY PLAN {bound}", **dict.fromkeys(set(PARAMETER.findall(bound)))
            )
        )
    assert "ix_message_due" not in plan


class Listener:
    """Every statement that SQLite runs, with its values, from sessions and bare cursors alike."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __enter__(self) -> "Listener":
        usual = Engine._open

        def opened(engine: Engine) -> Any:
            connection = usual(engine)
            connection.set_trace_callback(self.heard.append)
            return connection

        self._patch = mock.patch.object(Engine, "_open", opened)
        self._patch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.stop()

    @property
    def statements(self) -> list[str]:
        return [text for text in dict.fromkeys(self.heard) if SQL.match(text)]


def test_sending_confirming_and_quarantining_read_no_hot_table_from_end_to_end(
    company: str,
) -> None:
    """The statements as they really run, those of the ORM among them."""
    heard = {}
    for line in (
        "booking confirm B-1 B-2",
        "booking confirm --all-pending",
        "booking reschedule B-1 --end +3d",
        "booking reassign B-2 --nobody",
        "message send C-1 --body Hi --key k",
        "message send C-1 --body Hi --key k",
        "message send C-2 --body Hi --queue-only",
        "message dispatch",
        "org set --relay on",
        "message receive --from +16175550199 --to +14155550102 --body Hello --sid SM4",
        "message receive --from +12025560001 --to +14155550101 --body Hi --sid SM1",
        "message receive --from +12025560001 --to +14155550101 --body Hi --sid SM1",
        "message receive --from +12025560002 --to +14155550102 --body STOP --sid SM2",
        "message receive --from +13035550101 --to +14155550101 --body Yes --sid SM3",
        "inbox claim 3",
        "inbox done --client C-2",
        "inbox reply 3 --body Hello",
        "inbox assign 3 C-5",
        "message dispatch",
        "number quarantine +14155550101 --reason complaints",
        "sitter deactivate S-1 --yes",
        "client forget C-1 --reason asked --yes",
    ):
        with Listener() as listener:
            ran = run_cli(company, *line.split())
        assert ran.code == 0, ran.err
        assert len(listener.statements) > 2, line
        heard[line] = listener.statements
    with raw(company) as cursor:
        found = {
            name: [each for text in texts for each in scans(cursor, text)]
            for name, texts in heard.items()
        }
    assert {name: each for name, each in found.items() if each} == {}


def test_a_scan_would_be_noticed(company: str) -> None:
    with raw(company) as cursor:
        assert scans(cursor, "SELECT m.id FROM message m WHERE m.body = :body") != []
        assert scans(cursor, "UPDATE booking SET status = 'x' WHERE created_at = :at") != []
        cursor.run("DROP INDEX ix_assignment_window_thread_id_ends_at_starts_at_sitter_id")
        assert scans(cursor, routing.NOW) != []
