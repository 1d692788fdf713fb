"""`number webhooks`: compare the addresses of an org's numbers at the provider, and set them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import urlsplit

from petmsg.errors import (
    OutOfRange,
    PetmsgError,
    ProviderAccount,
    ProviderUnavailable,
    UsageProblem,
)
from petmsg.providers.account import Account, AccountInspector
from petmsg.providers.public_url import RETRIES
from petmsg.queries.org import OrgRow
from petmsg.queries.provider_drift import believed_numbers
from petmsg.services.doctor.account_findings import named
from petmsg.services.fix_commands import fix_commands
from petmsg.services.numbers import webhooks
from petmsg.services.numbers.call_addresses import (
    CallAddresses,
    call_addresses,
    takes_calls,
    with_retries,
)
from petmsg.services.numbers.webhooks import AddressChange, NumberChecked
from petmsg.services.unit_of_work import Failure
from petmsg.workflows.provider_account import expected_address, inspector_of, required_address
from petmsg.workflows.store import Store

_MOST_UNANSWERED = 2
_LONGEST_URL = 1000


class Installed(NamedTuple):
    """What `install` did with each number. `leaves_calls`: nobody said whether calls are wanted, so
    they stay as they are."""

    rows: list[AddressChange | Failure]
    leaves_calls: bool = False


def check(store: Store) -> list[NumberChecked]:
    """Each number of the org as the provider has it. Raises what `provider_account.look` raises."""
    org, numbers = _numbers(store)
    expected = expected_address(store)
    account = inspector_of(store, org).look()
    with store.snapshot() as cursor:
        commands = fix_commands(cursor)
    return [
        row
        if row.command is None
        else replace(row, command=commands.command(row.command, org.slug))
        for row in webhooks.check_numbers(account, org, numbers, expected_url=expected)
    ]


def install(
    store: Store, *, calls: bool | None, voice_url: str | None, confirm: Callable[[str], object]
) -> Installed:
    """Hand the messages to the org's numbers to `petmsg serve`, and the calls if `calls` is true.

    Without a word about calls (None) they are handed to petmsg if the org takes calls already
    (`takes_calls`), and else stay as they are. `voice_url` is another address for calls.

    `confirm` is asked with what is to change, and raises to stop; with a dry run nothing is asked
    of it or changed. Each number is changed on its own; safe to repeat. Raises `Misconfigured`
    without a public URL, `OutOfRange` for a voice URL that is not https, `UsageProblem` for one
    beside `calls`, and what `provider_account.look` raises.
    """
    if voice_url is not None:
        voice_url = _checked_voice_url(voice_url, calls)
    org, numbers = _numbers(store)
    address = required_address(store)
    inspector = inspector_of(store, org)
    account = inspector.look()
    if voice_url is not None:
        wanted: CallAddresses | None = CallAddresses(voice_url, None)
    else:
        wanted = _calls(org, account, numbers, address, calls)
    planned = webhooks.plan(account, numbers, sms_url=f"{address}#{RETRIES}", calls=wanted)
    leaves_calls = wanted is None and calls is None
    has_changes = any(isinstance(each, AddressChange) and each.changes for each in planned)
    if store.dry_run or not has_changes:
        return Installed(planned, leaves_calls)
    confirm(_question(planned))
    return Installed(_carry_out(store, org, inspector, planned), leaves_calls)


def _calls(
    org: OrgRow, account: Account, numbers: Sequence[str], inbound: str, is_wanted: bool | None
) -> CallAddresses | None:
    """Where the calls to the numbers are to go; None if they stay as they are."""
    ours = call_addresses(inbound)
    assert ours is not None
    if is_wanted is None:
        mine = [each for each in account.numbers if each.e164 in numbers]
        is_wanted = takes_calls(org, mine, ours)
    return with_retries(ours) if is_wanted else None


def _carry_out(
    store: Store,
    org: OrgRow,
    inspector: AccountInspector,
    planned: Sequence[AddressChange | Failure],
) -> list[AddressChange | Failure]:
    done: list[AddressChange | Failure] = []
    switched: set[str] = set()
    unanswered: list[PetmsgError] = []
    for each in planned:
        if isinstance(each, Failure) or not each.changes:
            done.append(each)
        elif len(unanswered) >= _MOST_UNANSWERED:
            done.append(Failure(each.number, unanswered[-1]))
        else:
            try:
                _change(inspector, each, switched)
            except (ProviderAccount, ProviderUnavailable) as problem:
                problem.hint = "See what the account has now: petmsg number webhooks check"
                unanswered.append(problem)
                done.append(Failure(each.number, problem))
            else:
                store.tick()
                done.append(store.write_in(org.slug, webhooks.record, each))
    return done


def _change(inspector: AccountInspector, change: AddressChange, switched: set[str]) -> None:
    """Set a number's addresses first, so that its service never hands messages to old ones."""
    if not change.new.is_nothing:
        inspector.set_addresses(change.provider_number_id, change.new)
    if change.service is not None and change.service not in switched:
        inspector.use_number_addresses(change.service)
        switched.add(change.service)


def _numbers(store: Store) -> tuple[OrgRow, list[str]]:
    with store.snapshot() as cursor:
        org = store.org(cursor)
        return org, [each.number for each in believed_numbers(cursor, org)]


def _question(planned: Sequence[AddressChange | Failure]) -> str:
    shared: dict[tuple[str, ...], list[str]] = {}
    for each in planned:
        if isinstance(each, AddressChange) and each.changes:
            shared.setdefault(each.changes, []).append(each.number)
    said = [f"{named(numbers)}: {'; '.join(changes)}." for changes, numbers in shared.items()]
    return " ".join(["Change the addresses at the provider?", *said])


def _checked_voice_url(url: str, calls: bool | None) -> str:
    if calls is not None:
        raise UsageProblem(
            "--voice-url cannot be used with --calls or --no-calls.",
            hint="With --calls, calls go to petmsg; with --voice-url, to another address.",
        )
    try:
        parts = urlsplit(url)
        is_good = parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
        _ = parts.port
    except ValueError:
        is_good = False
    is_plain = url.isascii() and url.isprintable() and " " not in url
    if is_good and is_plain and len(url) <= _LONGEST_URL:
        return url
    raise OutOfRange(
        "The URL for calls is not usable.",
        hint="Use an https URL without a user or password, such as https://calls.example.com/in",
    )
