"""A company with something in every table, and texts that are hard to write down."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.errors import REFUSED
from petmsg.services.alert import raise_alert
from petmsg.services.notify import channel
from tests.support.consistency import raw
from tests.support.fixtures import NOW, Cli, Ran, add_org, run_cli, working
from tests.support.media_rows import add_media
from tests.support.pictures import photo_with_position
from tests.support.texting import DESK, MAYA, OLGA, POOL, people_and_visit

ODD_TEXTS = (
    '=HYPERLINK("http://x")',
    "+14155551001 is my number",
    "'quoted at its start",
    "'=both",
    'two\nlines, a comma and "quotes"',
    "a return\rin between\r\nand more",
    " spaces at both ends ",
    "\ttab",
    "-1",
    "@all",
    "|pipe",
    "%41",
    "'",
    "naïve ☃ 🐕 \u2028 \u202e \x1b[31m",
    "Text <row 5> and <row =5>",
    "12",
    "true",
)
"""Bodies that a spreadsheet, a CSV reader or an import could take for something else."""


def command_line(url: str, org: str = "happy-paws") -> Cli:
    """The command line on one of several orgs of a database."""

    def run(*arguments: str, **options: Any) -> Ran:
        return run_cli(options.pop("url", url), *arguments, "--org", org, **options)

    return run


def fill(url: str) -> None:
    """Two companies: `happy-paws` with something in every table, and a small `other`."""
    add_org(url, "other", front_desk="+14155550900", timezone="Europe/Berlin")
    other = command_line(url, "other")
    other("client", "add", "Ann of the other", "--phone", "+14155551001", "--ref", "C-1")
    other("message", "send", "C-1", "--body", "from the other company")
    add_org(url, front_desk=DESK)
    cli = command_line(url)
    people_and_visit(cli)
    cli("org", "set", "--quiet-hours", "21:00-08:00", "--pool-threads-per-number", "3")
    for index, body in enumerate(ODD_TEXTS):
        with working(url, org="happy-paws", now=NOW + timedelta(minutes=index)) as uow:
            _inbound(uow.cursor, uow.org.id, index, body)
    assert cli("message", "send", "C-1", "--body", "See you", "--key", "=k").code == 0
    other("message", "send", "C-1", "--body", "between two of happy-paws")
    assert cli("message", "send", "C-1", "--body", "Later", "--at", "+2h").code == 0
    assert cli("message", "send", "C-1", "--body", "Bye", "--as", "S-1").code == 0
    cli("client", "add", "Gone", "--phone", "+14155551009", "--ref", "C-9", "--kind", "recurring")
    cli("message", "send", "C-9", "--body", "soon forgotten")
    cli("optout", "add", "C-9", "--reason", "she asked")
    cli("template", "add", "late", "--body", "=Late, {client.name}")
    cli("route", "override", "C-1", "--until", "+2h", "--reason", "=a complaint")
    cli("route", "override", "end", "C-1")
    cli("sitter", "away", "S-1", "--from", "+3d", "--to", "+5d", "--reason", "=leave")
    cli("sitter", "away", "S-1", "--from", "+9d", "--to", "+10d", "--reason", "school")
    cli("sitter", "back", "S-1", "--from", "+9d")
    assert cli("client", "forget", "C-9", "--reason", "her wish", "--yes").code == 0
    cli("optout", "add", "C-2", "--reason", "=she asked")
    assert cli("import", "map", "set", "client", "Handy=phone", "Vermerk=").code == 0
    cli("client", "add", "Made up", "--phone", "+14155551010", "--timezone", "Asia/Tokyo")
    cli("number", "quarantine", POOL, "--days", "7", "--reason", 'filtered, "twice"')
    cli("number", "pace", MAYA, "--segments-per-second", "0.3")
    assert cli("sitter", "deactivate", "--yes", "S-2", "--reason", "moved").code == 0
    with working(url, org="happy-paws") as uow:
        _alerts(uow)
        uow.cursor.run(
            "INSERT INTO blocked_pair (org_id, number_id, phone_key, code, blocked_at)"
            " SELECT org_id, id, 'abc', '21610', :now FROM message_number WHERE e164 = :e164",
            now=uow.now,
            e164=OLGA,
        )
    _account(url)
    _replies(url, cli)
    _calls(url, cli)
    # A name as somebody without petmsg may have written it.
    with raw(url) as cursor:
        cursor.run("UPDATE client SET name = '' WHERE ref = 'C-2'")


def _replies(url: str, cli: Cli) -> None:
    """Messages that came in, were passed on, asked about, answered, and a payment."""
    later = NOW + timedelta(hours=1)
    assert cli("org", "set", "--relay", "on", "--unknown-reply", "Who are you?").code == 0
    for sender, to, body, at in (
        ("+14155551001", MAYA, "Is Rex fine?", 0),
        ("+14155552001", MAYA, "He is!", 1),
        ("+16175550199", DESK, "Hello", 2),
        ("+14155551001", DESK, "Call me", 3),
    ):
        came = cli(
            "message", "receive", "--from", sender, "--to", to, "--body", body,
            now=later + timedelta(minutes=at),
        )  # fmt: skip
        assert came.code == 0, came.err
    _picture(url, cli, later)
    words = ("message", "receive", "--from", "+14155551001", "--to", "+19995550100", "--body", "Hi")
    assert run_cli(url, *words).code == REFUSED  # an unmatched message
    with raw(url) as cursor:
        cursor.run("INSERT INTO pull_mark (provider, pulled_until) VALUES ('twilio', :t)", t=NOW)
    waits = cli("inbox", "list", "-o", "json").json[0]["message"]
    assert cli("inbox", "claim", str(waits), "--actor", "eva").code == 0
    assert cli("org", "set", "--unanswered-after", "20").code == 0
    (stranger,) = cli("inbox", "list", "--for", "unrouted", "-o", "json").json
    for message in (waits, stranger["message"]):
        words = ("inbox", "reply", str(message), "--body", "We call you", "--actor", "eva")
        assert cli(*words, now=later + timedelta(minutes=9)).code == 0
    with working(url, org="happy-paws") as uow:
        text = uow.cursor.value("SELECT max(id) FROM message WHERE from_e164 = '+14155552001'")
        options = uow.cursor.tuples("SELECT id FROM client WHERE org_id = :o", o=uow.org.id)
        uow.cursor.run(
            "INSERT INTO relay_question (org_id, message_id, sitter_id, options, asked_at)"
            " SELECT :o, :text, id, :options, :now FROM sitter WHERE org_id = :o AND ref = 'S-1'",
            o=uow.org.id,
            text=text,
            options=json.dumps([row[0] for row in options]),
            now=uow.now,
        )
        uow.cursor.run(
            "INSERT INTO stripe_event (event_id, org_id, kind, booking, outcome, received_at)"
            " VALUES ('evt_1', :o, 'payment_intent.succeeded', 'B-1', 'confirmed', :now)",
            o=uow.org.id,
            now=uow.now,
        )


def _account(url: str) -> None:
    """Prices, an account's name, and numbers that were bought and refused."""
    with raw(url) as cursor:
        for statement in (
            "UPDATE org SET twilio_account = 'main' WHERE slug = 'happy-paws'",
            (
                "UPDATE message_number SET provider_number_id = 'PN1', voice = :no,"
                " messaging_service = 'MG1' WHERE e164 = :maya"
            ),
            (
                "UPDATE message SET price_micros = 7900, price_currency = 'USD' WHERE"
                " provider_message_id IS NOT NULL AND direction = 'outbound'"
            ),
            (
                "INSERT INTO number_purchase (org_id, kind, status, provider, account, e164, class,"
                " provider_number_id, number_id, monthly_micros, currency, reason, actor,"
                " created_at, ended_at) SELECT org_id, 'buy', 'done', 'twilio', 'main', e164,"
                " class, 'PN1', id, 1150000, 'USD', '=more visits', 'ada', :now, :now"
                " FROM message_number WHERE e164 = :maya"
            ),
            (
                "INSERT INTO number_purchase (org_id, kind, status, provider, e164, class, actor,"
                " created_at) SELECT id, 'buy', 'intended', 'sandbox', '+14155550778', 'pool',"
                " 'ada', :now FROM org WHERE slug = 'happy-paws'"
            ),
        ):
            known = {"maya": MAYA, "now": NOW, "no": False}
            used = {name: value for name, value in known.items() if f":{name}" in statement}
            assert cursor.run(statement, **used) > 0


