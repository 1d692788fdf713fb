"""Alerts about rejected webhook requests, and what they look like."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from petmsg.db.transaction import Transaction
from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.enums.orgs import ProviderName
from petmsg.enums.webhooks import LooksLike
from petmsg.errors import NoOrg
from petmsg.plurals import counted
from petmsg.queries.org import OrgRow, all_orgs
from petmsg.services.alert import raise_alert
from petmsg.services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ManyRefused:
    """`count` requests at an endpoint (`twilio`, `stripe`) were rejected lately.

    `looks_like` is what most of the last ones looked like, None if nothing is known of them.
    `account` is the SID that they named, `names` those of its credentials here (None: without a
    name), and `address` the start of an address that the provider signed.
    """

    endpoint: str
    count: int
    looks_like: LooksLike | None = None
    account: str = ""
    names: frozenset[str | None] = frozenset()
    address: str | None = None


class _Words(NamedTuple):
    """What the requests look like, and what fixes them."""

    why: str
    command: str
    severity: AlertSeverity = AlertSeverity.CRITICAL


_PULL = "then petmsg message pull"
_LOST = "Messages may be lost"
_STRIPE = _Words(
    "because of a missing or wrong signature. Payments may be lost if Stripe sent them.",
    "petmsg config show; compare PETMSG_STRIPE_SECRET with the endpoint in the Stripe dashboard",
)
_TWILIO = _Words(
    f"because of a missing or wrong signature. {_LOST} if Twilio sent them.",
    "petmsg config show; compare TWILIO_AUTH_TOKEN and PETMSG_PUBLIC_URL with the Twilio console, "
    f"{_PULL}",
)


def alert_rejected(
    transaction: Transaction, refused: ManyRefused, *, actor: str, now: datetime
) -> tuple[None, UnitOfWork]:
    """Raise an alert about rejected requests in the orgs whose account they name, or else in those
    that use the provider, or in all orgs.

    Returns the unit of work of one org, for the caller to finish. Raises `NoOrg`.
    """
    orgs = _orgs_to_alert(all_orgs(transaction.cursor), refused)
    if not orgs:
        raise NoOrg
    provider, words = (
        ("Twilio", _twilio(refused)) if refused.endpoint == "twilio" else ("Stripe", _STRIPE)
    )
    rejected = f"petmsg rejected {counted(refused.count, 'request')} to the {provider} webhook"
    uows = [UnitOfWork(transaction, org, actor, now) for org in orgs]
    for uow in uows:
        raise_alert(
            uow,
            AlertKind.WEBHOOK_REFUSED,
            severity=words.severity,
            entity="webhook",
            ref=refused.endpoint,
            message=f"{rejected} {words.why}",
            command=words.command,
        )
    for uow in uows[:-1]:
        uow.finish()
    return None, uows[-1]


def alert_other_account(uow: UnitOfWork, number: str, *, what: str = "a message") -> None:
    """Raise an alert about a message or call to a number of the org that another account signed."""
    raise_alert(
        uow,
        AlertKind.WEBHOOK_REFUSED,
        severity=AlertSeverity.CRITICAL,
        entity="number",
        ref=number,
        message=f"petmsg rejected {what} to {number} that a Twilio account signed which org "
        f"{uow.org.slug} never had. The number may have moved to that account.",
        command="petmsg org show; if the number moved: petmsg org set --twilio-account …",
    )


def _orgs_to_alert(orgs: list[OrgRow], refused: ManyRefused) -> list[OrgRow]:
    if refused.endpoint != "twilio":
        return orgs
    on_twilio = [org for org in orgs if org.provider is ProviderName.TWILIO]
    of_account = [org for org in on_twilio if org.account.name in refused.names]
    return of_account or on_twilio or orgs


def _twilio(refused: ManyRefused) -> _Words:
    """What the refused requests to Twilio's webhooks look like."""
    account = f"Account {refused.account}" if refused.account else "An unnamed account"
    match refused.looks_like:
        case LooksLike.TOKEN:
            return _Words(
                f"whose signature fits no address of this server. {account}: its auth token is "
                f"probably not the one of the credentials. {_LOST}.",
                f"petmsg config show; copy the auth token from the Twilio console, {_PULL}",
            )
        case LooksLike.ADDRESS:
            return _Words(
                f"that Twilio signed for {refused.address}, which is not PETMSG_PUBLIC_URL. The "
                f"token is right, the address differs. {_LOST}.",
                "petmsg config show; make PETMSG_PUBLIC_URL and the webhooks in the Twilio "
                f"console the same address, {_PULL}",
            )
        case LooksLike.PROXY:
            return _Words(
                "that Twilio seems to have sent, but whose query or X-Twilio-Signature was changed "
                f"on the way: probably by a proxy in front of petmsg serve. {_LOST}.",
                f"petmsg config show; let the proxy pass the request on unchanged, {_PULL}",
            )
        case LooksLike.ACCOUNT:
            return _Words(
                f"about an account whose auth token this server does not have. {account}: its "
                f"credentials are missing here. {_LOST} if it is yours.",
                f"petmsg config show; add the credentials of that account, {_PULL}",
            )
        case LooksLike.STRANGER:
            return _Words(
                "that are not signed and name no account of yours. They are probably not Twilio's; "
                "if they are, a proxy removes X-Twilio-Signature.",
                "petmsg config show; look into the proxy's log for who sends them",
                AlertSeverity.WARNING,
            )
        case _:
            return _TWILIO
