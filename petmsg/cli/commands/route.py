"""petmsg route …"""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from typing import Annotated, Any

import typer

from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.cli.options import BEFORE, LIMIT, REASON, checked_reason, page, required_reason
from petmsg.cli.results import show_results
from petmsg.enums.output import OutputFormat
from petmsg.enums.routing import Outcome, OverrideTo
from petmsg.errors import REFUSED, UsageProblem
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.printed import list_of, one, results_of
from petmsg.render.views.route import ADDRESSEE, DECISION, STORED

app = new_app("Explain and simulate which number a message is sent from.")
override_app = new_app(
    "Let the front desk handle clients for a time. The word set may be left out.",
    usual="set",
)

CLIENTS = Annotated[
    list[str], typer.Argument(metavar="CLIENT...", help="Refs, phones or names of clients.")
]

AT = Annotated[str, typer.Option("--at", metavar="T", help="When: ISO 8601, now, +2h, -30m, +14d.")]
MOST_IN_A_TABLE = 1_000


@app.command(
    "explain",
    prints=one(DECISION),
    prints_with={"--message": one(STORED)},
    examples=[
        "petmsg route explain C-1",
        "petmsg route explain C-1 --at +3h",
        "petmsg route explain C-1 --as S-1",
        "petmsg route explain C-1 --as desk",
        "petmsg route explain C-1 --with-media",
        "petmsg route explain --message 1",
    ],
)
def explain(
    context: Context,
    client: Annotated[
        str | None, typer.Argument(metavar="CLIENT", help="The client's ref, phone or name.")
    ] = None,
    at: AT = "now",
    message: Annotated[
        int | None,
        typer.Option(
            "--message", metavar="ID", help="The stored message whose decision is explained."
        ),
    ] = None,
    as_sitter: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="SITTER",
            help="The sitter who sends, or desk for the front desk, as in message send.",
        ),
    ] = None,
    with_media: Annotated[
        bool, typer.Option("--with-media", help="For a message with pictures.")
    ] = False,
) -> None:
    """Explain which number a message to a client is sent from.

    Prints the decision step by step, for any time, past or future. For now it gives the answer that
    petmsg message send uses. With --as only the windows of that sitter count; with --as desk
    the front desk's number is used or none. Exits with 4 if there is no number.
    """
    from petmsg.services.routes import explain as route

    if (client is None) == (message is None):
        raise UsageProblem(
            "Specify a CLIENT or --message ID (not both).", hint="petmsg route explain CLIENT"
        )
    if message is not None and (as_sitter is not None or with_media):
        raise UsageProblem(
            f"{'--with-media' if with_media else '--as'} requires a CLIENT.",
            hint="A stored message is explained for its own sender and pictures.",
        )
    if message is not None:
        _explain_stored(context, message)
        return
    with context.snapshot() as cursor:
        org = context.org(cursor)
        instant = context.instant(at, org)
        explained = route.explain(
            cursor,
            org,
            client or "",
            at=instant,
            now=context.now,
            as_sitter=as_sitter,
            with_media=with_media,
        )
    show_decision(context, explained, at=instant)
    context.exit_code = 0 if explained.decision.outcome is Outcome.ROUTED else REFUSED


def _explain_stored(context: Context, message: int) -> None:
    from petmsg.services.routes import explain as route

    with context.snapshot() as cursor:
        stored = route.explain_message(cursor, context.org(cursor), message, now=context.now)
        if context.is_table:
            from petmsg.render.views.decision import print_comparison

            print_comparison(stored, view=context.view)
        else:
            context.show_one(STORED, stored)


