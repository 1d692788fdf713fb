"""petmsg sitter …"""

from typing import Annotated

import typer

from petmsg.cli import confirmations
from petmsg.cli.batch import import_file, source
from petmsg.cli.command import command, new_app
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
from petmsg.cli.results import show_results
from petmsg.enums import SitterStatus
from petmsg.queries import sitter as queries
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.views.nouns import DEACTIVATED, RENUMBERED, SITTER, SITTER_ADDED, SITTERS

app = new_app("Sitters: add, activate with a dedicated number, deactivate, renumber.")

SITTER_ARG = Annotated[str, typer.Argument(metavar="SITTER", help="Her ref, phone or name.")]


@command(
    app,
    "add",
    writes=True,
    examples=["petmsg sitter add 'Noor Aziz' --phone +13035550109 --ref S-9 --activate"],
)
def add(
    context: Context,
    name: Annotated[str, typer.Argument(help="Her name.")],
    phone: Annotated[str, typer.Option("--phone", metavar="PHONE", help="Her own phone.")],
    ref: Annotated[str | None, typer.Option("--ref", help="Her id in your system.")] = None,
    activate: Annotated[
        bool, typer.Option("--activate", help="And activate her, with a number.")
    ] = False,
) -> None:
    """Add a sitter. She is inactive until she is activated."""
    from petmsg.services.people import sitter

    added = context.write(sitter.add, name, phone=phone, ref=ref, do_activate=activate)
    context.show_one(SITTER_ADDED, added)


@command(app, "import", writes=True, examples=["petmsg sitter import sitters.csv"])
def import_(context: Context, file: SOURCE = None, option: FILE = None) -> None:
    """Import sitters: columns ref,name,phone. A known ref is updated."""
    from petmsg.services.people import sitter

    import_file(
        context,
        source(file, option),
        sitter.import_rows,
        columns=sitter.COLUMNS,
        required=("name", "phone"),
    )


@command(app, "list", reveals=True, examples=["petmsg sitter list --status active"])
def list_(
    context: Context,
    status: Annotated[SitterStatus | None, typer.Option("--status")] = None,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """The sitters with the number each holds, the newest first."""
    context.show_list(
        SITTERS, context.read(queries.list_sitters, page(limit, before, all_), status=status)
    )


@command(
    app,
    "show",
    reveals=True,
    examples=["petmsg sitter show S-1", "petmsg sitter show 'Maya Lee' --reveal"],
)
def show(context: Context, sitter: SITTER_ARG) -> None:
    """One sitter with her number and when she was active."""
    context.show_one(SITTER, context.read(queries.show_sitter, sitter))


@command(app, "set", writes=True, examples=["petmsg sitter set S-1 --name 'Maya Lee-Park'"])
def set_(
    context: Context,
    sitter: SITTER_ARG,
    name: Annotated[str | None, typer.Option("--name")] = None,
    phone: Annotated[str | None, typer.Option("--phone", metavar="PHONE")] = None,
) -> None:
    """Change a sitter's name or own phone."""
    from petmsg.services.people import sitter as service

    context.show_one(SITTER_ADDED, context.write(service.change, sitter, name=name, phone=phone))


@command(app, "activate", writes=True, examples=["petmsg sitter activate S-3"])
def activate(
    context: Context,
    sitters: Annotated[
        list[str], typer.Argument(metavar="SITTER...", help="Their refs, phones or names.")
    ],
    without_number: Annotated[
        bool, typer.Option("--without-number", help="Activate her even if no number is free.")
    ] = False,
) -> None:
    """Activate sitters and give each her number.

    Sitters receive a dedicated masked number when activated. This number persists across all
    bookings. Activating again changes nothing.
    """
    from petmsg.services.people import sitter

    show_results(
        context,
        SITTER_ADDED,
        context.write(sitter.activate_all, sitters, without_number=without_number),
    )


@command(
    app,
    "deactivate",
    writes=True,
    asks=confirmations.deactivate_sitter,
    examples=["petmsg sitter deactivate S-2 --reason 'moved away' --yes"],
)
def deactivate(
    context: Context,
    sitter: SITTER_ARG,
    days: Annotated[
        int | None, typer.Option("--days", help="Quarantine of her number; default: the org's.")
    ] = None,
    reason: REASON = None,
) -> None:
    """Offboard a sitter. It cannot be undone, so it asks first.

    Her number becomes a quarantined pool number and never goes to another sitter. Her windows that
    run now end now; her later bookings lose their sitter and are listed for somebody to reassign.
    """
    from petmsg.services.people import offboard as service

    gone = context.write(service.deactivate, sitter, days=days, reason=checked_reason(reason))
    context.show_one(DEACTIVATED, gone)
    for booking in gone.windows_ended:
        context.say(f"Ended now: {booking}. If the visit goes on, give it to somebody:")
        context.say(f"  petmsg booking reassign {booking} --sitter SITTER")
    for booking in gone.bookings_unassigned:
        context.say(f"Reassign: petmsg booking reassign {booking} --sitter SITTER")


@command(
    app,
    "renumber",
    writes=True,
    examples=["petmsg sitter renumber S-1 --reason 'her number was posted online'"],
)
def renumber(
    context: Context,
    sitter: SITTER_ARG,
    to: Annotated[
        str | None, typer.Option("--to", metavar="E164", help="Which one; default: any free.")
    ] = None,
    reason: REASON = None,
    days: Annotated[
        int | None, typer.Option("--days", help="Quarantine of the old one; default: the org's.")
    ] = None,
) -> None:
    """Give a sitter another number; the old one becomes a quarantined pool number."""
    from petmsg.services.people import sitter as service

    why = required_reason(reason)
    context.show_one(
        RENUMBERED, context.write(service.renumber, sitter, to=to, reason=why, days=days)
    )
