"""Whom a sitter's message is for: never another client than the one meant.

A reaction or an answer repeats what it is about, a number answers the list that was last sent, and
what names nobody who can be meant goes to nobody.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.support.fixtures import NOW, Cli
from tests.support.incoming import BOB, MAYAS_PHONE, carried, comes, relayed, waiting
from tests.support.texting import ANN, MAYA, people_and_visit, send

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
CLEO = "+14155551003"


@pytest.fixture
def ready(cli: Cli) -> Iterator[Cli]:
    """Maya sits for Ann now, and the org relays. Whatever a test does, doctor finds nothing."""
    people_and_visit(cli, "--relay", "on", "--grace-minutes", "0")
    yield cli
    found = cli("doctor", "--findings", "-o", "json", now=NOW + 5 * MINUTE)
    assert found.json == []


def books(cli: Cli, client: str, start: str, end: str, *, ref: str) -> None:
    cli(
        "booking", "add", "--ref", ref, "--client", client, "--sitter", "S-1",
        "--start", f"2026-02-14T{start}Z", "--end", f"2026-02-14T{end}Z",
    )  # fmt: skip
    assert cli("booking", "confirm", ref).code == 0


def adds(cli: Cli, ref: str, name: str, phone: str) -> None:
    assert cli("client", "add", name, "--phone", phone, "--ref", ref).code == 0


def maya(cli: Cli, body: str, **options: Any) -> Any:
    return comes(cli, body, sender=MAYAS_PHONE, **options)


def dispatch(cli: Cli, now: Any = NOW) -> None:
    ran = cli("message", "dispatch", "-o", "json", now=now)
    assert ran.code in (0, 4), ran.err


def to_clients(url: str) -> list[tuple[str | None, str]]:
    return [(each[1], each[2]) for each in relayed(url) if each[0] == "reply"]


def last_words(url: str) -> str:
    return relayed(url)[-1][2]


# ----------------------------------------------------------------------- reactions and quotations

FORWARD = "Bob: Alarm 4471"
ABOUT_IT = [
    f"Loved “{FORWARD}”",
    f'Liked "{FORWARD}"',
    f"Removed a heart from “{FORWARD}”",
    f"👍 to “{FORWARD}”",
    f"Le encantó «{FORWARD}»",
    "Laughed at “Bob: Alarm 44…”",
    f"> {FORWARD}\nGot it",
    f"Fwd: {FORWARD}",
    FORWARD,
    "Liked an image",
]


def bob_was_forwarded(cli: Cli, *, ends: str) -> None:
    """Bob's words reached Maya; his visit ends at `ends`, and it is three hours later."""
    books(cli, "C-2", "13:00", ends, ref="B-9")
    comes(cli, "Alarm 4471", sender=BOB)
    dispatch(cli)


@pytest.mark.parametrize("body", ABOUT_IT)
def test_what_repeats_a_forward_never_goes_to_another_client(
    ready: Cli, migrated_url: str, body: str
) -> None:
    bob_was_forwarded(ready, ends="15:10")
    comes(ready, "Is Rex fine?", now=NOW + SECOND)
    dispatch(ready, NOW + SECOND)
    maya(ready, body, now=NOW + MINUTE)
    maya(ready, body, now=NOW + 5 * MINUTE)
    assert ANN not in {phone for phone, _ in to_clients(migrated_url)}
    for late in (15 * MINUTE, 55 * MINUTE):  # Ann's window alone is open then
        maya(ready, body, now=NOW + late)
    assert ANN not in {phone for phone, _ in to_clients(migrated_url)}


@pytest.mark.parametrize(
    "quoted",
    [
        "“{}” ok I will use it",
        "@C-1 {}",
        "@C-1 > {}\nok",
        "> {}\nok",
        "Hat „{}“ mit einem Herz markiert",
    ],
)
def test_a_quotation_without_the_name_goes_to_no_other_client(
    ready: Cli, migrated_url: str, quoted: str
) -> None:
    """Not when the sitter names another client, nor when they choose one from a list."""
    words = "The alarm code is 4471 and the key is under the pot"
    books(ready, "C-2", "13:00", "16:00", ref="B-9")
    comes(ready, words, sender=BOB)
    comes(ready, "Ok", now=NOW + SECOND)
    dispatch(ready, NOW + SECOND)
    maya(ready, quoted.format(words), now=NOW + MINUTE)
    dispatch(ready, NOW + MINUTE)
    for number in ("1", "2"):
        maya(ready, number, now=NOW + 2 * MINUTE)
    assert ANN not in {phone for phone, _ in to_clients(migrated_url)}


