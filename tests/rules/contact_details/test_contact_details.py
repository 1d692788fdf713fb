"""What would undo the masking is found in any notation, and nothing else is taken for it."""

import time
from collections.abc import Callable
from datetime import date
from string import ascii_lowercase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petmsg.rules.contact_details import (
    ContactDetail,
    PersonalPhone,
    describe,
    find_contact_details,
    find_other_channels,
    phones_to_look_up,
)

OURS = ("+14155550100", "+18005550100", "+442079460958")
FULL_WIDTH = {ord(each): ord(each) + 0xFEE0 for each in f"0123456789+-().@{ascii_lowercase}"}
ARABIC = {ord(each): 0x0660 + int(each) for each in "0123456789"}


def found(text: str, *, ours: tuple[str, ...] = ()) -> list[str]:
    return [text[leak.start : leak.end] for leak in find_contact_details(text, ours=ours)]


# ------------------------------------------------------------------------------------------ phones


@pytest.mark.parametrize(
    "phone",
    [
        "+14155550123", "+1 415 555 0123", "+1-415-555-0123", "+1.415.555.0123",
        "+1 (415) 555-0123", "+1(415)555-0123", "+ 1 415 555 0123", "+1 415 5550123",
        "415-555-0123", "415.555.0123", "415 555 0123", "415/555-0123", "415 5550123",
        "415555-0123", "4155550123", "415 - 555 - 0123", "415) 555-0123", "415 555 01 23",
        "1-415-555-0123", "1 (415) 555-0123", "14155550123", "1.415.555.0123", "1415 555 0123",
        "4 1 5 5 5 5 0 1 2 3", "4-1-5-5-5-5-0-1-2-3", "1 4 1 5 5 5 5 0 1 2 3",
        "555-0123", "555.0123", "555–0123", "555 - 0123",
        "+44 20 7946 0958", "+44 (0)20 7946 0958", "+44(0)2079460958", "+442079460958",
        "+49 30 1234567", "+33 6 12 34 56 78", "+380 44 12-11-10", "+7 (916) 123-45-67",
        "+62-12-11-1012", "+2907123", "0044 20 7946 0958", "00442079460958", "011 44 20 7946 0958",
        "011442079460958", "442079460958", "020 7946 0958", "07700 900123", "06 12 34 56 78",
        "06.12.34.56.78", "0612345678", "030 1234567", "0400 123 456",
        "415\N{ZERO WIDTH SPACE}555\N{ZERO WIDTH SPACE}0123",
        "415\N{NO-BREAK SPACE}555\N{NON-BREAKING HYPHEN}0123",
        "415\n555\n0123", "415·555·0123",
        "4\ufe0f\u20e31\ufe0f\u20e35\ufe0f\u20e3 555-0123",
    ],
)  # fmt: skip
def test_a_phone_is_found(phone: str) -> None:
    (leak,) = find_contact_details(f"Text me: {phone} - thanks!")
    assert leak.kind == "phone"
    assert leak.start == 9
    assert leak.end == 9 + len(phone.rstrip("\ufe0f\u20e3"))


def test_an_opening_bracket_is_not_needed_to_find_one() -> None:
    assert found("(415) 555-0123") == ["415) 555-0123"]


@pytest.mark.parametrize("digits", [FULL_WIDTH, ARABIC], ids=["full width", "arabic"])
@pytest.mark.parametrize("phone", ["+14155550123", "415-555-0123", "555-0123", "+44 20 7946 0958"])
def test_digits_of_other_scripts_are_digits(phone: str, digits: dict[int, int]) -> None:
    written = phone.translate(digits)
    assert found(f"or {written}") == [written]


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-14 415-555-0123", "at 5 415 555 0123", "at 15:00 415-555-0123",
        "$20 415-555-0123", "94103-1234 415-555-0123", "#4821, 415-555-0123", "tel:415-555-0123",
        "T415-555-0123", "415-555-0123, 2 dogs", "+14155550123 2026-02-14",
        "415-555-0123 3pm", "room 302, 415-555-0123", "B-1024 415-555-0123",
        "+5 dogs, 415-555-0123",
    ],
)  # fmt: skip
def test_a_phone_is_found_beside_other_numbers(text: str) -> None:
    (leak,) = find_contact_details(text)
    assert "415" in text[leak.start : leak.end]
    assert "0123" in text[leak.start : leak.end]


@pytest.mark.parametrize("host", ["wa.me/", "api.whatsapp.com/send?phone=", "t.me/+"])
def test_a_link_to_a_chat_holds_a_phone(host: str) -> None:
    assert [leak.kind for leak in find_contact_details(f"https://{host}14155550123")] == ["phone"]


