"""Suggestions for a name that no row has. Standard library only.

One statement, read by index and cut in every branch: all of a small company, and of a large one
what stands near the typed word. Personal phones are neither looked for nor suggested.
"""

from collections.abc import Mapping

from petmsg.db.cursor import Cursor
from petmsg.errors import NotFound
from petmsg.phone import is_phone, mask_phone, phone_to_look_up
from petmsg.queries.candidates import tells_a_phone
from petmsg.suggestions import (
    closest_names,
    closest_numbers,
    closest_refs,
    closest_words,
    did_you_mean,
)
from petmsg.text_inputs import normal_name

FEW = 20
"""So many rows of a batch at most are worth a guess for each that is not there."""
_FIRST = 500
_BESIDE = 50
_LONGEST = 120
"""What is longer is no mistyped name."""
_NOBODY = "SELECT '' AS ref, '' AS name WHERE 1 = 0"


def _near(key: str, start: str, rows: str) -> str:
    """The rows on both sides of the bound `start` in the order of `key`."""
    return f"""
UNION ALL SELECT * FROM (
    SELECT {rows} AND {key} >= :{start} ORDER BY {key} LIMIT {_BESIDE}
) AS behind_{start}
UNION ALL SELECT * FROM (
    SELECT {rows} AND {key} < :{start} ORDER BY {key} DESC LIMIT {_BESIDE}
) AS before_{start}"""


def _first(key: str, rows: str) -> str:
    return f"""
UNION ALL SELECT * FROM (SELECT {rows} ORDER BY {key} LIMIT {_FIRST}) AS first_ones"""


def _person(table: str) -> str:
    rows = f"x.ref, x.name FROM {table} x WHERE x.org_id = :org_id"
    return (
        _NOBODY
        + _first("x.ref", rows)
        + _near("x.ref", "typed", rows)
        + _near("x.name", "name", rows)
        + _near("x.name", "title", rows)
    )


CLIENTS = _person("client")
SITTERS = _person("sitter")
_BOOKING = "x.ref, NULL FROM booking x WHERE x.org_id = :org_id"
BOOKINGS = _NOBODY + _first("x.ref", _BOOKING) + _near("x.ref", "typed", _BOOKING)
_NUMBER = "x.e164, NULL FROM message_number x WHERE x.org_id = :org_id"
NUMBERS = _NOBODY + _first("x.e164", _NUMBER) + _near("x.e164", "typed", _NUMBER)
_ORG = "x.slug, x.name FROM org x WHERE x.removed_at IS NULL"
ORGS = _NOBODY + _first("x.slug", _ORG) + _near("x.slug", "typed", _ORG)


def no_client(cursor: Cursor, org_id: int, text: str, *, guess: bool = True) -> NotFound:
    """The error for a client who is not there, with whom may have been meant."""
    return _no_person(cursor, "client", CLIENTS, org_id, text, guess=guess)


def no_sitter(cursor: Cursor, org_id: int, text: str, *, guess: bool = True) -> NotFound:
    """The error for a sitter who is not there, with whom may have been meant."""
    return _no_person(cursor, "sitter", SITTERS, org_id, text, guess=guess)


def no_booking(cursor: Cursor, org_id: int, ref: str, *, guess: bool = True) -> NotFound:
    """The error for a booking that is not there, with which may have been meant."""
    refs = _rows(cursor, BOOKINGS, ref, org_id=org_id) if guess else {}
    return _not_found("booking", ref, closest_refs(ref, refs))


def no_number(cursor: Cursor, org_id: int, e164: str) -> NotFound:
    """The error for a masked number that is not there, with which may have been meant."""
    numbers = _rows(cursor, NUMBERS, e164, org_id=org_id)
    return _not_found("number", e164, closest_numbers(e164, numbers))


def no_org(cursor: Cursor, slug: str) -> NotFound:
    """The error for an org that is not there, with which may have been meant."""
    found = _rows(cursor, ORGS, slug)
    return _not_found("org", slug, closest_words(slug, found) or _by_name(slug, found))


def _no_person(
    cursor: Cursor, noun: str, sql: str, org_id: int, text: str, *, guess: bool
) -> NotFound:
    if is_phone(text):
        return NotFound(noun, mask_phone(phone_to_look_up(text)))
    name = normal_name(text)
    found = _rows(cursor, sql, text, org_id=org_id, name=name, title=name.title()) if guess else {}
    shown = {ref: f"{name} ({ref})" for ref, name in found.items() if name}
    meant = dict.fromkeys([*closest_refs(text, found), *_by_name(text, found)])
    return _not_found(noun, text, [shown.get(ref, ref) for ref in meant])


def _by_name(typed: str, found: Mapping[str, str]) -> list[str]:
    """The refs of those whose names are close."""
    close = closest_names(typed, filter(None, found.values()))
    return [ref for name in close for ref in found if found[ref] == name]


def _rows(cursor: Cursor, sql: str, typed: str, **values: object) -> dict[str, str]:
    """Refs near what was typed, with their names where those may be shown."""
    if len(typed) > _LONGEST:
        return {}
    rows = cursor.tuples(sql, typed=typed, **values)
    return {ref: name if name and not tells_a_phone(name) else "" for ref, name in rows}


def _not_found(noun: str, text: str, meant: list[str]) -> NotFound:
    return NotFound(noun, text, hint=did_you_mean(meant[:3]) or None)
