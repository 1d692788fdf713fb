"""petmsg client …"""

import shlex
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
    page,
    required_reason,
    searched,
)
from petmsg.enums.files import ImportNoun
from petmsg.enums.people import ClientKind
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.printed import list_of, one, results_of

app = new_app("Add, import, change and erase clients and their phones.")
phone_app = new_app("Manage a client's phones: one receives messages, all are recognised.")

CLIENT_ARG = Annotated[
    str, typer.Argument(metavar="CLIENT", help="The client's ref, phone or name.")
]
KIND = Annotated[ClientKind | None, typer.Option("--kind", help="How the client books.")]

TIMEZONE = Annotated[
    str | None,
    typer.Option(
        "--timezone", metavar="ZONE", help="An IANA timezone name; empty means the org's."
    ),
]


@app.command(
    "add",
    writes=True,
    prints=one("nouns.CLIENT_CHANGED"),
    examples=["petmsg client add 'Dev Vargas' --phone +12025550109 --kind recurring"],
)
def add(
    context: Context,
    name: Annotated[str, typer.Argument(help="The client's name.")],
    phone: Annotated[
        list[str],
        typer.Option("--phone", metavar="PHONE", help="The client's phone; repeat for more."),
    ],
    ref: Annotated[
        str | None, typer.Option("--ref", help="The client's ID in your system.")
    ] = None,
    kind: KIND = None,
    timezone: TIMEZONE = None,
) -> None:
    """Add a client. The first phone receives the messages."""
    from petmsg.render.views import nouns
    from petmsg.services.people import client

    added = context.write(client.add, name, phones=phone, ref=ref, kind=kind, timezone=timezone)
    context.show_one(nouns.CLIENT_CHANGED, added)


