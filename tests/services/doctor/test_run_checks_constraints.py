"""`doctor` finds what a constraint, foreign key or vocabulary prevents, and each has a check."""

import re
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, Enum, ForeignKeyConstraint, UniqueConstraint

from petmsg.db.cursor import Cursor
from petmsg.enums.alerts import CheckResult
from petmsg.models import metadata
from petmsg.queries.invariants.orphan_references import OF_AN_ORG, VOCABULARIES
from tests.services.doctor.prevented_faults import HELD
from tests.support.unguarded import examine, told


def constraints() -> set[str]:
    """The CHECKs, UNIQUEs and unique indexes of the models, except those of vocabularies (below)
    and those that contain an id."""
    found = set()
    for table in metadata.sorted_tables:
        for each in table.constraints:
            if isinstance(each, CheckConstraint) and not each._type_bound:
                found.add(str(each.name))
        for unique in [
            *(each for each in table.constraints if isinstance(each, UniqueConstraint)),
            *(each for each in table.indexes if each.unique),
        ]:
            columns = [column.name for column in unique.columns]
            if "id" not in columns:
                name = str(unique.name) if unique in table.indexes else None
                found.add(name or f"uq_{table.name}_{'_'.join(columns)}")
    return found


def test_every_constraint_has_a_check() -> None:
    assert constraints() == set(HELD)


@pytest.mark.parametrize("constraint", HELD)
def test_a_fault_that_a_constraint_would_prevent_is_found(
    bare: Cursor, bare_world: str, constraint: str
) -> None:
    check, fault = HELD[constraint]
    assert bare.run(fault) > 0
    assert told(examine(bare, bare_world, check)) == [check]


def references() -> set[tuple[str, str, str]]:
    """Every column that references another row: (table, column, target table)."""
    found = set()
    for table in metadata.sorted_tables:
        for each in table.constraints:
            if isinstance(each, ForeignKeyConstraint):
                names = [column.name for column in each.columns]
                if each.parent.name == "stray_text":  # of no org: `stray_once` follows it
                    continue
                column = names[0] if names == ["org_id"] else names[1]
                found.add((table.name, column, each.referred_table.name))
    return found


def test_every_foreign_key_is_checked() -> None:
    ours = {(table, column, target) for table, columns in OF_AN_ORG.items()
            for column, target in columns}  # fmt: skip
    ours |= {(table, "org_id", "org") for table in OF_AN_ORG}
    missing = references() - ours
    assert missing == set()
    # Tables without a foreign key to the org reach the org by another table.
    assert {each for each in ours - references() if each[1] != "org_id"} == set()


@pytest.mark.parametrize(("table", "column", "target"), sorted(references()))
def test_a_reference_to_a_missing_row_is_found(
    bare: Cursor, bare_world: str, table: str, column: str, target: str
) -> None:
    if table == "ref_counter":  # every ref of theirs was given
        bare.run("INSERT INTO ref_counter (org_id, noun, next_value) VALUES (1, 'client', 1)")
    assert bare.run(f"UPDATE {table} SET {column} = 9999") > 0
    rows = [row for row in examine(bare, bare_world, "pointers") if row.result != CheckResult.OK]
    assert any(
        row.message.startswith(f"{column} of ")
        and row.message.endswith(f" in {table} references a missing {target}")
        for row in rows
    )


@pytest.mark.parametrize(
    ("table", "column", "target"), sorted(each for each in references() if each[1] != "org_id")
)
def test_a_reference_to_a_row_of_another_org_is_found(
    bare: Cursor, bare_world: str, table: str, column: str, target: str
) -> None:
    foreign = f"(SELECT max(id) FROM {target} WHERE org_id = 2)"
    assert bare.run(f"UPDATE {table} SET {column} = {foreign} WHERE org_id = 1") > 0
    (row,) = examine(bare, bare_world, "pointers")
    assert row.org == "alpha"
    assert row.message.endswith(f" in {table} references a {target} of beta")
    assert examine(bare, bare_world, "pointers", org="beta")[0].result is CheckResult.OK


def vocabularies() -> set[tuple[str, str, tuple[str, ...], bool]]:
    return {
        (table.name, column.name, tuple(column.type.enums), not column.nullable)
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Enum)
    }


def test_every_vocabulary_is_checked() -> None:
    ours = {(each.table, each.column, tuple(word.value for word in each.words), each.required)
            for each in VOCABULARIES}  # fmt: skip
    assert ours == vocabularies()


@pytest.mark.parametrize("word", ["'nonsense'", "NULL"])
@pytest.mark.parametrize("vocabulary", VOCABULARIES, ids=lambda each: f"{each[0]}.{each[1]}")
def test_an_invalid_enum_value_is_found(
    bare: Cursor, bare_world: str, vocabulary: Any, word: str
) -> None:
    table, column, _, required = vocabulary
    bare.run(f"UPDATE {table} SET {column} = {word}")
    rows = examine(bare, bare_world, "words")
    if word == "NULL" and not required:
        assert told(rows) == []
    else:
        assert re.match(rf"{column} of \d+ rows? in {table} has the invalid value", rows[0].message)
        assert told(rows) == ["words"]
