"""`message pull`: shows the messages that providers received."""

from petmsg.cli.context import Context
from petmsg.cli.results import show_results
from petmsg.errors import REFUSED
from petmsg.render.views.inbound import RECEIVED
from petmsg.services.inbound.unmatched import ReceivedUnmatched
from petmsg.services.unit_of_work import Failure
from petmsg.workflows import receive as receiving
from petmsg.workflows.provider_factory import raise_after_warnings


def pull(context: Context, *, since: str | None) -> None:
    """Show the new messages; messages that are already stored are only counted."""
    rows, problems = receiving.pull(context, since=since)
    if not rows:
        raise_after_warnings(context, problems)
    news = [row for row in rows if isinstance(row, Failure) or not row.duplicate]
    strays = [row for row in news if isinstance(row, ReceivedUnmatched)]
    show_results(context, RECEIVED, [row for row in news if not isinstance(row, ReceivedUnmatched)])
    for each in strays:
        why = f"{each.to_e164} is no org's number" if each.to_e164 else "The number is unknown"
        context.notify(f"{why}: kept as unmatched message {each.unmatched}.", even_quiet=True)
    context.notify(f"{len(news)} new, {len(rows) - len(news)} already known.")
    if strays:
        context.exit_code = max(context.exit_code, REFUSED)
    raise_after_warnings(context, problems)
