"""petmsg demo"""

from typing import Annotated

import typer

from petmsg.cli.command import new_command
from petmsg.cli.context import Context
from petmsg.db.location import default_path, locate
from petmsg.errors import FINDING
from petmsg.render.printed import list_of
from petmsg.render.views.database import CLAIMS

app = new_command()


@app.command(
    "demo",
    writes=False,
    prints=list_of(CLAIMS),
    examples=["petmsg demo"],
)
def demo(
    context: Context,
    pause: Annotated[
        bool, typer.Option("--pause", help="Wait for Enter after each chapter.")
    ] = False,
) -> None:
    """Play a demo on its own database and check each claim.

    PETMSG_DATABASE_URL is ignored. --db names another database for the demo; it is refused if it
    holds an org that the demo did not create. Exits with 10 if a claim fails.
    """
    from petmsg.cli.demo_steps import Demo

    location = locate(context.db_option or str(default_path().with_name("demo.db")))
    narrates = context.is_table or context.setting("output").source == "default"
    demo = Demo(location, context.environment, silent=not narrates, pause=pause and narrates)
    claims = demo.play(actor=context.actor, now=context.now)
    if narrates:
        demo.close()
    else:
        context.show_list(CLAIMS, claims)
    context.exit_code = 0 if all(claim["holds"] for claim in claims) else FINDING