@app.command(
    "import",
    writes=True,
    prints=results_of("nouns.IMPORTED"),
    examples=["petmsg client import clients.csv"],
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
    """Import clients: columns ref,name,phone,kind. Safe to repeat.

    A row with a known ref updates that client. A row without a ref is about the client who has one
    of its phones, unless their names contradict each other. Every other row adds a client.

    The usual headers of other programs are known, such as Client Name, First Name and Mobile.
    """
    from petmsg.services.people import client_import

    import_file(
        context,
        file,
        option,
        client_import.import_rows,
        noun=ImportNoun.CLIENT,
        options=FileOptions(maps, encoding, date_order, strict, rejects, sheet, template),
        finds_again=True,
    )


@app.command(
    "list",
    reveals=True,
    prints=list_of("nouns.CLIENTS"),
    examples=[
        "petmsg client list --kind recurring",
        "petmsg client list --search ivers",
        "petmsg client list --search '555-01'",
    ],
)
def list_(
    context: Context,
    kind: KIND = None,
    search: SEARCH = None,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """List clients, newest first.

    --search looks in names and refs, and for three or more digits also in phones; case and accents
    do not count.
    """
    from petmsg.queries import client as queries
    from petmsg.render.views import nouns

    which = page(limit, before, all_)
    rows = context.read(queries.list_clients, which, kind=kind, search=searched(search))
    context.show_list(nouns.CLIENTS, rows)


@app.command(
    "show",
    reveals=True,
    prints=one("nouns.CLIENT"),
    examples=["petmsg client show C-1", "petmsg client show 'Ann Ivers' --reveal"],
)
def show(context: Context, client: CLIENT_ARG) -> None:
    """Show one client and their phones."""
    from petmsg.queries import client as queries
    from petmsg.render.views import nouns

    context.show_one(nouns.CLIENT, context.read(queries.show_client, client, now=context.now))


@app.command(
    "set",
    writes=True,
    prints=one("nouns.CLIENT_CHANGED"),
    examples=["petmsg client set C-1 --kind recurring --timezone America/Chicago"],
)
def set_(
    context: Context,
    client: CLIENT_ARG,
    name: Annotated[str | None, typer.Option("--name")] = None,
    kind: KIND = None,
    timezone: TIMEZONE = None,
) -> None:
    """Change a client's name, kind or timezone.

    Quiet hours are hours in the client's timezone.
    """
    from petmsg.render.views import nouns
    from petmsg.services.people import client as service

    changed = context.write(service.change, client, name=name, kind=kind, timezone=timezone)
    context.show_one(nouns.CLIENT_CHANGED, changed)


@app.command(
    "forget",
    writes=True,
    asks=confirmations.forget_client,
    prints=one("nouns.ERASED"),
    examples=[
        "petmsg client forget C-2 --reason 'they asked for it' --dry-run",
        "petmsg client forget C-2 --reason 'they asked for it' --yes",
    ],
)
def forget(context: Context, client: CLIENT_ARG, reason: REASON = None) -> None:
    """Erase a client: name, phones, message bodies, pictures and voicemails.

    This cannot be undone, so petmsg asks first. The thread, bookings and counts stay, and the audit
    log still verifies. Messages that are not sent yet are cancelled. An opt-out stays in force: it
    is stored with a digest of the phone only. Bytes of files are deleted from the store after
    that; if that fails or is interrupted, repeat the command, or petmsg media fetch does it.
    """
    from petmsg.render.views import nouns
    from petmsg.workflows import forget_client

    erased, left = forget_client.forget(context, client, reason=required_reason(reason))
    context.show_one(nouns.ERASED, erased)
    for each in left:
        context.notify(each)


@phone_app.command(
    "add",
    writes=True,
    prints=one("nouns.CLIENT_CHANGED"),
    examples=["petmsg client phone add C-2 +12025550108 --primary"],
)
def phone_add(
    context: Context,
    client: CLIENT_ARG,
    phone: Annotated[str, typer.Argument(metavar="PHONE")],
    primary: Annotated[
        bool, typer.Option("--primary", help="Send messages to this phone from now on.")
    ] = False,
) -> None:
    """Add a phone to a client."""
    from petmsg.render.views import nouns
    from petmsg.services.people import client as service

    context.show_one(
        nouns.CLIENT_CHANGED, context.write(service.phone_add, client, phone, primary=primary)
    )


@phone_app.command(
    "remove",
    writes=True,
    prints=one("nouns.CLIENT_CHANGED"),
    examples=["petmsg client phone remove C-1 +12025550102"],
)
def phone_remove(
    context: Context, client: CLIENT_ARG, phone: Annotated[str, typer.Argument(metavar="PHONE")]
) -> None:
    """Remove a phone from a client."""
    from petmsg.render.views import nouns
    from petmsg.services.people import client as service

    changed = context.write(service.phone_remove, client, phone)
    context.show_one(nouns.CLIENT_CHANGED, changed)
    if changed.opted_out:
        context.notify(f"That phone is opted out. Client {changed.client} stays opted out.")
        context.notify(f"To end it: petmsg optout remove {shlex.quote(changed.client)} --reason …")


@phone_app.command(
    "primary",
    writes=True,
    prints=one("nouns.CLIENT_CHANGED"),
    examples=["petmsg client phone primary C-1 +12025550102"],
)
def phone_primary(
    context: Context, client: CLIENT_ARG, phone: Annotated[str, typer.Argument(metavar="PHONE")]
) -> None:
    """Choose the phone that receives a client's messages."""
    from petmsg.render.views import nouns
    from petmsg.services.people import client as service

    context.show_one(nouns.CLIENT_CHANGED, context.write(service.phone_primary, client, phone))


@phone_app.command(
    "textable",
    writes=True,
    prints=one("nouns.PHONE_TEXTABLE"),
    examples=["petmsg client phone textable C-1 +12025550102 --reason 'a new SIM card'"],
)
def phone_textable(
    context: Context,
    client: CLIENT_ARG,
    phone: Annotated[str, typer.Argument(metavar="PHONE")],
    reason: REASON = None,
) -> None:
    """Mark a phone as able to receive SMS again.

    Use it after the provider reported that the phone cannot receive SMS, and that has changed.
    """
    from petmsg.render.views import nouns
    from petmsg.services.people import undeliverable_phones

    why = required_reason(reason)
    context.show_one(
        nouns.PHONE_TEXTABLE,
        context.write(undeliverable_phones.mark_sms_capable, client, phone, reason=why),
    )


app.add_group(phone_app, "phone")
