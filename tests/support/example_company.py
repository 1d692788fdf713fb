"""The company that the examples of the helps are about, so that each of them can be run.

Everything an example names is here: C-1 to C-3, S-1 to S-3, B-1 to B-3, the numbers +14155550100
to ...107, messages (4 and 5 came in; unmatched message 1 is to a number that is not ours yet),
alerts and the files. It was set up a day before `NOW`; a visit is on.
"""

import shutil
from datetime import timedelta
from pathlib import Path

from petmsg.db import migrate
from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.errors import REFUSED
from petmsg.services.alert import raise_alert
from tests import ROOT
from tests.support import snoutos
from tests.support.calendars import calendar, event
from tests.support.fixtures import ACTOR, NOW, add_org, lines, run_cli, working

SINCE = NOW - timedelta(days=1)

_LINES: tuple[tuple[str, ...], ...] = (
    ("number", "add", "+14155550101", "+14155550102", "+14155550103", "--class", "sitter"),
    ("number", "add", "+14155550104", "--class", "sitter"),
    ("number", "add", "+14155550105", "+14155550106", "+14155550107", "--class", "pool"),
    ("client", "add", "Ann Ivers", "--ref", "C-1", "--phone", "+12025550101",
     "--phone", "+12025550102", "--kind", "recurring"),
    ("client", "add", "Bo Moreno", "--ref", "C-2", "--phone", "+12025550103"),
    ("client", "add", "Cleo Park", "--ref", "C-3", "--phone", "+12025550104"),
    ("sitter", "add", "Maya Lee", "--ref", "S-1", "--phone", "+13035550101", "--activate"),
    ("sitter", "add", "Tom Becker", "--ref", "S-2", "--phone", "+13035550102", "--activate"),
    ("sitter", "add", "Aisha Khan", "--ref", "S-3", "--phone", "+13035550103"),
    ("booking", "add", "--ref", "B-1", "--client", "C-1", "--sitter", "S-1",
     "--start", "+23h", "--end", "+26h"),
    ("booking", "add", "--ref", "B-2", "--client", "C-1", "--sitter", "S-2",
     "--start", "+3d", "--end", "+4d"),
    ("booking", "add", "--ref", "B-3", "--client", "C-2", "--start", "+3d", "--end", "+4d"),
    ("booking", "confirm", "B-1"),
    ("optout", "add", "C-3", "--reason", "she texted STOP"),
    ("message", "send", "C-1", "--body", "Welcome!"),
    ("message", "send", "C-2", "--body", "See you soon.", "--queue-only"),
    ("message", "send", "C-1", "--body", "Rex is well.", "--queue-only"),
    ("number", "quarantine", "+14155550107", "--days", "30", "--reason", "complaints"),
    ("message", "receive", "--from", "+12025550103", "--to", "+14155550100",
     "--body", "Is the key still under the mat?"),
    ("message", "receive", "--from", "+12025550199", "--to", "+14155550105",
     "--body", "Do you take parrots?"),
)  # fmt: skip

FILES = {
    "clients.csv": lines(("ref", "name", "phone"), ("C-8", "Dev Vargas", "+12025550118")),
    "sitters.csv": lines(("ref", "name", "phone"), ("S-8", "Noor Aziz", "+13035550118")),
    "numbers.csv": lines(("e164", "class"), ("+14155550118", "pool")),
    "bookings.csv": lines(
        ("ref", "client", "sitter", "starts_at", "ends_at"), ("B-8", "C-1", "S-1", "+5d", "+6d")
    ),
    "walks.ics": calendar(event("RRULE:FREQ=WEEKLY;COUNT=3")).decode(),
    "messages.csv": lines(("client", "body", "key"), ("C-1", "See you at 3.", "visit-1")),
    "reassigned.csv": lines(("ref", "sitter"), ("B-1", "S-2"), ("B-2", "S-1")),
    "handed-over.csv": lines(("ref", "sitter"), ("B-1", "S-2")),
    "paid.csv": lines(("ref",), ("B-2",), ("B-3",)),
}


def build(url: str) -> None:
    """Create the database of the company at `url`."""
    migrate.upgrade(url, actor=ACTOR, now=SINCE, create=True)
    add_org(url)
    for line in _LINES:
        ran = run_cli(url, *line, now=SINCE)
        assert ran.code == 0, (line, ran.err)
    stray = run_cli(url, "message", "receive", "--from", "+12025550103", "--to", "+14155550188",
                    "--body", "Hello?", now=SINCE)  # fmt: skip
    assert stray.code == REFUSED, stray.err
    with working(url) as uow:
        uow.cursor.run(
            "UPDATE message SET status = 'failed', error_code = '30003' WHERE id = 3",
        )
        uow.cursor.run(
            "UPDATE client_phone SET not_textable_at = :at, not_textable_code = '21614'"
            " WHERE e164 = '+12025550102'",
            at=NOW,
        )
        raise_alert(
            uow,
            AlertKind.NUMBER_GONE,
            severity=AlertSeverity.WARNING,
            entity="number",
            ref="+14155550106",
            message="The provider does not list it",
            command="petmsg number retire +14155550106 --reason gone",
        )


def write_files(folder: Path) -> None:
    """The files that examples read."""
    for name, content in FILES.items():
        (folder / name).write_text(content, "utf-8")
    shutil.copy(ROOT / "examples/rex.jpg", folder)
    snoutos.write_csv(snoutos.sound(), folder / "old-tables")
