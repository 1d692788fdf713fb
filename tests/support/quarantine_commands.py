"""Numbers and bookings, `petmsg number quarantine` in short, and what it left."""

from typing import Any

from tests.support.fixtures import Cli, Ran

DESK, DESK2 = "+14155550100", "+14155550109"
N1, N2 = "+14155550101", "+14155550102"
POOL, POOL2 = "+14155550201", "+14155550202"


def add(cli: Cli, *e164: str, number_class: str = "sitter") -> None:
    assert cli("number", "add", *e164, "--class", number_class).code == 0


def maya(cli: Cli) -> None:
    """Maya, active, with N1."""
    add(cli, N1)
    cli("sitter", "add", "Maya Lee", "--phone", "+14155559001", "--ref", "S-1", "--activate")


def booked(cli: Cli, ref: str, client: str, start: str, end: str, *, confirm: bool = True) -> None:
    """A booking with Maya; the client is made if need be."""
    phone = f"+1415555100{client[-1]}"
    cli("client", "add", f"Client {client[-1]}", "--phone", phone, "--ref", client)
    ran = cli(
        "booking", "add", "--client", client, "--sitter", "S-1", "--ref", ref,
        "--start", start, "--end", end,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    if confirm:
        assert cli("booking", "confirm", ref).code == 0


def quarantine(cli: Cli, *arguments: str, **options: Any) -> list[dict[str, Any]]:
    ran = cli("number", "quarantine", *arguments, "--reason", "spam", "-o", "json", **options)
    assert ran.code == 0, ran.err
    rows: list[dict[str, Any]] = ran.json
    return rows


def show(cli: Cli, e164: str) -> dict[str, Any]:
    found: dict[str, Any] = cli("number", "show", e164, "-o", "json").json
    return found


def route(cli: Cli, at: str = "now", client: str = "C-1", **options: Any) -> dict[str, Any]:
    ran = cli("route", "explain", client, "--at", at, "-o", "json", **options)
    found: dict[str, Any] = ran.json
    return found


def events(cli: Cli) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cli("audit", "list", "--all", "-o", "json").json
    return found[::-1]


def refused(ran: Ran, code: str, exit_code: int = 4) -> dict[str, str]:
    assert (ran.code, ran.out) == (exit_code, "")
    assert ran.error["code"] == code
    return ran.error
