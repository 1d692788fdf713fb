"""petmsg reconcile"""

from petmsg.cli.command import new_command
from petmsg.cli.context import Context
from petmsg.cli.results import Results
from petmsg.errors import FINDING
from petmsg.render.printed import list_of
from petmsg.render.views.provider_drift import DRIFT

app = new_command()


@app.cron_command(
    "reconcile",
    writes=True,
    prints=list_of(DRIFT),
    examples=["petmsg reconcile", "petmsg reconcile --org happy-paws --dry-run"],
)
def reconcile(context: Context) -> None:
    """Compare messages, calls and numbers with the provider.

    For cron: covers all orgs unless --org is given. A message whose outcome is unknown is looked
    up: it becomes sent, is queued again, or is held for a person. A call whose end petmsg was not
    told of is ended as the provider says, and a voicemail that it was not told of is stored.
    Numbers that are missing from the account, and numbers of the account that petmsg does not know,
    are only listed, with an alert; no quarantine is lifted and no number is changed. Exits with 10
    if differences remain.
    """
    from petmsg.workflows import reconcile as workflow

    found = workflow.reconcile(context)
    with Results(context, DRIFT, as_record=False) as shown:
        for rows in found:
            shown.add(rows)
            if any(row.left for row in rows):
                context.exit_code = FINDING
