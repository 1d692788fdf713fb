"""Lists, shows and explanations in a company that has grown, against a small one.

PostgreSQL, in one process, each command as cron runs it but for the start of the interpreter. The
rows are made by the server itself: for each sitter a visit at each hour, back from now, but
those of all but 100 clients two months earlier. A million threads with ten million messages take it
many minutes: `PETMSG_BENCH_THREADS=1000000 python -m benchmarks scale`; without that it is 10,000
threads.
"""

import io
import os
from contextlib import closing, redirect_stderr, redirect_stdout
from functools import partial
from typing import Any

from benchmarks import company
from benchmarks.bench import Bench
from benchmarks.measure import Row, seconds, take_turns
from petmsg.cli import run_command_line
from petmsg.db.location import locate
from tests.support.postgres import server_of

THREADS = "PETMSG_BENCH_THREADS"
COMMANDS = (
    "client list",
    "client show C-7",
    "sitter list",
    "sitter show S-3",
    "number list",
    "number show +14155580003",
    "number history +14155580003",
    "booking list",
    "booking show B-7",
    "thread list",
    "thread show C-7",
    "thread timeline C-7",
    "message list",
    "message list --client C-7",
    "message list --status failed",
    "message show 71",
    "call list",
    "call list --client C-7",
    "call list --missed",
    "call show 7",
    "inbox list",
    "inbox show 71",
    "alert list",
    "optout list",
    "audit list",
    "audit list --entity client --ref C-7",
    "route explain C-7",
    "route explain C-7 --at 2026-02-10T15:00Z",
    "route inbound --from +12020000007 --to +14155580003",
)
"""Every kind of list, show and explain."""

_ROWS = (
    (
        "INSERT INTO client (org_id, ref, name, kind, created_at)"
        " SELECT 1, 'C-' || i, 'Client ' || i, 'recurring', :now FROM generate_series(1, {n}) i"
    ),
    (
        "INSERT INTO client_phone (org_id, client_id, e164, is_primary, created_at)"
        " SELECT 1, i, '+1202' || lpad(i::text, 7, '0'), true, :now FROM generate_series(1, {n}) i"
    ),
    (
        "INSERT INTO thread (org_id, client_id, created_at)"
        " SELECT 1, i, :now FROM generate_series(1, {n}) i"
    ),
    (
        "INSERT INTO booking (org_id, ref, client_id, sitter_id, status, starts_at, ends_at,"
        " created_at) SELECT 1, 'B-' || i, i, i % 50 + 1, 'confirmed',"
        " :now - {age} - interval '1 hour' * (i / 50 + 1),"
        " :now - {age} - interval '1 hour' * (i / 50 - 1), :now FROM generate_series(1, {n}) i"
    ),
    (
        "INSERT INTO assignment_window (org_id, thread_id, client_id, booking_id, sitter_id,"
        " starts_at, booked_until, ends_at, created_at)"
        " SELECT 1, b.client_id, b.client_id, b.id, b.sitter_id, b.starts_at, b.ends_at,"
        " b.ends_at + interval '1 hour', :now FROM booking b ORDER BY b.id"
    ),
    (
        "INSERT INTO message (org_id, thread_id, client_id, direction, status, body, from_e164,"
        " to_e164, number_id, rule, decision, provider, provider_message_id, segments, attempts,"
        " actor, created_at, claimed_at, sent_at, synced_at, send_at, urgent)"
        " SELECT 1, (i - 1) / 10 + 1, (i - 1) / 10 + 1,"
        "  CASE WHEN i % 2 = 0 THEN 'outbound' ELSE 'inbound' END,"
        "  CASE WHEN i % 2 = 1 THEN 'received' WHEN i % 1000 = 0 THEN 'failed'"
        "  ELSE 'delivered' END,"
        "  'text ' || i,"
        "  CASE WHEN i % 2 = 0 THEN '+14155580001' ELSE '+1202' || lpad(((i - 1) / 10 + 1)::text,"
        "  7, '0') END,"
        "  CASE WHEN i % 2 = 0 THEN '+1202' || lpad(((i - 1) / 10 + 1)::text, 7, '0')"
        "  ELSE '+14155580001' END,"
        "  2, CASE WHEN i % 2 = 0 THEN 'active_window' END, NULL, 'sandbox', 'SB-' || i, 1,"
        "  CASE WHEN i % 2 = 0 THEN 1 ELSE 0 END, 'bench',"
        "  :now - interval '30 days' + i * interval '1 millisecond', :now, :now, :now, :now, false"
        " FROM generate_series(1, {n} * 10) i"
    ),
    (
        "INSERT INTO message_attempt (org_id, message_id, attempt, thread_id, number_id, rule,"
        " status, provider_message_id, claimed_at, ended_at)"
        " SELECT 1, m.id, 1, m.thread_id, 2, 'active_window', m.status, m.provider_message_id,"
        " m.created_at, m.created_at FROM message m WHERE m.direction = 'outbound' ORDER BY m.id"
    ),
    (
        "INSERT INTO inbound_text (message_id, org_id, received_at, addressed_to, code,"
        " media_count, inbox_at, done_by, done_at)"
        " SELECT m.id, 1, m.created_at, 'front_desk', 'NO_ACTIVE_WINDOW',"
        " CASE WHEN m.id % 10 = 1 THEN 1 ELSE 0 END, m.created_at,"
        " CASE WHEN m.id % 1001 <> 0 THEN 'ann' END, CASE WHEN m.id % 1001 <> 0 THEN :now END"
        " FROM message m WHERE m.direction = 'inbound' ORDER BY m.id"
    ),
    (
        "INSERT INTO call (org_id, provider, provider_call_id, number_id, from_phone, caller,"
        " client_id, sitter_id, addressed_to, code, decision, status, answered_by, started_at,"
        " answered_at, ended_at, duration_seconds, message_id) SELECT 1, 'sandbox', 'CA-' || i,"
        " 10 + i % 40, '+1202' || lpad(i::text, 7, '0'), 'client', i, i % 50 + 1, 'sitter',"
        " 'SITTER_RINGS', :decision, CASE WHEN i % 5 = 0 THEN 'no_answer' ELSE 'completed' END,"
        " CASE WHEN i % 5 > 0 THEN 'sitter' END, :now - interval '1 hour' * i,"
        " CASE WHEN i % 5 > 0 THEN :now - interval '1 hour' * i END,"
        " :now - interval '1 hour' * i, 20, CASE WHEN i % 5 = 0 THEN i * 10 - 9 END"
        " FROM generate_series(1, {n}) i"
    ),
    (
        "INSERT INTO media (org_id, message_id, position, status, content_type, size, sha256,"
        " attempts, created_at, stored_at) SELECT 1, i * 10 - 9, 0, 'stored', 'image/gif', 43,"
        " md5(i::text) || md5(''), 1, :now, :now FROM generate_series(1, {n}) i"
    ),
    (
        "INSERT INTO alert (org_id, severity, kind, entity, ref, message, count, opened_at,"
        " last_at, done_at, done_by) SELECT 1, 'warning', 'message_held', 'client', 'C-' || i, 'x',"
        " 1, :now, :now, :now, 'ann' FROM generate_series(1, {n}) i"
    ),
    (
        "INSERT INTO audit_event (org_id, seq, at, actor, event, entity, ref, payload,"
        " previous_hash, hash) SELECT 1, h.seq + i, :now, 'bench', 'client.added', 'client',"
        " 'C-' || i, '{{}}', CASE WHEN i = 1 THEN h.hash ELSE md5((i - 1)::text) || md5('') END,"
        " md5(i::text) || md5('') FROM audit_head h, generate_series(1, {n}) i ORDER BY i"
    ),
    "UPDATE audit_head SET (seq, hash) = (SELECT max(seq), md5('{n}') || md5('') FROM audit_event)",
    (
        "INSERT INTO number_custody (org_id, number_id, from_at, class, status, sitter_id, reason,"
        " actor) SELECT 1, n.id, :now - interval '500 days', n.class, n.status, n.sitter_id, 'x',"
        " 'x'"
        " FROM message_number n WHERE NOT EXISTS ("
        "  SELECT 1 FROM number_custody c WHERE c.number_id = n.id)"
    ),
)

