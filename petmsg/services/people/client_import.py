"""Import clients: known ones, by ref or by phone, are updated, others are added."""

from collections.abc import Sequence

from petmsg.enums.people import ClientKind
from petmsg.errors import OutOfRange, quoted
from petmsg.services.people.client_rows import ClientRows
from petmsg.services.transfer.row_files import BatchRow, RowDone
from petmsg.services.transfer.row_sets import import_as_set
from petmsg.services.unit_of_work import Failure, UnitOfWork
from petmsg.text_inputs import as_code

COLUMNS = ("ref", "name", "phone", "kind")

_KINDS = {
    "one_time": ClientKind.ONE_TIME,
    "onetime": ClientKind.ONE_TIME,
    "one_off": ClientKind.ONE_TIME,
    "once": ClientKind.ONE_TIME,
    "single": ClientKind.ONE_TIME,
    "one_time_only": ClientKind.ONE_TIME,
    "ad_hoc": ClientKind.ONE_TIME,
    "recurring": ClientKind.RECURRING,
    "regular": ClientKind.RECURRING,
    "repeat": ClientKind.RECURRING,
    "repeating": ClientKind.RECURRING,
    "reoccurring": ClientKind.RECURRING,
    "ongoing": ClientKind.RECURRING,
    "daily": ClientKind.RECURRING,
    "weekly": ClientKind.RECURRING,
    "monthly": ClientKind.RECURRING,
}
"""How people write a kind, in the form of `as_code`."""


def parse_kind(text: str) -> ClientKind:
    """Return the client kind with that name, as people write it. Raises `OutOfRange`."""
    word = as_code(text)
    kind = _KINDS.get(word.removesuffix("_client").removesuffix("_customer"))
    if kind is None:
        raise OutOfRange(
            f"Invalid client kind {quoted(text)}.",
            hint="Use one_time or recurring. To ignore the column: --map 'Header='",
        )
    return kind


def import_rows(uow: UnitOfWork, rows: Sequence[BatchRow]) -> list[RowDone | Failure]:
    """Import rows of `client import` (columns `ref,name,phone,kind`).

    A row with a known ref updates that client: an absent column keeps the value, an empty cell
    clears it (the kind becomes the default; a name or phone cannot be empty), and its first phone
    becomes the primary one. A row without a ref is about the client who has one of its phones,
    unless their names contradict each other: it can change the kind and add phones, and an empty
    cell keeps the value; so is a row with a new ref, if petmsg numbered that client. Every other
    row adds a client. A row is refused with all its faults.
    """
    return import_as_set(uow, rows, lambda part: ClientRows(uow, parse_kind=parse_kind).apply(part))
