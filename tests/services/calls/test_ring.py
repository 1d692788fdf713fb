"""The steps of a call: who is told what, who takes it, and who is rung next."""

from datetime import timedelta

import pytest

from petmsg.enums.calls import CallStatus, Sentence
from petmsg.providers.call_events import ClientChosen, RingEnded
from petmsg.rules.call_plan import Connect, Dial, HangUp, Menu, Screen, Speak, TakeVoicemail
from tests.support.calling import (
    CALL,
    DESK_PHONE,
    MAYAS_OWN,
    arrived,
    calls,
    company,
    ended,
    picked_up,
    plan,
    rang,
    tell,
)
from tests.support.fixtures import NOW, Cli
from tests.support.incoming import BOB, STRANGER, waiting
from tests.support.texting import ANN, MAYA, POOL

SECOND = timedelta(seconds=1)
TO_DESK = Dial(CALL, 1, DESK_PHONE, MAYA, 20, announces=True)


@pytest.fixture
def ready(cli: Cli) -> Cli:
    company(cli)
    return cli


def test_a_sitter_hears_whose_call_it_is_and_takes_it_by_key(ready: Cli, migrated_url: str) -> None:
    plan(migrated_url, arrived())
    assert plan(migrated_url, picked_up()) == Screen(CALL, 0, "Happy Paws", "Ann", needs_key=True)
    assert calls(migrated_url, "answered_by") == [(None,)]
    assert plan(migrated_url, picked_up(key="1"), now=NOW + SECOND) == Connect()
    assert calls(migrated_url, "status, answered_by") == [("ringing", "sitter")]
    assert plan(migrated_url, rang(0, CallStatus.COMPLETED)) == HangUp()


@pytest.mark.parametrize("key", ["", "2", "*", "11"])
def test_without_the_key_the_leg_is_hung_up(ready: Cli, migrated_url: str, key: str) -> None:
    plan(migrated_url, arrived())
    assert plan(migrated_url, picked_up(key=key)) == HangUp()
    assert calls(migrated_url, "answered_by") == [(None,)]


@pytest.mark.parametrize("status", list(CallStatus)[1:5])
def test_the_desk_is_rung_after_a_sitter_without_a_key(
    ready: Cli, migrated_url: str, status: CallStatus
) -> None:
    """`completed` too: a voicemail of the sitter's own has picked up."""
    plan(migrated_url, arrived())
    assert plan(migrated_url, rang(0, status)) == TO_DESK
    assert plan(migrated_url, rang(0, status)) == TO_DESK


def test_after_the_desk_comes_the_voicemail(ready: Cli, migrated_url: str) -> None:
    plan(migrated_url, arrived())
    plan(migrated_url, rang(0))
    assert plan(migrated_url, rang(1)) == TakeVoicemail(CALL, "Happy Paws", None)


def test_without_voicemail_the_caller_hears_a_sentence(ready: Cli, migrated_url: str) -> None:
    assert ready("org", "set", "--voicemail", "off").code == 0
    plan(migrated_url, arrived())
    assert plan(migrated_url, rang(1)) == Speak(Sentence.NOBODY_ANSWERS, "Happy Paws")


def test_the_desk_takes_a_call_by_picking_up(ready: Cli, migrated_url: str) -> None:
    plan(migrated_url, arrived(sender=STRANGER, to=POOL))
    assert plan(migrated_url, picked_up()) == Screen(CALL, 0, "Happy Paws", None, needs_key=False)
    assert calls(migrated_url, "answered_by") == [("front_desk",)]


def test_a_sitter_who_is_the_desk_takes_every_call_by_key(ready: Cli, migrated_url: str) -> None:
    """Else their own voicemail would answer the client when the front desk is rung."""
    assert ready("org", "set", "--desk-phone", MAYAS_OWN).code == 0
    plan(migrated_url, arrived())
    assert plan(migrated_url, rang(0)) == TO_DESK._replace(phone=MAYAS_OWN)
    assert plan(migrated_url, picked_up(1)) == Screen(CALL, 1, "Happy Paws", "Ann", needs_key=True)
    assert calls(migrated_url, "answered_by") == [(None,)]
    assert isinstance(plan(migrated_url, rang(1, CallStatus.COMPLETED)), TakeVoicemail)
    assert plan(migrated_url, picked_up(1, "1")) == Connect()
    assert calls(migrated_url, "answered_by") == [("front_desk",)]
    assert plan(migrated_url, rang(1, CallStatus.COMPLETED)) == HangUp()


def test_a_client_hears_nothing_and_takes_a_sitters_call(ready: Cli, migrated_url: str) -> None:
    plan(migrated_url, arrived(sender=MAYAS_OWN))
    assert plan(migrated_url, picked_up()) == Connect()
    assert plan(migrated_url, rang(0, CallStatus.COMPLETED)) == HangUp()
    assert calls(migrated_url, "answered_by, client_id") == [("client", 1)]


