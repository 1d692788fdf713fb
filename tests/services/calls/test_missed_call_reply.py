"""The message to a client whose call nobody took: once a day, and held as any message is."""

from datetime import timedelta

import pytest

from tests.support.calling import arrived, company, ended, left, picked_up, tell
from tests.support.fixtures import NOW, Cli
from tests.support.incoming import BOB, STRANGER, comes, relayed
from tests.support.texting import ANN, POOL, kept

HOUR = timedelta(hours=1)
WORDS = "Sorry that we missed your call."
REPLY = ("auto_reply", ANN, WORDS, "queued")


@pytest.fixture
def ready(cli: Cli) -> Cli:
    company(cli, "--missed-call-reply", WORDS)
    return cli


def missed(url: str, call: str = "CA1", *, sender: str | None = ANN, now: object = NOW) -> None:
    tell(
        url,
        arrived(call, sender=sender, to=POOL),
        ended(call=call, sender=sender, to=POOL),
        now=now,
    )  # type: ignore[arg-type]


def test_a_client_gets_it_once_in_a_day(ready: Cli, migrated_url: str) -> None:
    missed(migrated_url)
    assert relayed(migrated_url) == [REPLY]
    missed(migrated_url, "CA2", now=NOW + 23 * HOUR)
    assert relayed(migrated_url) == [REPLY]
    missed(migrated_url, "CA3", sender=BOB, now=NOW + 23 * HOUR)
    missed(migrated_url, "CA4", now=NOW + 25 * HOUR)
    assert [each[1] for each in relayed(migrated_url)] == [ANN, BOB, ANN]


def test_a_voicemail_gets_it_as_well_and_only_once(ready: Cli, migrated_url: str) -> None:
    tell(migrated_url, arrived(to=POOL), left(), ended(to=POOL), left())
    assert relayed(migrated_url) == [REPLY]


def test_a_call_that_was_taken_gets_none(ready: Cli, migrated_url: str) -> None:
    tell(migrated_url, arrived(to=POOL), picked_up(), ended(to=POOL))
    assert relayed(migrated_url) == []


@pytest.mark.parametrize("sender", [STRANGER, None, "+14155552001"])
def test_only_clients_get_it(ready: Cli, migrated_url: str, sender: str | None) -> None:
    missed(migrated_url, sender=sender)
    assert relayed(migrated_url) == []


def test_a_reply_to_a_message_takes_no_turn_of_it(ready: Cli, migrated_url: str) -> None:
    assert (
        ready("org", "set", "--office-hours", "20:00-21:00", "--closed-reply", "Closed.").code == 0
    )
    comes(ready, to=POOL)
    missed(migrated_url)
    assert [each[2] for each in relayed(migrated_url)] == ["Closed.", WORDS]


def test_a_client_who_opted_out_gets_none_and_is_connected(ready: Cli, migrated_url: str) -> None:
    assert ready("optout", "add", "C-1", "--reason", "asked").code == 0
    missed(migrated_url)
    assert relayed(migrated_url) == []


def test_it_is_held_in_quiet_hours(ready: Cli, migrated_url: str) -> None:
    assert ready("org", "set", "--quiet-hours", "09:00-12:00").code == 0
    missed(migrated_url)
    ready("message", "dispatch")
    assert kept(migrated_url) == []
    ready("message", "dispatch", now=NOW + 3 * HOUR)
    assert kept(migrated_url) == [WORDS]


def test_it_is_held_while_the_org_is_frozen(ready: Cli, migrated_url: str) -> None:
    assert ready("org", "freeze", "--reason", "test").code == 0
    missed(migrated_url)
    ready("message", "dispatch")
    assert kept(migrated_url) == []
    assert relayed(migrated_url) == [REPLY]
