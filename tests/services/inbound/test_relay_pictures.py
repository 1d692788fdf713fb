"""Pictures in the relay go along with the words; where they cannot, everybody is told so."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from petmsg.enums.orgs import ProviderName
from petmsg.errors import ExtraMissing
from petmsg.providers.base import ReceivedMedia, ReceivedMessage
from petmsg.rules.segments import measure
from petmsg.services.inbound.receive import Received, receive_each
from petmsg.workflows import relay_pictures as workflow
from petmsg.workflows.environment import Environment
from petmsg.workflows.relay_pictures import relay_pictures
from petmsg.workflows.store import Store
from tests.support.fixtures import NOW, Cli, looking, working
from tests.support.incoming import BOB, MAYAS_PHONE, comes, relayed, waiting
from tests.support.pictures import Private, photo_with_position, values_of, vcard
from tests.support.texting import ANN, MAYA, people_and_visit

MINUTE = timedelta(minutes=1)
EVERYWHERE = frozenset(ProviderName)
LOST = "A picture could not be forwarded."
NOWHERE: frozenset[ProviderName] = frozenset()


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
    url: str,
    body: str,
    *,
    sender: str = ANN,
    count: int = 1,
    now: datetime = NOW,
    media_providers: frozenset[ProviderName] = EVERYWHERE,
) -> Received:
    """A message with pictures that petmsg has not fetched yet."""
    media = tuple(ReceivedMedia("image/jpeg", f"ME{body}{place}") for place in range(count))
    text = ReceivedMessage(f"MM{body}{now}{sender}", sender, MAYA, body, now, count, media=media)
    with working(url, now=now) as uow:
        (taken,) = receive_each(uow, [text], media_providers=media_providers)
    assert isinstance(taken, Received)
    return taken


def store_of(url: str, now: datetime = NOW) -> Store:
    return Store(Environment({}, now), db=url)


def arrive(url: str, message: int, *contents: bytes, now: datetime = NOW) -> None:
    """The bytes of a message's files were fetched, and are passed on."""
    store = store_of(url, now)
    with working(url, now=now) as uow:
        ids = [
            row[0]
            for row in uow.cursor.tuples(
                "SELECT id FROM media WHERE message_id = :id ORDER BY position", id=message
            )
        ]
        for each, content in zip(ids, contents, strict=True):
            uow.cursor.run(
                "UPDATE media SET status = 'stored', sha256 = :sha256, due_at = NULL"
                " WHERE id = :id",
                sha256=store.media.put(content),
                id=each,
            )
    with store.at_end:
        relay_pictures(store)


def lose(url: str, message: int, *, now: datetime = NOW) -> None:
    """The provider does not have the files of a message any more."""
    with working(url, now=now) as uow:
        uow.cursor.run(
            "UPDATE media SET status = 'lost', due_at = NULL WHERE message_id = :id", id=message
        )
    store = store_of(url, now)
    with store.at_end:
        relay_pictures(store)


def told(url: str) -> list[tuple[str, str]]:
    return [(each[0], each[2]) for each in relayed(url)]


def carried_files(url: str) -> list[tuple[str, str | None]]:
    """What the sandbox was handed: words, and the files as JSON."""
    with looking(url) as cursor:
        rows = cursor.tuples("SELECT body, media FROM sandbox_text ORDER BY id")
    return [(row[0], row[1]) for row in rows]


def copies(url: str) -> list[tuple[str, str | None]]:
    """The status and the hash of the files that are passed on."""
    with looking(url) as cursor:
        rows = cursor.tuples(
            "SELECT status, sha256 FROM media WHERE source_id IS NOT NULL ORDER BY id"
        )
    return [(row[0], row[1]) for row in rows]


@pytest.mark.parametrize(
    ("body", "count", "forwarded"),
    [("Look!", 1, "Ann: Look!"), ("", 3, "Ann: [3 pictures]")],
)
def test_a_clients_pictures_go_to_the_sitter_with_the_words_once_they_are_there(
    ready: Cli, migrated_url: str, body: str, count: int, forwarded: str
) -> None:
    taken = picture(migrated_url, body, count=count)
    assert told(migrated_url) == [("forward", forwarded)]
    assert waiting(ready) == []
    assert ready("message", "dispatch", now=NOW).code == 0
    assert carried_files(migrated_url) == []
    arrive(migrated_url, taken.message, *[photo_with_position()] * count)
    assert ready("message", "dispatch", now=NOW + MINUTE).code == 0
    ((words, files),) = carried_files(migrated_url)
    assert words == forwarded
    assert files is not None
    assert files.count("image/jpeg") == count


def test_what_is_passed_on_carries_no_position(ready: Cli, migrated_url: str) -> None:
    taken = picture(migrated_url, "Look!")
    arrive(migrated_url, taken.message, photo_with_position())
    ((status, sha256),) = copies(migrated_url)
    assert (status, sha256 is not None) == ("stored", True)
    content = store_of(migrated_url).media.read(sha256 or "")
    assert not [value for value in values_of(Private()) if value in content]


