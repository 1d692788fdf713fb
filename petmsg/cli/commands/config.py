"""petmsg config …"""

from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.render.printed import list_of
from petmsg.render.views.nouns import SETTINGS

app = new_app("Show the settings and their sources.")


@app.command(
    "show",
    prints=list_of(SETTINGS),
    examples=["petmsg config show", "petmsg config show --org happy-paws -o json"],
)
def show(context: Context) -> None:
    """Show each setting, its value and its source. Secrets are hidden."""
    from petmsg.cli.flows.config import settings_of

    context.show_list(SETTINGS, settings_of(context))
