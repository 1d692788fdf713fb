"""petmsg db …"""

from pathlib import Path
from typing import Annotated

import typer

from petmsg.cli import questions
from petmsg.cli.command import command, new_app
from petmsg.cli.run import Run
from petmsg.errors import FINDING
from petmsg.render.database import BACKUP, CHECK, CURRENT, MIGRATED

app = new_app("The database: upgrade, check, back up.")


@command(app, "upgrade", writes=True, examples=["petmsg db upgrade --dry-run", "petmsg db upgrade"])
def upgrade(
    run: Run,
    revision: Annotated[str, typer.Argument(help="The schema to go to.")] = "head",
    merge_duplicate_threads: Annotated[
        bool,
        typer.Option(
            "--merge-duplicate-threads",
            help="Move the texts and windows of a client's several threads into the oldest.",
        ),
    ] = False,
) -> None:
    """Bring the database to this petmsg's schema: all of it or nothing. Repeating is safe."""
    from petmsg.db import migrate

    migrated = migrate.upgrade(
        run.location.url,
        revision=revision,
        merge_duplicate_threads=merge_duplicate_threads,
        actor=run.actor,
        now=run.now,
        dry_run=run.dry_run,
    )
    run.show_one(MIGRATED, migrated)


@command(
    app,
    "downgrade",
    writes=True,
    asks=questions.downgrade_database,
    examples=["petmsg db downgrade 0002_one_thread_per_client --discard-data --dry-run"],
)
def downgrade(
    run: Run,
    revision: Annotated[str, typer.Argument(help="The schema to go back to, or `base`.")],
    discard_data: Annotated[
        bool, typer.Option("--discard-data", help="Lose what the older schema cannot hold.")
    ] = False,
    backup_to: Annotated[
        str | None,
        typer.Option(
            "--backup", metavar="FILE", help="Where the backup goes; default: beside the database."
        ),
    ] = None,
    no_backup: Annotated[
        bool, typer.Option("--no-backup", help="Make no backup: there is one already.")
    ] = False,
) -> None:
    """Take the database back to an older schema, behind a backup. It asks first.

    It is refused where the older schema has no place for something that is stored, unless
    --discard-data. PostgreSQL is backed up with pg_dump: then say --no-backup.
    """
    from petmsg.services import database

    migrated = database.downgrade(
        run.location,
        revision,
        discard_data=discard_data,
        backup_to=backup_to,
        without_backup=no_backup,
        now=run.now,
        dry_run=run.dry_run,
    )
    run.show_one(MIGRATED, migrated)


@command(app, "current", examples=["petmsg db current"])
def current(run: Run) -> None:
    """The schema the database is at."""
    from petmsg.db.migrate import head
    from petmsg.services import database

    revision = database.current(run.location)
    run.show_one(
        CURRENT,
        {
            "database": run.location.shown,
            "revision": revision,
            "head": head(),
            "up_to_date": revision == head(),
        },
    )


@command(app, "check", examples=["petmsg db check"])
def check(run: Run) -> None:
    """Compare the database's schema with petmsg's tables and triggers; exit 10 on a difference."""
    from petmsg.db import migrate
    from petmsg.db.snapshot import snapshot

    with snapshot(run.location):
        pass
    problems = [{"problem": each} for each in migrate.check(run.location.url)]
    run.show_list(CHECK, problems)
    run.exit_code = FINDING if problems else 0


@command(app, "backup", examples=["petmsg db backup petmsg-backup.db"])
def backup(
    run: Run, file: Annotated[str, typer.Argument(metavar="FILE", help="Where to write it.")]
) -> None:
    """A consistent copy of a live SQLite database, readable by its owner alone."""
    from petmsg.services import database

    run.show_one(BACKUP, database.backup(run.location, Path(file)))
