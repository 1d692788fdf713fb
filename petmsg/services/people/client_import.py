"""Import clients: known refs are updated, others are added."""

from collections.abc import Mapping, Sequence
from typing import Any

from petmsg.enums.people import ClientKind
from petmsg.errors import OutOfRange, quoted
from petmsg.phone import parse_phone
from petmsg.queries.client import known_ref
from petmsg.queries.client_phones import primary_phone_of
from petmsg.services.people import client
from petmsg.services.transfer.row_files import BatchRow, RowDone, import_one_by_one, required_cell
from petmsg.services.unit_of_work import Failure, UnitOfWork
from petmsg.text_inputs import parse_ref

COLUMNS = ("ref", "name", "phone", "kind")


def parse_kind(text: str) -> ClientKind:
    """Return the client kind with that name. Raises `OutOfRange`."""
    try:
        return ClientKind(text.strip())
    except ValueError:
        raise OutOfRange(
            f"Invalid client kind {quoted(text)}.", hint="Use one_time or recurring."
        ) from None


def import_rows(uow: UnitOfWork, rows: Sequence[BatchRow]) -> list[RowDone | Failure]:
    """Import rows of `client import`, each in its own savepoint."""
    return import_one_by_one(uow, rows, import_row)


def import_row(uow: UnitOfWork, row: Mapping[str, str | None]) -> tuple[str, str]:
    """Import one row of `client import` (columns `ref,name,phone,kind`); a known ref is updated.

    A missing column keeps the value; an empty cell clears it (the kind becomes the default; a name
    or phone cannot be empty). A new phone is added and becomes the primary one.
    """
    ref = parse_ref(row["ref"] or "") if row.get("ref") else None
    existing = None if ref is None else _by_ref(uow, ref)
    kind = row.get("kind")
    if existing is None:
        added = client.add(
            uow,
            required_cell(row, "name"),
            phones=[required_cell(row, "phone")],
            ref=ref,
            kind=_kind_of_cell(kind),
        )
        return added.client, "unchanged" if added.reused else "created"
    changed = client.change(
        uow,
        existing,
        name=row.get("name"),
        kind=_kind_of_cell(kind),
    )
    reused = changed.reused
    if row.get("phone") is not None:
        number = parse_phone(row["phone"] or "")
        if number != _primary(uow, existing):
            client.phone_primary(uow, existing, number, add_missing=True)
            reused = False
    return existing, "unchanged" if reused else "updated"


def _kind_of_cell(cell: str | None) -> ClientKind | None:
    """Return the kind of a cell: None for a missing column, the default for an empty cell."""
    if cell is None:
        return None
    return parse_kind(cell) if cell else ClientKind.ONE_TIME


def _by_ref(uow: UnitOfWork, ref: str) -> str | None:
    """Return the ref if a client has it."""
    return known_ref(uow.cursor, uow.org.id, ref)


def _primary(uow: UnitOfWork, ref: str) -> Any:
    return primary_phone_of(uow.cursor, uow.org.id, ref)
