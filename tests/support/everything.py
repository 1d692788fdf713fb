"""A company in which every command finds something, with names that strain a table.

Refs as long as they may be, names in Chinese, Arabic and emoji, a name without a space, long bodies
and reasons. What is tried on every command begins here.
"""

from datetime import timedelta
from typing import Any

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.calls import AnsweredBy, CallerKind, CallStatus
from petmsg.enums.media import MediaStatus
from petmsg.errors import REFUSED
from petmsg.services.alert import raise_alert
from petmsg.services.notify import channel
from petmsg.services.people import optout_messages
from tests.support.calls import add_call
from tests.support.consistency import raw
from tests.support.fixtures import NOW, add_org, run_cli, working
from tests.support.media_rows import add_link, add_media

ORG, OTHER_ORG = "happy-paws", "tail-waggers"
DESK, MAYA, OLGA, SPARE = "+14155550100", "+14155550102", "+14155550103", "+14155550104"
POOL, POOL_2, RETIRED, OTHER = "+14155550150", "+14155550151", "+14155550152", "+14155550199"
ANN, BOB, STRANGER, NOT_OURS = "+14155551001", "+14155551002", "+16175550199", "+14155550777"

LONG_REF = "HP-CLIENT-2026-000000000000000000000000000000000000000000000-AA"
LONG_NAME = "The Featherstonehaugh-Cholmondeley household of Saint Barnabas-on-the-Hill Terrace"
SOLID_NAME = "Wolfeschlegelsteinhausenbergerdorff" * 3
CHINESE = "陳大文與他的三隻貓和一隻很老的狗"
ARABIC = "عائلة الخوارزمي"
EMOJI = "🐶🐱 Zoë & the 🦜🦜🦜 of 🏡"
BODY = (
    "Rex had a long walk and is asleep now; he ate everything, we met a squirrel 🐿️ on the way home"
    " and 鄰居的貓 said hello. Photos: https://example.com/albums/2026/02/14/rex-and-the-squirrel-by"
    "-the-old-oak-tree.jpeg See you tomorrow at seven!"
)
LONG_FILE = "the-garden-of-Saint-Barnabas-on-the-Hill-Terrace-seen-from-the-kitchen-at-noon.jpeg"
REASON = "the carrier filtered eleven of her last fifty texts as unwanted, see ticket 4711 " * 3

PEOPLE = {
    "C-1": (LONG_NAME, ANN),
    "C-2": (CHINESE, BOB),
    "C-3": (ARABIC, "+14155551003"),
    "C-4": (EMOJI, "+14155551004"),
    "C-5": (SOLID_NAME, "+14155551005"),
    LONG_REF: ("Grace Stein", "+14155551006"),
}


