"""What a search finds: parts of words without case and accents, and parts of phones."""

import pytest

from petmsg.errors import OutOfRange
from petmsg.rules.search import LONGEST, folded, parse_search


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("ann", "Ann Ivers"),
        ("iv ann", "Ann Ivers"),
        ("JOSE", "José Ålund"),
        ("josé", "JOSE"),
        ("alund", "José Ålund"),
        ("Alund", "A\u030alund"),
        ("soren", "Søren Łukasz"),
        ("lukasz", "Søren Łukasz"),
        ("strasse", "Große Straße"),
        ("Straße", "GROSSE STRASSE"),
        ("陳", "陳大文"),
        ("100%", "It is 100% done"),
        ("_", "a_b"),
        ("\\", "a\\b"),
        ("🐶", "Rex 🐶"),
        ("fi", "\ufb01le"),
        ("c-1", "C-12"),
    ],
)
def test_a_part_of_a_word_is_found(typed: str, text: str) -> None:
    assert parse_search(typed).among(["Bo", text, ""]) == [False, True, False]


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("%", "Ann"),
        ("a_n", "Ann"),
        ("a%n", "Ann"),
        (".*", "Ann"),
        ("ann bob", "Ann Ivers"),
        ("ni", "Ann Ivers"),
        ("ann", ""),
    ],
)
def test_no_character_has_a_special_meaning(typed: str, text: str) -> None:
    assert parse_search(typed).among([text]) == [False]


def test_texts_are_apart() -> None:
    assert parse_search("c-1 ivers").among(["C-1\nAnn Ivers", "C-1", "Ivers"]) == [
        True,
        False,
        False,
    ]
    assert parse_search("1ann").among(["C-1\nAnn", "1\0ann", "1ann"]) == [False, False, True]
    assert parse_search("ann").among([]) == []


@pytest.mark.parametrize(
    "typed",
    [
        "555-0171",
        "(415) 555-0171",
        "+1 415 555 0171",
        "tel:+14155550171",
        "415.555",
        "\uff10\uff10\uff15\uff15\uff15",
        "0415 555",
        "001 415",
        "171",
    ],
)
def test_digits_of_a_phone_are_found_however_they_are_written(typed: str) -> None:
    assert parse_search(typed).is_in_phone("+14155550171")


@pytest.mark.parametrize("typed", ["71", "1", "+1", "ann", "555x", "556", "C-415", "()"])
def test_few_digits_and_words_are_no_part_of_a_phone(typed: str) -> None:
    assert not parse_search(typed).is_in_phone("+14155550171")
    assert not parse_search(typed).is_in_phone(None)


@pytest.mark.parametrize("typed", ["", " ", "\u0301", "a" * (LONGEST + 1)])
def test_nothing_or_a_long_text_is_refused(typed: str) -> None:
    with pytest.raises(OutOfRange, match="--search is"):
        parse_search(typed)


@pytest.mark.parametrize("text", ["İstanbul", "ǅ", "ﬃ", "\ud800", "a\u0301\u0327", "ß", "K"])
def test_a_folded_text_is_folded_once(text: str) -> None:
    assert folded(folded(text)) == folded(text)
