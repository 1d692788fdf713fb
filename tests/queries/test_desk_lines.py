"""Whose phone rings while the database does not answer, and which number it shows."""

from datetime import timedelta

import pytest

from petmsg.enums.numbers import NumberClass
from petmsg.queries.desk_lines import desk_lines
from petmsg.rules.desk_line import DeskLine
from petmsg.rules.send_blocks import QuietHours
from petmsg.services.numbers import number
from tests.support.fixtures import NOW, add_org, looking, working

DESK, POOL, OTHER = "+14155550100", "+14155550150", "+14155550151"
PHONE = "+14155559000"
DAY = timedelta(days=1)


@pytest.fixture
def paws(migrated_url: str) -> str:
    """A company with a front desk number, two pool numbers and a desk phone."""
    add_org(migrated_url)
    with working(migrated_url) as uow:
        number.add(uow, POOL, number_class=NumberClass.POOL)
        number.add(uow, OTHER, number_class=NumberClass.POOL)
        number.add(uow, DESK, number_class=NumberClass.FRONT_DESK)
    change(migrated_url, f"UPDATE org SET desk_phone = '{PHONE}', ring_seconds = 25")
    return migrated_url


def change(url: str, sql: str) -> None:
    with working(url) as uow:
        uow.cursor.run(sql)


def shown(url: str, e164: str) -> str | None:
    with looking(url) as cursor:
        line = desk_lines(cursor, NOW)[e164]
    return None if line is None else line.caller_id


def test_the_line_of_a_number_is_that_of_its_org(paws: str) -> None:
    change(paws, "UPDATE org SET open_from_minute = 540, open_until_minute = 1020")
    with looking(paws) as cursor:
        (org,) = cursor.rows("SELECT * FROM org")
        assert desk_lines(cursor, NOW)[POOL] == DeskLine(
            org_id=org["id"],
            company=org["name"],
            phone=PHONE,
            caller_id=POOL,
            seconds=25,
            office=QuietHours(540, 1020),
            timezone=org["timezone"],
            calls_per_hour=20,
        )


def test_a_company_on_twilio_has_an_account(paws: str) -> None:
    change(paws, "UPDATE org SET provider = 'twilio', twilio_account = 'north'")
    with looking(paws) as cursor:
        line = desk_lines(cursor, NOW)[POOL]
    assert line is not None
    assert line.is_of(frozenset(("north",)))
    assert not line.is_of(frozenset((None,)))


def test_the_desk_sees_the_called_number_or_else_the_desk_s_or_another(paws: str) -> None:
    assert shown(paws, POOL) == POOL
    change(paws, f"UPDATE message_number SET voice = {false(paws)} WHERE e164 = '{POOL}'")
    assert shown(paws, POOL) == DESK
    change(paws, f"UPDATE message_number SET voice = {false(paws)} WHERE e164 = '{DESK}'")
    assert shown(paws, POOL) == OTHER
    assert shown(paws, DESK) == OTHER
    change(paws, f"UPDATE message_number SET voice = {false(paws)}")
    assert shown(paws, POOL) is None


def test_a_number_in_quarantine_is_not_shown(paws: str) -> None:
    change(
        paws,
        "UPDATE message_number SET status = 'quarantined', quarantine_reason = 'x',"
        f" quarantined_until = '2026-02-15T00:00:00.000000' WHERE e164 = '{POOL}'",
    )
    assert shown(paws, POOL) == DESK
    with looking(paws) as cursor:
        later = desk_lines(cursor, NOW + DAY)[POOL]
    assert later is not None
    assert later.caller_id == POOL


def test_a_retired_number_has_no_line_but_is_ours(paws: str) -> None:
    change(paws, f"UPDATE message_number SET status = 'retired' WHERE e164 = '{OTHER}'")
    with looking(paws) as cursor:
        lines = desk_lines(cursor, NOW)
    assert lines[OTHER] is None
    assert set(lines) == {DESK, POOL, OTHER}


def test_a_company_without_a_desk_phone_has_a_name(paws: str) -> None:
    change(paws, "UPDATE org SET desk_phone = NULL")
    with looking(paws) as cursor:
        line = desk_lines(cursor, NOW)[POOL]
    assert line is not None
    assert (line.phone, line.company) != (PHONE, "")


def test_a_removed_company_has_none(paws: str) -> None:
    change(paws, "UPDATE org SET removed_at = '2026-02-14T00:00:00.000000'")
    with looking(paws) as cursor:
        assert desk_lines(cursor, NOW) == {}


def false(url: str) -> str:
    return "FALSE" if "postgres" in url else "0"
