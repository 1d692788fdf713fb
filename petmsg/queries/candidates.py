"""Candidates for shell completion of a partly typed word. Standard library only.

One statement each, read by index and cut at `MOST` rows from each place where the word may stand. A
word is looked for as it was typed and as it is usually written (`ann` is `Ann`, `hp-c` is `HP-C`).
Where more rows begin with it than are offered, the last of them is offered too: what all offered
words have in common, which a shell types by itself, is then common to the others as well.

Personal phones are never offered, not even where somebody wrote one into a name.
"""

import re
import unicodedata
from collections.abc import Collection
from typing import Any, NamedTuple

from petmsg.clock import zone
from petmsg.db.cursor import Cursor
from petmsg.phone import calling_code

MOST = 200
_LAST = "\U0010ffff"
"""Sorts behind every character."""
_PHONE = re.compile(r"(?:\d[\s().+-]*){7,}")

_ORG = """(
    SELECT CASE WHEN count(*) = 1 THEN min(id) END FROM org
    WHERE removed_at IS NULL AND (slug = :slug OR :any_org = 1)
)"""
_ORGS = "(SELECT id FROM org WHERE removed_at IS NULL AND (slug = :slug OR :any_org = 1))"
_NOBODY = "SELECT '' AS word, '' AS about, '' AS state, 0 AS is_name WHERE 1 = 0"


def _from(start: str, key: str, rows: str) -> str:
    """The first of `rows` from the bound `start` on, and the last one that can begin with it."""
    return f"""
UNION ALL SELECT * FROM (
    SELECT {rows} AND {key} >= :{start} ORDER BY {key} LIMIT {MOST}
) AS first_of_{start}
UNION ALL SELECT * FROM (
    SELECT {rows} AND {key} >= :{start} AND {key} < :{start}_end ORDER BY {key} DESC LIMIT 1
) AS last_of_{start}"""


def _by_ref_or_name(table: str, state: str) -> str:
    ref = f"x.ref, x.name, {state}, 0 FROM {table} x WHERE x.org_id = {_ORG}"
    name = f"x.name, x.ref, {state}, 1 FROM {table} x WHERE x.org_id = {_ORG}"
    return (
        _NOBODY
        + _from("typed", "x.ref", ref)
        + _from("capitals", "x.ref", ref)
        + _from("name", "x.name", name)
        + _from("title", "x.name", name)
    )


CLIENTS = _by_ref_or_name("client", "''")
SITTERS = _by_ref_or_name("sitter", "x.status")

_BOOKING = f"""x.ref, c.name, x.status, 0, x.starts_at, o.timezone
    FROM booking x JOIN client c ON c.id = x.client_id JOIN org o ON o.id = x.org_id
    WHERE x.org_id = {_ORG}"""
BOOKINGS = (
    _NOBODY.replace("0 AS is_name", "0 AS is_name, NULL AS starts_at, NULL AS timezone")
    + _from("typed", "x.ref", _BOOKING)
    + _from("capitals", "x.ref", _BOOKING)
    + f"""
UNION ALL SELECT * FROM (
    SELECT {_BOOKING} AND x.status = 'pending' ORDER BY x.id DESC LIMIT {MOST}
) AS pending"""
)

_NUMBER = f"""x.e164, s.name, x.class || ', ' || x.status, 0
    FROM message_number x LEFT JOIN sitter s ON s.id = x.sitter_id
    WHERE x.org_id = {_ORG}"""
NUMBERS = _NOBODY + _from("typed", "x.e164", _NUMBER)
QUARANTINED = _NOBODY + _from("typed", "x.e164", f"{_NUMBER} AND x.status = 'quarantined'")

ORGS = _NOBODY + _from(
    "typed", "x.slug", "x.slug, x.name, '', 0 FROM org x WHERE x.removed_at IS NULL"
)

