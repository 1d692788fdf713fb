"""How Alembic runs here: inside the transaction that `petmsg.db.migrate` opened.

The connection comes from there, already in its one transaction for all revisions and holding the
lock that keeps other upgrades out. The stock env.py opens its own, and leaves half a migration
behind on SQLite.
"""

from typing import Any

from alembic import context


def run() -> None:
    """Run the revisions on the connection of `petmsg.db.migrate`."""
    attributes = context.config.attributes
    if context.is_offline_mode() or "connection" not in attributes:
        raise RuntimeError("Migrations run through petmsg.db.migrate: petmsg db upgrade")
    metadata = None
    if attributes.get("with_models"):
        from petmsg.models import metadata
    connection = attributes["connection"]

    def is_ours(_object: Any, name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
        # An SQLite file is petmsg's alone; a PostgreSQL database may hold other programs' tables.
        if connection.dialect.name == "sqlite" or kind != "table" or not reflected:
            return True
        return metadata is None or name in metadata.tables

    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_object=is_ours,
        render_as_batch=True,
        compare_type=True,
        transactional_ddl=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
