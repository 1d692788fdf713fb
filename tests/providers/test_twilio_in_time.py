"""A request to Twilio ends in time whatever the other side does, and threads share connections."""

import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from petmsg.errors import ProviderUnavailable
from petmsg.providers.base import Accepted, OutgoingText, RetryLater, Unknown
from petmsg.providers.twilio import LONGEST_REQUEST_SECONDS, TwilioProvider
from petmsg.services import doubt
from tests.providers.sending import GOOD, HERS, OURS, TEXT
from tests.twilio_fake import TwilioFake
from tests.twilio_shapes import trickle

SHORT = 0.2


@contextmanager
def taking_at_most(seconds: float) -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < seconds


@pytest.fixture
def hasty(fake: TwilioFake) -> Iterator[TwilioProvider]:
    provider = TwilioProvider(GOOD, timeout_seconds=SHORT, api_url=fake.url)
    yield provider
    provider.close()


@pytest.mark.parametrize(
    ("timeout_seconds", "longest"), [(0.2, 0.8), (15.0, 60.0), (120.0, LONGEST_REQUEST_SECONDS)]
)
def test_a_request_takes_at_most_four_time_outs_and_has_a_limit_of_its_own(
    timeout_seconds: float, longest: float
) -> None:
    provider = TwilioProvider(GOOD, timeout_seconds=timeout_seconds)
    assert provider.longest_request_seconds == pytest.approx(longest)
    provider.close()


def test_what_is_looked_up_later_is_looked_up_after_the_longest_request() -> None:
    assert doubt.GRACE.total_seconds() > LONGEST_REQUEST_SECONDS


@pytest.mark.parametrize("head_at_once", [False, True], ids=["head", "body"])
def test_an_answer_that_comes_byte_by_byte_is_unknown_in_the_end(
    fake: TwilioFake, hasty: TwilioProvider, head_at_once: bool
) -> None:
    """Each wait is short enough: without a limit for the whole it would take a minute and more."""
    fake.faults.append(trickle(head_at_once=head_at_once))
    with taking_at_most(10.0):
        assert hasty.send(TEXT) == Unknown(None, "Twilio did not answer in time.")
    assert len(fake.messages) == 1
    assert isinstance(hasty.send(TEXT), Accepted), "the next request has its own time"


@pytest.mark.parametrize("head_at_once", [False, True], ids=["head", "body"])
def test_a_list_that_comes_byte_by_byte_is_unanswered(
    fake: TwilioFake, hasty: TwilioProvider, head_at_once: bool
) -> None:
    fake.faults.append(trickle(head_at_once=head_at_once))
    with taking_at_most(10.0), pytest.raises(ProviderUnavailable):
        hasty.numbers()


def test_a_text_that_is_not_read_is_unknown_in_time() -> None:
    """Nobody takes the request off the wire: writing it ends in time too."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        provider = TwilioProvider(
            GOOD,
            timeout_seconds=SHORT,
            api_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
        )
        with taking_at_most(10.0):
            outcome = provider.send(OutgoingText(OURS, HERS, "x" * 8_000_000))
        provider.close()
    assert isinstance(outcome, Unknown)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux's kernel lets a full queue wait")
def test_all_addresses_of_a_name_share_one_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address)] * 20
        monkeypatch.setattr("petmsg.providers.timed_http._addresses", lambda *_, **__: found)
        provider = TwilioProvider(
            GOOD, timeout_seconds=0.5, api_url=f"http://127.0.0.1:{address[1]}"
        )
        with taking_at_most(5.0):
            outcome = provider.send(TEXT)
        provider.close()
        for each in waiting:
            each.close()
    assert outcome == RetryLater(None, None, "Connecting to Twilio timed out.")


def test_a_second_address_is_tried_where_the_first_one_refuses(
    fake: TwilioFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", address)
            for address in (nobody.getsockname(), ("127.0.0.1", fake.port))
        ]
        monkeypatch.setattr("petmsg.providers.timed_http._addresses", lambda *_, **__: found)
        provider = TwilioProvider(GOOD, api_url=fake.url)
        assert isinstance(provider.send(TEXT), Accepted)
        provider.close()


def test_32_threads_keep_32_connections_and_use_them_again(fake: TwilioFake) -> None:
    provider = TwilioProvider(GOOD, pool_size=32, api_url=fake.url)
    fake.latency_seconds = 0.05
    with ThreadPoolExecutor(32) as threads:
        for _ in range(5):
            outcomes = [*threads.map(lambda _: provider.send(TEXT), range(32))]
            assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert fake.peak_connections <= 32
    assert fake.peak_requests >= 4, "they do not wait for each other"
    assert len(fake.connections) == fake.peak_connections, "none was thrown away"
    provider.close()


def test_no_thread_is_given_the_answer_of_another(fake: TwilioFake) -> None:
    provider = TwilioProvider(GOOD, pool_size=16, api_url=fake.url)
    bodies = [f"Visit {at}" for at in range(320)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(16) as threads:
            outcomes = [
                *threads.map(lambda body: provider.send(OutgoingText(OURS, HERS, body)), bodies)
            ]
    finally:
        sys.setswitchinterval(before)
        provider.close()
    sids = [outcome.provider_message_id for outcome in outcomes if isinstance(outcome, Accepted)]
    assert [fake.messages[sid].body for sid in sids] == bodies


def test_a_provider_that_was_closed_leaves_no_connection(fake: TwilioFake) -> None:
    provider = TwilioProvider(GOOD, api_url=fake.url)
    assert isinstance(provider.send(TEXT), Accepted)
    provider.close()
    deadline = time.monotonic() + 5
    while fake.connections and time.monotonic() < deadline:
        threading.Event().wait(0.01)
    assert not fake.connections
