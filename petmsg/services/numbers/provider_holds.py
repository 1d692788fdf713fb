"""Numbers that are held back because the provider refuses the account: one message is sent as a
trial, and nothing else until it was accepted.

The cause is a missing or suspended registration, a number of another account, or one code for every
message (`services.outbox.repeated_codes`). It is not the number's fault, so no number is
quarantined and no other number is tried. A delivery receipt reports it after the message was
accepted: sending on would lose every message and still cost money.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from petmsg.clock import zone
from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.providers.base import RejectionClass
from petmsg.providers.error_codes import Scope
from petmsg.providers.registry import look_up_code
from petmsg.providers.rejection_help import why_held
from petmsg.queries import provider_holds as queries
from petmsg.queries.queue import NumberRateLimit
from petmsg.rules import rate_limit
from petmsg.services.alert import close_alert, raise_alert
from petmsg.services.unit_of_work import UnitOfWork

FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=1)
_SENT_AGAIN = "messages are sent again"


def hold_back(
    uow: UnitOfWork, number_id: int, e164: str, *, code: str, scope: Scope, claimed_at: datetime
) -> datetime:
    """Hold back the numbers that the refusal is about; returns the time of the next trial (UTC).

    The pause is as long as the numbers have been held back or the delivery receipt took to arrive,
    but at least `FIRST_PAUSE` and at most `LONGEST_PAUSE`. `claimed_at` is when the refused message
    was claimed.
    """
    since = queries.refused_since(uow.cursor, number_id) or uow.now
    until = _next_trial(uow, since, claimed_at)
    existing = queries.numbers_of(uow.cursor, uow.org)
    toll_free = rate_limit.is_toll_free(e164)
    chosen = [
        id_
        for id_, other in existing
        if scope is Scope.ACCOUNT
        or id_ == number_id
        or (scope is Scope.KIND and rate_limit.is_toll_free(other) == toll_free)
    ]
    before = queries.held_by_code(uow.cursor, uow.org)
    queries.refuse(uow.cursor, chosen, code=code, now=uow.now, until=until)
    replaced = before.keys() - queries.held_by_code(uow.cursor, uow.org).keys()
    _end_the_alerts(uow, sorted(replaced), reason=f"the provider refuses with code {code} now")
    return until


def extend_hold(
    uow: UnitOfWork, code: str, *, refused_at: datetime, claimed_at: datetime
) -> datetime:
    """Hold back all numbers that are held back for the code a while longer, because a trial failed
    too; returns the time of the next trial (UTC)."""
    until = _next_trial(uow, refused_at, claimed_at)
    queries.extend(uow.cursor, uow.org, code=code, until=until)
    return until


def _next_trial(uow: UnitOfWork, since: datetime, claimed_at: datetime) -> datetime:
    pause = max(FIRST_PAUSE, uow.now - since, uow.now - claimed_at)
    return uow.now + min(pause, LONGEST_PAUSE)


def hold_of(uow: UnitOfWork, number: NumberRateLimit) -> tuple[str, datetime] | None:
    """Why nothing is sent from the number, and until when (aware UTC); None if it may send now.

    After the pause the first message that asks is the next trial, and all others wait for its
    outcome. A trial that was accepted and not refused for a whole pause counts as a success,
    because not every carrier sends delivery receipts.
    """
    if number.refused_until is None or number.refused_code is None:
        return None
    if number.refused_until > uow.now:
        again = number.refused_until.astimezone(zone(uow.org.timezone)).strftime("%H:%M %Z")
        why = why_held(number.e164, number.refused_code)
        return f"{why}; one message is tried at {again}", number.refused_until
    code = number.refused_code
    last = uow.cursor.value(queries.LAST_TRY, org_id=uow.org.id, code=code)
    if last in ("sent", "delivered"):
        lift(uow, code)
        return None
    assert number.refused_at is not None
    pause = min(max(FIRST_PAUSE, uow.now - number.refused_at), LONGEST_PAUSE)
    until = uow.now + pause
    uow.cursor.run(queries.TRY_NEXT, org_id=uow.org.id, code=code, now=uow.now, until=until)
    return None


def lift(uow: UnitOfWork, code: str) -> None:
    """Release the numbers that were held back for this code, and end the alert."""
    uow.cursor.run(queries.LIFT, org_id=uow.org.id, code=code)
    _end_the_alerts(uow, [code], reason=_SENT_AGAIN)


def lift_all(uow: UnitOfWork, *, reason: str) -> bool:
    """Release all numbers that were held back; returns whether there were any.

    The alert about the account ends in any case: if the account itself was refused, no number is
    held back.
    """
    held = queries.held_by_code(uow.cursor, uow.org)
    if held:
        uow.cursor.run(queries.LIFT_ALL, org_id=uow.org.id)
    _end_the_alerts(uow, sorted(held), reason=reason)
    return bool(held)


def end_account_alert(uow: UnitOfWork) -> None:
    """End the alert about a refused account, if the provider accepts its messages again."""
    if queries.is_accepted_again(uow.cursor, uow.org):
        _end_the_alerts(uow, [], reason=_SENT_AGAIN)


def alert_account(uow: UnitOfWork, *, code: str, message: str) -> None:
    """Raise the org's one alert about a refused account, for all its messages and codes."""
    raise_alert(
        uow,
        AlertKind.PROVIDER_ACCOUNT,
        severity=AlertSeverity.CRITICAL,
        entity="org",
        ref=uow.org.slug,
        message=message,
        command=f"petmsg errors explain {code}; after fixing it: petmsg org thaw",
    )


def _end_the_alerts(uow: UnitOfWork, codes: Sequence[str], *, reason: str) -> None:
    for code in codes:
        close_alert(uow, AlertKind.SAME_CODE, entity="code", ref=code, reason=reason)
        if look_up_code(code).rejection_class is RejectionClass.SETTING:
            slug = uow.org.slug
            close_alert(uow, AlertKind.PROVIDER_SETTING, entity="org", ref=slug, reason=reason)
    if uow.cursor.value(queries.ANY_REFUSED, org_id=uow.org.id) is None:
        close_alert(uow, AlertKind.PROVIDER_ACCOUNT, entity="org", ref=uow.org.slug, reason=reason)
