"""Twilio's fake and the adapter that talks to it."""

from collections.abc import Iterator

import pytest

from petmsg.providers.twilio import TwilioProvider
from tests.providers.sending import ALSO_OURS, GOOD, OURS
from tests.support.twilio_fake import TwilioFake


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[OURS, ALSO_OURS]) as running:
        yield running


@pytest.fixture
def twilio(fake: TwilioFake) -> Iterator[TwilioProvider]:
    provider = TwilioProvider(GOOD, timeout_seconds=5.0, api_url=fake.url)
    yield provider
    provider.close()
