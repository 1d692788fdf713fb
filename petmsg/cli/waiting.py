"""Clients who wait, looked for at the end of the commands that cron runs."""

from collections.abc import Sequence

from petmsg.cli.run import Run
from petmsg.queries.org import OrgRow


def tell_of_waiting(run: Run, orgs: Sequence[OrgRow]) -> None:
    """Raise the alerts of clients who wait too long, and end those of who does not any more."""
    from petmsg.services import waiting as service

    run.tick()
    for org in orgs:
        with run.snapshot() as cursor:
            is_due = service.is_due(cursor, org, now=run.now)
        if is_due:
            run.write_in(org.slug, service.look)
