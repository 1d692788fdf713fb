"""Clients: adding, changing, their phones, and forgetting one for good."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import and_, col, or_, select

from petmsg.clock import zone
from petmsg.enums import ClientKind, Direction, MessageStatus
from petmsg.errors import AlreadyDifferent, NotFound, OutOfRange, PhoneTaken, Refused
from petmsg.models import Client, ClientPhone, Message, MessageNumber, SandboxText
from petmsg.phone import mask_phone, parse_phone
from petmsg.queries.lookup import find_client
from petmsg.services import optout
from petmsg.services.refs import hold_refs, next_ref
from petmsg.services.work import Work
from petmsg.words import parse_name, parse_ref

_UNFINISHED = (MessageStatus.QUEUED, MessageStatus.HELD, MessageStatus.UNKNOWN)


class ClientForgotten(Refused):
    code = "client_forgotten"


@dataclass(frozen=True, slots=True)
class ClientChanged:
    """A client after a change; `reused` says that nothing changed."""

    client: str
    kind: ClientKind
    phones: int
    reused: bool


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What `client forget` erased, in counts."""

    client: str
    phones: int
    messages: int
    cancelled: int
    reused: bool


def add(
    work: Work,
    name: str,
    *,
    phones: list[str],
    ref: str | None = None,
    kind: ClientKind | None = None,
    timezone: str | None = None,
) -> ClientChanged:
    """Add a client; the first phone is the primary one. Without a `kind` she is `one_time`;
    without a `timezone` (an IANA name) the org's is hers.

    The same again changes nothing; one that differs, or a phone of another client, is refused.
    What was not given does not differ.
    """
    clean_name = parse_name(name)
    numbers = list(dict.fromkeys(parse_phone(phone) for phone in phones))
    if not numbers:
        raise OutOfRange("A client needs a phone.", hint="Give it: --phone +14155550123")
    place = _timezone(timezone)
    if ref is None:
        hold_refs(work, "client")
    there = _by_ref(work, parse_ref(ref)) if ref is not None else _by_phone(work, numbers[0])
    if there is not None:
        _require_not_forgotten(there)
        known = _phones(work, there)
        same = (
            there.name == clean_name
            and kind in (None, there.kind)
            and (timezone is None or place == there.timezone)
            and set(numbers) <= {phone.e164 for phone in known}
            and numbers[0] in {phone.e164 for phone in known if phone.is_primary}
        )
        if not same:
            raise AlreadyDifferent(
                f"Client {there.ref} is there already, with other values.",
                hint=f"Change her: petmsg client set {there.ref} …, petmsg client phone add …",
            )
        return ClientChanged(there.ref, there.kind, len(known), reused=True)
    kind = kind or ClientKind.ONE_TIME
    client = Client(
        org_id=work.org.id,
        ref=parse_ref(ref) if ref is not None else next_ref(work, "client"),
        name=clean_name,
        kind=kind,
        created_at=work.now,
        timezone=place,
    )
    work.session.add(client)
    work.session.flush()
    for index, number in enumerate(numbers):
        _add_phone(work, client, number, primary=index == 0)
    work.record("client.added", "client", client.ref, {"kind": kind.value, "phones": len(numbers)})
    return ClientChanged(client.ref, kind, len(numbers), reused=False)


def change(
    work: Work,
    text: str,
    *,
    name: str | None = None,
    kind: ClientKind | None = None,
    timezone: str | None = None,
) -> ClientChanged:
    """Change a client's name, kind or timezone (empty: the org's). None leaves the value."""
    client = _locked(work, text)
    changed: dict[str, object] = {}
    if name is not None and parse_name(name) != client.name:
        client.name = parse_name(name)
        changed["name"] = True
    if kind is not None and kind is not client.kind:
        changed["kind"] = {"before": client.kind.value, "after": kind.value}
        client.kind = kind
    if timezone is not None and _timezone(timezone) != client.timezone:
        changed["timezone"] = {"before": client.timezone, "after": _timezone(timezone)}
        client.timezone = _timezone(timezone)
    if changed:
        work.record("client.updated", "client", client.ref, changed)
    return ClientChanged(client.ref, client.kind, len(_phones(work, client)), not changed)


