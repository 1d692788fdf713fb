"""The front desk and a sitter write to each other: no client ever gets a word of it."""

from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from tests.support.fixtures import NOW, Cli
from tests.support.incoming import BOB, MAYAS_PHONE, carried, comes, relayed, waiting
from tests.support.texting import ANN, DESK, MAYA, people_and_visit

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
QUESTION = "Can you take the visit of Tuesday?"


@pytest.fixture
def ready(cli: Cli) -> Iterator[Cli]:
    """Maya sits for Ann now, and the org relays. Whatever a test does, doctor finds nothing."""
    people_and_visit(cli, "--relay", "on")
    yield cli
    found = cli("doctor", "--findings", "-o", "json", now=NOW + 5 * MINUTE)
    assert found.json == []


def maya(cli: Cli, body: str, **options: Any) -> Any:
    return comes(cli, body, sender=MAYAS_PHONE, **options)


def desk(cli: Cli, body: str = QUESTION, **options: Any) -> None:
    ran = cli("message", "send", "--to-sitter", "S-1", "--body", body, "-o", "json", **options)
    assert (ran.code, ran.json[0]["status"]) == (0, "sent"), ran.err


def dispatch(cli: Cli, now: Any = NOW) -> None:
    assert cli("message", "dispatch", now=now).code in (0, 4)


def to_clients(url: str) -> list[str]:
    return [body for _, phone, body in carried(url) if phone in (ANN, BOB)]


def test_the_answer_waits_for_the_front_desk_while_a_window_is_open(
    ready: Cli, migrated_url: str
) -> None:
    desk(ready)
    told = maya(ready, "Yes I can", now=NOW + MINUTE)
    assert told["did"] == ["not forwarded: it answers the front desk; left in the inbox"]
    assert waiting(ready, now=NOW + MINUTE) == [told["message"]]
    dispatch(ready, NOW + MINUTE)
    assert to_clients(migrated_url) == []
    assert carried(migrated_url)[-1] == (
        MAYA,
        MAYAS_PHONE,
        (
            "The front desk, who wrote to you, has your message. For a client, send it again with "
            "@ and the client's ref before it. Refs: @C-1 Ann."
        ),
    )
    maya(ready, "@C-1 Yes I can", now=NOW + 2 * MINUTE)
    dispatch(ready, NOW + 2 * MINUTE)
    assert to_clients(migrated_url) == ["Yes I can"]


def test_without_a_window_it_waits_and_nothing_is_sent(ready: Cli, migrated_url: str) -> None:
    evening = NOW + 6 * HOUR
    desk(ready, now=evening)
    told = maya(ready, "Yes I can", now=evening + HOUR)
    assert told["did"] == ["not forwarded: it answers the front desk; left in the inbox"]
    assert waiting(ready, now=evening + HOUR) == [told["message"]]
    assert [kind for kind, *_ in relayed(migrated_url)] == ["staff"]


def test_after_a_clients_message_the_sitter_is_asked(ready: Cli, migrated_url: str) -> None:
    desk(ready)
    comes(ready, "Is Rex fine?", now=NOW + MINUTE)
    dispatch(ready, NOW + MINUTE)
    told = maya(ready, "Yes", now=NOW + 2 * MINUTE)
    assert told["did"] == ["asked which client it is for: it may answer the front desk"]
    dispatch(ready, NOW + 2 * MINUTE)
    assert carried(migrated_url)[-1][2] == (
        "Not sent yet. Which client is it for? 1 Ann. Answer with the number. "
        "If it is for the front desk, do nothing: they have it."
    )
    assert waiting(ready, now=NOW + 2 * MINUTE) == [told["message"]]
    chosen = maya(ready, "1", now=NOW + 3 * MINUTE)
    assert chosen["did"] == ["forwarded to C-1"]


def test_a_reaction_to_the_front_desk_waits_for_it(ready: Cli, migrated_url: str) -> None:
    desk(ready)
    told = maya(ready, f"Liked “{QUESTION}”", now=NOW + 3 * HOUR)
    assert waiting(ready, now=NOW + 3 * HOUR) == [told["message"]]
    assert to_clients(migrated_url) == []


