"""petmsg message pull: inbound messages, fetched by cron; each stored once, none left out."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from petmsg.errors import Busy
from petmsg.providers.base import ReceivedMessage
from petmsg.services.unit_of_work import Failure
from petmsg.workflows import receive
from tests.support.fixtures import NOW, Cli, Ran, add_org, looking, working
from tests.support.incoming import comes, waiting
from tests.support.on_twilio import ANN, DESK, POOL, SPARE, company, keys, send, texts
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_shapes import Fault, cut_json, hang, server_error

MINUTE = timedelta(minutes=1)
THEIRS = "+14155550900"
FOREIGN = "+19995550100"


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK, POOL, SPARE]) as running:
        yield running


@pytest.fixture
def ready(cli: Cli) -> Cli:
    company(cli)
    return cli


def pull(cli: Cli, fake: TwilioFake, *words: str, now: datetime = NOW, **more: Any) -> Ran:
    ran = cli("message", "pull", "-o", "json", *words, now=now, **{**keys(fake), **more})
    assert ANN not in ran.out + ran.err
    return ran


def writes(fake: TwilioFake, body: str, *, at: datetime = NOW - MINUTE, to: str = DESK) -> str:
    return fake.comes_in(body, from_=ANN, to=to, at=at)


def mark(url: str) -> datetime | None:
    with looking(url) as cursor:
        row = cursor.one("SELECT pulled_until FROM pull_mark WHERE provider = 'twilio'")
    found: datetime | None = None if row is None else row["pulled_until"]
    return found


def test_what_came_in_is_stored_with_its_time_and_its_id(
    ready: Cli, fake: TwilioFake, migrated_url: str
) -> None:
    sid = writes(fake, "Is Rex fine?")
    ran = pull(ready, fake)
    (row,) = ran.json
    assert (row["client"], row["code"], row["duplicate"]) == ("C-1", "POOL_OR_DESK_NUMBER", False)
    assert "1 new, 0 already known." in ran.err
    (text,) = texts(migrated_url)
    assert (text["provider_message_id"], text["body"]) == (sid, "Is Rex fine?")
    (item,) = ready("inbox", "list", "-o", "json").json
    assert item["received_at"] == "2026-02-14T14:59:00Z"


def test_pulling_again_brings_only_news_though_it_asks_for_what_it_had(
    ready: Cli, fake: TwilioFake, migrated_url: str
) -> None:
    writes(fake, "one")
    pull(ready, fake)
    assert mark(migrated_url) == NOW
    # Twilio lists a message late, with a time before the last pull.
    writes(fake, "late", at=NOW - 10 * MINUTE)
    writes(fake, "two", at=NOW + MINUTE)
    ran = pull(ready, fake, now=NOW + 2 * MINUTE)
    assert [row["message"] for row in ran.json] == [2, 3]
    assert "2 new, 1 already known." in ran.err
    assert [row["body"] for row in texts(migrated_url)] == ["one", "late", "two"]
    assert fake.requests[-1].query["DateSent>"] == "2026-02-14T14:00:00Z"


def test_our_own_texts_in_the_list_are_none_that_came_in(
    ready: Cli, fake: TwilioFake, migrated_url: str
) -> None:
    send(ready, fake)
    ran = pull(ready, fake)
    assert (ran.code, ran.json) == (0, [])
    assert len(texts(migrated_url)) == 1


def test_the_same_text_from_both_ways_in_is_one(
    ready: Cli, fake: TwilioFake, migrated_url: str
) -> None:
    sid = writes(fake, "Hi")
    comes(ready, "Hi", to=DESK, sid=sid)
    assert pull(ready, fake).json == []
    assert len(texts(migrated_url)) == 1


@pytest.mark.parametrize(
    "fault",
    [server_error(), cut_json(), hang()],
    ids=["500", "half a list", "no answer"],
)
def test_half_a_list_is_none_and_the_next_pull_asks_again(
    sqlite_cli: Cli, fake: TwilioFake, migrated_sqlite: str, fault: Fault
) -> None:
    company(sqlite_cli)
    writes(fake, "Hi")
    fake.faults.append(fault)
    ran = pull(sqlite_cli, fake, PETMSG_TWILIO_TIMEOUT_SECONDS="1")
    assert (ran.code, ran.error["code"]) == (75, "provider_unavailable")
    assert texts(migrated_sqlite) == []
    assert mark(migrated_sqlite) is None
    assert len(pull(sqlite_cli, fake, now=NOW + MINUTE).json) == 1


def test_since_a_time_repairs_without_moving_the_mark(
    ready: Cli, fake: TwilioFake, migrated_url: str
) -> None:
    pull(ready, fake)
    writes(fake, "days ago", at=NOW - timedelta(days=5))
    assert pull(ready, fake).json == []
    later = NOW + MINUTE
    (row,) = pull(ready, fake, "--since", "2026-02-01T00:00Z", now=later).json
    assert row["did"] == []
    assert waiting(ready) == [1]
    assert mark(migrated_url) == NOW


def test_a_text_to_a_number_of_no_org_is_stored_as_unmatched_and_reported(
    ready: Cli, fake: TwilioFake, migrated_url: str
) -> None:
    writes(fake, "Hi", to=FOREIGN)
    ran = pull(ready, fake)
    assert (ran.code, ran.json) == (4, [])
    assert f"{FOREIGN} is no org's number: kept as unmatched message 1." in ran.err
    # It is told once.
    again = pull(ready, fake, now=NOW + MINUTE)
    assert (again.code, again.json) == (0, [])
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT count(*) FROM stray_text") == 1


def test_one_account_serves_every_org_and_one_org_only_its_own(
    ready: Cli, fake: TwilioFake, migrated_url: str
) -> None:
    add_org(migrated_url, "calm-cats", front_desk=THEIRS)
    ready("org", "set", "--yes", "--force", "--provider", "twilio", "--org", "calm-cats")
    writes(fake, "ours")
    fake.comes_in("theirs", from_=ANN, to=THEIRS, at=NOW - MINUTE)
    (row,) = pull(ready, fake, "--org", "happy-paws").json
    assert row["org"] == "happy-paws"
    # The other org's message was not asked for: the mark has to stay where it was.
    assert mark(migrated_url) is None
    (row,) = pull(ready, fake).json
    assert (row["org"], row["client"], row["code"]) == ("calm-cats", None, "UNKNOWN_SENDER")
    assert mark(migrated_url) == NOW
    assert len(fake.requests) == 2


def test_the_only_org_of_a_provider_is_all_there_is(
    ready: Cli, fake: TwilioFake, migrated_url: str
) -> None:
    """So that cron with PETMSG_ORG misses nothing after a break, and stores unmatched messages."""
    add_org(migrated_url, "calm-cats", front_desk=THEIRS)  # in the sandbox
    later = NOW + timedelta(days=3)
    pull(ready, fake, PETMSG_ORG="happy-paws")
    assert mark(migrated_url) == NOW
    writes(fake, "while cron was down", at=NOW + timedelta(hours=1))
    (row,) = pull(ready, fake, PETMSG_ORG="happy-paws", now=later).json
    assert row["client"] == "C-1"
    assert mark(migrated_url) == later


def test_a_thousand_texts_come_in_order_page_by_page(
    sqlite_cli: Cli, fake: TwilioFake, migrated_sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("petmsg.providers.twilio._LARGEST_PAGE", 100)
    company(sqlite_cli)
    for at in range(450):
        writes(fake, f"text {at}", at=NOW - timedelta(seconds=450 - at))
    assert len(pull(sqlite_cli, fake).json) == 450
    assert [row["body"] for row in texts(migrated_sqlite)] == [f"text {at}" for at in range(450)]


@pytest.mark.parametrize("words", [("STOP", "START"), ("START", "STOP")])
def test_texts_of_one_second_are_stored_in_the_order_they_were_sent(
    ready: Cli, fake: TwilioFake, migrated_url: str, words: tuple[str, str]
) -> None:
    """Twilio lists the newest first, and dates them to the second."""
    for word in words:
        writes(fake, word)
    pull(ready, fake)
    assert [text["body"] for text in texts(migrated_url)] == list(words)
    shown = ready("optout", "show", "C-1", "-o", "json").json
    assert shown["opted_out"] == (words[-1] == "STOP")


# --- messages that cannot be stored ------------------------------------------------------------


def test_a_message_that_its_company_cannot_store_is_kept_and_holds_no_other_back(
    sqlite_cli: Cli, fake: TwilioFake, migrated_sqlite: str
) -> None:
    company(sqlite_cli)
    with working(migrated_sqlite) as uow:
        uow.cursor.run(
            "CREATE TRIGGER no_poison BEFORE INSERT ON message WHEN new.body = 'poison'"
            " BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    writes(fake, "poison")
    writes(fake, "STOP")
    ran = pull(sqlite_cli, fake)
    assert ran.code == 4
    assert [text["body"] for text in texts(migrated_sqlite)] == ["STOP"]
    assert sqlite_cli("client", "show", "C-1", "-o", "json").json["opted_out"]
    assert mark(migrated_sqlite) == NOW
    (stray,) = sqlite_cli("inbox", "strays", "-o", "json").json
    assert (stray["body"], stray["to"]) == ("poison", DESK)
    said = sqlite_cli("alert", "list", "-o", "json").json
    (alert,) = [row for row in said if row["kind"] == "stray_text"]
    assert f"A message to {DESK} could not be stored in its thread" in alert["message"]
    pull(sqlite_cli, fake, now=NOW + MINUTE)
    assert len(sqlite_cli("inbox", "strays", "-o", "json").json) == 1
    with working(migrated_sqlite) as uow:
        uow.cursor.run("DROP TRIGGER no_poison")
    assert sqlite_cli("inbox", "adopt", str(stray["stray"])).code == 0
    assert [text["body"] for text in texts(migrated_sqlite)] == ["STOP", "poison"]


def test_a_message_behind_a_lock_is_asked_for_again(
    ready: Cli, fake: TwilioFake, migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be stored the next time, so it is no unmatched message, and the mark stays."""
    writes(fake, "Is Rex fine?")

    def locked(_store: object, texts: Sequence[ReceivedMessage], **_: object) -> list[Failure]:
        return [Failure(each.provider_message_id, Busy("locked")) for each in texts]

    with monkeypatch.context() as patch:
        patch.setattr(receive, "store_messages", locked)
        assert pull(ready, fake).code != 0
    assert mark(migrated_url) is None
    assert ready("inbox", "strays", "-o", "json").json == []
    assert pull(ready, fake).code == 0
    assert [text["body"] for text in texts(migrated_url)] == ["Is Rex fine?"]


def test_a_row_that_calls_our_own_message_received_changes_nothing_and_holds_nothing_back(
    ready: Cli, fake: TwilioFake, migrated_url: str
) -> None:
    sid = send(ready, fake)
    fake.spoilt[sid] = {"direction": "inbound", "from": ANN, "to": DESK}
    writes(fake, "Is Rex fine?")
    assert pull(ready, fake).code == 4
    assert [text["direction"] for text in texts(migrated_url)] == ["outbound", "inbound"]
    assert mark(migrated_url) == NOW
    assert ready("inbox", "strays", "-o", "json").json == []
