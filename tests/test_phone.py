"""Phone numbers: which texts are E.164, which only look like it, and how they are masked."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petmsg.errors import USAGE, MalformedPhone
from petmsg.phone import is_phone, mask_phone, may_be_phone, parse_phone, phone_to_look_up

E164 = st.from_regex(r"\+1[2-9][0-9]{9}|\+(44|49|33|61|380|852|39)[1-9][0-9]{5,9}", fullmatch=True)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("+14155550102", "+14155550102"),
        ("+1 (415) 555-0102", "+14155550102"),
        ("+1.415.555.0102", "+14155550102"),
        ("+1\u00a0415\u00a0555\u00a00102", "+14155550102"),
        (" \t+44 20 7946 0958 ", "+442079460958"),
        ("(+1) 415 5550102", "+14155550102"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("+44(0)2079460958", "+442079460958"),
        ("+49 (0) 30 1234567", "+49301234567"),
        ("+39 (0)6 5550 1234", "+390655501234"),
        ("+39 06 5550 1234", "+390655501234"),
        ("+225 07 55 50 12 34", "+2250755501234"),
        ("+6834000", "+6834000"),
        ("+499876543210123", "+499876543210123"),
        ("+1415/555/0102", "+14155550102"),
        ("+1\uff14155550102", "+14155550102"),
        ("\uff0b14155550102", "+14155550102"),
        ("+1415\u20115550102", "+14155550102"),
        ("tel:+14155550102", "+14155550102"),
        ("+14155550102x5", "+14155550102"),
    ],
)
def test_a_phone_is_parsed_as_people_write_it(written: str, meant: str) -> None:
    assert parse_phone(written) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "+1",
        "++14155550102",
        "14155550102",
        "0014155550102",
        "+0415555010",
        "+12",
        "+141555501",
        "+1415555010",
        "+141555501022",
        "+123456789012345",
        "+1 (0)415 555 010",
        "+10155550102",
        "+11155550102",
        "+9991234567",
        "+999 415 555 0102",
        "+2101234567",
        "+44 020 7946 0958",
        "+4402079460958",
        "+44 (0)(0)20 7946 0958",
        "+49 0 30 1234567",
        "+44123",
        "+1234567890123456",
        "+1415555O102",
        "+14155550102,+14155550103",
        "Maya Lee",
    ],
)
def test_text_that_is_not_e164_is_a_usage_error(text: str) -> None:
    with pytest.raises(MalformedPhone) as refusal:
        parse_phone(text)
    assert refusal.value.exit_code == USAGE
    assert refusal.value.code == "malformed_phone"
    assert refusal.value.hint


@pytest.mark.parametrize("text", ["+14155550102\n", "\n+14155550102", "+1415\n5550102", "+1\r2345"])
def test_a_line_break_is_never_part_of_a_phone(text: str) -> None:
    with pytest.raises(MalformedPhone):
        parse_phone(text)


@pytest.mark.parametrize(
    "text",
    [
        "+١٤١٥٥٥٥٠١٠٢",
        "+1415555010٢",
        "+१४१५५५५०१०२",
        "+141555501\u00b2",
        "+1415\u200b5550102",
        "+1\x004155550102",
    ],
)
def test_digits_of_other_scripts_and_hidden_characters_are_refused(text: str) -> None:
    with pytest.raises(MalformedPhone):
        parse_phone(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("+1415555010", "a +1 number needs 10 digits after the +1, and this one has 9"),
        ("+141555501022", "a +1 number needs 10 digits after the +1, and this one has 11"),
        ("+9991234567", "no country has this country code"),
        ("+44 020 7946 0958", "leave out the 0 after +44: it is dialled within the country only"),
    ],
)
def test_a_number_that_cannot_exist_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(MalformedPhone) as refusal:
        parse_phone(text)
    assert refusal.value.message == f"Invalid phone number '{text}': {why}."


def test_a_very_long_text_is_refused_without_repeating_it() -> None:
    with pytest.raises(MalformedPhone) as refusal:
        parse_phone("+1 415 555 0102" + " " * 10_000)
    assert len(refusal.value.message) < 120


def test_a_refusal_shows_control_characters_escaped() -> None:
    with pytest.raises(MalformedPhone) as refusal:
        parse_phone("+1\x1b[31m")
    assert "\x1b" not in refusal.value.message


@given(E164)
def test_e164_is_parsed_to_itself(phone: str) -> None:
    assert parse_phone(phone) == phone
    assert is_phone(phone)


@given(st.text(max_size=50))
def test_any_text_is_either_e164_or_refused(text: str) -> None:
    try:
        phone = parse_phone(text)
    except MalformedPhone:
        return
    assert phone[0] == "+"
    assert phone[1] in "123456789"
    assert phone[1:].isascii()
    assert phone[1:].isdigit()
    assert 3 <= len(phone) <= 16
    assert parse_phone(phone) == phone


@pytest.mark.parametrize("text", ["", "+", "C-1", "4155550102", "+x", "+٤١", "Maya +1"])
def test_a_ref_or_a_name_is_not_meant_as_a_phone(text: str) -> None:
    assert not is_phone(text)


@pytest.mark.parametrize("text", ["+1 415", "+14155550102", "+0"])
def test_a_plus_and_a_digit_are_meant_as_a_phone(text: str) -> None:
    assert is_phone(text)


def test_a_masked_phone_shows_its_first_digit_and_its_last_two() -> None:
    assert mask_phone("+14155550102") == "+1********02"


@given(E164)
def test_masking_never_shows_more_than_the_first_digit_and_the_last_two(phone: str) -> None:
    masked = mask_phone(phone)
    assert len(masked) == len(phone)
    assert masked[0] == "+"
    assert set(masked[2:-2]) <= {"*"}
    assert sum(c.isdigit() for c in masked) <= 3
    assert sum(c.isdigit() for c in masked) < len(phone) - 1


@given(st.text(max_size=8))
def test_masking_invalid_text_neither_fails_nor_reveals_it(text: str) -> None:
    masked = mask_phone(text)
    assert "*" in masked or len(text) < 2
    if len(text) < 5:
        assert set(masked) <= {"+", "*"}


@pytest.mark.parametrize(
    "text", ["(415) 555-0171", "4155550171", "tel:+1-415-555-0171", "+1 415", "555-0171"]
)
def test_digits_and_punctuation_may_be_a_phone(text: str) -> None:
    assert may_be_phone(text)


@pytest.mark.parametrize("text", ["", "C-1", "28849", "Maya Lee", "Unit 4155550171 B", "9" * 81])
def test_a_short_code_or_a_name_is_no_phone(text: str) -> None:
    assert not may_be_phone(text)


def test_a_number_that_cannot_exist_is_looked_up_all_the_same() -> None:
    assert phone_to_look_up("+1 (415) 555-01") == "+141555501"
    assert phone_to_look_up("+141555501") == "+141555501"
    assert phone_to_look_up("(415) 555-0171", "US") == "+14155550171"


def test_the_library_of_numbers_is_loaded_only_for_a_phone_that_is_not_plain_e164() -> None:
    code = (
        "import sys\n"
        "from petmsg.phone import parse_phone, phone_to_look_up, read_phone, split_phones\n"
        "read_phone('+14155550171', 'US'), phone_to_look_up('+14155550171', 'US')\n"
        "split_phones('+14155550171')\n"
        "print('phonenumbers' in sys.modules, 'petmsg.phone_formats' in sys.modules)\n"
        "parse_phone('(415) 555-0171', 'US')\n"
        "print('phonenumbers' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False", "True"]
