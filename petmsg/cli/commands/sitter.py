"""petmsg sitter …"""

from typing import Annotated

import typer

from petmsg.cli import confirmations
from petmsg.cli.batch import import_file
from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.cli.import_options import (
    DATE_ORDER,
    EMPTY,
    ENCODING,
    MAP,
    REJECTS,
    SHEET,
    STRICT,
    FileOptions,
)
from petmsg.cli.options import (
    ALL,
    BEFORE,
    FILE,
    LIMIT,
    REASON,
    SEARCH,
    SOURCE,
    checked_reason,
    page,
    required_reason,
    searched,
)
from petmsg.cli.results import show_results
from petmsg.enums.files import ImportNoun
from petmsg.enums.people import SitterStatus
from petmsg.queries import sitter as queries
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.printed import list_of, one, results_of
from petmsg.render.views.nouns import (
    DEACTIVATED,
    IMPORTED,
    RENUMBERED,
    SITTER,
    SITTER_ADDED,
    SITTERS,
)

app = new_app("Add, import, activate, deactivate and renumber sitters; say who is away.")

SITTER_ARG = Annotated[
    str, typer.Argument(metavar="SITTER", help="The sitter's ref, phone or name.")
]


@app.command(
    "add",
    writes=True,
    prints=one(SITTER_ADDED),
    examples=["petmsg sitter add 'Noor Aziz' --phone +13035550109 --ref S-9 --activate"],
)
def add(
    context: Context,
    name: Annotated[str, typer.Argument(help="The sitter's name.")],
    phone: Annotated[str, typer.Option("--phone", metavar="PHONE", help="The sitter's own phone.")],
    ref: Annotated[
        str | None, typer.Option("--ref", help="The sitter's ID in your system.")
    ] = None,
    activate: Annotated[
        bool, typer.Option("--activate", help="Also activate the sitter, with a number.")
    ] = False,
) -> None:
    """Add a sitter. New sitters are inactive until activated."""
    from petmsg.services.people import sitter

    added = context.write(sitter.add, name, phone=phone, ref=ref, do_activate=activate)
    context.show_one(SITTER_ADDED, added)


@app.command(
    "import",
    writes=True,
    prints=results_of(IMPORTED),
    examples=["petmsg sitter import sitters.csv"],
)
def import_(
    context: Context,
    file: SOURCE = None,
    option: FILE = None,
    maps: MAP = None,
    encoding: ENCODING = None,
    date_order: DATE_ORDER = None,
    strict: STRICT = False,
    rejects: REJECTS = None,
    sheet: SHEET = None,
    template: EMPTY = False,
) -> None:
    """Import sitters: columns ref,name,phone. Safe to repeat.

    A row with a known ref updates that sitter. A row without a ref is about the sitter with its
    phone and name. Every other row adds a sitter.

    The usual headers of other programs are known, such as Staff ID, First Name and Mobile.
    """
    from petmsg.services.people import sitter_import

    import_file(
        context,
        file,
        option,
        sitter_import.import_rows,
        noun=ImportNoun.SITTER,
        options=FileOptions(maps, encoding, date_order, strict, rejects, sheet, template),
        finds_again=True,
    )


