"""petmsg db …"""

from pathlib import Path
from typing import Annotated

import typer

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
    examples=["petmsg db downgrade 0002_one_thread_per_client --dry-run"],
)
def downgrade(
    run: Run,
    revision: Annotated[str, typer.Argument(help="The schema to go back to, or `base`.")],
) -> None:
    """Take the database back to an older schema."""
    from petmsg.db import migrate

    run.show_one(MIGRATED, migrate.downgrade(run.location.url, revision, dry_run=run.dry_run))


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
