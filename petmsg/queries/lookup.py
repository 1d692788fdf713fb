"""Find the row that a person names by ref, phone or unique name.

A ref takes precedence over a phone, because it may consist of digits, and a phone over a name. A
phone without a plus is read in the org's country. If several rows match, `Ambiguous` lists them.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, Protocol

from petmsg.db.cursor import Cursor
from petmsg.enums.bookings import BookingStatus
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.enums.people import ClientKind, SitterStatus
from petmsg.errors import Ambiguous, MalformedPhone, NotFound, PetmsgError, Refused
from petmsg.phone import is_e164, is_phone, mask_phone, may_be_phone, phone_to_look_up
from petmsg.queries.org import country_of
from petmsg.text_inputs import normal_name

_CLIENT = "SELECT c.id, c.ref, c.name, c.kind FROM client c "
_CLIENTS_BY_ID = f"{_CLIENT} WHERE c.org_id = :org_id AND c.id IN (:ids)"
_SITTER = "SELECT s.id, s.ref, s.name, s.status FROM sitter s "
_MOST_CANDIDATES = 11
"""The most rows that are read for a text: more candidates than an error lists."""


class _Person(NamedTuple):
    """How people of one noun are found."""

    noun: str
    by_phone: str
    by_ref: str
    by_name: str
    all_by_phone: str
    all_by_ref: str
    all_by_name: str


_CLIENTS = _Person(
    "client",
    _CLIENT + "JOIN client_phone p ON p.org_id = c.org_id AND p.client_id = c.id "
    "WHERE p.org_id = :org_id AND p.e164 = :text",
    _CLIENT + "WHERE c.org_id = :org_id AND c.ref = :text",
    _CLIENT + "WHERE c.org_id = :org_id AND c.name = :text ORDER BY c.id LIMIT 11",
    "SELECT c.id, c.ref, c.name, c.kind, p.e164 AS text FROM client c "
    "JOIN client_phone p ON p.org_id = c.org_id AND p.client_id = c.id "
    "WHERE p.org_id = :org_id AND p.e164 IN (:texts)",
    "SELECT c.id, c.ref, c.name, c.kind, c.ref AS text FROM client c "
    "WHERE c.org_id = :org_id AND c.ref IN (:texts)",
    "SELECT c.id, c.ref, c.name, c.kind, c.name AS text FROM client c "
    "WHERE c.org_id = :org_id AND c.name IN (:texts)",
)
_SITTERS = _Person(
    "sitter",
    _SITTER + "WHERE s.org_id = :org_id AND s.phone = :text ORDER BY s.id LIMIT 11",
    _SITTER + "WHERE s.org_id = :org_id AND s.ref = :text",
    _SITTER + "WHERE s.org_id = :org_id AND s.name = :text ORDER BY s.id LIMIT 11",
    "SELECT s.id, s.ref, s.name, s.status, s.phone AS text FROM sitter s "
    "WHERE s.org_id = :org_id AND s.phone IN (:texts)",
    "SELECT s.id, s.ref, s.name, s.status, s.ref AS text FROM sitter s "
    "WHERE s.org_id = :org_id AND s.ref IN (:texts)",
    "SELECT s.id, s.ref, s.name, s.status, s.name AS text FROM sitter s "
    "WHERE s.org_id = :org_id AND s.name IN (:texts)",
)


class ClientKey(NamedTuple):
    """The identity of a client."""

    id: int
    ref: str
    name: str | None
    kind: ClientKind


class WithClient(Protocol):
    """A row of another table that says which client it is about."""

    @property
    def client_id(self) -> int: ...
    @property
    def client(self) -> str: ...
    @property
    def client_name(self) -> str | None: ...
    @property
    def kind(self) -> str: ...


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


def client_key(row: WithClient) -> ClientKey:
    """The client whom a row is about."""
    return ClientKey(row.client_id, row.client, row.client_name, ClientKind(row.kind))


def find_client(cursor: Cursor, org_id: int, text: str, *, guess: bool = True) -> ClientKey:
    """The client with this ref, phone or unique name.

    Raises `Ambiguous`, and `NotFound`, which suggests similar clients if `guess` is True.
    """
    row = _one_person(cursor, _CLIENTS, org_id, text, guess=guess)
    return ClientKey(row[0], row[1], row[2], ClientKind(row[3]))


def client_by_id(cursor: Cursor, org_id: int, client_id: int) -> ClientKey:
    """The client with this id, to which a row of the org refers."""
    row = cursor.tuples(
        _CLIENT + "WHERE c.org_id = :org_id AND c.id = :id", org_id=org_id, id=client_id
    )[0]
    return ClientKey(row[0], row[1], row[2], ClientKind(row[3]))


def clients_by_id(cursor: Cursor, org_id: int, ids: Collection[int]) -> dict[int, ClientKey]:
    """The clients with these ids, to which rows of the org refer."""
    rows = cursor.all_in_list(ClientKey, _CLIENTS_BY_ID, "ids", sorted(ids), org_id=org_id)
    return {row.id: row._replace(kind=ClientKind(row.kind)) for row in rows}


def find_clients(
    cursor: Cursor, org_id: int, texts: Collection[str]
) -> dict[str, ClientKey | PetmsgError]:
    """What `find_client` gives or raises for each text; read together for all of them."""
    return {
        text: found
        if isinstance(found, PetmsgError)
        else ClientKey(found[0], found[1], found[2], ClientKind(found[3]))
        for text, found in _people(cursor, _CLIENTS, org_id, texts).items()
    }


def find_sitters(
    cursor: Cursor, org_id: int, texts: Collection[str]
) -> dict[str, SitterKey | PetmsgError]:
    """What `find_sitter` gives or raises for each text; read together for all of them."""
    return {
        text: found
        if isinstance(found, PetmsgError)
        else SitterKey(found[0], found[1], found[2], SitterStatus(found[3]))
        for text, found in _people(cursor, _SITTERS, org_id, texts).items()
    }


def find_sitter(cursor: Cursor, org_id: int, text: str, *, guess: bool = True) -> SitterKey:
    """The sitter with this ref, personal phone or unique name. Raises like `find_client`."""
    row = _one_person(cursor, _SITTERS, org_id, text, guess=guess)
    return SitterKey(row[0], row[1], row[2], SitterStatus(row[3]))


def find_number(cursor: Cursor, org_id: int, text: str) -> NumberKey:
    """The masked number that is written as `text`. Raises `NotFound` or `MalformedPhone`."""
    e164 = text if is_e164(text) else phone_to_look_up(text, country_of(cursor, org_id))
    row = cursor.one(
        "SELECT id, e164, class, status FROM message_number "
        "WHERE org_id = :org_id AND e164 = :e164",
        org_id=org_id,
        e164=e164,
    )
    if row is None:
        from petmsg.queries.suggestions import no_number

        raise no_number(cursor, org_id, e164)
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
    """A masked number is the phone of a client, a sitter or a front desk."""

    code = "number_is_a_persons_phone"
    hint = "Check the number, or change that phone first."

    def __init__(self, e164: str) -> None:
        super().__init__(f"{mask_phone(e164)} is the phone of a client, a sitter or a front desk.")


def refuse_our_number(cursor: Cursor, e164: str) -> None:
    """Raise `OurNumber` for a phone that is a masked number of any org in this database."""
    if cursor.value("SELECT 1 FROM message_number WHERE e164 = :e164", e164=e164) is not None:
        raise OurNumber(e164)


def refuse_somebodys_phone(cursor: Cursor, org_id: int, e164: str) -> None:
    """Raise `SomebodysPhone` for a number that is the phone of a client or sitter of the org, or
    that of any org's front desk."""
    found = cursor.value(
        "SELECT 1 FROM client_phone WHERE org_id = :org_id AND e164 = :e164"
        " UNION ALL SELECT 1 FROM sitter WHERE org_id = :org_id AND phone = :e164"
        " UNION ALL SELECT 1 FROM org WHERE desk_phone = :e164 LIMIT 1",
        org_id=org_id,
        e164=e164,
    )
    if found is not None:
        raise SomebodysPhone(e164)


