"""Outside their windows a sitter is told when the next one opens; in their lead time they write."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.fixtures import NOW, Cli
from tests.support.incoming import MAYAS_PHONE, carried, comes, relayed, waiting
from tests.support.texting import ANN, DESK, MAYA, people, send

MINUTE = timedelta(minutes=1)
VISIT = NOW + timedelta(hours=4)
"""14:00 in New York, the zone of the org."""
OUTSIDE = "Not sent: you have no open visit now. The front desk has your message."


@pytest.fixture
def ready(cli: Cli) -> Iterator[Cli]:
    """An org that relays, without any visit. Whatever a test does, doctor finds nothing."""
    people(cli)
    cli("number", "add", DESK, "--class", "front_desk")
    assert cli("org", "set", "--relay", "on").code == 0
    yield cli
    found = cli("doctor", "--findings", "-o", "json", now=VISIT)
    assert found.json == []


def visit(
    cli: Cli, ref: str, start: datetime, *more: str, client: str = "C-1", sitter: str = "S-1"
) -> None:
    cli(
        "booking", "add", "--ref", ref, "--client", client, "--sitter", sitter,
        "--start", start.isoformat(), "--end", (start + timedelta(hours=2)).isoformat(), *more,
    )  # fmt: skip
    assert cli("booking", "confirm", ref).code == 0


def maya(cli: Cli, body: str, now: datetime) -> Any:
    return comes(cli, body, sender=MAYAS_PHONE, now=now)


def told(url: str) -> str:
    """The last notice to a sitter."""
    return [words for kind, to, words, _ in relayed(url) if (kind, to) == ("notice", MAYAS_PHONE)][
        -1
    ]


def test_on_my_way_reaches_the_client_in_the_lead_of_the_visit(
    ready: Cli, migrated_url: str
) -> None:
    ready("org", "set", "--lead-minutes", "30")
    visit(ready, "B-1", VISIT)
    soon = VISIT - 5 * MINUTE
    assert maya(ready, "On my way", soon)["did"] == ["forwarded to C-1"]
    ready("message", "dispatch", now=soon)
    assert carried(migrated_url) == [(MAYA, ANN, "On my way")]
    answer = comes(ready, "Great, the key is at the neighbour's", now=soon + MINUTE)
    assert (answer["addressed_to"], answer["did"]) == ("S-1", ["forwarded to S-1"])
    by_desk = send(ready, "--as", "S-1", now=soon + MINUTE, body="Hello")
    assert by_desk.json["from"] == MAYA


def test_without_lead_it_is_refused_and_the_sitter_is_told_when_the_visit_opens(
    ready: Cli, migrated_url: str
) -> None:
    visit(ready, "B-1", VISIT)
    message = maya(ready, "On my way", VISIT - 5 * MINUTE)
    assert message["did"] == ["not forwarded: the sitter has no open window; left in the inbox"]
    assert told(migrated_url) == f"{OUTSIDE} Your next visit with Ann opens at 14:00."
    assert waiting(ready) == [message["message"]]


def test_the_time_is_that_of_the_window_and_not_of_the_visit(ready: Cli, migrated_url: str) -> None:
    visit(ready, "B-1", VISIT, "--lead", "45")
    maya(ready, "On my way", VISIT - 46 * MINUTE)
    assert told(migrated_url).endswith("Your next visit with Ann opens at 13:15.")


@pytest.mark.parametrize(
    ("days", "words"),
    [(1, "tomorrow at 14:00"), (2, "on Mon 16 Feb at 14:00"), (330, "on Sun 10 Jan 2027 at 14:00")],
)
def test_another_day_is_named(ready: Cli, migrated_url: str, days: int, words: str) -> None:
    visit(ready, "B-1", VISIT + timedelta(days=days))
    maya(ready, "Hello?", NOW)
    assert told(migrated_url) == f"{OUTSIDE} Your next visit with Ann opens {words}."


def test_tomorrow_is_the_orgs(ready: Cli, migrated_url: str) -> None:
    """At 23:30 in New York it is the next day in UTC already."""
    late = datetime.fromisoformat("2026-02-15T04:30:00+00:00")
    visit(ready, "B-1", datetime.fromisoformat("2026-02-15T05:30:00+00:00"))
    maya(ready, "Hello?", late)
    assert told(migrated_url).endswith("opens tomorrow at 00:30.")


def test_only_a_window_of_the_sitter_that_is_to_come_counts(ready: Cli, migrated_url: str) -> None:
    visit(ready, "B-1", VISIT)
    visit(ready, "B-2", VISIT + timedelta(hours=4), client="C-2")
    ready("booking", "cancel", "B-1", "--yes")
    visit(ready, "B-3", VISIT, client="C-2", sitter="S-2")
    maya(ready, "Hello?", NOW)
    assert told(migrated_url).endswith("Your next visit with Bob opens at 18:00.")
    ready("booking", "cancel", "B-2", "--yes")
    maya(ready, "Hello?", NOW + MINUTE)
    assert told(migrated_url) == OUTSIDE


def test_a_phone_in_the_clients_name_is_hidden(ready: Cli, migrated_url: str) -> None:
    ready("client", "set", "C-1", "--name", "Ann +14155551001")
    visit(ready, "B-1", VISIT)
    maya(ready, "Hello?", NOW)
    assert told(migrated_url).endswith("Your next visit with Ann [number hidden] opens at 14:00.")


def test_two_clients_of_one_name_are_told_apart(ready: Cli, migrated_url: str) -> None:
    ready("client", "set", "C-2", "--name", "Ann")
    visit(ready, "B-1", VISIT)
    visit(ready, "B-2", VISIT + timedelta(hours=3), client="C-2")
    maya(ready, "Hello?", NOW)
    assert told(migrated_url).endswith("visit with Ann (C-1, Sat 14 Feb) opens at 14:00.")