@app.command(
    "inbound",
    prints=one(ADDRESSEE),
    examples=["petmsg route inbound --from +12025550101 --to +14155550101"],
)
def inbound(
    context: Context,
    from_: Annotated[str, typer.Option("--from", metavar="PHONE", help="The sender's phone.")],
    to: Annotated[
        str, typer.Option("--to", metavar="E164", help="The number the message was sent to.")
    ],
    at: AT = "now",
    body: Annotated[
        str,
        typer.Option("--body", metavar="TEXT", help="The message; STOP, START and HELP matter."),
    ] = "",
) -> None:
    """Explain whether a sitter or the front desk receives a message.

    The number identifies the org, the phone identifies the client. Changes nothing. Exits with 4
    for a number that never belonged to an org.
    """
    from petmsg.services.inbound import address as service

    to_e164, from_phone = context.phone(to), context.phone(from_)
    with context.snapshot() as cursor:
        org = service.org_of(cursor, to_e164, slug=context.setting("org").value)
        context.about(org)
        instant = context.instant(at, org)
        found = service.explain_inbound(
            cursor,
            org,
            to_e164=to_e164,
            from_phone=from_phone,
            at=instant,
            now=context.now,
            body=body,
        )
    if context.output is OutputFormat.TABLE:
        from petmsg.render.fields import when
        from petmsg.render.views.decision import print_inbound_decision

        view = context.view
        at_words = when(instant, view._replace(relative=True))
        print_inbound_decision(found, at=at_words, view=view)
    else:
        context.show_one(ADDRESSEE, found.decision.to_json())


@app.command(
    "call",
    prints=one("call_decision.CALL_DECISION"),
    examples=[
        "petmsg route call --from +12025550101 --to +14155550101",
        "petmsg route call --from withheld --to +14155550101 --at +1d",
    ],
)
def call(
    context: Context,
    from_: Annotated[
        str, typer.Option("--from", metavar="PHONE", help="The caller's phone, or: withheld.")
    ],
    to: Annotated[str, typer.Option("--to", metavar="E164", help="The number that is called.")],
    at: AT = "now",
) -> None:
    """Explain who is rung for a phone call.

    Prints whom the call is for, which is whom a message from that phone would be for, then who is
    rung, in which order, and which number they see. Changes nothing and rings nobody. Exits with 4
    for a number that never belonged to an org.
    """
    from petmsg.render.call_words import is_withheld
    from petmsg.services.calls import decide as service
    from petmsg.services.inbound import address

    to_e164 = context.phone(to)
    from_phone = None if is_withheld(from_) else context.phone(from_)
    with context.snapshot() as cursor:
        org = address.org_of(cursor, to_e164, slug=context.setting("org").value)
        context.about(org)
        instant = context.instant(at, org)
        found = service.explain_call(
            cursor, org, to_e164=to_e164, from_phone=from_phone, at=instant, now=context.now
        )
    show_call(context, found, at=instant)


@app.command(
    "simulate",
    prints=list_of("simulate.SEGMENTS"),
    examples=["petmsg route simulate --client C-1", "petmsg route simulate --from -1d --to +3d"],
)
def simulate(
    context: Context,
    from_: Annotated[
        str,
        typer.Option(
            "--from", metavar="T", help="Start of the span: ISO 8601, now, +2h, -30m, +14d."
        ),
    ] = "now",
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="T", help="End of the span  [default: 30 days after --from]"),
    ] = None,
    client: Annotated[
        str | None,
        typer.Option(
            "--client", metavar="CLIENT", help="Only this client: ref, phone or name; default: all."
        ),
    ] = None,
) -> None:
    """List every change of the number that clients see over time.

    Sends nothing and prints one row per change. At any moment of a row, petmsg route explain --at
    gives the same answer. The past comes from the assignment history, with today's windows and
    settings. The future comes from today's numbers and the known ends of their quarantines, as if
    no messages were sent meanwhile: a message can assign a pool number to a client, and changes
    which number is the least recently used. A span is at most 400 days long. Erased clients are
    left out. A table ends after 1000 rows; jsonl, tsv and csv print every row as it is found.
    """
    from petmsg.services.routes import simulate as service

    with context.snapshot() as cursor:
        org = context.org(cursor)
        end = None if to is None else context.instant(to, org)
        span = service.check_span(
            context.instant(from_, org), end, now=context.now, timezone=org.timezone
        )
        found = service.simulate(cursor, org, span, client_text=client)
        for remark in found.remarks:
            context.notify(f"note: {remark}")
        show_segments(context, found.segments)