def phone_meant(cursor: Cursor, org_id: int, text: str) -> str | None:
    """The phone (E.164) that is written as `text`; None for other text, which names something else.

    Raises `MalformedPhone` for text that begins with a plus and a digit, which only a phone does.
    """
    return _phone_meant(text, lambda: country_of(cursor, org_id))


def _phone_meant(text: str, country: Callable[[], str | None]) -> str | None:
    if is_phone(text):
        return phone_to_look_up(text)
    if not may_be_phone(text):
        return None
    try:
        return phone_to_look_up(text, country())
    except MalformedPhone:
        return None


def _one_person(
    cursor: Cursor, person: _Person, org_id: int, text: str, *, guess: bool
) -> tuple[Any, ...]:
    found = []
    if not is_phone(text):
        found = cursor.tuples(person.by_ref, org_id=org_id, text=text)
    phone = None if found else phone_meant(cursor, org_id, text)
    if phone is not None:
        found = cursor.tuples(person.by_phone, org_id=org_id, text=phone)
    if not found and not is_phone(text):
        found = cursor.tuples(person.by_name, org_id=org_id, text=normal_name(text))
    if not found:
        raise _no_person(cursor, person, org_id, text, phone, guess=guess)
    if len(found) > 1:
        shown = text if phone is None else mask_phone(phone)
        raise Ambiguous(person.noun, shown, [str(row[1]) for row in found])
    return found[0]