def phone_add(work: Work, text: str, phone: str, *, primary: bool = False) -> ClientChanged:
    """Add a phone to a client; one that is hers already changes nothing."""
    client = _locked(work, text)
    number = parse_phone(phone)
    known = _phones(work, client)
    if number in {each.e164 for each in known}:
        if primary:
            return phone_primary(work, client.ref, number)
        return ClientChanged(client.ref, client.kind, len(known), reused=True)
    _add_phone(work, client, number, primary=not known)
    work.record("client.phone_added", "client", client.ref)
    if primary and known:
        phone_primary(work, client.ref, number)
    return ClientChanged(client.ref, client.kind, len(known) + 1, reused=False)


def phone_remove(work: Work, text: str, phone: str) -> ClientChanged:
    """Remove a phone of a client; texts that wait go to her primary one.

    Her primary one is refused while she has others, and her last one always: a client who cannot
    be texted is no client.
    """
    client = _locked(work, text)
    number = parse_phone(phone)
    known = _phones(work, client)
    gone = next((each for each in known if each.e164 == number), None)
    if gone is None:
        raise NotFound("phone", mask_phone(number), hint=f"petmsg client show {client.ref}")
    if len(known) == 1:
        raise Refused(
            f"It is the only phone of client {client.ref}.",
            hint=f"Add another first: petmsg client phone add {client.ref} E164",
        )
    if gone.is_primary:
        raise Refused(
            f"It is the primary phone of client {client.ref}.",
            hint=f"Choose another first: petmsg client phone primary {client.ref} E164",
        )
    work.session.delete(gone)
    work.session.flush()
    optout.let_go(work, number)
    moved = _readdress_waiting(work, client)
    work.record("client.phone_removed", "client", client.ref, {"texts_readdressed": moved})
    return ClientChanged(client.ref, client.kind, len(known) - 1, reused=False)


def phone_primary(work: Work, text: str, phone: str, *, add_missing: bool = False) -> ClientChanged:
    """Make a phone of a client the one that is texted, by texts that wait too."""
    client = _locked(work, text)
    number = parse_phone(phone)
    known = _phones(work, client)
    wanted = next((each for each in known if each.e164 == number), None)
    if wanted is None:
        if not add_missing:
            raise NotFound(
                "phone",
                mask_phone(number),
                hint=f"Add it: petmsg client phone add {client.ref} E164",
            )
        wanted = _add_phone(work, client, number, primary=False)
        known = [*known, wanted]
    if wanted.is_primary:
        return ClientChanged(client.ref, client.kind, len(known), reused=True)
    for each in known:
        each.is_primary = False
    work.session.flush()
    wanted.is_primary = True
    work.session.flush()
    moved = _readdress_waiting(work, client)
    work.record("client.phone_made_primary", "client", client.ref, {"texts_readdressed": moved})
    return ClientChanged(client.ref, client.kind, len(known), reused=False)


def forget(work: Work, text: str, *, reason: str) -> Forgotten:
    """Erase a person: name, phones, timezone and bodies. It cannot be undone.

    Thread, bookings, counts and audit stay whole. Texts of hers that still wait are cancelled, and
    those whose fate is not known, which nobody could look up any more. Her opt-outs stand: they,
    and pairs of numbers that a carrier blocks, know her phones by a digest only.
    """
    client = _locked(work, text, even_forgotten=True)
    if client.forgotten_at is not None:
        return Forgotten(client.ref, 0, 0, 0, reused=True)
    phones = _phones(work, client)
    numbers = [phone.e164 for phone in phones]
    messages = _texts_of(work, client, numbers)
    if any(message.status is MessageStatus.SENDING for message in messages):
        raise Refused(
            f"A text to client {client.ref} is being sent right now.",
            hint="Try again in a minute. If its sender died: petmsg message dispatch",
        )
    _erase_at_the_sandbox(work, messages)
    cancelled = [message for message in messages if message.status in _UNFINISHED]
    for message in cancelled:
        message.status = MessageStatus.CANCELLED
        message.due_at = message.in_doubt_at = message.absent_at = None
    for message in messages:
        message.body = None
        message.error_message = None  # a provider's words may repeat her phone
        message.idempotency_key = None
        if message.direction is Direction.OUTBOUND:
            message.to_e164 = None
        else:
            message.from_e164 = None
    for phone in phones:
        work.session.delete(phone)
        optout.let_go(work, phone.e164)
    client.name = client.timezone = None
    client.forgotten_at = work.now
    work.record(
        "client.forgotten",
        "client",
        client.ref,
        {"phones": len(phones), "messages": len(messages), "cancelled": len(cancelled)},
        reason=reason,
    )
    return Forgotten(client.ref, len(phones), len(messages), len(cancelled), reused=False)


