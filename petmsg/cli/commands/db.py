"""petmsg db …"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from petmsg import clock
from petmsg.cli import confirmations
from petmsg.cli.command import new_app
from petmsg.cli.context import Context
from petmsg.cli.options import named_file, named_folder
from petmsg.clock import iso_utc
from petmsg.errors import FINDING, UsageProblem
from petmsg.render.printed import list_of, one
from petmsg.render.views.database import BACKUP, CHECK, CURRENT, GONE_BACK, MIGRATED, SET_ASIDE

if TYPE_CHECKING:
    from petmsg.services.outbox.after_restore import SetAside

app = new_app("Upgrade, check, back up and restore the database.")


@app.command(
    "upgrade",
    writes=True,
    prints=one(MIGRATED),
    examples=["petmsg db upgrade --dry-run", "petmsg db upgrade"],
)
def upgrade(
    context: Context,
    revision: Annotated[str, typer.Argument(help="The schema revision to upgrade to.")] = "head",
    merge_duplicate_threads: Annotated[
        bool,
        typer.Option(
            "--merge-duplicate-threads",
            help="Move a client's duplicate threads into their oldest one.",
        ),
    ] = False,
) -> None:
    """Upgrade the database to this version's schema. Safe to repeat.

    It is upgraded completely or not at all.
    """
    from petmsg.db import migrate

    migrated = migrate.upgrade(
        context.location.url,
        revision=revision,
        merge_duplicate_threads=merge_duplicate_threads,
        actor=context.actor,
        now=context.now,
        dry_run=context.dry_run,
    )
    context.show_one(MIGRATED, migrated)


@app.command(
    "downgrade",
    writes=True,
    asks=confirmations.downgrade_database,
    prints=one(MIGRATED),
    examples=["petmsg db downgrade 0002_one_thread_per_client --discard-data --dry-run"],
)
def downgrade(
    context: Context,
    revision: Annotated[str, typer.Argument(help="The schema revision to go back to, or `base`.")],
    discard_data: Annotated[
        bool, typer.Option("--discard-data", help="Delete data that the older schema cannot hold.")
    ] = False,
    backup_to: Annotated[
        str | None,
        typer.Option(
            "--backup", metavar="FILE", help="File for the backup; default: beside the database."
        ),
    ] = None,
    no_backup: Annotated[bool, typer.Option("--no-backup", help="Make no backup first.")] = False,
) -> None:
    """Downgrade the database to an older schema, after a backup.

    petmsg asks first. The command is refused if the older schema cannot hold all stored data,
    unless --discard-data is given. PostgreSQL is backed up with pg_dump: add --no-backup.
    """
    from petmsg.db import downgrade as database
    from petmsg.models import metadata

    migrated = database.downgrade(
        context.location,
        revision,
        tables=metadata.tables,
        discard_data=discard_data,
        backup_to=None if backup_to is None else named_file(backup_to),
        without_backup=no_backup,
        now=context.now,
        dry_run=context.dry_run,
    )
    context.show_one(MIGRATED, migrated)


@app.command(
    "current",
    current=True,
    prints=one(CURRENT),
    examples=["petmsg db current"],
)
def current(context: Context) -> None:
    """Show the schema revision of the database."""
    from petmsg.db.migrate import head
    from petmsg.db.snapshot import current_revision

    revision = current_revision(context.location)
    context.show_one(
        CURRENT,
        {
            "database": context.location.display_url,
            "revision": revision,
            "head": head(),
            "up_to_date": revision == head(),
        },
    )


@app.command(
    "check",
    current=True,
    prints=list_of(CHECK),
    examples=["petmsg db check"],
)
def check(context: Context) -> None:
    """Compare the database's schema with the expected one.

    Exits with 10 if tables or triggers differ.
    """
    from petmsg.db import migrate
    from petmsg.db.schema_version import HEAD
    from petmsg.db.snapshot import snapshot
    from petmsg.render.output import write

    with snapshot(context.location):
        pass
    problems = [{"problem": each} for each in migrate.check(context.location.url)]
    if problems or not context.is_table:
        context.show_list(CHECK, problems)
    else:
        write(f"The schema is that of {HEAD}: no table, index or trigger differs.")
    context.exit_code = FINDING if problems else 0


@app.command(
    "backup",
    current=True,
    prints=one(BACKUP),
    examples=[
        "petmsg db backup petmsg-backup.db",
        "petmsg db backup petmsg-backup.db --media pictures",
    ],
)
def backup(
    context: Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="The file to write.")],
    media: Annotated[
        str | None,
        typer.Option("--media", metavar="DIR", help="Also copy the pictures to this folder."),
    ] = None,
) -> None:
    """Back up a live SQLite database to a file.

    The copy is consistent, and only its owner can read it. To go back to it: petmsg db restore
    FILE. It records when it was made, so that messages that were queued then are not sent twice.
    PostgreSQL is backed up with pg_dump. --media may name the same folder each time: only new
    pictures are copied, and none is deleted. FILE appears last: if it is there, the backup is
    complete, and after an interruption the same command completes it.
    """
    from petmsg.cli.flows.backup import back_up_with_pictures
    from petmsg.db import backup as database

    if media is not None:
        back_up_with_pictures(context, named_file(file), named_folder(media))
    else:
        context.show_one(
            BACKUP, database.backup(context.location, named_file(file), now=context.now)
        )


SINCE = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="T", help="When the backup was made, if the file does not record it."
    ),
]


@app.command(
    "restore",
    writes=True,
    asks=confirmations.restore_database,
    prints=one(GONE_BACK),
    examples=["petmsg db restore petmsg-backup.db --yes"],
)
def restore(
    context: Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A file written by petmsg db backup.")
    ],
    since: SINCE = None,
) -> None:
    """Restore a backup of an SQLite database.

    petmsg asks first, and keeps the current database beside it. Messages that were queued or being
    sent when the backup was made may have been sent since: they are held, and petmsg message
    dispatch looks them up at the provider before anything is sent. Fetch opt-outs and messages
    received since then with petmsg message pull --since T.
    """
    from petmsg.db import restore as service
    from petmsg.db.schema_version import HEAD

    done = service.restore(
        context.location,
        named_file(file),
        since=instant(context, since),
        now=context.now,
        dry_run=context.dry_run,
    )
    context.show_one(GONE_BACK, done)
    if context.dry_run:
        return
    if done.revision == HEAD:
        _hold(context, done.made_at)
    else:
        context.notify(
            "Upgrade the database, then hold the messages that may have been sent since:"
        )
        context.notify("  petmsg db upgrade && petmsg db restored")


@app.command(
    "restored",
    writes=True,
    prints=list_of(SET_ASIDE),
    examples=["petmsg db restored --since 2026-02-14T03:00"],
)
def restored(context: Context, since: SINCE = None) -> None:
    """Hold messages that may have been sent since a backup.

    Run it first after pg_restore on PostgreSQL, and after copying a backup file into place: petmsg
    refuses to write until this is done. Messages that were queued or being sent when the backup was
    made are held, and petmsg message dispatch looks them up at the provider.
    """
    from petmsg.db.restore import made_at_of

    made_at = instant(context, since) or made_at_of(context.location)
    if made_at is None:
        raise UsageProblem(
            "The database does not record when it was backed up.",
            hint="Give the time of the backup: --since 2026-02-14T03:00",
        )
    context.show_list(SET_ASIDE, _hold(context, made_at))


def instant(context: Context, text: str | None) -> datetime | None:
    """The time a person wrote, read as UTC if it has no offset: a backup holds several orgs."""
    return None if text is None else clock.parse_instant(text, timezone="UTC", at=context.now)


def _hold(context: Context, made_at: datetime) -> "list[SetAside]":
    from petmsg.workflows.hold_after_restore import hold_after_restore

    rows = hold_after_restore(context, made_at)
    for row in rows:
        held = "1 message is" if row.messages == 1 else f"{row.messages} messages are"
        context.notify(f"{row.org}: {held} held until looked up at the provider.")
    context.notify(
        f"Then fetch the messages received since: petmsg message pull --since {iso_utc(made_at)}"
    )
    return rows
