"""Every command that only reads, with what is typed to count what it costs in a company that has
grown. The names come from the command tree: a new command that is in none of these fails a test.
"""

from datetime import datetime

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.services import templates
from petmsg.services.alert import raise_alert
from tests.support.fixtures import working
from tests.support.media_rows import add_media

TEMPLATE, PICTURE = "late", "1"
"""What `benchmarks.grown` has none of, and a test adds: a template, and a picture."""

LINES: dict[str, tuple[str, ...]] = {
    "today": ("today",),
    "coverage": ("coverage",),
    "booking list": ("booking list", "booking list --today"),
    "booking show": ("booking show B-7",),
    "sitter list": ("sitter list",),
    "sitter show": ("sitter show S-3", "sitter show S-3 --messages"),
    "sitter absences": ("sitter absences",),
    "client list": ("client list",),
    "client show": ("client show C-7",),
    "number list": ("number list",),
    "number show": ("number show +14155580003",),
    "number history": ("number history +14155580003",),
    "number who": ("number who +14155580003 --at 2025-11-10T15:00Z",),
    "number health": ("number health", "number health --propose"),
    "thread list": ("thread list",),
    "thread show": ("thread show C-7",),
    "thread timeline": ("thread timeline C-7",),
    "route explain": (
        "route explain C-7",
        "route explain C-7 --at 2025-11-10T15:00Z",
        "route explain C-7 --at 2026-02-10T15:00Z",
    ),
    "route inbound": ("route inbound --from +12020000007 --to +14155580003",),
    "route call": (
        "route call --from +12020000016 --to +14155580003",
        "route call --from +12020000016 --to +14155580003 --at 2025-11-10T15:00Z",
        "route call --from withheld --to +14155580003",
        "route call --from +14155570003 --to +14155580002",
    ),
    "route simulate": ("route simulate --client C-7",),
    "route override list": ("route override list", "route override list --all"),
    "message list": (
        "message list",
        "message list --client C-7",
        "message list --status failed",
        "message list --status held",
    ),
    "message show": ("message show 71", "message show 72"),
    "call list": (
        "call list",
        "call list --client C-7",
        "call list --missed",
        "call list --limit 20 --sitter S-3",
        "call list --limit 20 --number +14155580003",
        "call list --limit 2 --missed --sitter S-3",
        "call list --status completed",
        "call list --status failed",
        "call list --since -2d",
        "call list --since -1000d --until -450d",
    ),
    "call show": ("call show 7",),
    "media list": ("media list",),
    "media show": (f"media show {PICTURE}",),
    "template list": ("template list",),
    "template show": (f"template show {TEMPLATE}",),
    "inbox list": ("inbox list",),
    "inbox show": ("inbox show 71",),
    "inbox strays": ("inbox strays",),
    "alert list": ("alert list",),
    "alert show": ("alert show 1",),
    "notify list": ("notify list",),
    "optout list": ("optout list",),
    "optout show": ("optout show C-7",),
    "audit list": ("audit list", "audit list --entity client --ref C-7"),
    "audit show": ("audit show 7",),
    "org list": ("org list",),
    "org show": ("org show",),
    "import map list": ("import map list",),
    "db current": ("db current",),
    "db check": ("db check",),
}
"""Commands that find what they show: none reads more in a company that has grown."""

WORKING = ("message dispatch", "message sync")
"""Commands that read as often as cron runs them, and have nothing to do here."""

COUNTING = {
    "status": "counts the clients and threads one by one",
    "metrics": "looks at the newest 500 messages that failed",
}
"""Commands with a bound of their own, and why."""

WHOLE: dict[str, tuple[str, str]] = {
    "doctor": ("doctor", "checks every row"),
    "audit verify": ("audit verify", "checks the hash of every event"),
    "audit export": ("audit export", "prints every event"),
    "report volume": ("report volume", "looks for the received messages of a span in all"),
    "report cost": ("report cost --by client", "as above"),
    "report responses": ("report responses --by sitter", "as above"),
    "message list --search": ("message list --search nothing", "looks into every body"),
    "client list --search": ("client list --search nothing", "looks at every name"),
}
"""Commands that read everything, each with its reason: six times the rows cost about six times."""

SCANNING: dict[str, tuple[set[str], str]] = {
    "status": ({"client", "thread"}, COUNTING["status"]),
    "report volume": ({"message"}, WHOLE["report volume"][1]),
    "report cost --by client": ({"message"}, "as above"),
    "report responses --by sitter": ({"message"}, "as above"),
}
"""Lines for which PostgreSQL reads tables from end to end, which ones and why. `doctor` does so for
most of its checks, and is not asked."""

GUESSING: dict[str, tuple[set[str], str]] = {
    "booking list": ({"client"}, "expects that each booking has another client"),
    "call list": ({"client"}, "as above, of calls"),
    "number show +14155580003": ({"client", "thread"}, "expects that the number wrote to many"),
    "thread show C-7": ({"booking"}, "expects that the thread has many windows"),
}
"""The same before PostgreSQL has statistics, of the commands that find what they show, and what it
guesses. It counts by itself within minutes of a large import."""

ELSEWHERE = {
    "export": "writes every row",
    "demo": "makes a company of its own",
    "number webhooks check": "reads the numbers, as `number list` does, and asks the provider",
    "number search": "asks the provider only",
    "media save": "reads what `media show` does, and files",
    "db backup": "copies the file, or runs pg_dump",
    "errors explain": "reads no database",
    "errors list": "reads no database",
    "service list": "reads no database",
    "config show": "reads no database",
    "schema": "reads no database",
    "commands": "reads no database",
    "help": "reads no database",
    "version": "reads no database",
}
"""Commands that are not counted, and why."""


def add_one_of_each(url: str, *, now: datetime) -> None:
    """Add a template, a picture and an alert, so that each command has something to show."""
    add_media(url, int(PICTURE))
    with working(url, now=now) as uow:
        templates.add(uow, TEMPLATE, body="Late, sorry")
        raise_alert(
            uow,
            AlertKind.NO_NUMBER,
            severity=AlertSeverity.CRITICAL,
            entity="client",
            ref="C-7",
            message="no number",
        )
