"""Webhooks that were refused: who is told of it."""

from datetime import datetime

from petmsg.db.transaction import Transaction
from petmsg.enums import AlertKind, AlertSeverity, ProviderName
from petmsg.errors import NoOrg
from petmsg.queries.org import all_orgs
from petmsg.services.alert import raise_alert
from petmsg.services.unit_of_work import UnitOfWork

_WHAT = {
    "twilio": (
        "Twilio",
        "Messages may be lost",
        (
            "petmsg config show; compare TWILIO_AUTH_TOKEN and PETMSG_PUBLIC_URL with Twilio's "
            "console, then petmsg message pull"
        ),
    ),
    "stripe": (
        "Stripe",
        "Payments may be lost",
        "petmsg config show; compare PETMSG_STRIPE_SECRET with the endpoint in Stripe's dashboard",
    ),
}


def tell_refused(
    transaction: Transaction, door: str, count: int, *, actor: str, now: datetime
) -> tuple[None, UnitOfWork]:
    """Raise an alert about `count` refused requests at a door: in the orgs that use the provider,
    or in all. The work of one of them comes back, for the caller to finish. Raises `NoOrg`."""
    provider, loss, command = _WHAT[door]
    orgs = all_orgs(transaction.cursor)
    if door == "twilio":
        orgs = [org for org in orgs if org.provider is ProviderName.TWILIO] or orgs
    if not orgs:
        raise NoOrg
    works = [UnitOfWork(transaction, org, actor, now) for org in orgs]
    for uow in works:
        raise_alert(
            uow,
            AlertKind.WEBHOOK_REFUSED,
            severity=AlertSeverity.CRITICAL,
            entity="webhook",
            ref=door,
            message=f"{count} request(s) to the address for {provider} were refused: their "
            f"signature is missing or wrong. {loss} if they were {provider}'s.",
            command=command,
        )
    for uow in works[:-1]:
        uow.finish()
    return None, works[-1]
