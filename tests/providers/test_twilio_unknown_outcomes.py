"""What Twilio's adapter says when no answer, or none that is clear, comes back.

"Later" is for what was certainly not processed; the rest is unknown, and never sent again blindly.
"""

import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from petmsg.providers.base import (
    Accepted,
    RetryLater,
    Unknown,
)
from petmsg.providers.twilio import TwilioProvider
from tests.providers.sending import TEXT, sent_to, unused_port
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_shapes import (
    Fault,
    answer,
    cut_json,
    hang,
    refusal,
    reset,
    server_error,
    throttled,
)

# --- certainly not processed -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (throttled(), None),
        (throttled("7"), 7.0),
        (throttled("0"), 0.0),
        (throttled("99999999"), 86_400.0),
        (throttled("soon"), None),
        (throttled("-3"), None),
        (throttled("1e9"), None),
        (
            throttled("Sun, 01 Mar 2026 12:01:30 GMT", Date="Sun, 01 Mar 2026 12:00:00 GMT"),
            90.0,
        ),
        (throttled("Sun, 01 Mar 2026 11:00:00 GMT", Date="Sun, 01 Mar 2026 12:00:00 GMT"), 0.0),
        (throttled("Sun, 01 Mar 2026 12:00:00 GMT", Date="yesterday"), 0.0),
        (throttled("Fri, 31 Dec 9999 23:59:59 GMT"), 86_400.0),
        (throttled("Fri, 99 Foo 2026 25:00:00 GMT"), None),
    ],
)
def test_throttling_says_when_to_come_back(
    fake: TwilioFake, twilio: TwilioProvider, fault: Fault, seconds: float | None
) -> None:
    fake.faults.append(fault)
    outcome = twilio.send(TEXT)
    assert isinstance(outcome, RetryLater)
    assert (outcome.code, outcome.after_seconds) == ("20429", seconds)
    assert fake.messages == {}


@pytest.mark.parametrize("code", [20429, 21611, 30001, 30017, 30022])
def test_a_code_of_congestion_means_later_whatever_its_status(
    fake: TwilioFake, twilio: TwilioProvider, code: int
) -> None:
    fake.faults.append(refusal(code, status=400))
    outcome = twilio.send(TEXT)
    assert isinstance(outcome, RetryLater)
    assert outcome.code == str(code)
    assert outcome.number_only == (code == 21611)  # one number's queue; the others can send


def test_a_429_without_a_body_means_later(fake: TwilioFake, twilio: TwilioProvider) -> None:
    fake.faults.append(answer(429, Retry_After="2"))
    outcome = twilio.send(TEXT)
    assert outcome == RetryLater(2.0, "429", "Twilio answered HTTP 429.")


def test_a_refused_connection_means_later() -> None:
    outcome = sent_to(f"http://127.0.0.1:{unused_port()}")
    assert outcome == RetryLater(None, None, "The connection to Twilio was refused.")


def test_a_name_that_does_not_resolve_means_later() -> None:
    outcome = sent_to("https://twilio.invalid")
    assert outcome == RetryLater(None, None, "The name of Twilio could not be resolved.")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux's kernel lets a full queue wait")
def test_a_connection_that_is_not_taken_in_time_means_later() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]  # fill the queue of the kernel
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        began = time.monotonic()
        outcome = sent_to(f"http://127.0.0.1:{address[1]}", timeout_seconds=0.5)
        took = time.monotonic() - began
        for each in waiting:
            each.close()
    assert outcome == RetryLater(None, None, "Connecting to Twilio timed out.")
    assert 0.4 < took < 2.0


def test_a_proxy_that_refuses_the_connection_means_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{unused_port()}")
    outcome = sent_to("https://twilio.invalid")
    assert outcome == RetryLater(None, None, "The connection to the proxy was refused.")


def test_a_certificate_that_nobody_vouches_for_means_later(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-keyout", key, "-out", certificate),
        ],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("openssl cannot make a certificate here")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    received = []

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, pytest.raises(ssl.SSLError):
            received.append(context.wrap_socket(connection, server_side=True).recv(1))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=(listener,))
        server.start()
        outcome = sent_to(f"https://localhost:{listener.getsockname()[1]}", timeout_seconds=5.0)
        server.join()
    assert outcome == RetryLater(None, None, "The certificate of Twilio could not be verified.")
    assert received == []


# --- outcome unknown -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (server_error(500, code=20500), "20500"),
        (server_error(503), "20503"),
        (server_error(503, accepted=True), "20503"),
        (server_error(503, code=20429), "20429"),
        (server_error(503, code=21211), "21211"),
        (answer(502, b"<html>Bad Gateway</html>"), "502"),
        (answer(504, b"", accepted=True), "504"),
        (refusal(20500, status=400), "20500"),
        (answer(408, b""), "408"),
        (answer(301, b"", Location="https://elsewhere.invalid/"), "301"),
        (answer(303, b"", accepted=True, Location="/2010-04-01/"), "303"),
        (answer(307, b"", Location="https://elsewhere.invalid/"), "307"),
        (answer(200, b""), None),
        (answer(201, b"[]"), None),
        (answer(201, b"null"), None),
        (answer(201, b"<html>welcome to the hotel</html>"), None),
        (answer(201, {"sid": None, "status": "queued"}), None),
        (answer(201, {"sid": "", "status": "queued"}), None),
        (answer(201, {"status": "queued"}), None),
        (answer(201, {"sid": "SM1", "date_sent": 7, "error_code": {}}), None),
        (answer(201, b"\xff\xfe\x00"), None),
        (cut_json(), None),
        (reset(accepted=True), None),
        (reset(accepted=False), None),
    ],
)
def test_whatever_may_have_been_processed_is_unknown(
    fake: TwilioFake, twilio: TwilioProvider, fault: Fault, code: str | None
) -> None:
    fake.faults.append(fault)
    outcome = twilio.send(TEXT)
    assert isinstance(outcome, Unknown)
    assert outcome.code == code
    assert outcome.message
    assert len(fake.requests) == 1, "nothing is tried a second time by itself"


def test_a_connection_kept_open_that_breaks_is_unknown(
    fake: TwilioFake, twilio: TwilioProvider
) -> None:
    assert isinstance(twilio.send(TEXT), Accepted)
    fake.faults.append(reset(accepted=True))
    assert isinstance(twilio.send(TEXT), Unknown)
    assert len(fake.requests) == 2
    assert isinstance(twilio.send(TEXT), Accepted)


def test_an_answer_shorter_than_promised_is_unknown(
    fake: TwilioFake, twilio: TwilioProvider
) -> None:
    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b'HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{"sid": "SM1"')

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=(listener,))
        server.start()
        outcome = sent_to(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout_seconds=5.0)
        server.join()
    assert isinstance(outcome, Unknown)


def test_a_hang_ends_with_the_time_out_and_is_unknown(fake: TwilioFake) -> None:
    fake.faults.append(hang(accepted=True))
    began = time.monotonic()
    outcome = sent_to(fake.url, timeout_seconds=0.5)
    assert 0.4 < time.monotonic() - began < 2.0
    assert outcome == Unknown(None, "Twilio did not answer in time.")
    assert len(fake.messages) == 1


def test_a_proxy_that_refuses_to_tunnel_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{listener.getsockname()[1]}")
        server = threading.Thread(target=serve, args=(listener,))
        server.start()
        outcome = sent_to("https://twilio.invalid", timeout_seconds=5.0)
        server.join()
    assert isinstance(outcome, Unknown)
