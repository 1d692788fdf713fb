"""Alerts: problems that need a person, stored as rows. Services raise them, a person closes
them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.queries.alert import (
    REPORT_AGAIN_AFTER,
    alert_id,
    find_alert,
    insert_alert,
    mark_done,
    mark_reported,
    open_alert,
)
from petmsg.services.unit_of_work import Failure, UnitOfWork, each, run_in_savepoint


@dataclass(frozen=True, slots=True)
class Done:
    """A closed alert, with who closed it and why. `reused` is true if it was already closed."""

    alert: int
    org: str
    kind: str
    entity: str
    ref: str
    done_at: datetime
    done_by: str
    done_reason: str | None
    reused: bool


def raise_alert(
    uow: UnitOfWork,
    kind: AlertKind,
    *,
    severity: AlertSeverity,
    entity: str,
    ref: str,
    message: str,
    command: str | None = None,
) -> int:
    """Raise an alert; return its ID.

    `entity` and `ref` say whom it is about, `message` what happened, `command` what fixes it. None
    of them may contain a personal phone, a name or a message body. While an alert with the same
    kind, entity and ref is open, that one counts one more, takes the new text and keeps the higher
    severity; only its opening is audited. Call this after the rows it is about were locked, so that
    two transactions take their locks in the same order.
    """
    id_, count = insert_alert(
        uow.cursor,
        uow.org.id,
        severity=severity.value,
        kind=kind.value,
        entity=entity,
        ref=ref,
        message=message,
        command=command,
        now=uow.now,
    )
    if count == 1:
        uow.audit(
            "alert.raised",
            "alert",
            str(id_),
            {"kind": kind.value, "severity": severity.value, "entity": entity, "about": ref},
        )
    return id_


def close_alert(uow: UnitOfWork, kind: AlertKind, *, entity: str, ref: str, reason: str) -> None:
    """Close the open alert of that kind, entity and ref, because its cause is over. Without one
    nothing changes."""
    alert = open_alert(uow.cursor, uow.org.id, kind=kind.value, entity=entity, ref=ref)
    if alert is not None:
        done(uow, str(alert), reason=reason)


def close_message_alert(uow: UnitOfWork, message_id: int, *, reason: str) -> None:
    """Close the open alert that a message is held or cannot be processed."""
    close_alert(uow, AlertKind.MESSAGE_HELD, entity="message", ref=str(message_id), reason=reason)


def mark_alerts_reported(uow: UnitOfWork) -> list[int]:
    """Mark the open alerts that were not reported for `REPORT_AGAIN_AFTER` as reported now.

    Returns their IDs.
    """
    return mark_reported(uow.cursor, uow.org.id, now=uow.now, before=uow.now - REPORT_AGAIN_AFTER)


def done_all(
    uow: UnitOfWork, ids: Sequence[str], *, reason: str | None = None, of_many: bool = False
) -> list[Done | Failure]:
    """Close several alerts, each in its own savepoint.

    `of_many` means that they are part of a longer list, where the error of a single one belongs to
    its row too.
    """
    if of_many and len(ids) == 1:
        return [run_in_savepoint(uow, ids[0], lambda text: done(uow, text, reason=reason), ref=str)]
    return each(uow, ids, lambda text: done(uow, text, reason=reason))


def done(uow: UnitOfWork, text: str, *, reason: str | None = None) -> Done:
    """Close an alert. Repeating it changes nothing. Raises `NotFound`, `OutOfRange`.

    A later cause of the same kind opens a new alert.
    """
    changed = mark_done(
        uow.cursor, uow.org.id, now=uow.now, actor=uow.actor, reason=reason, alert_id=alert_id(text)
    )
    row = find_alert(uow.cursor, [uow.org], text)
    if changed:
        about = {"kind": row.kind, "severity": row.severity, "entity": row.entity}
        uow.audit(
            "alert.done",
            "alert",
            str(row.alert),
            {**about, "count": row.times, "about": row.ref},
            reason=reason,
        )
    assert row.done_at is not None
    assert row.done_by is not None
    return Done(
        alert=row.alert,
        org=row.org,
        kind=row.kind,
        entity=row.entity,
        ref=row.ref,
        done_at=row.done_at,
        done_by=row.done_by,
        done_reason=row.done_reason,
        reused=not changed,
    )