@pytest.mark.parametrize("body", [*ABOUT_IT[:6], "Liked an image"])
def test_a_bare_reaction_is_stored_and_nobody_is_asked_or_notified(
    ready: Cli, migrated_url: str, body: str
) -> None:
    bob_was_forwarded(ready, ends="16:00")
    told = maya(ready, body, now=NOW + MINUTE)
    assert told["did"] == ["not forwarded: it is only a reaction to a message"]
    assert [each[0] for each in relayed(migrated_url)] == ["forward"]
    assert waiting(ready) == []


def test_an_answer_below_a_forward_goes_to_the_client_who_wrote_it(
    ready: Cli, migrated_url: str
) -> None:
    bob_was_forwarded(ready, ends="16:00")
    comes(ready, "Is Rex fine?", now=NOW + SECOND)
    dispatch(ready, NOW + SECOND)
    maya(ready, f"> {FORWARD}\nIt works", now=NOW + MINUTE)
    assert to_clients(migrated_url) == [(BOB, f"> {FORWARD}\nIt works")]


def test_a_sitter_cannot_send_a_forward_to_another_client_by_choosing_or_naming(
    ready: Cli, migrated_url: str
) -> None:
    bob_was_forwarded(ready, ends="16:00")
    named = maya(ready, f"@C-1 {FORWARD}", now=NOW + MINUTE)
    assert "it repeats another person's message" in named["did"][0]
    assert "repeats a message that is not from this client" in last_words(migrated_url)
    maya(ready, "4471 does not work", now=NOW + 20 * MINUTE)
    assert to_clients(migrated_url) == [(BOB, "4471 does not work")]


def test_a_waiting_message_that_repeats_a_client_goes_to_no_other(
    ready: Cli, migrated_url: str
) -> None:
    """The same words came from two clients, so the sitter is asked; the third is no choice."""
    adds(ready, "C-3", "Bob", CLEO)
    books(ready, "C-2", "14:00", "16:00", ref="B-9")
    comes(ready, "Hello", sender=BOB)
    books(ready, "C-3", "14:00", "16:00", ref="B-10")
    comes(ready, "Hello", sender=CLEO, now=NOW + SECOND)
    dispatch(ready, NOW + MINUTE)
    told = maya(ready, "> Bob: Hello\nHi", now=NOW + 2 * MINUTE)
    assert told["did"] == ["forwarded to C-2"], "the other one's was told apart"


def test_petmsgs_own_question_is_not_passed_on(ready: Cli, migrated_url: str) -> None:
    books(ready, "C-2", "14:00", "15:10", ref="B-9")
    maya(ready, "On my way")
    dispatch(ready, NOW + SECOND)
    question = last_words(migrated_url)
    maya(ready, f"> {question}\nAnn", now=NOW + 15 * MINUTE)
    maya(ready, f"Liked “{question}”", now=NOW + 15 * MINUTE)
    assert to_clients(migrated_url) == []


@pytest.mark.parametrize("body", ["Liked “He is fine”", "👍 to “He is fine”", "Loved an image"])
def test_a_clients_reaction_is_stored_and_nothing_else(
    ready: Cli, migrated_url: str, body: str
) -> None:
    maya(ready, "He is fine")
    dispatch(ready)
    ready("org", "set", "--office-hours", "08:00-09:00", "--closed-reply", "We are closed")
    told = comes(ready, body, now=NOW + MINUTE)
    assert told["did"] == ["stored: it is only a reaction to a message of the company"]
    at_the_desk = comes(ready, body, to="+14155550100", now=NOW + 2 * MINUTE)
    assert (at_the_desk["addressed_to"], at_the_desk["did"]) == ("front_desk", told["did"])
    assert [each[0] for each in relayed(migrated_url)] == ["reply"]
    assert waiting(ready) == waiting(ready, "--for", "S-1") == []


def test_a_clients_answer_to_a_quoted_message_is_passed_on(ready: Cli, migrated_url: str) -> None:
    send(ready, "--body", "He is fine", now=NOW)
    told = comes(ready, "> He is fine\nGreat", now=NOW + MINUTE)
    assert told["did"] == ["forwarded to S-1"]


