"""The numbers of the provider's account, as an org's own: `number import --from-provider`."""

from collections.abc import Iterable, Sequence

from sqlmodel import select

from petmsg.enums.numbers import NumberClass
from petmsg.errors import Refused
from petmsg.models import MessageNumber
from petmsg.phone import parse_phone
from petmsg.providers.base import ProviderNumber
from petmsg.queries.number_facts import NumberFacts, note_facts
from petmsg.services.numbers.number import NumberAdded, add
from petmsg.services.unit_of_work import Failure, UnitOfWork, one_batch_at_a_time, run_in_savepoint


class NumberUnclear(Refused):
    """The provider does not give enough information about a number to add it."""

    code = "number_unclear"


def add_all(
    uow: UnitOfWork, numbers: Sequence[ProviderNumber], *, number_class: NumberClass
) -> list[NumberAdded | Failure]:
    """Add the numbers of the provider's account to the org, each all or nothing.

    A number that the org has already is not changed. A `Failure` is returned for a number of
    another org, and for one without a phone number or without the information that it can send.
    """
    one_batch_at_a_time(uow)
    added = [
        run_in_savepoint(
            uow, number, lambda one: _add(uow, one, number_class=number_class), ref=_name
        )
        for number in sorted(set(numbers), key=_name)
    ]
    note_numbers(uow, numbers)
    return added


def note_numbers(uow: UnitOfWork, numbers: Iterable[ProviderNumber]) -> int:
    """Store what the provider says of the org's numbers, as far as it says it: whether they send
    pictures and take calls, their IDs and Messaging Services. Returns how many changed."""
    said = [
        NumberFacts(
            number.e164,
            number.mms,
            number.voice,
            number.provider_number_id or None,
            number.messaging_service,
        )
        for number in numbers
    ]
    return note_facts(uow.cursor, uow.org.id, said)


def _name(number: ProviderNumber) -> str:
    return number.e164 or number.provider_number_id


def _add(uow: UnitOfWork, number: ProviderNumber, *, number_class: NumberClass) -> NumberAdded:
    if not number.e164:
        raise NumberUnclear(
            f"The provider lists {number.provider_number_id} without its phone number.",
            hint="Look it up in the provider's console; then petmsg number add E164 --class "
            f"{number_class}",
        )
    phone = parse_phone(number.e164)
    at_provider = uow.session.exec(
        select(MessageNumber).where(MessageNumber.org_id == uow.org.id, MessageNumber.e164 == phone)
    ).first()
    if at_provider is not None:
        return NumberAdded(phone, at_provider.number_class, at_provider.status, reused=True)
    if number.sends is None:
        raise NumberUnclear(
            f"The provider does not say whether {phone} sends messages.",
            hint=f"If it does: petmsg number add {phone} --class {number_class}",
        )
    return add(uow, phone, number_class=number_class)
