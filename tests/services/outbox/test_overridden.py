"""While an override holds the front desk reads what a client writes, and no sitter does."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.support.fixtures import NOW, Cli
from tests.support.incoming import MAYAS_PHONE, carried, comes, relayed, waiting
from tests.support.texting import (
    ANN,
    DESK,
    MAYA,
    OLGA,
    POOL,
    alerts,
    people_and_visit,
    send,
    show,
)

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
TOLD = "The front desk is handling C-1 until 11:00; your message was passed on to them."


@pytest.fixture
def ready(cli: Cli) -> Iterator[Cli]:
    """Maya sits for Ann now, and the org relays. Whatever a test does, doctor finds nothing."""
    people_and_visit(cli, "--relay", "on")
    yield cli
    found = cli("doctor", "--findings", "-o", "json", now=NOW + 5 * MINUTE)
    assert found.json == []


def override(cli: Cli, until: str = "2026-02-14T16:00Z", now: Any = NOW) -> None:
    ran = cli("route", "override", "C-1", "--until", until, "--reason", "complaint", now=now)
    assert ran.code == 0, ran.err


def dispatch(cli: Cli, now: Any = NOW) -> None:
    ran = cli("message", "dispatch", "-o", "json", now=now)
    assert ran.code in (0, 4), ran.err


def maya(cli: Cli, body: str, **options: Any) -> Any:
    return comes(cli, body, sender=MAYAS_PHONE, **options)


def test_what_the_client_writes_to_any_number_waits_for_the_desk(
    ready: Cli, migrated_url: str
) -> None:
    override(ready)
    for to in (MAYA, DESK, POOL):
        told = comes(ready, to=to)
        assert (told["addressed_to"], told["code"], told["did"]) == ("front_desk", "OVERRIDE", [])
        asked = ready("route", "inbound", "--from", ANN, "--to", to, "-o", "json").json
        assert asked["trace"] == told["trace"]
    assert len(waiting(ready)) == 3
    assert relayed(migrated_url) == []


def test_after_its_end_the_sitter_reads_again(ready: Cli, migrated_url: str) -> None:
    override(ready)
    ready("route", "override", "end", "C-1", now=NOW + MINUTE)
    assert comes(ready, now=NOW + MINUTE)["did"] == ["forwarded to S-1"]
    override(ready, now=NOW + 2 * MINUTE)
    over = NOW + timedelta(hours=1)
    assert comes(ready, now=over)["did"] == ["forwarded to S-1"]
    past = ("--at", "2026-02-14T15:00:30Z", "-o", "json")
    asked = ready("route", "inbound", "--from", ANN, "--to", MAYA, *past, now=over)
    assert asked.json["code"] == "OVERRIDE"


def test_a_keyword_still_opts_out(ready: Cli) -> None:
    override(ready)
    assert comes(ready, "STOP")["code"] == "KEYWORD_STOP"
    assert ready("optout", "show", "C-1", "-o", "json").json["opted_out"]


def test_a_late_message_is_read_by_whom_it_was_for_when_it_was_written(
    ready: Cli, migrated_url: str
) -> None:
    """One written while the override held waits for the desk after its end; one written before it
    is not forwarded while it holds."""
    override(ready)
    before = comes(ready, now=NOW + MINUTE, sid="SM1", to=MAYA)
    assert before["code"] == "OVERRIDE"
    ready("route", "override", "end", "C-1", now=NOW + 2 * MINUTE)
    at = ("--at", "2026-02-14T15:01:30Z")
    late = ready(
        "message", "receive", "--from", ANN, "--to", MAYA, "--body", "Late", *at, "-o", "json",
        now=NOW + 3 * MINUTE,
    )  # fmt: skip
    assert (late.json["code"], late.json["did"]) == ("OVERRIDE", [])
    override(ready, now=NOW + 4 * MINUTE)
    at = ("--at", "2026-02-14T15:03:30Z")
    late = ready(
        "message", "receive", "--from", ANN, "--to", MAYA, "--body", "Later", *at, "-o", "json",
        now=NOW + 5 * MINUTE,
    )  # fmt: skip
    assert late.json["code"] == "WINDOW_ACTIVE"
    assert late.json["did"] == ["an override holds: left in the inbox"]
    assert len(waiting(ready, now=NOW + 5 * MINUTE)) == 3
    assert relayed(migrated_url) == []


@pytest.mark.parametrize("ended", [False, True])
def test_a_forward_that_waits_is_not_sent_once_an_override_held(
    ready: Cli, migrated_url: str, ended: bool
) -> None:
    told = comes(ready)
    assert told["did"] == ["forwarded to S-1"]
    override(ready, now=NOW + SECOND)
    if ended:
        ready("route", "override", "end", "C-1", now=NOW + 2 * SECOND)
    dispatch(ready, NOW + 3 * SECOND)
    assert carried(migrated_url) == []
    assert [each[3] for each in relayed(migrated_url)] == ["failed"]
    assert waiting(ready) == [told["message"]]
    assert alerts(ready) == []
    assert show(ready, told["message"] + 1)["error"]["code"] == "override"


def test_a_sitters_message_waits_for_the_desk_and_the_sitter_is_told(
    ready: Cli, migrated_url: str
) -> None:
    override(ready)
    told = maya(ready, "He is fine")
    assert told["did"] == ["not forwarded to C-1: an override holds; left in the inbox"]
    dispatch(ready)
    assert carried(migrated_url) == [(MAYA, MAYAS_PHONE, TOLD)]
    assert waiting(ready) == [told["message"]]


def test_a_sitters_message_that_waits_in_the_queue_is_not_sent_either(
    ready: Cli, migrated_url: str
) -> None:
    told = maya(ready, "He is fine")
    assert told["did"] == ["forwarded to C-1"]
    override(ready, now=NOW + SECOND)
    dispatch(ready, NOW + SECOND)
    dispatch(ready, NOW + 2 * SECOND)
    assert carried(migrated_url) == [(MAYA, MAYAS_PHONE, TOLD)]
    assert waiting(ready) == [told["message"]]
    assert alerts(ready) == []


def test_a_client_under_an_override_stays_a_choice_so_that_no_other_gets_the_words(
    ready: Cli, migrated_url: str
) -> None:
    ready(
        "booking", "add", "--ref", "B-9", "--client", "C-2", "--sitter", "S-1",
        "--start", "2026-02-14T14:30Z", "--end", "2026-02-14T16:00Z",
    )  # fmt: skip
    assert ready("booking", "confirm", "B-9").code == 0
    override(ready, "2026-02-15T16:00Z")
    asked = maya(ready, "On my way")
    assert asked["did"] == [
        "asked which client it is for: several clients have open windows with the sitter"
    ]
    dispatch(ready, NOW + SECOND)
    chosen = maya(ready, "1", now=NOW + MINUTE)
    assert chosen["did"] == ["not forwarded to C-1: an override holds; left in the inbox"]
    assert waiting(ready) == [asked["message"]]
    dispatch(ready, NOW + MINUTE)
    assert [to for _, to, _ in carried(migrated_url)] == [MAYAS_PHONE, MAYAS_PHONE]
    assert "until Sun 15 Feb 11:00;" in carried(migrated_url)[-1][2]


def test_a_pool_number_that_became_a_sitters_brings_answers_to_the_company_to_the_desk(
    ready: Cli, migrated_url: str
) -> None:
    """The company wrote from the number; then Maya got it. Maya's next message makes it Maya's."""
    ready("booking", "reassign", "B-1", "--sitter", "S-2", now=NOW)
    ready("number", "quarantine", OLGA, "--reason", "noise")
    assert send(ready, body="About Maya").code == 0
    assert carried(migrated_url)[-1][0] == POOL
    later = {"now": NOW + MINUTE}
    assert ready("booking", "reassign", "B-1", "--sitter", "S-1", **later).code == 0
    assert ready("number", "set-class", POOL, "sitter", **later).code == 0
    assert ready("sitter", "renumber", "S-1", "--to", POOL, "--reason", "new", **later).code == 0
    told = comes(ready, "She was rude", to=POOL, now=NOW + 2 * MINUTE)
    assert (told["addressed_to"], told["code"]) == ("front_desk", "FORMER_NUMBER")
    assert told["reason"].startswith("No sitter held the number")
    assert send(ready, body="On my way", now=NOW + 3 * MINUTE).code == 0
    assert carried(migrated_url)[-1][0] == POOL
    assert comes(ready, to=POOL, now=NOW + 4 * MINUTE)["did"] == ["forwarded to S-1"]
