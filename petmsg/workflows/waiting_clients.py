"""Update the alerts about waiting clients, for commands that cron runs, and report new alerts."""

from collections.abc import Sequence
from typing import NamedTuple

from petmsg.queries.alert import AlertRow, alerts_of, has_unreported_alerts
from petmsg.queries.org import OrgRow
from petmsg.text_inputs import clients_wait
from petmsg.workflows.store import Store


class News(NamedTuple):
    """The alerts that are news, and a sentence on the clients who wait; None if no client does."""

    alerts: list[AlertRow]
    waiting: str | None


def update_waiting_alerts(store: Store, orgs: Sequence[OrgRow]) -> None:
    """Raise the alerts of clients who wait too long, and end the alerts of those who no longer
    wait."""
    from petmsg.services.inbound import waiting as service

    store.tick()
    for org in orgs:
        with store.snapshot() as cursor:
            is_due = service.is_due(cursor, org, now=store.now)
        if is_due:
            store.write_in(org.slug, service.update_waiting_alerts)


def report_alerts(store: Store) -> News:
    """The alerts that are news now, and how many clients wait; from now on they are known."""
    from petmsg.services import alert as service
    from petmsg.services.inbound.waiting import waiters

    ids: list[int] = []
    with store.snapshot() as cursor:
        orgs = [
            org for org in store.chosen(cursor) if has_unreported_alerts(cursor, org, now=store.now)
        ]
    for org in orgs:
        ids += store.write_in(org.slug, service.mark_alerts_reported)
    if not ids:
        return News([], None)
    with store.snapshot() as cursor:
        waits = [each for org in store.chosen(cursor) for each in waiters(cursor, org)]
        rows = alerts_of(cursor, ids)
    if not waits:
        return News(rows, None)
    longest = max(store.now - each.since for each in waits)
    return News(rows, f"{clients_wait(len(waits), longest)}.")
