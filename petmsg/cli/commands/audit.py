"""petmsg audit …"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer

from petmsg.cli.command import command, new_app
from petmsg.cli.context import Context
from petmsg.cli.options import ALL, BEFORE, LIMIT, page, read_file
from petmsg.enums import OutputFormat
from petmsg.errors import FINDING, MalformedFile
from petmsg.queries import audit as queries
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render import output as render
from petmsg.render.escape import json_text
from petmsg.render.fields import Field, record
from petmsg.render.views.nouns import EVENTS, HEAD, VERIFIED

app = new_app("Who did what, when and why: a chain of hashes.")


@command(
    app,
    "list",
    examples=["petmsg audit list --entity number --limit 10", "petmsg audit list --ref B-1"],
)
def list_(
    context: Context,
    event: Annotated[
        str | None, typer.Option("--event", help="Such as number.quarantined.")
    ] = None,
    entity: Annotated[str | None, typer.Option("--entity", help="Such as number.")] = None,
    ref: Annotated[str | None, typer.Option("--ref", help="Such as +14155550102 or B-1.")] = None,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """The events, the newest first."""
    rows = context.read(
        queries.list_events, page(limit, before, all_), event=event, entity=entity, ref=ref
    )
    context.show_list(EVENTS, rows)


@command(app, "show", examples=["petmsg audit show 1"])
def show(
    context: Context,
    seq: Annotated[int, typer.Argument(metavar="SEQ", help="Its sequence number.")],
) -> None:
    """One event."""
    context.show_one(EVENTS, context.read(queries.show_event, seq))


@command(
    app,
    "export",
    examples=["petmsg audit export > events.jsonl", "petmsg audit export --head > heads.jsonl"],
)
def export(
    context: Context,
    head: Annotated[
        bool,
        typer.Option(
            "--head", help="Only org, seq and hash of the newest event, for safe keeping."
        ),
    ] = False,
) -> None:
    """Every event as JSON lines, oldest first; with --head only the end of the chain.

    The heads are those of all orgs unless --org is given. Another format only with -o, whatever
    PETMSG_OUTPUT says: what is exported is kept, and read by audit verify.
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


@command(app, "verify", examples=["petmsg audit verify", "petmsg audit verify --head heads.jsonl"])
def verify(
    context: Context,
    head: Annotated[
        str | None,
        typer.Option(
            "--head", metavar="FILE", help="Heads exported earlier with export --head; - for stdin."
        ),
    ] = None,
) -> None:
    """Recompute the chain of every org and name the first broken event; exit 10 if there is one.

    Only a head that was exported to a safe place can reveal that the end was cut off.
    """
    from petmsg.services import audit

    heads = audit.parse_heads(_text(head)) if head is not None else {}
    alone = context.setting("org").value is not None
    with context.snapshot() as cursor:
        orgs = context.chosen(cursor)
        if head is not None and alone:
            audit.require_heads(heads, orgs[0].slug)
        found = [audit.verify(cursor, org, heads=heads.get(org.slug)) for org in orgs]
    for org in orgs if head is not None else ():
        if not heads.get(org.slug):
            context.say(f"No head of org {org.slug} was exported: its end is not compared.")
    missing = [] if alone else audit.orgs_gone(heads, found)
    found += missing
    context.show_list(VERIFIED, found)
    context.exit_code = 0 if all(each.ok for each in found) else FINDING


def _text(file: str) -> str:
    try:
        return read_file(file).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MalformedFile(
            f"{file} is not UTF-8 text.", hint="Export heads: petmsg audit export --head"
        ) from None
