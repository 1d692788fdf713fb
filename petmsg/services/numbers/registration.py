"""What US carriers want to know of a number, and whether the account has it. Pure functions.

Long codes need a 10DLC campaign, which hangs on the Messaging Service that holds the number;
toll-free numbers need a verification of their own (Twilio's codes 30032 to 30035).
"""

from collections.abc import Iterable, Sequence

from petmsg.enums.alerts import CheckResult
from petmsg.providers.account import (
    Account,
    NumberAtProvider,
    Registration,
    RegistrationState,
)
from petmsg.rules.rate_limit import is_toll_free
from petmsg.services.numbers.addresses import AccountTopic, NumberProblem

_BEST_FIRST = (
    RegistrationState.APPROVED,
    RegistrationState.UNCLEAR,
    RegistrationState.PENDING,
    RegistrationState.SUSPENDED,
    RegistrationState.REFUSED,
)
_EXPLAIN = "petmsg errors explain {code}"


def problem_of(account: Account, number: NumberAtProvider) -> NumberProblem | None:
    """What is missing of a number's registration; None if nothing is, or if it is not told."""
    if not number.e164.startswith("+1") or number.sms is False:
        return None
    if is_toll_free(number.e164):
        return _toll_free(account, number)
    return _long_code(account, number)


def _toll_free(account: Account, number: NumberAtProvider) -> NumberProblem | None:
    if account.toll_free is None:
        return None
    mine = [each for each in account.toll_free if each.number_id == number.provider_number_id]
    return _of_state(
        best(mine),
        "its toll-free verification",
        missing="the number is not verified as toll-free, so carriers refuse its messages",
        code="30032",
    )


def _long_code(account: Account, number: NumberAtProvider) -> NumberProblem | None:
    missing = "the number is in no registered 10DLC campaign, so US carriers refuse its messages"
    service = account.service_of(number.e164)
    if service is None:
        is_told = account.services is not None and all(
            each.numbers is not None for each in account.services
        )
        return _of_state(None, "", missing=missing, code="30034") if is_told else None
    if service.campaigns is None:
        is_missing = service.is_registered is False
        return _of_state(None, "", missing=missing, code="30034") if is_missing else None
    found = best(service.campaigns)
    is_suspended = found is not None and found.state is RegistrationState.SUSPENDED
    code = "30033" if is_suspended else "30034"
    named = f"the 10DLC campaign of Messaging Service {service.name or service.provider_id}"
    return _of_state(found, named, missing=missing, code=code)


def best(found: Iterable[Registration]) -> Registration | None:
    """The registration that allows most: one that is approved, if there is one."""
    return min(found, key=lambda each: _BEST_FIRST.index(each.state), default=None)


def words_of(found: Registration) -> str:
    """The provider's word for a state, and why, such as `FAILED (no opt-in)`."""
    return (found.status or "unknown") + (f" ({found.reason})" if found.reason else "")


def _of_state(
    found: Registration | None, named: str, *, missing: str, code: str
) -> NumberProblem | None:
    command = _EXPLAIN.format(code=code)
    if found is None:
        return NumberProblem(AccountTopic.REGISTRATION, CheckResult.PROBLEM, missing, command)
    if found.state is RegistrationState.APPROVED:
        return None
    is_open = found.state in (RegistrationState.PENDING, RegistrationState.UNCLEAR)
    return NumberProblem(
        AccountTopic.REGISTRATION,
        CheckResult.WARNING if is_open else CheckResult.PROBLEM,
        f"{named} is {words_of(found)}; carriers refuse messages until it is approved",
        command,
    )


def brand_problem(brands: Sequence[Registration] | None) -> str | None:
    """What is wrong with the account's 10DLC brands; None if one is approved, or none are told."""
    found = best(brands or ())
    if found is None or found.state is RegistrationState.APPROVED:
        return None
    return f"The 10DLC brand is {words_of(found)}: its campaigns cannot send"
