"""After a backup was restored: never send a message again without asking the provider.

The backup does not know what was sent after it was made, nor from which number. So each message
that was queued, being sent or of unknown outcome is held, and the provider is asked for everything
it sent to that phone since. A message with the same body is this one. If the provider lists none
twice, two minutes apart, the message goes back to the queue. Anything else is held for review.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from petmsg.clock import format_local, iso_utc
from petmsg.db.backup_mark import unmark
from petmsg.db.cursor import Cursor
from petmsg.db.transaction import Transaction
from petmsg.enums.messages import AttemptStatus, MessageStatus
from petmsg.enums.numbers import NumberClass
from petmsg.enums.orgs import ProviderName
from petmsg.enums.routing import Outcome
from petmsg.errors import NoOrg
from petmsg.models import Message, MessageAttempt
from petmsg.providers.base import ProviderMessage
from petmsg.queries import after_restore as queries
from petmsg.queries.client import client_ref
from petmsg.queries.org import OrgRow, all_orgs
from petmsg.queries.unknown_outcomes import LOOK_BACK
from petmsg.rules.routing.decision import RULE_OF_CLASS
from petmsg.services.outbox.not_sent import hold_for_review
from petmsg.services.outbox.record_outcome import attempt_of, bind, locked_by_id
from petmsg.services.outbox.unknown_outcomes import CLOCK_SKEW, Reconciled
from petmsg.services.unit_of_work import UnitOfWork
from petmsg.text_inputs import normal_body

SECOND_LOOK = timedelta(minutes=2)
"""A message that the provider does not list twice, this far apart, was not sent."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """How many messages of an org are held until the provider was asked."""

    org: str
    messages: int


@dataclass(frozen=True, slots=True)
class Held:
    """A message that is held until the provider was asked for what it sent to the phone.

    `provider` is that of its last attempt, None without one.
    """

    message: int
    provider: str | None
    to_e164: str
    since: datetime


def hold_all(
    transaction: Transaction, *, made_at: datetime, actor: str, now: datetime
) -> tuple[list[SetAside], UnitOfWork]:
    """Hold the messages of every org whose outcome the backup of `made_at` (aware UTC) does not
    know.

    The mark of a backup is removed from the database. Raises `NoOrg`.
    """
    rows, uow = [], None
    for org in all_orgs(transaction.cursor):
        if uow is not None:
            uow.finish()
        uow = UnitOfWork(transaction, org, actor, now)
        rows.append(_hold_all(uow, made_at))
    if uow is None:
        raise NoOrg
    unmark(transaction.cursor)
    return rows, uow


def _hold_all(uow: UnitOfWork, made_at: datetime) -> SetAside:
    ids = queries.open_messages(uow.cursor, uow.org.id, now=uow.now)
    for message_id in ids:
        message = locked_by_id(uow, message_id)
        if message.status is MessageStatus.SENDING:
            attempt = attempt_of(uow, message_id, message.attempts)
            attempt.status, attempt.ended_at = AttemptStatus.UNKNOWN, uow.now
        message.in_doubt_at, message.absent_at = made_at, None
        hold_for_review(
            uow,
            message,
            why=f"the database is a backup of {format_local(made_at, uow.org.timezone)}, and the "
            "provider must be asked first",
            code=queries.CODE,
            command="petmsg message dispatch",
        )
    return SetAside(uow.org.slug, len(ids))


def list_held(cursor: Cursor, org: OrgRow) -> list[Held]:
    """Return the org's messages that the provider must be asked about, oldest first."""
    return [
        Held(
            row.message,
            row.provider,
            row.to_e164,
            row.in_doubt_at - CLOCK_SKEW
            if row.claimed_at is None
            else min(row.claimed_at - LOOK_BACK, row.in_doubt_at - CLOCK_SKEW),
        )
        for row in queries.held_messages(cursor, org)
    ]


