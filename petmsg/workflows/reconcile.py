"""`reconcile`: what petmsg and the providers disagree about, with no transaction open meanwhile."""

from collections.abc import Iterator, Sequence

from petmsg.db.liveness import is_dead
from petmsg.enums.alerts import AlertKind
from petmsg.errors import PetmsgError
from petmsg.providers.base import Provider
from petmsg.queries import provider_drift as queries
from petmsg.queries.org import OrgRow, all_orgs
from petmsg.services import provider_drift
from petmsg.services.numbers.account_numbers import note_numbers
from petmsg.services.outbox import unknown_outcomes
from petmsg.services.provider_drift import Drift
from petmsg.services.unit_of_work import Failure
from petmsg.workflows.provider_factory import (
    Connected,
    connect_orgs,
    raise_after_warnings,
    unanswered_problem,
)
from petmsg.workflows.provider_numbers import numbers_of
from petmsg.workflows.reconcile_calls import reconcile_calls
from petmsg.workflows.store import Store
from petmsg.workflows.worker.rescuer import rescue

_AGAIN = "Results so far are stored; run petmsg reconcile again for the rest."

Line = tuple[OrgRow, Provider]

_ABOUT_ONE = (AlertKind.NUMBER_GONE,)
_ABOUT_ALL = (AlertKind.NUMBER_GONE, AlertKind.NUMBER_NOT_KNOWN)
"""Of an org that shares its account no number of it is missing: another org may want it."""


def reconcile(store: Store) -> Iterator[list[Drift]]:
    """Compare messages, calls and numbers with the providers: the differences of each org and
    account.

    Raises `CredentialsMissing` before the first if no org has an account, and after the last what
    an account did not answer or which credentials are missing.
    """
    return _differences(store, connect_orgs(store, store.orgs()))


def _differences(store: Store, connected: Connected) -> Iterator[list[Drift]]:
    lines, problems = connected.lines, list[PetmsgError]()
    for org, provider in lines:
        yield _texts(store, org, provider, problems)
        yield reconcile_calls(store, org, provider, problems)
    for account in dict.fromkeys(org.account for org, _ in lines):
        yield _numbers(store, [line for line in lines if line[0].account == account], problems)
    unanswered = [unanswered_problem(problems, hint=_AGAIN)] if problems else []
    raise_after_warnings(store, [*connected.problems, *unanswered])


def _texts(
    store: Store, org: OrgRow, provider: Provider, problems: list[PetmsgError]
) -> list[Drift]:
    """The outcome of the org's messages that are not reconciled with the provider yet."""
    rows: list[Drift] = []
    with store.snapshot() as cursor:
        held = provider_drift.held_messages(org.slug, queries.left_to_a_person(cursor, org))
        if store.dry_run:
            sending = unknown_outcomes.list_sending(cursor, org)
            dead = [each for each in sending if is_dead(cursor, store.location, each.worker)]
            rows += provider_drift.claimed_messages(org.slug, dead)
    reconciled = rescue(store, org, provider)
    problems += [each.error for each in reconciled if isinstance(each, Failure)]
    return rows + provider_drift.reconciled_messages(org.slug, reconciled) + held


def _numbers(store: Store, lines: Sequence[Line], problems: list[PetmsgError]) -> list[Drift]:
    """Compare the numbers of one account, which its orgs share, with petmsg's."""
    account, provider = lines[0][0].account, lines[0][1]
    # Read before the account is listed, and the known ones after it: a number that somebody adds
    # meanwhile is then neither gone nor unknown.
    with store.snapshot() as cursor:
        believed = {org.slug: queries.believed_numbers(cursor, org) for org, _ in lines}
        sharing = [org.slug for org in all_orgs(cursor) if org.account == account]
    try:
        listed = numbers_of(provider)
    except PetmsgError as problem:
        problems.append(problem)
        return []
    if listed is None:
        return []
    at_provider = {number.e164 for number in listed if number.e164}
    with store.snapshot() as cursor:
        known = queries.known_numbers(cursor)
    only = sharing[0] if len(sharing) == 1 else None
    strange = provider_drift.unknown_numbers(
        at_provider, known, org=only
    ) + provider_drift.incomplete_numbers(listed, org=only)
    missing = {
        org: provider_drift.missing_numbers(org, numbers, at_provider)
        for org, numbers in believed.items()
    }
    store.tick()
    for org, rows in missing.items():
        store.write_in(org, note_numbers, listed)
        mine = rows + (strange if org == only else [])
        if mine:
            store.write_in(org, provider_drift.alert_all, mine)
        kinds = _ABOUT_ALL if org == only else _ABOUT_ONE
        store.write_in(org, provider_drift.end_alerts, mine, kinds=kinds)
    return [row for rows in missing.values() for row in rows] + strange
