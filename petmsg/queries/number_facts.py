"""What the provider says of numbers: whether they send pictures and take calls, their ID, and the
Messaging Service they sit in. Standard library only."""

from collections.abc import Iterable
from typing import NamedTuple

from petmsg.db.cursor import Cursor

_STORED = """
SELECT e164, mms, voice, provider_number_id, messaging_service FROM message_number
WHERE org_id = :org_id
"""

_NOTE = """
UPDATE message_number SET mms = :mms, voice = :voice, provider_number_id = :provider_number_id,
  messaging_service = :messaging_service
WHERE org_id = :org_id AND e164 = :e164
"""

_KNOWN = """
SELECT org_id, e164 AS number, mms FROM message_number WHERE status <> 'retired' ORDER BY e164
"""


class NumberMms(NamedTuple):
    """A number that is in use or will be again, and whether it can send pictures; None if the
    provider did not say it yet."""

    org_id: int
    number: str
    mms: bool | None


class NumberFacts(NamedTuple):
    """What a provider says of a number; None says nothing, and an empty `messaging_service` that it
    sits in none."""

    e164: str
    mms: bool | None = None
    voice: bool | None = None
    provider_number_id: str | None = None
    messaging_service: str | None = None


def known_mms(cursor: Cursor) -> list[NumberMms]:
    """What is stored of the numbers of all orgs."""
    return [
        row if row.mms is None else row._replace(mms=bool(row.mms))
        for row in cursor.all(NumberMms, _KNOWN)
    ]


def note_facts(cursor: Cursor, org_id: int, said: Iterable[NumberFacts]) -> int:
    """Store what the provider said of the org's numbers; how many changed. What it did not say
    stays."""
    stored = {
        row.e164: row._replace(
            mms=None if row.mms is None else bool(row.mms),
            voice=None if row.voice is None else bool(row.voice),
        )
        for row in cursor.all(NumberFacts, _STORED, org_id=org_id)
    }
    changed = 0
    for number in sorted(set(said), key=lambda each: each.e164):
        before = stored.get(number.e164)
        if before is None:
            continue
        after = before._replace(
            **{name: value for name, value in number._asdict().items() if value not in (None, "")}
        )
        if number.messaging_service == "":
            after = after._replace(messaging_service=None)
        if after != before:
            changed += cursor.run(_NOTE, org_id=org_id, **after._asdict())
            stored[number.e164] = after
    return changed