def test_each_of_several_is_found_where_it_stands() -> None:
    text = "415-555-0123 or +44 20 7946 0958, a@b.org"
    assert find_contact_details(text) == (
        ContactDetail("phone", 0, 12),
        ContactDetail("phone", 16, 32),
        ContactDetail("email", 34, 41),
    )


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-14", "14/02/2026", "2/14/26", "14.02.2026", "2026-02-14 - 2026-02-16",
        "2026-02-14T15:00:00Z", "2026-02-14 15:00 2026-02-14 17:00", "20260214",
        "visits 02/14 02/15 02/16 02/17 02/18", "15:00-16:00", "3pm–5:30pm", "3 p.m. - 5.30 pm",
        "9:00-10:00 11:00-12:00 13:00-14:00", "10:00 12 2026", "7:05 2026 14 12",
        "$1,250.00", "$1,250.00-$1,300.00", "$500-1000", "€ 1250.50", "£415", "$250 - 3000",
        "B-1024", "B-1024 and B-1025", "1600 Pennsylvania Ave, 20500-0003", "02134-1234",
        "order 123456", "order 415555 2026", "the door's code is #4821", "4821#",
        "https://petmsg.example/visits/4155550123?id=14155550123", "http://x.org/415-555-0123",
        "chip 985112345678903", "1234567890", "123-4567", "055-0123", "12-555-0123-22",
        "+1", "2+2=4", "24/7", "A+ 2026-02-14 15:00", "+1 2026-02-14", "+12345",
        "1 2 3 4 5 6 7 8 9 10", "1.5 2.25 3.125", "0 1 2 3 4 5 6 7 8 9", "300-400 g", "5550123",
        "12 15 20 25 30 35", "1/2 cup, 3/4 cup", "v1.20.300.4000", "", "Hi!", "1" * 40,
    ],
)  # fmt: skip
def test_another_number_is_no_phone(text: str) -> None:
    assert found(text) == []


# ------------------------------------------------------------------------------- any E.164, any way

Notation = Callable[[str, str], str]
"""From the country code and the national digits to what a person writes."""


def in_pieces(sizes: list[int], separator: str) -> Notation:
    def written(country: str, digits: str) -> str:
        pieces, at = [country], 0
        for size in sizes:
            pieces.append(digits[at : at + size])
            at += size
        return "+" + separator.join(filter(None, [*pieces, digits[at:]]))

    return written


PLAIN: list[Notation] = [
    lambda country, digits: f"+{country}{digits}",
    lambda country, digits: f"+{country} {digits}",
    lambda country, digits: f"+ {country} {digits}",
    lambda country, digits: f"+{country}-{digits}",
    lambda country, digits: f"(+{country}) {digits}",
    lambda country, digits: f"+{country} ({digits[:2]}) {digits[2:]}",
    lambda country, digits: f"+{country} ({digits[:3]}) {digits[3:5]}-{digits[5:]}",
    lambda country, digits: f"+{country} (0){digits}",
    lambda country, digits: f"+{country}.{digits[:3]}.{digits[3:]}",
]
LONG_ENOUGH: list[Notation] = [
    lambda country, digits: f"00{country}{digits}",
    lambda country, digits: f"00{country} {digits[:3]} {digits[3:]}",
    lambda country, digits: f"011 {country} {digits}",
    lambda country, digits: f"011-{country}-{digits[:2]}-{digits[2:]}",
]
NANP: list[Notation] = [
    lambda _, d: d,
    lambda _, d: f"1{d}",
    lambda _, d: f"({d[:3]}) {d[3:6]}-{d[6:]}",
    lambda _, d: f"({d[:3]}){d[3:6]}-{d[6:]}",
    lambda _, d: f"1 ({d[:3]}) {d[3:6]}-{d[6:]}",
    lambda _, d: f"{d[:3]}-{d[3:6]}-{d[6:]}",
    lambda _, d: f"{d[:3]}.{d[3:6]}.{d[6:]}",
    lambda _, d: f"{d[:3]} {d[3:6]} {d[6:]}",
    lambda _, d: f"{d[:3]}/{d[3:6]}-{d[6:]}",
    lambda _, d: f"{d[:3]}–{d[3:6]}–{d[6:]}",
    lambda _, d: f"1-{d[:3]}-{d[3:6]}-{d[6:]}",
    lambda _, d: f"1.{d[:3]}.{d[3:6]}.{d[6:]}",
    lambda _, d: " ".join(d),
    lambda _, d: f"{d[3:6]}-{d[6:]}",
    lambda _, d: f"{d[3:6]}.{d[6:]}",
    *PLAIN,
    *LONG_ENOUGH,
]
WORDS = st.text(ascii_lowercase, min_size=1, max_size=9)
DATES = st.dates(date(1900, 1, 1), date(2099, 12, 31))
HARMLESS = st.one_of(
    WORDS,
    DATES.map(lambda day: day.isoformat()),
    DATES.map(lambda day: f"{day:%d/%m/%Y}"),
    DATES.map(lambda day: f"{day:%m/%d}"),
    st.times().map(lambda at: f"{at:%H:%M}"),
    st.tuples(st.times(), st.times()).map(lambda two: f"{two[0]:%H:%M}-{two[1]:%H:%M}"),
    st.tuples(st.integers(1, 12), st.integers(1, 12)).map(lambda two: f"{two[0]}pm–{two[1]}:30pm"),
    st.integers(0, 10**7).map(lambda cents: f"${cents / 100:,.2f}"),
    st.integers(0, 9999).map(lambda count: f"B-{count}"),
    st.integers(0, 99).map(str),
)
SENTENCES = st.lists(HARMLESS, max_size=12).map(" ".join)
DIGITS = "0123456789"
FOREIGN = st.tuples(
    st.sampled_from(["44", "49", "33", "61", "380", "852", "290", "7"]),
    st.text(DIGITS, min_size=5, max_size=11).map(lambda digits: "2" + digits),
)
NORTH_AMERICAN = st.tuples(
    st.just("1"),
    st.from_regex(r"[2-9][0-9]{2}[2-9][0-9]{6}", fullmatch=True, alphabet=DIGITS),
)
SEPARATORS = st.sampled_from([" ", "-", ".", "–", "\u00a0"])
PIECES = st.builds(in_pieces, st.lists(st.integers(2, 4), max_size=5), SEPARATORS)
SCRIPTS = st.sampled_from([{}, FULL_WIDTH, ARABIC])


