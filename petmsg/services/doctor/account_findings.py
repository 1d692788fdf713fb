"""What is wrong with an account at a provider, as findings. Pure functions."""

from collections.abc import Collection
from dataclasses import dataclass

from petmsg.enums.alerts import CheckResult
from petmsg.plurals import counted
from petmsg.providers.account import ACTIVE, Account
from petmsg.services.numbers import registration
from petmsg.services.numbers.addresses import AccountTopic, NumberProblem
from petmsg.services.numbers.call_addresses import CallAddresses
from petmsg.services.numbers.number_problems import problems_of

_MOST_NAMED = 3
_CHECK = "petmsg number webhooks check{org}"
_DOCTOR = "petmsg doctor --provider"


@dataclass(frozen=True, slots=True)
class AccountFinding:
    """Something that is wrong with an account. `numbers` are those it concerns; `command` may have
    `{org}`, which `FixCommands` fills."""

    topic: AccountTopic
    result: CheckResult
    message: str
    command: str
    numbers: tuple[str, ...] = ()


def account_findings(
    account: Account,
    *,
    expected_url: str | None,
    calls: CallAddresses | None = None,
    ours: Collection[str] | None = None,
) -> list[AccountFinding]:
    """What is wrong with the account, and with those of its numbers that are `ours` (None: all).

    Numbers with the same problem share a finding. `expected_url` is where messages must be handed
    to, None without a public URL; `calls` where calls must be, None for an org without them.
    """
    numbers = [
        number
        for number in account.numbers
        if number.e164 and (ours is None or number.e164 in ours)
    ]
    shared: dict[NumberProblem, list[str]] = {}
    for number in numbers:
        for problem in problems_of(account, number, expected_url=expected_url, calls=calls):
            shared.setdefault(problem, []).append(number.e164)
    return [
        *_of_account(account),
        *(
            AccountFinding(
                problem.topic,
                problem.result,
                f"{named(e164s)}: {problem.words}",
                problem.command,
                tuple(e164s),
            )
            for problem, e164s in shared.items()
        ),
    ]


def missing_numbers(numbers: list[str]) -> AccountFinding:
    """The finding about numbers of the org that the account does not have."""
    return AccountFinding(
        AccountTopic.MISSING,
        CheckResult.PROBLEM,
        f"{named(numbers)}: the account does not have the number, so nothing can be sent from it",
        "petmsg number list{org}",
        tuple(numbers),
    )


def named(numbers: list[str]) -> str:
    """At most three numbers, and how many more there are."""
    names = ", ".join(numbers[:_MOST_NAMED])
    left = len(numbers) - _MOST_NAMED
    return names if left <= 0 else f"{names} and {left} more"


def summary(account: Account) -> str:
    """The account in one line, such as `Twilio account Happy Paws (AC…): active, 12 numbers`."""
    name = f"{account.name} ({account.provider_id})" if account.name else account.provider_id
    kind = {True: "trial account", False: "full account", None: "account"}[account.is_trial]
    said = [account.status or "status not told", counted(len(account.numbers), "number")]
    if account.services:
        said.append(counted(len(account.services), "Messaging Service"))
    return f"The {kind} {name}: {', '.join(said)}"


def _of_account(account: Account) -> list[AccountFinding]:
    found = []
    if account.status not in ("", ACTIVE):
        found.append(
            AccountFinding(
                AccountTopic.ACCOUNT,
                CheckResult.PROBLEM,
                f"The account is {account.status}: it refuses every message",
                "petmsg errors explain 30002",
            )
        )
    if account.is_trial:
        found.append(
            AccountFinding(
                AccountTopic.ACCOUNT,
                CheckResult.WARNING,
                "The account is a trial: it sends only to phones that Twilio verified, and adds "
                "words of its own to each message",
                "petmsg errors explain 21608",
            )
        )
    brand = registration.brand_problem(account.brands)
    if brand is not None:
        found.append(
            AccountFinding(
                AccountTopic.REGISTRATION,
                CheckResult.PROBLEM,
                brand,
                "petmsg errors explain 30034",
            )
        )
    found += [
        AccountFinding(
            AccountTopic.UNTOLD,
            CheckResult.WARNING,
            f"Cannot read {each.what} from Twilio: {each.why}",
            _DOCTOR,
        )
        for each in account.untold
    ]
    return found
