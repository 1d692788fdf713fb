"""`inbox list`: what waits for a person, and how long the longest has waited."""

from petmsg.cli.context import Context
from petmsg.queries.inbox import InboxFilter, list_inbox
from petmsg.queries.page import Page
from petmsg.render.views.inbound import INBOX
from petmsg.services.inbound.waiting import longest_wait


def show_inbox(
    context: Context, page: Page, *, only: InboxFilter, since: str | None, oldest_first: bool
) -> None:
    """Print the chosen messages, and how many clients wait; `since` is a time in the org's
    timezone."""
    with context.snapshot() as cursor:
        org = context.org(cursor)
        at = None if since is None else context.instant(since, org)
        rows = list_inbox(
            cursor,
            org,
            page,
            now=context.now,
            only=only._replace(since=at),
            oldest_first=oldest_first,
        )
        waits = longest_wait(cursor, [org], now=context.now)
    context.show_list(INBOX, rows)
    if waits is not None:
        context.notify(f"{waits}.")
