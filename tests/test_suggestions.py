"""Suggestions for a mistyped word."""

import pytest

from petmsg.suggestions import (
    closest_names,
    closest_numbers,
    closest_refs,
    closest_words,
    did_you_mean,
)

NAMES = ("Ann Ivers", "Anna Öztürk", "Bo O'Neil", "Carmen Okafor", "Carmen Park", "Maya Lee")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Ann Iver", ["Ann Ivers"]),
        ("ann ivers", ["Ann Ivers"]),
        ("Anm Ivers", ["Ann Ivers"]),
        ("Ivers", ["Ann Ivers"]),
        ("Iverz", ["Ann Ivers"]),
        ("Carmen", ["Carmen Okafor", "Carmen Park"]),
        ("Carmen Okafr", ["Carmen Okafor"]),
        ("anna ozturk", ["Anna Öztürk"]),
        ("oneil", ["Bo O'Neil"]),
        ("Lee Maya", ["Maya Lee"]),
        ("Zebulon", []),
        ("a", []),
        ("", []),
    ],
)
def test_a_name_is_found_by_a_part_or_with_a_typo(typed: str, meant: list[str]) -> None:
    assert closest_names(typed, NAMES) == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("hp-c-1", ["HP-C-001"]),
        ("HPC001", ["HP-C-001"]),
        ("HP-C-0O1", []),
        ("HP-C-21", ["HP-C-012"]),
        ("PH-C-012", ["HP-C-012"]),
        ("HP-C-3", []),
        ("X-1", []),
        ("", []),
    ],
)
def test_a_ref_is_found_in_another_spelling_but_never_with_other_digits(
    typed: str, meant: list[str]
) -> None:
    assert closest_refs(typed, ["HP-C-001", "HP-C-012", "HP-C-100"]) == meant


def test_a_ref_of_letters_alone_is_found_with_a_typo() -> None:
    assert closest_refs("hughs-family", ["hughes-family", "moreno"]) == ["hughes-family"]


@pytest.mark.parametrize(
    "typed", ["+14155550112", "+1415555012", "+141555501022", "+14155550120", "+14515550102"]
)
def test_a_number_is_found_with_one_typo(typed: str) -> None:
    assert closest_numbers(typed, ["+14155550102", "+16465550199"]) == ["+14155550102"]


def test_too_many_similar_numbers_are_not_suggested() -> None:
    row = [f"+1415555010{digit}" for digit in range(9)]
    assert closest_numbers("+14155550109", row) == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("lsit", ["list"]),
        ("quarantin", ["quarantine"]),
        ("Quarantine", ["quarantine"]),
        ("front-desk", ["front_desk"]),
        ("rest", ["restore"]),
        ("xyzzy", []),
        ("x" * 10_000, []),
    ],
)
def test_a_word_of_a_closed_set_is_found(typed: str, meant: list[str]) -> None:
    assert closest_words(typed, ["list", "quarantine", "restore", "front_desk", "show"]) == meant


def test_at_most_three_are_suggested() -> None:
    assert len(closest_names("Carmen", [f"Carmen {letter}" for letter in "ABCDEFGH"])) == 3


def test_the_question_lists_all_suggestions() -> None:
    assert did_you_mean([]) == ""
    assert did_you_mean(["a"]) == "Did you mean a?"
    assert did_you_mean(["a", "b", "c"]) == "Did you mean a, b or c?"
