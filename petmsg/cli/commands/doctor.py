"""petmsg doctor"""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from petmsg.cli.command import new_command
from petmsg.cli.context import Context
from petmsg.cli.options import FINDINGS
from petmsg.enums.alerts import CheckResult
from petmsg.errors import FINDING
from petmsg.plurals import counted
from petmsg.render.printed import list_of

if TYPE_CHECKING:
    from petmsg.providers.base import Provider
    from petmsg.queries.org import OrgRow
    from petmsg.services.doctor.run_checks import Checked

app = new_command()


@app.cron_command(
    "doctor",
    current=True,
    prints=list_of("doctor.CHECKED"),
    examples=["petmsg doctor", "petmsg doctor --check schema -o json"],
)
def doctor(
    context: Context,
    checks: Annotated[
        list[str] | None,
        typer.Option("--check", metavar="NAME", help="Run only this check; repeat for more."),
    ] = None,
    provider: Annotated[
        bool,
        typer.Option(
            "--provider", help="Check credentials and numbers with one request to each provider."
        ),
    ] = False,
    media: Annotated[
        bool, typer.Option("--media", help="Read every stored picture and compare its hash.")
    ] = False,
    findings: FINDINGS = False,
) -> None:
    """Check data, environment and configuration; exit with 10 on a problem.

    For cron: covers all orgs unless --org is given. Rules that the database enforces are checked
    too, because somebody may have edited it by hand. Each problem comes with the command that fixes
    it, or that shows it where no command can fix it; in that case compare with the last backup. A
    warning does not change the exit code.
    """
    from petmsg.render.views.doctor import CHECKED
    from petmsg.services.doctor import run_checks as service
    from petmsg.services.doctor.check import CheckContext

    names = checks or []
    service.require_known(names)
    check_context = CheckContext(
        context.location,
        context.now,
        context.environ,
        provider_of=(lambda org: _carrier(context, org)) if provider else None,
        media=lambda: context.media,
        reads_media=media,
    )
    with context.snapshot() as cursor:
        check_context = service.prepare(cursor, check_context, context.setting("org").value)
        rows = service.run_checks(cursor, check_context, names)
    rows = service.in_order([*rows, *service.run_environment_checks(check_context, names)])
    problems = [row for row in rows if row.result is CheckResult.PROBLEM]
    context.show_list(CHECKED, problems if findings else rows)
    if context.is_table:
        context.notify(_summary(rows))
    context.exit_code = FINDING if problems else 0


def _carrier(context: Context, org: "OrgRow") -> "Provider":
    from petmsg.workflows.provider_factory import provider_of

    return provider_of(context, org, threads=1)


def _summary(rows: "Sequence[Checked]") -> str:
    counts = Counter(row.result for row in rows)
    problems, warnings = counts[CheckResult.PROBLEM], counts[CheckResult.WARNING]
    return (
        f"{counted(problems, 'problem')}, {counted(warnings, 'warning')}; "
        f"{counted(counts[CheckResult.OK], 'check')} passed."
    )
