"""The invariants of the contract, each attacked by raw SQL around petmsg, on both databases.

What refuses here is the database itself: constraints, unique indexes, foreign keys, triggers.
"""

from datetime import datetime, timedelta
from itertools import product

import pytest

from tests.support.attacks import Database, copied
from tests.support.fixtures import NOW

# ----------------------------------------------------------------- 1: one thread per client and org


def test_invariant_1_a_second_thread_of_a_client_is_refused(database: Database) -> None:
    sql, values = copied(database, "thread", "org_id = 1")
    words = database.refuses(sql, **values)
    assert "thread" in words
    assert "client_id" in words


def clear_the_way(database: Database) -> None:
    """Windows and messages would hold a thread in its place."""
    database.accepts("DELETE FROM assignment_window")
    database.accepts("DELETE FROM message_attempt")
    database.accepts("UPDATE message SET thread_id = NULL, client_id = NULL")


def test_invariant_1_a_thread_is_not_moved_to_a_client_who_has_one(database: Database) -> None:
    clear_the_way(database)
    database.refuses(
        "UPDATE thread SET client_id = :client WHERE id = :thread",
        client=database.row("client", "org_id = 1 AND ref = 'C-1'")["id"],
        thread=database.row("thread", "client_id = (SELECT id FROM client WHERE org_id = 1 AND"
                            " ref = 'C-2')")["id"],
    )  # fmt: skip


def test_invariant_1_a_thread_is_never_deleted_or_replaced(database: Database) -> None:
    clear_the_way(database)
    database.refuses("DELETE FROM thread WHERE org_id = 1")
    if database.is_sqlite:
        sql, values = copied(database, "thread", "org_id = 1", verb="INSERT OR REPLACE")
        database.refuses(sql, **values)
    else:
        database.refuses("TRUNCATE thread CASCADE")
        database.refuses("TRUNCATE client CASCADE")


# ----------------------------------------------------------------------- 2: a phone is one number's


@pytest.mark.parametrize("org", [1, 2])
def test_invariant_2_an_e164_stands_once_among_the_numbers_of_all_orgs(
    database: Database, org: int
) -> None:
    there = database.row("message_number", "org_id = 1 AND class = 'pool'")
    sql, values = database.copying(there, "message_number", org_id=org)
    assert "e164" in database.refuses(sql, **values)
    other = database.row("message_number", "org_id = :org AND e164 <> :e", org=org, e=there["e164"])
    database.refuses(
        "UPDATE message_number SET e164 = :e164 WHERE id = :id", e164=there["e164"], id=other["id"]
    )
    if database.is_sqlite:
        sql, values = database.copying(
            there, "message_number", org_id=org, verb="INSERT OR REPLACE"
        )
        database.refuses(sql, **values)


def test_invariant_2_a_phone_stands_once_per_org_among_its_clients(database: Database) -> None:
    phone = database.row("client_phone", "org_id = 1")
    other = database.row("client", "org_id = 1 AND id <> :id", id=phone["client_id"])
    sql, values = database.copying(phone, "client_phone", client_id=other["id"], is_primary=False)
    assert "e164" in database.refuses(sql, **values)
    database.refuses(
        "UPDATE client_phone SET e164 = :e164 WHERE client_id = :other",
        e164=phone["e164"],
        other=other["id"],
    )


def test_invariant_2_one_phone_may_be_a_clients_in_two_orgs(database: Database) -> None:
    phone = database.row("client_phone", "org_id = 1")
    elsewhere = database.row("client", "org_id = 2")
    sql, values = database.copying(
        phone, "client_phone", org_id=2, client_id=elsewhere["id"], is_primary=False
    )
    database.accepts(sql, **values)


# ------------------------------------------------------------------------ 3: who holds which number


