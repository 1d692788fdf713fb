"""Shows an org whose settings were just given."""

from petmsg.cli.context import Context
from petmsg.clock import zone_with_summer
from petmsg.queries.org import OrgRow, settings_at
from petmsg.render.views.nouns import ORG


def show_org(context: Context, org: OrgRow, *, timezone: str | None) -> None:
    """Show the settings; `timezone` is the one that was typed, which may need a warning."""
    context.show_one(ORG, settings_at(org, context.now))
    if timezone is not None:
        warn_of_zone(context, timezone)


def warn_of_zone(context: Context, timezone: str) -> None:
    """Warn of a timezone that keeps winter time although another one is probably meant."""
    if meant := zone_with_summer(timezone):
        context.warn(
            f"{timezone} has no daylight saving time. If the company has it: "
            f"petmsg org set --timezone {meant}"
        )
