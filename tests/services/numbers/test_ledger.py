"""The number ledger: what every change of a number adds to it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.errors import OutOfRange
from petmsg.services.numbers import ledger as service
from petmsg.services.numbers import number, quarantine
from petmsg.services.people import offboard, sitter
from petmsg.services.unit_of_work import UnitOfWork
from tests.support.fixtures import NOW, add_org, looking, working

N1, N2, POOL = "+14155550101", "+14155550102", "+14155550201"
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def url(migrated_url: str) -> str:
    """A database with an org, two sitter numbers, a pool number and an active sitter."""
    add_org(migrated_url)
    with working(migrated_url) as uow:
        number.add_all(uow, [N1, N2], number_class=NumberClass.SITTER)
        number.add(uow, POOL, number_class=NumberClass.POOL)
        sitter.add(uow, "Maya Lee", phone="+14155559001", ref="S-1", do_activate=True)
        sitter.add(uow, "Zoe Kim", phone="+14155559002", ref="S-2")
    return migrated_url


def ledger(url: str, e164: str) -> list[dict[str, Any]]:
    with looking(url) as cursor:
        return cursor.rows(
            "SELECT c.from_at, c.class, c.status, s.ref AS sitter, c.quarantined_until,"
            " c.reason, c.actor FROM number_custody c"
            " JOIN message_number n ON n.id = c.number_id"
            " LEFT JOIN sitter s ON s.id = c.sitter_id"
            " WHERE n.e164 = :e164 ORDER BY c.from_at",
            e164=e164,
        )


def stored(url: str, e164: str) -> dict[str, Any]:
    """The number as it is, in the ledger's words."""
    with looking(url) as cursor:
        return cursor.rows(
            "SELECT n.class, n.status, s.ref AS sitter, n.quarantined_until FROM message_number n"
            " LEFT JOIN sitter s ON s.id = n.sitter_id WHERE n.e164 = :e164",
            e164=e164,
        )[0]


CHANGES: dict[str, tuple[str, Callable[[UnitOfWork], object]]] = {
    "assigned": (N2, lambda uow: number.assign(uow, N2, "S-2")),
    "class set": (N2, lambda uow: number.set_class(uow, N2, number_class=NumberClass.POOL)),
    "desk replaced": (
        "+14155550100",
        lambda uow: number.set_class(uow, N2, number_class=NumberClass.FRONT_DESK, replace=True),
    ),
    "retired": (N1, lambda uow: number.retire(uow, N1)),
    "quarantined": (
        N1,
        lambda uow: quarantine.quarantine_all(uow, [N1], reason="spam", days=7),
    ),
    "deactivated": (N1, lambda uow: offboard.deactivate(uow, "S-1")),
    "renumbered": (N1, lambda uow: sitter.renumber(uow, "S-1", reason="spam")),
    "renumbered to": (N2, lambda uow: sitter.renumber(uow, "S-1", reason="spam")),
}


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_of_a_number_appends_one_ledger_row_with_its_state(
    url: str, change: str
) -> None:
    e164, make = CHANGES[change]
    before = ledger(url, e164)
    now = NOW + timedelta(hours=1)
    with working(url, now=now, actor="olga") as uow:
        make(uow)
    rows = ledger(url, e164)
    assert rows[:-1] == before
    last = rows[-1]
    assert {name: last[name] for name in stored(url, e164)} == stored(url, e164)
    assert (last["from_at"], last["actor"]) == (now, "olga")
    assert last["reason"]


def test_restores_and_releases_append_ledger_rows(url: str) -> None:
    with working(url) as uow:
        quarantine.quarantine_all(uow, [N1, N2], reason="spam", days=7)
    with working(url, now=NOW + timedelta(days=1)) as uow:
        quarantine.restore(uow, N1, reason="cleared")
    with working(url, now=NOW + timedelta(days=7)) as uow:
        quarantine.release_due(uow)
    for e164, restored_at, reason in (
        (N1, NOW + timedelta(days=1), "cleared"),
        (N2, NOW + timedelta(days=7), "quarantine over"),
    ):
        last = ledger(url, e164)[-1]
        assert (last["from_at"], last["status"], last["quarantined_until"], last["reason"]) == (
            restored_at,
            "active",
            None,
            reason,
        )


