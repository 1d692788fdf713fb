"""The findings about an account: the account itself, then its numbers, those alike together."""

from dataclasses import replace

from petmsg.providers.account import Account, NumberAtProvider, Untold
from petmsg.services.doctor.account_findings import account_findings, summary
from tests.support.twilio_services import DEMO_SMS

NUMBERS = tuple(
    NumberAtProvider(f"+1415555010{at}", f"PN{at}", sms=True, mms=True, sms_url=DEMO_SMS)
    for at in range(5)
)
ACCOUNT = Account("AC1", "Paws", "active", False, NUMBERS, services=None)


def said(account: Account, **more: object) -> list[tuple[str, str]]:
    rows = account_findings(account, expected_url=None, **more)  # type: ignore[arg-type]
    return [(each.result.value, each.message) for each in rows]


def test_numbers_with_the_same_problem_share_a_finding() -> None:
    (found,) = account_findings(ACCOUNT, expected_url=None)

    assert found.message == (
        "+14155550100, +14155550101, +14155550102 and 2 more: hands messages to Twilio's demo, "
        "which answers each with a sample"
    )
    assert found.numbers == tuple(number.e164 for number in NUMBERS)
    assert found.command == "petmsg number webhooks install{org}"


def test_only_our_numbers_are_looked_at() -> None:
    (found,) = account_findings(ACCOUNT, expected_url=None, ours={NUMBERS[3].e164, "+19995550100"})

    assert found.numbers == (NUMBERS[3].e164,)
    assert account_findings(ACCOUNT, expected_url=None, ours=()) == []


def test_a_number_without_a_name_is_no_number() -> None:
    assert said(replace(ACCOUNT, numbers=(NumberAtProvider("", "PN1", sms=False),))) == []


def test_an_account_that_does_not_send() -> None:
    bare = replace(ACCOUNT, numbers=())

    assert said(bare) == said(replace(bare, status="")) == []
    assert said(replace(bare, status="suspended")) == [
        ("problem", "The account is suspended: it refuses every message")
    ]
    (stopped,) = account_findings(
        replace(bare, status="closed"), expected_url=None, ours=bare.numbers
    )
    assert stopped.command == "petmsg errors explain 30002"  # says where to reactivate it
    ((result, words),) = said(replace(bare, is_trial=True))
    assert (result, words.startswith("The account is a trial")) == ("warning", True)
    assert said(replace(bare, untold=(Untold("the Messaging Services", "403"),))) == [
        ("warning", "Cannot read the Messaging Services from Twilio: 403")
    ]


def test_an_account_in_one_line() -> None:
    assert summary(ACCOUNT) == "The full account Paws (AC1): active, 5 numbers"
    unknown = replace(ACCOUNT, name="", status="", is_trial=None, numbers=())
    assert summary(unknown) == "The account AC1: status not told, 0 numbers"
