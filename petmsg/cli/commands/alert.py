"""petmsg alert …"""

from typing import Annotated

import typer

from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.cli.options import ALL, BEFORE, LIMIT, REASON, checked_reason, page
from petmsg.cli.results import show_results
from petmsg.enums.alerts import AlertSeverity
from petmsg.errors import FINDING, UsageProblem
from petmsg.queries import alert as queries
from petmsg.queries.page import USUAL_LIMIT
from petmsg.render.printed import list_of, one, results_of
from petmsg.render.views.alert import ALERT, ALERTS, DONE

app = new_app("List, print and close alerts.")


@app.cron_command(
    "list",
    prints=list_of(ALERTS),
    examples=["petmsg alert list", "petmsg alert list --severity warning --check"],
)
def list_(
    context: Context,
    severity: Annotated[
        AlertSeverity | None,
        typer.Option("--severity", help="Only alerts of at least this severity."),
    ] = None,
    done: Annotated[
        bool, typer.Option("--done", help="List alerts that are marked as done instead.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 10 if any alert is listed (for cron).")
    ] = False,
    limit: LIMIT = USUAL_LIMIT,
    before: BEFORE = None,
    all_: ALL = False,
) -> None:
    """List open alerts, most severe first.

    Covers all orgs unless --org is given. Alerts of the same severity are listed newest first.
    Alerts that are done are listed with --done, newest first.
    """
    if done and check:
        raise UsageProblem("--check and --done cannot be combined.", hint="Leave one out.")
    with context.snapshot() as cursor:
        rows = queries.list_alerts(
            cursor, context.chosen(cursor), page(limit, before, all_), done=done, severity=severity
        )
    context.show_list(ALERTS, rows)
    context.exit_code = FINDING if check and rows else 0


@app.cron_command(
    "tell",
    writes=True,
    prints=list_of(ALERTS),
    examples=["petmsg alert tell", "petmsg alert tell -o jsonl"],
)
def tell(context: Context) -> None:
    """Print new alerts once, and again after a day (for cron).

    Covers all orgs unless --org is given. Exits with 10 if any alert is printed. Also prints how
    many clients wait for an answer, and the longest wait. The database remembers which alerts were
    printed; without news nothing is printed.
    """
    from petmsg.workflows.waiting_clients import report_alerts

    news = report_alerts(context)
    if news.waiting is not None:
        context.notify(news.waiting)
    if news.alerts:
        context.show_list(ALERTS, news.alerts)
        context.exit_code = FINDING


@app.command(
    "show",
    prints=one(ALERT),
    examples=["petmsg alert show 1"],
)
def show(
    context: Context, alert: Annotated[str, typer.Argument(metavar="ID", help="The alert's ID.")]
) -> None:
    """Show one alert and the command that helps.

    Includes what happened, which client, sitter or number it is about, and how often.
    """
    with context.snapshot() as cursor:
        found = queries.find_alert(cursor, context.chosen(cursor), alert)
    context.show_one(ALERT, found)


@app.command(
    "done",
    writes=True,
    prints=results_of(DONE),
    examples=["petmsg alert done 1 --reason 'called the client'"],
)
def done(
    context: Context,
    alerts: Annotated[list[str], typer.Argument(metavar="ID...", help="IDs of the alerts.")],
    reason: REASON = None,
) -> None:
    """Mark alerts as done. Safe to repeat.

    Works in all orgs unless --org is given. If the same problem happens again, a new alert is
    opened.
    """
    from petmsg.services import alert as service

    with context.snapshot() as cursor:
        ids_by_org = queries.by_org(cursor, context.chosen(cursor), alerts)
    rows = []
    for slug, ids in ids_by_org:
        rows += context.write_in(
            slug,
            service.done_all,
            ids,
            reason=checked_reason(reason),
            of_many=len(alerts) > 1,
        )
    show_results(context, DONE, rows)