def fill(url: str) -> None:
    """Make the companies in a migrated database."""
    add_org(url, ORG)
    add_org(url, OTHER_ORG, timezone="Asia/Kathmandu", front_desk=OTHER)

    def run(*line: str, **options: Any) -> None:
        ran = run_cli(url, *line, "--org", ORG, **options)
        assert ran.code == 0, (line, ran.err)

    since: dict[str, Any] = {"now": NOW - timedelta(days=3)}
    run("number", "add", MAYA, OLGA, SPARE, "--class", "sitter", **since)
    run("number", "add", POOL, POOL_2, RETIRED, "--class", "pool", **since)
    run("number", "retire", "--yes", RETIRED, "--reason", "too old", **since)
    for ref, (name, phone) in PEOPLE.items():
        run("client", "add", name, "--phone", phone, "--ref", ref, **since)
    run("sitter", "add", f"Maya {LONG_NAME}", "--phone", "+14155552001", "--ref", "S-1", **since)
    run("sitter", "add", CHINESE, "--phone", "+14155552002", "--ref", f"S-{LONG_REF}"[:64], **since)
    run("sitter", "activate", "S-1", f"S-{LONG_REF}"[:64], **since)
    for number, client in enumerate(PEOPLE, start=1):
        run(
            "booking", "add", "--ref", f"B-{number}", "--client", client, "--sitter", "S-1",
            "--start", "-1h", "--end", "+2h",
        )  # fmt: skip
    run(
        "booking", "add", "--ref", f"B-{LONG_REF}"[:64], "--client", "C-1",
        "--start", "+2d", "--end", "+3d",
    )  # fmt: skip
    run("booking", "confirm", *[f"B-{number}" for number in range(1, 6)], f"B-{LONG_REF}"[:64])
    for client in ("C-1", "C-2", LONG_REF):
        run("message", "send", client, "--body", BODY, "--force", "--reason", "a link only")
    run("message", "send", "C-4", "--body", "See you", "--queue-only")
    run("message", "sync")
    run("import", "map", "set", "client", f"{CHINESE}=name", "Handy=phone", "Vermerk=")
    run("template", "add", "late", "--body", f"{BODY} {{eta|}}")
    run("number", "quarantine", OLGA, "--days", "14", "--reason", REASON)
    run("optout", "add", "C-3", "--reason", REASON)
    run("org", "set", "--quiet-hours", "21:00-08:00")
    run("client", "forget", "C-5", "--reason", "she asked", "--yes")
    run("route", "override", LONG_REF, "--until", "+1h", "--reason", REASON, **since)
    for sender, to, body in (
        (ANN, MAYA, "Is Rex fine?"),
        (BOB, DESK, BODY),
        (STRANGER, POOL, BODY),
        ("+14155552001", MAYA, "C-1: he is"),
    ):
        run("message", "receive", "--from", sender, "--to", to, "--body", body)
    stray = ("message", "receive", "--from", STRANGER, "--to", NOT_OURS, "--body", BODY)
    assert run_cli(url, *stray).code == REFUSED
    add_pictures(url)
    add_account(url)
    add_calls(url)
    run("sitter", "away", "S-1", "--from", "+5d", "--to", "+9d", "--reason", REASON)
    with working(url, org=ORG) as uow:
        channel.add(uow, "ops")
        channel.add(
            uow,
            LONG_REF,
            severity=AlertSeverity.CRITICAL,
            kinds=[AlertKind.NO_NUMBER, AlertKind.PAYMENT_NOT_MATCHED],
        )
        optout_messages.block_pair(
            uow,
            number_id=uow.cursor.value("SELECT id FROM message_number WHERE e164 = :e", e=DESK),
            number=DESK,
            to_e164=BOB,
            client_ref="C-2",
            code="30004",
        )
        raise_alert(
            uow,
            AlertKind.NUMBER_FILTERED,
            severity=AlertSeverity.CRITICAL,
            entity="number",
            ref=MAYA,
            message=REASON,
            command=f"petmsg number quarantine {MAYA} --days 14 --reason 'filtered as unwanted'",
        )


def add_pictures(url: str) -> None:
    """Pictures in every state, of the first message and of one that was received."""
    kept = {"status": MediaStatus.STORED, "sha256": "ab" * 32, "content_type": "image/jpeg"}
    add_media(
        url, 1, name=LONG_FILE, size=412_345, original_size=4_123_456,
        removed="position,camera,owner,thumbnail", stored_at=NOW, **kept,
    )  # fmt: skip
    add_media(
        url, 1, status=MediaStatus.LINKED, url="https://pets.example/rex-and-the-squirrel.png"
    )
    add_link(url, 1, token_hash="cd" * 32, expires_at=NOW + timedelta(hours=20))
    with raw(url) as cursor:
        inbound = cursor.value("SELECT min(message_id) FROM inbound_text")
    add_media(url, inbound, name=CHINESE, size=7, **kept)
    add_media(url, inbound, content_type="image/png", attempts=2, due_at=NOW, error="HTTP 503")
    add_media(
        url, inbound, status=MediaStatus.LOST, content_type="application/pdf", attempts=5,
        error="Twilio has deleted it (HTTP 404)",
    )  # fmt: skip
    add_media(url, inbound, status=MediaStatus.ERASED)


def add_account(url: str) -> None:
    """What the provider told of the account: prices, purchases, and what its numbers can do."""
    with raw(url) as cursor:
        for statement in (
            "UPDATE org SET twilio_account = 'main-account' WHERE slug = :elsewhere",
            (
                "UPDATE message_number SET provider_number_id = 'PN' || id, voice = :yes,"
                " messaging_service = 'MG0123456789abcdef0123456789abcdef' WHERE e164 = :maya"
            ),
            (
                "UPDATE message SET price_micros = 15800, price_currency = 'USD' WHERE"
                " provider_message_id IS NOT NULL AND direction = 'outbound'"
            ),
            (
                "INSERT INTO number_purchase (org_id, kind, status, provider, account, e164, class,"
                " provider_number_id, number_id, monthly_micros, currency, reason, actor,"
                " created_at, ended_at) SELECT org_id, 'buy', 'done', 'sandbox', 'main-account',"
                " e164, class, 'PN' || id, id, 1150000, 'USD', :reason, 'ada', :now, :now"
                " FROM message_number WHERE e164 = :maya"
            ),
            (
                "INSERT INTO number_purchase (org_id, kind, status, provider, e164, class, code,"
                " actor, created_at, ended_at) SELECT id, 'buy', 'failed', 'sandbox', :other,"
                " 'pool', '21422', 'ada', :now, :now FROM org WHERE slug = :org"
            ),
        ):
            known = {"org": ORG, "elsewhere": OTHER_ORG, "maya": MAYA, "reason": REASON,
                     "now": NOW, "yes": True, "other": NOT_OURS}  # fmt: skip
            used = {name: value for name, value in known.items() if f":{name}" in statement}
            assert cursor.run(statement, **used) > 0


