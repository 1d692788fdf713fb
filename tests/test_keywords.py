"""Words that a whole text may consist of: STOP, START, HELP."""

import pytest

from petmsg.enums import Keyword
from petmsg.keywords import keyword_of, may_mean_the_visit


@pytest.mark.parametrize(
    "word",
    [
        "STOP",
        "stopall",
        "Unsubscribe",
        "CANCEL",
        "end",
        "quit",
        "revoke",
        "OptOut",
        "opt out",
        "OPT  OUT",
        " stop ",
        "Stop.",
        "STOP!",
        '"stop"',
        "stop\n",
    ],
)
def test_every_word_for_stop_is_heard_in_any_case(word: str) -> None:
    assert keyword_of(word, opted_out=False) is Keyword.STOP


@pytest.mark.parametrize("word", ["START", "unstop", "Start."])
def test_start_is_heard_from_anybody(word: str) -> None:
    assert keyword_of(word, opted_out=False) is Keyword.START
    assert keyword_of(word, opted_out=True) is Keyword.START


def test_yes_means_start_only_from_somebody_who_is_opted_out() -> None:
    assert keyword_of("Yes", opted_out=False) is None
    assert keyword_of("Yes", opted_out=True) is Keyword.START


@pytest.mark.parametrize("word", ["help", "INFO", "Help!"])
def test_help_is_heard(word: str) -> None:
    assert keyword_of(word, opted_out=False) is Keyword.HELP


@pytest.mark.parametrize(
    "text",
    [
        "",
        "please stop by at 5",
        "stop it",
        "don't stop",
        "the end",
        "cancel Friday",
        "stops",
        "yes please",
        "helpful",
        "s t o p",
        "ST\u041eP",  # a Cyrillic letter: no carrier takes it for STOP
        "STOP" + " " * 60 + "x",
        "\N{OCTAGONAL SIGN}",
    ],
)
def test_a_word_among_others_is_a_text_like_any_other(text: str) -> None:
    assert keyword_of(text, opted_out=False) is None


def test_cancel_and_end_may_mean_the_visit() -> None:
    assert may_mean_the_visit("Cancel.")
    assert may_mean_the_visit("END")
    assert not may_mean_the_visit("STOP")
    assert not may_mean_the_visit("cancel my visit")
