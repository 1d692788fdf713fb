"""Counts in words."""

import pytest

from petmsg.plurals import counted


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 messages"), (1, "1 message"), (2, "2 messages")]
)
def test_one_is_singular_and_everything_else_is_plural(count: int, words: str) -> None:
    assert counted(count, "message") == words


def test_an_irregular_plural_is_given() -> None:
    assert counted(2, "finding of one", "findings of one") == "2 findings of one"