def test_a_sitters_picture_alone_goes_to_the_client(ready: Cli, migrated_url: str) -> None:
    taken = picture(migrated_url, "", sender=MAYAS_PHONE)
    assert taken.did == ("forwarded to C-1",)
    arrive(migrated_url, taken.message, photo_with_position())
    assert ready("message", "dispatch", now=NOW).code == 0
    ((words, files),) = carried_files(migrated_url)
    assert words == ""
    assert files is not None
    assert told(migrated_url) == [("reply", "")]
    assert waiting(ready) == []


def test_a_picture_for_a_named_client_needs_no_words(ready: Cli, migrated_url: str) -> None:
    also_bob(ready)
    taken = picture(migrated_url, "@C-2", sender=MAYAS_PHONE)
    assert taken.did == ("forwarded to C-2",)
    assert {each[1] for each in relayed(migrated_url)} == {BOB}


def test_a_picture_waits_for_the_answer_and_goes_with_its_words(
    ready: Cli, migrated_url: str
) -> None:
    also_bob(ready)
    taken = picture(migrated_url, "All well", sender=MAYAS_PHONE)
    assert waiting(ready) == [taken.message]
    arrive(migrated_url, taken.message, photo_with_position())
    assert ready("message", "dispatch", now=NOW).code == 0
    answered = comes(ready, "2", sender=MAYAS_PHONE, now=NOW + MINUTE)
    assert answered["did"] == ["forwarded to C-2"]
    assert waiting(ready) == []
    store = store_of(migrated_url, NOW + MINUTE)
    with store.at_end:
        assert relay_pictures(store) == 1
    assert ready("message", "dispatch", now=NOW + 2 * MINUTE).code == 0
    words, files = carried_files(migrated_url)[-1]
    assert words == "All well"
    assert files is not None


def test_words_that_are_refused_take_the_picture_with_them(ready: Cli, migrated_url: str) -> None:
    taken = picture(migrated_url, "Call me: 415 555 2001", sender=MAYAS_PHONE)
    assert [kind for kind, _ in told(migrated_url)] == ["notice"]
    assert "The front desk has your message." in told(migrated_url)[0][1]
    assert waiting(ready) == [taken.message]
    arrive(migrated_url, taken.message, photo_with_position())
    assert copies(migrated_url) == []


def test_without_an_address_for_the_provider_the_front_desk_has_the_picture(
    ready: Cli, migrated_url: str
) -> None:
    first = picture(migrated_url, "Look!", media_providers=NOWHERE)
    second = picture(migrated_url, "All well", sender=MAYAS_PHONE, media_providers=NOWHERE)
    third = picture(migrated_url, "", sender=MAYAS_PHONE, media_providers=NOWHERE)
    assert told(migrated_url) == [
        ("forward", "Ann: Look! [1 picture, with the front desk]"),
        ("reply", "All well"),
        (
            "notice",
            "Your text is being sent to Ann. Pictures are not forwarded. The front desk has them.",
        ),
        ("notice", "Pictures are not forwarded. The front desk has them."),
    ]
    assert waiting(ready) == [first.message, second.message, third.message]
    assert copies(migrated_url) == []


def test_a_number_that_cannot_send_pictures_forwards_the_words(
    ready: Cli, migrated_url: str
) -> None:
    with working(migrated_url) as uow:
        uow.cursor.run(
            "UPDATE message_number SET mms = :no WHERE e164 = :e164", no=False, e164=MAYA
        )
    taken = picture(migrated_url, "Look!")
    assert told(migrated_url) == [("forward", "Ann: Look! [1 picture, with the front desk]")]
    assert waiting(ready) == [taken.message]


@pytest.mark.parametrize(("body", "words"), [("Look!", "Ann: Look!"), ("", "Ann: [1 picture]")])
def test_a_lost_picture_of_a_client_does_not_hold_the_words(
    ready: Cli, migrated_url: str, body: str, words: str
) -> None:
    taken = picture(migrated_url, body)
    lose(migrated_url, taken.message)
    forwarded = f"{words} [1 picture could not be forwarded; the front desk has been told]"
    assert told(migrated_url) == [("forward", forwarded)]
    assert waiting(ready) == [taken.message]
    assert ready("message", "dispatch", now=NOW).code == 0
    assert carried_files(migrated_url) == [(forwarded, None)]


def test_a_lost_picture_of_a_sitter_is_told_and_the_words_go(ready: Cli, migrated_url: str) -> None:
    taken = picture(migrated_url, "All well", sender=MAYAS_PHONE)
    lose(migrated_url, taken.message)
    assert told(migrated_url) == [
        ("reply", "All well"),
        ("notice", f"{LOST} Your message is sent without it. The front desk has been told."),
    ]
    assert waiting(ready) == [taken.message]


