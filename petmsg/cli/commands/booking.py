"""petmsg booking …"""

from functools import partial
from typing import Annotated

import typer

from petmsg.cli import confirmations
from petmsg.cli.batch import refs_of, run_refs
from petmsg.cli.booking_options import (
    ALL_DAY,
    COUNT,
    DUPLICATES,
    END,
    EXCEPTED,
    FEED,
    LAST_DAY,
    LASTS,
    OF_CLIENT,
    OF_SITTER,
    REPEAT,
    START,
    UNTIL,
)
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
    FILE,
    FROM,
    FURTHER_DOWN,
    LIMIT,
    ON_DAY,
    REASON,
    SOURCE,
    TO,
    TODAY,
    checked_reason,
    page,
    read_file,
)
from petmsg.cli.results import Results, show_warnings
from petmsg.enums.bookings import BookingStatus
from petmsg.errors import UsageProblem
from petmsg.queries import booking as queries
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.printed import list_of, one, results_of
from petmsg.render.views.booking import BOOKING, BOOKING_CHANGED, BOOKINGS, CONFIRMED
from petmsg.render.views.nouns import BOOKING_IMPORTED

app = new_app("Add, import, confirm, cancel, reschedule and reassign bookings.")

REF_ARG = Annotated[str, typer.Argument(metavar="REF", help="The booking's ref.")]
SITTER = Annotated[
    str | None, typer.Option("--sitter", metavar="SITTER", help="The sitter's ref, phone or name.")
]

LEAD = Annotated[
    str | None,
    typer.Option(
        "--lead",
        metavar="MINUTES",
        help="How long before the booking its window begins: 30, 30m, 2h; default: as the org.",
    ),
]


@app.command(
    "add",
    writes=True,
    prints=one(BOOKING_CHANGED),
    prints_with={"--repeat": list_of(BOOKING_CHANGED)},
    examples=[
        "petmsg booking add --client C-1 --sitter S-1 --start +24h --for 2h",
        "petmsg booking add --client C-1 --start +1d --for 30m --repeat daily --count 5",
    ],
)
def add(
    context: Context,
    client: Annotated[
        str, typer.Option("--client", metavar="CLIENT", help="The client's ref, phone or name.")
    ],
    start: START,
    end: END = None,
    lasts: LASTS = None,
    sitter: SITTER = None,
    ref: Annotated[
        str | None, typer.Option("--ref", help="The booking's ID in your system.")
    ] = None,
    repeat: REPEAT = None,
    until: LAST_DAY = None,
    count: COUNT = None,
    excepted: EXCEPTED = None,
    lead: LEAD = None,
    allow_duplicates: DUPLICATES = False,
) -> None:
    """Add a pending booking, or a series of them. Safe to repeat.

    Without --ref, a booking is the same one if its client, sitter, start and end are equal and it
    is not cancelled.

    --repeat adds a booking for each day of the rule, from the start on: daily, daily/2, weekly,
    weekly:mo,we,fr or weekly:mo,we/2 (every second week). Their refs are B-7.1, B-7.2 and so on;
    with --ref R they are R.1, R.2. All visits start at the same local time, also after the clocks
    change. With --end they end at the same local time, with --for they last equally long. A time
    that the clocks skip moves forward with them; of a time that exists twice, the first counts.
    """
    from petmsg.cli.flows.add_booking import Booked, Times, add_booking, repetition_of

    booked = Booked(
        client=client, sitter=sitter, ref=ref, lead=lead, allow_duplicates=allow_duplicates
    )
    repetition = repetition_of(repeat, until, count, excepted)
    add_booking(context, Times(start, end, lasts), booked, repetition)


