"""What a refusal teaches, whatever becomes of its message: that a client opted out, that a number
is not usable, that the provider refuses the account. One lesson per class of refusal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from petmsg.enums import AlertKind, AlertSeverity
from petmsg.models import Message, MessageAttempt, MessageNumber
from petmsg.providers.base import RejectionClass
from petmsg.providers.twilio_errors import Scope, look_up, scope_of
from petmsg.queries import provider_holds as queries
from petmsg.queries.rejections import took_another_out
from petmsg.rules.routing import usable
from petmsg.services.alert import raise_alert
from petmsg.services.numbers import ledger
from petmsg.services.numbers.provider_holds import alert_account, hold_back
from petmsg.services.people.optout_messages import block_pair, provider_said_stop
from petmsg.services.people.undeliverable_phones import mark_not_textable
from petmsg.services.unit_of_work import UnitOfWork

SEVERAL = 3
"""So many messages with the same code within `SAME_HOUR` are worth an alert of their own."""
SAME_HOUR = timedelta(hours=1)
MOST_TAKEN_OUT = 2
"""After so many numbers that one code took out within `SAME_HOUR` it is the account's fault."""
_REASON = "provider code {code}"
"""Why the ledger says that a number was taken out of use."""


@dataclass(frozen=True, slots=True)
class RejectionEffect:
    """`attempt` is the try that was refused; `reported`: after the provider had taken it."""

    uow: UnitOfWork
    message: Message
    attempt: MessageAttempt
    client: str | None
    code: str
    reported: bool


def learn_from(refusal: RejectionEffect, rejection_class: RejectionClass) -> None:
    """Change what the refusal teaches."""
    _LESSONS.get(rejection_class, _nothing)(refusal)
    if rejection_class not in _ALERTED:
        notice_repeats(refusal.uow, refusal.attempt, code=refusal.code)


def notice_repeats(uow: UnitOfWork, attempt: MessageAttempt, *, code: str | None) -> None:
    """Raise one alert where several messages of about the same time did not arrive for one code.

    None is a code too: the carrier gave no reason.
    """
    found = queries.same_code(
        uow.cursor,
        uow.org,
        code=code,
        since=attempt.claimed_at - SAME_HOUR,
        until=attempt.claimed_at + SAME_HOUR,
        limit=SEVERAL,
    )
    if found < SEVERAL:
        return
    meaning = "The provider gave no code." if code is None else _meaning(code)
    raise_alert(
        uow,
        AlertKind.SAME_CODE,
        severity=AlertSeverity.WARNING,
        entity="code",
        ref=code or "none",
        message=f"Several messages within an hour did not arrive: code {code or 'none'}. {meaning}",
        command=f"petmsg errors explain {code}" if code else "petmsg message list",
    )


def is_the_recipient(refusal: RejectionEffect) -> bool:
    """Whether another number could not text this client either."""
    return took_another_out(
        refusal.uow.cursor,
        thread_id=refusal.message.thread_id,
        number_id=refusal.attempt.number_id,
        reason=_REASON.format(code=""),
    )


def _meaning(code: str) -> str:
    return look_up(int(code)).meaning if code.isdecimal() else ""


def _nothing(_refusal: RejectionEffect) -> None:
    """It says nothing about anything but the message."""


def _refuse_the_account(refusal: RejectionEffect) -> None:
    """Hold back the numbers it is about. An answer that refuses the whole account costs nothing and
    ends the run: then each run is a try."""
    uow, code = refusal.uow, refusal.code
    scope = scope_of(code)
    number = _number(refusal)
    row = look_up(int(code)) if code.isdecimal() else None
    if refusal.reported or scope is not Scope.ACCOUNT:
        _hold_back(refusal, number, scope)
        rest = "Messages stay queued; one is tried from time to time."
    else:
        rest = "Messages stay queued."
    whose = {
        Scope.ACCOUNT: "the account",
        Scope.KIND: f"numbers like {number.e164}",
        Scope.NUMBER: f"the number {number.e164}",
    }[scope]
    said = "" if row is None else f" {row.meaning} {row.to_do}".rstrip()
    alert_account(
        uow, code=code, message=f"The provider refuses {whose} (code {code}).{said} {rest}"
    )


def _hold_back(refusal: RejectionEffect, number: MessageNumber, scope: Scope) -> None:
    assert number.id is not None
    hold_back(
        refusal.uow,
        number.id,
        number.e164,
        code=refusal.code,
        scope=scope,
        claimed_at=refusal.attempt.claimed_at,
    )


