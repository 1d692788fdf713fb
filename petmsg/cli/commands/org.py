"""petmsg org …"""

from typing import Annotated

import typer

from petmsg.cli import confirmations
from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.cli.options import COUNTRY, REASON, checked_reason, required_reason
from petmsg.enums.orgs import PoolFor, ProviderName, Switch
from petmsg.queries.org import all_orgs, settings_at
from petmsg.render.printed import list_of, one
from petmsg.render.views.nouns import FREEZE, ORG, ORG_REMOVED

app = new_app("Add orgs (companies), change their settings, pause their sending.")


@app.command(
    "add",
    writes=True,
    prints=one(ORG),
    examples=["petmsg org add tail-waggers --name 'Tail Waggers' --timezone Europe/London"],
)
def add(
    context: Context,
    slug: Annotated[str, typer.Argument(help="A short name such as happy-paws.")],
    name: Annotated[str, typer.Option("--name", help="The company's name.")],
    timezone: Annotated[
        str, typer.Option("--timezone", metavar="ZONE", help="An IANA timezone name.")
    ],
    front_desk: Annotated[
        str | None,
        typer.Option("--front-desk", metavar="E164", help="The company's front desk number."),
    ] = None,
    country: COUNTRY = None,
) -> None:
    """Add an org. Safe to repeat."""
    from petmsg.cli.flows.show_org import show_org
    from petmsg.services.orgs import org

    added = context.transact(
        lambda transaction: org.add(
            transaction,
            slug,
            name=name,
            timezone=timezone,
            front_desk=front_desk,
            country=country,
            actor=context.actor,
            now=context.now,
        )
    )
    show_org(context, added.org, timezone=timezone)


@app.command(
    "list",
    reveals=True,
    prints=list_of(ORG),
    examples=["petmsg org list"],
)
def list_(context: Context) -> None:
    """List all orgs of the database."""
    with context.snapshot() as cursor:
        rows = all_orgs(cursor)
    context.show_list(ORG, [settings_at(row, context.now) for row in rows])


@app.command(
    "show",
    reveals=True,
    prints=one(ORG),
    examples=["petmsg org show --org happy-paws", "petmsg org show --reveal"],
)
def show(context: Context) -> None:
    """Show one org and its settings."""
    with context.snapshot() as cursor:
        row = context.org(cursor)
    context.show_one(ORG, settings_at(row, context.now))


