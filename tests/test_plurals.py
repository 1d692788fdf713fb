"""Counts in words."""

from datetime import timedelta

import pytest

from petmsg.plurals import counted, waited, who_waits


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 messages"), (1, "1 message"), (2, "2 messages")]
)
def test_one_is_singular_and_everything_else_is_plural(count: int, words: str) -> None:
    assert counted(count, "message") == words


def test_an_irregular_plural_is_given() -> None:
    assert counted(2, "finding of one", "findings of one") == "2 findings of one"


@pytest.mark.parametrize(
    ("entities", "minutes", "words"),
    [
        (["client"], 0, "1 client waits, 0 min"),
        (["client"] * 3, 42, "3 clients wait, the longest 42 min"),
        (["sitter"], 119, "1 sitter waits, 119 min"),
        (["client", "sitter"], 120, "1 client and 1 sitter wait, the longest 2 h"),
        (["client"], 2879, "1 client waits, 47 h"),
        (["client"] * 2, 2880, "2 clients wait, the longest 2 days"),
        (["message"], 5, "unknown senders wait, the longest 5 min"),
        (
            ["sitter", "message", "client", "client"],
            -1,
            "2 clients, 1 sitter and unknown senders wait, the longest 0 min",
        ),
    ],
)
def test_only_clients_are_called_clients(entities: list[str], minutes: int, words: str) -> None:
    assert who_waits(entities, timedelta(minutes=minutes)) == words


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(0, "0 min"), (119, "119 min"), (120, "2 h"), (2879, "47 h"), (2880, "2 days")],
)
def test_how_long_somebody_waits(minutes: int, said: str) -> None:
    assert waited(minutes) == said
