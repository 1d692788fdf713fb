"""Phones as people write them: every form of a number is one E.164, other text is no phone."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from petmsg.errors import USAGE, MalformedPhone
from petmsg.phone import Phone, parse_phone, read_phone, split_phones
from petmsg.phone_formats import is_formatted

THE_NUMBER = "+14155550171"

NATIONAL = st.tuples(
    st.from_regex(r"[2-9][0-9]{2}", fullmatch=True),
    st.from_regex(r"[2-9][0-9]{2}", fullmatch=True),
    st.from_regex(r"[0-9]{4}", fullmatch=True),
)
"""Area code, exchange and line of a number in North America."""

FORMS = [
    "({}) {}-{}",
    "({}){}{}",
    "{}.{}.{}",
    "{}-{}-{}",
    "{} {} {}",
    "{}{}{}",
    "1-{}-{}-{}",
    "1 ({}) {}-{}",
    "1{}{}{}",
    "+1 {} {} {}",
    "+1 ({}) {}-{}",
    "(+1) {} {}{}",
    "+1-{}-{}-{}",
    "tel:+1-{}-{}-{}",
    "TEL:{}-{}-{}",
    "'{}{}{}",
    "{}{}{}.0",
    "\u202a+1 {} {} {}\u202c",
    "{}\u2011{}\u2013{}",
    "{}\u00a0{}\u202f{}",
    "Mobile: {} {} {}",
    "{}-{}-{} (cell)",
    "{}/{}/{}",
    "[{}] {}-{}",
    "011 1 {} {} {}",
    "  {}-{}-{}\t",
]
"""How people and their programs write it. None of them comes from the reader's own patterns."""

EXTENSIONS = [
    " ext. {}",
    " ext {}",
    "x{}",
    " x {}",
    " Extension {}",
    " #{}",
    ";ext={}",
    ", ext. {}",
]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_number_is_the_same_e164(form: str) -> None:
    assert read_phone(form.format("415", "555", "0171"), "US") == Phone(THE_NUMBER)


@given(parts=NATIONAL, form=st.sampled_from(FORMS), country=st.sampled_from(("US", "CA")))
def test_any_number_is_the_same_in_every_form(
    parts: tuple[str, str, str], form: str, country: str
) -> None:
    assert parse_phone(form.format(*parts), country) == "+1" + "".join(parts)


@given(parts=NATIONAL, form=st.sampled_from(FORMS))
def test_full_width_digits_are_the_same_digits(parts: tuple[str, str, str], form: str) -> None:
    wide = form.format(*parts).translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789+-()"})
    assert parse_phone(wide, "US") == "+1" + "".join(parts)


@pytest.mark.parametrize("form", EXTENSIONS)
@pytest.mark.parametrize("number", ["+1 415 555 0171", "(415) 555-0171", "tel:+1-415-555-0171"])
def test_an_extension_is_told_apart_from_its_number(number: str, form: str) -> None:
    assert read_phone(number + form.format("22"), "US") == Phone(THE_NUMBER, "22")


@pytest.mark.parametrize(
    ("written", "country", "meant"),
    [
        ("020 7946 0958", "GB", "+442079460958"),
        ("(020) 7946-0958", "GB", "+442079460958"),
        ("0044 20 7946 0958", "GB", "+442079460958"),
        ("07700 900123", "GB", "+447700900123"),
        ("030/1234567", "DE", "+49301234567"),
        ("0171 1234567", "DE", "+491711234567"),
        ("06 12 34 56 78", "FR", "+33612345678"),
        ("06 5550 1234", "IT", "+390655501234"),
        ("044 668 18 00", "CH", "+41446681800"),
        ("0412 345 678", "AU", "+61412345678"),
        ("(11) 91234-5678", "BR", "+5511912345678"),
        ("011 44 20 7946 0958", "US", "+442079460958"),
        ("+44 20 7946 0958", "US", "+442079460958"),
        ("442079460958", "GB", "+442079460958"),
    ],
)
def test_a_number_is_read_as_it_is_dialled_in_the_country(
    written: str, country: str, meant: str
) -> None:
    assert parse_phone(written, country) == meant


