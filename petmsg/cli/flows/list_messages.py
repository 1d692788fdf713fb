"""`message list`: the messages of a span."""

from petmsg.cli.context import Context
from petmsg.cli.options import searched
from petmsg.days import parse_span
from petmsg.enums.messages import MessageStatus
from petmsg.queries import message as queries
from petmsg.queries.page import Page
from petmsg.render.views.message import MESSAGES


def list_messages(
    context: Context,
    page: Page,
    *,
    since: str | None,
    until: str | None,
    status: MessageStatus | None,
    client: str | None,
    search: str | None,
) -> None:
    """Print the chosen messages; `since` and `until` are times or days of the org's timezone,
    `search` what is looked for in their bodies."""
    with context.snapshot() as cursor:
        org = context.org(cursor)
        span = parse_span(
            since,
            until,
            timezone=org.timezone,
            at=context.now,
            options=("--since", "--until"),
        )
        rows = queries.list_messages(
            cursor, org, page, status=status, client=client, span=span, search=searched(search)
        )
    context.show_list(MESSAGES, rows)
