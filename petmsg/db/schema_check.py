"""What is different between a database and what petmsg's migrations make of it.

Alembic compares tables, columns, types, keys and indexes with the models. It sees neither CHECKs
nor triggers nor the condition of a partial index, nor whether PostgreSQL enforces a foreign key, so
these are compared here.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from petmsg.db.schema_version import HEAD
from petmsg.plurals import counted

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection, MetaData

_ON_TABLE = re.compile(r"CREATE TRIGGER \w+ BEFORE \w+ ON (\w+)")


def differences(settings: "Config", revision: str) -> list[str]:
    """The differences in words, none if the database is as it should be.

    `settings` carry the connection, whose database is at `revision`. Reads only.
    """
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.environment import EnvironmentContext
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(settings)
    connection: Connection = settings.attributes["connection"]
    settings.attributes["with_models"] = True
    found: list[str] = []

    def compare(_revision: object, context: Any) -> list[Any]:
        metadata = context.opts["target_metadata"]
        found.extend(map(_in_words, compare_metadata(context, metadata)))
        found.extend(_checks(connection, metadata))
        found.extend(_partial_indexes(connection, metadata))
        if connection.dialect.name == "postgresql":
            found.extend(_not_enforced(connection, metadata))
        return []

    with EnvironmentContext(settings, script, fn=compare):
        script.run_env()
    found.extend(_triggers(connection, script, revision))
    if revision != HEAD:
        found.insert(0, f"the schema is at {revision}, not at {HEAD}")
    return found


def _in_words(difference: Any) -> str:
    """One of Alembic's differences. `add` means that the models have it and the database has not.

    Changes of one column come as a list.
    """
    if isinstance(difference, list):
        return "; ".join(map(_in_words, difference))
    what, *rest = difference
    verb, _, kind = what.partition("_")
    if verb == "modify":
        _schema, table, column, _details, existing, wanted = rest
        return f"{kind} of {table}.{column} is {existing!r}, not {wanted!r}"
    state = "is missing" if verb == "add" else "is not petmsg's"
    if kind == "column":
        return f"column {rest[1]}.{rest[2].name} {state}"
    if kind == "table":
        return f"table {rest[0].name} {state}"
    noun = {"fk": "foreign key", "constraint": "constraint", "index": "index"}.get(kind, kind)
    table = getattr(getattr(rest[0], "table", None), "name", None)
    return f"{noun} {getattr(rest[0], 'name', rest[0])}{f' of {table}' if table else ''} {state}"


def _checks(connection: "Connection", metadata: "MetaData") -> Iterator[str]:
    from sqlalchemy import CheckConstraint, inspect

    inspector = inspect(connection)
    preparer = connection.dialect.identifier_preparer
    for table in metadata.sorted_tables:
        if not inspector.has_table(table.name):
            continue
        existing = {check["name"] for check in inspector.get_check_constraints(table.name)}
        for constraint in table.constraints:
            name = preparer.format_constraint(constraint)
            if isinstance(constraint, CheckConstraint) and name not in existing:
                yield f"check {name} of {table.name} is missing"


def _partial_indexes(connection: "Connection", metadata: "MetaData") -> Iterator[str]:
    """Indexes that cover all rows where the models say some, or the other way round."""
    from sqlalchemy import inspect

    inspector = inspect(connection)
    dialect = connection.dialect.name
    for table in metadata.sorted_tables:
        if not inspector.has_table(table.name):
            continue
        wanted: dict[str | None, bool] = {
            index.name: index.dialect_options[dialect]["where"] is not None
            for index in table.indexes
        }
        for index in inspector.get_indexes(table.name):
            name = index["name"]
            is_partial = f"{dialect}_where" in index.get("dialect_options", {})
            if name in wanted and is_partial != wanted[name]:
                yield f"index {name} of {table.name} covers the wrong rows"


def _not_enforced(connection: "Connection", metadata: "MetaData") -> Iterator[str]:
    """Tables on which PostgreSQL's own triggers, which enforce foreign keys, are switched off."""
    rows = connection.exec_driver_sql(
        "SELECT c.relname, count(DISTINCT t.tgconstraint) FROM pg_trigger t"
        " JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE t.tgisinternal AND t.tgenabled <> 'O' AND pg_table_is_visible(c.oid)"
        " GROUP BY 1 ORDER BY 1"
    )
    for table, count in rows:
        if table in metadata.tables:
            yield (
                f"{counted(count, 'foreign key')} from or to {table} not enforced, because triggers"
                f" are disabled: ALTER TABLE {table} ENABLE TRIGGER ALL"
            )


def _triggers(connection: "Connection", script: "ScriptDirectory", revision: str) -> Iterator[str]:
    """Triggers of the revisions up to this one that are missing, switched off or changed."""
    is_sqlite = connection.dialect.name == "sqlite"
    existing = _sqlite_triggers(connection) if is_sqlite else _postgresql_triggers(connection)
    bodies = {} if is_sqlite else _postgresql_functions(connection)
    for step in reversed(list(script.iterate_revisions(revision, "base"))):
        names = "SQLITE_TRIGGERS" if is_sqlite else "POSTGRESQL_TRIGGERS"
        for name, statement in getattr(step.module, names, {}).items():
            table = _table_of(statement)
            if name not in existing:
                yield f"trigger {name} of {table} is missing"
            elif existing[name] != (table, statement if is_sqlite else "O"):
                yield f"trigger {name} of {table} is not as petmsg made it"
        if not is_sqlite:
            for name, body in getattr(step.module, "POSTGRESQL_FUNCTIONS", {}).items():
                if bodies.get(name) != body:
                    yield f"function {name} is not as petmsg made it"


def _table_of(statement: str) -> str:
    found = _ON_TABLE.match(statement)
    if found is None:
        raise ValueError(f"no CREATE TRIGGER statement: {statement[:60]}")
    return found[1]


def _sqlite_triggers(connection: "Connection") -> dict[str, tuple[str, str]]:
    rows = connection.exec_driver_sql(
        "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"
    )
    return {name: (table, sql) for name, table, sql in rows}


def _postgresql_triggers(connection: "Connection") -> dict[str, tuple[str, str]]:
    """Each trigger's table, and `O` where it is switched on."""
    rows = connection.exec_driver_sql(
        "SELECT t.tgname, c.relname, t.tgenabled::text FROM pg_trigger t"
        " JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE NOT t.tgisinternal AND pg_table_is_visible(c.oid)"
    )
    return {name: (table, enabled) for name, table, enabled in rows}


def _postgresql_functions(connection: "Connection") -> dict[str, str]:
    rows = connection.exec_driver_sql(
        "SELECT proname, prosrc FROM pg_proc"
        " WHERE pg_function_is_visible(oid) AND prorettype = 'trigger'::regtype"
    )
    return {name: body for name, body in rows}  # noqa: C416 - a Row is no pair to dict()
