"""`petmsg import snoutos`: reads the old tables once, then imports them in transactions."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from petmsg import settings
from petmsg.cli.context import Context
from petmsg.cli.options import named_folder
from petmsg.db.location import Location
from petmsg.enums.output import OutputFormat
from petmsg.errors import REFUSED, UsageProblem
from petmsg.render.views.transfer import IMPORTED_TABLES, REPORT

if TYPE_CHECKING:
    from petmsg.importers.snoutos.legacy_schema import Source
    from petmsg.importers.snoutos.orgs import OldOrg
    from petmsg.importers.snoutos.report import OrgReport, Report
    from petmsg.importers.snoutos.staging import Stage


def source_of(
    context: Context, url: str | None, folder: str | None
) -> "AbstractContextManager[Source]":
    """The old tables: at the URL (or that of the environment), or in the folder."""
    from petmsg.importers.snoutos import sources

    if folder is not None and url is None:
        return nullcontext(sources.Folder(named_folder(folder)))
    where = url or context.environ.get(settings.SNOUTOS)
    if where is None or folder is not None:
        raise UsageProblem(
            "Missing option: --url or --dir.",
            hint=f"--url postgresql://… (or {settings.SNOUTOS}), or --dir FOLDER with CSV files.",
        )
    return sources.in_database(where)


def import_database(
    context: Context,
    source: "AbstractContextManager[Source]",
    *,
    old_org: str | None,
    timezone: str | None,
    grace_minutes: int | None,
) -> None:
    """Import the organisations of the old tables, and report each skipped row.

    A database that is not there is made, in a dry run elsewhere and for its duration.

    An error half way leaves the earlier transactions committed; they are reported first.
    """
    from petmsg.importers.snoutos import orgs
    from petmsg.importers.snoutos import run as importing
    from petmsg.importers.snoutos.report import Report
    from petmsg.importers.snoutos.staging import staged
    from petmsg.services.transfer.target_database import prepare_database

    report = Report()
    if context.location.exists:
        prepare_database(
            context.location, actor=context.actor, now=context.now, dry_run=True
        )  # before the old is read
    with staged(source, grace_minutes=grace_minutes) as stage, ExitStack() as at_end:
        report.schema, report.old_names = stage.schema_name, stage.old_names
        context.notify(f"Found the {report.schema} schema of the old system.")
        slug = context.setting("org").value
        found = orgs.choose(stage, old_org=old_org, slug=slug)
        if not context.location.exists:
            importing.require_timezones(found, timezone)  # else an empty database would be left
        at_end.enter_context(_there(context))
        with context.snapshot() as cursor:
            new = importing.require_ready(cursor, found, slug=slug, timezone=timezone)
        _say_zones(context, new, timezone)
        for unread in stage.unread.values():
            report.add_loose(unread)
        if old_org is None:
            for result in importing.of_no_org(stage):
                report.add_loose(result)
        try:
            with context.bar("Importing", stage.count()) as moved_on:
                for old in found:
                    _take_one(context, stage, old, report, timezone=timezone, moved_on=moved_on)
        except BaseException:
            if report.new and not context.dry_run:
                _show(context, report)
                context.notify("Stopped. The rows counted above are imported.")
                context.notify(
                    "Run the command again to import the rest; imported rows stay unchanged."
                )
            raise
    _show(context, report)


@contextmanager
def _there(context: Context) -> Iterator[None]:
    """A database to import into; for a dry run without one, a temporary empty one."""
    from petmsg.services.transfer.target_database import prepare_database

    if prepare_database(
        context.location, actor=context.actor, now=context.now, dry_run=context.dry_run
    ):
        yield
        return
    context.notify(f"Would create {context.location.display_url}.")
    with TemporaryDirectory(prefix="petmsg-") as folder:
        context.location = Location(path=Path(folder) / "petmsg.db", dsn=None)
        prepare_database(context.location, actor=context.actor, now=context.now, dry_run=False)
        yield
        context.engine.dispose()


def _say_zones(context: Context, new: "Sequence[OldOrg]", timezone: str | None) -> None:
    """Say which new orgs get a timezone of the old tables instead of the given one."""
    for old in new:
        if timezone is not None and old.timezone not in (None, timezone):
            context.notify(f"Org {old.slug} gets the timezone of the old tables, {old.timezone}.")
            context.notify(f"To change it: petmsg org set --org {old.slug} --timezone {timezone}")


def _take_one(
    context: Context,
    stage: "Stage",
    old: "OldOrg",
    report: "Report",
    *,
    timezone: str | None,
    moved_on: Callable[[], None],
) -> None:
    """Import one organisation: step by step, or for a dry run in one transaction."""
    from petmsg.importers.snoutos import run as importing

    given: dict[str, Any] = {"timezone": timezone, "actor": context.actor, "now": context.now}
    if context.dry_run:
        report.orgs.append(
            context.transact(lambda transaction: importing.whole(transaction, stage, old, **given))
        )
        return
    org: OrgReport = context.transact(
        lambda transaction: importing.begin(transaction, old, **given)
    )
    report.orgs.append(org)
    for step in importing.steps(stage, old):
        result = context.write_in(old.slug, step)
        org.add(result)
        for _ in range(result.read):
            moved_on()


def _show(context: Context, report: "Report") -> None:
    if context.output in (OutputFormat.JSON, OutputFormat.JSONL):
        context.show_one(REPORT, report)
    else:
        context.show_list(IMPORTED_TABLES, report.tables)
        for each in report.findings:
            became = "imported with a change" if each.taken else "skipped"
            context.notify(f"{each.table} {each.id}: {became}: {each.reason}", even_quiet=True)
    _advise(context, report)
    if report.findings:
        context.exit_code = REFUSED


def _advise(context: Context, report: "Report") -> None:
    """Say what an operator should do next."""
    if report.pictures:
        context.notify(
            f"Pictures that are not in the old tables and were not imported: {report.pictures}."
        )
    if report.phoneless:
        context.notify(
            f"Sitters without a phone of their own: {report.phoneless}. Add the phones: petmsg "
            "sitter set REF --phone E164, or petmsg sitter import FILE with columns ref,phone."
        )
    lost = sum(not each.taken for each in report.findings)
    changed = len(report.findings) - lost
    if report.findings:
        context.notify(f"Old rows skipped: {lost}; imported with a change: {changed}.")
        context.notify(
            "Fix them there, or in the CSV files, and import again; only new rows are imported."
        )
