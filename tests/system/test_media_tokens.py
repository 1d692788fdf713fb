"""The token of a picture's link is known to the provider alone. It is in no file of petmsg's and in
nothing that petmsg prints, whatever the provider answers: Twilio quotes the links it cannot use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from petmsg.errors import BUSY, CONFIGURATION, DONE, FINDING, PROVIDER, REFUSED
from petmsg.media.links import asked_file
from tests.support.fixtures import Cli, Ran
from tests.support.on_twilio import DESK, POOL, SPARE, company, keys
from tests.support.pictures import photo_with_position
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_shapes import Fault, Request, refusal

PUBLIC = "https://texts.example.com"
READING = (
    ("message", "list", "--all"),
    ("message", "show", "{message}"),
    ("thread", "show", "C-1"),
    ("media", "list", "--all"),
    ("alert", "list", "--severity", "info"),
    ("audit", "list", "--all"),
    ("org", "show"),
    ("status",),
    ("doctor",),
    ("number", "health"),
    ("export", "{folder}/company"),
)
ANSWERS = {
    "taken": None,
    "refused": (21620, 400),
    "a picture that cannot be fetched": (11200, 400),
    "an unknown code": (29999, 400),
    "too many": (20429, 429),
    "the account": (20003, 401),
    "unavailable": (20503, 503),
}


class Quoting:
    """Answers a message with the code and quotes its links, and keeps their tokens."""

    def __init__(self, code: int | None, status: int) -> None:
        self.tokens: set[str] = set()
        self._code = code
        self._status = status

    def __call__(self, request: Request) -> Fault | None:
        for url in request.media_urls:
            asked = asked_file(url.removeprefix(PUBLIC))
            assert asked is not None
            self.tokens.add(url.removeprefix(f"{PUBLIC}/media/").partition("/")[0])
        if self._code is None or request.method != "POST":
            return None
        quoted = " ".join(f"Cannot be used: '{url}'." for url in request.media_urls)
        return refusal(self._code, status=self._status, message=quoted)


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK, POOL, SPARE]) as running:
        yield running


def told(cli: Cli, folder: Path, message: str, environ: dict[str, str]) -> Iterator[Ran]:
    """What the commands print that may say something about the message."""
    for line in READING:
        words = [word.format(message=message, folder=folder) for word in line]
        yield cli(*words, "-o", "json", **environ)
    yield cli("message", "show", message, "-o", "table", **environ)
    yield cli("media", "show", "1", "-o", "json", **environ)


@pytest.mark.parametrize("answer", ANSWERS)
def test_no_token_is_told_or_kept(
    sqlite_cli: Cli, fake: TwilioFake, tmp_path: Path, answer: str
) -> None:
    company(sqlite_cli)
    photo = tmp_path / "rex.jpg"
    photo.write_bytes(photo_with_position())
    environ = keys(fake, PETMSG_PUBLIC_URL=PUBLIC, PETMSG_DEBUG="1")
    quoting = Quoting(*(ANSWERS[answer] or (None, 200)))
    fake.choose_fault = quoting
    sent = sqlite_cli(
        "message", "send", "C-1", "--media", str(photo), "--body", "Rex", "-o", "json", **environ
    )
    again = sqlite_cli("message", "dispatch", "-o", "json", **environ)
    assert quoting.tokens
    printed = [sent, again, *told(sqlite_cli, tmp_path, "1", environ)]
    assert {each.code for each in printed} <= {
        DONE,
        REFUSED,
        CONFIGURATION,
        PROVIDER,
        FINDING,
        BUSY,
    }
    text = "".join(each.out + each.err for each in printed)
    for token in quoting.tokens:
        assert token[:16] not in text
        holding = [
            path.name
            for path in tmp_path.rglob("*")
            if path.is_file() and token[:16].encode() in path.read_bytes()
        ]
        assert holding == []