def test_invariant_3_a_sitter_holds_at_most_one_number(database: Database) -> None:
    held = database.row("message_number", "org_id = 1 AND sitter_id IS NOT NULL")
    database.refuses(
        "UPDATE message_number SET sitter_id = :s, first_sitter_id = :s"
        " WHERE org_id = 1 AND class = 'sitter' AND sitter_id IS NULL",
        s=held["sitter_id"],
    )
    sql, values = database.copying(held, "message_number", e164="+14155550999")
    database.refuses(sql, **values)
    if database.is_sqlite:
        sql, values = database.copying(
            held, "message_number", e164="+14155550999", verb="INSERT OR REPLACE"
        )
        database.refuses(sql, **values)


@pytest.mark.parametrize("number_class", ["pool", "front_desk"])
def test_invariant_3_only_a_number_of_class_sitter_can_be_held(
    database: Database, number_class: str
) -> None:
    database.refuses(
        "UPDATE message_number SET class = :c WHERE org_id = 1 AND sitter_id IS NOT NULL",
        c=number_class,
    )
    free = database.row("sitter", "org_id = 1 AND ref = 'S-2'")
    database.refuses(
        "UPDATE message_number SET sitter_id = :s, first_sitter_id = :s"
        " WHERE org_id = 1 AND class = :c AND status = 'active'",
        s=free["id"],
        c=number_class,
    )


def test_invariant_3_an_org_has_at_most_one_active_front_desk_number(database: Database) -> None:
    make_it = "UPDATE message_number SET class = 'front_desk' WHERE org_id = 1 AND class = 'pool'"
    database.refuses(make_it + " AND status = 'active'")
    database.accepts(make_it + " AND status = 'quarantined'")
    database.refuses(
        "UPDATE message_number SET status = 'active', quarantined_until = NULL,"
        " quarantine_reason = NULL WHERE org_id = 1 AND status = 'quarantined'"
    )


def test_invariant_3_a_number_once_given_to_a_sitter_never_goes_to_another(
    database: Database,
) -> None:
    other = database.row("sitter", "org_id = 1 AND ref = 'S-2'")
    change = "UPDATE message_number SET {} WHERE org_id = 1 AND first_sitter_id IS NOT NULL"
    database.refuses(change.format("sitter_id = :s, first_sitter_id = :s"), s=other["id"])
    database.refuses(change.format("sitter_id = NULL, first_sitter_id = NULL"))
    database.accepts(change.format("sitter_id = NULL"))
    database.refuses(change.format("sitter_id = :s, first_sitter_id = :s"), s=other["id"])
    database.refuses(change.format("sitter_id = :s"), s=other["id"])
    database.refuses("DELETE FROM message_number WHERE org_id = 1")
    if not database.is_sqlite:
        database.refuses("TRUNCATE message_number CASCADE")
        database.refuses("TRUNCATE sitter CASCADE")


# ----------------------------------------------------------------------- 4: windows and their times


def test_invariant_4_a_booking_has_one_window(database: Database) -> None:
    sql, values = copied(database, "assignment_window", "org_id = 1")
    assert "booking_id" in database.refuses(sql, **values)


def test_invariant_4_replacing_a_window_leaves_one(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL has no INSERT OR REPLACE")
    row = database.row("assignment_window", "org_id = 1")
    sql, values = database.copying(row, "assignment_window", verb="INSERT OR REPLACE")
    database.accepts(sql, **values)
    assert database.count("assignment_window", f"booking_id = {row['booking_id']}") == 1


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("booking", "ends_at"),
        ("assignment_window", "ends_at"),
        ("assignment_window", "booked_until"),
    ],
)
@pytest.mark.parametrize("later", [timedelta(0), timedelta(microseconds=-1), timedelta(days=-9)])
def test_invariant_4_an_end_is_later_than_its_start(
    database: Database, table: str, column: str, later: timedelta
) -> None:
    row = database.row(table, "org_id = 1")
    changed = {"ends_at": row["ends_at"], column: row["starts_at"] + later}
    sets = ", ".join(f"{name} = :{name}" for name in changed)
    database.refuses(f"UPDATE {table} SET {sets} WHERE id = :id", id=row["id"], **changed)


