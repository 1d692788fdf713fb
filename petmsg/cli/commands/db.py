"""petmsg db …"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from petmsg import clock
from petmsg.cli import confirmations
from petmsg.cli.command import command, new_app
from petmsg.cli.context import Context
from petmsg.clock import iso_utc
from petmsg.errors import FINDING, UsageProblem
from petmsg.render.views.database import BACKUP, CHECK, CURRENT, GONE_BACK, MIGRATED, SET_ASIDE

app = new_app("The database: upgrade, check, back up.")


@command(app, "upgrade", writes=True, examples=["petmsg db upgrade --dry-run", "petmsg db upgrade"])
def upgrade(
    context: Context,
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
        context.location.url,
        revision=revision,
        merge_duplicate_threads=merge_duplicate_threads,
        actor=context.actor,
        now=context.now,
        dry_run=context.dry_run,
    )
    context.show_one(MIGRATED, migrated)


@command(
    app,
    "downgrade",
    writes=True,
    asks=confirmations.downgrade_database,
    examples=["petmsg db downgrade 0002_one_thread_per_client --discard-data --dry-run"],
)
def downgrade(
    context: Context,
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
    from petmsg.db import backup as database
    from petmsg.models import metadata

    migrated = database.downgrade(
        context.location,
        revision,
        tables=metadata.tables,
        discard_data=discard_data,
        backup_to=backup_to,
        without_backup=no_backup,
        now=context.now,
        dry_run=context.dry_run,
    )
    context.show_one(MIGRATED, migrated)


@command(app, "current", examples=["petmsg db current"])
def current(context: Context) -> None:
    """The schema the database is at."""
    from petmsg.db import backup as database
    from petmsg.db.migrate import head

    revision = database.current(context.location)
    context.show_one(
        CURRENT,
        {
            "database": context.location.display_url,
            "revision": revision,
            "head": head(),
            "up_to_date": revision == head(),
        },
    )


@command(app, "check", examples=["petmsg db check"])
def check(context: Context) -> None:
    """Compare the database's schema with petmsg's tables and triggers; exit 10 on a difference."""
    from petmsg.db import migrate
    from petmsg.db.snapshot import snapshot

    with snapshot(context.location):
        pass
    problems = [{"problem": each} for each in migrate.check(context.location.url)]
    context.show_list(CHECK, problems)
    context.exit_code = FINDING if problems else 0


@command(app, "backup", examples=["petmsg db backup petmsg-backup.db"])
def backup(
    context: Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to write it.")],
) -> None:
    """A consistent copy of a live SQLite database, readable by its owner alone.

    To go back to it: petmsg db restore FILE. It says when it was made, so that no message that was
    queued then is sent twice. PostgreSQL is backed up with pg_dump.
    """
    from petmsg.db import backup as database

    context.show_one(BACKUP, database.backup(context.location, Path(file), now=context.now))


SINCE = Annotated[
    str | None,
    typer.Option("--since", metavar="T", help="When the backup was made, if it does not say so."),
]


@command(
    app,
    "restore",
    writes=True,
    asks=confirmations.restore_database,
    examples=["petmsg db restore petmsg-backup.db --yes"],
)
def restore(
    context: Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A file of petmsg db backup.")],
    since: SINCE = None,
) -> None:
    """Go back to a backup of an SQLite database. It asks first; what was stored is kept beside it.

    Messages that were queued or being sent when the backup was made may have been sent since: they
    are held, and petmsg message dispatch looks them up at the provider before anything is sent.
    Opt-outs and messages that came in since are read again by petmsg message pull --since T.
    """
    from petmsg.db import restore as service
    from petmsg.db.schema_version import HEAD

    done = service.restore(
        context.location,
        Path(file),
        since=instant(context, since),
        now=context.now,
        dry_run=context.dry_run,
    )
    context.show_one(GONE_BACK, done)
    if context.dry_run:
        return
    if done.revision == HEAD:
        _set_aside(context, done.made_at)
    else:
        context.say("Bring it up to date, then look its waiting messages up at the provider:")
        context.say("  petmsg db upgrade && petmsg db restored")


@command(
    app,
    "restored",
    writes=True,
    examples=["petmsg db restored --since 2026-02-14T03:00"],
)
def restored(context: Context, since: SINCE = None) -> None:
    """After going back to a backup by other means: hold what it cannot know to be unsent.

    For PostgreSQL after pg_restore, before anything else is run; for a file that was copied into
    place petmsg refuses to write until this is done. Messages that were queued or being sent when
    the backup was made are held, and petmsg message dispatch looks them up at the provider.
    """
    from petmsg.db.restore import made_at_of

    made_at = instant(context, since) or made_at_of(context.location)
    if made_at is None:
        raise UsageProblem(
            "The database does not say that it is a backup.",
            hint="Say when the backup was made: --since 2026-02-14T03:00",
        )
    context.show_list(SET_ASIDE, _set_aside(context, made_at))


def instant(context: Context, text: str | None) -> datetime | None:
    """The time a person wrote, in UTC without an offset: a backup is of several orgs."""
    return None if text is None else clock.parse_instant(text, timezone="UTC", at=context.now)


def _set_aside(context: Context, made_at: datetime) -> list[Any]:
    from petmsg.db.backup_mark import UNMARK
    from petmsg.services.outbox import after_restore as service

    context.is_restoring = True
    rows = context.transact(
        lambda transaction: service.set_aside_all(
            transaction,
            made_at=made_at,
            unmark=UNMARK if context.location.is_sqlite else None,
            actor=context.actor,
            now=context.now,
        )
    )
    for row in rows:
        held = "1 message is" if row.messages == 1 else f"{row.messages} messages are"
        context.say(f"{row.org}: {held} held until the provider was asked.")
    context.say(f"Then read what came in since: petmsg message pull --since {iso_utc(made_at)}")
    return rows