def test_a_client_who_does_not_answer_is_no_missed_call(ready: Cli, migrated_url: str) -> None:
    plan(migrated_url, arrived(sender=MAYAS_OWN))
    assert plan(migrated_url, rang(0)) == Speak(Sentence.CLIENT_DOES_NOT_ANSWER, "Happy Paws")
    plan(migrated_url, ended(sender=MAYAS_OWN))
    assert calls(migrated_url, "status, message_id") == [("no_answer", None)]
    assert waiting(ready) == []


def test_the_first_who_was_rung_counts_as_the_one_who_took_it(
    ready: Cli, migrated_url: str
) -> None:
    plan(migrated_url, arrived())
    tell(migrated_url, rang(1, CallStatus.COMPLETED), picked_up(0, "1"))
    assert calls(migrated_url, "answered_by") == [("sitter",)]
    tell(migrated_url, rang(1, CallStatus.COMPLETED))
    assert calls(migrated_url, "answered_by") == [("sitter",)]


@pytest.mark.parametrize("place", [-1, 3, 7])
def test_a_place_that_is_none_rings_nobody(ready: Cli, migrated_url: str, place: int) -> None:
    plan(migrated_url, arrived())
    assert plan(migrated_url, picked_up(place)) == HangUp()
    assert plan(migrated_url, picked_up(place, "1")) == HangUp()
    assert plan(migrated_url, rang(place, CallStatus.COMPLETED)) == HangUp()
    assert calls(migrated_url, "answered_by") == [(None,)]


def test_a_step_of_a_call_that_is_not_stored_rings_nobody(ready: Cli, migrated_url: str) -> None:
    for event in (picked_up(), picked_up(key="1"), rang(), ClientChosen(CALL, 1)):
        assert plan(migrated_url, event) == HangUp()
    assert calls(migrated_url, "id") == []


def test_the_desk_that_was_rung_before_the_call_was_stored(ready: Cli, migrated_url: str) -> None:
    _, taken = tell(
        migrated_url, arrived("CA1"), RingEnded("CA1", 0, CallStatus.NO_ANSWER, by_desk=True)
    )
    assert taken.plan == TakeVoicemail("CA1", "Happy Paws", None)
    tell(migrated_url, arrived("CA2"), RingEnded("CA2", 0, CallStatus.COMPLETED, by_desk=True))
    assert calls(migrated_url, "answered_by") == [(None,), ("front_desk",)]


@pytest.fixture
def with_two(ready: Cli) -> Cli:
    """S-1 visits C-2 as well."""
    ready(
        "booking", "add", "--ref", "B-2", "--client", "C-2", "--sitter", "S-1",
        "--start", "2026-02-14T14:00Z", "--end", "2026-02-14T16:00Z",
    )  # fmt: skip
    assert ready("booking", "confirm", "B-2").code == 0
    return ready


def test_a_sitter_with_two_clients_chooses_by_key(with_two: Cli, migrated_url: str) -> None:
    menu = plan(migrated_url, arrived(sender=MAYAS_OWN))
    assert menu == Menu(CALL, ("Ann", "Bob"))
    bob = plan(migrated_url, ClientChosen(CALL, 2))
    assert bob == Dial(CALL, 0, BOB, MAYA, 20, announces=False)
    assert calls(migrated_url, "client_id, code") == [(2, "CLIENT_RINGS")]
    # The first choice counts, and the call begins as it began.
    assert plan(migrated_url, ClientChosen(CALL, 1)) == bob
    assert plan(migrated_url, arrived(sender=MAYAS_OWN)) == menu
    assert plan(migrated_url, rang(0, CallStatus.COMPLETED)) == HangUp()
    assert calls(migrated_url, "answered_by, client_id") == [("client", 2)]


@pytest.mark.parametrize("key", [None, 0, 3, 9, -1])
def test_a_key_of_no_client_rings_nobody(with_two: Cli, migrated_url: str, key: int | None) -> None:
    plan(migrated_url, arrived(sender=MAYAS_OWN))
    assert plan(migrated_url, ClientChosen(CALL, key)) == Speak(Sentence.NO_CHOICE, "Happy Paws")
    assert calls(migrated_url, "client_id") == [(None,)]


def test_a_choice_in_a_call_without_one_rings_nobody(ready: Cli, migrated_url: str) -> None:
    plan(migrated_url, arrived())
    assert isinstance(plan(migrated_url, ClientChosen(CALL, 1)), Speak)
    assert ANN not in str(plan(migrated_url, ClientChosen(CALL, 1)))
