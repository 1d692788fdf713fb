"""The number ledger (table `number_custody`): each number's history of class, status and sitter.

Only `append` and `append_new` write it. A caller changes the locked number and appends in the same
transaction.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.errors import OutOfRange, Refused
from petmsg.models import MessageNumber, NumberLedgerEntry
from petmsg.queries.lookup import find_number
from petmsg.queries.number_ledger import last_change_at
from petmsg.queries.number_rows import insert_first_states
from petmsg.services.unit_of_work import UnitOfWork


class NumberRetired(Refused):
    code = "number_retired"
    hint = "A retired number stays retired; add another: petmsg number add E164 --class sitter"


class NumberQuarantined(Refused):
    code = "number_quarantined"


def locked_number(uow: UnitOfWork, e164: str, *, even_retired: bool = False) -> MessageNumber:
    """The number, locked until the commit. Raises `NotFound`, `MalformedPhone`, `NumberRetired`."""
    number = locked_by_id(uow, find_number(uow.cursor, uow.org.id, e164).id)
    if number.status is NumberStatus.RETIRED and not even_retired:
        raise NumberRetired(f"{number.e164} is retired.")
    return number


def locked_by_id(uow: UnitOfWork, number_id: int) -> MessageNumber:
    """The number with this id, read again and locked until the commit."""
    number = uow.session.get(MessageNumber, number_id, with_for_update=True, populate_existing=True)
    assert number is not None
    return number


def append(uow: UnitOfWork, number: MessageNumber, *, reason: str) -> datetime:
    """Append the number's state to the ledger; returns when the row starts (aware UTC).

    A row starts at `now`, or 1 µs after the previous row's start if that is later. So a clock that
    was set back causes neither a gap nor an overlap.
    """
    assert number.id is not None
    last = last_change_at(uow.cursor, number.id)
    from_at = uow.now
    if last is not None:
        from_at = max(from_at, last + timedelta(microseconds=1))
    uow.session.add(
        NumberLedgerEntry(
            org_id=number.org_id,
            number_id=number.id,
            from_at=from_at,
            number_class=number.number_class,
            status=number.status,
            sitter_id=number.sitter_id,
            quarantined_until=number.quarantined_until,
            reason=reason,
            actor=uow.actor,
        )
    )
    uow.session.flush()
    return from_at


def append_new(uow: UnitOfWork, numbers: Sequence[tuple[int, NumberClass]]) -> None:
    """Append the first state of new active numbers (id and class), which starts at `now`."""
    insert_first_states(
        uow.cursor,
        uow.org.id,
        [(number_id, number_class.value) for number_id, number_class in numbers],
        reason="added",
        actor=uow.actor,
        now=uow.now,
    )


def quarantine_end(uow: UnitOfWork, days: int | None) -> datetime:
    """The end of a quarantine that starts now (aware UTC), after `days` days or the org's default.

    Raises `OutOfRange`.
    """
    count = uow.org.quarantine_days if days is None else days
    if not 1 <= count <= 3650:
        raise OutOfRange(
            f"{count} days is out of range.",
            hint="Use 1 to 3650 days; common values are 1, 3, 7, 14, 30 and 90.",
        )
    return uow.now + timedelta(days=count)


def to_quarantine(number: MessageNumber, *, until: datetime, reason: str) -> None:
    """Set the number's quarantine until `until` (aware UTC). It stays assigned to its sitter."""
    number.status = NumberStatus.QUARANTINED
    number.quarantined_until = until
    number.quarantine_reason = reason


def activate(number: MessageNumber) -> None:
    """End the number's quarantine."""
    number.status = NumberStatus.ACTIVE
    number.quarantined_until = None
    number.quarantine_reason = None


def retire_from_sitter(
    uow: UnitOfWork,
    number: MessageNumber,
    *,
    sitter: str,
    days: int | None,
    quarantine_reason: str,
    reason: str,
) -> None:
    """Take a number from its sitter (a ref): it becomes a quarantined pool number and is never
    assigned to another sitter.

    The quarantine lasts `days` days (None: the org's default). A later existing end is kept.
    """
    until = quarantine_end(uow, days)
    if number.quarantined_until is not None:
        until = max(until, number.quarantined_until)
    number.sitter_id = None
    number.number_class = NumberClass.POOL
    to_quarantine(number, until=until, reason=quarantine_reason)
    append(uow, number, reason=reason)
    uow.audit(
        "number.released",
        "number",
        number.e164,
        {"sitter": sitter, "class": number.number_class.value},
        reason=reason,
    )
    uow.audit(
        "number.quarantined",
        "number",
        number.e164,
        {"until": until, "sitter": None},
        reason=reason,
    )
