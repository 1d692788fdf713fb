"""Import masked numbers with class, status, quarantine and holder.

Their assignment history begins at the import, because only the old system knows what was before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from sqlite3 import Row
from typing import Any

from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.people import SitterStatus
from petmsg.errors import MalformedRow, NumberTaken, PetmsgError, quoted
from petmsg.importers.snoutos.legacy_schema import time_of, word_of
from petmsg.importers.snoutos.people import WHY, NotImported
from petmsg.importers.snoutos.phones import known_phone, phone_of
from petmsg.importers.snoutos.report import Imported
from petmsg.models import MessageNumber
from petmsg.queries.imported import locked_holders
from petmsg.queries.number_rows import known_numbers
from petmsg.services.numbers import ledger
from petmsg.services.numbers.number import active_front_desk
from petmsg.services.unit_of_work import UnitOfWork

_STATUS = {
    "active": NumberStatus.ACTIVE,
    "quarantined": NumberStatus.QUARANTINED,
    "retired": NumberStatus.RETIRED,
    "inactive": NumberStatus.RETIRED,  # not used there, and must not be used here
    "disabled": NumberStatus.RETIRED,
}
_LONGEST_REASON = 500


@dataclass(slots=True)
class _Sitter:
    id: int
    ref: str
    status: SitterStatus
    holds: str | None = None


@dataclass(slots=True)
class _Wanted:
    """A number as it will be stored, and what was lost in the import: (code, reason)."""

    e164: str
    number_class: NumberClass
    status: NumberStatus
    until: datetime | None = None
    reason: str | None = None
    used_at: datetime | None = None
    holder: _Sitter | None = None
    first: _Sitter | None = None
    lost: list[tuple[str, str]] = field(default_factory=list)


def import_numbers(uow: UnitOfWork, rows: Sequence[Row]) -> Imported:
    """Import numbers in the order of `rows`: if two need the same place, the first one gets it.

    A known number is not changed.
    """
    result = Imported("MessageNumber", read=len(rows))
    known = _known(uow, [row["e164"] for row in rows])
    named = [row[each] for row in rows for each in ("assignedSitterId", "formerSitterId")]
    sitters = {
        row.ref: _Sitter(row.id, row.ref, SitterStatus(row.status), row.e164)
        for row in locked_holders(uow.cursor, uow.org.id, named)
    }
    has_desk = active_front_desk(uow) is not None
    seen: dict[str, str] = {}
    for row in rows:
        try:
            e164 = phone_of(uow, row["e164"], is_ours=True)
            if e164 in seen:
                raise MalformedRow(f"{e164} is already number {seen[e164]}.")
            seen[e164] = row["id"]
            owner = known.get(e164)
            if owner is not None and owner != uow.org.id:
                raise NumberTaken(f"{e164} belongs to another org in this database.")
            if owner is not None:
                result.known += 1
                continue
            wanted = _wanted(uow, row, e164)
        except PetmsgError as problem:
            result.refuse(row["id"], problem)
            continue
        _choose_holder(wanted, row["assignedSitterId"], sitters)
        if row["assignedSitterId"] is None:
            wanted.first = sitters.get(row["formerSitterId"])
        if wanted.number_class is NumberClass.FRONT_DESK and wanted.status is NumberStatus.ACTIVE:
            if has_desk:
                wanted.number_class = NumberClass.POOL
                wanted.lost.append(
                    (
                        "front_desk_taken",
                        "The org has a front desk number, so this one becomes a pool number.",
                    )
                )
            has_desk = True
        _add(uow, wanted)
        result.new += 1
        for code, reason in wanted.lost:
            result.note(row["id"], code, reason)
    return result


def report_assignments(_work: UnitOfWork, rows: Sequence[Row]) -> Imported:
    """Report masked numbers of sitters that are not with their number; the others are part of it.

    Each row has the `number` and the `sitter` that it names, None if they do not exist, and the
    `holder` of the number.
    """
    result = Imported("SitterMaskedNumber", read=len(rows))
    for row in rows:
        if row["number"] is None:
            problem = NotImported(f"Number {row['messageNumberId']} does not exist.")
        elif row["sitter"] is None:
            problem = NotImported(f"Sitter {row['sitterId']} does not exist.")
        elif row["sitters_org"] != row["org"]:
            problem = NotImported(f"Sitter {row['sitterId']} belongs to another organisation.")
        elif row["held"] and row["holder"] != row["sitterId"]:
            what = f"Number {row['messageNumberId']} is that of sitter {row['holder']} as well, who"
            problem = NotImported(f"{what} keeps it.")
        else:
            result.merged += 1
            continue
        result.refuse(row["id"], problem)
    return result


def _wanted(uow: UnitOfWork, row: Row, e164: str) -> _Wanted:
    """Return the number without its holder. Raises `MalformedRow`."""
    wanted = _Wanted(e164, _class(row["class"]), _status(row["status"]))
    if row["lastUsedAt"] is not None:
        try:
            wanted.used_at = time_of(row["lastUsedAt"], "Its last use")
        except MalformedRow as problem:
            wanted.lost.append((problem.code, f"{problem.message} Imported as never used."))
    if wanted.status is NumberStatus.QUARANTINED:
        reason = " ".join((row["quarantinedReason"] or "").split())
        reason = "".join(c for c in reason if c.isprintable())[:_LONGEST_REASON]
        wanted.reason = reason or "quarantined in snoutos"
        try:
            wanted.until = time_of(row["quarantineReleaseAt"], "The end of its quarantine")
        except MalformedRow as problem:
            wanted.until = ledger.quarantine_end(uow, None)
            days = uow.org.quarantine_days
            wanted.lost.append(
                (problem.code, f"{problem.message} Quarantined for {days} days from now.")
            )
    return wanted


def _class(written: str | None) -> NumberClass:
    try:
        return NumberClass(word_of(written))
    except ValueError:
        raise MalformedRow(f"Invalid number class {quoted(written or '')}.") from None


def _status(written: str | None) -> NumberStatus:
    found = _STATUS.get(word_of(written))
    if found is None:
        raise MalformedRow(f"Invalid number status {quoted(written or '')}.")
    return found


def _choose_holder(wanted: _Wanted, sitter_id: str | None, sitters: dict[str, _Sitter]) -> None:
    """Assign the number to its old sitter, if they can hold a number of its class.

    A number that cannot be assigned but once belonged to a sitter never goes to another sitter.
    """
    if sitter_id is None:
        return
    sitter = sitters.get(sitter_id)
    if sitter is None:
        lost = (
            "sitter_not_taken",
            f"Sitter {sitter_id} was not imported, so nobody holds the number.",
        )
    elif wanted.number_class is not NumberClass.SITTER:
        wanted.first = sitter
        lost = (
            "not_a_sitter_number",
            f"Nobody can hold a {wanted.number_class} number, so sitter {sitter_id} does not.",
        )
    elif wanted.status is NumberStatus.RETIRED:
        wanted.first = sitter
        lost = (
            "number_retired",
            f"Nobody can hold a retired number, so sitter {sitter_id} does not.",
        )
    elif sitter.status is SitterStatus.OFFBOARDED:
        wanted.first = sitter
        lost = (
            "sitter_offboarded",
            f"Sitter {sitter_id} is offboarded here, so nobody holds the number.",
        )
    elif sitter.holds is not None:
        wanted.first = sitter
        lost = (
            "sitter_has_number",
            f"Sitter {sitter_id} already holds {sitter.holds}, so nobody holds this number.",
        )
    else:
        wanted.holder = wanted.first = sitter
        sitter.holds = wanted.e164
        return
    wanted.lost.append(lost)


def _add(uow: UnitOfWork, wanted: _Wanted) -> None:
    holder = wanted.holder
    number = MessageNumber(
        org_id=uow.org.id,
        e164=wanted.e164,
        number_class=wanted.number_class,
        status=wanted.status,
        sitter_id=None if holder is None else holder.id,
        first_sitter_id=None if wanted.first is None else wanted.first.id,
        quarantined_until=wanted.until,
        quarantine_reason=wanted.reason,
        last_used_at=wanted.used_at,
        created_at=uow.now,
    )
    uow.session.add(number)
    uow.session.flush()
    ledger.append(uow, number, reason=WHY)
    payload: dict[str, Any] = {
        "class": number.number_class.value,
        "status": number.status.value,
        "until": number.quarantined_until,
    }
    uow.audit("number.added", "number", number.e164, payload, reason=WHY)
    if holder is not None:
        uow.audit("number.assigned", "number", number.e164, {"sitter": holder.ref}, reason=WHY)


def _known(uow: UnitOfWork, written: Sequence[str | None]) -> dict[str, int]:
    """Return the org IDs of these numbers that the database already has, by E.164."""
    phones = {phone for text in written if (phone := known_phone(uow, text)) is not None}
    return {row.e164: row.org_id for row in known_numbers(uow.cursor, sorted(phones))}
