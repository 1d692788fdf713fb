"""Whether numbers can send pictures, as their provider says. Standard library only."""

from collections.abc import Iterable

from petmsg.db.cursor import Cursor

_NOTE = """
UPDATE message_number SET mms = :mms
WHERE org_id = :org_id AND e164 = :e164 AND (mms IS NULL OR mms <> :mms)
"""


def note_mms(cursor: Cursor, org_id: int, said: Iterable[tuple[str, bool | None]]) -> int:
    """Store what the provider said of the org's numbers, by E.164; how many changed.

    None says nothing: what is known of the number stays.
    """
    return sum(
        cursor.run(_NOTE, org_id=org_id, e164=e164, mms=mms)
        for e164, mms in sorted({(e164, mms) for e164, mms in said if mms is not None})
    )
