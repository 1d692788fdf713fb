"""Differences between petmsg and the provider, as rows, and the alerts about them.

Nothing here ends a quarantine, changes a number or releases a message: each row names the
difference and the command that fixes it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from petmsg.enums.alerts import AlertKind, AlertSeverity, DriftKind
from petmsg.enums.messages import MessageStatus
from petmsg.providers.base import ProviderNumber
from petmsg.queries.alert import open_alerts_of_kind
from petmsg.queries.provider_drift import BelievedNumber, HeldForAPerson
from petmsg.queries.unknown_outcomes import ClaimedMessage
from petmsg.services.alert import done, raise_alert
from petmsg.services.outbox.unknown_outcomes import Reconciled
from petmsg.services.unit_of_work import Failure, UnitOfWork, one_batch_at_a_time


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference between petmsg and the provider.

    `ref` is the id of a message or a number; `org` is None for a number that belongs to no org.
    `left` means that the difference remains.
    """

    org: str | None
    kind: DriftKind
    ref: str
    status: str | None
    message: str
    command: str | None
    left: bool = True


def claimed_messages(org: str, orphans: Iterable[ClaimedMessage]) -> list[Drift]:
    """Messages whose sending process died, before the provider is asked."""
    return [
        _message_drift(
            org, each.message, MessageStatus.SENDING, "the process that sent it has died"
        )
        for each in orphans
    ]


def reconciled_messages(org: str, settled: Iterable[Reconciled | Failure]) -> list[Drift]:
    """Messages whose outcome was unknown, after the provider was asked."""
    return [
        _message_drift(
            org,
            int(each.ref),
            MessageStatus.UNKNOWN,
            f"the provider could not be asked: {each.error.message}",
        )
        if isinstance(each, Failure)
        else _message_drift(org, each.message, each.status, each.note)
        for each in settled
    ]


def held_messages(org: str, held: Iterable[HeldForAPerson]) -> list[Drift]:
    """Messages that a person must look up, because asking the provider gave no answer."""
    return [_message_drift(org, each.message, MessageStatus.HELD, each.why) for each in held]


def _message_drift(org: str, message: int, status: MessageStatus, note: str) -> Drift:
    command = {
        MessageStatus.HELD: f"petmsg message show {message}; then petmsg message retry {message} "
        f"--reason … (or: petmsg message cancel {message})",
        MessageStatus.UNKNOWN: "petmsg reconcile",
        MessageStatus.SENDING: "petmsg reconcile",
        MessageStatus.QUEUED: "petmsg message dispatch",
    }.get(status)
    left = status in (MessageStatus.HELD, MessageStatus.UNKNOWN, MessageStatus.SENDING)
    words = f"Message {message}: {note.rstrip('.')}."
    return Drift(org, DriftKind.MESSAGE_UNKNOWN, str(message), status.value, words, command, left)


def unknown_numbers(
    at_provider: Iterable[str], known: Collection[str], *, org: str | None
) -> list[Drift]:
    """Numbers of the account that no org of the database has.

    `org` is the only org that uses the account; None if there are several.
    """
    flag = f" --org {org}" if org is not None else " --org SLUG"
    return [
        Drift(
            org,
            DriftKind.NUMBER_NOT_KNOWN,
            e164,
            None,
            f"The account has {e164}, but no org has it.",
            f"petmsg number import --from-provider --class pool{flag}",
        )
        for e164 in sorted(set(at_provider) - set(known))
    ]


def incomplete_numbers(listed: Iterable[ProviderNumber], *, org: str | None) -> list[Drift]:
    """Numbers of the account that the provider lists without their phone number.

    `org` is the only org that uses the account; None if there are several.
    """
    nameless = [number for number in listed if not number.e164]
    return [
        Drift(
            org,
            DriftKind.NUMBER_NOT_KNOWN,
            number.provider_number_id,
            None,
            f"The account lists {number.provider_number_id} without its phone number.",
            "Look it up in the provider's console; then petmsg number add E164 --class pool",
        )
        for number in nameless
    ]


def missing_numbers(
    org: str, believed: Iterable[BelievedNumber], at_provider: Collection[str]
) -> list[Drift]:
    """Numbers of the org that are active or quarantined but not in the provider's account."""
    return [
        Drift(
            org,
            DriftKind.NUMBER_GONE,
            each.number,
            each.status,
            f"The account has no number {each.number} that can send messages.",
            f"petmsg number quarantine {each.number} --reason … "
            f"(or: petmsg number retire {each.number})",
        )
        for each in believed
        if each.number not in at_provider
    ]


def alert_all(uow: UnitOfWork, drifts: Sequence[Drift]) -> None:
    """Raise an alert for each missing or unknown number; a repeated one stays one alert."""
    one_batch_at_a_time(uow)
    for each in drifts:
        is_gone = each.kind is DriftKind.NUMBER_GONE
        raise_alert(
            uow,
            AlertKind.NUMBER_GONE if is_gone else AlertKind.NUMBER_NOT_KNOWN,
            severity=AlertSeverity.CRITICAL if is_gone else AlertSeverity.INFO,
            entity="number",
            ref=each.ref,
            message=each.message,
            command=each.command,
        )


def end_alerts(uow: UnitOfWork, drifts: Sequence[Drift], *, kinds: Iterable[AlertKind]) -> None:
    """Close the alerts of these kinds about numbers that no longer differ. `drifts` are all
    differences of the org's numbers."""
    still = {(each.kind.value, each.ref) for each in drifts}
    for kind in kinds:
        for alert, ref in open_alerts_of_kind(uow.cursor, uow.org.id, kind=kind.value):
            if (kind.value, ref) not in still:
                done(uow, str(alert), reason="petmsg and the provider's account agree again")
