"""`number import --from-provider`: the numbers of the provider's account, as an org's own."""

from petmsg.cli.context import Context
from petmsg.cli.results import show_results
from petmsg.enums import NumberClass
from petmsg.errors import Refused
from petmsg.render.views.numbers import NUMBER_ADDED
from petmsg.services.doctor.provider_drift import adopt_all
from petmsg.services.transfer.row_files import CHUNK
from petmsg.workflows.provider_factory import account_of


class NoAccountNumbers(Refused):
    code = "no_account_numbers"
    hint = (
        "Put the account's credentials where petmsg finds them (petmsg config show); the org need "
        "not be switched over before. Or import the numbers from a FILE."
    )


def import_from_provider(run: Context, *, number_class: NumberClass) -> None:
    """List the account's numbers with no transaction open, then add those the org has not.

    Raises `NoAccountNumbers` where the provider keeps no list of them, and what listing raises.
    """
    with run.snapshot() as cursor:
        org = run.org(cursor)
    listed = account_of(run, org).numbers()
    if listed is None:
        raise NoAccountNumbers(f"The {org.provider} of org {org.slug} keeps no list of numbers.")
    numbers = sorted(set(listed), key=lambda number: (number.e164, number.provider_number_id))
    rows = []
    for start in range(0, len(numbers), CHUNK):
        rows += run.write_in(
            org.slug, adopt_all, numbers[start : start + CHUNK], number_class=number_class
        )
    show_results(run, NUMBER_ADDED, rows)
