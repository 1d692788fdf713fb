"""Orgs (companies) and their settings: add and change."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypedDict, Unpack

from sqlmodel import select

from petmsg.clock import zone
from petmsg.country import country_of_zone, parse_country
from petmsg.db.transaction import Transaction
from petmsg.enums.numbers import NumberClass
from petmsg.enums.orgs import PoolFor, ProviderName, Switch
from petmsg.errors import AlreadyExists, OutOfRange, Refused, quoted
from petmsg.models import Org
from petmsg.phone import parse_phone
from petmsg.plurals import counted
from petmsg.providers.account_names import NO_NAME, checked_account_name
from petmsg.queries.org import OrgRow, find_org
from petmsg.queries.org_holdings import unreconciled_count
from petmsg.rules.send_blocks import QuietHours, parse_quiet_hours, quiet_hours
from petmsg.rules.unanswered import parse_minutes
from petmsg.services.numbers import number as numbers
from petmsg.services.numbers.provider_holds import lift_all
from petmsg.services.orgs.call_settings import checked_desk_phone, checked_greeting, checked_reply
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import parse_name

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class MessagesUnreconciled(Refused):
    """The account cannot be changed while its provider must be asked for messages: another account
    does not know them, and they would be sent twice."""

    code = "messages_unsettled"
    hint = (
        "Pause sending with petmsg org freeze, reconcile them with petmsg message dispatch, and "
        "try again; see: petmsg message list --status unknown"
    )


@dataclass(frozen=True, slots=True)
class OrgChanged:
    """An org after `add`, `init` or `set`; `reused` means that nothing changed."""

    org: OrgRow
    reused: bool
    front_desk: str | None = None


def is_slug(text: str) -> bool:
    """Whether the text is a valid slug of an org."""
    return _SLUG.fullmatch(text) is not None


class NewOrg(NamedTuple):
    """The values of a new org as they are stored."""

    name: str
    country: str | None


def check(
    slug: str, *, name: str, timezone: str, front_desk: str | None, country: str | None = None
) -> NewOrg:
    """Check the values of a new org before any database is opened. Raises `OutOfRange`,
    `MalformedText` and `MalformedPhone`."""
    if not is_slug(slug):
        raise OutOfRange(
            f"Invalid slug {quoted(slug)}.",
            hint="Use lower-case letters, digits and dashes, for example happy-paws.",
        )
    zone(timezone)
    code = parse_country(country) if country else None
    if front_desk is not None:
        parse_phone(front_desk, code or country_of_zone(timezone))
    return NewOrg(parse_name(name), code)


def add(
    transaction: Transaction,
    slug: str,
    *,
    name: str,
    timezone: str,
    actor: str,
    now: datetime,
    front_desk: str | None = None,
    country: str | None = None,
    is_demo: bool = False,
) -> tuple[OrgChanged, UnitOfWork]:
    """Add an org, with a front desk number if one is given. Adding it again changes nothing.

    Also returns the unit of work of the new org, which the caller must finish. Raises
    `AlreadyExists` for an org with another name or timezone, and what `check` and
    `numbers.number.add` raise.
    """
    new = check(slug, name=name, timezone=timezone, front_desk=front_desk, country=country)
    existing = transaction.session.exec(select(Org).where(Org.slug == slug)).first()
    if existing is not None and existing.removed_at is not None:
        raise AlreadyExists(
            f"Org {slug} was removed, and its audit log keeps its slug.",
            hint="Choose another slug.",
        )
    if existing is not None and (existing.name, existing.timezone) != (new.name, timezone):
        raise AlreadyExists(
            f"Org {slug} already exists with another name or timezone.",
            hint=f"Change it: petmsg org set --org {slug} --name … --timezone …",
        )
    if existing is not None and new.country not in (None, existing.country):
        raise AlreadyExists(
            f"Org {slug} already exists with another country.",
            hint=f"Change it: petmsg org set --org {slug} --country {new.country}",
        )
    reused = existing is not None
    if existing is None:
        transaction.session.add(
            Org(
                slug=slug,
                name=new.name,
                timezone=timezone,
                country=new.country,
                is_demo=is_demo,
                created_at=now,
            )
        )
    uow = UnitOfWork(transaction, find_org(transaction.cursor, slug), actor, now)
    if not reused:
        uow.audit("org.added", "org", slug, {"timezone": timezone})
    if front_desk is None:
        return OrgChanged(uow.org, reused), uow
    added = numbers.add(uow, front_desk, number_class=NumberClass.FRONT_DESK)
    return OrgChanged(uow.org, reused and added.reused, added.number), uow


class NewSettings(TypedDict, total=False):
    """What `org set` can change, as it was typed; None leaves a setting as it is."""

    name: str | None
    timezone: str | None
    grace_minutes: int | None
    quarantine_days: int | None
    pool_for: PoolFor | None
    pool_threads_per_number: int | None
    provider: ProviderName | None
    quiet_hours: str | None
    relay: Switch | None
    office_hours: str | None
    unanswered_minutes: str | None
    closed_reply: str | None
    unknown_reply: str | None
    lead_minutes: int | None
    country: str | None
    twilio_account: str | None
    desk_phone: str | None
    voicemail: Switch | None
    greeting: str | None
    ring_seconds: int | None
    missed_call_reply: str | None
    calls_per_hour: int | None


def change(uow: UnitOfWork, /, **values: Unpack[NewSettings]) -> OrgChanged:
    """Change settings of the org: the keys are its columns, and None leaves a setting unchanged.

    `pool_threads_per_number` 0 means no limit; an empty `country` means that of the timezone;
    `twilio_account` none means the account without a name;
    `quiet_hours` and `office_hours` are texts like `21:00-08:00`. `desk_phone` is read in the
    country that the org has afterwards. Existing windows keep their lead time and grace period.
    Raises `OutOfRange`, `MalformedText`, `MalformedPhone`, `OurNumber` for a desk phone that is a
    masked number, and `MessagesUnreconciled` for another account while the present one must be
    asked for messages.
    """
    org = uow.session.get(Org, uow.org.id, with_for_update=True, populate_existing=True)
    assert org is not None
    changes = {}
    for name, given in sorted(values.items(), key=lambda each: each[0] == "desk_phone"):
        if given is None:
            continue
        if name == "desk_phone":
            value = checked_desk_phone(uow, org, str(given))
        else:
            value = _checked(name, given)
        before = _stored(org, name)
        if before != value:
            changes[name] = {"before": _shown(name, before), "after": _shown(name, value)}
            _store(org, name, value)
    if not changes:
        return OrgChanged(uow.org, reused=True)
    if "twilio_account" in changes and uow.org.account.provider is ProviderName.TWILIO:
        _require_reconciled(uow)
    uow.session.flush()
    for name, what in (("provider", "provider"), ("twilio_account", "account")):
        if name in changes:
            lift_all(uow, reason=f"the {what} of the org was changed")
    uow.audit("org.updated", "org", org.slug, changes)
    uow.org = find_org(uow.cursor, org.slug)
    return OrgChanged(uow.org, reused=False)


def _require_reconciled(uow: UnitOfWork) -> None:
    unreconciled = unreconciled_count(uow.cursor, uow.org.id)
    if unreconciled:
        raise MessagesUnreconciled(
            f"The outcome of {counted(unreconciled, 'message')} of org {uow.org.slug} is unknown, "
            "and only the current account can report it."
        )


_HOURS = {
    "quiet_hours": ("quiet_from_minute", "quiet_until_minute"),
    "office_hours": ("open_from_minute", "open_until_minute"),
}
"""Settings that are stored in two columns: the start and the end of a part of the day."""

_UNAUDITED = frozenset(
    ("name", "closed_reply", "unknown_reply", "missed_call_reply", "greeting", "desk_phone")
)
"""Settings that hold a name, somebody's phone or free words."""


