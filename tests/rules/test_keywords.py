"""Words that a whole message may consist of, and requests in plain words."""

import time

import pytest

from petmsg.enums.opt_outs import Keyword
from petmsg.rules.keywords import _words_of_any, keyword_of, may_mean_the_visit, words_of
from petmsg.rules.stop_requests import asks_to_stop
from tests.support.stop_words import ORDINARY, REQUESTS


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
        "STOP,",
        "STOP\u2026",
        "\u201cSTOP\u201d",
        "\u00abSTOP\u00bb",
        "'Stop!'",
        "STOP \N{OCTAGONAL SIGN}",
        "\N{OCTAGONAL SIGN}STOP\N{VARIATION SELECTOR-16}",
        "STOP\u200b",
        "\ufeffST\u200dO\u00adP\u2060",
        "\u3164STOP\u2800",
        "- STOP -",
        "(stop)",
        "\uff33\uff34\uff2f\uff30",
        "STOP ALL",
        "stop-all",
        "STOP STOP STOP",
        "STOP. STOP.",
        "opt-out",
        "Opt-Out.",
        "ARRET",
        "arr\u00eat",
        "ARRE\u0302T!",
        "\u201cCancel\u201d",
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
        "stop by",
        "cancel cancel",
        "\u201c\u201d",
        "opt",
        "1",
        "STOP?2",
    ],
)
def test_a_word_among_others_is_a_text_like_any_other(text: str) -> None:
    assert keyword_of(text, opted_out=False) is None


def test_cancel_and_end_may_mean_the_visit() -> None:
    assert may_mean_the_visit("Cancel.")
    assert may_mean_the_visit("END")
    assert not may_mean_the_visit("STOP")
    assert not may_mean_the_visit("cancel my visit")


@pytest.mark.parametrize("text", REQUESTS)
def test_a_request_in_plain_words_is_recognised_and_is_no_keyword(text: str) -> None:
    assert asks_to_stop(text)
    assert keyword_of(text, opted_out=True) is None


@pytest.mark.parametrize("text", ORDINARY)
def test_an_ordinary_message_that_sounds_alike_is_no_request(text: str) -> None:
    assert not asks_to_stop(text)
    assert keyword_of(text, opted_out=False) is None


@pytest.mark.parametrize("code", range(128))
def test_each_ascii_character_is_read_as_any_other(code: int) -> None:
    """Messages in ASCII are read by a table."""
    for text in (f"s{chr(code)}top now", chr(code), f"Stop {chr(code)}"):
        assert words_of(text) == _words_of_any(text)


def test_reading_a_long_message_takes_no_time() -> None:
    for part in ("stop ", "please ", "no more ", "\u0301", "a.", "take me off "):
        began = time.process_time()
        asks_to_stop(part * 20_000)
        keyword_of(part * 20_000, opted_out=False)
        assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    "tail", ["ever again", "any more", "please", "right now", "from you", "ok"]
)
@pytest.mark.parametrize("request_", ["stop texting me", "don't text me", "no more messages"])
def test_words_repeated_after_a_request_are_read_once(request_: str, tail: str) -> None:
    """A sender may repeat them as often as they like; nothing else is received meanwhile."""
    began = time.process_time()
    assert asks_to_stop(f"{request_} {f'{tail} ' * 20}")
    assert not asks_to_stop(f"{request_} {f'{tail} ' * 20}tomorrow, at five")
    assert time.process_time() - began < 0.1
