"""The alert about a refused account ends by itself when the provider accepts messages again."""

from datetime import timedelta

import pytest

from tests.support.fixtures import NOW, Cli, looking, working
from tests.support.on_twilio import becomes, company, keys, send
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_shapes import refusal

MINUTE = timedelta(minutes=1)


def alerts(url: str) -> list[tuple[str, str | None]]:
    with looking(url) as cursor:
        return cursor.tuples("SELECT kind, done_reason FROM alert ORDER BY id")


OPEN = [("provider_account", None)]
ENDED = [("provider_account", "messages are sent again")]


def refused(cli: Cli, fake: TwilioFake) -> None:
    """A message that waits, because the provider refuses the account."""
    fake.faults.append(refusal(20005, status=403))
    assert cli("message", "send", "C-1", "--body", "Hi", **keys(fake)).code == 5


def test_the_next_dispatch_sends_the_message_and_ends_it(migrated_url: str, cli: Cli) -> None:
    with TwilioFake(any_number=True) as fake:
        company(cli)
        refused(cli, fake)
        fake.faults.append(refusal(20005, status=403))
        assert cli("message", "dispatch", now=NOW + MINUTE, **keys(fake)).code == 5
        assert alerts(migrated_url) == OPEN
        assert cli("message", "dispatch", now=NOW + 2 * MINUTE, **keys(fake)).code == 0
        assert len(fake.messages) == 1
    assert alerts(migrated_url) == ENDED


@pytest.mark.parametrize("command", ["dispatch", "sync"])
def test_a_message_that_was_sent_meanwhile_ends_it(
    migrated_sqlite: str, sqlite_cli: Cli, command: str
) -> None:
    with TwilioFake(any_number=True) as fake:
        company(sqlite_cli)
        refused(sqlite_cli, fake)
        assert sqlite_cli("message", "cancel", "1", "--reason", "late").code == 0
        ran = sqlite_cli("message", command, now=NOW + MINUTE, **keys(fake))
        assert (ran.code, alerts(migrated_sqlite)) == (0, OPEN)
        send(sqlite_cli, fake, "C-2", now=NOW + 2 * MINUTE)
        ran = sqlite_cli("message", command, now=NOW + 3 * MINUTE, **keys(fake))
    assert (ran.code, alerts(migrated_sqlite)) == (0, ENDED)


def test_a_message_that_was_sent_before_the_refusal_ends_nothing(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    with TwilioFake(any_number=True) as fake:
        company(sqlite_cli)
        send(sqlite_cli, fake, "C-2", now=NOW - MINUTE)
        refused(sqlite_cli, fake)
        assert sqlite_cli("message", "cancel", "1", "--reason", "late").code in (0, 4)
        assert sqlite_cli("message", "cancel", "2", "--reason", "late").code == 0
        ran = sqlite_cli("message", "sync", now=NOW + MINUTE, **keys(fake))
    assert (ran.code, alerts(migrated_sqlite)) == (0, OPEN)


def test_nor_one_that_was_sent_while_a_number_is_held_back(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    with TwilioFake(any_number=True) as fake:
        company(sqlite_cli)
        refused(sqlite_cli, fake)
        assert sqlite_cli("message", "cancel", "1", "--reason", "late").code == 0
        send(sqlite_cli, fake, "C-2", now=NOW + MINUTE)
        with working(migrated_sqlite) as uow:
            uow.cursor.run(
                "UPDATE message_number SET refused_code = '30034', refused_at = :now,"
                " refused_until = :now WHERE id = (SELECT max(id) FROM message_number)",
                now=NOW,
            )
        ran = sqlite_cli("message", "sync", now=NOW + 2 * MINUTE, **keys(fake))
    assert (ran.code, alerts(migrated_sqlite)) == (0, OPEN)


def test_it_stays_while_a_number_is_held_back(migrated_sqlite: str, sqlite_cli: Cli) -> None:
    with TwilioFake(any_number=True) as fake:
        company(sqlite_cli)
        assert sqlite_cli("number", "add", "+18885550199", "--class", "pool").code == 0
        becomes(fake, send(sqlite_cli, fake), "undelivered", 30032)
        assert sqlite_cli("message", "sync", now=NOW + 2 * MINUTE, **keys(fake)).code == 0
        assert alerts(migrated_sqlite) == OPEN
        sent = ("message", "send", "C-2", "--as", "desk", "--body", "Hi")
        assert sqlite_cli(*sent, now=NOW + 3 * MINUTE, **keys(fake)).code == 0
        assert sqlite_cli("message", "sync", now=NOW + 4 * MINUTE, **keys(fake)).code == 0
    assert alerts(migrated_sqlite) == OPEN
