"""`petmsg import petmsg`: an export is checked whole, then taken in one transaction."""

from pathlib import Path

from petmsg.cli.context import Context
from petmsg.render.progress import progress
from petmsg.render.views.import_provider_numbers import TAKEN_BACK


def take_back(run: Context, folder: Path) -> None:
    """Take the orgs of an export, or the one that was chosen, into the database."""
    from petmsg.services.transfer import manifest, restore_export
    from petmsg.services.transfer.target_database import ready

    orgs = manifest.read_manifest(folder, slug=run.setting("org").value)
    total = sum(listed.rows for org in orgs for listed in org.files.values())
    with progress("Checking", total, run.ambient.environ) as moved_on:
        for org in orgs:
            org.check(moved_on)
    if not ready(run.location, actor=run.actor, now=run.now, dry_run=run.dry_run):
        run.say(f"Would create {run.location.display_url}; the files of {folder} are whole.")
        return
    with progress("Importing", total, run.ambient.environ) as moved_on:
        taken = run.transact(
            lambda transaction: restore_export.restore(
                transaction, orgs, actor=run.actor, now=run.now, moved_on=moved_on
            )
        )
    run.show_list(TAKEN_BACK, taken)
    for each in taken:
        if each.waiting:
            run.say(
                f"{each.waiting} texts of org {each.org} wait to be sent: dispatch them from one "
                "database only, or clients get them twice."
            )
        if not each.same_ids:
            run.say(
                f"Rows of org {each.org} have new ids here; its audit names texts by their ids of "
                f"then, and {folder / each.org} says in its file ids which texts these are."
            )
