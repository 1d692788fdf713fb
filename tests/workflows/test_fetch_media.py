"""Files of received messages: fetched after the commit, by one process, and never lost silently."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from petmsg.media.folder_store import FolderStore
from petmsg.workflows import fetch_media
from petmsg.workflows.environment import Environment
from petmsg.workflows.fetch_media import MediaFetcher
from petmsg.workflows.store import Store
from tests.support.consistency import raw
from tests.support.fixtures import NOW, Cli, add_org, looking, working
from tests.support.on_twilio import ANN, DESK, POOL, SPARE, company, keys
from tests.support.twilio_fake import ACCOUNT_SID, TwilioFake
from tests.support.twilio_media import Storage, storage_host
from tests.support.twilio_shapes import answer, server_error
from tests.support.webhooks import inbound, serving, wait_until

JPEG = b"\xff\xd8\xff" + bytes(500)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(300)
VCARD = b"BEGIN:VCARD\nTEL:+14155551001\nEND:VCARD"
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK, POOL, SPARE]) as running:
        yield running


@pytest.fixture
def storage(fake: TwilioFake) -> Iterator[Storage]:
    with storage_host() as running:
        fake.media.storage = running.url
        yield running


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "pictures"


class Company:
    """A company on Twilio, and the pictures that come in."""

    def __init__(self, cli: Cli, url: str, fake: TwilioFake, storage: Storage, place: Path) -> None:
        self.cli, self.url, self.fake, self.storage, self.place = cli, url, fake, storage, place
        company(cli)

    @property
    def environ(self) -> dict[str, str]:
        return keys(self.fake, PETMSG_MEDIA_DIR=str(self.place), PETMSG_DATABASE_URL=self.url)

    def comes(self, *contents: bytes, to: str = DESK) -> list[str]:
        """A message with these files comes in, and is pulled: the files' IDs."""
        sid = self.fake.comes_in("", from_=ANN, to=to, at=NOW - MINUTE, media_count=len(contents))
        sids = self.fake.media.add(sid, *["image/jpeg"] * len(contents))
        self.storage.files.update(zip(sids, contents, strict=True))
        assert self.run("message", "pull").code == 0
        return sids

    def run(self, *words: str, **options: Any) -> Any:
        return self.cli(*words, "-o", "json", **self.environ, **options)

    def fetch(self, *words: str, **options: Any) -> Any:
        return self.run("media", "fetch", *words, **options)

    def rows(self) -> list[dict[str, Any]]:
        with looking(self.url) as cursor:
            return cursor.rows("SELECT * FROM media ORDER BY id")

    def statuses(self) -> list[str]:
        return [row["status"] for row in self.rows()]

    def alerts(self) -> list[tuple[Any, ...]]:
        with looking(self.url) as cursor:
            return cursor.tuples(
                "SELECT ref, command, done_at IS NULL FROM alert WHERE kind = 'media_lost'"
            )

    def store(self) -> Store:
        return Store(Environment(self.environ, now=NOW), db=self.url, actor="test")


@pytest.fixture
def pets(cli: Cli, migrated_url: str, fake: TwilioFake, storage: Storage, place: Path) -> Company:
    return Company(cli, migrated_url, fake, storage, place)


def test_pulled_files_are_rows_at_once_and_bytes_after_a_fetch(pets: Company) -> None:
    sids = pets.comes(JPEG, PNG, VCARD)
    assert [(row["status"], row["provider_media_id"], row["due_at"]) for row in pets.rows()] == [
        ("missing", sid, NOW) for sid in sids
    ]
    ran = pets.fetch()
    assert (ran.code, [row["status"] for row in ran.json]) == (0, ["stored"] * 3)
    kinds = [row["content_type"] for row in pets.rows()]
    assert kinds == ["image/jpeg", "image/png", "text/vcard"]
    kept = FolderStore(pets.place)
    assert [kept.read(row["sha256"]) for row in pets.rows()] == [JPEG, PNG, VCARD]
    assert pets.fetch().json == []
    assert len(pets.storage.requests) == 3


def test_pulling_again_adds_no_rows(pets: Company) -> None:
    pets.comes(JPEG)
    assert pets.run("message", "pull", now=NOW + MINUTE).code == 0
    assert pets.statuses() == ["missing"]


def test_a_list_that_fails_loses_no_message_and_is_asked_for_again(pets: Company) -> None:
    pets.fake.faults.extend([None, server_error()])
    (sid,) = pets.comes(JPEG)
    assert [row["provider_media_id"] for row in pets.rows()] == [None]
    assert pets.fetch().code == 0
    (row,) = pets.rows()
    assert (row["status"], row["provider_media_id"]) == ("stored", sid)


