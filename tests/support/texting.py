"""A company whose messages are tried on the command line, as several test files need it."""

from datetime import datetime, timedelta
from typing import Any

from petmsg.enums.orgs import ProviderName
from petmsg.services.outbox.claim import claim
from petmsg.services.outbox.claimed import Claim
from tests.support.fixtures import NOW, Cli, Ran, copied, lines, looking, working

MAYA, OLGA = "+14155550102", "+14155550103"
DESK, POOL, POOL_2 = "+14155550100", "+14155550150", "+14155550151"
ANN = "+14155551001"
EARLIER = NOW - timedelta(days=1)
SECOND = timedelta(seconds=1)
DEAD = "w-0123456789abcde"
"""The token of a worker that nobody is any more."""


@copied
def people(cli: Cli) -> None:
    """Since yesterday: two clients, two active sitters with a number each, two pool numbers."""
    since: dict[str, Any] = {"now": EARLIER}
    cli("number", "add", MAYA, OLGA, "--class", "sitter", **since)
    cli("number", "add", POOL, POOL_2, "--class", "pool", **since)
    clients = (("ref", "name", "phone"), ("C-1", "Ann", ANN), ("C-2", "Bob", "+14155551002"))
    cli("client", "import", "-", stdin=lines(*clients), **since)
    sitters = (
        ("ref", "name", "phone"),
        ("S-1", "Maya Lee", "+14155552001"),
        ("S-2", "Olga Roy", "+14155552002"),
    )
    cli("sitter", "import", "-", stdin=lines(*sitters), **since)
    cli("sitter", "activate", "S-1", "S-2", **since)


def visit(cli: Cli, ref: str = "B-1", sitter: str = "S-1", **options: Any) -> None:
    """A confirmed visit to C-1 from 14:00 to 16:00 UTC: it runs at the time of the tests."""
    cli(
        "booking", "add", "--ref", ref, "--client", "C-1", "--sitter", sitter,
        "--start", options.get("start", "2026-02-14T14:00Z"), "--end", "2026-02-14T16:00Z",
    )  # fmt: skip
    assert cli("booking", "confirm", ref).code == 0


@copied
def people_and_visit(cli: Cli, *settings: str) -> None:
    """`people` and `visit`, and `org set` with the settings."""
    people(cli)
    visit(cli)
    if settings:
        assert cli("org", "set", *settings).code == 0


def send(cli: Cli, *words: str, client: str = "C-1", body: str = "Hi", **options: Any) -> Ran:
    return cli("message", "send", client, "--body", body, *words, "-o", "json", **options)


def show(cli: Cli, message: int) -> Any:
    return cli("message", "show", str(message), "-o", "json").json


def events(cli: Cli, message: int) -> list[str]:
    rows = cli("audit", "list", "--entity", "message", "--ref", str(message), "-o", "json").json
    return [row["event"] for row in reversed(rows)]


def set_status(url: str, message: int, status: str) -> None:
    with working(url) as uow:
        uow.cursor.run("UPDATE message SET status = :s WHERE id = :id", s=status, id=message)


def left_by(
    url: str, message: int, token: str, *, now: datetime = NOW, org: str | None = None
) -> Claim:
    """Claim a queued message as the worker of that token."""
    with working(url, now=now, org=org) as uow:
        taken = claim(uow, message, provider=ProviderName.SANDBOX, worker=token)
    assert isinstance(taken, Claim), taken
    return taken


def left_by_the_dead(
    url: str, message: int, *, now: datetime = NOW, org: str | None = None
) -> Claim:
    """Claim a queued message as a worker that is dead: its outcome stays unknown."""
    return left_by(url, message, DEAD, now=now, org=org)


def kept(url: str) -> list[str]:
    """The bodies the sandbox was handed, in their order."""
    with looking(url) as cursor:
        return [row[0] for row in cursor.tuples("SELECT body FROM sandbox_text ORDER BY id")]


def alerts(cli: Cli, *words: str) -> list[tuple[str, str]]:
    """Kind and ref of the open alerts."""
    rows = cli("alert", "list", *words, "-o", "json").json
    return sorted((row["kind"], row["ref"]) for row in rows)