def test_one_sent_from_the_desks_number_is_answered_to_the_desks_number(
    ready: Cli, migrated_url: str
) -> None:
    ready("number", "quarantine", MAYA, "--reason", "filtered")
    desk(ready, now=NOW + SECOND)
    assert carried(migrated_url)[-1][0] == DESK
    told = maya(ready, "Yes", to=DESK, now=NOW + MINUTE)
    assert (told["addressed_to"], told["code"]) == ("relay", "KNOWN_SITTER")
    assert waiting(ready, now=NOW + MINUTE) == [told["message"]]


def test_the_conversation_is_shown_with_the_sitter_and_without_clients(ready: Cli) -> None:
    comes(ready, "Is Rex fine?")
    dispatch(ready)
    maya(ready, "He is fine", now=NOW + MINUTE)
    desk(ready, now=NOW + 2 * MINUTE)
    maya(ready, "Yes I can", now=NOW + 3 * MINUTE)
    ran = ready("sitter", "show", "S-1", "--messages", "-o", "json", now=NOW + 4 * MINUTE)
    said = [(each["direction"], each["number"], each["body"]) for each in ran.json["messages"]]
    assert said == [("outbound", MAYA, QUESTION), ("inbound", MAYA, "Yes I can")]
    assert MAYAS_PHONE not in ran.out
    table = ready("sitter", "show", "S-1", "--messages", "-o", "table", now=NOW + 4 * MINUTE)
    assert "Yes I can" in table.out
    assert "Is Rex fine?" not in table.out
    assert MAYAS_PHONE not in table.out
    shown = ready("message", "show", str(ran.json["messages"][0]["message"]), "-o", "json").json
    assert (shown["client"], shown["relay"], shown["sitter"]) == (None, "staff", "S-1")
    assert shown["to"] == "+1********01"
    thread = ready("thread", "show", "C-1", "-o", "json").json["messages"]
    assert QUESTION not in [each["body"] for each in thread]


CLIENT_WORDS = (
    "Is Rex eating well today?",
    "The alarm code is 4471 as always",
    "Please bring his blanket along",
)
DESK_WORDS = (
    "Can you take the visit of Tuesday?",
    "Olga is ill, and we look for somebody",
    "Your pay for January was sent today",
)


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_no_client_gets_the_front_desks_words(
    sqlite_cli: Cli, migrated_sqlite: str, seed: int
) -> None:
    """A random afternoon: clients, the front desk and the sitter write, repeat and react."""
    cli, random = sqlite_cli, Random(seed)
    people_and_visit(cli, "--relay", "on")
    cli(
        "booking", "add", "--ref", "B-9", "--client", "C-2", "--sitter", "S-1",
        "--start", "2026-02-14T14:30Z", "--end", "2026-02-14T15:30Z",
    )  # fmt: skip
    cli("booking", "confirm", "B-9")
    now, last_desk = NOW, None
    heard: list[str] = []
    for _ in range(14):
        now += random.choice((20 * SECOND, 4 * MINUTE, 25 * MINUTE))
        words = random.choice(CLIENT_WORDS)
        what = random.randrange(6)
        if what == 0:
            comes(cli, words, sender=random.choice((ANN, BOB)), now=now)
        elif what == 1:
            heard.append(random.choice(DESK_WORDS))
            desk(cli, heard[-1], now=now)
            last_desk = now
        elif what == 2:
            quoted = random.choice(heard or ["On my way"])
            start = random.choice(("", "@C-1 ", "@C-2 ", "fyi: "))
            said = random.choice((quoted, f"Liked “{quoted}”", f"> {quoted}\nok"))
            maya(cli, start + said, now=now)
        else:
            before = len(to_clients(migrated_sqlite))
            told = maya(cli, random.choice(("ok", "1", "2", "On my way", "Yes, fine")), now=now)
            dispatch(cli, now)
            if last_desk is not None and now - last_desk < 10 * MINUTE:
                answered_a_list = any(each.startswith("forwarded") for each in told["did"])
                assert answered_a_list or len(to_clients(migrated_sqlite)) == before
        dispatch(cli, now)
    for body in to_clients(migrated_sqlite):
        assert not any(words in body for words in DESK_WORDS), body
    staff = [body for kind, _, body, _ in relayed(migrated_sqlite) if kind == "staff"]
    assert staff == heard
    shown = cli("sitter", "show", "S-1", "--messages", "-o", "json", now=now).json["messages"]
    assert [each["body"] for each in shown if each["direction"] == "outbound"] == heard
