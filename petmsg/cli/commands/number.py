"""petmsg number …"""

from typing import Annotated

import typer

from petmsg.cli import confirmations
from petmsg.cli import import_options as how
from petmsg.cli.command import new_app
from petmsg.cli.commands import number_health, number_market
from petmsg.cli.commands.number_webhooks import webhooks_app
from petmsg.cli.context import Context
from petmsg.cli.options import (
    ALL,
    BEFORE,
    FILE,
    LIMIT,
    REASON,
    SOURCE,
    checked_reason,
    page,
    required_reason,
)
from petmsg.cli.results import show_plans, show_results
from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.printed import list_of, one, results_of

app = new_app("Add, assign, quarantine, restore and inspect masked numbers.")
app.add_group(webhooks_app, "webhooks")
app.entries.update(number_health.part.entries)
app.entries.update(number_market.part.entries)

NUMBER_ARG = Annotated[str, typer.Argument(metavar="E164", help="The number.")]
NUMBERS_ARG = Annotated[list[str], typer.Argument(metavar="E164...", help="The numbers.")]


@app.command(
    "add",
    writes=True,
    prints=results_of("numbers.NUMBER_ADDED"),
    examples=["petmsg number add +14155550108 +14155550109 --class pool"],
)
def add(
    context: Context,
    numbers: NUMBERS_ARG,
    number_class: Annotated[NumberClass, typer.Option("--class", help="What the numbers are for.")],
) -> None:
    """Add numbers to the org. Safe to repeat."""
    from petmsg.render.views.numbers import NUMBER_ADDED
    from petmsg.services.numbers import number

    show_results(
        context, NUMBER_ADDED, context.write(number.add_all, numbers, number_class=number_class)
    )


@app.command(
    "import",
    writes=True,
    prints=results_of("nouns.IMPORTED"),
    prints_with={"--from-provider": results_of("numbers.NUMBER_ADDED")},
    examples=["petmsg number import numbers.csv"],
)
def import_(
    context: Context,
    file: SOURCE = None,
    option: FILE = None,
    from_provider: Annotated[
        bool,
        typer.Option(
            "--from-provider", help="Import the numbers of the provider's account; needs --class."
        ),
    ] = False,
    number_class: Annotated[
        NumberClass | None,
        typer.Option(
            "--class",
            help="What the account's new numbers, or those of a file without a class, are for.",
        ),
    ] = None,
    maps: how.MAP = None,
    encoding: how.ENCODING = None,
    date_order: how.DATE_ORDER = None,
    strict: how.STRICT = False,
    rejects: how.REJECTS = None,
    sheet: how.SHEET = None,
    template: how.EMPTY = False,
) -> None:
    """Import numbers: columns e164,class; or from the provider's account.

    A file without a column class needs --class. With --from-provider, numbers that the org has stay
    as they are, and numbers of another org are refused.
    """
    from petmsg.cli.flows.numbers import import_from_file, import_from_provider

    if from_provider:
        import_from_provider(context, file or option, number_class=number_class)
    else:
        options = how.FileOptions(maps, encoding, date_order, strict, rejects, sheet, template)
        import_from_file(context, file, option, options, number_class=number_class)