@pytest.mark.parametrize("how", ["404", "lying", "500"])
def test_it_is_tried_five_times_then_lost_and_an_id_tries_again(pets: Company, how: str) -> None:
    (sid,) = pets.comes(JPEG)
    pets.storage.how[sid] = how
    at, waits = NOW, []
    for _ in range(4):
        assert pets.fetch(now=at).code == 75
        (row,) = pets.rows()
        assert row["status"] == "missing"
        assert row["error"]
        waits.append(row["due_at"] - at)
        assert pets.fetch(now=row["due_at"] - SECOND).json == []
        at = row["due_at"]
    assert waits == [10 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE]
    if how != "404":
        assert pets.fetch(now=at).code == 75  # it may answer again within hours
        at = NOW + timedelta(hours=3)
    assert pets.fetch(now=at).code == 10
    (row,) = pets.rows()
    assert (row["status"], row["due_at"]) == ("lost", None)
    assert [(command, bool(is_open)) for _, command, is_open in pets.alerts()] == [
        (f"petmsg media fetch {row['id']}", True)
    ]
    del pets.storage.how[sid]
    assert pets.fetch(now=at + MINUTE).json == []
    ran = pets.fetch(str(row["id"]), now=at + MINUTE)
    assert (ran.code, ran.json[0]["status"]) == (0, "stored")
    assert [bool(is_open) for *_, is_open in pets.alerts()] == [False]


def test_a_file_that_is_too_large_is_lost_at_once(
    pets: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_media, "MOST_BYTES", len(JPEG) - 1)
    pets.comes(JPEG, PNG)
    assert pets.fetch().code == 10
    assert pets.statuses() == ["lost", "stored"]
    assert len(pets.alerts()) == 1


def test_a_rejected_account_uses_no_tries_and_stops_the_run(pets: Company) -> None:
    pets.comes(JPEG, PNG)
    pets.fake.faults.append(answer(401))
    ran = pets.fetch()
    assert ran.code == 5
    assert "rejects the account" in ran.err
    assert [(row["status"], row["attempts"]) for row in pets.rows()] == [("missing", 0)] * 2
    assert pets.storage.requests == []
    assert pets.fetch(now=NOW + 5 * MINUTE).code == 0
    assert pets.statuses() == ["stored"] * 2


def test_a_file_that_is_not_there_is_not_found(pets: Company) -> None:
    assert pets.fetch("404").code == 3


def test_a_dry_run_lists_what_is_due_and_asks_nobody(pets: Company) -> None:
    pets.comes(JPEG)
    asked = len(pets.fake.requests)
    assert [row["status"] for row in pets.fetch("--dry-run").json] == ["missing"]
    assert (len(pets.fake.requests), pets.statuses()) == (asked, ["missing"])


def test_older_files_of_another_org_do_not_hide_those_of_the_named_one(
    pets: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_media, "_AT_ONCE", 1)
    monkeypatch.setattr(fetch_media, "_AT_MOST", 1)
    pets.comes(JPEG)
    add_org(pets.url, "tails", front_desk=SPARE)
    tails = ("--org", "tails")
    assert pets.run("org", "set", *tails, "--provider", "twilio", "--yes", "--force").code == 0
    pets.comes(PNG, to=SPARE)
    assert [row["org"] for row in pets.fetch(*tails, "--dry-run").json] == ["tails"]
    assert [row["org"] for row in pets.fetch(*tails).json] == ["tails"]
    assert pets.statuses() == ["missing", "stored"]
    with raw(pets.url) as cursor:
        cursor.run("UPDATE media SET provider_delete_at = due_at WHERE status = 'missing'")
        cursor.run("UPDATE media SET provider_delete_at = stored_at WHERE status = 'stored'")
    pets.fetch(*tails)
    assert [row["provider_deleted_at"] is None for row in pets.rows()] == [True, False]


