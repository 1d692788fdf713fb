"""petmsg audit …"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer

from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.cli.options import ALL, BEFORE, LIMIT, page, read_text
from petmsg.enums.output import OutputFormat
from petmsg.errors import FINDING
from petmsg.queries import audit as queries
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render import output as render
from petmsg.render.escape import json_text
from petmsg.render.fields import Field, record
from petmsg.render.printed import export_of, list_of, one
from petmsg.render.views.nouns import EVENTS, HEAD, VERIFIED

app = new_app("List, export and verify the audit log.")


@app.command(
    "list",
    prints=list_of(EVENTS),
    examples=["petmsg audit list --entity number --limit 10", "petmsg audit list --ref B-1"],
)
def list_(
    context: Context,
    event: Annotated[
        str | None, typer.Option("--event", help="Only this event, for example number.quarantined.")
    ] = None,
    entity: Annotated[
        str | None, typer.Option("--entity", help="Only this kind of entity, for example number.")
    ] = None,
    ref: Annotated[
        str | None, typer.Option("--ref", help="Only this entity, for example +14155550102 or B-1.")
    ] = None,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """List audit events, newest first."""
    rows = context.read(
        queries.list_events, page(limit, before, all_), event=event, entity=entity, ref=ref
    )
    context.show_list(EVENTS, rows)


@app.command(
    "show",
    prints=one(EVENTS),
    examples=["petmsg audit show 1"],
)
def show(
    context: Context,
    seq: Annotated[int, typer.Argument(metavar="SEQ", help="The event's sequence number.")],
) -> None:
    """Show one audit event."""
    context.show_one(EVENTS, context.read(queries.show_event, seq))


@app.command(
    "export",
    prints=export_of(EVENTS),
    prints_with={"--head": export_of(HEAD)},
    examples=["petmsg audit export > events.jsonl", "petmsg audit export --head > heads.jsonl"],
)
def export(
    context: Context,
    head: Annotated[
        bool,
        typer.Option(
            "--head", help="Export only a checkpoint per org: seq and hash of the newest event."
        ),
    ] = False,
) -> None:
    """Export the audit log as JSON lines, oldest event first.

    With --head it exports checkpoints instead, for all orgs unless --org is given. Store them in a
    safe place; petmsg audit verify reads them. The format is JSON lines whatever PETMSG_OUTPUT
    says; only -o changes it.
    """
    with context.snapshot() as cursor:
        fields: Sequence[Field] = HEAD if head else EVENTS
        rows: Iterable[Any] = (
            [queries.shown_head(cursor, org) for org in context.chosen(cursor)]
            if head
            else queries.events_in_order(cursor, context.org(cursor))
        )
        if context.output_option is not None and context.output is not OutputFormat.JSONL:
            context.show_list(fields, list(rows))
            return
        for row in rows:
            render.write(json_text(record(fields, row, context.view)))


@app.cron_command(
    "verify",
    prints=list_of(VERIFIED),
    examples=["petmsg audit verify", "petmsg audit verify --head heads.jsonl"],
)
def verify(
    context: Context,
    head: Annotated[
        str | None,
        typer.Option(
            "--head", metavar="FILE", help="Checkpoints from audit export --head; - for stdin."
        ),
    ] = None,
) -> None:
    """Verify the audit log of every org.

    Recomputes the chain of hashes and prints the first broken event. Exits with 10 if a log is not
    intact. Only a checkpoint that was stored in a safe place can show that the newest events were
    removed.
    """
    from petmsg.services import audit

    heads = (
        audit.parse_heads(read_text(head, hint="Export checkpoints: petmsg audit export --head"))
        if head is not None
        else {}
    )
    alone = context.setting("org").value is not None
    with context.snapshot() as cursor:
        orgs = context.chosen(cursor)
        if head is not None and alone:
            audit.require_heads(heads, orgs[0].slug)
        found = [audit.verify(cursor, org, heads=heads.get(org.slug)) for org in orgs]
    for org in orgs if head is not None else ():
        if not heads.get(org.slug):
            context.notify(
                f"The file has no checkpoint of org {org.slug}: the end of its log is not verified."
            )
    missing = [] if alone else audit.orgs_gone(heads, found)
    found += missing
    context.show_list(VERIFIED, found)
    context.exit_code = 0 if all(each.ok for each in found) else FINDING