def add_calls(url: str) -> None:
    """How calls are taken, and calls in every state: missed ones, one with a voicemail, two talks,
    one that rings, rejected ones, and one to a number of no company."""
    with raw(url) as cursor:
        for statement in _SETTINGS:
            known = {"yes": True, "now": NOW}
            used = {name: value for name, value in known.items() if f":{name}" in statement}
            assert cursor.run(statement, **used) == 1
    add_call(
        url, number=MAYA, client="C-1", sitter="S-1", status=CallStatus.NO_ANSWER, voicemail=23,
        seconds=40,
    )  # fmt: skip
    add_call(url, number=OLGA, client="C-2", sitter=f"S-{LONG_REF}"[:64], seconds=3725)
    add_call(
        url, number=MAYA, caller=CallerKind.SITTER, client=LONG_REF, sitter="S-1", seconds=61,
        answered_by=AnsweredBy.CLIENT,
    )  # fmt: skip
    add_call(url, number=POOL, from_phone=STRANGER, status=CallStatus.REJECTED)
    add_call(url, number=POOL, from_phone=STRANGER, status=CallStatus.BUSY)
    add_call(url, number=DESK, client="C-4", status=CallStatus.RINGING)


_SETTINGS = (
    (
        "UPDATE org SET desk_phone = '+12125550100', voicemail = :yes, greeting = 'Please speak',"
        " ring_seconds = 25, missed_call_reply = 'We missed your call' WHERE slug = 'happy-paws'"
    ),
    (
        "INSERT INTO stray_text (provider_message_id, from_phone, to_e164, body, media_count,"
        " received_at, is_call) VALUES ('CA4', '+16175550199', '+14155550777', 'Phone call', 0,"
        " :now, :yes)"
    ),
)


READING: dict[str, tuple[str, ...]] = {
    "metrics": (),
    "booking list": (),
    "booking show": ("B-1",),
    "sitter list": (),
    "sitter absences": (),
    "sitter show": ("S-1",),
    "sitter show --messages": ("S-1", "--messages"),
    "client list": (),
    "client show": ("C-1",),
    "number list": (),
    "number show": (MAYA,),
    "number history": (OLGA,),
    "number who": (OLGA, "--at", "now"),
    "number health": (),
    "number health --propose": ("--propose",),
    "number pace": (MAYA, POOL),
    "number search": ("--area", "415"),
    "thread list": (),
    "thread show": ("C-1",),
    "thread timeline": ("C-1",),
    "route explain": ("C-1",),
    "route explain --message": ("--message", "1"),
    "route inbound": ("--from", ANN, "--to", MAYA),
    "route call": ("--from", ANN, "--to", MAYA),
    "route override list": ("--all",),
    "import map list": (),
    "template list": (),
    "template show": ("late",),
    "inbox list": (),
    "inbox show": ("7",),
    "inbox strays": (),
    "route simulate": ("--client", "C-1"),
    "message send --preview": ("C-1", "--body", BODY, "--preview"),
    "message send --to-sitter --preview": (
        *("--to-sitter", "all-active", "--body", BODY),
        "--preview",
    ),
    "report volume": (),
    "report cost": ("--by", "client"),
    "report responses": ("--by", "sitter"),
    "media list": (),
    "media show": ("1",),
    "call list": (),
    "call show": ("1",),
    "message list": (),
    "message show": ("1",),
    "alert list": (),
    "notify list": (),
    "alert show": ("1",),
    "optout list": (),
    "optout show": ("C-2",),
    "audit list": (),
    "audit show": ("7",),
    "audit export": (),
    "audit export --head": ("--head",),
    "audit verify": (),
    "errors explain": ("30007", "opted_out"),
    "errors list": (),
    "org list": (),
    "org show": (),
    "status": (),
    "today": (),
    "coverage": (),
    "doctor": (),
    "db current": (),
    "db check": (),
    "config show": (),
    "schema": ("booking", "confirm"),
    "commands": (),
    "help": ("booking", "confirm"),
    "version": (),
    "service list": ("--user", "--to", "units"),
}
"""Every command that changes nothing, with the words that make it find something."""


def line_of(command: str) -> list[str]:
    """The command line of a reading command."""
    words = [word for word in command.split() if not word.startswith("--")]
    return [*words, *READING[command]]
