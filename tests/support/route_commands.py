"""A company with one client and one sitter, and `petmsg route explain` in short."""

from datetime import timedelta
from typing import Any

from tests.support.fixtures import NOW, Cli, copied, lines

MAYA, OLGA, THIRD = "+14155550102", "+14155550103", "+14155550104"
DESK, POOL, POOL_2 = "+14155550100", "+14155550150", "+14155550151"
EARLIER = NOW - timedelta(days=1)


@copied
def people(cli: Cli, *pool: str) -> None:
    """Since yesterday: two clients, two active sitters with a number each, perhaps a pool."""
    since: dict[str, Any] = {"now": EARLIER}
    cli("number", "add", MAYA, OLGA, "--class", "sitter", **since)
    if pool:
        cli("number", "add", *pool, "--class", "pool", **since)
    clients = (("ref", "name", "phone"), ("C-1", "Ann", "+14155551001"))
    cli("client", "import", "-", stdin=lines(*clients, ("C-2", "Bob", "+14155551002")), **since)
    sitters = (
        ("ref", "name", "phone"),
        ("S-1", "Maya Lee", "+14155552001"),
        ("S-2", "Olga Roy", "+14155552002"),
    )
    cli("sitter", "import", "-", stdin=lines(*sitters), **since)
    cli("sitter", "activate", "S-1", "S-2", **since)


def visit(cli: Cli, ref: str = "B-1", sitter: str | None = "S-1", **options: Any) -> None:
    """A confirmed visit to C-1 from 14:00 to 16:00 UTC: it runs at the time of the tests."""
    named = ("--sitter", sitter) if sitter else ()
    start = options.pop("start", "2026-02-14T14:00Z")
    end = options.pop("end", "2026-02-14T16:00Z")
    cli(
        "booking", "add", "--ref", ref, "--client", "C-1", *named, "--start", start, "--end", end,
        **options,
    )  # fmt: skip
    assert cli("booking", "confirm", ref, **options).code == 0


def explain(cli: Cli, *words: str, client: str = "C-1", code: int = 0, **options: Any) -> Any:
    ran = cli("route", "explain", client, *words, "-o", "json", **options)
    assert ran.code == code, ran.err
    return ran.json


def codes(decision: Any) -> list[str]:
    return [step["code"] for step in decision["trace"]]


def send(cli: Cli, client: str = "C-1", **options: Any) -> Any:
    ran = cli("message", "send", client, "--body", "Hi", "-o", "json", **options)
    assert ran.code == 0, ran.err
    return ran.json
