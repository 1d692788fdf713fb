"""Side effects of a rejection, whatever happens to its message: opt a client out, quarantine a
number, hold back an account. One effect per class of rejection."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.models import Message, MessageAttempt, MessageNumber
from petmsg.providers.base import RejectionClass
from petmsg.providers.error_codes import ErrorCode, Scope
from petmsg.providers.registry import look_up_code
from petmsg.queries import provider_holds as queries
from petmsg.queries.rejections import never_worked, took_another_out
from petmsg.rules.rate_limit import is_toll_free
from petmsg.rules.repeated_codes import REPEAT_WINDOW
from petmsg.rules.routing import usable
from petmsg.services.alert import raise_alert
from petmsg.services.numbers import ledger
from petmsg.services.numbers.provider_holds import alert_account, hold_back
from petmsg.services.outbox import repeated_codes
from petmsg.services.people.optout_messages import block_pair, record_provider_opt_out
from petmsg.services.people.undeliverable_phones import mark_undeliverable
from petmsg.services.unit_of_work import UnitOfWork

MAX_QUARANTINED = 2
"""After this many numbers quarantined for one code within `REPEAT_WINDOW`, the account is the
cause."""
_REASON = "provider code {code}"
"""The reason in the number ledger when a number is quarantined for a code."""


@dataclass(frozen=True, slots=True)
class RejectionEffect:
    """A rejection to apply. `attempt` was rejected; `reported` is true if the provider had accepted
    it first."""

    uow: UnitOfWork
    message: Message
    attempt: MessageAttempt
    client: str | None
    code: str
    reported: bool

    @property
    def row(self) -> ErrorCode:
        """The code's row in the table of the providers' codes."""
        return look_up_code(self.code)


def apply_effects(refusal: RejectionEffect, rejection_class: RejectionClass) -> None:
    """Apply the side effects of the rejection."""
    _EFFECTS.get(rejection_class, _no_effect)(refusal)


def stops_sending(refusal: RejectionEffect, rejection_class: RejectionClass) -> datetime | None:
    """Whether the account is the cause, because many messages failed with this code: when (aware
    UTC) the next one is tried. The message waits until then, and no effect is applied."""
    return repeated_codes.stops_sending(
        refusal.uow,
        refusal.attempt,
        code=refusal.code,
        rejection_class=rejection_class,
        reported=refusal.reported,
    )


def recipient_is_the_cause(refusal: RejectionEffect) -> bool:
    """Whether other numbers cannot message this client either."""
    return took_another_out(
        refusal.uow.cursor,
        thread_id=refusal.message.thread_id,
        number_id=refusal.attempt.number_id,
        reason=_REASON.format(code=""),
    )


def _no_effect(_refusal: RejectionEffect) -> None:
    """Do nothing: the rejection concerns the message only."""


def _hold_back_numbers(refusal: RejectionEffect) -> None:
    """Hold back the numbers concerned.

    A rejection of the whole account costs nothing and ends the run, so each run tries one message.
    """
    uow, code = refusal.uow, refusal.code
    number = _number(refusal)
    scope = _scope(refusal, number)
    if refusal.reported or scope is not Scope.ACCOUNT:
        _hold_back(refusal, number, scope)
        rest = "Messages stay queued, and petmsg retries one from time to time."
    else:
        rest = "Messages stay queued."
    kind = "toll-free numbers" if is_toll_free(number.e164) else "long codes"
    whose = {
        Scope.KIND: f"all {kind}, such as {number.e164}",
        Scope.NUMBER: f"the number {number.e164}",
    }.get(scope, "the account")
    said = _what_to_do(refusal)
    alert_account(
        uow, code=code, message=f"The provider rejects {whose} (code {code}). {said} {rest}"
    )


def _what_to_do(refusal: RejectionEffect) -> str:
    """What the code means and what a person does about it, as sentences."""
    said = f"{refusal.row.meaning} {refusal.row.to_do}".rstrip()
    return said if said.endswith(".") else f"{said}."


def _scope(refusal: RejectionEffect, number: MessageNumber) -> Scope:
    """The numbers that the rejection concerns: of a type only this number, while another one of it
    delivers messages."""
    scope = refusal.row.scope
    if scope is not Scope.KIND:
        return scope
    cursor, since = refusal.uow.cursor, refusal.attempt.claimed_at - REPEAT_WINDOW
    others = [
        id_
        for id_, e164 in queries.numbers_of(cursor, refusal.uow.org)
        if id_ != number.id and is_toll_free(e164) == is_toll_free(number.e164)
    ]
    return Scope.NUMBER if queries.any_delivered(cursor, others, since=since) else scope


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


def _alert_our_setting(refusal: RejectionEffect) -> None:
    row = refusal.row
    if row.scope is Scope.NUMBER:
        _hold_back_numbers(refusal)
        return
    raise_alert(
        refusal.uow,
        AlertKind.PROVIDER_SETTING,
        severity=AlertSeverity.CRITICAL,
        entity="org",
        ref=refusal.uow.org.slug,
        message=f"{row.meaning} {row.to_do} (code {row.code}). Messages stay queued.",
        command="petmsg config show; then petmsg message dispatch",
    )


def _alert_account_setting(refusal: RejectionEffect) -> None:
    uow = refusal.uow
    raise_alert(
        uow,
        AlertKind.PROVIDER_SETTING,
        severity=AlertSeverity.WARNING,
        entity="org",
        ref=uow.org.slug,
        message=f"A setting of the provider account blocks the message (code {refusal.code}). "
        f"{_what_to_do(refusal)}",
        command=f"petmsg errors explain {refusal.code}",
    )


def _mark_phone(refusal: RejectionEffect) -> None:
    if refusal.client is None:
        return  # the phone of a sitter or a stranger: an alert reports that it was not delivered
    assert refusal.message.to_e164 is not None
    mark_undeliverable(
        refusal.uow,
        client_ref=refusal.client,
        to_e164=refusal.message.to_e164,
        code=refusal.code,
    )


def _opt_out(refusal: RejectionEffect) -> None:
    number = _number(refusal)
    assert number.id is not None
    assert refusal.message.to_e164 is not None
    record_provider_opt_out(
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


def _quarantine_sender(refusal: RejectionEffect) -> None:
    """Quarantine our number, because it cannot be used.

    A recipient that a second number cannot reach either may be the cause, and must not quarantine
    one number after the other. The same holds for a code that the provider returns for every
    number, and for a number that has sent nothing since the account was changed: it is probably a
    number of another account, and nothing is wrong with it.
    """
    if refusal.message.thread_id is not None and recipient_is_the_cause(refusal):
        return
    uow, number = refusal.uow, _number(refusal)
    if not usable(number, uow.now):
        return
    taken_out = uow.cursor.value(
        queries.TAKEN_OUT,
        org_id=uow.org.id,
        reason=_REASON.format(code=refusal.code),
        since=uow.now - REPEAT_WINDOW,
    )
    assert number.id is not None
    # What the provider accepted first was from a number that the account has.
    if not refusal.reported and never_worked(uow.cursor, uow.org, number_id=number.id):
        _hold_back(refusal, number, Scope.NUMBER)
        alert_account(
            uow,
            code=refusal.code,
            message=f"The provider rejects the number {number.e164} (code {refusal.code}), which "
            "has sent nothing since the account was changed. It probably belongs to another "
            "account: use the account that has it, or give it back. It is not quarantined.",
        )
        return
    if taken_out < MAX_QUARANTINED:
        _quarantine(uow, number, code=refusal.code)
        return
    _hold_back(refusal, number, Scope.NUMBER)
    alert_account(
        uow,
        code=refusal.code,
        message=f"The provider rejects one number after the other (code {refusal.code}): "
        f"{refusal.row.meaning} The credentials may belong to another account. No more "
        "numbers are quarantined; messages stay queued.",
    )


def _quarantine(uow: UnitOfWork, number: MessageNumber, *, code: str) -> None:
    """Quarantine a number that the provider does not let us use, even the front desk's."""
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
        message=f"The provider does not allow {number.e164} to send (code {code}); the number is "
        "quarantined.",
        command=f"petmsg errors explain {code}; then petmsg number restore {number.e164} "
        "--reason …",
    )


def _number(refusal: RejectionEffect) -> MessageNumber:
    return ledger.locked_by_id(refusal.uow, refusal.attempt.number_id)


_EFFECTS: dict[RejectionClass, Callable[[RejectionEffect], None]] = {
    RejectionClass.ACCOUNT: _hold_back_numbers,
    RejectionClass.REGISTRATION: _hold_back_numbers,
    RejectionClass.CONFIGURATION: _alert_our_setting,
    RejectionClass.SETTING: _alert_account_setting,
    RejectionClass.RECIPIENT: _mark_phone,
    RejectionClass.OPTED_OUT: _opt_out,
    RejectionClass.SENDER: _quarantine_sender,
    RejectionClass.BLOCKED: _block,
}
