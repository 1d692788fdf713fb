"""The desks' phones are read beside the webhooks, and stay known while the database is away."""

from pathlib import Path

import pytest

from petmsg.db.location import locate
from petmsg.enums.numbers import NumberClass
from petmsg.services.numbers import number
from petmsg.workflows import desk_lines_thread
from petmsg.workflows.desk_lines_thread import DeskLinesThread
from petmsg.workflows.environment import Environment
from petmsg.workflows.store import Store
from tests.support.fixtures import add_org, working
from tests.support.webhooks import wait_until

DESK, PHONE = "+14155550100", "+14155559000"


@pytest.fixture
def paws(migrated_sqlite: str) -> str:
    add_org(migrated_sqlite)
    with working(migrated_sqlite) as uow:
        number.add(uow, DESK, number_class=NumberClass.FRONT_DESK)
        uow.cursor.run("UPDATE org SET desk_phone = :phone", phone=PHONE)
    return migrated_sqlite


def test_they_are_known_at_once_and_read_again(paws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk_lines_thread, "LOOK_SECONDS", 0.01)
    said: list[str] = []
    with DeskLinesThread(lambda: store(paws), said.append) as desks:
        assert phone_of(desks) == PHONE
        assert desks.is_ours(DESK)
        assert not desks.is_ours(PHONE)
        with working(paws) as uow:
            uow.cursor.run("UPDATE org SET desk_phone = '+14155559001'")
        wait_until(lambda: phone_of(desks) == "+14155559001")
    assert said == []


def test_they_stay_known_while_the_database_is_away_and_that_is_said_once(
    paws: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_lines_thread, "LOOK_SECONDS", 0.01)
    said: list[str] = []
    file = Path(str(locate(paws).path))
    with DeskLinesThread(lambda: store(paws), said.append) as desks:
        file.rename(file.with_suffix(".away"))
        wait_until(lambda: said != [])
        assert phone_of(desks) == PHONE
        file.with_suffix(".away").rename(file)
        with working(paws) as uow:
            uow.cursor.run("UPDATE org SET desk_phone = '+14155559001'")
        wait_until(lambda: phone_of(desks) == "+14155559001")
    assert len(said) == 1
    assert said[0].startswith("The front desks' phones are as they were read last: ")


def phone_of(desks: DeskLinesThread) -> str | None:
    line = desks.line_of(DESK)
    return None if line is None else line.phone


def store(url: str) -> Store:
    return Store(Environment({"PETMSG_DATABASE_URL": url, "PETMSG_ACTOR": "t@h"}))
