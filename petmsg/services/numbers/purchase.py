"""Numbers that are bought from the provider or given back: the intent first, then the outcome.

The provider is asked between the two transactions, so that an answer that was lost leaves an open
purchase, which is looked up before a second try.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from petmsg.clock import format_local
from petmsg.db.cursor import Cursor
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.purchases import PurchaseKind, PurchaseStatus
from petmsg.errors import NumberTaken, Refused
from petmsg.models import NumberPurchase
from petmsg.providers.market import Done, NotDone, Offer, Outcome
from petmsg.queries.lookup import refuse_somebodys_phone
from petmsg.queries.purchases import OpenPurchase, end_purchase, last_seen, taken_numbers
from petmsg.services.numbers import ledger, number
from petmsg.services.unit_of_work import Failure, UnitOfWork, run_in_savepoint


class NumberInUse(Refused):
    code = "number_in_use"


@dataclass(frozen=True, slots=True)
class Purchase:
    """A number that was bought or given back. `status` is `intended` while the outcome is not
    known; `note` says what stands out."""

    number: str
    kind: PurchaseKind
    status: PurchaseStatus
    number_class: NumberClass | None
    micros: int | None = None
    currency: str | None = None
    code: str | None = None
    note: str | None = None


def refuse_taken(cursor: Cursor, numbers: Sequence[str]) -> None:
    """Raise `NumberTaken` for a number of any org, or one that is being bought."""
    for taken in sorted(taken_numbers(cursor, [*numbers])):
        raise NumberTaken(
            f"{taken} belongs to an org of this database, or is being bought.",
            hint="petmsg number settle looks up open purchases.",
        )


def intend_to_buy(uow: UnitOfWork, offer: Offer, *, number_class: NumberClass) -> OpenPurchase:
    """Store that the number is being bought.

    Raises `NumberTaken` for a number of any org or one that is being bought, and what adding it
    would raise.
    """
    phone = uow.phone(offer.number)
    refuse_taken(uow.cursor, [phone])
    refuse_somebodys_phone(uow.cursor, uow.org.id, phone)
    if number_class is NumberClass.FRONT_DESK:
        number.require_no_active_front_desk(uow, phone, is_new=True)
    row = NumberPurchase(
        kind=PurchaseKind.BUY,
        e164=phone,
        number_class=number_class,
        monthly_micros=None if offer.monthly is None else offer.monthly.micros,
        currency=None if offer.monthly is None else offer.monthly.currency,
        **_common(uow),
    )
    return _stored(uow, row)


def intend_to_give_back(uow: UnitOfWork, e164: str, *, reason: str, days: int) -> OpenPurchase:
    """Retire the number, so that nothing is sent from it any more, and store that it is being given
    back.

    Raises `NumberInUse` for a number that is quarantined, that a sitter holds, or that sent or
    received something or was part of a call in the last `days` days, and what retiring it raises.
    """
    row = ledger.locked_number(uow, e164, even_retired=True)
    assert row.id is not None
    if row.status is NumberStatus.QUARANTINED:
        raise NumberInUse(
            f"Number {row.e164} is quarantined.",
            hint=f"End the quarantine first: petmsg number restore {row.e164} --reason …",
        )
    if row.sitter_id is not None:
        raise NumberInUse(
            f"Sitter {number.holder_ref(uow, row)} holds {row.e164}.",
            hint="Give the sitter another number: petmsg sitter renumber",
        )
    since = uow.now - timedelta(days=days)
    seen = last_seen(uow.cursor, uow.org.id, row.id, e164=row.e164, since=since)
    if seen is not None:
        raise NumberInUse(
            f"A client or sitter saw {row.e164} on {format_local(seen, uow.org.timezone)}.",
            hint=f"Somebody else may get it next, and its answers. It must rest for {days} days.",
        )
    number.retire(uow, row.e164, reason=reason)
    return _stored(
        uow,
        NumberPurchase(
            kind=PurchaseKind.GIVE_BACK,
            e164=row.e164,
            number_class=row.number_class,
            number_id=row.id,
            provider_number_id=row.provider_number_id,
            reason=reason,
            **_common(uow),
        ),
    )


def record(uow: UnitOfWork, purchase: OpenPurchase, outcome: Outcome) -> Purchase:
    """Store the outcome; a number that was bought is added to the org. Safe to repeat."""
    kind = PurchaseKind(purchase.kind)
    if isinstance(outcome, NotDone):
        end_purchase(
            uow.cursor,
            purchase.id,
            status=PurchaseStatus.FAILED,
            now=uow.now,
            code=outcome.code,
            number_id=purchase.number_id,
            provider_number_id=purchase.provider_number_id,
        )
        return _told(purchase, PurchaseStatus.FAILED, code=outcome.code, note=outcome.message)
    if not isinstance(outcome, Done):
        hint = f"{outcome.message} Wait five minutes, then look it up: petmsg number settle"
        return _told(purchase, PurchaseStatus.INTENDED, note=hint)
    provider_id = outcome.provider_number_id or purchase.provider_number_id
    number_id = purchase.number_id
    note: str | None = None
    if kind is PurchaseKind.BUY:
        number_id, note = _add(uow, purchase, provider_id)
    if end_purchase(
        uow.cursor,
        purchase.id,
        status=PurchaseStatus.DONE,
        now=uow.now,
        number_id=number_id,
        provider_number_id=provider_id,
    ):
        event = "number.bought" if kind is PurchaseKind.BUY else "number.given_back"
        if number_id is not None:
            uow.audit(event, "number", purchase.e164, {}, reason=purchase.reason)
    return _told(purchase, PurchaseStatus.DONE, note=note)


def planned(purchase: OpenPurchase) -> Purchase:
    """What a dry run would have asked the provider for."""
    return _told(purchase, PurchaseStatus.INTENDED)


def _add(
    uow: UnitOfWork, purchase: OpenPurchase, provider_id: str | None
) -> tuple[int | None, str | None]:
    """The id of the number that was bought; None, and why, if it could not be added."""
    assert purchase.number_class is not None
    wanted = NumberClass(purchase.number_class)
    added = run_in_savepoint(
        uow, purchase.e164, lambda e164: number.add(uow, e164, number_class=wanted), ref=str
    )
    if isinstance(added, Failure):
        return None, f"It was bought, but not added: {added.error.message}"
    row = ledger.locked_number(uow, purchase.e164, even_retired=True)
    row.provider_number_id = provider_id
    uow.session.flush()
    return row.id, None


def _common(uow: UnitOfWork) -> dict[str, Any]:
    account = uow.org.account
    return {
        "org_id": uow.org.id,
        "status": PurchaseStatus.INTENDED,
        "provider": account.provider,
        "account": account.name,
        "actor": uow.actor,
        "created_at": uow.now,
    }


def _stored(uow: UnitOfWork, row: NumberPurchase) -> OpenPurchase:
    uow.session.add(row)
    uow.session.flush()
    assert row.id is not None
    return OpenPurchase(
        row.id,
        row.kind.value,
        row.e164,
        None if row.number_class is None else row.number_class.value,
        row.provider_number_id,
        row.number_id,
        row.reason,
        row.monthly_micros,
        row.currency,
        row.provider.value,
        row.account,
    )


def _told(
    purchase: OpenPurchase,
    status: PurchaseStatus,
    *,
    code: str | None = None,
    note: str | None = None,
) -> Purchase:
    return Purchase(
        number=purchase.e164,
        kind=PurchaseKind(purchase.kind),
        status=status,
        number_class=None if purchase.number_class is None else NumberClass(purchase.number_class),
        micros=purchase.monthly_micros,
        currency=purchase.currency,
        code=code,
        note=note,
    )