def _name_our_setting(refusal: RejectionEffect) -> None:
    row = look_up(int(refusal.code))
    raise_alert(
        refusal.uow,
        AlertKind.PROVIDER_SETTING,
        severity=AlertSeverity.CRITICAL,
        entity="org",
        ref=refusal.uow.org.slug,
        message=f"{row.meaning} {row.to_do} (code {row.code}). Messages stay queued.",
        command="petmsg config show; then petmsg message dispatch",
    )


def _name_the_setting(refusal: RejectionEffect) -> None:
    uow = refusal.uow
    raise_alert(
        uow,
        AlertKind.PROVIDER_SETTING,
        severity=AlertSeverity.WARNING,
        entity="org",
        ref=uow.org.slug,
        message=f"A setting of the provider's account stands in the way (code {refusal.code}).",
        command=f"petmsg errors explain {refusal.code}",
    )


def _mark_phone(refusal: RejectionEffect) -> None:
    if refusal.client is None:
        return  # a sitter's phone, or a stranger's: a person is told that it did not arrive
    assert refusal.message.to_e164 is not None
    mark_not_textable(
        refusal.uow,
        client_ref=refusal.client,
        to_e164=refusal.message.to_e164,
        code=refusal.code,
    )


def _opt_out(refusal: RejectionEffect) -> None:
    number = _number(refusal)
    assert number.id is not None
    assert refusal.message.to_e164 is not None
    provider_said_stop(
        refusal.uow,
        client_ref=refusal.client,
        to_e164=refusal.message.to_e164,
        number_id=number.id,
        number=number.e164,
        claimed_at=refusal.attempt.claimed_at,
        code=refusal.code,
    )


def _block(refusal: RejectionEffect) -> None:
    number = _number(refusal)
    assert number.id is not None
    assert refusal.message.to_e164 is not None
    block_pair(
        refusal.uow,
        number_id=number.id,
        number=number.e164,
        to_e164=refusal.message.to_e164,
        client_ref=refusal.client,
        code=refusal.code,
    )


def _take_out_of_use(refusal: RejectionEffect) -> None:
    """Our number is not usable: quarantine it.

    A recipient whom a second number cannot reach either, in this message or a later one, may be the
    reason herself, and must not take one number after the other out of use. Nor does a code that
    the provider gives for every number.
    """
    if refusal.message.thread_id is not None and is_the_recipient(refusal):
        return
    uow, number = refusal.uow, _number(refusal)
    if not usable(number, uow.now):
        return
    taken_out = uow.cursor.value(
        queries.TAKEN_OUT,
        org_id=uow.org.id,
        reason=_REASON.format(code=refusal.code),
        since=uow.now - SAME_HOUR,
    )
    if taken_out < MOST_TAKEN_OUT:
        _take_out(uow, number, code=refusal.code)
        return
    _hold_back(refusal, number, Scope.NUMBER)
    alert_account(
        uow,
        code=refusal.code,
        message=f"The provider refuses one number after the other (code {refusal.code}): "
        f"{_meaning(refusal.code)} Perhaps the credentials are another account's. No more numbers "
        "are quarantined; messages stay queued.",
    )


def _take_out(uow: UnitOfWork, number: MessageNumber, *, code: str) -> None:
    """Quarantine a number that the provider does not let us use, the front desk's too."""
    reason = _REASON.format(code=code)
    until = ledger.quarantine_end(uow, None)
    ledger.to_quarantine(number, until=until, reason=reason)
    ledger.append(uow, number, reason=reason)
    uow.audit(
        "number.quarantined",
        "number",
        number.e164,
        {"until": until, "days": uow.org.quarantine_days, "code": code},
        reason=reason,
    )
    raise_alert(
        uow,
        AlertKind.NUMBER_UNUSABLE,
        severity=AlertSeverity.CRITICAL,
        entity="number",
        ref=number.e164,
        message=f"The provider does not let {number.e164} send (code {code}); it is quarantined.",
        command=f"petmsg errors explain {code}; then petmsg number restore {number.e164} "
        "--reason …",
    )


def _number(refusal: RejectionEffect) -> MessageNumber:
    return ledger.locked_by_id(refusal.uow, refusal.attempt.number_id)


_LESSONS: dict[RejectionClass, Callable[[RejectionEffect], None]] = {
    RejectionClass.ACCOUNT: _refuse_the_account,
    RejectionClass.CONFIGURATION: _name_our_setting,
    RejectionClass.SETTING: _name_the_setting,
    RejectionClass.RECIPIENT: _mark_phone,
    RejectionClass.OPTED_OUT: _opt_out,
    RejectionClass.SENDER: _take_out_of_use,
    RejectionClass.BLOCKED: _block,
}
_ALERTED = frozenset((RejectionClass.ACCOUNT, RejectionClass.CONFIGURATION, RejectionClass.SETTING))
"""They raise one alert for all messages anyway."""