def _texts_of(work: Work, client: Client, numbers: Sequence[str]) -> Sequence[Message]:
    """Her texts, and those of her phones that no thread holds, locked until the commit."""
    of_her_phone = and_(
        col(Message.client_id).is_(None),
        or_(col(Message.from_e164).in_(numbers), col(Message.to_e164).in_(numbers)),
    )
    return work.session.exec(
        select(Message)
        .where(Message.org_id == work.org.id, or_(Message.client_id == client.id, of_her_phone))
        .order_by(col(Message.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _erase_at_the_sandbox(work: Work, messages: Sequence[Message]) -> None:
    """Erase what the sandbox carrier stored of these texts, also of one whose answer was lost.

    Texts of another org to the same phone are that org's: its clients are its own.
    """
    to_her = sorted({message.to_e164 for message in messages if message.to_e164})
    ours = select(MessageNumber.e164).where(MessageNumber.org_id == work.org.id)
    for start in range(0, len(to_her), 500):
        for text in work.session.exec(
            select(SandboxText).where(
                col(SandboxText.to_e164).in_(to_her[start : start + 500]),
                col(SandboxText.from_e164).in_(ours),
            )
        ):
            text.to_e164 = None
            text.body = None


def _locked(work: Work, text: str, *, even_forgotten: bool = False) -> Client:
    key = find_client(work.cursor, work.org.id, text)
    client = work.session.get(Client, key.id, with_for_update=True, populate_existing=True)
    assert client is not None
    if not even_forgotten:
        _require_not_forgotten(client)
    return client


def _require_not_forgotten(client: Client) -> None:
    if client.forgotten_at is not None:
        raise ClientForgotten(
            f"Client {client.ref} was forgotten.", hint="Add her anew with another ref."
        )


def _timezone(text: str | None) -> str | None:
    """A timezone as it is stored: None, as an empty text, is the org's."""
    return zone(text).key if text else None


def _by_ref(work: Work, ref: str) -> Client | None:
    return work.session.exec(
        select(Client).where(Client.org_id == work.org.id, Client.ref == ref)
    ).first()


def _by_phone(work: Work, e164: str) -> Client | None:
    return work.session.exec(
        select(Client)
        .join(ClientPhone, col(ClientPhone.client_id) == Client.id)
        .where(ClientPhone.org_id == work.org.id, ClientPhone.e164 == e164)
    ).first()


def _phones(work: Work, client: Client) -> list[ClientPhone]:
    return list(
        work.session.exec(
            select(ClientPhone)
            .where(ClientPhone.org_id == work.org.id, ClientPhone.client_id == client.id)
            .order_by(col(ClientPhone.id))
        )
    )


def _readdress_waiting(work: Work, client: Client) -> int:
    """Texts of hers that wait go to her primary phone; how many went elsewhere before."""
    primary = next(phone.e164 for phone in _phones(work, client) if phone.is_primary)
    return work.cursor.run(
        "UPDATE message SET to_e164 = :primary WHERE org_id = :org_id AND client_id = :client_id"
        " AND direction = 'outbound' AND status IN ('queued', 'held') AND to_e164 <> :primary",
        primary=primary,
        org_id=work.org.id,
        client_id=client.id,
    )


def _add_phone(work: Work, client: Client, e164: str, *, primary: bool) -> ClientPhone:
    owner = _by_phone(work, e164)
    if owner is not None:
        raise PhoneTaken(
            f"{mask_phone(e164)} is a phone of client {owner.ref}.",
            hint="A phone belongs to one client of an org: an inbound text is one person's.",
        )
    phone = ClientPhone(
        org_id=work.org.id,
        client_id=client.id or 0,
        e164=e164,
        is_primary=primary,
        created_at=work.now,
    )
    work.session.add(phone)
    work.session.flush()
    optout.recognise(work, e164)
    return phone