@app.command(
    "list",
    prints=list_of("numbers.NUMBERS"),
    examples=["petmsg number list --class pool --status active"],
)
def list_(
    context: Context,
    number_class: Annotated[NumberClass | None, typer.Option("--class")] = None,
    status: Annotated[NumberStatus | None, typer.Option("--status")] = None,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """List numbers and their holders, newest first."""
    from petmsg.queries import number as queries
    from petmsg.render.views.numbers import NUMBERS

    rows = context.read(
        queries.list_numbers, page(limit, before, all_), number_class=number_class, status=status
    )
    context.show_list(NUMBERS, rows)


@app.command("show", prints=one("numbers.NUMBER"), examples=["petmsg number show +14155550101"])
def show(context: Context, number: NUMBER_ARG) -> None:
    """Show one number: holder, clients and assignment history."""
    from petmsg.queries import number as queries
    from petmsg.render.views.numbers import HISTORY, NUMBER

    found = context.read(queries.show_number, number)
    context.show_one(NUMBER, found)
    if context.is_table:
        context.show_list(HISTORY, found.history)


@app.command(
    "history", prints=list_of("numbers.HISTORY"), examples=["petmsg number history +14155550101"]
)
def history(context: Context, number: NUMBER_ARG) -> None:
    """Show the assignment history of a number.

    Each row says who held it, in which state, since when, why, and who changed it.
    """
    from petmsg.queries import number as queries
    from petmsg.render.views.numbers import HISTORY

    context.show_list(HISTORY, context.read(queries.number_history, number))


@app.command(
    "who",
    prints=one("numbers.HISTORY"),
    examples=["petmsg number who +14155550101 --at 2026-02-14T09:30"],
)
def who(
    context: Context,
    number: NUMBER_ARG,
    at: Annotated[str, typer.Option("--at", metavar="T", help="When: ISO 8601, now, -30m, -14d.")],
) -> None:
    """Show who held a number at a time, and its state."""
    from petmsg.queries import number as queries
    from petmsg.render.views.numbers import HISTORY

    with context.snapshot() as cursor:
        org = context.org(cursor)
        found = queries.who_held(cursor, org, number, at=context.instant(at, org))
    context.show_one(HISTORY, found)


@app.command(
    "assign",
    writes=True,
    prints=one("numbers.NUMBER_CHANGED"),
    examples=["petmsg number assign +14155550103 S-3 --reason 'they asked for it'"],
)
def assign(
    context: Context,
    number: NUMBER_ARG,
    sitter: Annotated[
        str, typer.Argument(metavar="SITTER", help="The sitter's ref, phone or name.")
    ],
    reason: REASON = None,
) -> None:
    """Assign a free number to a sitter who has none."""
    from petmsg.render.views.numbers import NUMBER_CHANGED
    from petmsg.services.numbers import number as service

    context.show_one(
        NUMBER_CHANGED, context.write(service.assign, number, sitter, reason=checked_reason(reason))
    )


@app.command(
    "set-class",
    writes=True,
    prints=one("numbers.NUMBER_CHANGED"),
    examples=["petmsg number set-class +14155550105 front_desk --replace"],
)
def set_class(
    context: Context,
    number: NUMBER_ARG,
    number_class: Annotated[NumberClass, typer.Argument(metavar="CLASS", help="The new class.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Make the current front desk number a pool number.")
    ] = False,
    reason: REASON = None,
) -> None:
    """Change the class of a number: front_desk, sitter or pool."""
    from petmsg.render.views.numbers import NUMBER_CHANGED
    from petmsg.services.numbers import number as service

    changed = context.write(
        service.set_class,
        number,
        number_class=number_class,
        replace=replace,
        reason=checked_reason(reason),
    )
    context.show_one(NUMBER_CHANGED, changed)


@app.command(
    "retire",
    writes=True,
    asks=confirmations.retire_number,
    prints=one("numbers.NUMBER_CHANGED"),
    examples=["petmsg number retire +14155550106 --reason 'given back' --yes"],
)
def retire(context: Context, number: NUMBER_ARG, reason: REASON = None) -> None:
    """Retire a number for good.

    This cannot be undone, so petmsg asks first. A sitter who holds the number loses it.
    """
    from petmsg.render.views.numbers import NUMBER_CHANGED
    from petmsg.services.numbers import number as service

    retired = context.write(service.retire, number, reason=checked_reason(reason))
    context.show_one(NUMBER_CHANGED, retired)
    if retired.released is not None:
        context.notify(f"Sitter {retired.released} has no number now. Assign one:")
        context.notify(f"  petmsg sitter activate {retired.released}")


@app.command(
    "quarantine",
    writes=True,
    prints=results_of("numbers.QUARANTINED"),
    prints_with={"--dry-run": results_of("numbers.PLANNED")},
    examples=[
        "petmsg number quarantine +14155550101 --days 14 --reason complaints",
        "petmsg number quarantine +14155550101 --reason complaints --dry-run",
    ],
)
def quarantine(
    context: Context,
    numbers: NUMBERS_ARG,
    days: Annotated[
        int | None,
        typer.Option(
            "--days", metavar="N", help="Length in days: 1 to 3650; common: 1, 3, 7, 14, 30, 90."
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="T", help="End of the quarantine instead: ISO 8601, +14d."),
    ] = None,
    reason: REASON = None,
    replacement: Annotated[
        str | None,
        typer.Option("--replacement", metavar="E164", help="The new front desk number."),
    ] = None,
) -> None:
    """Quarantine numbers: send nothing from them for a while.

    Without --days or --until, the org's default applies (90 days unless changed). Prints the
    affected sitter, threads and future windows, and the numbers used instead. With --dry-run also
    lists them day by day, and the clients messaged from the numbers in the last 14 days. A
    quarantined number stays assigned to its holder, who uses it again afterwards.
    """
    from petmsg.render.views.numbers import PLANNED, QUARANTINED
    from petmsg.services.numbers import quarantine as service

    why = required_reason(reason)
    rows = context.write(
        lambda uow: service.quarantine_all(
            uow,
            numbers,
            days=days,
            until=uow.instant(until),
            reason=why,
            replacement=replacement,
            planned=context.dry_run,
        )
    )
    show_results(context, PLANNED if context.dry_run else QUARANTINED, rows)
    for row in rows:
        if isinstance(row, service.Quarantined) and row.warning is not None:
            context.warn(row.warning)
    if context.dry_run and context.is_table:
        show_plans(context, [row for row in rows if isinstance(row, service.Quarantined)])


@app.command(
    "restore",
    writes=True,
    prints=results_of("numbers.RESTORED"),
    examples=["petmsg number restore +14155550107 --reason 'the carrier cleared it'"],
)
def restore(context: Context, numbers: NUMBERS_ARG, reason: REASON = None) -> None:
    """End the quarantine of numbers.

    Restoring early requires --reason and is logged as forced.
    """
    from petmsg.render.views.numbers import RESTORED
    from petmsg.services.numbers import quarantine as service

    rows = context.write(service.restore_all, numbers, reason=checked_reason(reason))
    show_results(context, RESTORED, rows)


@app.cron_command(
    "release-due",
    writes=True,
    prints=list_of("numbers.RESTORED"),
    examples=["petmsg number release-due"],
)
def release_due(context: Context) -> None:
    """Restore numbers whose quarantine is over (for cron).

    Covers all orgs unless --org is given.
    """
    from petmsg.render.views.numbers import RESTORED
    from petmsg.services.numbers import quarantine as service

    rows = []
    for org in context.orgs():
        rows += context.write_in(org.slug, service.release_due)
    context.show_list(RESTORED, rows)