def test_no_change_appends_no_ledger_row(url: str) -> None:
    before = ledger(url, N1)
    with working(url, now=NOW + timedelta(hours=1)) as uow:
        number.add(uow, N1, number_class=NumberClass.SITTER)
        number.assign(uow, N1, "S-1")
        number.set_class(uow, N1, number_class=NumberClass.SITTER)
        sitter.activate(uow, "S-1")
        quarantine.release_due(uow)
    assert ledger(url, N1) == before


def test_a_clock_set_back_causes_neither_a_gap_nor_an_overlap(url: str) -> None:
    """A row starts at the latest of now and the start of the one before plus 1 µs."""
    later = NOW + timedelta(hours=5)
    with working(url, now=later) as uow:
        quarantine.quarantine_all(uow, [N1], reason="spam", days=7)
    with working(url, now=NOW + timedelta(hours=1)) as uow:
        quarantine.restore(uow, N1, reason="cleared")
        quarantine.quarantine_all(uow, [N1], reason="again", days=7)
    starts = [row["from_at"] for row in ledger(url, N1)]
    assert starts[-3:] == [later, later + MICROSECOND, later + 2 * MICROSECOND]


def test_several_changes_in_one_instant_keep_their_order(url: str) -> None:
    with working(url) as uow:
        number.set_class(uow, N2, number_class=NumberClass.POOL)
        number.set_class(uow, N2, number_class=NumberClass.SITTER)
        number.retire(uow, N2)
    rows = ledger(url, N2)
    assert [(row["class"], row["status"]) for row in rows] == [
        ("sitter", "active"),
        ("pool", "active"),
        ("sitter", "active"),
        ("sitter", "retired"),
    ]
    assert [row["from_at"] - NOW for row in rows] == [n * MICROSECOND for n in range(4)]


def test_every_instant_since_a_number_was_added_has_exactly_one_ledger_row(url: str) -> None:
    changes: list[Callable[[UnitOfWork], object]] = [
        lambda uow: offboard.deactivate(uow, "S-1", days=1),
        lambda uow: quarantine.restore(uow, N1, reason="x"),
        lambda uow: number.retire(uow, N1),
    ]
    moments = [NOW + timedelta(hours=n) for n in range(1, 4)]
    for moment, make in zip(moments, changes, strict=True):
        with working(url, now=moment) as uow:
            make(uow)
    rows = ledger(url, N1)
    ends: list[datetime | None] = [*(row["from_at"] for row in rows[1:]), None]
    for moment in [*moments, *(each - MICROSECOND for each in moments), NOW]:
        holding = [
            row
            for row, end in zip(rows, ends, strict=True)
            if row["from_at"] <= moment and (end is None or moment < end)
        ]
        assert len(holding) == 1


@pytest.mark.parametrize("days", [0, -1, 3651, 10**30])
def test_a_quarantine_lasts_1_to_3650_days(migrated_sqlite: str, days: int) -> None:
    add_org(migrated_sqlite)
    with working(migrated_sqlite) as uow, pytest.raises(OutOfRange):
        service.quarantine_end(uow, days)


def test_a_retired_number_is_locked_only_on_request(migrated_sqlite: str) -> None:
    add_org(migrated_sqlite)
    with working(migrated_sqlite) as uow:
        number.add(uow, POOL, number_class=NumberClass.POOL)
        number.retire(uow, POOL)
        with pytest.raises(service.NumberRetired):
            service.locked_number(uow, POOL)
        found = service.locked_number(uow, POOL, even_retired=True)
        assert found.status is NumberStatus.RETIRED
