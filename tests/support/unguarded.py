"""Two companies whose tables hold nothing out: for `doctor`, which looks all the same.

The companies of `tests.support.attacks` are copied into tables without keys, CHECKs, indexes and
triggers. What a test plants is rolled back.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from petmsg.db.cursor import Cursor
from petmsg.db.location import locate
from petmsg.db.statements import instant_to_text
from petmsg.enums.alerts import CheckResult
from petmsg.models import metadata
from petmsg.services.doctor import run_checks
from petmsg.services.doctor.check import CheckContext
from petmsg.services.doctor.run_checks import Checked
from tests.support.attacks import RolledBack, build
from tests.support.consistency import raw
from tests.support.copies import make_or_copy
from tests.support.fixtures import NOW, run_cli
from tests.support.postgres import PostgresServer

THEN = f"'{instant_to_text(NOW)}'"
LATER = f"'{instant_to_text(NOW + timedelta(days=1))}'"
DEAD = "w-0123456789abcde"


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def bare_world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Two companies in tables that hold nothing back, on SQLite, then on PostgreSQL."""
    if request.param == "sqlite":
        url = locate(str(tmp_path_factory.mktemp("bare") / "petmsg.db")).url
        make_or_copy(url, build_bare)
        yield url
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create()
    make_or_copy(server.url(name), build_bare)
    yield server.url(name)
    server.drop(name)


def build_bare(url: str) -> None:
    """Make the two companies, then take everything away that holds their tables' rows."""
    build(url)
    answer(url)
    strip(url)


def answer(url: str) -> None:
    """Inbound messages, forwarded, asked about and paid for, in both companies: stored while
    every constraint still stands."""
    for org, slug in enumerate(("alpha", "beta"), 1):
        client, desk = f"+1202555011{org - 1}", f"+1415555010{org - 1}"
        for body in ("Hi", "And again"):
            ran = run_cli(
                url, "message", "receive", "--from", client, "--to", desk, "--body", body,
                "--org", slug,
            )  # fmt: skip
            assert ran.code == 0, ran.err
        with raw(url) as cursor:
            first, second = (
                row[0]
                for row in cursor.tuples(
                    "SELECT id FROM message WHERE org_id = :org AND direction = 'inbound'"
                    " ORDER BY id",
                    org=org,
                )
            )
            sitter = cursor.value("SELECT id FROM sitter WHERE org_id = :o AND ref = 'S-1'", o=org)
            number = cursor.value("SELECT id FROM message_number WHERE sitter_id = :s", s=sitter)
            berta = cursor.value("SELECT id FROM client WHERE org_id = :o AND ref = 'C-2'", o=org)
            passed_on = cursor.value("SELECT max(id) + 1 FROM message")
            known = {
                "org": org, "first": first, "second": second, "sitter": sitter, "number": number,
                "client": berta, "out": passed_on, "now": NOW, "sid": f"SM-out-{org}",
                "before": NOW - timedelta(hours=1), "later": NOW + timedelta(hours=1),
                "phone": f"+1303555010{org - 1}", "stray": f"SM-in-{org}", "event": f"evt_{org}",
            }  # fmt: skip
            for statement in BUSY:
                used = {name: each for name, each in known.items() if f":{name}" in statement}
                assert cursor.run(statement, **used) == 1
    with raw(url) as cursor:
        cursor.run("INSERT INTO pull_mark (provider, pulled_until) VALUES ('twilio', :at)", at=NOW)
        if not cursor.is_sqlite:  # ids that were given here are given again by no sequence
            cursor.run("SELECT setval('message_id_seq', (SELECT max(id) FROM message))")


