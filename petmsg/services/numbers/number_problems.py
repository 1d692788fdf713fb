"""Everything that is wrong with a number at the provider. Pure functions."""

from petmsg.providers.account import Account, NumberAtProvider
from petmsg.services.numbers import registration
from petmsg.services.numbers.addresses import NumberProblem, message_problems
from petmsg.services.numbers.call_addresses import CallAddresses, call_problems


def problems_of(
    account: Account,
    number: NumberAtProvider,
    *,
    expected_url: str | None,
    calls: CallAddresses | None,
) -> list[NumberProblem]:
    """What is wrong with a number's capabilities, addresses and registration.

    `expected_url` is where messages must be handed to, as in `message_problems`; `calls` is where
    calls must be, as in `call_problems`.
    """
    unregistered = registration.problem_of(account, number)
    return [
        *message_problems(account, number, expected_url=expected_url),
        *call_problems(number, calls),
        *(() if unregistered is None else (unregistered,)),
    ]
