"""petmsg config …"""

from petmsg import settings
from petmsg.cli.command import command, new_app
from petmsg.cli.run import Run
from petmsg.errors import PetmsgError
from petmsg.render.nouns import SETTINGS
from petmsg.settings import Setting

app = new_app("The settings, and where each came from.")


@command(app, "show")
def show(run: Run) -> None:
    """Each setting, its value (secrets hidden) and where it came from."""
    from petmsg.providers.credentials import where_credentials_come_from

    environ = run.ambient.environ
    database = run.setting("database")
    rows = [
        Setting("database", _shown(run), database.source),
        run.setting("org"),
        run.setting("output"),
        run.setting("actor"),
        Setting(
            "twilio credentials",
            "hidden",
            where_credentials_come_from(environ, settings.credentials_file(environ)),
        ),
        settings.pick(
            "twilio api url", None, settings.TWILIO_API_URL, None, flag="", environ=environ
        ),
        settings.pick(
            "twilio timeout seconds", None, settings.TWILIO_TIMEOUT, "15", flag="", environ=environ
        ),
    ]
    run.show_list(SETTINGS, rows)


def _shown(run: Run) -> str:
    try:
        return run.location.shown
    except PetmsgError:
        return "(cannot be read)"