@pytest.mark.parametrize(
    ("text", "country", "why"),
    [
        ("(415) 555-017", "US", "too short for US"),
        ("28849", "US", "too short for US"),
        ("911", "US", "too short for US"),
        ("(415) 555-01711", "US", "too long for US"),
        ("415-555-0171/0172", "US", "too long for US"),
        ("555-0171", "US", "the area code is missing"),
        ("(100) 555-0123", "US", "an area code of +1 does not begin with 0 or 1"),
        ("(015) 555-0123", "US", "an area code of +1 does not begin with 0 or 1"),
        ("07700 9001", "GB", "too short for GB"),
        ("808006254067890", "DE", "too long for DE"),
        ("01 23 45 67", "FR", "too short for FR"),
        ("07700 900123 45", "GB", "too long for GB"),
        ("+33 6 12 34 56", "US", "too short for +33"),
        ("+33 6 12 34 56 78 99", "US", "too long for +33"),
        ("+1 415 555 010", "US", "a +1 number needs 10 digits after the +1, and this one has 9"),
        ("+999 123 4567", "US", "no country has this country code"),
        ("4.15555E+09", "US", "a spreadsheet rounded it"),
        ("4,15555E+09", "DE", "a spreadsheet rounded it"),
        ("+14155550102,+14155550103", "US", "it contains more than one phone number"),
        ("1-800-FLOWERS", "US", "it is not a phone number"),
        ("Maya Lee", "US", "it is not a phone number"),
        ("=4155550171", "US", "it is not a phone number"),
        ("415-555-0171 415-555-0172", "US", "too long for US"),
        ("(415) 555-0171", None, "it has no country code"),
        ("4155550171" * 9, "US", "it is too long"),
    ],
)
def test_a_text_that_is_no_number_is_refused_with_the_reason(
    text: str, country: str | None, why: str
) -> None:
    with pytest.raises(MalformedPhone) as refusal:
        parse_phone(text, country)
    assert refusal.value.message.endswith(f": {why}.")
    assert refusal.value.hint
    assert refusal.value.exit_code == USAGE


def test_without_a_country_the_hint_names_the_setting() -> None:
    with pytest.raises(MalformedPhone) as refusal:
        parse_phone("(415) 555-0171")
    assert refusal.value.hint == (
        "Write a plus and the country code, for example +14155550123, or set the country of the "
        "company: petmsg org set --country US"
    )


@pytest.mark.parametrize("country", ["US", None])
def test_a_number_that_begins_with_00_is_shown_with_a_plus(country: str | None) -> None:
    with pytest.raises(MalformedPhone) as refusal:
        parse_phone("0044 20 7946 0958", country)
    assert refusal.value.hint == "Write a plus instead of the 00: '+442079460958'"


def test_a_hint_shows_a_number_of_the_country() -> None:
    with pytest.raises(MalformedPhone) as refusal:
        parse_phone("0207", "GB")
    assert "for example 07400 123456" in refusal.value.hint


@pytest.mark.parametrize("text", ["(999) 555-0123", "+1 999 555 0123", "415-055-0171"])
def test_a_possible_number_that_nobody_has_is_read_and_told(text: str) -> None:
    assert read_phone(text, "US").is_unassigned


@given(st.text(max_size=90), st.sampled_from(("US", "GB", "IT", "BR", None)))
def test_any_text_is_a_number_that_reads_as_itself_or_is_refused(
    text: str, country: str | None
) -> None:
    try:
        phone = read_phone(text, country)
    except MalformedPhone:
        return
    assert parse_phone(phone.e164) == phone.e164
    assert parse_phone(phone.e164, country) == phone.e164


@given(
    st.text(alphabet="0123456789+-. ()[]/x#,;:='e\u202a\uff11telcxh", max_size=40),
    st.sampled_from(tuple(sorted(phonenumbers.SUPPORTED_REGIONS))),
)
def test_what_looks_like_a_number_is_read_or_refused_in_every_country(
    text: str, country: str
) -> None:
    try:
        phone = read_phone(text, country)
    except MalformedPhone:
        return
    assert parse_phone(phone.e164, country) == phone.e164


@pytest.mark.parametrize("country", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_the_example_of_every_country_is_read_in_its_own_form(country: str) -> None:
    for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE):
        number = phonenumbers.example_number_for_type(country, kind)
        if number is not None:
            form = phonenumbers.PhoneNumberFormat
            e164 = phonenumbers.format_number(number, form.E164)
            for each in (form.NATIONAL, form.INTERNATIONAL, form.RFC3966):
                written = phonenumbers.format_number(number, each)
                assert read_phone(written, country) == Phone(e164), written


