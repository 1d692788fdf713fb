"""petmsg org …"""

from typing import Annotated

import typer

from petmsg.cli import confirmations
from petmsg.cli.command import command, new_app
from petmsg.cli.context import Context
from petmsg.cli.options import REASON, checked_reason, required_reason
from petmsg.enums import PoolFor, ProviderName, Switch
from petmsg.queries.org import all_orgs, settings_at
from petmsg.render.views.nouns import FREEZE, ORG

app = new_app("Companies and their settings.")


@command(
    app,
    "add",
    writes=True,
    examples=["petmsg org add tail-waggers --name 'Tail Waggers' --timezone Europe/London"],
)
def add(
    context: Context,
    slug: Annotated[str, typer.Argument(help="Its short name: happy-paws")],
    name: Annotated[str, typer.Option("--name", help="The company's name.")],
    timezone: Annotated[str, typer.Option("--timezone", metavar="ZONE", help="An IANA name.")],
    front_desk: Annotated[
        str | None, typer.Option("--front-desk", metavar="E164", help="Its front desk number.")
    ] = None,
) -> None:
    """Add a company. The same again changes nothing."""
    from petmsg.services.orgs import org

    added = context.transact(
        lambda transaction: org.add(
            transaction,
            slug,
            name=name,
            timezone=timezone,
            front_desk=front_desk,
            actor=context.actor,
            now=context.now,
        )
    )
    context.show_one(ORG, settings_at(added.org, context.now))


@command(app, "list", examples=["petmsg org list"])
def list_(context: Context) -> None:
    """All companies of the database."""
    with context.snapshot() as cursor:
        rows = all_orgs(cursor)
    context.show_list(ORG, [settings_at(row, context.now) for row in rows])


@command(app, "show", examples=["petmsg org show --org happy-paws"])
def show(context: Context) -> None:
    """One company and its settings."""
    with context.snapshot() as cursor:
        row = context.org(cursor)
    context.show_one(ORG, settings_at(row, context.now))


@command(
    app,
    "set",
    writes=True,
    asks=confirmations.set_org,
    examples=["petmsg org set --grace-minutes 30 --quiet-hours 21:00-08:00"],
)
def set_(
    context: Context,
    name: Annotated[str | None, typer.Option("--name")] = None,
    timezone: Annotated[str | None, typer.Option("--timezone", metavar="ZONE")] = None,
    grace_minutes: Annotated[
        int | None, typer.Option("--grace-minutes", help="How long a window outlasts its booking.")
    ] = None,
    quarantine_days: Annotated[
        int | None, typer.Option("--quarantine-days", help="The usual quarantine: 1 to 3650.")
    ] = None,
    pool_for: Annotated[
        PoolFor | None, typer.Option("--pool-for", help="Which clients pool numbers serve.")
    ] = None,
    pool_threads_per_number: Annotated[
        int | None,
        typer.Option(
            "--pool-threads-per-number", help="How many threads share a pool number; 0: no limit."
        ),
    ] = None,
    provider: Annotated[
        ProviderName | None,
        typer.Option("--provider", help="Who carries its texts; twilio sends real ones."),
    ] = None,
    quiet_hours: Annotated[
        str | None,
        typer.Option(
            "--quiet-hours",
            metavar="FROM-UNTIL",
            help="When no text leaves, in the recipient's day: 21:00-08:00, or off.",
        ),
    ] = None,
    relay: Annotated[
        Switch | None,
        typer.Option("--relay", help="Pass clients' texts on to their sitters' own phones."),
    ] = None,
    office_hours: Annotated[
        str | None,
        typer.Option(
            "--office-hours",
            metavar="FROM-UNTIL",
            help="When the desk reads, in the company's day: 08:00-18:00, or off.",
        ),
    ] = None,
    closed_reply: Annotated[
        str | None,
        typer.Option(
            "--closed-reply",
            metavar="TEXT",
            help="What a text to the desk is answered outside office hours, or off.",
        ),
    ] = None,
    unknown_reply: Annotated[
        str | None,
        typer.Option(
            "--unknown-reply", metavar="TEXT", help="What a stranger's text is answered, or off."
        ),
    ] = None,
) -> None:
    """Change settings of a company. Windows that exist keep their grace until confirmed again.

    Another --provider changes what happens to every message, so it asks first.
    """
    from petmsg.services.orgs import org

    changed = context.write(
        org.change,
        name=name,
        timezone=timezone,
        grace_minutes=grace_minutes,
        quarantine_days=quarantine_days,
        pool_for=pool_for,
        pool_threads_per_number=pool_threads_per_number,
        provider=provider,
        quiet_hours=quiet_hours,
        relay=relay,
        office_hours=office_hours,
        closed_reply=closed_reply,
        unknown_reply=unknown_reply,
    )
    context.show_one(ORG, settings_at(changed.org, context.now))


@command(
    app,
    "freeze",
    writes=True,
    examples=["petmsg org freeze --until +2h --reason 'a wrong text went out'"],
)
def freeze(
    context: Context,
    reason: REASON = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="T", help="Until when: ISO 8601, +2h.")
    ] = None,
) -> None:
    """Stop all sending of a company. Texts are queued meanwhile, and leave after `org thaw`."""
    from petmsg.services.orgs import freeze as service

    why = required_reason(reason)
    frozen = context.write(lambda uow: service.freeze(uow, reason=why, until=uow.instant(until)))
    context.show_one(FREEZE, frozen)


@command(app, "thaw", writes=True, examples=["petmsg org thaw --reason 'sorted out'"])
def thaw(context: Context, reason: REASON = None) -> None:
    """Let a frozen company send again. What waits leaves with the next `message dispatch`."""
    from petmsg.services.orgs import freeze as service

    context.show_one(FREEZE, context.write(service.thaw, reason=checked_reason(reason)))