@pytest.mark.parametrize("sender", [ANN, MAYAS_PHONE])
def test_words_whose_picture_is_lost_are_counted_in_segments_again(
    ready: Cli, migrated_url: str, sender: str
) -> None:
    """A message with pictures is one segment. The rate limit of the number needs the true count."""
    taken = picture(migrated_url, "\N{DOG}" * 40, sender=sender, count=2)
    with looking(migrated_url) as cursor:
        of_message = "SELECT segments FROM message WHERE media_count = :count AND id > :id"
        assert cursor.value(of_message, count=2, id=taken.message) == 1
    lose(migrated_url, taken.message)
    with looking(migrated_url) as cursor:
        (found,) = cursor.tuples(
            "SELECT m.body, m.segments FROM message m JOIN relay r ON r.message_id = m.id"
            " WHERE r.kind <> 'notice'"
        )
    assert found[1] == measure(found[0]).segments > 1


def test_a_lost_picture_alone_is_not_sent_and_the_sitter_knows(
    ready: Cli, migrated_url: str
) -> None:
    taken = picture(migrated_url, "", sender=MAYAS_PHONE)
    lose(migrated_url, taken.message)
    assert [each[3] for each in relayed(migrated_url)] == ["cancelled", "queued"]
    assert told(migrated_url)[1] == (
        "notice",
        f"{LOST} It was not sent. The front desk has been told.",
    )
    assert waiting(ready) == [taken.message]


def test_without_the_library_that_cleans_pictures_what_needs_none_goes(
    ready: Cli, migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ExtraMissing("Pictures need Pillow.", "media")

    monkeypatch.setattr(workflow, "_AT_ONCE", 1)
    monkeypatch.setattr(workflow, "prepare", missing)
    stored, lost = picture(migrated_url, "First"), picture(migrated_url, "Second")
    with pytest.raises(ExtraMissing):
        arrive(migrated_url, stored.message, photo_with_position())
    with pytest.raises(ExtraMissing):
        lose(migrated_url, lost.message)
    monkeypatch.undo()
    assert [status for status, _ in copies(migrated_url)] == ["missing"]
    assert "Second [1 picture could not be forwarded" in told(migrated_url)[1][1]
    store = store_of(migrated_url)
    with store.at_end:
        relay_pictures(store)


def test_a_contact_card_is_not_passed_on(ready: Cli, migrated_url: str) -> None:
    taken = picture(migrated_url, "Our vet", count=2)
    arrive(migrated_url, taken.message, vcard(), photo_with_position())
    assert [status for status, _ in copies(migrated_url)] == ["stored"]
    assert told(migrated_url) == [
        (
            "forward",
            "Ann: Our vet [1 picture could not be forwarded; the front desk has been told]",
        )
    ]
    assert ready("message", "dispatch", now=NOW).code == 0
    assert waiting(ready) == [taken.message]


def test_the_words_wait_no_longer_than_ten_minutes_for_a_picture(
    ready: Cli, migrated_url: str
) -> None:
    picture(migrated_url, "Look!")
    store = store_of(migrated_url, NOW + 10 * MINUTE - timedelta(seconds=1))
    with store.at_end:
        assert relay_pictures(store) == 0
    store = store_of(migrated_url, NOW + 10 * MINUTE)
    with store.at_end:
        assert relay_pictures(store) == 1
    assert ready("message", "dispatch", now=NOW + 10 * MINUTE).code == 0
    assert carried_files(migrated_url) == [
        ("Ann: Look! [1 picture could not be forwarded; the front desk has been told]", None)
    ]


def test_a_picture_without_words_is_not_shown_as_erased(ready: Cli, migrated_url: str) -> None:
    picture(migrated_url, "", count=2)
    picture(migrated_url, "", now=NOW + MINUTE, sender="+16175550199")
    listed = ready("inbox", "list", "-o", "table").out
    assert listed.count("[picture being fetched]") == 1
    shown = ready("inbox", "show", "1", "-o", "table").out
    shown += ready("thread", "show", "C-1", "-o", "table").out
    assert "erased" not in shown


def test_the_result_of_receiving_names_the_pictures(ready: Cli, migrated_url: str) -> None:
    first, again = (picture(migrated_url, "Look!", count=2) for _ in range(2))
    assert [(row.media, row.status) for row in first.media] == [(1, "missing"), (2, "missing")]
    assert (again.duplicate, again.media) == (True, first.media)
    assert picture(migrated_url, "Nice", count=0).media == ()


def test_a_message_without_anything_is_not_shown_as_erased(ready: Cli) -> None:
    comes(ready, "", to="+14155550100")
    assert "[empty]" in ready("inbox", "list", "-o", "table").out
    assert "[empty]" in ready("thread", "show", "C-1", "-o", "table").out