def overlaps(text: str, start: int, end: int, ours: tuple[str, ...] = ()) -> bool:
    return any(
        leak.start < end and start < leak.end for leak in find_contact_details(text, ours=ours)
    )


@given(FOREIGN, PIECES | st.sampled_from(PLAIN), SCRIPTS, SENTENCES, SENTENCES)
def test_any_international_phone_is_found_in_any_sentence(
    phone: tuple[str, str],
    notation: Notation,
    script: dict[int, int],
    first: str,
    last: str,
) -> None:
    written = notation(*phone).translate(script)
    text = f"{first} call {written}, {last}"
    start = len(first) + 6
    assert overlaps(text, start, start + len(written)), text


@given(FOREIGN, st.sampled_from(LONG_ENOUGH), SENTENCES)
def test_any_phone_with_a_dialling_prefix_is_found(
    phone: tuple[str, str], notation: Notation, first: str
) -> None:
    country, digits = phone
    written = notation(country, digits.ljust(9, "3"))
    text = f"{first} call {written}"
    assert overlaps(text, len(first) + 6, len(text)), text


@given(NORTH_AMERICAN, st.sampled_from(NANP), SCRIPTS, SENTENCES, SENTENCES)
def test_any_north_american_phone_is_found_in_any_sentence(
    phone: tuple[str, str], notation: Notation, script: dict[int, int], first: str, last: str
) -> None:
    written = notation(*phone).translate(script)
    text = f"{first} call {written}, {last}"
    start = len(first) + 6
    assert overlaps(text, start, start + len(written)), text


@given(NORTH_AMERICAN, st.sampled_from(NANP), SENTENCES, SENTENCES)
def test_a_number_of_ours_is_no_leak_in_any_notation(
    phone: tuple[str, str], notation: Notation, first: str, last: str
) -> None:
    text = f"{first} call {notation(*phone)}, {last}"
    assert find_contact_details(text, ours=["+" + "".join(phone)]) == (), text


@given(FOREIGN, PIECES | st.sampled_from(PLAIN))
def test_a_foreign_number_of_ours_is_no_leak_with_its_country_code(
    phone: tuple[str, str], notation: Notation
) -> None:
    text = f"call {notation(*phone)} now"
    assert find_contact_details(text, ours=["+" + "".join(phone)]) == (), text


@settings(max_examples=500)
@given(SENTENCES)
def test_words_dates_times_and_prices_are_no_leak(sentence: str) -> None:
    assert found(sentence) == []


ANYTHING = st.text(alphabet="0123456789+-.()/ @at:$\u0663é\u200b🐕", max_size=30)
DETAILS = st.sampled_from(
    ("+1 (415) 555-2671", "4155552671", "jane@example.com", "jane at x dot com")
)