@pytest.mark.parametrize(
    ("cell", "phones"),
    [
        ("", []),
        (" \n", []),
        ("+14155550171", ["+14155550171"]),
        ("(415) 555-0171", ["(415) 555-0171"]),
        ("415-555-0171 / 415-555-0172", ["415-555-0171", "415-555-0172"]),
        ("415-555-0171;415-555-0172", ["415-555-0171", "415-555-0172"]),
        ("415-555-0171, 415-555-0172", ["415-555-0171", "415-555-0172"]),
        ("415-555-0171\r\n415-555-0172\n", ["415-555-0171", "415-555-0172"]),
        ("415-555-0171 | 415-555-0172", ["415-555-0171", "415-555-0172"]),
        ("415-555-0171 or 415-555-0172", ["415-555-0171", "415-555-0172"]),
        ("415-555-0171 AND 415-555-0172", ["415-555-0171", "415-555-0172"]),
        ("415-555-0171 & 415-555-0172", ["415-555-0171", "415-555-0172"]),
        ("+1 415 555 0171 +1 415 555 0172", ["+1 415 555 0171", "+1 415 555 0172"]),
        ("415-555-0171, ext. 2; 415-555-0172", ["415-555-0171, ext. 2", "415-555-0172"]),
        ("415-555-0171;ext=2", ["415-555-0171;ext=2"]),
        ("415-555-0171 x2 / 415-555-0172", ["415-555-0171 x2", "415-555-0172"]),
        ("030/1234567", ["030/1234567"]),
        ("030/1234567, 0171/1234567", ["030/1234567", "0171/1234567"]),
        ("415-555-0171/0172", ["415-555-0171/0172"]),
        ("415-555-0171 or the office", ["415-555-0171", "the office"]),
        ("415-555-0171,", ["415-555-0171"]),
        ("415-555-0171; ;", ["415-555-0171"]),
        ("C: 415-555-0171 H: 415-555-0172", ["C: 415-555-0171", "H: 415-555-0172"]),
        ("415-555-0171 x2 H: 415-555-0172", ["415-555-0171 x2", "H: 415-555-0172"]),
    ],
)
def test_the_phones_of_a_cell_are_split_and_no_phone_is_cut(cell: str, phones: list[str]) -> None:
    assert split_phones(cell) == phones


@pytest.mark.parametrize(
    ("cell", "phones"),
    [
        ("Home: 415-555-0172 / Cell: 415-555-0171", ["Cell: 415-555-0171", "Home: 415-555-0172"]),
        ("415-555-0172 (h); 415-555-0171", ["415-555-0171", "415-555-0172 (h)"]),
        ("Work 415-555-0172\n(m) 415-555-0171", ["(m) 415-555-0171", "Work 415-555-0172"]),
        ("415-555-0171\nWork Fax: 415-555-0179", ["415-555-0171"]),
        ("415-555-0179 fax, 415-555-0171", ["415-555-0171"]),
        ("Fax: 415-555-0179", ["Fax: 415-555-0179"]),
    ],
)
def test_a_labelled_landline_is_the_last_phone_and_a_fax_is_none(
    cell: str, phones: list[str]
) -> None:
    assert split_phones(cell) == phones


@pytest.mark.parametrize(
    "text",
    [
        "C: 415-555-0171", "c 415-555-0171", "(c) 415-555-0171", "c. 415-555-0171",
        "415-555-0171 (m)", "415-555-0171 w", "415-555-0171 (Text only)", "Landline 415-555-0171",
        "Home phone: 415-555-0171", "415\u2022555\u20220171", "415\u00b7555\u00b70171",
    ],
)  # fmt: skip
def test_labels_and_dots_do_not_belong_to_a_phone(text: str) -> None:
    assert parse_phone(text, "US") == "+14155550171"


@pytest.mark.parametrize("text", ["C-4155550171", "c4155550171", "4155550171c", "H-1234567"])
def test_a_letter_without_a_space_or_a_colon_makes_a_ref(text: str) -> None:
    assert not is_formatted(text)


@given(st.text(max_size=60).filter(lambda cell: "fax" not in cell.casefold()))
def test_splitting_loses_no_digit(cell: str) -> None:
    found = "".join(split_phones(cell))
    assert sorted(c for c in found if c.isdigit()) == sorted(c for c in cell if c.isdigit())


def test_the_time_for_a_cell_of_many_pieces_grows_with_it_alone() -> None:
    """Its pieces are too short for phones of their own, so all of them belong to one. In time that
    grows with the square of the cell this would take minutes."""
    for mark in (",", "/", ";"):
        cell = f"1{mark}" * 50_000
        assert "".join(split_phones(cell)).count("1") == 50_000
