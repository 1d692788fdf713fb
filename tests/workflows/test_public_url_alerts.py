"""The alert that pictures wait for a public URL ends as soon as the process that sends has one."""

from typing import Any

import pytest

from petmsg.enums.orgs import ProviderName
from petmsg.services.outbox.claimed import Claim, Waiting
from tests.services.outbox.test_outgoing_media import JPEG, LINK, PUBLIC, queued, use_twilio
from tests.support.fixtures import Cli, looking, working
from tests.support.on_twilio import keys
from tests.support.queueing import company, take
from tests.support.twilio_fake import TwilioFake

NO_URL: dict[str, Any] = {"provider": ProviderName.TWILIO}
WITH_URL: dict[str, Any] = {**NO_URL, "public_url": PUBLIC}


@pytest.fixture
def url(migrated_url: str) -> str:
    """A company on Twilio with a picture that waits, and its alert."""
    company(migrated_url)
    use_twilio(migrated_url)
    assert isinstance(take(migrated_url, queued(migrated_url, JPEG), **NO_URL), Waiting)
    assert alerts(migrated_url) == [("no_public_url", None)]
    return migrated_url


def alerts(url: str) -> list[tuple[str, str | None]]:
    with looking(url) as cursor:
        return cursor.tuples("SELECT kind, done_reason FROM alert ORDER BY id")


ENDED = [("no_public_url", "Pictures can be sent now.")]


def test_a_claim_with_a_public_url_ends_it(url: str) -> None:
    assert isinstance(take(url, 1, **WITH_URL), Claim)
    assert alerts(url) == ENDED


def test_a_claim_without_one_does_not_end_it(url: str) -> None:
    """Of a message whose picture is on the web already."""
    with working(url) as uow:
        uow.cursor.run("UPDATE message SET status = 'cancelled'")
    assert isinstance(take(url, queued(url, LINK), **NO_URL), Claim)
    assert alerts(url) == [("no_public_url", None)]


def test_a_dispatch_with_a_public_url_ends_it_though_nothing_waits(url: str, cli: Cli) -> None:
    with working(url) as uow:
        uow.cursor.run("UPDATE message SET status = 'cancelled'")
    with TwilioFake() as fake:
        assert cli("message", "dispatch", **keys(fake)).code == 0
        assert alerts(url) == [("no_public_url", None)]
        told = cli("message", "dispatch", "--dry-run", **keys(fake, PETMSG_PUBLIC_URL=PUBLIC))
        assert (told.code, alerts(url)) == (0, [("no_public_url", None)])
        assert cli("message", "dispatch", **keys(fake, PETMSG_PUBLIC_URL=PUBLIC)).code == 0
    assert alerts(url) == ENDED


def test_a_provider_that_fetches_nothing_ends_it(url: str, cli: Cli) -> None:
    assert cli("org", "set", "--provider", "sandbox", "--yes").code == 0
    assert cli("message", "dispatch").code == 0
    assert alerts(url) == [("no_public_url", "Pictures can be sent now.")]


def test_a_later_message_that_waits_opens_another(url: str) -> None:
    assert isinstance(take(url, 1, **WITH_URL), Claim)
    with working(url) as uow:
        uow.cursor.run("UPDATE message SET status = 'sent'")
    assert isinstance(take(url, queued(url, JPEG), **NO_URL), Waiting)
    assert alerts(url) == [*ENDED, ("no_public_url", None)]
