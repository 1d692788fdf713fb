"""Alerts about rejected webhook requests."""

from datetime import datetime

from petmsg.db.transaction import Transaction
from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.orgs import ProviderName
from petmsg.errors import NoOrg
from petmsg.plurals import counted
from petmsg.queries.org import all_orgs
from petmsg.services.alert import raise_alert
from petmsg.services.unit_of_work import UnitOfWork

_WHAT = {
    "twilio": (
        "Twilio",
        "Messages may be lost",
        (
            "petmsg config show; compare TWILIO_AUTH_TOKEN and PETMSG_PUBLIC_URL with the "
            "Twilio console, then petmsg message pull"
        ),
    ),
    "stripe": (
        "Stripe",
        "Payments may be lost",
        (
            "petmsg config show; compare PETMSG_STRIPE_SECRET with the endpoint in the Stripe "
            "dashboard"
        ),
    ),
}


def alert_rejected(
    transaction: Transaction, endpoint: str, count: int, *, actor: str, now: datetime
) -> tuple[None, UnitOfWork]:
    """Raise an alert about `count` rejected requests, in the orgs that use the provider or in all
    orgs.

    Returns the unit of work of one org, for the caller to finish. Raises `NoOrg`.
    """
    provider, loss, command = _WHAT[endpoint]
    orgs = all_orgs(transaction.cursor)
    if endpoint == "twilio":
        orgs = [org for org in orgs if org.provider is ProviderName.TWILIO] or orgs
    if not orgs:
        raise NoOrg
    rejected = f"petmsg rejected {counted(count, 'request')} to the {provider} webhook"
    uows = [UnitOfWork(transaction, org, actor, now) for org in orgs]
    for uow in uows:
        raise_alert(
            uow,
            AlertKind.WEBHOOK_REFUSED,
            severity=AlertSeverity.CRITICAL,
            entity="webhook",
            ref=endpoint,
            message=f"{rejected} because of a missing or wrong signature. {loss} if {provider} "
            "sent them.",
            command=command,
        )
    for uow in uows[:-1]:
        uow.finish()
    return None, uows[-1]
