"""`petmsg db backup --media`: the copy of the database together with its pictures."""

from pathlib import Path

from petmsg.cli.context import Context
from petmsg.db.backup import backup
from petmsg.plurals import counted
from petmsg.render.views.database import BACKUP
from petmsg.workflows.backup_media import BackedUpMedia, backup_media


def back_up_with_pictures(context: Context, file: Path, folder: Path) -> None:
    """Back up the database to the file and its pictures to the folder, and say how many were
    copied. The file is there only once the folder has all of them."""
    done: list[BackedUpMedia] = []

    def copy_pictures(copy: Path) -> None:
        done.append(backup_media(context, folder, copy=copy))

    made = backup(context.location, file, now=context.now, before_named=copy_pictures)
    context.show_one(BACKUP, made)
    (pictures,) = done
    context.notify(
        f"Copied {counted(pictures.copied, 'picture')} to {folder}; {pictures.present} were there"
        " already."
    )
    if pictures.missing:
        context.notify(
            f"{counted(pictures.missing, 'picture')} could not be copied: the store in "
            f"{context.media.place} does not have the bytes. Find out which: petmsg doctor"
        )
