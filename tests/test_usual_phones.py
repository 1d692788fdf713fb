"""The quick reader of usual phones: whatever it reads, `phonenumbers` reads to the same number."""

from datetime import timedelta
from time import perf_counter

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petmsg.phone import parse_phone
from petmsg.usual_phones import read_usual

COUNTRIES = sorted(phonenumbers.SUPPORTED_REGIONS)
KINDS = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)


def by_the_library(text: str, country: str) -> tuple[str, bool]:
    number = phonenumbers.parse(text, country)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return e164, phonenumbers.is_valid_number(number)


@st.composite
def written(draw: st.DrawFn) -> tuple[str, str]:
    """A number of a country with some digits changed, in a form of that country."""
    country = draw(st.sampled_from(COUNTRIES))
    number = phonenumbers.example_number_for_type(country, draw(st.sampled_from(KINDS)))
    if number is None:
        return country, draw(st.text(alphabet="0123456789", max_size=12))
    form = draw(
        st.sampled_from(
            (phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        )
    )
    text = list(phonenumbers.format_number(number, form))
    if draw(st.booleans()):
        text = [each for each in text if each in "+0123456789"]
    for place in draw(st.lists(st.integers(0, len(text) - 1), max_size=4)):
        if text[place].isdigit():
            text[place] = draw(st.sampled_from("0123456789"))
    return country, draw(st.sampled_from(("", "", "", "0", "1", "00", "011", "8"))) + "".join(text)


@settings(max_examples=150, deadline=timedelta(seconds=5))
@given(written())
def test_a_usual_phone_is_what_the_library_reads(example: tuple[str, str]) -> None:
    country, text = example
    quick = read_usual(text, country)
    if quick is not None:
        assert (quick, True) == by_the_library(text, country)
        assert parse_phone(quick) == quick


@pytest.mark.parametrize(
    ("text", "country", "meant"),
    [
        ("(415) 555-0171", "US", "+14155550171"),
        ("1-415-555-0171", "US", "+14155550171"),
        ("+1 604 555 0171", "CA", "+16045550171"),
        ("020 8366 1177", "GB", "+442083661177"),
        ("0171 1234567", "DE", "+491711234567"),
        ("0412 345 678", "AU", "+61412345678"),
    ],
)
def test_the_usual_phones_of_the_usual_countries_are_read(
    text: str, country: str, meant: str
) -> None:
    assert read_usual(text, country) == meant


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("", "US"),
        ("(415) 555-0171", None),
        ("(999) 555-0171", "US"),
        ("4155550171.0", "US"),
        ("1711234567.0", "DE"),
        ("+44 20 7946 0958", "US"),
        ("011 44 20 7946 0958", "US"),
        ("+44 (0)20 8366 1177", "GB"),
        ("442083661177", "GB"),
        ("415 555 0171 x2", "US"),
        ("\uff14155550171", "US"),
        ("(415) 555-0171", "XX"),
    ],
)
def test_all_other_text_is_left_to_the_rules(text: str, country: str | None) -> None:
    assert read_usual(text, country) is None


def test_the_usual_phones_of_a_file_cost_little_more_than_plain_ones() -> None:
    """The shape of it: at most twenty times, where the library alone takes about a hundred."""

    def seconds(form: str) -> float:
        texts = [form.format(f"{200 + i % 700}", f"{i:04}") for i in range(3000)]
        begun = perf_counter()
        for text in texts:
            parse_phone(text, "US")
        return perf_counter() - begun

    seconds("(415) {}-{}")
    assert min(seconds("(415) {}-{}") for _ in range(5)) < 20 * min(
        seconds("+1415{}{}") for _ in range(5)
    )
