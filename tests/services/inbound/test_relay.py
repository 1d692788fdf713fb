"""The relay: a client's words come to the sitter's phone, the sitter's go back; neither sees the
other's phone, and what is not certain is not sent."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.support.fixtures import NOW, Cli
from tests.support.incoming import BOB, MAYAS_PHONE, OLGAS_PHONE, carried, comes, relayed, waiting
from tests.support.texting import (
    ANN,
    MAYA,
    OLGA,
    POOL,
    alerts,
    events,
    people_and_visit,
    send,
    show,
)

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def ready(cli: Cli) -> Iterator[Cli]:
    """Maya sits for Ann now, and the org relays. Whatever a test does, doctor finds nothing."""
    people_and_visit(cli, "--relay", "on")
    yield cli
    found = cli("doctor", "--findings", "-o", "json", now=NOW + 5 * MINUTE)
    assert found.json == []


def also_bob(cli: Cli, sitter: str = "S-1") -> None:
    cli(
        "booking", "add", "--ref", "B-9", "--client", "C-2", "--sitter", sitter,
        "--start", "2026-02-14T14:30Z", "--end", "2026-02-14T16:00Z",
    )  # fmt: skip
    assert cli("booking", "confirm", "B-9").code == 0


def maya(cli: Cli, body: str, **options: Any) -> Any:
    return comes(cli, body, sender=MAYAS_PHONE, **options)


def dispatch(cli: Cli, now: Any = NOW) -> None:
    ran = cli("message", "dispatch", "-o", "json", now=now)
    assert ran.code in (0, 4), ran.err


def test_a_clients_text_is_forwarded_to_the_sitter_from_the_sitters_own_number(
    ready: Cli, migrated_url: str
) -> None:
    told = comes(ready, "Is Rex fine?")
    assert told["did"] == ["forwarded to S-1"]
    dispatch(ready)
    assert carried(migrated_url) == [(MAYA, MAYAS_PHONE, "Ann: Is Rex fine?")]
    assert waiting(ready) == waiting(ready, "--for", "S-1") == []
    text = ready("thread", "show", "C-1", "-o", "json").json["messages"]
    assert [(each["message"], each["passed_on"]) for each in text] == [(told["message"], "sent")]


def test_without_the_relay_nothing_is_passed_on(ready: Cli, migrated_url: str) -> None:
    ready("org", "set", "--relay", "off")
    assert comes(ready)["did"] == []
    assert maya(ready, "Fine")["code"] == "KNOWN_SITTER"
    assert relayed(migrated_url) == []


def test_a_sitters_reply_goes_to_the_client_from_the_number_routing_says(
    ready: Cli, migrated_url: str
) -> None:
    comes(ready)
    dispatch(ready)
    told = maya(ready, "He is fine", now=NOW + MINUTE)
    assert (told["addressed_to"], told["did"]) == ("relay", ["forwarded to C-1"])
    dispatch(ready, NOW + MINUTE)
    assert carried(migrated_url)[-1] == (MAYA, ANN, "He is fine")
    last = ready("thread", "show", "C-1", "-o", "json").json["messages"][-1]
    assert (last["relay"], last["sitter"], last["number"]) == ("reply", "S-1", MAYA)


def test_with_the_sitters_number_in_quarantine_a_reply_is_sent_from_the_pool(
    ready: Cli, migrated_url: str
) -> None:
    ready("number", "quarantine", MAYA, "--reason", "filtered")
    later = NOW + MINUTE
    assert maya(ready, "On my way", now=later)["did"] == ["forwarded to C-1"]
    dispatch(ready, later)
    assert carried(migrated_url) == [(POOL, ANN, "On my way")]


def test_phones_and_addresses_of_a_client_are_hidden_from_the_sitter(
    ready: Cli, migrated_url: str
) -> None:
    comes(ready, f"Call me at (415) 555-1001 or {ANN}, ann@example.org; {MAYA} is yours")
    assert relayed(migrated_url)[0][2] == (
        f"Ann: Call me at [number hidden] or [number hidden], [address hidden]; {MAYA} is yours"
    )


def test_a_sitters_text_with_a_phone_is_not_sent_and_the_sitter_is_notified(
    ready: Cli, migrated_url: str
) -> None:
    told = maya(ready, f"Text me at {MAYAS_PHONE}")
    assert told["did"] == ["not forwarded to C-1: it contains a phone number or an email address"]
    assert [(each[0], each[1]) for each in relayed(migrated_url)] == [("notice", MAYAS_PHONE)]
    assert waiting(ready) == [told["message"]]


def test_a_long_text_is_passed_on_in_parts_and_nothing_is_lost(
    ready: Cli, migrated_url: str
) -> None:
    comes(ready, "x" * 1600)
    parts = [each[2] for each in relayed(migrated_url)]
    assert [len(each) for each in parts] == [1600, len("Ann: ") + 5]
    assert "".join(each.removeprefix("Ann: ") for each in parts) == "x" * 1600


def test_two_open_clients_and_no_word_from_either_is_a_question(
    ready: Cli, migrated_url: str
) -> None:
    also_bob(ready)
    told = maya(ready, "On my way")
    assert told["did"] == [
        "asked which client it is for: several clients have open windows with the sitter"
    ]
    assert [each[2] for each in relayed(migrated_url)] == [
        "Not sent yet. Which client is it for? 1 Ann, 2 Bob. Answer with the number."
    ]
    assert waiting(ready) == [told["message"]]
    maya(ready, "and I have the keys", now=NOW + SECOND)
    dispatch(ready, NOW + 2 * SECOND)
    chosen = maya(ready, "2", now=NOW + MINUTE)
    assert chosen["did"] == ["forwarded to C-2", "forwarded to C-2"]
    assert waiting(ready) == []
    dispatch(ready, NOW + MINUTE)
    to_bob = [words for _, phone, words in carried(migrated_url) if phone == BOB]
    assert to_bob == ["On my way", "and I have the keys"]
    assert ANN not in {phone for _, phone, _ in carried(migrated_url)}


def test_a_forward_that_was_sent_late_counts_from_then(ready: Cli) -> None:
    also_bob(ready)
    comes(ready, "Rex?")
    comes(ready, "And Tom?", sender=BOB, now=NOW + 11 * MINUTE)
    dispatch(ready, NOW + 11 * MINUTE)
    unsure = maya(ready, "Fine", now=NOW + 12 * MINUTE)
    assert unsure["did"][0].startswith("asked which client")


def test_an_answer_that_comes_too_late_is_no_answer_and_no_message(ready: Cli) -> None:
    also_bob(ready)
    first = maya(ready, "On my way")["message"]
    dispatch(ready)
    told = maya(ready, "2", now=NOW + 60 * MINUTE)
    assert told["did"][0].startswith("not forwarded: it answers a question that is closed")
    assert waiting(ready) == [first, told["message"]]


def test_another_clients_word_within_ten_minutes_is_a_question(ready: Cli) -> None:
    also_bob(ready)
    comes(ready, "Rex?")
    dispatch(ready)
    comes(ready, "And Tom?", sender=BOB, now=NOW + 11 * MINUTE)
    dispatch(ready, NOW + 11 * MINUTE)
    sure = maya(ready, "Fine", now=NOW + 12 * MINUTE)
    assert sure["did"] == ["forwarded to C-2"]
    comes(ready, "Rex??", now=NOW + 13 * MINUTE)
    dispatch(ready, NOW + 13 * MINUTE)
    unsure = maya(ready, "Fine", now=NOW + 14 * MINUTE)
    assert unsure["did"] == [
        "asked which client it is for: another client wrote to the sitter within ten minutes"
    ]
    named = maya(ready, "@C-1 Rex is fine", now=NOW + 15 * MINUTE)
    assert named["did"] == ["forwarded to C-1"]


def test_outside_all_windows_the_sitter_is_notified(ready: Cli, migrated_url: str) -> None:
    later = NOW + timedelta(hours=3)
    told = maya(ready, "Hello?", now=later)
    assert told["did"] == ["not forwarded: the sitter has no open window; left in the inbox"]
    assert relayed(migrated_url)[0][2].startswith("Not sent: you have no open visit now.")
    assert waiting(ready) == [told["message"]]


def test_the_sitters_phone_does_not_get_notices_without_end(ready: Cli, migrated_url: str) -> None:
    """The sitter's phone answers automatically."""
    later = NOW + timedelta(hours=3)
    for place in range(12):
        maya(ready, "I am driving", now=later + place * SECOND)
    assert len(relayed(migrated_url)) == 5
    assert len(waiting(ready)) == 12, "nothing is lost"


