"""A company whose bookings are paid, and what the payments left."""

import json
from typing import Any

from tests.support.fixtures import Cli, Ran, copied, looking
from tests.support.texting import people


@copied
def fill(cli: Cli) -> None:
    people(cli)
    for ref in ("B-1", "B-2", "B-3"):
        add(cli, ref)
    assert cli("booking", "cancel", "--yes", "B-3", "--reason", "rain").code == 0


def add(cli: Cli, ref: str) -> None:
    ran = cli(
        "booking", "add", "--ref", ref, "--client", "C-1", "--sitter", "S-1",
        "--start", "2031-02-14T14:00Z", "--end", "2031-02-14T16:00Z",
    )  # fmt: skip
    assert ran.code == 0, ran.err


def confirmed(url: str) -> list[str]:
    """The bookings that are confirmed."""
    with looking(url) as cursor:
        return [
            row[0]
            for row in cursor.tuples(
                "SELECT b.ref FROM booking b WHERE b.status = 'confirmed' ORDER BY b.ref"
            )
        ]


def taken(url: str) -> list[tuple[Any, ...]]:
    with looking(url) as cursor:
        return cursor.tuples(
            "SELECT event_id, booking, outcome, code FROM stripe_event ORDER BY event_id"
        )


def replay(cli: Cli, *events: object, form: str = "lines", output: str = "json") -> Ran:
    text = json.dumps(events[0]) if form == "one" else "\n".join(map(json.dumps, events))
    return cli("booking", "confirm", "--stripe-event", "-", "-o", output, stdin=text)


def event(event_id: str, kind: str, **about: Any) -> dict[str, Any]:
    return {"id": event_id, "object": "event", "type": kind, "data": {"object": about}}