def test_invariant_4_a_windows_thread_is_its_bookings_clients(database: Database) -> None:
    window = database.row("assignment_window", "org_id = 1")
    other = database.row("thread", "org_id = 1 AND client_id <> :c", c=window["client_id"])
    change = "UPDATE assignment_window SET {} WHERE id = :id"
    database.refuses(change.format("thread_id = :t"), t=other["id"], id=window["id"])
    database.refuses(
        change.format("thread_id = :t, client_id = :c"),
        t=other["id"],
        c=other["client_id"],
        id=window["id"],
    )
    database.refuses(
        "UPDATE booking SET client_id = :c WHERE id = :b",
        c=other["client_id"],
        b=window["booking_id"],
    )
    database.refuses("DELETE FROM booking WHERE id = :b", b=window["booking_id"])


# ----------------------------------------------------------------- 6: quarantine has its two fields


@pytest.mark.parametrize(
    ("status", "until", "reason"),
    [
        combination
        for combination in product(
            ("active", "quarantined", "retired"), (None, NOW + timedelta(days=9)), (None, "why")
        )
        if (combination[0] == "quarantined") != all(combination[1:])
        or (combination[0] != "quarantined" and any(combination[1:]))
    ],
)
def test_invariant_6_a_quarantined_number_has_reason_and_end_and_no_other_has(
    database: Database, status: str, until: datetime | None, reason: str | None
) -> None:
    database.refuses(
        "UPDATE message_number SET status = :status, quarantined_until = :quarantined_until,"
        " quarantine_reason = :reason WHERE org_id = 1 AND class = 'pool'",
        status=status,
        quarantined_until=until,
        reason=reason,
    )


def test_invariant_6_a_retired_number_stays_retired(database: Database) -> None:
    database.accepts(
        "UPDATE message_number SET status = 'retired'"
        " WHERE org_id = 1 AND class = 'pool' AND status = 'active'"
    )
    database.refuses("UPDATE message_number SET status = 'active' WHERE status = 'retired'")


# ------------------------------------------------------------------ 7: ids and keys that stand once


@pytest.mark.parametrize("org", [1, 2])
def test_invariant_7_a_provider_message_id_stands_once(database: Database, org: int) -> None:
    sent = database.row("message", "org_id = 1 AND provider_message_id IS NOT NULL")
    other = database.row("message", "org_id = :org AND id <> :id", org=org, id=sent["id"])
    words = database.refuses(
        "UPDATE message SET provider_message_id = :sid WHERE id = :id",
        sid=sent["provider_message_id"],
        id=other["id"],
    )
    assert "provider_message_id" in words


def test_invariant_7_a_key_stands_once_per_org(database: Database) -> None:
    first = database.row("message", "org_id = 1")
    for org in (1, 2):
        other = database.row("message", "org_id = :org AND id <> :id", org=org, id=first["id"])
        attack = {"key": first["idempotency_key"], "id": other["id"]}
        change = "UPDATE message SET idempotency_key = :key WHERE id = :id"
        if org == 1:
            assert "idempotency_key" in database.refuses(change, **attack)
        elif other["idempotency_key"] != first["idempotency_key"]:
            database.accepts(change, **attack)


def test_invariant_7_replacing_a_text_leaves_one_with_its_key(database: Database) -> None:
    """One that waits; a message that was ever tried is held by its attempts."""
    if not database.is_sqlite:
        pytest.skip("PostgreSQL has no INSERT OR REPLACE")
    for where in ("status = 'queued'", "status = 'sent'"):
        row = database.row("message", f"org_id = 1 AND {where}")
        sql, values = database.copying(row, "message", verb="INSERT OR REPLACE")
        if row["attempts"]:
            database.refuses(sql, **values)
        else:
            database.accepts(sql, **values)
        key = row["idempotency_key"]
        assert database.count("message", f"idempotency_key = '{key}'") == 2  # 1 an org
        if row["provider_message_id"] is not None:
            assert (
                database.count("message", f"provider_message_id = '{row['provider_message_id']}'")
                == 1
            )