@app.command(
    "import",
    writes=True,
    may_ask=True,
    prints=results_of(BOOKING_IMPORTED),
    examples=["petmsg booking import bookings.csv", "petmsg booking import walks.ics --dry-run"],
)
def import_(
    context: Context,
    file: SOURCE = None,
    option: FILE = None,
    lead: LEAD = None,
    allow_duplicates: DUPLICATES = False,
    maps: MAP = None,
    encoding: ENCODING = None,
    date_order: DATE_ORDER = None,
    strict: STRICT = False,
    rejects: REJECTS = None,
    sheet: SHEET = None,
    template: EMPTY = False,
    client: OF_CLIENT = None,
    sitter: OF_SITTER = None,
    feed: FEED = None,
    until: UNTIL = None,
    all_day: ALL_DAY = None,
) -> None:
    """Import bookings: columns ref,client,sitter,starts_at,ends_at,lead_minutes, or a calendar.

    A row with a known ref updates that booking; if it is confirmed, its window moves. A row without
    a ref changes nothing if a booking with the same client, sitter, start and end exists, even if
    it is cancelled. A column status that says Cancelled cancels the booking, or leaves the row out;
    other values are ignored. An empty lead_minutes means the org's lead; without that column,
    --lead counts, or known bookings keep theirs.

    A calendar (.ics) is known by its content. Each coming visit becomes a booking. Importing the
    calendar again moves, adds and cancels what has changed in it. An event names its client and
    sitter in its title, as in 'Ann Ivers - Dog walk (Maya Lee)', or see docs/calendars.md. Before
    more than half of its visits are cancelled because it no longer has them, petmsg asks.
    """
    from petmsg.cli.flows.import_bookings import import_bookings
    from petmsg.cli.flows.import_calendar import CalendarOptions

    calendar = CalendarOptions(client, sitter, feed, until, all_day)
    import_bookings(
        context,
        (file, option),
        FileOptions(maps, encoding, date_order, strict, rejects, sheet, template),
        calendar,
        lead=lead,
        allow_duplicates=allow_duplicates,
    )


@app.command(
    "list",
    prints=list_of(BOOKINGS),
    examples=[
        "petmsg booking list --status pending",
        "petmsg booking list --client C-1 -o json",
        "petmsg booking list --today",
        "petmsg booking list --on +3d",
        "petmsg booking list --from 2026-02-14 --to 2026-02-20",
    ],
)
def list_(
    context: Context,
    status: Annotated[BookingStatus | None, typer.Option("--status")] = None,
    client: Annotated[str | None, typer.Option("--client", metavar="CLIENT")] = None,
    sitter: Annotated[str | None, typer.Option("--sitter", metavar="SITTER")] = None,
    today: TODAY = False,
    on: ON_DAY = None,
    from_: FROM = None,
    to: TO = None,
    limit: LIMIT = USUAL_LIMIT,
    before: FURTHER_DOWN = None,
    all_: ALL = False,
) -> None:
    """List bookings, newest first.

    With --today, --on, --from or --to: those that overlap that span, in the order of their start.
    A span has days in the org's timezone or times; a day at its end belongs to it.
    """
    from petmsg.cli.flows.list_bookings import Days, list_bookings

    list_bookings(
        context,
        page(limit, before, all_),
        Days(today, on, from_, to),
        status=status,
        client=client,
        sitter=sitter,
    )


@app.command(
    "show",
    prints=one(BOOKING),
    examples=["petmsg booking show B-1"],
)
def show(context: Context, ref: REF_ARG) -> None:
    """Show one booking and its window."""
    context.show_one(BOOKING, context.read(queries.show_booking, ref))


@app.command(
    "confirm",
    writes=True,
    prints=results_of(CONFIRMED),
    examples=["petmsg booking confirm B-2 B-3", "petmsg booking confirm --file paid.csv"],
)
def confirm(
    context: Context,
    refs: Annotated[
        list[str] | None, typer.Argument(metavar="REF...", help="Refs of the bookings.")
    ] = None,
    all_pending: Annotated[
        bool, typer.Option("--all-pending", help="Confirm every pending booking of the org.")
    ] = False,
    file: FILE = None,
    stripe_event: Annotated[
        str | None,
        typer.Option(
            "--stripe-event",
            metavar="F",
            help="Stripe events of paid bookings: JSON or JSONL; - for stdin.",
        ),
    ] = None,
) -> None:
    """Confirm bookings and create their assignment windows.

    Each client has one thread; the first confirmed booking creates it. Safe to repeat, and to run
    several times at once: thread and window stay the same. Overlapping bookings each keep their own
    window and are reported. The default number is the one that the thread began with; it decides
    nothing, and petmsg route explain shows the number of a message. A Stripe event confirms a
    booking once, even if petmsg serve has already stored it.
    """
    from petmsg.services.bookings import confirm as service

    if stripe_event is not None:
        if refs or all_pending or file is not None:
            raise UsageProblem(
                "--stripe-event cannot be combined with refs, --all-pending or --file.",
                hint="Confirm the refs in a separate command.",
            )
        _confirm_paid(context, stripe_event)
        return
    named = refs_of(refs, file)
    if all_pending:
        named += refs_of(context.read(queries.pending_refs), None)
    elif not refs and file is None:
        raise UsageProblem(
            "Missing bookings to confirm.",
            hint="Name their refs, or use --all-pending or --file F.",
        )
    shown = Results(context, CONFIRMED, also=partial(show_warnings, context))
    run_refs(context, service.confirm, named, shown, doing="Confirming")


