"""`petmsg db backup --media`: copies the pictures, and says how many."""

from pathlib import Path

from petmsg.cli.context import Context
from petmsg.plurals import counted


def tell_media(context: Context, folder: Path) -> None:
    """Copy the pictures to the folder and say how many were copied, and which are missing."""
    from petmsg.workflows.backup_media import backup_media

    done = backup_media(context, folder)
    context.notify(
        f"Copied {counted(done.copied, 'picture')} to {folder}; {done.present} were there already."
    )
    if done.missing:
        context.notify(
            f"{counted(done.missing, 'picture')} could not be copied, as the store in "
            f"{context.media.place} has no bytes of it. Find out which: petmsg doctor"
        )
