"""How many ways to undo the masking are found, and how many harmless messages are taken for one.

The lists are petmsg's own: what sitters and clients write, and what evades a search for shapes. A
change that finds more must not raise the false alarms: both figures are held here.
"""

from collections.abc import Callable, Sequence

import pytest

from petmsg.rules.contact_details import PersonalPhone, find_contact_details, find_other_channels

OURS = ("+14155550100", "+18005550100")
PHONE = "+14155550141"
"""A phone that nobody knows: only its shape can be found."""

HOLDING = (
    # In links.
    "https://signal.me/#p/+14155550141", "https://web.whatsapp.com/send?phone=14155550141",
    "https://www.wa.me/14155550141", "https://wa.me/14155550141", "https://415-555-0141",
    "https://4155550141.example", "https://example.com/?tel=4155550141",
    "https://api.whatsapp.com/send?phone=%2B1%20415%20555%200141", "sms:+14155550141",
    "https://t.me/+14155550141", "https://example.com/call/+14155550141",
    "my site is http://415.555.0141/", "signal.me/#p/+14155550141", "tel:4155550141",
    "https://chat.whatsapp.com/14155550141",
    # Unusual separators and groups.
    "555 0141", "Text me at 5550141", "my number is 5550141", "call 555 2141 please",
    "415_555_0141", "415, 555, 0141", "41 55 55 01 41", "call me: 415, 555, 2141",
    "cell 41 55 55 21 41", "1, 415, 555, 0141", "415;555;0141", "415:555:0141", "415*555*0141",
    "415|555|0141", "415~555~0141", "(415) 555_0141", "415\\555\\0141", "1 41 55 55 01 41",
    "reach me on 555_2141", "4-1-5-5-5-5-0-1-4-1", "+1,415,555,0141 or 415-555-0141",
    "mobile: 5552141", "His number, 5552141", "whatsapp 5552141", "Ring 555 2141 when you land",
    # The usual ones.
    "+14155550141", "+1 (415) 555-0141", "415-555-0141", "(415)555-0141", "415.555.0141",
    "415 555 0141", "4155550141", "1-415-555-0141", "555-0141", "555.0141", "00 44 20 7946 0958",
    "+44 (0)20 7946 0958", "020 7946 0958", "+49 30 1234567", "06 12 34 56 78",
    "Call when you are there, 415-555-0141, any time before 5pm on 2026-02-14",
)  # fmt: skip

HARMLESS = (
    "2026-02-14", "02/14/2026 9:00 AM - 5:00 PM", "Visits on 02/14, 02/15 and 02/16",
    "Arrived 14:02, left 15:31", "from 9:00-10:00, 11:00-12:00 and 13:00-14:00",
    "$1,250.00 for 3 nights", "$500-1000", "Rex ate 250 g, 300 g and 1200 g",
    "300, 350, 1200", "220, 340, 1200 calories", "20 25 30 35 40", "52, 51, 53, 52, 54 kg",
    "72 75 71 68 70 degrees", "order 5550123", "order number 5550123", "invoice: 1234567",
    "The tag number is 5550123", "Gate code 555 0141", "The gate code is 4821#", "alarm code 0141",
    "lockbox 415 0141", "booking number 2345678", "confirmation 5552141", "license 5550123",
    "chip 985112345678903", "microchip 985 112 345 678 903", "UPS tracking 4155550141234567",
    "B-1024 and B-1025", "1600 Pennsylvania Ave, 20500-0003", "apartment 415, floor 5",
    "https://petmsg.example/visits/4155550123?id=14155550123", "http://x.org/415-555-0123",
    "https://photos.app.goo.gl/9175550123abc", "https://192.168.100.200/x", "IMG_20260214_150000",
    "https://maps.example/@37.7749295,-122.4194155,17z", "v1.20.300.4000", "ISBN 978 0 306 40615 7",
    "1 2 3 4 5 6 7 8 9 10", "24/7", "half a cup, 1/2 cup, 3/4 cup", "call me in 10 minutes",
    "Please call the vet about 2 pills", "text me when you arrive at 5", "phone is at 20 percent",
    "call 911", "dial 0 for the desk", "walk 1 15:00, walk 2 17:30", "5550123", "12 15 20 25 30 35",
    "Temps: 101.5, 101.2, 100.9", "3000 steps, 200 2500", "300 2000", "2 dogs, 3 cats, 1415 steps",
    "score 415 to 555", "Room 415, 555 Main St, 94103", "7 14 21 28", "99 to 0141",
    "Call 800-555-0100 or +14155550100", "text the desk on 555-0100",
)  # fmt: skip

