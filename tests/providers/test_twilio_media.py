"""Fetching files from Twilio: bounded, and the credentials go to the API alone."""

import time
from collections.abc import Iterator
from ipaddress import ip_address

import pytest
import requests

from petmsg.errors import (
    MediaGone,
    MediaTooLarge,
    PetmsgError,
    ProviderAccount,
    ProviderUnavailable,
)
from petmsg.providers.base import FetchedMedia, ReceivedMedia
from petmsg.providers.timed_http import TimedSession
from petmsg.providers.twilio import TwilioProvider
from petmsg.providers.twilio_media import is_public
from tests.providers.sending import GOOD
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_media import Storage, storage_host
from tests.support.twilio_shapes import answer, server_error

MM = "MM" + "1" * 32
JPEG = b"\xff\xd8\xff" + bytes(2000)
MOST = 100_000


@pytest.fixture
def storage(fake: TwilioFake) -> Iterator[Storage]:
    with storage_host() as running:
        fake.media.storage = running.url
        yield running


@pytest.fixture
def sid(fake: TwilioFake, storage: Storage) -> str:
    """The ID of a JPEG that can be fetched."""
    (sid,) = fake.media.add(MM, "image/jpeg")
    storage.files[sid], storage.types[sid] = JPEG, "Image/JPEG; charset=binary"
    return sid


def test_the_list_of_a_message_has_all_pages(fake: TwilioFake, twilio: TwilioProvider) -> None:
    sids = fake.media.add(MM, *["image/png"] * 250)
    assert [each.provider_media_id for each in twilio.media_of(MM)] == sids
    assert twilio.media_of(MM)[0] == ReceivedMedia("image/png", sids[0])
    assert [request.query["PageSize"] for request in fake.requests][:3] == ["100"] * 3


def test_the_bytes_come_from_the_other_host_without_credentials(
    fake: TwilioFake, twilio: TwilioProvider, storage: Storage, sid: str
) -> None:
    assert twilio.fetch_media(MM, sid, most=MOST) == FetchedMedia(JPEG, "image/jpeg")
    assert storage.requests == [(sid, None)]
    assert "authorization" in fake.requests[-1].headers


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("404", MediaGone),
        ("410", MediaGone),
        ("403", ProviderUnavailable),
        ("500", ProviderUnavailable),
        ("endless", MediaTooLarge),
        ("lying", ProviderUnavailable),
        ("encoded", ProviderUnavailable),
        ("to http://169.254.169.254/latest", ProviderUnavailable),
        ("to https://169.254.169.254/latest", ProviderUnavailable),
        ("to https://10.0.0.1/", ProviderUnavailable),
        ("to https://[::ffff:169.254.169.254]/", ProviderUnavailable),
        ("to http://example.com/", ProviderUnavailable),
        ("to ftp://127.0.0.1/x", ProviderUnavailable),
        ("to file:///etc/passwd", ProviderUnavailable),
        ("to https://a:b@example.com/", ProviderUnavailable),
        ("to https://[/", ProviderUnavailable),
        ("to ", ProviderUnavailable),
    ],
)
def test_each_failure_of_the_storage_host_has_its_error(
    twilio: TwilioProvider, storage: Storage, sid: str, how: str, error: type[PetmsgError]
) -> None:
    storage.how[sid] = how
    with pytest.raises(error):
        twilio.fetch_media(MM, sid, most=MOST)


def test_a_file_may_have_as_many_bytes_as_allowed_and_not_one_more(
    twilio: TwilioProvider, sid: str
) -> None:
    assert twilio.fetch_media(MM, sid, most=len(JPEG)).content == JPEG
    with pytest.raises(MediaTooLarge):
        twilio.fetch_media(MM, sid, most=len(JPEG) - 1)


def test_a_second_redirect_is_followed_and_a_third_is_not(
    twilio: TwilioProvider, storage: Storage, sid: str
) -> None:
    storage.files["far"] = JPEG
    storage.how[sid] = f"to {storage.url}/far"
    assert twilio.fetch_media(MM, sid, most=MOST).content == JPEG
    storage.how["far"] = f"to {storage.url}/{sid}"
    with pytest.raises(ProviderUnavailable):
        twilio.fetch_media(MM, sid, most=MOST)
    assert len(storage.requests) == 4


def test_a_slow_drip_ends_with_the_time_of_a_request(
    fake: TwilioFake, storage: Storage, sid: str
) -> None:
    storage.how[sid] = "drip"
    hasty = TwilioProvider(GOOD, timeout_seconds=0.3, api_url=fake.url)
    began = time.monotonic()
    with pytest.raises(ProviderUnavailable):
        hasty.fetch_media(MM, sid, most=MOST)
    assert time.monotonic() - began < 10
    hasty.close()


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, ProviderAccount), (403, ProviderAccount), (404, MediaGone), (410, MediaGone)],
)
def test_each_refusal_of_the_api_has_its_error(
    fake: TwilioFake, twilio: TwilioProvider, sid: str, status: int, error: type[PetmsgError]
) -> None:
    fake.faults.append(answer(status))
    with pytest.raises(error):
        twilio.fetch_media(MM, sid, most=MOST)


@pytest.mark.parametrize("act", ["list", "fetch", "delete"])
def test_an_api_that_fails_is_unavailable(
    fake: TwilioFake, twilio: TwilioProvider, sid: str, act: str
) -> None:
    fake.faults.append(server_error())
    acts = {
        "list": lambda: twilio.media_of(MM),
        "fetch": lambda: twilio.fetch_media(MM, sid, most=MOST),
        "delete": lambda: twilio.delete_media(MM),
    }
    with pytest.raises(ProviderUnavailable):
        acts[act]()


def test_deleting_takes_every_file_and_may_be_repeated(
    fake: TwilioFake, twilio: TwilioProvider, sid: str
) -> None:
    twilio.delete_media(MM)
    assert fake.media.by_message == {MM: {}}
    twilio.delete_media(MM)
    twilio.delete_media("MM" + "2" * 32)
    with pytest.raises(MediaGone):
        twilio.fetch_media(MM, sid, most=MOST)


def test_an_id_never_becomes_another_path(fake: TwilioFake, twilio: TwilioProvider) -> None:
    for message, media in (("../x", "ME1"), (MM, "../../Calls"), (MM, "a?b")):
        with pytest.raises(MediaGone):
            twilio.fetch_media(message, media, most=MOST)
    with pytest.raises(MediaGone):
        twilio.media_of("../x")
    assert fake.requests == []


def test_a_name_of_this_machine_is_not_connected_to(storage: Storage) -> None:
    """The address that is really connected to is checked, whatever the name says."""
    session = TimedSession(wait_seconds=2, longest_seconds=4, pool_size=1)
    session.trust_env = False
    url = storage.url.replace("127.0.0.1", "localhost")
    with pytest.raises(requests.ConnectionError):
        session.download(
            url, auth=None, most=9, is_allowed=lambda address: is_public(ip_address(address))
        )
    assert storage.requests == []
    session.close()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("127.0.0.1", False),
        ("::1", False),
        ("10.1.2.3", False),
        ("169.254.169.254", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 because nothing is bound to it
        ("100.64.0.1", False),
        ("54.231.0.1", True),
        ("2600:1f18::1", True),
        ("64:ff9b::36e7:1", True),
    ],
)
def test_only_addresses_of_the_internet_are_public(address: str, expected: bool) -> None:
    assert is_public(ip_address(address)) is expected