@given(st.lists(ANYTHING | DETAILS, max_size=6))
def test_places_are_in_the_text_in_order_and_apart(pieces: list[str]) -> None:
    text = " ".join(pieces)
    end = 0
    for leak in find_contact_details(text):
        assert end <= leak.start < leak.end <= len(text)
        end = leak.end


@pytest.mark.parametrize(
    "text",
    ["020 7946 0958", "442079460958", "0044 20 7946 0958", "011 44 20 7946 0958", "555-0100",
     "800-555-0100", "+1 415 555 0100 2 dogs", "https://wa.me/14155550100"],
)  # fmt: skip
def test_a_number_of_ours_is_no_leak(text: str) -> None:
    assert found(text) != []
    assert found(text, ours=OURS) == []


def test_a_phone_behind_a_number_of_ours_is_a_leak() -> None:
    assert found("+14155550100 4155550123", ours=OURS) == ["4155550123"]
    assert found("+14155550100, +14155550123", ours=OURS) == ["+14155550123"]


# ------------------------------------------------------------------------------------------ e-mails


@pytest.mark.parametrize(
    "address",
    [
        "maya@example.com", "maya.lee+pets@mail.example.co.uk", "MAYA@EXAMPLE.COM",
        "maya (at) example dot com", "maya(at)example(dot)com", "maya [at] example.com",
        "maya [at] example [dot] com", "maya {at} example.com", "maya at gmail.com",
        "maya at example dot com", "maya @ gmail.com", "maya AT gmail DOT com", "maya [@] host.com",
        "maya@example.com".translate(FULL_WIDTH),
        "maya@exa\N{ZERO WIDTH SPACE}mple.com", "maya@münchen.de",
        "4155550123@txt.example.net",
    ],
)  # fmt: skip
def test_an_address_is_found(address: str) -> None:
    text = f"write to {address}, please"
    assert find_contact_details(text) == (ContactDetail("email", 9, 9 + len(address)),)


@pytest.mark.parametrize(
    "text",
    [
        "look at example.com", "Meet @ noon.Then home", "@maya", "a @ b", "at 5.30", "3@5", "x@y",
        "be there at noon", "Dinner (at) six", "at the dot com", "me@", "@example.com",
        "maya@home", "5 treats @ 1.50",
    ],
)  # fmt: skip
def test_other_words_are_no_address(text: str) -> None:
    assert found(text) == []


# ----------------------------------------------------------------------------- words, and how long


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("me: 415-555-0123", "a phone number at character 5"),
        ("a@b.org", "an email address at character 1"),
        (
            "a@b.org or 415-555-0123",
            "an email address at character 1 and a phone number at character 12",
        ),
        (
            "a@b.org, c@d.org, 555-0123",
            (
                "an email address at character 1, an email address at character 10 and "
                "a phone number at character 19"
            ),
        ),
        ("Hello", "no phone number and no email address"),
    ],
)
def test_contact_details_are_reported_by_position_and_never_by_content(
    text: str, said: str
) -> None:
    assert describe(find_contact_details(text)) == said


KNOWN = PersonalPhone(near=["+14155550141"], others=["+442079460999"])


def seconds(text: str) -> float:
    """The least processor time of several looks at it."""
    least = float("inf")
    for _ in range(3):
        start = time.process_time()
        find_contact_details(text, ours=OURS, personal=KNOWN)
        find_other_channels(text)
        phones_to_look_up(text[:6_400], ours=OURS)
        least = min(least, time.process_time() - start)
    return least


@pytest.mark.parametrize(
    "piece",
    [
        "1", "1-", "1 ", "- ", "(", "0 ", "+", "+1", "+1 ", "(0)", "00", "011 ", "415-", "555-012",
        "@", "a@", "a@a.", "at ", " at a", "(at)", " dot a", "a dot ", "a.a", "a-", "$1,111,", "$1",
        "1:1", "12/", "2026-", "1pm", "https://", "wa.me/", "\u200b1", "\u0661-", "a@b.cc ",
        "555-0123 ", "one ", "4l", "%2B1", "@a.", "my ig is ", "call me ", "x.rover.com/", "book/",
        "https://a/book-", "$aaa",
    ],
)  # fmt: skip
def test_the_time_grows_with_the_length_and_no_faster(piece: str) -> None:
    """Eight times the text takes about eight times as long; a catastrophe would take 64."""
    short, long = (piece * (size // len(piece)) for size in (1_600, 12_800))
    assert seconds(long) < 32 * max(seconds(short), 0.0005)