def _people(
    cursor: Cursor, person: _Person, org_id: int, texts: Collection[str]
) -> dict[str, tuple[Any, ...] | PetmsgError]:
    """`_one_person` for each text. A guess whom it may mean is made for a few only."""
    from petmsg.queries.suggestions import FEW

    country = cache(lambda: country_of(cursor, org_id))
    found: dict[str, tuple[Any, ...] | PetmsgError] = {}
    phones: dict[str, str | None] = {}
    refs = {text: text for text in texts if not is_phone(text)}
    _sort_in(found, person, refs, _rows_by_text(cursor, person.all_by_ref, org_id, refs))
    for text in dict.fromkeys(texts):
        if text not in found:
            try:
                phones[text] = _phone_meant(text, country)
            except MalformedPhone as problem:
                found[text] = problem
    meant = {text: phone for text, phone in phones.items() if phone is not None}
    rows = _rows_by_text(cursor, person.all_by_phone, org_id, meant.values())
    _sort_in(found, person, meant, rows, is_phone=True)
    names = {text: normal_name(text) for text in refs if text not in found}
    rows = _rows_by_text(cursor, person.all_by_name, org_id, names.values())
    _sort_in(found, person, names, rows)
    missing = [text for text in phones if text not in found]
    guess = len(missing) <= FEW
    return found | {
        text: _no_person(cursor, person, org_id, text, phones[text], guess=guess)
        for text in missing
    }


def _sort_in(
    found: dict[str, tuple[Any, ...] | PetmsgError],
    person: _Person,
    meant: Mapping[str, str],
    rows: Mapping[str, Sequence[tuple[Any, ...]]],
    *,
    is_phone: bool = False,
) -> None:
    """Sort in what the rows say of each text, by what the text means."""
    for text, value in meant.items():
        fits = rows.get(value, ())
        if len(fits) > 1:
            shown = mask_phone(value) if is_phone else text
            found[text] = Ambiguous(person.noun, shown, [str(row[1]) for row in fits])
        elif fits:
            found[text] = fits[0]


def _rows_by_text(
    cursor: Cursor, sql: str, org_id: int, texts: Collection[str]
) -> dict[str, list[tuple[Any, ...]]]:
    """The rows that the statement finds, the oldest first, by the text that found them."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    rows = cursor.in_list(sql, "texts", sorted(set(texts)), org_id=org_id)
    for row in sorted(rows, key=lambda each: int(each["id"])):
        *values, text = row.values()
        kept = found.setdefault(text, [])
        if len(kept) < _MOST_CANDIDATES:
            kept.append(tuple(values))
    return found


def _no_person(
    cursor: Cursor, person: _Person, org_id: int, text: str, phone: str | None, *, guess: bool
) -> NotFound:
    from petmsg.queries import suggestions

    make = suggestions.no_client if person is _CLIENTS else suggestions.no_sitter
    problem = make(cursor, org_id, phone or text, guess=guess)
    if phone is None and not problem.hint.startswith("Did you mean") and may_be_phone(text):
        problem.hint = _why_no_phone(text, country_of(cursor, org_id))
    return problem


def _why_no_phone(text: str, country: str | None) -> str:
    """What to do if a text that is no ref and no name was meant as a phone."""
    try:
        phone_to_look_up(text, country)
    except MalformedPhone as problem:
        return f"As a phone number it is not valid: {problem.why}. {problem.hint}"
    return ""