# ------------------------------------------------------------------------------ whom does it mean


def three_clients(cli: Cli) -> None:
    """Ann's window ends at 15:10, Bob's and Cleo's are open until 16:00."""
    adds(cli, "C-3", "Cleo", CLEO)
    cli("booking", "reschedule", "B-1", "--end", "2026-02-14T15:10Z")
    books(cli, "C-2", "14:30", "16:00", ref="B-9")
    books(cli, "C-3", "15:00", "16:00", ref="B-10")


def test_a_number_is_read_by_the_list_that_was_sent_last(ready: Cli, migrated_url: str) -> None:
    three_clients(ready)
    maya(ready, "On my way")
    dispatch(ready, NOW + SECOND)
    assert "1 Ann, 2 Bob, 3 Cleo" in last_words(migrated_url)
    later = NOW + 11 * MINUTE
    again = maya(ready, "9", now=later)
    assert again["did"] == ["asked which client it is for: there is no such choice"]
    dispatch(ready, later)
    assert "1 Bob, 2 Cleo" in last_words(migrated_url)
    assert maya(ready, "2", now=later + SECOND)["did"] == ["forwarded to C-3"]
    assert to_clients(migrated_url) == [(CLEO, "On my way")]


def test_a_list_that_was_never_sent_is_not_what_a_number_is_read_by(
    ready: Cli, migrated_url: str
) -> None:
    three_clients(ready)
    maya(ready, "On my way")
    dispatch(ready, NOW + SECOND)
    later = NOW + 11 * MINUTE
    maya(ready, "9", now=later)  # the new list stays in the queue
    assert maya(ready, "2", now=later + SECOND)["did"] == ["forwarded to C-2"]
    assert to_clients(migrated_url) == [(BOB, "On my way")]


def test_a_question_that_was_held_back_is_answered_by_no_number(
    ready: Cli, migrated_url: str
) -> None:
    """After five notices in an hour no list is sent, and a number has nothing to choose from."""
    books(ready, "C-2", "14:30", "16:00", ref="B-9")
    for place in range(5):
        maya(ready, f"@C-{place + 7} hello", now=NOW + place * SECOND)
    dispatch(ready, NOW + MINUTE)
    told = maya(ready, "On my way", now=NOW + MINUTE)
    assert told["did"] == ["not forwarded: the sitter got too many notices to be asked"]
    for words in ("1", "2"):
        maya(ready, words, now=NOW + 2 * MINUTE)
    assert to_clients(migrated_url) == []
    assert told["message"] in waiting(ready)


def test_a_number_sends_only_what_its_list_was_sent_for(ready: Cli, migrated_url: str) -> None:
    books(ready, "C-2", "14:30", "16:00", ref="B-9")
    maya(ready, "On my way")
    dispatch(ready, NOW + SECOND)
    unasked = maya(ready, "I have the keys", now=NOW + MINUTE)["message"]
    assert maya(ready, "2", now=NOW + 2 * MINUTE)["did"] == ["forwarded to C-2"]
    assert to_clients(migrated_url) == [(BOB, "On my way")]
    assert waiting(ready) == [unasked]


@pytest.mark.parametrize("words", ["C-1.5", "Smith Jane", "smith jane"])
def test_a_name_that_cannot_be_meant_is_an_error_and_never_another_client(
    ready: Cli, migrated_url: str, words: str
) -> None:
    adds(ready, "C-1.5", "Dora", "+14155551005")
    adds(ready, "Smith", "Will Smith", CLEO)
    adds(ready, "Smith Jane", "Jane Smith", "+14155551006")
    books(ready, "Smith", "14:30", "16:00", ref="B-9")
    told = maya(ready, f"@{words} the code is 4711")
    assert told["did"] == [
        (
            "not forwarded: no client with that ref has an open window with the sitter; "
            "left in the inbox"
        )
    ]
    assert to_clients(migrated_url) == []
    assert last_words(migrated_url).endswith("Refs: @C-1 Ann, @Smith Will Smith.")
    assert waiting(ready) == [told["message"]]


