"""Freezes: an org sends nothing until somebody thaws it or the end of the freeze is reached."""

from dataclasses import dataclass
from datetime import datetime

from petmsg.clock import format_local
from petmsg.errors import OutOfRange
from petmsg.models import Org
from petmsg.queries.message import queued_count
from petmsg.queries.org import find_org
from petmsg.rules.send_blocks import freeze_stands
from petmsg.services.numbers.provider_holds import lift_all
from petmsg.services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Freeze:
    """An org after `freeze` or `thaw`; `waiting` is the number of its queued messages."""

    org: str
    frozen: bool
    frozen_until: datetime | None
    freeze_reason: str | None
    waiting: int
    reused: bool


def freeze(uow: UnitOfWork, *, reason: str, until: datetime | None = None) -> Freeze:
    """Stop sending until `until` (aware UTC), or until somebody thaws the org.

    Messages are still queued. A message that is being sent right now is not stopped. A second
    freeze replaces the reason and the end of the first. Raises `OutOfRange` for an end in the past.
    """
    if until is not None and until <= uow.now:
        raise OutOfRange(
            f"{format_local(until, uow.org.timezone)} is in the past.",
            hint="Give an end in the future.",
        )
    org = _locked(uow)
    stands = freeze_stands(org.frozen_at, org.frozen_until, uow.now)
    before = {"until": org.frozen_until, "reason": org.freeze_reason} if stands else None
    if before == {"until": until, "reason": reason}:
        return _as_it_is(uow, org, reused=True)
    if not stands:
        org.frozen_at = uow.now
    org.frozen_until = until
    org.freeze_reason = reason
    uow.session.flush()
    uow.audit("org.frozen", "org", org.slug, {"until": until, "before": before}, reason=reason)
    return _as_it_is(uow, org, reused=False)


def thaw(uow: UnitOfWork, *, reason: str | None = None) -> Freeze:
    """Resume sending, also from numbers held back because the provider refused the account.

    If nothing is frozen or held back, nothing changes.
    """
    org = _locked(uow)
    lifted = lift_all(uow, reason=reason or "a person sends again")
    if lifted:
        uow.audit("org.numbers_released", "org", org.slug, {}, reason=reason)
    if not freeze_stands(org.frozen_at, org.frozen_until, uow.now):
        return _as_it_is(uow, org, reused=not lifted)
    before = {"at": org.frozen_at, "until": org.frozen_until, "reason": org.freeze_reason}
    org.frozen_at = org.frozen_until = org.freeze_reason = None
    uow.session.flush()
    uow.audit("org.thawed", "org", org.slug, {"before": before}, reason=reason)
    return _as_it_is(uow, org, reused=False)


def _locked(uow: UnitOfWork) -> Org:
    org = uow.session.get(Org, uow.org.id, with_for_update=True, populate_existing=True)
    assert org is not None
    return org


def _as_it_is(uow: UnitOfWork, org: Org, *, reused: bool) -> Freeze:
    uow.org = find_org(uow.cursor, org.slug)
    stands = freeze_stands(org.frozen_at, org.frozen_until, uow.now)
    waiting = queued_count(uow.cursor, uow.org.id)
    return Freeze(
        org=org.slug,
        frozen=stands,
        frozen_until=org.frozen_until if stands else None,
        freeze_reason=org.freeze_reason if stands else None,
        waiting=waiting,
        reused=reused,
    )
