"""A company that sends through the fake Twilio, as several test files need it."""

from typing import Any

from petmsg.enums.alerts import AlertSeverity
from tests.support.fixtures import Cli, copied, looking
from tests.support.twilio_fake import ACCOUNT_SID, AUTH_TOKEN, TwilioFake

DESK, POOL, SPARE = "+14155550100", "+14155550201", "+14155550202"
ANN, BOB, CAT = "+14155551001", "+14155551002", "+14155551003"
PEOPLE = {"C-1": ANN, "C-2": BOB, "C-3": CAT}


def keys(fake: TwilioFake, **more: str) -> dict[str, str]:
    """The environment of a process that may ask and send."""
    return {
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "PETMSG_TWILIO_API_URL": fake.url,
        "PETMSG_TWILIO_TIMEOUT_SECONDS": "2",
        **more,
    }


@copied
def company(cli: Cli, *org: str, people: tuple[str, ...] = ("C-1", "C-2", "C-3")) -> None:
    """Clients of an org that sends through Twilio."""
    for ref in people:
        ran = cli("client", "add", ref, "--phone", PEOPLE[ref], "--ref", ref, *org)
        assert ran.code == 0, ran.err
    assert cli("org", "set", "--yes", "--force", "--provider", "twilio", *org).code == 0


def send(cli: Cli, fake: TwilioFake, client: str = "C-1", *words: str, **options: Any) -> str:
    """Send a message that Twilio takes; its id there."""
    line = ("message", "send", client, "--body", "Hi", "-o", "json", *words)
    ran = cli(*line, **{**keys(fake), **options})
    assert ran.code == 0, ran.err
    return [*fake.messages][-1]


def becomes(fake: TwilioFake, sid: str, status: str, code: int | None = None) -> None:
    """What Twilio says of a message from now on."""
    message = fake.messages[sid]
    message.step, message.final_status, message.error_code = 3, status, code


def texts(url: str) -> list[dict[str, Any]]:
    """The messages as they are stored, the oldest first."""
    with looking(url) as cursor:
        return cursor.rows("SELECT * FROM message ORDER BY id")


def attempts(url: str) -> list[tuple[str, str | None]]:
    """Status and code of every try, the oldest first."""
    with looking(url) as cursor:
        return cursor.tuples("SELECT status, code FROM message_attempt ORDER BY id")


def alerts(cli: Cli, *words: str) -> list[tuple[str, str, int]]:
    """Kind, ref and count of the open alerts."""
    rows = cli("alert", "list", "-o", "json", "--severity", AlertSeverity.INFO, *words).json
    return sorted((row["kind"], row["ref"], row["count"]) for row in rows)
