"""petmsg demo"""

from typing import Annotated

import typer

from petmsg.cli.command import command, new_command
from petmsg.cli.context import Context
from petmsg.db.location import default_path, locate
from petmsg.errors import FINDING
from petmsg.render.views.database import CLAIMS

app = new_command()


@command(app, "demo", writes=False, examples=["petmsg demo"])
def demo(
    run: Context,
    pause: Annotated[
        bool, typer.Option("--pause", help="Wait for Enter after each chapter.")
    ] = False,
) -> None:
    """Play the whole story on a database of its own, with the proof of each claim.

    PETMSG_DATABASE_URL is ignored; --db names another place for the small company's data, and is
    refused if that holds an org the demo did not make. Exit 10 if a claim fails.
    """
    from petmsg.cli.demo_steps import Demo

    location = locate(run.db_option or str(default_path().with_name("demo.db")))
    told = run.is_table or run.setting("output").source == "default"
    story = Demo(location, run.ambient, silent=not told, pause=pause and told)
    claims = story.play(actor=run.actor, now=run.now)
    if told:
        story.close()
    else:
        run.show_list(CLAIMS, claims)
    run.exit_code = 0 if all(claim["holds"] for claim in claims) else FINDING
