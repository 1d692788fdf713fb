"""Which registration a number needs, and what is said of one that is missing or refused."""

from dataclasses import replace

import pytest

from petmsg.providers.account import (
    Account,
    MessagingService,
    NumberAtProvider,
    Registration,
    RegistrationKind,
    RegistrationState,
)
from petmsg.services.numbers.registration import brand_problem, problem_of

LONG, TOLL_FREE, BRITISH = (
    NumberAtProvider(e164, f"PN{at}", sms=True)
    for at, e164 in enumerate(["+14155550101", "+18885550103", "+447700900123"])
)
SERVICE = MessagingService("MG1", "Paws", numbers=(LONG.e164,), campaigns=())
BARE = Account("AC1", "", "active", False, (), services=(), toll_free=())


def registered(kind: RegistrationKind, state: str, *, of: str = "", why: str = "") -> Registration:
    return Registration(kind, "X1", state.upper(), RegistrationState(state), why, of)


def campaign(*states: str) -> Account:
    rows = tuple(registered(RegistrationKind.CAMPAIGN, state, why="why") for state in states)
    return replace(BARE, services=(replace(SERVICE, campaigns=rows),))


def said(account: Account, number: NumberAtProvider) -> tuple[str, str] | None:
    problem = problem_of(account, number)
    return None if problem is None else (problem.result.value, problem.command.rpartition(" ")[2])


def test_a_long_code_needs_a_campaign() -> None:
    assert said(BARE, LONG) == ("problem", "30034")
    assert said(campaign(), LONG) == ("problem", "30034")
    assert said(campaign("approved"), LONG) is None
    assert said(campaign("refused", "approved"), LONG) is None


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("pending", ("warning", "30034")),
        ("unclear", ("warning", "30034")),
        ("refused", ("problem", "30034")),
        ("suspended", ("problem", "30033")),
    ],
)
def test_a_campaign_that_is_not_approved(state: str, expected: tuple[str, str]) -> None:
    problem = problem_of(campaign(state), LONG)

    assert said(campaign(state), LONG) == expected
    assert problem is not None
    assert f"the 10DLC campaign of Messaging Service Paws is {state.upper()} (why)" in problem.words


def test_what_is_not_told_is_not_guessed() -> None:
    untold = replace(SERVICE, campaigns=None)

    assert said(replace(BARE, services=None), LONG) is None
    assert said(replace(BARE, services=(replace(SERVICE, numbers=None),)), LONG) is None
    assert said(replace(BARE, services=(untold,)), LONG) is None
    assert said(replace(BARE, services=(replace(untold, is_registered=True),)), LONG) is None
    assert said(replace(BARE, services=(replace(untold, is_registered=False),)), LONG) == (
        "problem",
        "30034",
    )
    assert said(replace(BARE, toll_free=None), TOLL_FREE) is None


def test_a_toll_free_number_needs_a_verification_of_its_own() -> None:
    def verified(state: str, *, of: str = TOLL_FREE.provider_number_id) -> Account:
        return replace(BARE, toll_free=(registered(RegistrationKind.TOLL_FREE, state, of=of),))

    assert said(BARE, TOLL_FREE) == ("problem", "30032")
    assert said(verified("approved", of="PN9"), TOLL_FREE) == ("problem", "30032")
    assert said(verified("approved"), TOLL_FREE) is None
    assert said(verified("pending"), TOLL_FREE) == ("warning", "30032")
    assert said(verified("refused"), TOLL_FREE) == ("problem", "30032")


def test_other_numbers_need_none() -> None:
    assert problem_of(BARE, BRITISH) is None
    assert problem_of(BARE, replace(LONG, sms=False)) is None


def test_a_brand_is_told_unless_one_is_approved() -> None:
    refused = registered(RegistrationKind.BRAND, "refused", why="wrong EIN")
    approved = registered(RegistrationKind.BRAND, "approved")

    assert brand_problem([refused]) == (
        "The 10DLC brand is REFUSED (wrong EIN): its campaigns cannot send"
    )
    assert brand_problem([refused, approved]) is None
    assert brand_problem([]) is brand_problem(None) is None
