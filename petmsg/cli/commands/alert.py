"""petmsg alert …"""

from typing import Annotated

import typer

from petmsg.cli.command import command, new_app
from petmsg.cli.context import Context
from petmsg.cli.options import ALL, BEFORE, LIMIT, REASON, checked_reason, page
from petmsg.cli.results import show_results
from petmsg.enums import AlertSeverity
from petmsg.errors import FINDING, UsageProblem
from petmsg.queries import alert as queries
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.views.alert import ALERT, ALERTS, DONE

app = new_app("What needs a person: alerts, and the commands that help.")


@command(
    app, "list", examples=["petmsg alert list", "petmsg alert list --severity warning --check"]
)
def list_(
    context: Context,
    severity: Annotated[
        AlertSeverity | None, typer.Option("--severity", help="Only those at least this grave.")
    ] = None,
    done: Annotated[bool, typer.Option("--done", help="Those that are done instead.")] = False,
    check: Annotated[
        bool, typer.Option("--check", help="For cron: exit 10 if one is listed.")
    ] = False,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """What is open, the gravest first and the newest of them; of all orgs unless --org is given.

    What is done is listed with --done, the newest first.
    """
    if done and check:
        raise UsageProblem("--check looks for what is open.", hint="Leave out --done.")
    with context.snapshot() as cursor:
        rows = queries.list_alerts(
            cursor, context.chosen(cursor), page(limit, before, all_), done=done, severity=severity
        )
    context.show_list(ALERTS, rows)
    context.exit_code = FINDING if check and rows else 0


@command(app, "tell", writes=True, examples=["petmsg alert tell", "petmsg alert tell -o jsonl"])
def tell(context: Context) -> None:
    """For cron: the open alerts that are new, each once and again after a day; exit 10 if any.

    Of all orgs unless --org is given. Beside them it says how many clients wait for an answer, and
    the longest wait. What was told is remembered in the database; without news nothing is printed.
    """
    from petmsg.workflows.waiting_clients import tell_alerts

    news = tell_alerts(context)
    if news.waiting is not None:
        context.say(news.waiting)
    if news.alerts:
        context.show_list(ALERTS, news.alerts)
        context.exit_code = FINDING


@command(app, "show", examples=["petmsg alert show 1"])
def show(
    context: Context, alert: Annotated[str, typer.Argument(metavar="ID", help="Its id.")]
) -> None:
    """One alert: what happened, whom it is about, how often, and what helps."""
    with context.snapshot() as cursor:
        found = queries.find_alert(cursor, context.chosen(cursor), alert)
    context.show_one(ALERT, found)


@command(app, "done", writes=True, examples=["petmsg alert done 1 --reason 'called her'"])
def done(
    context: Context,
    alerts: Annotated[list[str], typer.Argument(metavar="ID...", help="Their ids.")],
    reason: REASON = None,
) -> None:
    """Mark alerts as done, of all orgs unless --org is given. Done again changes nothing.

    If the same thing happens later, it opens a new alert.
    """
    from petmsg.services import alert as service

    with context.snapshot() as cursor:
        theirs = queries.by_org(cursor, context.chosen(cursor), alerts)
    rows = []
    for slug, ids in theirs:
        rows += context.write_in(
            slug,
            service.done_all,
            ids,
            reason=checked_reason(reason),
            of_many=len(alerts) > 1,
        )
    show_results(context, DONE, rows)