def test_an_answer_just_after_a_window_ended_is_not_the_next_clients(
    ready: Cli, migrated_url: str
) -> None:
    ready("booking", "reschedule", "B-1", "--end", "2026-02-14T15:11Z")
    books(ready, "C-2", "15:11", "16:00", ref="B-9")
    comes(ready, "Where is the key?")
    dispatch(ready, NOW + SECOND)
    told = maya(ready, "Under the mat", now=NOW + 11 * MINUTE + SECOND)
    assert told["did"] == [
        "asked which client it is for: the client who wrote last has no open window now"
    ]
    assert to_clients(migrated_url) == []


def test_a_message_written_in_one_window_and_received_in_the_next_is_not_for_the_next_client(
    ready: Cli, migrated_url: str
) -> None:
    """The sitter's message was received by a pull a minute later."""
    ready("booking", "reschedule", "B-1", "--end", "2026-02-14T15:11Z")
    books(ready, "C-2", "15:11", "16:00", ref="B-9")
    wrote_at = (NOW + 10 * MINUTE).isoformat()
    ran = ready(
        "message", "receive", "--from", MAYAS_PHONE, "--to", MAYA, "--body", "At the door",
        "--at", wrote_at, now=NOW + 12 * MINUTE,
    )  # fmt: skip
    assert ran.code == 0, ran.err
    assert to_clients(migrated_url) == []


def test_two_clients_of_one_name_are_distinguished_in_question_and_forward(
    ready: Cli, migrated_url: str
) -> None:
    adds(ready, "C-3", "Ann", CLEO)
    books(ready, "C-3", "14:30", "16:00", ref="B-9")
    comes(ready, "Hello", sender=CLEO)
    comes(ready, "Good morning", now=NOW + SECOND)
    maya(ready, "Hi", now=NOW + MINUTE)
    assert [each[2] for each in relayed(migrated_url)] == [
        "Ann (C-3, Sat 14 Feb): Hello",
        "Ann (C-1, Sat 14 Feb): Good morning",
        (
            "Not sent yet. Which client is it for? 1 Ann (C-1, Sat 14 Feb), "
            "2 Ann (C-3, Sat 14 Feb). "
            "Answer with the number."
        ),
    ]
    assert maya(ready, "@C-3 Hello Ann", now=NOW + MINUTE)["did"] == ["forwarded to C-3"]


def test_a_number_after_its_hour_goes_to_nobody(ready: Cli, migrated_url: str) -> None:
    ready("booking", "reschedule", "B-1", "--end", "2026-02-14T18:00Z")
    books(ready, "C-2", "14:30", "15:30", ref="B-9")
    first = maya(ready, "On my way")["message"]
    dispatch(ready, NOW + SECOND)
    told = maya(ready, "2", now=NOW + 61 * MINUTE)
    assert told["did"] == ["not forwarded: it answers a question that is closed; left in the inbox"]
    assert to_clients(migrated_url) == []
    assert waiting(ready) == [first, told["message"]]
    assert "write @ and the client's ref" in last_words(migrated_url)
    named = maya(ready, "@C-1 2", now=NOW + 62 * MINUTE)
    assert named["did"] == ["forwarded to C-1"]


def test_a_number_that_answers_a_client_is_passed_on(ready: Cli, migrated_url: str) -> None:
    books(ready, "C-2", "14:30", "16:00", ref="B-9")
    maya(ready, "On my way")
    dispatch(ready, NOW + SECOND)
    maya(ready, "2", now=NOW + MINUTE)
    again = maya(ready, "2", now=NOW + 2 * MINUTE)
    assert "it answers a question that is closed" in again["did"][0]
    comes(ready, "How many walks?", sender=BOB, now=NOW + 3 * MINUTE)
    dispatch(ready, NOW + 3 * MINUTE)
    assert maya(ready, "2", now=NOW + 4 * MINUTE)["did"] == ["forwarded to C-2"]
    assert to_clients(migrated_url) == [(BOB, "On my way"), (BOB, "2")]


def test_nothing_of_the_carried_words_reaches_the_other_client(
    ready: Cli, migrated_url: str
) -> None:
    bob_was_forwarded(ready, ends="16:00")
    maya(ready, f"Loved “{FORWARD}”", now=NOW + MINUTE)
    dispatch(ready, NOW + 2 * MINUTE)
    assert [each for each in carried(migrated_url) if "4471" in each[2]] == [
        (MAYA, MAYAS_PHONE, FORWARD)
    ]
