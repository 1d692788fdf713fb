"""Alerts about clients who wait: nobody writes to the database while there is nothing to change."""

from datetime import datetime, timedelta

from petmsg.queries.org import find_org
from petmsg.services.inbound.waiting import is_due, update_waiting_alerts
from tests.support.fixtures import NOW, Cli, looking, working
from tests.support.incoming import comes
from tests.support.texting import DESK, people_and_visit

MINUTE = timedelta(minutes=1)
LATE = NOW + 16 * MINUTE


def due(url: str, now: datetime) -> bool:
    with looking(url) as cursor:
        return is_due(cursor, find_org(cursor, None), now=now)


def updated(url: str, now: datetime) -> int:
    """How many alerts were raised. Right after it there is nothing left to do."""
    with working(url, now=now) as uow:
        raised = update_waiting_alerts(uow)
    assert not due(url, now)
    return raised


def test_nothing_is_due_before_the_time_for_an_answer_and_after_the_alert(
    cli: Cli, migrated_url: str
) -> None:
    people_and_visit(cli)
    comes(cli, "Hello", to=DESK)
    assert not due(migrated_url, NOW + 14 * MINUTE)
    assert due(migrated_url, LATE)
    assert updated(migrated_url, LATE) == 1
    cli("inbox", "done", "1", now=LATE)
    assert updated(migrated_url, LATE) == 0


def test_nothing_is_due_once_a_person_closed_the_alert(cli: Cli, migrated_url: str) -> None:
    """Else `serve` and `dispatch --watch` begin a transaction at every look, as long as the message
    waits."""
    people_and_visit(cli)
    comes(cli, "Hello", to=DESK)
    assert updated(migrated_url, LATE) == 1
    (alert,) = cli("alert", "list", "-o", "json", now=LATE).json
    cli("alert", "done", str(alert["alert"]), now=LATE + MINUTE)
    assert not due(migrated_url, LATE + 2 * MINUTE)
    comes(cli, "Hello?", to=DESK, now=LATE + 3 * MINUTE)
    assert updated(migrated_url, LATE + 20 * MINUTE) == 1


def test_nothing_is_due_while_newer_words_keep_an_alert_open(cli: Cli, migrated_url: str) -> None:
    people_and_visit(cli)
    comes(cli, "Hello", to=DESK)
    assert updated(migrated_url, LATE) == 1
    comes(cli, "Hello?", to=DESK, now=LATE)
    cli("inbox", "done", "1", now=LATE)
    assert not due(migrated_url, LATE + MINUTE)


def test_words_that_are_stored_while_an_alert_ends_raise_another(
    cli: Cli, migrated_url: str
) -> None:
    """They came a moment before the first words were seen to, and were not in the database yet."""
    people_and_visit(cli)
    comes(cli, "Hello", to=DESK)
    assert updated(migrated_url, LATE) == 1
    cli("inbox", "done", "1", now=LATE + 2 * MINUTE)
    comes(cli, "Hello?", to=DESK, now=LATE + MINUTE)
    assert updated(migrated_url, LATE + 30 * MINUTE) == 1
