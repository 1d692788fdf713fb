"""`petmsg import snoutos`: the old tables are read once, then taken a transaction at a time."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from petmsg import settings
from petmsg.cli.context import Context
from petmsg.cli.options import named_folder
from petmsg.db.location import Location
from petmsg.enums import OutputFormat
from petmsg.errors import REFUSED, UsageProblem
from petmsg.render.progress import progress
from petmsg.render.views.import_provider_numbers import REPORT, TAKEN_OVER

if TYPE_CHECKING:
    from petmsg.importers.snoutos.legacy_schema import Source
    from petmsg.importers.snoutos.orgs import OldOrg
    from petmsg.importers.snoutos.report import OrgReport, Report
    from petmsg.importers.snoutos.staging import Stage


def source_of(
    run: Context, url: str | None, folder: str | None
) -> "AbstractContextManager[Source]":
    """Where the old tables are: at the URL (or the environment's), or in the folder."""
    from petmsg.importers.snoutos import sources

    if folder is not None and url is None:
        return nullcontext(sources.Folder(named_folder(folder)))
    where = url or run.ambient.environ.get(settings.SNOUTOS)
    if where is None or folder is not None:
        raise UsageProblem(
            "Where are the old tables?",
            hint=f"--url postgresql://… (or {settings.SNOUTOS}), or --dir FOLDER with CSV files.",
        )
    return sources.in_database(where)


def take_over(
    run: Context,
    source: "AbstractContextManager[Source]",
    *,
    old_org: str | None,
    timezone: str | None,
    grace_minutes: int,
) -> None:
    """Take the organisations of the old tables over, and report row by row what was not taken.

    A database that is not there is made, in a dry run elsewhere and for its duration.

    What stops it half way leaves the transactions before it committed: they are told first.
    """
    from petmsg.importers.snoutos import orgs
    from petmsg.importers.snoutos import run as importing
    from petmsg.importers.snoutos.report import Report
    from petmsg.importers.snoutos.staging import staged
    from petmsg.services.transfer.target_database import ready

    report = Report()
    if run.location.path is None or run.location.path.exists():
        ready(run.location, actor=run.actor, now=run.now, dry_run=True)  # before the old is read
    with staged(source, grace_minutes=grace_minutes) as stage, _there(run):
        slug = run.setting("org").value
        found = orgs.choose(stage, old_org=old_org, slug=slug)
        with run.snapshot() as cursor:
            importing.require_ready(cursor, found, slug=slug, timezone=timezone)
        for unread in stage.unread.values():
            report.add_loose(unread)
        if old_org is None:
            for taken in importing.of_no_org(stage):
                report.add_loose(taken)
        try:
            with progress("Importing", stage.count(), run.ambient.environ) as moved_on:
                for old in found:
                    _take_one(run, stage, old, report, timezone=timezone, moved_on=moved_on)
        except BaseException:
            if report.new and not run.dry_run:
                _show(run, report)
                run.say("Stopped: what is counted above is done and stays.")
                run.say("Import again: what is there is left as it is, and the rest is taken.")
            raise
    _show(run, report)


@contextmanager
def _there(run: Context) -> Iterator[None]:
    """A database to take it into; for a dry run without one, an empty one that is gone after."""
    from petmsg.services.transfer.target_database import ready

    if ready(run.location, actor=run.actor, now=run.now, dry_run=run.dry_run):
        yield
        return
    run.say(f"Would create {run.location.display_url}.")
    with TemporaryDirectory(prefix="petmsg-") as folder:
        run.location = Location(path=Path(folder) / "petmsg.db", dsn=None)
        ready(run.location, actor=run.actor, now=run.now, dry_run=False)
        yield
        run.engine.dispose()


def _take_one(
    run: Context,
    stage: "Stage",
    old: "OldOrg",
    report: "Report",
    *,
    timezone: str | None,
    moved_on: Callable[[], None],
) -> None:
    """One organisation: step by step, or for a dry run all of it in one transaction."""
    from petmsg.importers.snoutos import run as importing

    given: dict[str, Any] = {"timezone": timezone, "actor": run.actor, "now": run.now}
    if run.dry_run:
        report.orgs.append(
            run.transact(lambda transaction: importing.whole(transaction, stage, old, **given))
        )
        return
    org: OrgReport = run.transact(lambda transaction: importing.begin(transaction, old, **given))
    report.orgs.append(org)
    for step in importing.steps(stage, old):
        taken = run.write_in(old.slug, step)
        org.add(taken)
        for _ in range(taken.read):
            moved_on()


def _show(run: Context, report: "Report") -> None:
    if run.output in (OutputFormat.JSON, OutputFormat.JSONL):
        run.show_one(REPORT, report)
    else:
        run.show_list(TAKEN_OVER, report.tables)
        for each in report.findings:
            became = "taken, but" if each.taken else "not taken"
            run.say(f"{each.table} {each.id}: {became}: {each.reason}")
    _advise(run, report)
    if report.findings:
        run.exit_code = REFUSED


def _advise(run: Context, report: "Report") -> None:
    """What an operator should do next."""
    if report.phoneless:
        run.say(
            f"{report.phoneless} sitters came without a phone of their own: petmsg sitter set REF "
            "--phone E164, or petmsg sitter import FILE with the columns ref,phone."
        )
    lost = sum(not each.taken for each in report.findings)
    changed = len(report.findings) - lost
    if report.findings:
        run.say(f"{lost} old rows were not taken, {changed} not quite as they stood there.")
        run.say("Mend them there, or in the CSV files, and import again: only news are taken.")
