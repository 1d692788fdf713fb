"""Import sitters with their own phone and their status."""

import shlex
from collections.abc import Container, Sequence
from sqlite3 import Row

from petmsg.enums.people import SitterStatus
from petmsg.errors import MalformedRef
from petmsg.importers.snoutos.people import WHY, DeletedThere, name_of
from petmsg.importers.snoutos.phones import known_phone
from petmsg.importers.snoutos.report import Imported
from petmsg.importers.snoutos.staging import Stage
from petmsg.models import Sitter, SitterActivity
from petmsg.phone import mask_phone
from petmsg.queries.imported import sitters_by_ref
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import parse_ref

_MASKED = 'SELECT e164 FROM "MessageNumber" WHERE orgId = :org'
_YES = frozenset(("true", "t", "1", "yes", "y", "on"))
_NO = frozenset(("false", "f", "0", "no", "n", "off"))


def import_sitters(uow: UnitOfWork, stage: Stage, org: str, rows: Sequence[Row]) -> Imported:
    """Import sitters with their status; a known ref is not changed.

    A sitter who was deleted there is offboarded here, so that their past visits and messages keep
    their name. The old table may have no phones of sitters: such a sitter's phone stays empty until
    somebody adds it.
    """
    result = Imported("Sitter", read=len(rows))
    known = sitters_by_ref(uow.cursor, uow.org.id, [row["id"] for row in rows])
    masked = {known_phone(uow, row["e164"]) for row in stage.rows(_MASKED, org=org)} - {None}
    new: dict[str, Sitter] = {}
    for row in rows:
        if row["id"] in known:
            _leave_sitter(row, known[row["id"]].status, result)
            continue
        try:
            ref = parse_ref(row["id"])
        except MalformedRef as problem:
            result.refuse(row["id"], problem)
            continue
        phone = _sitters_phone(uow, row, masked, result)
        result.phoneless += not phone
        new[ref] = Sitter(
            org_id=uow.org.id,
            ref=ref,
            name=name_of(row, result),
            phone=phone,
            status=_sitters_status(row, result),
            created_at=uow.now,
        )
    uow.session.add_all(list(new.values()))
    uow.session.flush()
    for sitter in new.values():
        _audit_sitter(uow, sitter)
    result.new = len(new)
    return result


def _leave_sitter(row: Row, status: str, result: Imported) -> None:
    """Leave a known sitter as they are; say so if they were deleted there since."""
    if row["deletedAt"] is None or status == SitterStatus.OFFBOARDED:
        result.known += 1
        return
    result.refuse(
        row["id"],
        DeletedThere(
            f"The sitter was deleted there since, and is {status} here.",
            hint=f"Offboard them: petmsg sitter deactivate {shlex.quote(row['id'])}",
        ),
    )


def _audit_sitter(uow: UnitOfWork, sitter: Sitter) -> None:
    uow.audit("sitter.added", "sitter", sitter.ref, reason=WHY)
    if sitter.status is SitterStatus.ACTIVE:
        uow.session.add(
            SitterActivity(org_id=uow.org.id, sitter_id=sitter.id or 0, activated_at=uow.now)
        )
        uow.audit("sitter.activated", "sitter", sitter.ref, {"before": None}, reason=WHY)
    elif sitter.status is SitterStatus.OFFBOARDED:
        uow.audit("sitter.deactivated", "sitter", sitter.ref, {"before": None}, reason=WHY)


def _sitters_status(row: Row, result: Imported) -> SitterStatus:
    if row["deletedAt"] is not None:
        what = "The sitter was deleted there, and is offboarded here."
        result.note(row["id"], DeletedThere.code, what)
        return SitterStatus.OFFBOARDED
    return SitterStatus.ACTIVE if _is_active(row, result) else SitterStatus.INACTIVE


def _is_active(row: Row, result: Imported) -> bool:
    written = (row["active"] or "").lower()
    if written not in _YES | _NO:
        result.note(
            row["id"],
            "not_active",
            "The column active is neither yes nor no, so the sitter is inactive.",
        )
    return written in _YES


def _sitters_phone(
    uow: UnitOfWork, row: Row, masked: Container[str | None], result: Imported
) -> str:
    """Return the sitter's own phone: the personal one, otherwise one that is no masked number."""
    written = [row[name] for name in ("personalPhone", "phone", "e164") if row[name]]
    phones = list(dict.fromkeys(known_phone(uow, each) for each in written))
    if None in phones:
        what = "A phone of the sitter cannot be read as a phone number, so it was left out."
        result.note(row["id"], "malformed_phone", what)
    own = [phone for phone in phones if phone is not None and phone not in masked]
    if len(own) > 1:
        what = f"The sitter has another phone, {mask_phone(own[1])}, which was left out."
        result.note(row["id"], "other_phone", what)
    return own[0] if own else ""