# Every kind is behind the empty one: it makes SQLite read the index of the open ones alone.
ALERTS = f"""
SELECT a.id AS word, a.kind || ' ' || a.ref AS about, a.severity AS state, 0 AS is_name
FROM alert a WHERE a.done_at IS NULL AND a.kind >= '' AND a.org_id IN {_ORGS}
ORDER BY a.id DESC LIMIT {MOST}
"""
CHANNELS = f"""
SELECT c.name AS word, o.slug AS about, c.severity AS state, 0 AS is_name
FROM notify_channel c JOIN org o ON o.id = c.org_id WHERE c.org_id IN {_ORGS}
ORDER BY c.name LIMIT {MOST}
"""
MESSAGES = f"""
SELECT m.id AS word, c.ref AS about, m.status AS state, 0 AS is_name
FROM message m LEFT JOIN client c ON c.id = m.client_id WHERE m.org_id = {_ORG}
ORDER BY m.id DESC LIMIT {MOST}
"""
CALLS = f"""
SELECT k.id AS word, c.ref AS about, k.status AS state, 0 AS is_name
FROM call k LEFT JOIN client c ON c.id = k.client_id WHERE k.org_id = {_ORG}
ORDER BY k.id DESC LIMIT {MOST}
"""
MEDIA = f"""
SELECT x.id AS word, x.name AS about, x.status AS state, 0 AS is_name
FROM media x WHERE x.org_id = {_ORG}
ORDER BY x.id DESC LIMIT {MOST}
"""
TEMPLATES = f"""
SELECT t.name AS word, '' AS about, '' AS state, 0 AS is_name
FROM template t WHERE t.org_id = {_ORG} AND t.removed_at IS NULL
ORDER BY t.name LIMIT {MOST}
"""
EVENTS = f"""
SELECT e.seq AS word, e.event || ' ' || e.ref AS about, '' AS state, 0 AS is_name
FROM audit_event e WHERE e.org_id = {_ORG}
ORDER BY e.seq DESC LIMIT {MOST}
"""
INBOX = f"""
SELECT i.message_id AS word, c.ref AS about, i.addressed_to AS state, 0 AS is_name
FROM inbound_text i JOIN message m ON m.id = i.message_id LEFT JOIN client c ON c.id = m.client_id
WHERE i.org_id = {_ORG} AND i.inbox_at IS NOT NULL AND i.done_at IS NULL
ORDER BY i.message_id DESC LIMIT {MOST}
"""
UNMATCHED = f"""
SELECT t.id AS word, t.to_e164 AS about, '' AS state, 0 AS is_name
FROM stray_text t WHERE t.adopted_at IS NULL
ORDER BY t.id DESC LIMIT {MOST}
"""
_OF_NUMBERS = (NUMBERS, QUARANTINED)
_OF_PEOPLE = (CLIENTS, SITTERS, BOOKINGS, MEDIA, *_OF_NUMBERS)


class Candidate(NamedTuple):
    """A word to offer, and what to say beside it."""

    word: str
    note: str = ""


def offered(
    cursor: Cursor, sql: str, typed: str, *, org: str | None, states: Collection[str] = ()
) -> list[Candidate]:
    """What `typed` may become by one of the texts above, in the order of the table.

    `org` is the chosen org's slug; without one the database's only org is meant (its open alerts
    are those of all orgs). `states` are the only ones wanted, if any are named. A
    number is also offered for its digits without the plus, or without the country code.
    """
    typed = unicodedata.normalize("NFC", typed)
    digits = "".join(each for each in typed if each in "0123456789")
    if sql not in _OF_NUMBERS or typed[:1] == "+" or not digits:
        found = _read(cursor, sql, typed, org=org, states=states)
        return [each for each in found if each.word.casefold().startswith(typed.casefold())]
    found = _read(cursor, sql, f"+{digits}", org=org, states=states)
    with_code = [each for each in found if each.word.startswith(f"+{digits}")]
    if with_code:
        return with_code
    found = _read(cursor, sql, "+", org=org, states=states)
    return [each for each in found if _is_dialled(each.word, digits)]


def _is_dialled(e164: str, digits: str) -> bool:
    """Whether a number may begin with these digits where it is dialled within its country."""
    national = e164[1 + len(calling_code(e164) or "") :]
    return national.startswith((digits, digits.removeprefix("0")))


def _read(
    cursor: Cursor, sql: str, typed: str, *, org: str | None, states: Collection[str]
) -> list[Candidate]:
    found: dict[str, Candidate] = {}
    for row in cursor.rows(sql, slug=org, any_org=int(org is None), **_starts(sql, typed)):
        if states and row["state"] not in states:
            continue
        candidate = _candidate(row, names=sql in _OF_PEOPLE)
        if candidate is not None:
            found.setdefault(candidate.word, candidate)
    return list(found.values())


def tells_a_phone(name: str) -> bool:
    """Whether somebody wrote a phone into a name."""
    return _PHONE.search(name) is not None


def _starts(sql: str, typed: str) -> dict[str, str]:
    """From where on a text's branches read. A name needs a first letter: with none, refs do."""
    starts = {
        "typed": typed,
        "capitals": typed.upper() if typed != typed.upper() else _LAST,
        "name": typed or _LAST,
        "title": typed.title() if typed != typed.title() else _LAST,
    }
    ends = {f"{name}_end": start + _LAST for name, start in starts.items()}
    return {name: value for name, value in (starts | ends).items() if f":{name}" in sql}


def _candidate(row: dict[str, Any], *, names: bool) -> Candidate | None:
    word, about = str(row["word"] or ""), str(row["about"] or "")
    if names and tells_a_phone(word if row["is_name"] else about):
        if row["is_name"]:
            return None
        about = ""
    notes = [about, row["state"]]
    if row.get("starts_at") is not None:
        notes.append(f"{row['starts_at'].astimezone(zone(row['timezone'])):%Y-%m-%d}")
    return Candidate(word, ", ".join(filter(None, notes))) if word.isprintable() else None
