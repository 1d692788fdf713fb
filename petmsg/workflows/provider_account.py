"""Look at the account of an org's provider: `doctor --provider`, `org set --provider`, `setup`."""

from dataclasses import dataclass, replace

from petmsg import settings
from petmsg.errors import Misconfigured, ProviderAccount, Refused
from petmsg.providers.account import ACTIVE, Account, AccountInspector
from petmsg.providers.public_url import INBOUND, checked_public_url
from petmsg.queries.org import OrgRow
from petmsg.queries.provider_drift import believed_numbers
from petmsg.services.doctor.account_findings import (
    AccountFinding,
    account_findings,
    missing_numbers,
    summary,
)
from petmsg.services.fix_commands import fix_commands
from petmsg.services.numbers.call_addresses import call_addresses, takes_calls
from petmsg.workflows.provider_factory import account_provider_of
from petmsg.workflows.store import Store


class NoAccount(Refused):
    """The provider has no account that could be looked at."""

    code = "no_account"
    hint = (
        "Set the account's credentials (petmsg config show shows where); the org may keep its "
        "provider."
    )


@dataclass(frozen=True, slots=True)
class AccountLook:
    """An account and what is wrong with it. `summary` is the account in one line."""

    account: Account
    summary: str
    findings: tuple[AccountFinding, ...]


def look(store: Store, org: OrgRow) -> AccountLook:
    """Look at the account of the org's provider, or at the one whose credentials are set.

    Asks the provider with no transaction open, and changes nothing. The findings concern the org's
    numbers, or all of the account if it has none of them yet; and the org's numbers that the
    account does not have, from which nothing could be sent. Raises `NoAccount` for a provider
    without accounts, `CredentialsMissing` for credentials that are missing or malformed,
    `ProviderAccount` if they are refused, and `ProviderUnavailable` if the provider does not answer
    (each has a `hint`); `Misconfigured` for a malformed public URL.
    """
    expected = expected_address(store)
    account = inspector_of(store, org).look()
    with store.snapshot() as cursor:
        mine = {each.number for each in believed_numbers(cursor, org)}
    there = {number.e164: number for number in account.numbers}
    calls = call_addresses(expected)
    found = account_findings(
        account,
        expected_url=expected,
        calls=calls
        if takes_calls(org, [there[each] for each in mine & there.keys()], calls)
        else None,
        ours=mine if mine & there.keys() else None,
    )
    if missing := sorted(mine - there.keys()):
        found.insert(0, missing_numbers(missing))
    return AccountLook(account, summary(account), tuple(found))


def look_before_switch(store: Store, org: OrgRow) -> AccountLook:
    """`look` at the account of the provider that the org is to have; commands are complete.

    Also raises `ProviderAccount` for an account that the provider has suspended or closed.
    """
    seen = look(store, org)
    if seen.account.status not in ("", ACTIVE):
        raise ProviderAccount(
            f"The account {seen.account.provider_id} is {seen.account.status}: it sends nothing.",
            hint="Reactivate it in the provider's console.",
        )
    with store.snapshot() as cursor:
        commands = fix_commands(cursor)
    findings = [
        replace(found, command=commands.command(found.command, org.slug)) for found in seen.findings
    ]
    return replace(seen, findings=tuple(findings))


def inspector_of(store: Store, org: OrgRow) -> AccountInspector:
    """The adapter that can look at the org's account. Raises `NoAccount`, `CredentialsMissing`."""
    provider = account_provider_of(store, org)
    if not isinstance(provider, AccountInspector):
        raise NoAccount(f"The {org.provider} provider of org {org.slug} has no account to look at.")
    return provider


def expected_address(store: Store) -> str | None:
    """Where the provider must hand messages to; None without a public URL, or with one that only
    this machine reaches. Raises `Misconfigured`."""
    url = store.environ.get(settings.PUBLIC_URL)
    if not url:
        return None
    checked = checked_public_url(url)
    return checked + INBOUND if checked.startswith("https:") else None


def required_address(store: Store) -> str:
    """`expected_address`. Raises `Misconfigured` if there is none."""
    address = expected_address(store)
    if address is None:
        raise Misconfigured(
            "PETMSG_PUBLIC_URL is not set to an address that Twilio can reach.",
            hint="Set it to the start of all webhook URLs, such as https://texts.example.com",
        )
    return address
