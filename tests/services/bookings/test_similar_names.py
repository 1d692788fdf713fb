"""A file of bookings may write a name another way than the company does."""

from typing import Any

import pytest

from petmsg.services.bookings import booking_import
from petmsg.services.people import client, sitter
from tests.support.fixtures import build_org, working
from tests.support.imports import rows_of, told


def imported(url: str, name: str, sitter_name: str | None = None) -> Any:
    cells = {"client": name, "sitter": sitter_name}
    times = {"starts_at": "2026-03-01T10:00", "ends_at": "2026-03-01T12:00"}
    with working(url) as uow:
        (done,) = booking_import.import_rows(uow, rows_of([{**cells, **times}]))
    return done


@pytest.fixture
def url(migrated_url: str) -> str:
    build_org(migrated_url)
    with working(migrated_url) as uow:
        client.add(uow, "Ann Ivers", phones=["+14155550171"], ref="A-1")
        client.add(uow, "Bo Lind", phones=["+14155550172"], ref="B-1")
        client.add(uow, "LIND, Bo", phones=["+14155550173"], ref="B-2")
        sitter.add(uow, "José Núñez", phone="+14155550174", ref="J-1")
    return migrated_url


def test_case_accents_and_order_do_not_count(url: str) -> None:
    assert told([imported(url, "ANN  IVERS", "jose nunez")]) == [("B-1", "created")]
    assert told([imported(url, "Ivers, Ann", "JOSÉ NÚÑEZ")]) == [("B-1", "unchanged")]


def test_a_part_of_a_name_is_not_enough(url: str) -> None:
    done = imported(url, "Ann", "José")
    assert [each.code for each in done.error.faults] == ["client_not_found", "sitter_not_found"]


def test_the_exact_name_comes_first_and_several_others_are_refused(url: str) -> None:
    assert told([imported(url, "Bo Lind")]) == [("B-1", "created")]
    done = imported(url, "bo lind")
    assert done.error.message == "'bo lind' matches 2 clients: B-1, B-2."