def test_two_phones_that_answer_each_other_are_stopped(ready: Cli, migrated_url: str) -> None:
    for place in range(20):
        comes(ready, "I am away", now=NOW + place * SECOND)
        maya(ready, "I am driving", now=NOW + place * SECOND)
    assert len([each for each in relayed(migrated_url) if each[0] != "notice"]) == 10
    assert ("relay_loop", "S-1") in alerts(ready)
    assert len(waiting(ready)) == 30


@pytest.mark.parametrize(("apart", "passed_on"), [(4, 30), (60, 50), (300, 200)])
def test_two_phones_that_answer_each_other_slowly_are_stopped(
    ready: Cli, migrated_url: str, apart: int, passed_on: int
) -> None:
    """Each answers what it is passed on, and nothing else."""
    end = ready("booking", "reschedule", "B-1", "--start", "2026-02-14T14:00Z", "--end", "+2d")
    assert end.code == 0, end.err
    said = 0
    while said < 220 and len(relayed(migrated_url)) == said:
        at = NOW + said * apart * SECOND
        comes(ready, "I am away", now=at) if said % 2 == 0 else maya(ready, "Driving", now=at)
        said += 1
    assert len(relayed(migrated_url)) == passed_on
    assert ("relay_loop", "S-1") in alerts(ready)
    assert len(waiting(ready, now=at)) >= 1


