"""What became of a note, in words."""

import pytest

from petmsg.notify.outcome import Outcome, Trouble


def test_a_note_that_was_taken_has_no_reason() -> None:
    assert Outcome().why == ""


@pytest.mark.parametrize("trouble", [each for each in Trouble if each != Trouble.HTTP_STATUS])
def test_each_trouble_has_a_sentence(trouble: Trouble) -> None:
    assert len(Outcome(trouble).why) > 10


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "its server answered 404 (Not Found)"),
        (599, "its server answered 599"),
    ],
)
def test_a_status_is_named(status: int, words: str) -> None:
    assert Outcome(Trouble.HTTP_STATUS, status).why == words