def _stored(org: Org, name: str) -> Any:
    if name in _HOURS:
        return quiet_hours(*(getattr(org, column) for column in _HOURS[name]))
    return getattr(org, name)


def _store(org: Org, name: str, value: Any) -> None:
    if name in _HOURS:
        for column, minute in zip(_HOURS[name], value or (None, None), strict=True):
            setattr(org, column, minute)
    else:
        setattr(org, name, value)


def _checked(name: str, value: Any) -> Any:
    if name in _PARSERS:
        return _PARSERS[name](value)
    if name == "timezone":
        zone(value)
        return value
    if name in _HOURS:
        return parse_quiet_hours(value, name=name.replace("_", " "))
    if name == "country":
        return parse_country(value) if value.strip() else None
    if name == "twilio_account":
        return None if value.strip().lower() == NO_NAME else checked_account_name(value)
    lowest, highest = {
        "grace_minutes": (0, 10_080),
        "lead_minutes": (0, 10_080),
        "quarantine_days": (1, 3650),
        "pool_threads_per_number": (0, 1_000_000),
        "ring_seconds": (5, 60),
        "calls_per_hour": (1, 1000),
    }[name]
    if not lowest <= value <= highest:
        raise OutOfRange(f"{name} {value} is out of range.", hint=f"Use {lowest} to {highest}.")
    return None if name == "pool_threads_per_number" and value == 0 else value


def _is_on(value: Switch) -> bool:
    return Switch(value) is Switch.ON


_PARSERS: dict[str, Callable[[Any], Any]] = {
    "name": parse_name,
    "pool_for": PoolFor,
    "provider": ProviderName,
    "relay": _is_on,
    "unanswered_minutes": parse_minutes,
    "closed_reply": partial(checked_reply, name="closed reply"),
    "unknown_reply": partial(checked_reply, name="reply to unknown senders"),
    "voicemail": _is_on,
    "greeting": checked_greeting,
    "missed_call_reply": partial(checked_reply, name="missed-call reply"),
}


def _shown(name: str, value: Any) -> Any:
    """The value for the audit. Of the unaudited settings it keeps only that they changed."""
    if isinstance(value, QuietHours):
        return str(value)
    return None if name in _UNAUDITED else value
