"""`call list` and `call show`: the calls of a span, and one with its legs and its rules."""

from petmsg.cli.context import Context
from petmsg.days import parse_span
from petmsg.queries import call_list as queries
from petmsg.queries.page import Page
from petmsg.render.views.call import CALL, CALLS, LEGS, legs_of
from petmsg.render.views.call_decision import CALL_TRACE
from petmsg.render.views.stored_decision import trace_of


def list_calls(
    context: Context, page: Page, *, only: queries.CallFilter, since: str | None, until: str | None
) -> None:
    """Print the chosen calls; `since` and `until` are times or days of the org's timezone."""
    with context.snapshot() as cursor:
        org = context.org(cursor)
        span = parse_span(
            since,
            until,
            timezone=org.timezone,
            at=context.now,
            options=("--since", "--until"),
        )
        rows = queries.list_calls(cursor, org, page, only=only._replace(span=span))
    context.show_list(CALLS, rows)


def show_call(context: Context, call: int) -> None:
    """Print a call; a table is followed by those who were rung, and by the rules."""
    found = context.read(queries.show_call, call)
    context.show_one(CALL, found)
    if context.is_table:
        legs = legs_of(found)
        if legs:
            context.show_list(LEGS, legs)
        trace = trace_of(found)
        if trace:
            context.show_list(CALL_TRACE, trace)
