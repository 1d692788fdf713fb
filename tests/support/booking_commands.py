"""The clients and sitters of the tests about bookings, and `petmsg booking` in short."""

from typing import Any

from tests.support.fixtures import Cli, copied, lines

MAYA = "+14155550102"
OLGA = "+14155550103"


@copied
def people(cli: Cli) -> None:
    """Two clients, and two active sitters with a number each."""
    cli("number", "add", MAYA, OLGA, "--class", "sitter")
    for ref, name, phone in (("C-1", "Ann Ivers", "1001"), ("C-2", "Bob Ito", "1002")):
        cli("client", "add", name, "--phone", f"+1415555{phone}", "--ref", ref)
    for ref, name, phone in (("S-1", "Maya Lee", "2001"), ("S-2", "Olga Roy", "2002")):
        cli("sitter", "add", name, "--phone", f"+1415555{phone}", "--ref", ref, "--activate")


def book(cli: Cli, ref: str, *more: str, **options: Any) -> Any:
    """A booking of C-1 with S-1 from 14:00 to 16:00 UTC, or as `more` says."""
    usual = {"--client": "C-1", "--sitter": "S-1"}
    usual |= {"--start": "2026-02-14T14:00Z", "--end": "2026-02-14T16:00Z"}
    usual |= dict(zip(more[::2], more[1::2], strict=True))
    words = [word for pair in usual.items() for word in pair]
    return cli("booking", "add", "--ref", ref, *words, "-o", "json", **options)


def shown(cli: Cli, ref: str) -> Any:
    return cli("booking", "show", ref, "-o", "json").json


def events(cli: Cli, ref: str) -> list[str]:
    rows = cli("audit", "list", "--ref", ref, "-o", "json", "--all").json
    return [row["event"] for row in reversed(rows)]


def imported(cli: Cli, *rows: tuple[str, ...], code: int = 0, **options: Any) -> Any:
    ran = cli("booking", "import", "-", "-o", "json", stdin=lines(*rows), **options)
    assert ran.code == code, ran.err
    return ran.json


HEADER = ("ref", "client", "sitter", "starts_at", "ends_at")
T1, T2, T3 = "2026-02-14T14:00Z", "2026-02-14T16:00Z", "2026-02-14T18:00Z"


def add(cli: Cli, *words: str, **options: Any) -> Any:
    ran = cli("booking", "add", *words, "-o", "json", **options)
    assert ran.code == 0, ran.err
    return ran.json


def count(cli: Cli) -> int:
    return len(cli("booking", "list", "-o", "json").json)