def test_a_reply_to_an_opted_out_client_is_reported_to_the_sitter(
    ready: Cli, migrated_url: str
) -> None:
    comes(ready, "STOP")
    told = maya(ready, "Fine")
    assert told["did"] == ["not forwarded to C-1: the client has opted out of messages"]
    assert relayed(migrated_url)[0][:3] == (
        "notice",
        MAYAS_PHONE,
        "Not sent to Ann: the client has opted out of messages. The front desk has your message.",
    )


def test_a_reply_that_fails_later_is_reported_to_the_sitter_and_the_desk(
    ready: Cli, migrated_url: str
) -> None:
    told = maya(ready, "Fine")
    comes(ready, "STOP", now=NOW + SECOND)
    dispatch(ready, NOW + MINUTE)
    assert told["message"] in waiting(ready)
    assert ("relay_failed", "S-1") in alerts(ready)
    assert "Your message did not reach the client." in [each[2] for each in relayed(migrated_url)]


def test_a_text_that_cannot_reach_the_sitter_waits_for_the_desk(
    ready: Cli, migrated_url: str
) -> None:
    told = comes(ready)
    ready("number", "quarantine", MAYA, "--reason", "filtered", now=NOW + SECOND)
    dispatch(ready, NOW + MINUTE)
    assert relayed(migrated_url)[0][3] == "failed"
    assert waiting(ready) == [told["message"]]
    assert ("relay_failed", "S-1") in alerts(ready)
    assert carried(migrated_url) == []


def test_a_sitter_who_changed_their_phone_gets_it_on_the_new_one(
    ready: Cli, migrated_url: str
) -> None:
    comes(ready)
    ready("sitter", "set", "S-1", "--phone", "+14155552009", now=NOW + SECOND)
    dispatch(ready, NOW + MINUTE)
    assert [phone for _, phone, _ in carried(migrated_url)] == ["+14155552009"]


def test_what_is_passed_on_expires_and_waits_for_the_desk(ready: Cli, migrated_url: str) -> None:
    ready("org", "freeze", "--reason", "storm")
    told = comes(ready)
    ready("org", "thaw", now=NOW + timedelta(hours=5))
    dispatch(ready, NOW + timedelta(hours=5))
    assert carried(migrated_url) == []
    assert waiting(ready) == [told["message"]]