@app.command(
    "set",
    writes=True,
    may_ask=True,
    prints=one(ORG),
    examples=[
        "petmsg org set --grace-minutes 30 --quiet-hours 21:00-08:00",
        "petmsg org set --desk-phone '(415) 555-0144' --voicemail on",
        "petmsg org set --missed-call-reply 'Sorry we missed you. Write to us here.'",
    ],
)
def set_(
    context: Context,
    name: Annotated[str | None, typer.Option("--name")] = None,
    timezone: Annotated[str | None, typer.Option("--timezone", metavar="ZONE")] = None,
    grace_minutes: Annotated[
        int | None,
        typer.Option("--grace-minutes", help="How many minutes a window outlasts its booking."),
    ] = None,
    quarantine_days: Annotated[
        int | None,
        typer.Option(
            "--quarantine-days", help="Default length of a quarantine in days: 1 to 3650."
        ),
    ] = None,
    pool_for: Annotated[
        PoolFor | None, typer.Option("--pool-for", help="Which clients are served by pool numbers.")
    ] = None,
    pool_threads_per_number: Annotated[
        int | None,
        typer.Option(
            "--pool-threads-per-number", help="How many threads share a pool number; 0: no limit."
        ),
    ] = None,
    provider: Annotated[
        ProviderName | None,
        typer.Option("--provider", help="The message provider; twilio sends real messages."),
    ] = None,
    quiet_hours: Annotated[
        str | None,
        typer.Option(
            "--quiet-hours",
            metavar="FROM-UNTIL",
            help="When nothing is sent, in the recipient's timezone: 21:00-08:00, or off.",
        ),
    ] = None,
    relay: Annotated[
        Switch | None,
        typer.Option("--relay", help="Forward clients' messages to their sitters' own phones."),
    ] = None,
    office_hours: Annotated[
        str | None,
        typer.Option(
            "--office-hours",
            metavar="FROM-UNTIL",
            help="When the front desk reads, in the org's timezone: 08:00-18:00, or off.",
        ),
    ] = None,
    unanswered_after: Annotated[
        str | None,
        typer.Option(
            "--unanswered-after",
            metavar="MINUTES",
            help="How long a client may wait before an alert says so, 1 to 10080; or default: 15 "
            "inside office hours or a visit, else 60.",
        ),
    ] = None,
    closed_reply: Annotated[
        str | None,
        typer.Option(
            "--closed-reply",
            metavar="TEXT",
            help="Automatic reply to the front desk's messages outside office hours, or off.",
        ),
    ] = None,
    unknown_reply: Annotated[
        str | None,
        typer.Option(
            "--unknown-reply", metavar="TEXT", help="Automatic reply to unknown senders, or off."
        ),
    ] = None,
    lead_minutes: Annotated[
        int | None,
        typer.Option("--lead-minutes", help="How many minutes a window begins before its booking."),
    ] = None,
    country: Annotated[
        str | None,
        typer.Option(
            "--country",
            metavar="COUNTRY",
            help="The country of phones without a plus: US, GB; '' for that of the timezone.",
        ),
    ] = None,
    twilio_account: Annotated[
        str | None,
        typer.Option(
            "--twilio-account",
            metavar="ACCOUNT",
            help="The name of the Twilio credentials, as in twilio-ACCOUNT.env; or none.",
        ),
    ] = None,
    desk_phone: Annotated[
        str | None,
        typer.Option(
            "--desk-phone",
            metavar="PHONE",
            help="The phone that rings for the front desk within office hours, or off.",
        ),
    ] = None,
    voicemail: Annotated[
        Switch | None,
        typer.Option("--voicemail", help="Let callers leave a message when nobody answers."),
    ] = None,
    greeting: Annotated[
        str | None,
        typer.Option(
            "--greeting",
            metavar="TEXT",
            help="What callers hear before they leave a message; off for the usual words.",
        ),
    ] = None,
    ring_seconds: Annotated[
        int | None,
        typer.Option("--ring-seconds", help="How long each phone rings in seconds: 5 to 60."),
    ] = None,
    missed_call_reply: Annotated[
        str | None,
        typer.Option(
            "--missed-call-reply",
            metavar="TEXT",
            help="Automatic message to a client whose call nobody answered, or off.",
        ),
    ] = None,
    calls_per_hour: Annotated[
        int | None,
        typer.Option(
            "--calls-per-hour", help="How many calls of one phone are taken in an hour: 1 to 1000."
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="Switch to a provider whose account could not be looked at."),
    ] = False,
) -> None:
    """Change settings of an org.

    Existing windows keep their lead and grace until they are confirmed again. Another --provider
    changes what happens to every message, so petmsg asks first. For twilio it looks at the account
    before, shows what is wrong with it, and refuses credentials that are missing, wrong or of a
    suspended account.
    """
    from petmsg.cli.flows.set_provider import change_org
    from petmsg.cli.flows.show_org import show_org

    changed = change_org(
        context,
        force=force,
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
        unanswered_minutes=unanswered_after,
        closed_reply=closed_reply,
        unknown_reply=unknown_reply,
        lead_minutes=lead_minutes,
        country=country,
        twilio_account=twilio_account,
        desk_phone=desk_phone,
        voicemail=voicemail,
        greeting=greeting,
        ring_seconds=ring_seconds,
        missed_call_reply=missed_call_reply,
        calls_per_hour=calls_per_hour,
    )
    show_org(context, changed.org, timezone=timezone)


@app.command(
    "remove",
    writes=True,
    asks=confirmations.remove_org,
    prints=one(ORG_REMOVED),
    examples=["petmsg org remove tail-waggers --yes"],
)
def remove(
    context: Context,
    slug: Annotated[str, typer.Argument(metavar="SLUG", help="The org's slug.")],
    discard_data: Annotated[
        bool,
        typer.Option("--discard-data", help="Remove it even if it holds people or messages."),
    ] = False,
    reason: REASON = None,
) -> None:
    """Remove an org for good.

    This cannot be undone, so petmsg asks first. An org that holds numbers, people or messages is
    refused; with --discard-data its clients, sitters, messages, files and calls are erased, what
    waits is cancelled, and its numbers are retired. The audit log and the history of its numbers
    stay in the database, so its slug and numbers are never used again. Channels of petmsg notify
    are not told any more; their addresses stay in the secrets file until they are removed.
    """
    from petmsg.workflows.remove_org import remove_org

    why = checked_reason(reason) or "the org was removed"
    context.show_one(ORG_REMOVED, remove_org(context, slug, discard_data=discard_data, reason=why))


@app.command(
    "freeze",
    writes=True,
    prints=one(FREEZE),
    examples=["petmsg org freeze --until +2h --reason 'a wrong message went out'"],
)
def freeze(
    context: Context,
    reason: REASON = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="T", help="End of the pause: ISO 8601, +2h.")
    ] = None,
) -> None:
    """Pause all sending of an org.

    Messages are queued meanwhile, and sent after petmsg org thaw.
    """
    from petmsg.services.orgs import freeze as service

    why = required_reason(reason)
    frozen = context.write(lambda uow: service.freeze(uow, reason=why, until=uow.instant(until)))
    context.show_one(FREEZE, frozen)


@app.command(
    "thaw",
    writes=True,
    prints=one(FREEZE),
    examples=["petmsg org thaw --reason 'sorted out'"],
)
def thaw(context: Context, reason: REASON = None) -> None:
    """Resume the sending of a paused org.

    Waiting messages are sent by the next petmsg message dispatch.
    """
    from petmsg.services.orgs import freeze as service

    context.show_one(FREEZE, context.write(service.thaw, reason=checked_reason(reason)))