def reconcile(uow: UnitOfWork, one: Held, found: Sequence[ProviderMessage]) -> Reconciled | None:
    """Decide by what the provider sent to the phone since; return None if it was already
    decided."""
    message = _still_held(uow, one)
    if message is None:
        return None
    unknown = [
        listed for listed in found if not queries.is_known(uow.cursor, listed.provider_message_id)
    ]
    body = normal_body(message.body or "")
    same = [listed for listed in unknown if normal_body(listed.body) == body]
    number = queries.number_of(uow.cursor, uow.org.id, same[0].from_e164) if same else None
    if number is not None:
        return _sent(uow, message, same[0], number)
    others = {
        normal_body(body)
        for body in queries.other_bodies(uow.cursor, uow.org.id, one.message, one.to_e164)
    }
    ambiguous = [
        listed for listed in unknown if listed in same or normal_body(listed.body) not in others
    ]
    if ambiguous:
        why = f"the provider sent {len(ambiguous)} messages that may be this one"
        hold_for_review(uow, message, why=why, code="ambiguous")
        return Reconciled(one.message, message.status, why)
    if message.absent_at is None:
        message.absent_at = uow.now
        uow.session.flush()
    if uow.now < message.absent_at + SECOND_LOOK:
        return Reconciled(
            one.message,
            MessageStatus.UNKNOWN,
            "the provider does not list it; petmsg will ask once more",
        )
    return _queued(uow, message)


def reconcile_without_provider(uow: UnitOfWork, one: Held) -> Reconciled | None:
    """Hold a message for review whose last attempt was at a provider that the org no longer uses
    and that cannot be asked. Return None if it was already decided."""
    message = _still_held(uow, one)
    if message is None:
        return None
    why = f"{one.provider} may have it, but the org no longer uses that provider"
    hold_for_review(uow, message, why=why, code="other_provider")
    return Reconciled(one.message, message.status, why)


def _still_held(uow: UnitOfWork, one: Held) -> Message | None:
    message = locked_by_id(uow, one.message)
    if message.status is not MessageStatus.HELD or message.error_code != queries.CODE:
        return None
    return message


def _sent(
    uow: UnitOfWork, message: Message, listed: ProviderMessage, number: queries.NumberHeldBy
) -> Reconciled | None:
    """Record an attempt that the backup did not know of."""
    assert message.id is not None
    number_class = NumberClass(number.number_class)
    message.attempts += 1
    message.number_id, message.from_e164 = number.id, number.e164
    message.rule = None if message.thread_id is None else RULE_OF_CLASS[number_class]
    message.decision = json.dumps(_decision(uow, message, listed, number), ensure_ascii=False)
    message.provider = ProviderName(uow.org.provider)
    message.claimed_at = listed.created_at
    uow.session.add(
        MessageAttempt(
            org_id=uow.org.id,
            message_id=message.id,
            attempt=message.attempts,
            thread_id=message.thread_id,
            number_id=number.id,
            rule=message.rule,
            status=AttemptStatus.SENT,
            provider_message_id=listed.provider_message_id,
            claimed_at=listed.created_at,
            ended_at=uow.now,
        )
    )
    bind(uow, message, listed.provider_message_id)
    message.sent_at = listed.created_at
    return _ended(uow, message, "message.sent", "found at the provider: it was sent")


def _queued(uow: UnitOfWork, message: Message) -> Reconciled:
    message.status, message.due_at = MessageStatus.QUEUED, uow.now
    message.send_at = message.send_at or uow.now
    message.in_doubt_at = message.absent_at = None
    message.error_code = message.error_message = None
    note = "the provider does not have it: queued again"
    return _ended(uow, message, "message.requeued", note)


def _ended(uow: UnitOfWork, message: Message, event: str, note: str) -> Reconciled:
    assert message.id is not None
    payload = {"attempt": message.attempts, "number": message.from_e164}
    uow.audit(event, "message", str(message.id), payload, reason="after a backup was restored")
    uow.session.flush()
    queries.close_alert(
        uow.cursor, uow.org.id, message.id, actor=uow.actor, reason=note, now=uow.now
    )
    return Reconciled(message.id, message.status, note)


def _decision(
    uow: UnitOfWork, message: Message, listed: ProviderMessage, number: queries.NumberHeldBy
) -> dict[str, Any]:
    """Return a Decision that names the number; the original decision is lost."""
    client = client_ref(uow.cursor, message.client_id)
    return {
        "org": uow.org.slug,
        "client": client,
        "at": iso_utc(listed.created_at),
        "outcome": Outcome.ROUTED.value,
        "number": {"e164": number.e164, "class": number.number_class, "sitter": number.sitter},
        "reason": "Found at the provider after a backup was restored",
        "window": None,
        "warnings": [],
        "ruleset": "restored",
        "trace": [],
    }