@app.command(
    "list",
    reveals=True,
    prints=list_of(SITTERS),
    examples=["petmsg sitter list --status active", "petmsg sitter list --search maya"],
)
def list_(
    context: Context,
    status: Annotated[SitterStatus | None, typer.Option("--status")] = None,
    search: SEARCH = None,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """List sitters and their numbers, newest first.

    --search looks in names and refs, and for three or more digits also in their own phones; case
    and accents do not count.
    """
    which = page(limit, before, all_)
    rows = context.read(queries.list_sitters, which, status=status, search=searched(search))
    context.show_list(SITTERS, rows)


@app.command(
    "show",
    reveals=True,
    prints=one(SITTER),
    prints_with={"--messages": one("sitter_messages.SITTER_WITH_MESSAGES")},
    examples=["petmsg sitter show S-1", "petmsg sitter show S-1 --messages"],
)
def show(
    context: Context,
    sitter: SITTER_ARG,
    messages: Annotated[
        bool,
        typer.Option("--messages", help="Also show what the sitter and the front desk wrote."),
    ] = False,
) -> None:
    """Show one sitter: number and active periods.

    With --messages also the last 100 messages between the front desk and the sitter, in both
    directions. What the sitter and clients wrote to each other is in the clients' threads.
    """
    if messages:
        from petmsg.cli.flows.show_sitter import show_with_messages

        show_with_messages(context, sitter)
    else:
        context.show_one(SITTER, context.read(queries.show_sitter, sitter))


@app.command(
    "set",
    writes=True,
    prints=one(SITTER_ADDED),
    examples=["petmsg sitter set S-1 --name 'Maya Lee-Park'"],
)
def set_(
    context: Context,
    sitter: SITTER_ARG,
    name: Annotated[str | None, typer.Option("--name")] = None,
    phone: Annotated[str | None, typer.Option("--phone", metavar="PHONE")] = None,
) -> None:
    """Change a sitter's name or own phone."""
    from petmsg.services.people import sitter as service

    context.show_one(SITTER_ADDED, context.write(service.change, sitter, name=name, phone=phone))


@app.command(
    "activate",
    writes=True,
    prints=results_of(SITTER_ADDED),
    examples=["petmsg sitter activate S-3"],
)
def activate(
    context: Context,
    sitters: Annotated[
        list[str], typer.Argument(metavar="SITTER...", help="Refs, phones or names of the sitters.")
    ],
    without_number: Annotated[
        bool, typer.Option("--without-number", help="Activate even if no number is free.")
    ] = False,
) -> None:
    """Activate sitters and assign a number to each.

    Sitters receive a dedicated masked number when activated. This number persists across all
    bookings. Activating again changes nothing.
    """
    from petmsg.services.people import sitter

    show_results(
        context,
        SITTER_ADDED,
        context.write(sitter.activate_all, sitters, without_number=without_number),
    )


@app.command(
    "deactivate",
    writes=True,
    asks=confirmations.deactivate_sitter,
    prints=one(DEACTIVATED),
    examples=["petmsg sitter deactivate S-2 --reason 'moved away' --yes"],
)
def deactivate(
    context: Context,
    sitter: SITTER_ARG,
    days: Annotated[
        int | None,
        typer.Option("--days", help="Quarantine of the number in days; default: the org's."),
    ] = None,
    reason: REASON = None,
) -> None:
    """Deactivate a sitter who leaves.

    This cannot be undone, so petmsg asks first. The sitter's number becomes a quarantined pool
    number and never goes to another sitter. Windows that run now end now; later bookings lose their
    sitter and are listed for reassignment.
    """
    from petmsg.services.people import offboard as service

    gone = context.write(service.deactivate, sitter, days=days, reason=checked_reason(reason))
    context.show_one(DEACTIVATED, gone)
    for booking in gone.windows_ended:
        context.notify(f"Ended now: {booking}. If the visit goes on, reassign it:")
        context.notify(f"  petmsg booking reassign {booking} SITTER")
    for booking in gone.bookings_unassigned:
        context.notify(f"Reassign: petmsg booking reassign {booking} SITTER")


@app.command(
    "renumber",
    writes=True,
    prints=one(RENUMBERED),
    examples=["petmsg sitter renumber S-1 --reason 'the number was posted online'"],
)
def renumber(
    context: Context,
    sitter: SITTER_ARG,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="E164", help="The new number; default: any free one."),
    ] = None,
    reason: REASON = None,
    days: Annotated[
        int | None,
        typer.Option("--days", help="Quarantine of the old number in days; default: the org's."),
    ] = None,
) -> None:
    """Give a sitter another number.

    The old number becomes a quarantined pool number.
    """
    from petmsg.services.people import sitter as service

    why = required_reason(reason)
    context.show_one(
        RENUMBERED, context.write(service.renumber, sitter, to=to, reason=why, days=days)
    )


@app.command(
    "away",
    writes=True,
    prints=one("absence.AWAY"),
    examples=[
        "petmsg sitter away S-1 --to tomorrow --reason ill",
        "petmsg sitter away S-1 --from +1h --to +2d --reason ill --to-sitter S-2",
        "petmsg sitter away S-1 --to +3d --reason leave --file handed-over.csv",
    ],
)
def away(
    context: Context,
    sitter: SITTER_ARG,
    until: Annotated[
        str, typer.Option("--to", metavar="T", help="When they are back, or the last day.")
    ],
    since: Annotated[
        str,
        typer.Option("--from", metavar="T", help="Since when, or the first day."),
    ] = "now",
    reason: REASON = None,
    to_sitter: Annotated[
        str | None,
        typer.Option("--to-sitter", metavar="SITTER", help="The sitter who gets all these visits."),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--file", metavar="F", help="Which sitter gets which booking: columns ref,sitter."
        ),
    ] = None,
) -> None:
    """Store that a sitter is away, and hand their visits over.

    Lists the visits that overlap this time and are not over. With --to-sitter or --file they are
    reassigned as by booking reassign, all of them or none, each as a whole; one that runs already
    goes to the new sitter from now on. Without both, no booking is changed. Safe to repeat; a time
    that overlaps a stored absence extends it. petmsg sitter back ends it.
    """
    from petmsg.cli.flows import absence as flow

    why = required_reason(reason)
    flow.send_away(
        context, sitter, since=since, until=until, reason=why, to_sitter=to_sitter, file=file
    )


@app.command(
    "absences",
    prints=list_of("absence.ABSENCES"),
    examples=["petmsg sitter absences", "petmsg sitter absences --days 14"],
)
def absences(
    context: Context,
    days: Annotated[
        int, typer.Option("--days", metavar="N", min=1, max=366, help="Days to look ahead.")
    ] = 31,
) -> None:
    """List who is away now or soon, by start."""
    from petmsg.queries.absence import absences_to_come
    from petmsg.render.views.absence import ABSENCES

    context.show_list(ABSENCES, context.read(absences_to_come, now=context.now, days=days))


@app.command(
    "back",
    writes=True,
    prints=one("absence.BACK"),
    examples=["petmsg sitter back S-1", "petmsg sitter back S-1 --from +2h --reason well"],
)
def back(
    context: Context,
    sitter: SITTER_ARG,
    since: Annotated[
        str | None,
        typer.Option("--from", metavar="T", help="A time in the absence that is meant."),
    ] = None,
    reason: REASON = None,
) -> None:
    """End an absence of a sitter now, or cancel one to come.

    Without --from, the absence that runs, or the only one to come. Bookings that were handed over
    do not come back by themselves.
    """
    from petmsg.cli.flows import absence as flow

    flow.bring_back(context, sitter, since=since, reason=checked_reason(reason))
