"""Texts to numbers that were never ours: kept, with an alert, until the number is added.

A stray is somebody's words and a sign that a webhook points to the wrong place, or that a number of
the account was never added. It belongs to no org; every org that uses its provider is told.
"""

from dataclasses import dataclass
from datetime import datetime

from petmsg.db.transaction import Transaction
from petmsg.enums import AlertKind, AlertSeverity, ProviderName
from petmsg.errors import NoOrg
from petmsg.providers.base import ReceivedText
from petmsg.queries.org import OrgRow, all_orgs
from petmsg.queries.unmatched import insert_unmatched, unmatched_id
from petmsg.services.alert import raise_alert
from petmsg.services.inbound.receive import storable
from petmsg.services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class UnmatchedMessage:
    """A text that was kept; `duplicate` says that it was there before."""

    stray: int
    to_e164: str
    duplicate: bool


def store(
    transaction: Transaction,
    text: ReceivedText,
    *,
    provider: ProviderName | None,
    actor: str,
    now: datetime,
) -> tuple[UnmatchedMessage, UnitOfWork]:
    """Keep a text to a number that is no org's. The same provider id again changes nothing.

    The work of one of the orgs that were told comes back with it, for the caller to finish. Raises
    `NoOrg` where there is nobody to tell.
    """
    text = storable(text)
    cursor = transaction.cursor
    told = _told(all_orgs(cursor), provider)
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
    stray_id = unmatched_id(cursor, text.provider_message_id)
    works = [UnitOfWork(transaction, org, actor, now) for org in told]
    for uow in works if new else []:
        raise_alert(
            uow,
            AlertKind.STRAY_TEXT,
            severity=AlertSeverity.CRITICAL,
            entity="number",
            ref=text.to_e164 or "unknown",
            message=f"A text came to {text.to_e164}, which is no number of ours."
            if text.to_e164
            else "A text came in of which the provider does not say to which number.",
            command="petmsg inbox strays; if it is yours: petmsg number add "
            f"{text.to_e164} --class pool, then petmsg inbox adopt {stray_id}"
            if text.to_e164
            else "petmsg inbox strays; then look it up in the provider's console",
        )
    for uow in works[:-1]:
        uow.finish()
    return UnmatchedMessage(int(stray_id), text.to_e164, duplicate=not new), works[-1]


def _told(orgs: list[OrgRow], provider: ProviderName | None) -> list[OrgRow]:
    if not orgs:
        raise NoOrg
    return [org for org in orgs if org.provider is provider] or orgs
