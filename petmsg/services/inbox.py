"""The inbox: texts that came in and wait for a person, from being put there until they are done."""

from petmsg.services.work import Work


def put_in(work: Work, message_id: int) -> bool:
    """A text waits for a person from now on; False if it does already. One that was done waits
    again."""
    changed = work.cursor.run(
        "UPDATE inbound_text SET inbox_at = :now, claimed_by = NULL, claimed_at = NULL,"
        " done_by = NULL, done_at = NULL, done_reason = NULL"
        " WHERE org_id = :org_id AND message_id = :id"
        " AND (inbox_at IS NULL OR done_at IS NOT NULL)",
        now=work.now,
        org_id=work.org.id,
        id=message_id,
    )
    return bool(changed)


def take_out(work: Work, message_id: int, *, by: str, reason: str) -> bool:
    """A text does not wait for a person any more; False if it did not."""
    changed = work.cursor.run(
        "UPDATE inbound_text SET done_by = :by, done_at = :now, done_reason = :reason"
        " WHERE org_id = :org_id AND message_id = :id"
        " AND inbox_at IS NOT NULL AND done_at IS NULL",
        now=work.now,
        by=by,
        reason=reason,
        org_id=work.org.id,
        id=message_id,
    )
    return bool(changed)