def _picture(url: str, cli: Cli, now: datetime) -> None:
    """A picture that came in and is passed on, with a link."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rex.jpg"
        path.write_bytes(photo_with_position())
        came = cli(
            "message", "receive", "--from", "+14155551001", "--to", MAYA, "--media", str(path),
            "-o", "json", now=now + timedelta(minutes=4),
        )  # fmt: skip
    assert came.code == 0, came.err
    with raw(url) as cursor:
        cursor.run(
            "INSERT INTO media_link (org_id, message_id, token_hash, created_at, expires_at)"
            " SELECT org_id, message_id, 'hash', created_at, created_at FROM media"
            " WHERE source_id IS NOT NULL"
        )


def _calls(url: str, cli: Cli) -> None:
    """A call with a voicemail, one that a client took, one that rings, and an unmatched one."""
    later = NOW + timedelta(hours=2)
    words = ("--from", "+14155551001", "--to", DESK, "--body", "Voicemail, 23 seconds")
    came = cli("message", "receive", *words, "-o", "json", now=later)
    assert came.code == 0, came.err
    with raw(url) as cursor:
        message = cursor.value("SELECT max(message_id) FROM inbound_text")
        for statement in _CALLS:
            known = {"message": message, "now": later, "maya": MAYA, "yes": True}
            used = {name: value for name, value in known.items() if f":{name}" in statement}
            assert cursor.run(statement, **used) == 1
    add_media(
        url, message, content=b"ID3 a voicemail", name="=voicemail.mp3", provider_media_id="RE1"
    )


_CALLS = (
    (
        "UPDATE org SET desk_phone = '+12125550100', voicemail = :yes, greeting = '=Speak, please',"
        " ring_seconds = 25, calls_per_hour = 9, missed_call_reply = '@We missed your call'"
        " WHERE slug = 'happy-paws'"
    ),
    (
        "INSERT INTO call (org_id, provider, provider_call_id, number_id, from_phone, caller,"
        " client_id, sitter_id, addressed_to, code, decision, ring_results, status, started_at,"
        " ended_at, duration_seconds, voicemail_seconds, message_id) SELECT m.org_id, 'sandbox',"
        " m.provider_message_id, m.number_id, m.from_e164, 'client', m.client_id, NULL,"
        " 'front_desk', 'POOL_OR_DESK_NUMBER',"
        ' \'{"code": "POOL_OR_DESK_NUMBER", "rings": [{"target": "voicemail"}]}\','
        ' \'{"0": "busy"}\','
        " 'no_answer', m.created_at, :now, 40, 23, m.id FROM message m WHERE m.id = :message"
    ),
    (
        "INSERT INTO call (org_id, provider, provider_call_id, number_id, from_phone, caller,"
        " client_id, sitter_id, addressed_to, code, decision, status, answered_by, started_at,"
        " answered_at, ended_at, duration_seconds) SELECT s.org_id, 'twilio', '=CA1', n.id,"
        " s.phone, 'sitter', c.id, s.id, 'client', 'CLIENT_RINGS',"
        ' \'{"code": "CLIENT_RINGS", "rings": [{"target": "client", "name": "Ann"}]}\','
        " 'completed', 'client', :now, :now, :now, 61 FROM sitter s"
        " JOIN message_number n ON n.org_id = s.org_id AND n.e164 = :maya"
        " JOIN client c ON c.org_id = s.org_id AND c.ref = 'C-1' WHERE s.ref = 'S-1'"
    ),
    (
        "INSERT INTO call (org_id, provider_call_id, number_id, caller, addressed_to, code,"
        " decision, status, started_at) SELECT org_id, 'CA2', id, 'unknown', 'front_desk',"
        " 'UNKNOWN_SENDER', '{}', 'ringing', :now FROM message_number WHERE e164 = :maya"
    ),
    (
        "INSERT INTO stray_text (provider_message_id, from_phone, to_e164, body, media_count,"
        " received_at, is_call) VALUES ('CA3', '+14155551001', '+19995550100', 'Phone call', 0,"
        " :now, :yes)"
    ),
)


def held_message(url: str) -> int:
    """The id of the message that the open alert is about."""
    with raw(url) as cursor:
        return int(cursor.value("SELECT id FROM message WHERE idempotency_key = '=k'"))


def _inbound(cursor: Any, org_id: int, index: int, body: str) -> None:
    cursor.run(
        "INSERT INTO message (org_id, thread_id, client_id, direction, status, body, from_e164,"
        " to_e164, number_id, provider_message_id, segments, attempts, actor, created_at)"
        " SELECT t.org_id, t.id, t.client_id, 'inbound', 'received', :body, '+14155551001', n.e164,"
        " n.id, :sid, 1, 0, 'client', :now FROM thread t JOIN message_number n ON n.e164 = :e164"
        " WHERE t.org_id = :org_id",
        body=body,
        sid=f"SMin{index}",
        now=NOW + timedelta(microseconds=index),
        e164=MAYA,
        org_id=org_id,
    )
    cursor.run(
        "INSERT INTO inbound_text (message_id, org_id, received_at, addressed_to, code,"
        " media_count)"
        " SELECT id, org_id, created_at, 'front_desk', 'NO_ACTIVE_WINDOW', 0 FROM message"
        " WHERE provider_message_id = :sid",
        sid=f"SMin{index}",
    )


def _alerts(uow: Any) -> None:
    text = uow.cursor.value("SELECT id FROM message WHERE idempotency_key = '=k'")
    raise_alert(
        uow,
        AlertKind.MESSAGE_HELD,
        severity=AlertSeverity.WARNING,
        entity="message",
        ref=str(text),
        message=f"Message {text} is held: she said <row 7> and <row =7>, twice.",
        command=f"petmsg message retry {text} --reason … (or: petmsg message cancel {text})",
    )
    raise_alert(
        uow,
        AlertKind.NUMBER_GONE,
        severity=AlertSeverity.CRITICAL,
        entity="number",
        ref=MAYA,
        message="The provider does not list it; text 999999 was the last.",
    )
    channel.add(uow, "=ops", severity=AlertSeverity.CRITICAL, kinds=[AlertKind.NUMBER_GONE])
    uow.cursor.run(
        "INSERT INTO notify_delivery (channel_id, alert_id, org_id, told_at)"
        " SELECT c.id, a.id, a.org_id, a.opened_at FROM notify_channel c"
        " JOIN alert a ON a.org_id = c.org_id WHERE a.kind = 'number_gone' AND a.org_id = :o",
        o=uow.org.id,
    )


def text_of(folder: Path) -> str:
    """Everything that is written in a folder."""
    return "\n".join(
        path.read_text("utf-8", errors="replace")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    )