WAYS = (
    "I'm @maya_lee", "follow @mayalee.pets!", "my insta is mayalee", "ig: maya_lee",
    "message me on WhatsApp", "Dm me on instagram", "add me on Telegram",
    "Venmo me next time", "pay with zelle", "my Cash App works", "cashapp $mayalee", "$MayaLee",
    "PayPal is fine", "https://www.rover.com/members/maya-l", "rover.com/sit/mayal",
    "https://calendly.com/maya/visit", "calendly.com/maya", "https://maya.as.me/",
    "https://mayaspets.example/book", "https://mayaspets.example/book-now?x=1",
    "https://mayaspets.example/schedule", "linktr.ee/mayalee", "https://venmo.com/u/maya",
    "paypal.me/maya", "https://signal.me/#eu/abc", "https://t.me/mayalee", "wa.me/message/ABC",
    "https://chat.whatsapp.com/Kx12", "https://www.instagram.com/maya", "fb.com/maya.pets",
)  # fmt: skip

NO_WAY = (
    "See you @ noon", "see you @noon", "we are @home", "@the park", "me@", "a @ b", "3@5pm",
    "write to maya@example.com", "maya@home", "2 treats @ $1.50", "$20", "$1,250.00", "costs $5k",
    "He loves the carpet in the rover", "Rover is a good boy", "Take care. Come soon",
    "The book is on the table", "https://photos.app.goo.gl/abc", "https://example.com/rex.jpg",
    "https://youtube.example/watch?v=abc", "schedule: 9 and 5", "we book again", "apple and pay",
    "We are on the line", "I posted Rex on Instagram", "He is in a signal orange coat",
    "https://icloud.example/bookshelf", "https://maps.example/@37.77,-122.41", "cash is fine",
)  # fmt: skip


@pytest.mark.parametrize("text", HOLDING)
def test_a_phone_is_found(text: str) -> None:
    assert [leak.kind for leak in find_contact_details(text, ours=OURS)][:1] == ["phone"]


@pytest.mark.parametrize("text", HARMLESS)
def test_a_harmless_message_raises_no_alarm(text: str) -> None:
    assert find_contact_details(text, ours=OURS) == ()


@pytest.mark.parametrize("text", WAYS)
def test_a_way_around_the_company_is_found(text: str) -> None:
    assert find_other_channels(text) != ()


@pytest.mark.parametrize("text", [*NO_WAY, *HARMLESS])
def test_a_harmless_message_holds_no_way_around(text: str) -> None:
    assert find_other_channels(text) == ()


@pytest.mark.parametrize(
    ("ours", "text"),
    [
        ("+442079460958", "07700 900 123"), ("+442079460958", "0770 090 0123"),
        ("+34915550100", "612 345 678"), ("+34915550100", "612 34 56 78"),
        ("+34915550100", "612345678"), ("+4721555010", "412 34 567"),
        ("+4532555010", "20 12 34 56"), ("+48225550100", "601-234-567"),
        ("+390655501000", "333 1234567"), ("+390655501000", "06 5550 1234"),
        ("+41445550100", "079 123 45 67"), ("+493055501000", "0151 23456789"),
        ("+493055501000", "0171/1234567"), ("+81355501000", "090-1234-5678"),
        ("+351215550100", "912 345 678"), ("+61255501000", "412 345 678"),
        ("+6565550100", "9123 4567"), ("+919855501000", "98765 43210"),
        ("+525555501000", "55 1234 5678"), ("+551155501000", "11 91234-5678"),
        ("+79165550100", "8 (916) 123-45-67"), ("+33155501000", "06.12.34.56.78"),
    ],
)  # fmt: skip
def test_a_national_number_of_the_companys_own_country_is_found(ours: str, text: str) -> None:
    assert [leak.kind for leak in find_contact_details(f"Or call {text}, please", ours=[ours])] == [
        "phone"
    ]


