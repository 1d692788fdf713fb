"""Twilio fetches the pictures of a message from a running `petmsg serve`, and the relay uses it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from petmsg import clock
from tests.support.fixtures import Cli
from tests.support.media_fetcher import Fetcher, fetch
from tests.support.on_twilio import ANN, DESK, POOL, SPARE, company, keys
from tests.support.pictures import Private, photo_with_position, values_of
from tests.support.twilio_fake import TwilioFake
from tests.support.webhooks import serving


@pytest.fixture
def fetcher() -> Fetcher:
    return Fetcher()


@pytest.fixture
def fake(fetcher: Fetcher) -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK, POOL, SPARE], on_media=fetcher) as running:
        yield running


def test_twilio_fetches_a_clean_picture_once_until_the_message_is_final(
    cli: Cli, migrated_url: str, fake: TwilioFake, fetcher: Fetcher, tmp_path: Path
) -> None:
    company(cli)
    photo = tmp_path / "rex.jpg"
    photo.write_bytes(photo_with_position())
    environ = keys(fake, PETMSG_MEDIA_DIR=str(tmp_path / "pictures"))
    with serving(migrated_url, **environ) as server:
        environ["PETMSG_PUBLIC_URL"] = f"http://127.0.0.1:{server.port}"
        now = clock.now()
        sent = cli(
            "message", "send", "C-1", "--media", str(photo), "--body", "Walked and fed",
            "-o", "json", now=now, **environ,
        )  # fmt: skip
        assert sent.code == 0, sent.err
        fetcher.wait()
        (message,) = fake.messages.values()
        ((address, head, answer),) = [
            (each.url, each.head_status, each) for each in message.fetched
        ]
        assert (message.to, message.body, head, answer.status) == (ANN, "Walked and fed", 200, 200)
        assert answer.headers["content-type"] == answer.head_headers["content-type"] == "image/jpeg"
        assert answer.head_headers["content-length"] == str(len(answer.content))
        assert not [value for value in values_of(Private()) if value in answer.content]
        assert "rex" not in address
        for hours in range(1, 5):  # from queued to sent to delivered
            assert cli("message", "sync", now=now + timedelta(hours=hours), **environ).code == 0
        shown = cli("message", "show", str(sent.json["message"]), "-o", "json", **environ).json
        assert shown["status"] == "delivered"
        assert fetch(address).status == 404
        token = address.split("/media/")[1].split("/")[0]
        assert token not in "".join([*server.log, *server.errors])
