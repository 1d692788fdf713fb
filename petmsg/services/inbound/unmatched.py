"""Unmatched messages: to numbers that were never the company's. They are stored, with an alert.

An unmatched message means that a webhook points to the wrong place, or that a number of the account
was never added to petmsg. It belongs to no org, so every org that uses its provider gets the alert.
So does a message that its org could not store.
"""

from dataclasses import dataclass
from datetime import datetime

from petmsg.db.transaction import Transaction
from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.orgs import ProviderName
from petmsg.errors import NoOrg, PetmsgError
from petmsg.providers.base import ReceivedMessage
from petmsg.queries.org import OrgRow, all_orgs
from petmsg.queries.unmatched import insert_unmatched, unmatched_id
from petmsg.services.alert import raise_alert
from petmsg.services.inbound.receive import storable
from petmsg.services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ReceivedUnmatched:
    """A stored unmatched message; `duplicate` is true if it was already stored."""

    unmatched: int
    to_e164: str
    duplicate: bool


def store(
    transaction: Transaction,
    text: ReceivedMessage,
    *,
    provider: ProviderName | None,
    actor: str,
    now: datetime,
    refused: PetmsgError | None = None,
) -> tuple[ReceivedUnmatched, UnitOfWork]:
    """Store a message to a number of no org. The same provider ID again changes nothing.

    `refused` is why the number's org could not store it, if there is one.
    Returns also the unit of work of one of the orgs with an alert, for the caller to finish. Raises
    `NoOrg` if there is none.
    """
    text = storable(text)
    cursor = transaction.cursor
    orgs = orgs_to_alert(all_orgs(cursor), provider)
    new = insert_unmatched(
        cursor,
        provider=provider.value if provider is not None else None,
        provider_message_id=text.provider_message_id,
        from_phone=text.from_phone,
        to_e164=text.to_e164,
        body=text.body,
        media_count=text.media_count,
        received_at=text.received_at or now,
        opt_out_type=None if text.opt_out_type is None else text.opt_out_type.value,
    )
    id_ = unmatched_id(cursor, text.provider_message_id)
    uows = [UnitOfWork(transaction, org, actor, now) for org in orgs]
    message, command = _explained(text.to_e164, int(id_), refused)
    if new:
        alert_each(uows, text.to_e164, message=message, command=command)
    for uow in uows[:-1]:
        uow.finish()
    return ReceivedUnmatched(int(id_), text.to_e164, duplicate=not new), uows[-1]


def _explained(to_e164: str, unmatched: int, refused: PetmsgError | None) -> tuple[str, str]:
    """What the alert says, and the command that helps."""
    if not to_e164:
        return (
            "A message came in, but the provider does not say to which number.",
            "petmsg inbox strays; then look for the message in the provider's console",
        )
    if refused is not None:
        return (
            f"A message to {to_e164} could not be stored in its thread: {refused.message}",
            f"petmsg inbox strays; when that is fixed: petmsg inbox adopt {unmatched}",
        )
    steps = f"petmsg number add {to_e164} --class pool, then petmsg inbox adopt {unmatched}"
    return (
        f"A message came to {to_e164}, which is not one of your numbers.",
        f"petmsg inbox strays; if the number is yours: {steps}",
    )


def orgs_to_alert(orgs: list[OrgRow], provider: ProviderName | None) -> list[OrgRow]:
    """Return the orgs that use the provider, or all if none does. Raises `NoOrg`."""
    if not orgs:
        raise NoOrg
    return [org for org in orgs if org.provider is provider] or orgs


def alert_each(uows: list[UnitOfWork], to_e164: str | None, *, message: str, command: str) -> None:
    """Tell each of the orgs of an unmatched message or call to that number."""
    for uow in uows:
        raise_alert(
            uow,
            AlertKind.UNMATCHED_MESSAGE,
            severity=AlertSeverity.CRITICAL,
            entity="number",
            ref=to_e164 or "unknown",
            message=message,
            command=command,
        )
