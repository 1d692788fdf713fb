"""`number import --from-provider`: the numbers of the provider's account, as an org's own."""

from typing import Any

from petmsg.enums.numbers import NumberClass
from petmsg.errors import Refused
from petmsg.services.numbers.account_numbers import add_all
from petmsg.services.transfer.row_files import CHUNK
from petmsg.workflows.provider_factory import account_provider_of
from petmsg.workflows.provider_numbers import numbers_of
from petmsg.workflows.store import Store


class NoAccountNumbers(Refused):
    code = "no_account_numbers"
    hint = (
        "Set the account's credentials (petmsg config show shows where); the org may keep its "
        "provider. Or import the numbers from a FILE."
    )


def import_from_provider(store: Store, *, number_class: NumberClass) -> list[Any]:
    """List the account's numbers with no transaction open, then add those the org has not; a
    result for each.

    Raises `NoAccountNumbers` where the provider keeps no list of them, and what listing raises.
    """
    with store.snapshot() as cursor:
        org = store.org(cursor)
    listed = numbers_of(account_provider_of(store, org))
    if listed is None:
        raise NoAccountNumbers(
            f"The {org.provider} provider of org {org.slug} has no numbers to import."
        )
    numbers = sorted(set(listed), key=lambda number: (number.e164, number.provider_number_id))
    rows: list[Any] = []
    for start in range(0, len(numbers), CHUNK):
        rows += store.write_in(
            org.slug, add_all, numbers[start : start + CHUNK], number_class=number_class
        )
    return rows
