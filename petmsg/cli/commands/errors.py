"""petmsg errors …"""

from typing import Annotated

import typer

from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.render.printed import list_of
from petmsg.render.views.provider_errors import CODE, CODES

app = new_app("Explain error codes and what petmsg does about them.")

CODE_ARGUMENT = Annotated[
    list[str],
    typer.Argument(
        metavar="CODE...",
        help="A Twilio code such as 21610, an HTTP status such as 503, or a petmsg code such as "
        "opted_out.",
        show_default=False,
    ),
]
CLASS = Annotated[
    str | None,
    typer.Option(
        "--class",
        metavar="CLASS",
        help="Only codes of this class, such as recipient or not_processed.",
    ),
]


@app.command(
    "explain",
    prints=list_of(CODE),
    examples=["petmsg errors explain 21610 30007"],
)
def explain(context: Context, codes: CODE_ARGUMENT) -> None:
    """Explain codes: meaning, reaction and source.

    Needs no network.
    """
    from petmsg.providers import error_catalogue

    rows = error_catalogue.explain(codes)
    if context.is_table:
        for row in rows:
            context.show_one(CODE, row)
    else:
        context.show_list(CODE, rows)
    for row in rows:
        if not row.known:
            context.notify(f"{row.code} is an unknown code: the message fails and is not retried.")


@app.command(
    "list",
    prints=list_of(CODES),
    examples=["petmsg errors list --class recipient"],
)
def list_codes(context: Context, of_class: CLASS = None) -> None:
    """List every known code.

    Twilio's codes come first, by number, then petmsg's own. JSON also holds the reactions.
    """
    from petmsg.providers import error_catalogue

    context.show_list(CODES, error_catalogue.listed(of_class))