def _confirm_paid(context: Context, file: str) -> None:
    from petmsg.providers.stripe_event import read_events
    from petmsg.workflows import payments

    rows = payments.confirm_events(context, read_events(read_file(file)), report=context.notify)
    with Results(context, CONFIRMED, also=partial(show_warnings, context)) as shown:
        shown.add(rows)


@app.command(
    "cancel",
    writes=True,
    asks=confirmations.cancel_booking,
    prints=one(BOOKING_CHANGED),
    examples=["petmsg booking cancel B-2 --reason 'the plans changed' --yes"],
)
def cancel(context: Context, ref: REF_ARG, reason: REASON = None) -> None:
    """Cancel a booking and close its window.

    This cannot be undone, so petmsg asks first.
    """
    from petmsg.services.bookings import booking

    context.show_one(
        BOOKING_CHANGED, context.write(booking.cancel, ref, reason=checked_reason(reason))
    )


@app.command(
    "reschedule",
    writes=True,
    prints=one(BOOKING_CHANGED),
    examples=[
        "petmsg booking reschedule B-1 --end +4h",
        "petmsg booking reschedule B-1 --start +1d --for 1h",
    ],
)
def reschedule(
    context: Context,
    ref: REF_ARG,
    start: Annotated[str | None, typer.Option("--start", metavar="T")] = None,
    end: Annotated[str | None, typer.Option("--end", metavar="T")] = None,
    lasts: LASTS = None,
    lead: LEAD = None,
    reason: REASON = None,
) -> None:
    """Change the times of a booking, or its lead.

    With --start alone the end stays; --for gives the duration from the start on. An empty --lead
    means the org's. The window of a confirmed booking moves with it.
    """
    from petmsg.cli.flows import reschedule as flow

    changed = flow.reschedule(
        context,
        ref,
        start=start,
        end=end,
        lasts=lasts,
        lead=lead,
        reason=checked_reason(reason),
    )
    context.show_one(BOOKING_CHANGED, changed)
    show_warnings(context, changed)


@app.command(
    "reassign",
    writes=True,
    prints=one(BOOKING_CHANGED),
    prints_with={"--file": results_of(BOOKING_CHANGED)},
    examples=[
        "petmsg booking reassign B-1 S-2 --reason 'Maya is ill'",
        "petmsg booking reassign --file reassigned.csv",
    ],
)
def reassign(
    context: Context,
    ref: Annotated[str | None, typer.Argument(metavar="REF", help="The booking's ref.")] = None,
    to: Annotated[
        str | None, typer.Argument(metavar="SITTER", help="The new sitter's ref, phone or name.")
    ] = None,
    sitter: Annotated[
        str | None,
        typer.Option("--sitter", metavar="SITTER", help="The new sitter, instead of the argument."),
    ] = None,
    nobody: Annotated[
        bool, typer.Option("--nobody", help="Leave the booking without a sitter.")
    ] = False,
    file: Annotated[
        str | None,
        typer.Option(
            "--file", metavar="F", help="A CSV file of columns ref,sitter, or JSONL; - for stdin."
        ),
    ] = None,
    reason: REASON = None,
) -> None:
    """Assign a booking to another sitter.

    From now on, messages in its window are sent from the new sitter's number. With --file, each
    booking of the file is assigned to the sitter in its row. Safe to repeat.
    """
    from petmsg.cli.flows import reassign as flow

    why = checked_reason(reason)
    flow.reassign(context, ref, (to, sitter), nobody=nobody, file=file, reason=why)
