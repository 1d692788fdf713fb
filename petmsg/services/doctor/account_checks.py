"""A check of `doctor --provider`: what the provider shows of the account and its numbers.

Standard library only.
"""

from collections.abc import Iterator, Sequence

from petmsg import settings
from petmsg.db.snapshot import snapshot
from petmsg.errors import Misconfigured
from petmsg.providers.account import Account, AccountInspector
from petmsg.providers.public_url import INBOUND, checked_public_url
from petmsg.queries.org import OrgRow
from petmsg.queries.provider_drift import believed_numbers
from petmsg.services.doctor.account_findings import account_findings
from petmsg.services.doctor.check import Check, CheckContext, Finding
from petmsg.services.numbers.addresses import AccountTopic
from petmsg.services.numbers.call_addresses import call_addresses, takes_calls


def provider_account(context: CheckContext) -> Iterator[Finding]:
    """What is wrong with each account: its state, addresses, Messaging Services, registrations.

    A provider that did not answer the check `provider` is not asked again. Pictures are the
    business of the check `number_pictures`.
    """
    expected = _expected_address(context)
    for account, orgs in context.sharing_accounts().items():
        context.numbers_of(orgs[0])
        if context.listed[account] is None:
            continue
        assert context.provider_of is not None
        inspector = context.provider_of(orgs[0])
        if isinstance(inspector, AccountInspector):
            yield from _findings(context, inspector.look(), orgs, expected)


def _findings(
    context: CheckContext, account: Account, orgs: Sequence[OrgRow], expected: str | None
) -> Iterator[Finding]:
    """The findings about the account, and about the numbers of each org, or of the whole account
    where no org has its numbers yet."""
    there = {number.e164: number for number in account.numbers}
    with snapshot(context.location) as cursor:
        mine = [
            (org, {each.number for each in believed_numbers(cursor, org)} & there.keys())
            for org in orgs
        ]
    if not any(numbers for _, numbers in mine):
        mine = [(orgs[0], set(there))]
    calls = call_addresses(expected)
    for place, (org, numbers) in enumerate(mine):
        wanted = calls if takes_calls(org, [there[each] for each in numbers], calls) else None
        for each in account_findings(account, expected_url=expected, calls=wanted, ours=numbers):
            if each.topic is not AccountTopic.PICTURES and (each.numbers or not place):
                yield Finding(
                    each.message, context.command(each.command, org.slug), org.slug, each.result
                )


def _expected_address(context: CheckContext) -> str | None:
    """Where messages must be handed to; a malformed public URL is told by another check."""
    url = context.environ.get(settings.PUBLIC_URL)
    try:
        checked = checked_public_url(url) if url else ""
    except Misconfigured:
        return None
    return checked + INBOUND if checked.startswith("https:") else None


ACCOUNT_AT_PROVIDER = (
    Check(
        "provider_account",
        "The provider shows nothing wrong with the account and its numbers",
        provider_account,
        is_external=True,
        applies=lambda context: context.provider_of is not None,
    ),
)
