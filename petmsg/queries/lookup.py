"""Find the row that a person names by ref, phone or unique name.

A ref takes precedence over a name. If several rows match, `Ambiguous` lists them.
"""

from collections.abc import Collection
from typing import NamedTuple

from petmsg.db.cursor import Cursor
from petmsg.enums.bookings import BookingStatus
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.people import ClientKind, SitterStatus
from petmsg.errors import Ambiguous, Refused
from petmsg.phone import is_phone, mask_phone, phone_to_look_up
from petmsg.text_inputs import normal_name

_CLIENT = "SELECT c.id, c.ref, c.name, c.kind FROM client c "
_SITTER = "SELECT s.id, s.ref, s.name, s.status FROM sitter s "


class ClientKey(NamedTuple):
    """The identity of a client."""

    id: int
    ref: str
    name: str | None
    kind: ClientKind


class SitterKey(NamedTuple):
    """The identity of a sitter."""

    id: int
    ref: str
    name: str
    status: SitterStatus


class NumberKey(NamedTuple):
    """The identity of a masked number."""

    id: int
    e164: str
    number_class: NumberClass
    status: NumberStatus


class BookingKey(NamedTuple):
    """The identity of a booking."""

    id: int
    ref: str
    client_id: int
    status: BookingStatus


def find_client(cursor: Cursor, org_id: int, text: str, *, guess: bool = True) -> ClientKey:
    """The client with this ref, phone or unique name.

    Raises `Ambiguous`, and `NotFound`, which suggests similar clients if `guess` is True.
    """
    if is_phone(text):
        sql = _CLIENT + (
            "JOIN client_phone p ON p.org_id = c.org_id AND p.client_id = c.id "
            "WHERE p.org_id = :org_id AND p.e164 = :text"
        )
        found = cursor.tuples(sql, org_id=org_id, text=phone_to_look_up(text))
    else:
        found = _by_ref_or_name(cursor, _CLIENT, "c", org_id, text)
    if not found:
        from petmsg.queries.suggestions import no_client

        raise no_client(cursor, org_id, text, guess=guess)
    if len(found) > 1:
        raise Ambiguous("client", _as_shown(text), [str(row[1]) for row in found])
    row = found[0]
    return ClientKey(row[0], row[1], row[2], ClientKind(row[3]))


def client_by_id(cursor: Cursor, org_id: int, client_id: int) -> ClientKey:
    """The client with this id, to which a row of the org refers."""
    row = cursor.tuples(
        _CLIENT + "WHERE c.org_id = :org_id AND c.id = :id", org_id=org_id, id=client_id
    )[0]
    return ClientKey(row[0], row[1], row[2], ClientKind(row[3]))


def clients_of_refs(cursor: Cursor, org_id: int, refs: Collection[str]) -> list[ClientKey]:
    """The clients with these refs. Unknown refs are left out."""
    sql = _CLIENT + "WHERE c.org_id = :org_id AND c.ref IN (:refs)"
    found = cursor.all_in_list(ClientKey, sql, "refs", sorted(refs), org_id=org_id)
    return [each._replace(kind=ClientKind(each.kind)) for each in found]


def sitters_of_refs(cursor: Cursor, org_id: int, refs: Collection[str]) -> list[SitterKey]:
    """The sitters with these refs. Unknown refs are left out."""
    sql = _SITTER + "WHERE s.org_id = :org_id AND s.ref IN (:refs)"
    found = cursor.all_in_list(SitterKey, sql, "refs", sorted(refs), org_id=org_id)
    return [each._replace(status=SitterStatus(each.status)) for each in found]


