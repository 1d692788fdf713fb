"""Alerts: what needs a person is a row, not a log line. Raised by what runs, done by a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from petmsg.enums import AlertKind, AlertSeverity
from petmsg.queries.alert import TELL_AGAIN_AFTER, alert_id, find_alert
from petmsg.services.unit_of_work import Failure, Work, each, take_alone

# One statement, because two processes may raise the same matter at the same moment.
_RAISE = """
INSERT INTO alert (org_id, severity, kind, entity, ref, message, command, count, opened_at, last_at)
VALUES (:org_id, :severity, :kind, :entity, :ref, :message, :command, 1, :now, :now)
ON CONFLICT (org_id, kind, entity, ref) WHERE done_at IS NULL DO UPDATE SET
    count = alert.count + 1,
    severity = CASE WHEN alert.severity = 'critical' OR excluded.severity = 'info'
                    THEN alert.severity ELSE excluded.severity END,
    message = excluded.message,
    command = excluded.command,
    last_at = CASE WHEN excluded.last_at > alert.last_at
                   THEN excluded.last_at ELSE alert.last_at END
RETURNING id, count
"""


@dataclass(frozen=True, slots=True)
class Done:
    """An alert that is done, with who did it and why. `reused`: it was done before."""

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
    work: Work,
    kind: AlertKind,
    *,
    severity: AlertSeverity,
    entity: str,
    ref: str,
    message: str,
    command: str | None = None,
) -> int:
    """Raise a matter; the id of its open alert.

    `entity` and `ref` say whom it is about, `message` what happened, `command` what helps; none of
    them may hold a personal phone, a name or a body. While the same matter (kind, entity, ref) is
    open, it counts one more, takes the new words and keeps the graver severity; audited is only
    its opening. Raise it after the rows it is about were locked, so that two transactions take
    their locks in the same order.
    """
    ((id_, count),) = work.cursor.tuples(
        _RAISE,
        org_id=work.org.id,
        severity=severity.value,
        kind=kind.value,
        entity=entity,
        ref=ref,
        message=message,
        command=command,
        now=work.now,
    )
    if count == 1:
        work.record(
            "alert.raised",
            "alert",
            str(id_),
            {"kind": kind.value, "severity": severity.value, "entity": entity, "about": ref},
        )
    return int(id_)


def end_matter(work: Work, kind: AlertKind, *, entity: str, ref: str, reason: str) -> None:
    """Mark the open alert of a matter as done, because it is over. Without one nothing changes."""
    open_alert = work.cursor.value(
        "SELECT id FROM alert WHERE org_id = :org_id AND kind = :kind AND entity = :entity"
        " AND ref = :ref AND done_at IS NULL",
        org_id=work.org.id,
        kind=kind.value,
        entity=entity,
        ref=ref,
    )
    if open_alert is not None:
        done(work, str(open_alert), reason=reason)


def tell(work: Work) -> list[int]:
    """The ids of the open alerts that were not told for `TELL_AGAIN_AFTER`; they are told now."""
    rows = work.cursor.tuples(
        "UPDATE alert SET told_at = :now WHERE org_id = :org_id AND done_at IS NULL"
        " AND (told_at IS NULL OR told_at <= :before) RETURNING id",
        now=work.now,
        before=work.now - TELL_AGAIN_AFTER,
        org_id=work.org.id,
    )
    return [row[0] for row in rows]


def done_all(
    work: Work, ids: Sequence[str], *, reason: str | None = None, of_many: bool = False
) -> list[Done | Failure]:
    """`done` for several alerts, each all or nothing. `of_many`: they are part of a longer list,
    where a single one's error is its row's too."""
    if of_many and len(ids) == 1:
        return [take_alone(work, ids[0], lambda text: done(work, text, reason=reason), ref=str)]
    return each(work, ids, lambda text: done(work, text, reason=reason))


def done(work: Work, text: str, *, reason: str | None = None) -> Done:
    """Mark an alert as done. Done before, it is left as it was. Raises `NotFound`, `OutOfRange`.

    The same matter raised later opens a new alert.
    """
    changed = work.cursor.run(
        "UPDATE alert SET done_at = :now, done_by = :actor, done_reason = :reason"
        " WHERE org_id = :org_id AND id = :id AND done_at IS NULL",
        now=work.now,
        actor=work.actor,
        reason=reason,
        org_id=work.org.id,
        id=alert_id(text),
    )
    row = find_alert(work.cursor, [work.org], text)
    if changed:
        about = {name: row[name] for name in ("kind", "severity", "entity", "count")}
        work.record(
            "alert.done",
            "alert",
            str(row["alert"]),
            {**about, "about": row["ref"]},
            reason=reason,
        )
    return Done(
        alert=row["alert"],
        org=row["org"],
        kind=row["kind"],
        entity=row["entity"],
        ref=row["ref"],
        done_at=row["done_at"],
        done_by=row["done_by"],
        done_reason=row["done_reason"],
        reused=not changed,
    )
