"""The provider of an org: the only place that asks for adapters."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from petmsg import settings
from petmsg.providers import registry
from petmsg.providers.base import Provider
from petmsg.providers.public_url import checked_public_url
from petmsg.queries.org import OrgRow
from petmsg.workflows.store import Store

if TYPE_CHECKING:
    from petmsg.db.transaction import Transaction


def provider_of(store: Store, org: OrgRow, *, threads: int = 10) -> Provider:
    """The adapter of the org's account (`OrgRow.account`), for as many threads at once.

    Raises `CredentialsMissing` before anything is claimed: a cron job without credentials in its
    environment sends nothing.
    """

    def database() -> "Callable[[], AbstractContextManager[Transaction]]":
        from petmsg.db.transaction import transaction

        engine, location = store.engine, store.location
        return lambda: transaction(engine, location)

    provider = registry.connect(
        org.provider,
        registry.Connection(store.environ, database, store.snapshot, threads, org.account.name),
    )
    store.at_end.callback(provider.close)
    return provider


def public_url_of(store: Store, *orgs: OrgRow) -> str | None:
    """Where the providers of the orgs may fetch pictures: the public URL of `petmsg serve`.

    None if it is not set, or if no provider needs it. Raises `Misconfigured`.
    """
    url = store.environ.get(settings.PUBLIC_URL)
    if not url or not any(registry.needs_public_url(org.provider) for org in orgs):
        return None
    return checked_public_url(url)


def account_provider_of(store: Store, org: OrgRow) -> Provider:
    """The adapter of the account whose numbers an org may import.

    Before the org is switched to a real provider, that is the one whose credentials are set. Raises
    `CredentialsMissing` for credentials that cannot be right.
    """
    if not registry.reaches_phones(org.provider):
        for name in registry.with_credentials(store.environ):
            return provider_of(store, org._replace(provider=name))
    return provider_of(store, org)