BUSY = (
    (
        "UPDATE inbound_text SET addressed_to = 'sitter', sitter_id = :sitter, inbox_at = :now"
        " WHERE message_id = :first"
    ),
    (
        "INSERT INTO message (id, org_id, direction, status, body, to_e164, number_id, decision,"
        " provider, provider_message_id, segments, attempts, actor, created_at, claimed_at)"
        " VALUES (:out, :org, 'outbound', 'sent', 'Berta: Hi', :phone, :number, '{}', 'sandbox',"
        " :sid, 1, 1, 'petmsg', :now, :now)"
    ),
    (
        "INSERT INTO message_attempt (org_id, message_id, attempt, number_id, status,"
        " provider_message_id, claimed_at) VALUES (:org, :out, 1, :number, 'sent', :sid, :now)"
    ),
    (
        "INSERT INTO relay (message_id, org_id, kind, about_id, sitter_id, number_id)"
        " VALUES (:out, :org, 'forward', :first, :sitter, :number)"
    ),
    (
        "INSERT INTO media (org_id, message_id, position, status, sha256, size, attempts,"
        " created_at) VALUES (:org, :first, 0, 'stored', 'ab', 2, 0, :now)"
    ),
    (
        "INSERT INTO media (org_id, message_id, position, status, sha256, size, attempts,"
        " created_at, source_id) SELECT :org, :out, 0, 'stored', 'cd', 2, 0, :now, id FROM media"
        " WHERE message_id = :first"
    ),
    (
        "INSERT INTO media_link (org_id, message_id, token_hash, created_at, expires_at)"
        " VALUES (:org, :out, 'hash of the token of ' || :sid, :now, :now)"
    ),
    (
        "INSERT INTO route_override (org_id, thread_id, client_id, starts_at, until_at, reason,"
        " actor, ended_at, ended_by) SELECT :org, t.id, t.client_id, :before, :later, 'ill', 'ada',"
        " :now, 'ada' FROM thread t WHERE t.client_id = :client"
    ),
    (
        "INSERT INTO route_override (org_id, thread_id, client_id, starts_at, until_at, reason,"
        " actor) SELECT :org, t.id, t.client_id, :now, :later, 'ill', 'ada' FROM thread t"
        " WHERE t.client_id = :client"
    ),
    (
        "INSERT INTO sitter_absence (org_id, sitter_id, starts_at, ends_at, reason, actor,"
        " created_at, ended_at, ended_by) SELECT :org, min(id), :before, :later, 'ill', 'ada',"
        " :now, :now, 'ada' FROM sitter WHERE org_id = :org"
    ),
    (
        "INSERT INTO sitter_absence (org_id, sitter_id, starts_at, ends_at, reason, actor,"
        " created_at) SELECT :org, min(id), :now, :later, 'ill', 'ada', :now FROM sitter"
        " WHERE org_id = :org"
    ),
    (
        "INSERT INTO import_map (org_id, noun, header, target)"
        " VALUES (:org, 'client', 'handy', 'phone')"
    ),
    (
        "INSERT INTO import_map (org_id, noun, header, target)"
        " VALUES (:org, 'client', 'vermerk', '')"
    ),
    (
        "INSERT INTO number_purchase (org_id, kind, status, provider, e164, class, number_id,"
        " monthly_micros, currency, actor, created_at, ended_at) SELECT :org, 'buy', 'done',"
        " 'sandbox', e164, class, id, 1150000, 'USD', 'ada', created_at, created_at"
        " FROM message_number WHERE id = :number"
    ),
    (
        "INSERT INTO number_purchase (org_id, kind, status, provider, e164, class, number_id,"
        " actor, created_at) VALUES (:org, 'buy', 'intended', 'sandbox', :phone, 'pool', :number,"
        " 'ada', :now)"
    ),
    "INSERT INTO template (org_id, name, created_at) VALUES (:org, 'late', :now)",
    (
        "INSERT INTO template_version (org_id, template_id, version, body, actor, created_at)"
        " SELECT :org, id, 1, 'We are late', 'ada', :now FROM template WHERE org_id = :org"
    ),
    (
        "INSERT INTO message_source (message_id, org_id, reply_to_id, template_version_id)"
        " SELECT :out, :org, :first, id FROM template_version WHERE org_id = :org"
    ),
    "UPDATE message SET media_count = 1 WHERE id = :out",
    "UPDATE inbound_text SET media_count = 1 WHERE message_id = :first",
    (
        "INSERT INTO relay_question (org_id, message_id, sitter_id, options, asked_at, closed_at,"
        " outcome, client_id) VALUES (:org, :second, :sitter, '[1]', :now, :now, 'sent', :client)"
    ),
    (
        "INSERT INTO stray_text (provider_message_id, to_e164, received_at, media_count,"
        " adopted_id, adopted_at) VALUES (:stray, '+19995550100', :now, 0, :second, :now)"
    ),
    (
        "INSERT INTO notify_channel (org_id, name, severity, created_at)"
        " VALUES (:org, 'ops', 'warning', :now)"
    ),
    (
        "INSERT INTO notify_channel (org_id, name, severity, kinds, created_at, failures,"
        " failed_at, due_at) VALUES (:org, 'owner', 'critical', '[\"no_number\"]', :now, 2, :now,"
        " :now)"
    ),
    (
        "INSERT INTO notify_delivery (channel_id, alert_id, org_id, told_at)"
        " SELECT (SELECT min(id) FROM notify_channel WHERE org_id = :org), min(id), :org,"
        " min(opened_at) FROM alert WHERE org_id = :org"
    ),
    (
        "INSERT INTO call (org_id, provider, provider_call_id, number_id, from_phone, caller,"
        " client_id, sitter_id, addressed_to, code, decision, status, started_at, ended_at,"
        " duration_seconds, voicemail_seconds, message_id) SELECT m.org_id, 'twilio',"
        " m.provider_message_id, m.number_id, m.from_e164, 'client', m.client_id, i.sitter_id,"
        " 'sitter', 'SITTER_RINGS', '{}', 'no_answer', m.created_at, m.created_at, 40, 23, m.id"
        " FROM message m JOIN inbound_text i ON i.message_id = m.id WHERE m.id = :first"
    ),
    (
        "INSERT INTO call (org_id, provider, provider_call_id, number_id, from_phone, caller,"
        " client_id, sitter_id, addressed_to, code, decision, status, answered_by, started_at,"
        " answered_at, ended_at, duration_seconds) SELECT :org, 'twilio', 'CA-' || :event,"
        " :number, :phone, 'sitter', :client, :sitter, 'client', 'CLIENT_RINGS', '{}',"
        " 'completed', 'client', :now, :now, :now, 61"
    ),
    (
        "INSERT INTO call (org_id, provider_call_id, number_id, caller, addressed_to, code,"
        " decision, status, started_at) VALUES (:org, 'CA-' || :sid, :number, 'unknown',"
        " 'front_desk', 'UNKNOWN_SENDER', '{}', 'ringing', :now)"
    ),
    "INSERT INTO auto_reply (org_id, phone_key, replied_at) VALUES (:org, 'k', :now)",
    (
        "INSERT INTO stripe_event (event_id, org_id, booking, kind, outcome, received_at)"
        " VALUES (:event, :org, 'B-1', 'payment_intent.succeeded', 'confirmed', :now)"
    ),
)


def strip(url: str) -> None:
    """Take every key, CHECK, index and trigger away; the rows stay."""
    with raw(url, pragmas=("foreign_keys=OFF",)) as cursor:
        cascade = "" if cursor.is_sqlite else " CASCADE"
        for table in metadata.tables:
            cursor.run(f"CREATE TABLE bare_{table} AS SELECT * FROM {table}")
            cursor.run(f"DROP TABLE {table}{cascade}")
            cursor.run(f"ALTER TABLE bare_{table} RENAME TO {table}")


@pytest.fixture
def bare(bare_world: str) -> Iterator[Cursor]:
    """A cursor on the two companies; what a test plants is gone after it."""
    with suppress(RolledBack), raw(bare_world, pragmas=("foreign_keys=OFF",)) as cursor:
        yield cursor
        raise RolledBack


def examine(
    cursor: Cursor, url: str, *names: str, org: str | None = None, now: datetime = NOW
) -> list[Checked]:
    check_context = run_checks.prepare(cursor, CheckContext(locate(url), now, {}), org)
    return run_checks.run_checks(cursor, check_context, names)


def told(rows: list[Checked]) -> list[str]:
    """The checks that found a problem."""
    return sorted({row.check for row in rows if row.result is CheckResult.PROBLEM})