@override_app.command(
    "set",
    writes=True,
    prints=results_of("override.OVERRIDE"),
    examples=[
        "petmsg route override C-1 --until +2h --reason 'complaint about the visit'",
        "petmsg route override C-1 C-2 --to desk --until +1d --reason 'ill sitter'",
    ],
)
def override_set(
    context: Context,
    clients: CLIENTS,
    until: Annotated[
        str, typer.Option("--until", metavar="T", help="Its end: ISO 8601, +2h, +1d.")
    ],
    to: Annotated[
        OverrideTo, typer.Option("--to", help="Who handles the thread.")
    ] = OverrideTo.DESK,
    reason: REASON = None,
) -> None:
    """Send clients' threads to the front desk until a time.

    Until then all messages to the client are sent from the front desk's number, or not at all, and
    what the client writes to any number waits in the inbox and is not forwarded to a sitter. A
    sitter's message to the client waits there too, and the sitter is told. A new override ends the
    one before; repeating one changes nothing.
    """
    from petmsg.render.views.override import OVERRIDE
    from petmsg.services.routes import override as service

    why = required_reason(reason)
    rows = context.write(
        lambda uow: service.start_all(uow, clients, to=to, until=uow.instant(until), reason=why)
    )
    show_results(context, OVERRIDE, rows)
    if service.without_desk(rows):
        context.notify("No front desk number is usable now, so nothing is sent to them.")


@override_app.command(
    "end",
    writes=True,
    prints=results_of("override.OVERRIDE"),
    examples=["petmsg route override end C-1 --reason 'agreed on the phone'"],
)
def override_end(context: Context, clients: CLIENTS, reason: REASON = None) -> None:
    """End clients' overrides now. If none holds, nothing changes."""
    from petmsg.render.views.override import OVERRIDE
    from petmsg.services.routes import override as service

    why = checked_reason(reason)
    show_results(context, OVERRIDE, context.write(service.end_all, clients, reason=why))


@override_app.command(
    "list",
    prints=list_of("override.OVERRIDES"),
    examples=["petmsg route override list", "petmsg route override list --all -o json"],
)
def override_list(
    context: Context,
    ended: Annotated[
        bool, typer.Option("--all-states", help="Include overrides that have ended.")
    ] = False,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Print all rows, also of overrides that have ended.")
    ] = False,
) -> None:
    """List the overrides that hold now, newest first."""
    from petmsg.queries import override as queries
    from petmsg.render.views.override import OVERRIDES

    rows = context.read(
        queries.list_overrides, page(limit, before, all_), now=context.now, ended=ended or all_
    )
    context.show_list(OVERRIDES, rows)


app.add_group(override_app, "override")


def show_segments(context: Context, segments: Iterable[Any]) -> None:
    """Print segments as they come; a table ends after `MOST_IN_A_TABLE` rows."""
    from petmsg.render.views.simulate import SEGMENTS

    if context.output is not OutputFormat.TABLE:
        context.show_list(SEGMENTS, segments)
        return
    shown = list(islice(segments, MOST_IN_A_TABLE))
    context.show_list(SEGMENTS, shown)
    if not shown:
        context.notify("The org has no clients yet.")
    elif next(iter(segments), None) is not None:
        context.notify(
            f"These are the first {MOST_IN_A_TABLE} rows. All of them: -o tsv, -o csv or -o jsonl."
        )


def show_decision(context: Context, explained: Any, *, at: datetime) -> None:
    """Print an explained decision: its trace as a table on a terminal, else its JSON shape."""
    decision = explained.decision.to_json()
    if context.output is OutputFormat.TABLE:
        from petmsg.render.fields import when
        from petmsg.render.views.decision import print_decision

        view = context.view
        print_decision(
            decision,
            client_name=explained.client.name,
            sitter_name=explained.sitter_name,
            at=when(at, view._replace(relative=True)),
            view=view,
        )
    else:
        context.show_one(DECISION, decision)


def show_call(context: Context, found: Any, *, at: datetime) -> None:
    """Print who is rung for a call: the trace as a table on a terminal, else its JSON shape."""
    if context.output is OutputFormat.TABLE:
        from petmsg.render.fields import when
        from petmsg.render.views.call_decision_table import print_call_decision

        view = context.view
        at_words = when(at, view._replace(relative=True))
        print_call_decision(found, at=at_words, view=view)
    else:
        from petmsg.render.views.call_decision import CALL_DECISION

        context.show_one(CALL_DECISION, found.decision.to_json())