@pytest.mark.parametrize("ours", ["+442079460958", "+34915550100", "+4721555010", "+6565550100"])
@pytest.mark.parametrize(
    "text",
    [
        "14.02.2026 09:00", "Visits 02/14 02/15 02/16", "300, 350, 1200", "12 15 20 25 30",
        "chip 985112345678903", "B-1024 and B-1025", "£1,250.00", "1 2 3 4 5 6 7 8 9 10", "24/7",
        "from 09:00-10:00 and 11:00-12:00", "code 4821#", "order 123456", "250 g, 300 g",
    ],
)  # fmt: skip
def test_other_numbers_are_no_national_ones_abroad(ours: str, text: str) -> None:
    assert find_contact_details(text, ours=[ours]) == ()


SPREAD = (
    "41 5 then 555, at 01:41", "4 1 5 (five five five) 0141", "four one five 555 oh one four one",
    "first 415. second 555. third 0141", "415-55-50-141", "415 5 5 5 0 1 4 1", "x4155550141x",
    "4l5 555 O141", "4155 550 141", "dogs: 415\ncats: 555\nbirds: 0141", "$415, $555, $0141",
    "41/55/55/01/41", "4/1/5 5/5/5 0/1/4/1", "https://x.org/415/555/0141", "41.55.55.01.41",
    "5550141", "555 or 0141", "1415 5550 141", "five five five zero one four one",
)  # fmt: skip


@pytest.mark.parametrize("text", SPREAD)
def test_the_digits_of_a_known_phone_are_found_whatever_stands_between(text: str) -> None:
    found = find_contact_details(text, ours=OURS, personal=PersonalPhone(near=[PHONE]))
    assert [leak.kind for leak in found] == ["phone"]


@pytest.mark.parametrize("text", [*HARMLESS, *NO_WAY])
def test_known_phones_raise_no_alarm_of_their_own(text: str) -> None:
    near = [f"+1628777{n:04}" for n in range(100)] + ["+4915123456789", "+447700900123"]
    others = [f"+1628778{n:04}" for n in range(2000)]
    known = PersonalPhone(near=near, others=others)
    assert find_contact_details(text, ours=OURS, personal=known) == find_contact_details(
        text, ours=OURS
    )


def test_a_known_phone_that_is_one_of_ours_is_no_leak() -> None:
    known = PersonalPhone(near=["+14155550100", "+18005550141"])
    assert find_contact_details("Call 415 555 0100", ours=OURS, personal=known) == ()
    assert find_contact_details("8, 0, 0: 555 and 0141", ours=OURS, personal=known) != ()


MISSED = (
    "415 and then 555 and then 0141", "four one five, five five five, oh one four one",
    "5550141", "555 2141", "4l5 555 Ol4l", "415-5550-141", "my brother has 415, 555, 2141",
)  # fmt: skip
"""What is not found where nobody of the company has that phone: a search that found these would
take amounts, orders and lists for phones."""
ALARMING = (
    "call me: lot 5552141",
    "text me the 300 2000 list",
    "He ate 250-1200 g",
    "555-0123 rpm",
)
"""Harmless messages that are taken for a phone."""


def test_both_rates(record_property: Callable[[str, object], None]) -> None:
    """The figures, with what is known to be missed or mistaken."""

    def share(texts: Sequence[str], find: Callable[[str], object]) -> float:
        return sum(bool(find(text)) for text in texts) / len(texts)

    def leaks(text: str) -> object:
        return find_contact_details(text, ours=OURS)

    rates = {
        "phones found": share([*HOLDING, *MISSED], leaks),
        "false alarms of phones": share([*HARMLESS, *ALARMING], leaks),
        "other ways found": share(WAYS, find_other_channels),
        "false alarms of other ways": share([*NO_WAY, *HARMLESS, *ALARMING], find_other_channels),
    }
    for name, rate in rates.items():
        record_property(name, round(rate, 3))
    assert share(MISSED, leaks) == 0, "found by now: move it to HOLDING"
    assert rates["phones found"] > 0.88
    assert rates["false alarms of phones"] < 0.07
    assert rates["other ways found"] > 0.97
    assert rates["false alarms of other ways"] < 0.02
