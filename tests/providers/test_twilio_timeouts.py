"""A request to Twilio ends in time whatever the other side does, and threads share connections."""

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from petmsg.clock import now, uptime
from petmsg.errors import ProviderUnavailable
from petmsg.providers import timed_http
from petmsg.providers.base import TOO_LATE, Accepted, OutgoingMessage, RetryLater, Unknown
from petmsg.providers.twilio import LONGEST_REQUEST_SECONDS, TwilioProvider
from petmsg.services.outbox import unknown_outcomes
from tests.providers.sending import CLIENTS_PHONE, GOOD, OURS, TEXT, sent_to
from tests.support.swarm import ROOT
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_shapes import trickle

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
    assert unknown_outcomes.GRACE.total_seconds() > LONGEST_REQUEST_SECONDS


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
            outcome = provider.send(OutgoingMessage(OURS, CLIENTS_PHONE, "x" * 8_000_000))
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
                *threads.map(
                    lambda body: provider.send(OutgoingMessage(OURS, CLIENTS_PHONE, body)), bodies
                )
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


# --- too late to begin -------------------------------------------------------------------------


def test_nothing_is_written_once_it_is_too_late_however_long_connecting_took(
    fake: TwilioFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else may have found the message meanwhile, and sent it."""
    found = socket.getaddrinfo

    def slowly(*args: Any, **kwargs: Any) -> Any:
        time.sleep(SHORT)
        return found(*args, **kwargs)

    monkeypatch.setattr("petmsg.providers.timed_http._addresses", slowly)
    text = replace(TEXT, begin_by=uptime() + SHORT / 2)
    assert sent_to(fake.url, text, timeout_seconds=5.0) == TOO_LATE
    assert fake.requests == []


def test_a_connection_that_was_kept_open_writes_nothing_either(
    fake: TwilioFake, twilio: TwilioProvider
) -> None:
    assert isinstance(twilio.send(TEXT), Accepted)
    assert twilio.send(replace(TEXT, begin_by=uptime())) == TOO_LATE
    assert len(fake.requests) == 1
    assert isinstance(twilio.send(TEXT), Accepted)


def test_what_was_stopped_half_written_is_not_written_to_its_end(
    fake: TwilioFake, twilio: TwilioProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The head is out and the body is not: no server takes that for a message."""
    moments = iter([0.0, 100.0])
    monkeypatch.setattr("petmsg.providers.timed_http.uptime", lambda: next(moments))
    assert isinstance(twilio.send(replace(TEXT, begin_by=50.0)), Unknown)
    assert fake.messages == {}


SEND = """
import sys, time
from dataclasses import replace
from petmsg.clock import uptime
from petmsg.providers import timed_http
from tests.providers.sending import TEXT, sent_to
connect = timed_http._first_that_answers
def connected(*args):
    found = connect(*args)
    print("connected", flush=True)
    time.sleep(0.3)
    return found
timed_http._first_that_answers = connected
text = replace(TEXT, begin_by=uptime() + 1.0)
print(sent_to(sys.argv[1], text, timeout_seconds=60.0), flush=True)
"""


def test_a_process_that_was_stopped_after_it_connected_sends_nothing_when_it_goes_on(
    fake: TwilioFake,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SEND, fake.url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "connected\n"
        process.send_signal(signal.SIGSTOP)
        time.sleep(1.2)  # long enough for another worker, in this test's time
        process.send_signal(signal.SIGCONT)
        assert process.stdout.readline() == f"{TOO_LATE}\n"
    assert fake.messages == {}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux's kernel can be told")
def test_what_was_written_and_never_arrived_is_given_up_by_the_kernel_too(
    fake: TwilioFake, twilio: TwilioProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    peers: list[socket.socket] = []
    connect = timed_http._first_that_answers

    def connected(*args: Any) -> socket.socket:
        peers.append(connect(*args))
        return peers[-1]

    monkeypatch.setattr(timed_http, "_first_that_answers", connected)
    assert isinstance(twilio.send(TEXT), Accepted)
    waits = peers[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert waits == pytest.approx(twilio.longest_request_seconds * 1000)


def test_a_list_tells_how_old_each_text_is_by_twilios_own_clock(
    fake: TwilioFake, twilio: TwilioProvider
) -> None:
    assert isinstance(twilio.send(TEXT), Accepted)
    (listed,) = twilio.find(from_e164=OURS, to_e164=CLIENTS_PHONE, since=now() - timedelta(hours=1))
    assert listed.age is not None
    assert timedelta(0) <= listed.age < timedelta(seconds=30)