_AGE = "CASE WHEN i > 100 THEN interval '60 days' ELSE interval '0 days' END"
_VALUES = {
    ":now": "'2026-02-14 15:00+00'::timestamptz",
    ":decision": f"'{company.CALL_DECISION}'",
}


def measure(bench: Bench) -> list[Row]:
    """The rows of scale; none without PostgreSQL."""
    if "PostgreSQL" not in bench.databases:
        return []
    small = bench.few(1_000, 20)
    large = bench.few(int(os.environ.get(THREADS, "10000")), 40)
    urls = {
        n: bench.company("PostgreSQL", f"scale_{n}", partial(_grown, n)) for n in (small, large)
    }
    rows = []
    for command in COMMANDS:
        sides = {n: partial(_timed, url, command) for n, url in urls.items()}
        for side in sides.values():
            side()
        took = take_turns(sides, bench.few(3, 1))
        rows.append(
            Row(
                "scale",
                f"{command}, {large:,} threads",
                took[large],
                f"{small:,} threads",
                took[small],
                at_most=3,
            )
        )
    return rows


def _grown(threads: int, url: str) -> None:
    """`build`, unchecked, which takes half the time."""
    server = server_of(url)
    assert server is not None
    with server.unchecked(url.rpartition("/")[2]):
        build(threads, url)


def build(threads: int, url: str, *, statistics: bool = True) -> None:
    """Fill a company with that many threads. Without `statistics` the server has none yet."""
    import psycopg

    dsn = locate(url).dsn
    assert dsn is not None
    with closing(psycopg.connect(dsn, autocommit=True)) as connection:
        connection.execute("SET synchronous_commit = off")
        for statement in _ROWS:
            filled: Any = statement.format(n=threads, age=_AGE)
            for name, value in _VALUES.items():
                filled = filled.replace(name, value)
            connection.execute(filled)
        if statistics:
            connection.execute("VACUUM ANALYZE")


def _timed(url: str, command: str) -> float:
    environ = {"PETMSG_DATABASE_URL": url, "PETMSG_ACTOR": company.ACTOR, "HOME": "/nonexistent"}

    def run() -> None:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as err:
            code = run_command_line(
                [*command.split(), "-o", "json"], environ=environ, now=company.NOW
            )
        if code:
            raise RuntimeError(f"{command}: {err.getvalue()}")

    return seconds(run)
