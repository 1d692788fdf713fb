"""`number webhooks`: compare the addresses of an org's numbers at the provider, and set them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from petmsg.errors import OutOfRange, PetmsgError, ProviderAccount, ProviderUnavailable
from petmsg.providers.account import AccountInspector
from petmsg.providers.public_url import RETRIES
from petmsg.queries.org import OrgRow
from petmsg.queries.provider_drift import believed_numbers
from petmsg.services.doctor.account_findings import named
from petmsg.services.fix_commands import fix_commands
from petmsg.services.numbers import webhooks
from petmsg.services.numbers.webhooks import AddressChange, NumberChecked
from petmsg.services.unit_of_work import Failure
from petmsg.workflows.provider_account import expected_address, inspector_of, required_address
from petmsg.workflows.store import Store

_MOST_UNANSWERED = 2
_LONGEST_URL = 1000


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
        for row in webhooks.check_numbers(account, numbers, expected_url=expected)
    ]


def install(
    store: Store, *, voice_url: str | None, confirm: Callable[[str], object]
) -> list[AddressChange | Failure]:
    """Hand the messages to the org's numbers to `petmsg serve`, and calls to `voice_url` if given.

    `confirm` is asked with what is to change, and raises to stop; with a dry run nothing is asked
    of it or changed. Each number is changed on its own; safe to repeat. Raises `Misconfigured`
    without a public URL, `OutOfRange` for a voice URL that is not https, and what
    `provider_account.look` raises.
    """
    if voice_url is not None:
        voice_url = _checked_voice_url(voice_url)
    org, numbers = _numbers(store)
    address = f"{required_address(store)}#{RETRIES}"
    inspector = inspector_of(store, org)
    planned = webhooks.plan(inspector.look(), numbers, sms_url=address, voice_url=voice_url)
    if not any(isinstance(each, AddressChange) and each.changes for each in planned):
        return planned
    if store.dry_run:
        return planned
    confirm(_question(planned))
    return _carry_out(store, org, inspector, planned)


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
    if change.new.sms_url is not None or change.new.voice_url is not None:
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


def _checked_voice_url(url: str) -> str:
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
