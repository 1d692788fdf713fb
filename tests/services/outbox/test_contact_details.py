"""What would undo the masking does not pass: by its shape, by the company's own phones, by handles,
payment apps and links. The desk is warned; a sitter's message waits for the desk."""

import pytest

from tests.support.fixtures import Cli
from tests.support.incoming import MAYAS_PHONE, OLGAS_PHONE, comes, relayed, waiting
from tests.support.texting import ANN, people_and_visit, send

SHAPES = (
    "https://signal.me/#p/+14155550141", "https://web.whatsapp.com/send?phone=14155550141",
    "https://www.wa.me/14155550141", "https://415-555-0141", "Call 555 0141", "Call 5550141",
    "415_555_0141", "415, 555, 0141", "41 55 55 01 41",
)  # fmt: skip
WAYS = ("Find me as @maya_lee", "Venmo me next time", "https://calendly.com/maya/visit")


def written(phone: str) -> list[str]:
    """A phone of the company in ways that no search for shapes finds."""
    digits = phone[2:]
    return [
        f"{digits[:2]} then {digits[2:6]}: {digits[6:]}",
        " dogs ".join(digits),
        f"https://x.example/{digits[:5]}/{digits[5:]}",
    ]


@pytest.fixture
def ready(cli: Cli) -> Cli:
    people_and_visit(cli, "--relay", "on")
    return cli


@pytest.mark.parametrize("body", [*SHAPES, *WAYS])
def test_a_sitters_message_that_undoes_the_masking_waits_for_the_desk(
    ready: Cli, migrated_url: str, body: str
) -> None:
    told = comes(ready, body, sender=MAYAS_PHONE)
    assert waiting(ready) == [told["message"]]
    ((kind, to, words, _),) = relayed(migrated_url)
    assert (kind, to) == ("notice", MAYAS_PHONE)
    assert words.startswith("Not sent to Ann: it contains a ")


@pytest.mark.parametrize("phone", [ANN, MAYAS_PHONE, OLGAS_PHONE, "+14155551002"])
def test_a_phone_of_the_company_is_found_whatever_stands_between_its_digits(
    ready: Cli, migrated_url: str, phone: str
) -> None:
    for body in written(phone):
        told = comes(ready, body, sender=MAYAS_PHONE)
        assert told["did"] == [
            "not forwarded to C-1: it contains a phone number or an email address"
        ]
        assert send(ready, body=body).json["warnings"] != []


@pytest.mark.parametrize("digits", ["5552001", "555 2001", "5551001", "555, 1001"])
def test_the_people_of_the_conversation_are_known_without_their_area_code(
    ready: Cli, digits: str
) -> None:
    told = comes(ready, f"It is {digits}", sender=MAYAS_PHONE)
    assert told["did"] == ["not forwarded to C-1: it contains a phone number or an email address"]


def test_the_digits_of_other_people_alone_are_no_alarm(ready: Cli) -> None:
    assert comes(ready, "Order 5552002", sender=MAYAS_PHONE)["did"] == ["forwarded to C-1"]
    assert comes(ready, "Order 4155559999 7", sender=MAYAS_PHONE)["did"] != []


def test_a_client_who_gives_their_handle_or_phone_away_is_passed_on_without_it(
    ready: Cli, migrated_url: str
) -> None:
    comes(ready, "I am @ann_ode, 41 5 then 555, 1001 https://t.me/ann. I can Venmo you")
    ((_, _, words, _),) = relayed(migrated_url)
    assert words == ("Ann: I am [handle hidden], [number hidden] [link hidden] I can Venmo you")


@pytest.mark.parametrize("body", [*SHAPES, *WAYS])
def test_the_desk_is_warned_and_a_sitter_refused(ready: Cli, body: str) -> None:
    desk = send(ready, body=body)
    assert (desk.code, len(desk.json["warnings"])) == (0, 1)
    hers = send(ready, "--as", "S-1", body=body)
    assert (hers.code, hers.error["code"]) == (4, "masking_leak")
