"""Opt-outs and opt-ins count in the order they were sent, however late one of them is brought."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from petmsg.providers.base import ReceivedMessage
from petmsg.services.inbound.receive import receive_each
from tests.support.fixtures import NOW, Cli, working
from tests.support.incoming import STRANGER, comes
from tests.support.texting import ANN, MAYA, alerts, people, people_and_visit, send

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def ready(cli: Cli) -> Cli:
    people_and_visit(cli)
    return cli


def late(cli: Cli, body: str, *, sent: Any, now: Any, sender: str = ANN, to: str = MAYA) -> Any:
    """A message that a pull brings at `now`."""
    ran = cli(
        "message", "receive", "--from", sender, "--to", to, "--body", body,
        "--at", sent.isoformat(), "-o", "json", now=now,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    return ran.json


def is_opted_out(cli: Cli, who: str = "C-1") -> bool:
    found = cli("optout", "show", who, "-o", "json").json
    return bool(found["opted_out"])


@pytest.mark.parametrize("word", ["START", "Yes", "UNSTOP"])
def test_an_older_word_ends_no_newer_opt_out(ready: Cli, word: str) -> None:
    comes(ready, "STOP", now=NOW + 20 * MINUTE)
    told = late(ready, word, sent=NOW, now=NOW + 30 * MINUTE)
    assert told["did"] == []
    assert is_opted_out(ready)
    assert send(ready, now=NOW + 31 * MINUTE).error["code"] == "opted_out"


def test_a_yes_from_before_the_stop_is_an_answer_to_the_sitter(ready: Cli) -> None:
    comes(ready, "STOP", now=NOW + 20 * MINUTE)
    assert late(ready, "Yes", sent=NOW, now=NOW + 30 * MINUTE)["code"] == "WINDOW_ACTIVE"


def test_an_older_stop_does_not_undo_a_newer_start(ready: Cli) -> None:
    comes(ready, "START", now=NOW + 20 * MINUTE)
    assert late(ready, "STOP", sent=NOW, now=NOW + 30 * MINUTE)["did"] == []
    assert not is_opted_out(ready)


def test_an_older_stop_of_a_stranger_does_not_undo_a_newer_start(ready: Cli) -> None:
    comes(ready, "START", sender=STRANGER, now=NOW + 20 * MINUTE)
    late(ready, "STOP", sent=NOW, now=NOW + 30 * MINUTE, sender=STRANGER)
    assert ready("optout", "list", "-o", "json").json == []


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("words", [("STOP", "START", "STOP"), ("START", "STOP", "Yes")])
def test_the_last_word_counts_in_whatever_order_they_come(
    sqlite_cli: Cli, words: tuple[str, ...], order: tuple[int, ...]
) -> None:
    people(sqlite_cli)
    for step, place in enumerate(order):
        at = NOW + place * 5 * MINUTE
        late(sqlite_cli, words[place], sent=at, now=NOW + 20 * MINUTE + step * SECOND)
    assert is_opted_out(sqlite_cli) == (words[-1] == "STOP")


def test_an_operators_opt_out_is_ended_by_no_earlier_word(ready: Cli) -> None:
    comes(ready, "STOP")
    add = ("optout", "add", "C-1", "--reason", "called the desk")
    ready(*add, now=NOW + 20 * MINUTE)
    assert late(ready, "START", sent=NOW + 10 * MINUTE, now=NOW + 30 * MINUTE)["did"] == []
    assert is_opted_out(ready)
    assert comes(ready, "START", now=NOW + 40 * MINUTE)["did"] == ["the opt-out has ended"]
    assert not is_opted_out(ready)


def test_a_stop_that_comes_late_stands_although_an_operator_ended_one_since(ready: Cli) -> None:
    """Whoever ended it could not know of the message."""
    ready("optout", "add", "C-1", "--reason", "by mistake")
    ready("optout", "remove", "C-1", "--reason", "wrong client", now=NOW + 20 * MINUTE)
    late(ready, "STOP", sent=NOW + 10 * MINUTE, now=NOW + 30 * MINUTE)
    assert is_opted_out(ready)
    assert alerts(ready) == [("client_opted_out", "C-1")]


def test_an_opt_out_is_dated_when_it_was_sent(ready: Cli) -> None:
    late(ready, "STOP", sent=NOW, now=NOW + 30 * MINUTE)
    found = ready("optout", "show", "C-1", "-o", "json").json
    assert found["opted_out_at"] == "2026-02-14T15:00:00Z"


@pytest.mark.parametrize("words", [("STOP", "START"), ("START", "STOP"), ("STOP", "Yes")])
def test_messages_of_one_second_count_in_their_order(
    ready: Cli, migrated_url: str, words: tuple[str, str]
) -> None:
    texts = [
        ReceivedMessage(f"SM{place}", ANN, MAYA, word, received_at=NOW)
        for place, word in enumerate(words)
    ]
    with working(migrated_url, now=NOW + MINUTE) as uow:
        receive_each(uow, texts)
    assert is_opted_out(ready) == (words[-1] == "STOP")
