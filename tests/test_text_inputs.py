"""Parsing the short texts that people type."""

from collections.abc import Callable

import pytest

from petmsg.errors import EmptyReason, MalformedRef, MalformedText
from petmsg.text_inputs import as_code, parse_body, parse_name, parse_reason, parse_ref

INVISIBLE = ["\x1b[31m", "\x00", "\x7f", "\x9b2J", "\u202e", "\u200b", "\ufeff", "\ud800"]


@pytest.mark.parametrize("text", ["C-1", "a b", "id:7/2026", "Ü-1", "x" * 64])
def test_a_ref_is_kept_as_it_is(text: str) -> None:
    assert parse_ref(f" {text} ") == text


@pytest.mark.parametrize("text", ["", "  ", "x" * 65, "a\nb", "+14155551001", "+1", *INVISIBLE])
def test_an_invalid_ref_is_refused(text: str) -> None:
    with pytest.raises(MalformedRef):
        parse_ref(f"C{text}" if text in INVISIBLE else text)


def test_a_name_is_composed_and_has_single_spaces() -> None:
    assert parse_name("  Ame\u0301lie \t  de\nla Tour ") == "Amélie de la Tour"


@pytest.mark.parametrize("text", ["O'Hara", "陳大文", "Ann [/b]", "[red]Ann[/red]", "x" * 120, "A"])
def test_a_name_may_be_any_printable_text(text: str) -> None:
    assert parse_name(text) == text


@pytest.mark.parametrize("parse", [parse_name, parse_reason])
@pytest.mark.parametrize("text", INVISIBLE)
def test_no_name_or_reason_contains_terminal_control_characters(
    parse: Callable[[str], str], text: str
) -> None:
    with pytest.raises(MalformedText):
        parse(f"Ann{text}Ivers")


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_an_empty_name_or_reason_is_refused(text: str) -> None:
    with pytest.raises(MalformedText):
        parse_name(text)
    with pytest.raises(EmptyReason):
        parse_reason(text)


def test_a_reason_is_one_line_of_at_most_500_characters() -> None:
    assert parse_reason(" carrier\n cleared  it ") == "carrier cleared it"
    assert parse_reason("x" * 500) == "x" * 500
    with pytest.raises(MalformedText):
        parse_reason("x" * 501)


def test_a_body_keeps_its_lines_and_loses_only_its_final_line_end() -> None:
    assert parse_body("Hi\r\n  Rex is well\n\n") == "Hi\n  Rex is well"


@pytest.mark.parametrize("text", ["", " \n", "x" * 1601, "a\x1bb", "a\x00b", "a\ud800b"])
def test_an_invalid_body_is_refused(text: str) -> None:
    with pytest.raises(MalformedText):
        parse_body(text)


def test_a_body_may_hold_emoji_of_several_code_points() -> None:
    assert parse_body("👩‍👩‍👧") == "👩‍👩‍👧"


@pytest.mark.parametrize(
    ("written", "code"),
    [("Front Desk", "front_desk"), (" one-time. ", "one_time"), ("POOL", "pool"), ("!", "")],
)
def test_a_word_of_a_vocabulary_is_looked_up_without_case_and_marks(
    written: str, code: str
) -> None:
    assert as_code(written) == code
