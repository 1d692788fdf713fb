"""`petmsg import petmsg`: verifies an export, then imports it in one transaction."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from petmsg.cli.context import Context
from petmsg.plurals import counted
from petmsg.render.views.transfer import RESTORED_EXPORT

if TYPE_CHECKING:
    from petmsg.services.transfer.export import ExportedMedia


def report_missing(context: Context, media: "Sequence[ExportedMedia]") -> None:
    """Say which files are not in an export, because the store does not have them."""
    for each in media:
        if each.missing:
            missing = counted(len(each.missing), "file")
            of_it = "it" if len(each.missing) == 1 else "them"
            context.notify(
                f"Org {each.org}: {missing} could not be exported, as the store in "
                f"{context.media.place} has no bytes of {of_it}. Find out which: petmsg doctor"
            )


def restore_folder(context: Context, folder: Path) -> None:
    """Import the orgs of an export, or the chosen one, into the database."""
    from petmsg.services.transfer import manifest, restore_export
    from petmsg.services.transfer.target_database import prepare_database
    from petmsg.workflows.notify_channels import channels_without_url

    orgs = manifest.read_manifest(folder, slug=context.setting("org").value)
    total = sum(sum(listed.rows for listed in org.files.values()) + len(org.media) for org in orgs)
    with context.bar("Checking", total) as on_progress:
        for org in orgs:
            org.check(on_progress)
    if not prepare_database(
        context.location, actor=context.actor, now=context.now, dry_run=context.dry_run
    ):
        context.notify(
            f"Would create {context.location.display_url}; the files of {folder} are intact."
        )
        return
    if not context.dry_run:
        # The bytes first: a row whose picture is missing would be worse than an unused file.
        for org in orgs:
            org.restore_media(context.media)
    with context.bar("Importing", total) as on_progress:
        taken = context.transact(
            lambda transaction: restore_export.restore(
                transaction, orgs, actor=context.actor, now=context.now, on_progress=on_progress
            )
        )
    context.show_list(RESTORED_EXPORT, taken)
    for each in taken:
        if each.waiting:
            waiting = counted(each.waiting, "queued message")
            context.notify(
                f"Org {each.org} has {waiting}: dispatch from one database only, or clients get "
                "them twice."
            )
        if not each.same_ids:
            context.notify(
                f"IDs of org {each.org} were renumbered; the file ids in {folder / each.org} maps "
                "the old IDs, which the audit log uses, to the new ones."
            )
    for channel in channels_without_url(context, {each.org for each in taken}):
        context.notify(
            f"The URL of channel {channel.name} of org {channel.org} is not in an export. Add it: "
            f"petmsg notify add {shlex.quote(channel.name)} - --org {channel.org}"
        )
