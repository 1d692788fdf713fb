"""The alarm that needs no table of codes: several messages fail with the same code, whatever it
means.

First one alert is raised. After more of them, and if nothing got through meanwhile, the numbers are
held back (`services.numbers.provider_holds`): messages stay queued, one is tried from time to time,
and nothing is recorded about clients, because the account is the cause.
"""

from datetime import datetime

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.models import MessageAttempt
from petmsg.providers.base import RejectionClass
from petmsg.providers.error_codes import Scope
from petmsg.providers.registry import look_up_code
from petmsg.queries import provider_holds as queries
from petmsg.rules.rate_limit import is_toll_free
from petmsg.rules.repeated_codes import ALERT_AT, REPEAT_WINDOW, is_account_at_fault
from petmsg.services.alert import close_alert, raise_alert
from petmsg.services.numbers.provider_holds import extend_hold, hold_back
from petmsg.services.people.undeliverable_phones import mark_sms_capable
from petmsg.services.unit_of_work import UnitOfWork

NO_CODE = "none"
"""The code of messages that were not delivered without a code."""

_OWN_ALERT = frozenset(
    (
        RejectionClass.ACCOUNT,
        RejectionClass.REGISTRATION,
        RejectionClass.CONFIGURATION,
        RejectionClass.SETTING,
    )
)
"""These raise one alert for all messages anyway."""
_NEVER_STOPS = frozenset(
    (
        RejectionClass.ACCOUNT,
        RejectionClass.REGISTRATION,
        RejectionClass.CONFIGURATION,
        RejectionClass.SENDER,
        RejectionClass.DAILY_CAP,
        RejectionClass.QUIET_HOURS,
    )
)
"""These keep the message queued, or have a limit of their own."""


def stops_sending(
    uow: UnitOfWork,
    attempt: MessageAttempt,
    *,
    code: str,
    rejection_class: RejectionClass,
    reported: bool,
) -> datetime | None:
    """Count a message that failed with the code, and raise the alert when it is one of several.

    Return None if the code is about the message. If so many failed that the account is the cause,
    hold back the numbers and return when (aware UTC) the next message is tried: the message must
    wait until then, and nothing may be recorded about its recipient. `reported` is true if the
    provider had accepted the message first.
    """
    until = None
    if rejection_class not in _NEVER_STOPS:
        until = _hold_back(uow, attempt, code, rejection_class, reported=reported)
    if until is None and rejection_class not in _OWN_ALERT:
        _alert_if_repeated(uow, attempt, code)
    return until


def ends_hold(uow: UnitOfWork, code: str, *, refused_at: datetime, claimed_at: datetime) -> bool:
    """Whether a delivered message shows that its number, held back since `refused_at` for the code,
    sends again.

    A trial does. If no table says that the code is about the account, so does a message that was
    claimed after the last one that failed: its receipt only came later.
    """
    if claimed_at > refused_at:
        return True
    if look_up_code(code).rejection_class in _NEVER_STOPS:
        return False
    asked = None if code == NO_CODE else code
    since = refused_at - REPEAT_WINDOW
    failed = queries.last_failed(uow.cursor, uow.org, held=code, code=asked, since=since)
    return failed is not None and claimed_at > failed


def _hold_back(
    uow: UnitOfWork,
    attempt: MessageAttempt,
    code: str,
    rejection_class: RejectionClass,
    *,
    reported: bool,
) -> datetime | None:
    number = queries.held_number(uow.cursor, attempt.number_id)
    if number.refused_code == code and number.refused_at is not None:
        if attempt.claimed_at <= number.refused_at - REPEAT_WINDOW:
            return None
        until = extend_hold(uow, code, refused_at=number.refused_at, claimed_at=attempt.claimed_at)
        _alert_stop(uow, code, rejection_class)
        return until
    scope = _scope(uow, attempt, code, reported=reported)
    if scope is None:
        return None
    until = hold_back(
        uow, number.id, number.e164, code=code, scope=scope, claimed_at=attempt.claimed_at
    )
    _alert_stop(uow, code, rejection_class)
    if rejection_class is RejectionClass.RECIPIENT:
        _unmark_phones(uow, code)
    return until


def _scope(uow: UnitOfWork, attempt: MessageAttempt, code: str, *, reported: bool) -> Scope | None:
    """Which numbers deliver nothing any more: those of the same type, this one, or none."""
    numbers = queries.numbers_of(uow.cursor, uow.org)
    e164 = dict(numbers).get(attempt.number_id, "")
    alike = [id_ for id_, other in numbers if is_toll_free(other) == is_toll_free(e164)]
    for scope, ids in ((Scope.KIND, alike), (Scope.NUMBER, [attempt.number_id])):
        streak = queries.streak(
            uow.cursor,
            ids,
            code=None if code == NO_CODE else code,
            since=attempt.claimed_at - REPEAT_WINDOW,
            until=attempt.claimed_at,
            accepted_is_enough=not reported,
        )
        if is_account_at_fault(phones=streak.phones, open_messages=streak.open_messages):
            return scope
    return None


def _alert_if_repeated(uow: UnitOfWork, attempt: MessageAttempt, code: str) -> None:
    found = queries.same_code(
        uow.cursor,
        uow.org,
        code=None if code == NO_CODE else code,
        since=attempt.claimed_at - REPEAT_WINDOW,
        until=attempt.claimed_at + REPEAT_WINDOW,
        limit=ALERT_AT,
    )
    if found < ALERT_AT:
        return
    raise_alert(
        uow,
        AlertKind.SAME_CODE,
        severity=AlertSeverity.WARNING,
        entity="code",
        ref=code,
        message=f"Several messages within an hour were not delivered: code {code}. "
        f"{_meaning(code)}",
        command=_explain(code),
    )


def _alert_stop(uow: UnitOfWork, code: str, rejection_class: RejectionClass) -> None:
    held = queries.held_by_code(uow.cursor, uow.org).get(code, [])
    whose = held[0] if len(held) == 1 else f"{len(held)} numbers"
    said = (
        f"Nothing is sent from {whose}: several messages within an hour failed with code {code}, "
        f"and none got through. {_meaning(code)} The cause is probably the account, not the "
        "clients. Messages stay queued; petmsg tries one from time to time, and goes on by itself."
    )
    if rejection_class is RejectionClass.OPTED_OUT:
        said += " The first clients were opted out for it: check them."
    is_setting = rejection_class is RejectionClass.SETTING
    raise_alert(
        uow,
        AlertKind.PROVIDER_SETTING if is_setting else AlertKind.SAME_CODE,
        severity=AlertSeverity.CRITICAL,
        entity="org" if is_setting else "code",
        ref=uow.org.slug if is_setting else code,
        message=said,
        command=f"{_explain(code)}; after fixing it: petmsg org thaw",
    )


def _unmark_phones(uow: UnitOfWork, code: str) -> None:
    """Mark the phones that were marked for this code just now as able to receive SMS again."""
    since = uow.now - REPEAT_WINDOW
    reason = f"code {code} came for every message: the account is the cause"
    for client, phone in queries.phones_marked(uow.cursor, uow.org, code=code, since=since):
        mark_sms_capable(uow, client, phone, reason=reason)
        close_alert(
            uow, AlertKind.PHONE_NOT_SMS_CAPABLE, entity="client", ref=client, reason=reason
        )


def _explain(code: str) -> str:
    return "petmsg message list" if code == NO_CODE else f"petmsg errors explain {code}"


def _meaning(code: str) -> str:
    if code == NO_CODE:
        return "The provider gave no code."
    return look_up_code(code).meaning
