"""`petmsg sitter` in short, and what the tests about sitters ask afterwards."""

from typing import Any

from tests.support.fixtures import Cli, Ran

MAYA = ("sitter", "add", "Maya Lee", "--phone", "+14155559001", "--ref", "S-1")
ZOE = ("sitter", "add", "Zoe Kim", "--phone", "+14155559002", "--ref", "S-2")
N1, N2, N3 = "+14155550101", "+14155550102", "+14155550103"
POOL = "+14155550201"


def numbers(cli: Cli, *e164: str, number_class: str = "sitter") -> None:
    assert cli("number", "add", *e164, "--class", number_class).code == 0


def number(cli: Cli, e164: str) -> dict[str, Any]:
    found: dict[str, Any] = cli("number", "show", e164, "-o", "json").json
    return found


def show(cli: Cli, ref: str = "S-1", *options: str) -> dict[str, Any]:
    found: dict[str, Any] = cli("sitter", "show", ref, *options, "-o", "json").json
    return found


def activated(cli: Cli, *arguments: str, **options: Any) -> dict[str, Any]:
    ran = cli("sitter", "activate", *arguments, "-o", "json", **options)
    assert ran.code == 0, ran.err
    row: dict[str, Any] = ran.json[0]
    return row


def deactivated(cli: Cli, *arguments: str, **options: Any) -> dict[str, Any]:
    ran = cli("sitter", "deactivate", "--yes", *arguments, "-o", "json", **options)
    assert ran.code == 0, ran.err
    row: dict[str, Any] = ran.json
    return row


def booked(cli: Cli, ref: str, start: str, end: str, *, confirm: bool = True) -> None:
    """A booking of Ann with Maya."""
    cli("client", "add", "Ann Ivers", "--phone", "+14155551001", "--ref", "C-1")
    ran = cli(
        "booking", "add", "--client", "C-1", "--sitter", "S-1", "--ref", ref,
        "--start", start, "--end", end,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    if confirm:
        assert cli("booking", "confirm", ref).code == 0


def route(cli: Cli, at: str = "now", **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = cli("route", "explain", "C-1", "--at", at, "-o", "json", **options).json
    return found


def events(cli: Cli) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cli("audit", "list", "--all", "-o", "json").json
    return found[::-1]


def refused(ran: Ran, code: str, exit_code: int = 4) -> dict[str, str]:
    assert (ran.code, ran.out) == (exit_code, "")
    assert ran.error["code"] == code
    return ran.error