def find_sitter(cursor: Cursor, org_id: int, text: str, *, guess: bool = True) -> SitterKey:
    """The sitter with this ref, personal phone or unique name. Raises like `find_client`."""
    if is_phone(text):
        sql = _SITTER + "WHERE s.org_id = :org_id AND s.phone = :text ORDER BY s.id LIMIT 11"
        found = cursor.tuples(sql, org_id=org_id, text=phone_to_look_up(text))
    else:
        found = _by_ref_or_name(cursor, _SITTER, "s", org_id, text)
    if not found:
        from petmsg.queries.suggestions import no_sitter

        raise no_sitter(cursor, org_id, text, guess=guess)
    if len(found) > 1:
        raise Ambiguous("sitter", _as_shown(text), [str(row[1]) for row in found])
    row = found[0]
    return SitterKey(row[0], row[1], row[2], SitterStatus(row[3]))


def find_number(cursor: Cursor, org_id: int, text: str) -> NumberKey:
    """The masked number with this E.164. Raises `NotFound` or `MalformedPhone`."""
    row = cursor.one(
        "SELECT id, e164, class, status FROM message_number "
        "WHERE org_id = :org_id AND e164 = :e164",
        org_id=org_id,
        e164=phone_to_look_up(text),
    )
    if row is None:
        from petmsg.queries.suggestions import no_number

        raise no_number(cursor, org_id, text)
    return NumberKey(row["id"], row["e164"], NumberClass(row["class"]), NumberStatus(row["status"]))


def find_booking(cursor: Cursor, org_id: int, ref: str) -> BookingKey:
    """The booking with this ref. Raises `NotFound`."""
    row = cursor.one(
        "SELECT id, ref, client_id, status FROM booking WHERE org_id = :org_id AND ref = :ref",
        org_id=org_id,
        ref=ref,
    )
    if row is None:
        from petmsg.queries.suggestions import no_booking

        raise no_booking(cursor, org_id, ref)
    return BookingKey(row["id"], row["ref"], row["client_id"], BookingStatus(row["status"]))


class OurNumber(Refused):
    """A person's phone is a masked number: petmsg would send messages to itself forever."""

    code = "phone_is_our_number"
    hint = "Give the person's own phone. List the masked numbers: petmsg number list"

    def __init__(self, e164: str) -> None:
        super().__init__(f"{e164} is a masked number, not a person's phone.")


class SomebodysPhone(Refused):
    """A masked number is the personal phone of a client or sitter."""

    code = "number_is_a_persons_phone"
    hint = "Check the number, or change the person's phone first."

    def __init__(self, e164: str) -> None:
        super().__init__(f"{mask_phone(e164)} is the personal phone of a client or a sitter.")


def refuse_our_number(cursor: Cursor, e164: str) -> None:
    """Raise `OurNumber` for a phone that is a masked number of any org in this database."""
    if cursor.value("SELECT 1 FROM message_number WHERE e164 = :e164", e164=e164) is not None:
        raise OurNumber(e164)


def refuse_somebodys_phone(cursor: Cursor, org_id: int, e164: str) -> None:
    """Raise `SomebodysPhone` for a number that is the phone of a client or sitter of the org."""
    found = cursor.value(
        "SELECT 1 FROM client_phone WHERE org_id = :org_id AND e164 = :e164"
        " UNION ALL SELECT 1 FROM sitter WHERE org_id = :org_id AND phone = :e164 LIMIT 1",
        org_id=org_id,
        e164=e164,
    )
    if found is not None:
        raise SomebodysPhone(e164)


def _by_ref_or_name(
    cursor: Cursor, select: str, alias: str, org_id: int, text: str
) -> list[tuple[object, ...]]:
    by_ref = f"{select} WHERE {alias}.org_id = :org_id AND {alias}.ref = :text"
    found = cursor.tuples(by_ref, org_id=org_id, text=text)
    if found:
        return found
    by_name = (
        f"{select} WHERE {alias}.org_id = :org_id AND {alias}.name = :text "
        f"ORDER BY {alias}.id LIMIT 11"
    )
    return cursor.tuples(by_name, org_id=org_id, text=normal_name(text))


def _as_shown(text: str) -> str:
    """The typed text as an error shows it: personal phones are masked."""
    return mask_phone(phone_to_look_up(text)) if is_phone(text) else text
