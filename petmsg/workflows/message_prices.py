"""`message prices`: lists the provider's bills day by day, with no transaction open meanwhile.

One list for all orgs of an account: a request for each 1,000 messages of a day. What a day said is
stored before the next day is asked for, so that an interrupted run loses little.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from petmsg.errors import OutOfRange, PetmsgError
from petmsg.providers.base import Bill, Billing
from petmsg.queries.org import Account, OrgRow
from petmsg.services.outbox.prices import record_bills
from petmsg.workflows.provider_factory import (
    Connected,
    connect_orgs,
    raise_after_warnings,
    unanswered_problem,
)
from petmsg.workflows.store import Store

USUAL_DAYS = 3
MOST_DAYS = 400
CHUNK = 1000
_ASK_AGAIN = "The prices so far are stored; run petmsg message prices again for the rest."


@dataclass(frozen=True, slots=True)
class PricedDay:
    """The messages of an org on a day (UTC): how many the provider lists, how many got their price
    now, and how many have none yet."""

    org: str
    day: date
    messages: int
    priced: int
    unpriced: int


def fetch_prices(store: Store, *, days: int) -> Iterator[Sequence[PricedDay]]:
    """Store the prices of the last `days` days, today's included, the oldest day first.

    Raises `OutOfRange` before the first, and `CredentialsMissing` if no org has an account; after
    the last what an account did not answer or which credentials are missing.
    """
    if not 1 <= days <= MOST_DAYS:
        raise OutOfRange(f"--days {days} is out of range.", hint=f"Give 1 to {MOST_DAYS} days.")
    return _by_day(store, connect_orgs(store, store.orgs()), days)


def _by_day(store: Store, connected: Connected, days: int) -> Iterator[Sequence[PricedDay]]:
    accounts: dict[Account, list[OrgRow]] = {}
    for org, _ in connected.lines:
        accounts.setdefault(org.account, []).append(org)
    adapters = {org.account: provider for org, provider in connected.lines}
    problems: list[PetmsgError] = []
    today = store.now.date()
    for account, orgs in accounts.items():
        provider = adapters[account]
        if not isinstance(provider, Billing):
            continue
        for back in range(days - 1, -1, -1):
            day = today - timedelta(days=back)
            try:
                bills = provider.bills(day)
            except PetmsgError as problem:
                problems.append(problem)
                break
            yield [_store(store, org, day, bills) for org in orgs]
    unanswered = [unanswered_problem(problems, hint=_ASK_AGAIN)] if problems else []
    raise_after_warnings(store, [*connected.problems, *unanswered])


def _store(store: Store, org: OrgRow, day: date, bills: Sequence[Bill]) -> PricedDay:
    messages = priced = unpriced = 0
    for start in range(0, len(bills), CHUNK):
        found = store.write_in(org.slug, record_bills, bills[start : start + CHUNK])
        messages, priced = messages + found.messages, priced + found.priced
        unpriced += found.unpriced
    return PricedDay(org.slug, day, messages, priced, unpriced)
