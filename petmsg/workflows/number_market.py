"""`number search`, `buy`, `give-back` and `settle`: the provider is asked between two transactions.

A number is bought only after its intent was committed. An intent that a lost answer or a killed
process left open is looked up at the provider before anything else is bought.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from petmsg.enums.numbers import NumberClass
from petmsg.enums.orgs import ProviderName
from petmsg.enums.purchases import PurchaseKind, PurchaseStatus
from petmsg.errors import PetmsgError, Refused
from petmsg.providers.market import (
    Done,
    NotDone,
    NumberMarket,
    Offer,
    Outcome,
    SellsNumbers,
    Unsure,
    Wanted,
)
from petmsg.queries.lookup import find_number
from petmsg.queries.org import Account, OrgRow
from petmsg.queries.purchases import OpenPurchase, open_purchases
from petmsg.services.numbers import purchase as service
from petmsg.services.numbers.purchase import Purchase
from petmsg.services.unit_of_work import Failure
from petmsg.workflows.provider_factory import provider_of
from petmsg.workflows.store import Store

YOUNG = timedelta(minutes=5)
"""For so long the request of a purchase may still be on its way: longer than any request takes."""


class PurchaseOpen(Refused):
    code = "purchase_open"
    hint = "Wait five minutes, then look it up: petmsg number settle"


class NothingOffered(Refused):
    code = "no_number_offered"
    hint = "Look for others: petmsg number search"


class NotAtAccount(Refused):
    code = "number_not_at_account"
    hint = "Check the account: petmsg doctor --provider. To keep it unused: petmsg number retire"


class TooExpensive(Refused):
    code = "number_too_expensive"
    hint = "Give a higher --max-price."


def search(store: Store, wanted: Wanted, *, limit: int) -> Sequence[Offer]:
    """What the provider sells. Raises as `NumberMarket.offers`."""
    with store.snapshot() as cursor:
        org = store.org(cursor)
    return _market(store, org).offers(wanted, limit=limit)


def choose(
    store: Store, numbers: Sequence[str], wanted: Wanted, *, count: int, max_price: int | None
) -> list[Offer]:
    """The offers that are to be bought: those numbers, or the first `count` that fit.

    Raises `NothingOffered`, `NumberTaken`, and `TooExpensive` for one that costs more than
    `max_price` (millionths of its currency) a month, or whose price is not known.
    """
    with store.snapshot() as cursor:
        org = store.org(cursor)
        service.refuse_taken(cursor, numbers)
    market = _market(store, org)
    found: list[Offer] = []
    if numbers:
        for e164 in numbers:
            asked = Wanted(wanted.country, contains=e164.lstrip("+"), toll_free=wanted.toll_free)
            fitting = [each for each in market.offers(asked, limit=50) if each.number == e164]
            if not fitting:
                raise NothingOffered(f"The provider does not offer {e164}.")
            found += fitting[:1]
    else:
        found = [*market.offers(wanted, limit=count)]
        if len(found) < count:
            offered = f"only {len(found)} of {count} such numbers" if found else "no such number"
            raise NothingOffered(f"The provider has {offered} for sale.")
    for offer in found:
        if max_price is not None and (offer.monthly is None or offer.monthly.micros > max_price):
            raise TooExpensive(
                f"{offer.number} costs {offer.monthly or 'an unknown price'} a month."
            )
    return found


def buy(
    store: Store, offers: Sequence[Offer], *, number_class: NumberClass
) -> list[Purchase | Failure]:
    """Buy the numbers one by one; an outcome for each. The first lost answer ends it."""
    with store.snapshot() as cursor:
        org = store.org(cursor)
    market = _market(store, org)
    rows: list[Purchase | Failure] = []
    for offer in offers:
        try:
            intent = store.write_in(
                org.slug, service.intend_to_buy, offer, number_class=number_class
            )
        except PetmsgError as problem:
            rows.append(Failure(offer.number, problem))
            continue
        if store.dry_run:
            rows.append(service.planned(intent))
            continue
        row = _recorded(store, org, intent, market.buy(offer.number))
        rows.append(row)
        if row.status is PurchaseStatus.INTENDED:
            break
    return rows


def give_back(store: Store, e164: str, *, reason: str, days: int) -> Purchase:
    """Retire a number and give it back to the provider.

    Raises as `intend_to_give_back`, `NotAtAccount` for a number that the org's account does not
    have (another one may have it, and pay for it), and `Refused` while another purchase of the
    number is open.
    """
    with store.snapshot() as cursor:
        org = store.org(cursor)
        e164 = find_number(cursor, org.id, e164).e164
    market = _market(store, org)
    store.rehearse(service.intend_to_give_back, e164, reason=reason, days=days)
    if market.owned(e164) is None:
        raise NotAtAccount(f"The account of org {org.slug} does not have {e164}.")
    intent = store.write_in(org.slug, service.intend_to_give_back, e164, reason=reason, days=days)
    if store.dry_run:
        return service.planned(intent)
    return _recorded(store, org, intent, _try_to_give_back(market, intent))


class Settled(NamedTuple):
    """The purchases whose outcome is known now, what is wrong with accounts that could not be
    asked, and the numbers whose purchase is too young to be looked up."""

    rows: list[Purchase]
    problems: list[PetmsgError]
    young: list[str]


def settle(store: Store, *, only: str | None = None) -> Settled:
    """Look up the purchases whose outcome is not known, of each org or of one.

    Each is looked up at the account where it was made; an account that cannot be asked stops no
    other. Purchases younger than five minutes are left: their request may still be on its way.
    """
    rows = list[Purchase]()
    problems: dict[Account, PetmsgError] = {}
    young: list[str] = []
    for org in store.orgs():
        if only not in (None, org.slug):
            continue
        with store.snapshot() as cursor:
            waiting = open_purchases(cursor, org.id, before=store.now - YOUNG)
            known = open_purchases(cursor, org.id, before=store.now)
        young += [each.e164 for each in known[len(waiting) :]]
        for each in waiting:
            asked = org._replace(provider=ProviderName(each.provider), twilio_account=each.account)
            if asked.account in problems:
                continue
            try:
                outcome = _looked_up(_market(store, asked), each)
            except PetmsgError as problem:
                problem.message = f"{org.slug}: {problem.message}"
                problems[asked.account] = problem
                continue
            rows.append(_recorded(store, org, each, outcome))
    return Settled(rows, [*problems.values()], young)


def require_settled(store: Store) -> None:
    """Raise `Refused` while the outcome of a purchase of the org is not known."""
    with store.snapshot() as cursor:
        org = store.org(cursor)
        waiting = open_purchases(cursor, org.id, before=store.now)
    if waiting:
        raise PurchaseOpen(f"It is not known whether {waiting[0].e164} was bought or given back.")


def _looked_up(market: NumberMarket, purchase: OpenPurchase) -> Outcome:
    if purchase.kind == PurchaseKind.GIVE_BACK:
        return _try_to_give_back(market, purchase)
    owned = market.owned(purchase.e164)
    return NotDone(None, "It was not bought.") if owned is None else Done(owned)


def _try_to_give_back(market: NumberMarket, purchase: OpenPurchase) -> Outcome:
    """Safe to repeat. A number whose ID is not known is looked up."""
    provider_id = purchase.provider_number_id
    if provider_id is None:
        try:
            provider_id = market.owned(purchase.e164)
        except PetmsgError as problem:
            return Unsure(problem.message)
    return Done() if provider_id is None else market.give_back(provider_id)


def _recorded(store: Store, org: OrgRow, intent: OpenPurchase, outcome: Outcome) -> Purchase:
    store.tick()
    return store.write_in(org.slug, service.record, intent, outcome)


def _market(store: Store, org: OrgRow) -> NumberMarket:
    provider = provider_of(store, org)
    if not isinstance(provider, SellsNumbers):
        raise NothingOffered(f"The {org.provider} provider of org {org.slug} sells no numbers.")
    return provider.market
