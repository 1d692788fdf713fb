"""petmsg reconcile"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from petmsg.cli.command import new_command
from petmsg.cli.context import Context
from petmsg.errors import FINDING, PetmsgError, ProviderAccount, ProviderUnavailable
from petmsg.providers.base import Provider
from petmsg.queries import provider_drift as queries
from petmsg.queries.org import OrgRow, all_orgs
from petmsg.render.printed import list_of
from petmsg.render.views.provider_drift import DRIFT

if TYPE_CHECKING:
    from petmsg.services.doctor.provider_drift import Drift

app = new_command()

Line = tuple[OrgRow, Provider]


@app.command(
    "reconcile",
    writes=True,
    prints=list_of(DRIFT),
    examples=["petmsg reconcile", "petmsg reconcile --org happy-paws --dry-run"],
)
def reconcile(context: Context) -> None:
    """Compare messages and numbers with the provider.

    For cron: covers all orgs unless --org is given. A message whose outcome is unknown is looked
    up: it becomes sent, is queued again, or is held for a person. Numbers that are missing from the
    account, and numbers of the account that petmsg does not know, are only listed, with an alert;
    no quarantine is lifted and no number is changed. Exits with 10 if differences remain.
    """
    from petmsg.workflows.provider_factory import carrier_of

    # All providers first: missing credentials of one org must not leave another half done.
    lines = [(org, carrier_of(context, org)) for org in context.orgs()]
    rows: list[Drift] = []
    problems: list[PetmsgError] = []
    try:
        for org, carrier in lines:
            rows += _texts(context, org, carrier, problems)
        for name in dict.fromkeys(carrier.name for _, carrier in lines):
            theirs = [line for line in lines if line[1].name == name]
            rows += _numbers(context, theirs, problems)
    finally:
        context.show_list(DRIFT, rows)
    if problems:
        raise _told(problems)
    context.exit_code = FINDING if any(row.left for row in rows) else 0


def _told(problems: Sequence[PetmsgError]) -> PetmsgError:
    account = next((each for each in problems if isinstance(each, ProviderAccount)), None)
    return account or ProviderUnavailable(
        problems[0].message,
        hint="Results so far are stored; run petmsg reconcile again for the rest.",
    )


def _texts(
    context: Context, org: OrgRow, carrier: Provider, problems: list[PetmsgError]
) -> "list[Drift]":
    """The outcome of the org's messages that are not settled at the provider yet."""
    from petmsg.db.liveness import is_dead
    from petmsg.services.doctor import provider_drift
    from petmsg.services.outbox import unknown_outcomes
    from petmsg.services.unit_of_work import Failure
    from petmsg.workflows.worker.rescuer import rescue

    rows: list[Drift] = []
    with context.snapshot() as cursor:
        held = provider_drift.of_held(org.slug, queries.left_to_a_person(cursor, org))
        if context.dry_run:
            sending = unknown_outcomes.being_sent(cursor, org)
            dead = [each for each in sending if is_dead(cursor, context.location, each.worker)]
            rows += provider_drift.of_orphans(org.slug, dead)
    settled = rescue(context, org, carrier)
    problems += [each.error for each in settled if isinstance(each, Failure)]
    return rows + provider_drift.of_settled(org.slug, settled) + held


def _numbers(context: Context, lines: Sequence[Line], problems: list[PetmsgError]) -> "list[Drift]":
    """Compare the numbers of one provider's account, which its orgs share, with petmsg's."""
    from petmsg.services.doctor import provider_drift

    carrier = lines[0][1]
    # Read before the account is listed, and the known ones after it: a number that somebody adds
    # meanwhile is then neither gone nor unknown.
    with context.snapshot() as cursor:
        believed = {org.slug: queries.believed_numbers(cursor, org) for org, _ in lines}
        sharing = [org.slug for org in all_orgs(cursor) if org.provider == carrier.name]
    try:
        listed = carrier.numbers()
    except PetmsgError as problem:
        problems.append(problem)
        return []
    if listed is None:
        return []
    there = {number.e164 for number in listed if number.e164}
    with context.snapshot() as cursor:
        known = queries.known_numbers(cursor)
    only = sharing[0] if len(sharing) == 1 else None
    strange = provider_drift.not_known(there, known, org=only) + provider_drift.unclear(
        listed, org=only
    )
    missing = {org: provider_drift.gone(org, numbers, there) for org, numbers in believed.items()}
    context.tick()
    for org, rows in missing.items():
        mine = rows + (strange if org == only else [])
        if mine:
            context.write_in(org, provider_drift.alert_all, mine)
    return [row for rows in missing.values() for row in rows] + strange