def test_two_texts_to_one_sitter_arrive_in_their_order(ready: Cli, migrated_url: str) -> None:
    for place in range(5):
        comes(ready, f"{place}", now=NOW + place * SECOND)
    dispatch(ready, NOW + MINUTE)
    assert [words for _, _, words in carried(migrated_url)] == [f"Ann: {n}" for n in range(5)]


def test_a_text_to_another_sitters_number_reaches_neither(ready: Cli, migrated_url: str) -> None:
    told = comes(ready, to=OLGA)
    assert (told["addressed_to"], told["code"]) == ("front_desk", "NUMBER_OF_ANOTHER_SITTER")
    assert relayed(migrated_url) == []


def test_a_sitter_who_texts_another_sitters_number_speaks_to_no_client(
    ready: Cli, migrated_url: str
) -> None:
    assert comes(ready, "Fine", sender=OLGAS_PHONE)["code"] == "KNOWN_SITTER"
    assert relayed(migrated_url) == []


def test_a_sitter_who_is_a_client_too_is_each_by_the_number_they_text(ready: Cli) -> None:
    ready("client", "add", "Maya as owner", "--phone", MAYAS_PHONE, "--ref", "C-7")
    assert maya(ready, "Fine")["addressed_to"] == "relay"
    told = comes(ready, "My own dog", sender=MAYAS_PHONE, to=POOL)
    assert (told["client"], told["addressed_to"]) == ("C-7", "front_desk")


def test_a_message_after_the_ref_is_needed(ready: Cli, migrated_url: str) -> None:
    told = maya(ready, "@C-1")
    assert "says nothing" in told["did"][0]
    assert relayed(migrated_url)[0][2] == "Not sent: write your message after the client's ref."


def test_a_forward_is_a_text_of_no_thread_and_the_clients_numbers_stay_as_seen(ready: Cli) -> None:
    comes(ready)
    dispatch(ready)
    assert ready("thread", "show", "C-1", "-o", "json").json["numbers_seen"] == []
    forward = show(ready, 2)
    assert (forward["client"], forward["decision"]["reason"]) == (
        None,
        "Sitter Maya Lee's own number",
    )
    assert events(ready, 2) == ["message.queued", "message.sent"]
    assert send(ready, "--as", "S-1").code == 0


def test_a_forwarded_text_can_be_cancelled_and_retried_by_hand(
    ready: Cli, migrated_url: str
) -> None:
    comes(ready)
    assert ready("message", "cancel", "2").code == 0
    assert ready("message", "retry", "2", "--reason", "x").code == 4
    comes(ready, "Again")
    ready("number", "quarantine", MAYA, "--reason", "x", now=NOW + SECOND)
    dispatch(ready, NOW + MINUTE)
    ready("number", "restore", MAYA, "--reason", "x", now=NOW + 2 * MINUTE)
    retried = ready("message", "retry", "4", "--reason", "x", now=NOW + 3 * MINUTE)
    assert retried.code == 0, retried.err
    dispatch(ready, NOW + 4 * MINUTE)
    assert carried(migrated_url) == [(MAYA, MAYAS_PHONE, "Ann: Again")]


def test_forgetting_a_client_erases_what_was_passed_on(ready: Cli, migrated_url: str) -> None:
    also_bob(ready)
    comes(ready, "my secret")
    dispatch(ready)
    maya(ready, "her secret is safe", now=NOW + SECOND)
    maya(ready, "for whom?", now=NOW + SECOND)
    comes(ready, "Bob's words", sender=BOB, now=NOW + 2 * SECOND)
    maya(ready, "who is it", now=NOW + 3 * SECOND)
    dispatch(ready, NOW + MINUTE)
    ran = ready("client", "forget", "C-1", "--reason", "x", "--yes", now=NOW + 2 * MINUTE)
    assert ran.code == 0, ran.err
    words = " | ".join(str(each[2]) for each in relayed(migrated_url))
    words += " | ".join(str(each) for each in carried(migrated_url))
    assert "secret" not in words
    assert "Ann" not in words
    assert "Bob's words" in words
