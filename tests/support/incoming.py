"""Inbound messages, as several test files need them. The company is `tests.support.texting`'s."""

from typing import Any

from tests.support.fixtures import Cli, Ran, looking
from tests.support.texting import ANN, MAYA

BOB, STRANGER = "+14155551002", "+16175550199"
MAYAS_PHONE, OLGAS_PHONE = "+14155552001", "+14155552002"


def comes(
    cli: Cli,
    body: str = "Is Rex fine?",
    *,
    sender: str = ANN,
    to: str = MAYA,
    sid: str | None = None,
    **options: Any,
) -> Any:
    """Receive a message: what `message receive -o json` says of it."""
    extra = [] if sid is None else ["--sid", sid]
    ran = cli(
        "message", "receive", "--from", sender, "--to", to, "--body", body, *extra, "-o", "json",
        **options,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    return ran.json


def relayed(url: str) -> list[tuple[str, str | None, str, str]]:
    """What petmsg wrote by itself, in its order: kind, to whom, words, status."""
    with looking(url) as cursor:
        return [
            (row["kind"], row["to_e164"], row["body"], row["status"])
            for row in cursor.rows(
                "SELECT r.kind, m.to_e164, m.body, m.status FROM relay r"
                " JOIN message m ON m.id = r.message_id ORDER BY m.id"
            )
        ]


def waiting(cli: Cli, *words: str, **options: Any) -> list[int]:
    """The ids of the messages in the inbox, the oldest first."""
    rows = cli("inbox", "list", *words, "-o", "json", **options).json
    return sorted(row["message"] for row in rows)


def carried(url: str) -> list[tuple[str, str, str]]:
    """What the sandbox was handed: from, to, words."""
    with looking(url) as cursor:
        rows = cursor.tuples("SELECT from_e164, to_e164, body FROM sandbox_text ORDER BY id")
    return [tuple(row) for row in rows]


def answer(cli: Cli, message: int, *words: str, body: str = "He is", **options: Any) -> Ran:
    """Answer a message of the inbox."""
    return cli("inbox", "reply", str(message), "--body", body, *words, "-o", "json", **options)


def refused(ran: Ran, code: str, exit_code: int = 4) -> str:
    """What a refused command said."""
    assert (ran.code, ran.error["code"]) == (exit_code, code), ran.err
    return ran.err


def rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with looking(url) as cursor:
        return [tuple(row) for row in cursor.tuples(sql)]
