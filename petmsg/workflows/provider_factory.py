"""The provider of an org: the only place that asks for adapters."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, NamedTuple

from petmsg import settings
from petmsg.errors import CredentialsMissing, PetmsgError, ProviderAccount, ProviderUnavailable
from petmsg.providers import registry
from petmsg.providers.base import Provider
from petmsg.providers.public_url import checked_public_url
from petmsg.queries.org import Account, OrgRow
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


class Connected(NamedTuple):
    """Orgs with the adapters of their accounts, and what is wrong with the other accounts."""

    lines: list[tuple[OrgRow, Provider]]
    problems: list[CredentialsMissing]


class AccountAdapters:
    """The adapters of accounts, one for each, for as long as the process runs."""

    def __init__(self, store: Store, *, threads: int = 10) -> None:
        """`threads` is how many use an adapter at once."""
        self._store = store
        self._threads = threads
        self._adapters: dict[Account, Provider] = {}

    def connect(self, orgs: Sequence[OrgRow]) -> Connected:
        """The adapter of each org's account; orgs of the same account share it.

        An account without usable credentials stops only its own orgs: the problem names them.
        """
        by_account: dict[Account, list[OrgRow]] = {}
        for org in orgs:
            by_account.setdefault(org.account, []).append(org)
        problems: list[CredentialsMissing] = []
        for account, sharing in by_account.items():
            if account in self._adapters:
                continue
            try:
                adapter = provider_of(self._store, sharing[0], threads=self._threads)
            except CredentialsMissing as problem:
                if len(by_account) > 1:
                    whose = ", ".join(org.slug for org in sharing)
                    problem = CredentialsMissing(f"{whose}: {problem.message}", hint=problem.hint)
                problems.append(problem)
                continue
            self._adapters[account] = adapter
        lines = [
            (org, self._adapters[org.account]) for org in orgs if org.account in self._adapters
        ]
        return Connected(lines, problems)


def connect_orgs(store: Store, orgs: Sequence[OrgRow], *, threads: int = 10) -> Connected:
    """`AccountAdapters.connect` for a command that ends soon. Raises `CredentialsMissing` if no org
    is left."""
    return require_one(AccountAdapters(store, threads=threads).connect(orgs))


def require_one(connected: Connected) -> Connected:
    """Raise the first problem if no org is connected."""
    if connected.problems and not connected.lines:
        raise connected.problems[0]
    return connected


def raise_after_warnings(store: Store, problems: Sequence[PetmsgError]) -> None:
    """Raise the first of these problems, after a warning for each other; without any, return."""
    for other in problems[1:]:
        store.warn(other.message, even_quiet=True)
    if problems:
        raise problems[0]


def unanswered_problem(problems: Sequence[PetmsgError], *, hint: str) -> PetmsgError:
    """What is told of requests that an account did not answer: that it is refused, if one of them
    says so, else the first with this hint."""
    for each in problems:
        if isinstance(each, ProviderAccount):
            return each
    return ProviderUnavailable(problems[0].message, hint=hint)


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
        for name, account in registry.with_credentials(store.environ):
            if account == org.twilio_account:
                return provider_of(store, org._replace(provider=name))
    return provider_of(store, org)