def test_of_several_processes_one_fetches_a_file(pets: Company) -> None:
    pets.comes(JPEG, PNG)
    pets.comes(VCARD)
    ready = threading.Barrier(4)
    done: list[list[Any]] = []

    def race() -> None:
        store = pets.store()
        with store.at_end:
            orgs = store.orgs()
            ready.wait()
            done.append(MediaFetcher(store).fetch_due(orgs))

    racers = [threading.Thread(target=race) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert pets.statuses() == ["stored"] * 3
    assert sorted(row.id for rows in done for row in rows) == [1, 2, 3]
    assert len(pets.storage.requests) == 3


def test_a_crash_after_the_bytes_were_put_leaves_only_a_file(
    pets: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    pets.comes(JPEG)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("petmsg.services.media.fetch.record_outcomes", die)
        store = pets.store()
        with store.at_end, pytest.raises(KeyboardInterrupt):
            MediaFetcher(store).fetch_due(store.orgs())
    (row,) = pets.rows()
    assert (row["status"], row["sha256"]) == ("missing", None)
    assert len([*FolderStore(pets.place).listed()]) == 1
    assert pets.fetch(now=row["due_at"] - SECOND).json == []
    assert pets.fetch(now=row["due_at"]).code == 0
    assert pets.statuses() == ["stored"]
    assert len([*FolderStore(pets.place).listed()]) == 1


def test_erasing_deletes_bytes_that_no_other_file_has_and_the_providers_copies(
    pets: Company,
) -> None:
    pets.comes(JPEG, PNG)
    pets.comes(PNG)
    pets.fetch()
    with working(pets.url) as uow:
        uow.cursor.run(
            "UPDATE media SET status = 'erasing', provider_delete_at = :now WHERE id IN (1, 2)",
            now=NOW,
        )
    assert pets.fetch().code == 0
    assert pets.statuses() == ["erased", "erased", "stored"]
    assert [row["provider_deleted_at"] is None for row in pets.rows()] == [False, False, True]
    kept = FolderStore(pets.place)
    assert [kept.read(file.sha256) for file in kept.listed()] == [PNG]
    assert [len(files) for files in pets.fake.media.by_message.values()] == [0, 1]


def test_a_person_can_store_a_message_with_its_files(pets: Company, tmp_path: Path) -> None:
    photo, card = tmp_path / "rex.jpg", tmp_path / "vet.vcf"
    photo.write_bytes(JPEG)
    card.write_bytes(VCARD)
    line = ("message", "receive", "--from", ANN, "--to", DESK)
    ran = pets.run(*line, "--media", str(photo), "--media", str(card))
    assert ran.code == 0, ran.err
    assert [(row["status"], row["name"], row["content_type"]) for row in pets.rows()] == [
        ("stored", "rex.jpg", "image/jpeg"),
        ("stored", "vet.vcf", "text/vcard"),
    ]
    assert FolderStore(pets.place).read(pets.rows()[0]["sha256"]) == JPEG
    assert pets.run(*line).code == 2
    assert pets.run(*line, "--media", str(tmp_path / "none.jpg")).code == 2
    assert pets.run(*line, *["--media", str(photo)] * 11).code == 2
    assert len(pets.rows()) == 2


def test_a_signed_webhook_and_a_pull_store_a_message_once_and_the_server_fetches_at_once(
    pets: Company,
) -> None:
    sids = [f"ME{at:032x}" for at in (1, 2, 3)]
    message = pets.fake.comes_in("", from_=ANN, to=DESK, at=NOW - MINUTE, media_count=3)
    assert pets.fake.media.add(message, "image/jpeg", "image/png", "text/vcard") == sids
    pets.storage.files.update(zip(sids, (JPEG, PNG, VCARD), strict=True))
    form = inbound(message, ANN, DESK, "") | {"NumMedia": "3", "MessageSid": message}
    form["SmsSid"] = message
    url = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/{message}/Media"
    for at, sid in enumerate(sids):
        form |= {f"MediaUrl{at}": f"{url}/{sid}", f"MediaContentType{at}": "image/jpeg"}
    environ = pets.environ
    del environ["PETMSG_DATABASE_URL"]
    with serving(pets.url, **environ) as server:
        for _ in range(2):
            assert server.twilio("/twilio/inbound", form).status == 200
        wait_until(lambda: pets.statuses() == ["stored"] * 3)
        assert server.stop() == 0
        assert "Pictures are not fetched" not in " ".join(server.errors)
    assert pets.run("message", "pull").code == 0
    assert [row["provider_media_id"] for row in pets.rows()] == sids
    assert [row["content_type"] for row in pets.rows()][1:] == ["image/png", "text/vcard"]
    assert len(pets.storage.requests) == 3


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_stored_bytes_that_are_gone_or_damaged_are_fetched_again(
    pets: Company, damage: str
) -> None:
    pets.comes(JPEG)
    pets.fetch()
    (row,) = pets.rows()
    path = pets.place / row["sha256"][:2] / row["sha256"]
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(b"?" * len(JPEG))
    assert pets.fetch().json == []
    ran = pets.fetch(str(row["id"]))
    assert (ran.code, ran.json[0]["status"]) == (0, "stored")
    assert FolderStore(pets.place).read(row["sha256"]) == JPEG
