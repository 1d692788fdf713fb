"""Calls to numbers that no company here ever had: they are rejected and stored, with an alert."""

from datetime import datetime
from typing import NamedTuple

from petmsg.db.transaction import Transaction
from petmsg.enums.orgs import ProviderName
from petmsg.providers.call_events import CallArrived, CallEnded
from petmsg.queries.org import all_orgs
from petmsg.queries.unmatched import insert_unmatched, unmatched_id
from petmsg.services.inbound.unmatched import alert_each, orgs_to_alert
from petmsg.services.unit_of_work import UnitOfWork

BODY = "Phone call"


class UnmatchedCall(NamedTuple):
    """A stored unmatched call; `duplicate` is true if it was already stored."""

    unmatched: int
    duplicate: bool


def store(
    transaction: Transaction,
    event: CallArrived | CallEnded,
    *,
    provider: ProviderName | None,
    actor: str,
    now: datetime,
) -> tuple[UnmatchedCall, UnitOfWork]:
    """Store a call to a number of no org. The same provider ID again changes nothing.

    Returns also the unit of work of one of the orgs with an alert, for the caller to finish. Raises
    `NoOrg` if there is none.
    """
    cursor = transaction.cursor
    orgs = orgs_to_alert(all_orgs(cursor), provider)
    new = insert_unmatched(
        cursor,
        provider=provider.value if provider is not None else None,
        provider_message_id=event.call,
        from_phone=event.from_phone,
        to_e164=event.to_e164 or "",
        body=BODY,
        media_count=0,
        received_at=now,
        opt_out_type=None,
        is_call=True,
    )
    unmatched = unmatched_id(cursor, event.call)
    message, command = _explained(event.to_e164)
    uows = [UnitOfWork(transaction, org, actor, now) for org in orgs]
    if new:
        alert_each(uows, event.to_e164, message=message, command=command)
    for uow in uows[:-1]:
        uow.finish()
    return UnmatchedCall(unmatched, duplicate=not new), uows[-1]


def _explained(to_e164: str | None) -> tuple[str, str]:
    """What the alert says, and the command that helps."""
    if not to_e164:
        return (
            "A call was rejected, because the provider does not say which number was called.",
            "petmsg inbox strays; then look for the call in the provider's console",
        )
    return (
        f"Somebody called {to_e164}, which is not one of your numbers. The call was rejected.",
        f"petmsg inbox strays; if the number is yours: petmsg number add {to_e164} --class pool",
    )
