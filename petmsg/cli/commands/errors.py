"""petmsg errors …"""

from typing import Annotated

import typer

from petmsg.cli.command import command, new_app
from petmsg.cli.context import Context
from petmsg.render.views.provider_errors import CODE, CODES

app = new_app("What a code means, and what petmsg does about it; needs no network.")

CODE_ARGUMENT = Annotated[
    list[str],
    typer.Argument(
        metavar="CODE...",
        help="A code of Twilio's such as 21610, an HTTP status such as 503, or a code of petmsg's "
        "own such as opted_out.",
        show_default=False,
    ),
]
CLASS = Annotated[
    str | None,
    typer.Option(
        "--class",
        metavar="CLASS",
        help="Only the codes with the same reaction, such as recipient or not_processed.",
    ),
]


@command(app, "explain", examples=["petmsg errors explain 21610 30007"])
def explain(context: Context, codes: CODE_ARGUMENT) -> None:
    """What codes mean, what petmsg does about them, and where that is written."""
    from petmsg.providers import error_catalogue

    rows = error_catalogue.explain(codes)
    if context.is_table:
        for row in rows:
            context.show_one(CODE, row)
    else:
        context.show_list(CODE, rows)
    for row in rows:
        if not row.known:
            context.say(f"{row.code} is not in petmsg's table: it is treated as the safe class.")


@command(app, "list", examples=["petmsg errors list --class recipient"])
def list_codes(context: Context, of_class: CLASS = None) -> None:
    """Every code petmsg knows, by number, and its own; with JSON the reactions too."""
    from petmsg.providers import error_catalogue

    context.show_list(CODES, error_catalogue.listed(of_class))
