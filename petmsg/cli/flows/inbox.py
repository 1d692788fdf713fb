"""`inbox list`: what waits for a person, and how long the longest has waited; `inbox show`."""

from petmsg.cli.context import Context
from petmsg.queries.inbox import InboxFilter, find_item, list_inbox
from petmsg.queries.opted_out_phones import opted_out
from petmsg.queries.page import Page
from petmsg.render.views.inbound import INBOX, ITEM
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


def show_item(context: Context, message: int) -> None:
    """Print one message, and whether a reply would be refused because its sender has opted out."""
    with context.snapshot() as cursor:
        org = context.org(cursor)
        item = find_item(cursor, org, message, now=context.now)
        phone = item.from_e164
        has_opted_out = phone is not None and bool(opted_out(cursor, org, [phone]))
    context.show_one(ITEM, item)
    if has_opted_out:
        context.notify(f"Its sender has opted out of messages: petmsg optout show {message}")
