"""Pictures in the relay are not passed on: they wait in the inbox, and nobody is told otherwise."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from petmsg.providers.base import ReceivedText
from petmsg.services.inbound.receive import Received, receive_each
from tests.support.fixtures import NOW, Cli, working
from tests.support.incoming import BOB, MAYAS_PHONE, comes, relayed, waiting
from tests.support.texting import ANN, MAYA, people_and_visit

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ready(cli: Cli) -> Iterator[Cli]:
    """Maya sits for Ann and Bob now, and the org relays. Doctor finds nothing afterwards."""
    people_and_visit(cli, "--relay", "on")
    yield cli
    found = cli("doctor", "--findings", "-o", "json", now=NOW + 5 * MINUTE)
    assert found.json == []


def also_bob(cli: Cli) -> None:
    cli(
        "booking", "add", "--ref", "B-9", "--client", "C-2", "--sitter", "S-1",
        "--start", "2026-02-14T14:30Z", "--end", "2026-02-14T16:00Z",
    )  # fmt: skip
    assert cli("booking", "confirm", "B-9").code == 0


def picture(
    url: str, body: str, *, sender: str = ANN, count: int = 1, now: datetime = NOW
) -> Received:
    text = ReceivedText(f"MM{body}{now}{sender}", sender, MAYA, body, now, media_count=count)
    with working(url, now=now) as uow:
        (taken,) = receive_each(uow, [text])
    assert isinstance(taken, Received)
    return taken


def told(url: str) -> list[tuple[str, str]]:
    return [(each[0], each[2]) for each in relayed(url)]


@pytest.mark.parametrize(
    ("body", "count", "forwarded"),
    [
        ("Look!", 1, "Ann: Look! [1 picture, with the front desk]"),
        ("", 3, "Ann: [3 pictures, with the front desk]"),
    ],
)
def test_a_clients_pictures_are_where_the_notice_to_the_sitter_says(
    ready: Cli, migrated_url: str, body: str, count: int, forwarded: str
) -> None:
    taken = picture(migrated_url, body, count=count)
    assert told(migrated_url) == [("forward", forwarded)]
    assert waiting(ready) == waiting(ready, "--for", "S-1") == [taken.message]


def test_a_sitters_picture_without_words_is_no_missing_word(ready: Cli, migrated_url: str) -> None:
    also_bob(ready)
    for body in ("", "@C-1"):
        taken = picture(migrated_url, body, sender=MAYAS_PHONE)
        assert taken.did == ("pictures are not forwarded: left in the inbox",)
    assert set(told(migrated_url)) == {
        ("notice", "Pictures are not forwarded. The front desk has them.")
    }
    assert waiting(ready) == [1, 3]


def test_a_sitters_words_are_passed_on_and_their_picture_waits(
    ready: Cli, migrated_url: str
) -> None:
    taken = picture(migrated_url, "All well", sender=MAYAS_PHONE)
    assert told(migrated_url) == [
        ("reply", "All well"),
        (
            "notice",
            "Your text is being sent to Ann. Pictures are not forwarded. The front desk has them.",
        ),
    ]
    assert waiting(ready) == [taken.message]


def test_a_picture_behind_for_whom_is_it_still_waits_after_the_answer(
    ready: Cli, migrated_url: str
) -> None:
    also_bob(ready)
    taken = picture(migrated_url, "All well", sender=MAYAS_PHONE)
    words = comes(ready, "On my way", sender=MAYAS_PHONE)
    assert waiting(ready) == [taken.message, words["message"]]
    assert ready("message", "dispatch", now=NOW).code == 0
    answered = comes(ready, "2", sender=MAYAS_PHONE, now=NOW + MINUTE)
    assert answered["did"] == ["forwarded to C-2", "forwarded to C-2"]
    assert waiting(ready) == [taken.message]
    assert told(migrated_url)[-2:] == [
        (
            "notice",
            "Your text is being sent to Bob. Pictures are not forwarded. The front desk has them.",
        ),
        ("reply", "On my way"),
    ]
    assert {each[1] for each in relayed(migrated_url) if each[0] == "reply"} == {BOB}


def test_a_picture_without_words_is_not_shown_as_erased(ready: Cli, migrated_url: str) -> None:
    picture(migrated_url, "", count=2)
    picture(migrated_url, "", now=NOW + MINUTE, sender="+16175550199")
    listed = ready("inbox", "list", "-o", "table").out
    assert listed.count("[picture being") == 3
    shown = ready("inbox", "show", "1", "-o", "table").out
    shown += ready("thread", "show", "C-1", "-o", "table").out
    assert "erased" not in listed + shown


def test_the_result_of_receiving_names_the_pictures(ready: Cli, migrated_url: str) -> None:
    first, again = (picture(migrated_url, "Look!", count=2) for _ in range(2))
    assert [(row.media, row.status) for row in first.media] == [(1, "missing"), (2, "missing")]
    assert (again.duplicate, again.media) == (True, first.media)
    assert picture(migrated_url, "Nice", count=0).media == ()


def test_a_message_without_anything_is_not_shown_as_erased(ready: Cli) -> None:
    comes(ready, "", to="+14155550100")
    assert "[empty]" in ready("inbox", "list", "-o", "table").out
    assert "[empty]" in ready("thread", "show", "C-1", "-o", "table").out
