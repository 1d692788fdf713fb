"""Update the alerts about waiting clients, for commands that cron runs, and report new alerts."""

from collections.abc import Sequence
from typing import NamedTuple

from petmsg.queries.alert import AlertRow, alerts_of, has_unreported_alerts
from petmsg.queries.org import OrgRow
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
    from petmsg.services.inbound.waiting import longest_wait

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
        waits = longest_wait(cursor, store.chosen(cursor), now=store.now)
        rows = alerts_of(cursor, ids)
    return News(rows, None if waits is None else f"{waits}.")
