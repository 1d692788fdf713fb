"""A row never points to another org, and never moves there: attacked by raw SQL."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import ForeignKeyConstraint

from petmsg.models import metadata
from tests.support.attacks import KEYS, Database


def _references() -> list[tuple[str, str, str]]:
    """Every column that points at a row an org owns: (table, column, target table)."""
    found = []
    for table in metadata.sorted_tables:
        if "org_id" not in table.columns:
            continue  # an unmatched message is no org's until then
        for constraint in table.constraints:
            if not isinstance(constraint, ForeignKeyConstraint):
                continue
            target = constraint.referred_table.name
            columns = [column.name for column in constraint.columns]
            if target != "org":
                assert columns[0] == "org_id", f"{table.name}.{columns} does not carry org_id"
                found.append((table.name, columns[1], target))
    return sorted(found)


def test_invariant_5_there_are_references_to_attack() -> None:
    """And each carries `org_id`, which `_references` asserts."""
    assert len(_references()) > 15


@pytest.mark.parametrize(("table", "column", "target"), _references())
def test_invariant_5_a_row_never_points_into_another_org(
    database: Database, table: str, column: str, target: str
) -> None:
    row = database.row(table, "org_id = 1")
    # The newest has neither number, window nor thread yet: nothing but the org is in the way.
    ours = " AND direction = 'outbound'" if target == "message" else ""
    foreign = database.row(target, f"org_id = 2{ours} DESC")["id"]
    change: dict[str, Any] = {column: foreign}
    if table == "client_phone":
        change["is_primary"] = False
    if table == "message_attempt":
        change["attempt"] = 9
    if table == "template_version":
        change["version"] = 9
    if table == "route_override":
        change |= {"ended_at": row["until_at"], "ended_by": "ada"}
    if column == "sitter_id" and table == "message_number":
        row = database.row(table, "org_id = 1 AND class = 'sitter' AND sitter_id IS NULL")
        change = {"sitter_id": foreign, "first_sitter_id": foreign}
    if column == "first_sitter_id":
        row = database.row(table, "org_id = 1 AND class = 'sitter' AND sitter_id IS NULL")
    if table == "number_custody":
        sql, values = database.copying(row, table, **change)
        values["from_at"] += timedelta(days=9)
        words = database.refuses(sql, **values)
    else:
        sets = ", ".join(f"{name} = :{name}" for name in change)
        key = KEYS.get(table, "id")
        words = database.refuses(
            f"UPDATE {table} SET {sets} WHERE {key} = :id", id=row[key], **change
        )
    assert "foreign key" in words.lower()


@pytest.mark.parametrize("table", sorted({table for table, _, _ in _references()}))
def test_invariant_5_a_row_never_moves_to_another_org(database: Database, table: str) -> None:
    row = database.row(table, "org_id = 1")
    key = KEYS.get(table, "id")
    database.refuses(f"UPDATE {table} SET org_id = 2 WHERE {key} = :id", id=row[key])
