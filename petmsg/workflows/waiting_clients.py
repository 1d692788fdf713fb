"""Clients who wait, looked for by the commands that cron runs; and which alerts are news."""

from collections.abc import Sequence
from typing import Any

from petmsg.cli.context import Context
from petmsg.queries.alert import alerts_of, is_untold
from petmsg.queries.org import OrgRow
from petmsg.text_inputs import clients_wait


def tell_of_waiting(run: Context, orgs: Sequence[OrgRow]) -> None:
    """Raise the alerts of clients who wait too long, and end those of who does not any more."""
    from petmsg.services.inbound import waiting as service

    run.tick()
    for org in orgs:
        with run.snapshot() as cursor:
            is_due = service.is_due(cursor, org, now=run.now)
        if is_due:
            run.write_in(org.slug, service.look)


def tell_alerts(run: Context) -> list[dict[str, Any]]:
    """The alerts that are news now; with some, how many clients wait is said beside them."""
    from petmsg.services import alert as service
    from petmsg.services.inbound.waiting import waiters

    ids: list[int] = []
    with run.snapshot() as cursor:
        orgs = [org for org in run.chosen(cursor) if is_untold(cursor, org, now=run.now)]
    for org in orgs:
        ids += run.write_in(org.slug, service.tell)
    if not ids:
        return []
    with run.snapshot() as cursor:
        waits = [each for org in run.chosen(cursor) for each in waiters(cursor, org)]
        rows = alerts_of(cursor, ids)
    if waits:
        longest = max(run.now - each.since for each in waits)
        run.say(f"{clients_wait(len(waits), longest)}.")
    return rows
