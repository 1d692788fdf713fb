"""`org set`: for another provider look at its account, show it, and ask."""

from typing import TYPE_CHECKING, Unpack

from petmsg.cli.context import Context
from petmsg.enums.orgs import ProviderName
from petmsg.errors import PetmsgError
from petmsg.plurals import counted
from petmsg.providers.account import Account
from petmsg.queries.org import OrgRow

if TYPE_CHECKING:
    from petmsg.services.orgs.org import NewSettings, OrgChanged


def change_org(context: Context, *, force: bool, **values: "Unpack[NewSettings]") -> "OrgChanged":
    """Change the settings (`petmsg.services.orgs.org.change`), after a person wants a new provider.

    Raises what `confirm_provider` and the service raise.
    """
    from petmsg.services.orgs import org

    account = confirm_provider(
        context, values.get("provider"), values.get("twilio_account"), force=force
    )
    changed = context.write(org.change, **values)
    note_account(context, account)
    return changed


def confirm_provider(
    context: Context, provider: ProviderName | None, account: str | None, *, force: bool
) -> Account | None:
    """Return if a person wants the new provider, or if it is the one of today; the account that was
    looked at.

    `account` is the name of its credentials as it was typed. Raises what looking at the account
    raises, unless `force`; and what `Context.confirm` raises.
    """
    from petmsg.providers.registry import reaches_phones
    from petmsg.queries.status import queue

    if provider is None:
        return None
    with context.snapshot() as cursor:
        org = context.org(cursor)
        waiting = queue(cursor, org, now=context.now, since=context.now).queued
    if org.provider == provider:
        return None
    seen = None
    if reaches_phones(provider):
        seen = _look(context, _as_it_will_be(org, provider, account), force=force)
    what = (
        "Messages then reach real phones and cost money"
        if reaches_phones(provider)
        else "Messages are then only recorded and reach nobody"
    )
    queued = f", {counted(waiting, 'queued message')} included" if waiting else ""
    change = f"from {org.provider} to {provider.value}"
    context.confirm(f"Change the provider of {org.name} ({org.slug}) {change}? {what}{queued}.")
    return seen


def _as_it_will_be(org: OrgRow, provider: ProviderName, account: str | None) -> OrgRow:
    from petmsg.providers.account_names import NO_NAME, checked_account_name

    if account is None:
        return org._replace(provider=provider)
    is_none = account.strip().lower() == NO_NAME
    return org._replace(
        provider=provider, twilio_account=None if is_none else checked_account_name(account)
    )


def _look(context: Context, org: OrgRow, *, force: bool) -> Account | None:
    """Show the account and what is wrong with it; None if it could not be looked at.

    The question is about what is shown: with `--quiet` it is left out only if nobody is asked.
    """
    from petmsg.workflows.provider_account import look_before_switch

    is_asked = not context.is_confirmed
    try:
        seen = look_before_switch(context, org)
    except PetmsgError as problem:
        if not force:
            problem.hint = f"{problem.hint.rstrip('.')}; to switch all the same: --force"
            raise
        context.warn(
            f"{problem.message} The provider is changed all the same (--force).",
            even_quiet=is_asked,
        )
        return None
    context.notify(f"{seen.summary}.", even_quiet=is_asked)
    for found in seen.findings:
        context.warn(f"{found.message}. See: {found.command}", even_quiet=is_asked)
    return seen.account


def note_account(context: Context, account: Account | None) -> None:
    """Store what the account says of the org's numbers, so that they are sent as they must be."""
    from petmsg.services.numbers.account_numbers import note_numbers
    from petmsg.workflows.provider_numbers import numbers_of_account

    if account is not None:
        context.write(note_numbers, numbers_of_account(account))
