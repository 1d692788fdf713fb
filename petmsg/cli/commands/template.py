"""petmsg template …"""

from typing import Annotated

import typer

from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.cli.options import ALL, LIMIT, REASON, body_of, checked_reason, page
from petmsg.queries import template as queries
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.printed import list_of, one
from petmsg.render.views.template import CHANGED, TEMPLATE, TEMPLATES, VERSIONS

app = new_app("Write, change and list templates of messages.")

NEW_NAME = Annotated[str, typer.Argument(metavar="NAME", help="A name for the template.")]
NAME = Annotated[str, typer.Argument(metavar="TEMPLATE", help="The template's name.")]
BODY = Annotated[str, typer.Option("--body", metavar="TEXT", help="The words; - for stdin.")]


@app.command(
    "add",
    writes=True,
    prints=one(CHANGED),
    examples=[
        "petmsg template add hi --body 'Hi {client.first_name}, we are here.'",
        "petmsg template add late --body '{sitter.name} will be there at {eta}.'",
    ],
)
def add(context: Context, name: NEW_NAME, body: BODY) -> None:
    """Add a template of messages. Safe to repeat.

    Variables are in braces: client.name, client.first_name, client.ref, sitter.name,
    sitter.first_name, sitter.ref, booking.ref, booking.day, booking.starts, booking.ends and
    company.name. A name without a dot, such as {eta}, gets its value with each message:
    petmsg message send CLIENT --template NAME --var eta='5 pm'.

    Words after | stand for a missing value: {client.first_name|there}. {{ and }} are braces.
    """
    from petmsg.services import templates

    context.show_one(CHANGED, context.write(templates.add, name, body_of(body)))


@app.command(
    "set",
    writes=True,
    prints=one(CHANGED),
    examples=["petmsg template set on-the-way --body 'Hi {client.first_name}, see you'"],
)
def set_(context: Context, name: NAME, body: BODY) -> None:
    """Write a new version of a template.

    Earlier versions are kept, and messages that are queued keep their words.
    """
    from petmsg.services import templates

    context.show_one(CHANGED, context.write(templates.change, name, body_of(body)))


@app.command(
    "show",
    prints=one(TEMPLATE),
    examples=["petmsg template show on-the-way", "petmsg template show on-the-way --version 1"],
)
def show(
    context: Context,
    name: NAME,
    version: Annotated[
        int | None, typer.Option("--version", metavar="N", min=1, help="Show this version.")
    ] = None,
) -> None:
    """Show a template, its variables and all its versions."""
    found = context.read(queries.show_template, name, version=version)
    context.show_one(TEMPLATE, found)
    if context.is_table and len(found.versions) > 1:
        context.show_list(VERSIONS, found.versions)


@app.command(
    "list",
    prints=list_of(TEMPLATES),
    examples=["petmsg template list"],
)
def list_(
    context: Context,
    removed: Annotated[
        bool, typer.Option("--removed", help="List the templates that were removed instead.")
    ] = False,
    limit: LIMIT = USUAL_LIMIT,
    all_: ALL = False,
) -> None:
    """List templates by name."""
    rows = context.read(queries.list_templates, page(limit, None, all_), removed=removed)
    context.show_list(TEMPLATES, rows)


@app.command(
    "remove",
    writes=True,
    prints=one(CHANGED),
    examples=["petmsg template remove on-the-way --reason 'nobody uses it'"],
)
def remove(context: Context, name: NAME, reason: REASON = None) -> None:
    """Remove a template.

    Its versions are kept for the messages that came from them. Messages that are queued are sent.
    """
    from petmsg.services import templates

    gone = context.write(templates.remove, name, reason=checked_reason(reason))
    context.show_one(CHANGED, gone)
