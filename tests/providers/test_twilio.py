"""Twilio's adapter: the official SDK, as it is, against a fake Twilio on loopback."""

import logging
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from petmsg.errors import CredentialsMissing, Misconfigured
from petmsg.providers.base import (
    Accepted,
    OutgoingMessage,
    Provider,
    Rejected,
    RejectionClass,
)
from petmsg.providers.credentials import TwilioCredentials
from petmsg.providers.error_codes import ErrorCode, OutcomeCertainty
from petmsg.providers.twilio import TwilioProvider
from petmsg.providers.twilio_errors import ERROR_CODES
from tests.providers.contract import ProviderContract
from tests.providers.sending import (
    ALSO_HERS,
    ALSO_OURS,
    CLIENTS_PHONE,
    GOOD,
    OURS,
    TEXT,
    sent_to,
    unused_port,
)
from tests.support.twilio_fake import ACCOUNT_SID, AUTH_TOKEN, TwilioFake
from tests.support.twilio_shapes import (
    Fault,
    Request,
    answer,
    cut_json,
    hang,
    refusal,
    reset,
    server_error,
    throttled,
)


class TestContract(ProviderContract):
    from_e164 = OURS
    other_from_e164 = ALSO_OURS
    to_e164 = CLIENTS_PHONE
    other_to_e164 = ALSO_HERS

    @pytest.fixture
    def provider(self, twilio: TwilioProvider) -> Provider:
        return twilio


# --- accepted --------------------------------------------------------------------------------


def test_an_accepted_text_has_twilios_sid_and_status(
    fake: TwilioFake, twilio: TwilioProvider
) -> None:
    outcome = twilio.send(TEXT)
    [message] = fake.messages.values()
    assert outcome == Accepted(message.sid, "accepted")
    assert (message.from_, message.to, message.body) == (OURS, CLIENTS_PHONE, TEXT.body)


def test_one_text_is_one_request_with_nothing_but_the_text(
    fake: TwilioFake, twilio: TwilioProvider
) -> None:
    twilio.send(TEXT)
    [request] = fake.requests
    assert request.path == f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
    assert request.form == {"From": OURS, "To": CLIENTS_PHONE, "Body": TEXT.body}


def test_region_and_credentials_of_the_process_change_nothing(
    fake: TwilioFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TWILIO_REGION", "TWILIO_EDGE", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
        monkeypatch.setenv(name, "elsewhere")
    assert isinstance(sent_to(fake.url), Accepted)


def test_a_proxy_of_the_environment_does_not_see_what_goes_to_loopback(
    fake: TwilioFake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{unused_port()}")
    assert isinstance(sent_to(fake.url), Accepted)


def test_threads_share_a_provider_and_its_connections(
    fake: TwilioFake, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    provider = TwilioProvider(GOOD, pool_size=16, api_url=fake.url)
    together = threading.Barrier(16, timeout=10)

    def wait_for_all(_: Request) -> None:
        together.wait()

    fake.choose_fault = wait_for_all
    with ThreadPoolExecutor(16) as threads:
        outcomes = list(threads.map(lambda _: provider.send(TEXT), range(64)))
    provider.close()
    ids = {each.provider_message_id for each in outcomes if isinstance(each, Accepted)}
    assert len(ids) == 64
    assert "pool is full" not in caplog.text


# --- refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("from_e164", "to_e164", "code", "rejection_class"),
    [
        ("+15005550001", CLIENTS_PHONE, "21212", RejectionClass.SENDER),
        ("+15005550007", CLIENTS_PHONE, "21606", RejectionClass.SENDER),
        ("+15005550006", "+15005550001", "21211", RejectionClass.RECIPIENT),
        ("+15005550006", "+15005550002", "21612", RejectionClass.OTHER),
        ("+15005550006", "+15005550003", "21408", RejectionClass.SETTING),
        ("+15005550006", "+15005550004", "21610", RejectionClass.OPTED_OUT),
        ("+15005550006", "+15005550009", "21614", RejectionClass.RECIPIENT),
        ("+14155550999", CLIENTS_PHONE, "21606", RejectionClass.SENDER),
    ],
)
def test_twilios_magic_numbers_are_refused_by_class(
    twilio: TwilioProvider, from_e164: str, to_e164: str, code: str, rejection_class: RejectionClass
) -> None:
    outcome = twilio.send(OutgoingMessage(from_e164, to_e164, "hello"))
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.rejection_class) == (code, rejection_class)


REFUSED = {
    (row.rejection_class, row.scope): row
    for row in ERROR_CODES.values()
    if row.certainty is OutcomeCertainty.REFUSED
}
"""One code of each class and scope."""


@pytest.mark.parametrize("row", REFUSED.values(), ids=lambda row: row.code)
def test_a_code_of_the_table_is_a_refusal_of_its_class(
    fake: TwilioFake, twilio: TwilioProvider, row: ErrorCode
) -> None:
    fake.faults.append(refusal(int(row.code), message="No."))
    assert twilio.send(TEXT) == Rejected(row.code, row.rejection_class, "No.")


@pytest.mark.parametrize(
    ("fault", "code", "rejection_class"),
    [
        (refusal(29999, message="Something new"), "29999", RejectionClass.OTHER),
        (refusal(20003, status=401), "20003", RejectionClass.ACCOUNT),
        (refusal(20003, status=403), "20003", RejectionClass.ACCOUNT),
        (refusal(29999, status=403), "29999", RejectionClass.ACCOUNT),
        (refusal(21408, status=403), "21408", RejectionClass.SETTING),
        (refusal(20404, status=404), "20404", RejectionClass.ACCOUNT),
        (answer(401, b"<html>log in</html>"), "401", RejectionClass.ACCOUNT),
        (answer(403, b""), "403", RejectionClass.ACCOUNT),
        (answer(404, b"nothing here"), "404", RejectionClass.ACCOUNT),
        (answer(407, b"proxy"), "407", RejectionClass.ACCOUNT),
        (answer(400, b'{"code": 212'), "400", RejectionClass.OTHER),
        (answer(400, b"[21211]"), "400", RejectionClass.OTHER),
        (answer(400, {"code": "21211", "message": None}), "21211", RejectionClass.RECIPIENT),
        (answer(400, {"code": "oops", "message": 7}), "400", RejectionClass.OTHER),
        (answer(413, b"too large"), "413", RejectionClass.OTHER),
        (
            answer(400, {"type": "t", "title": "Gone", "status": 400, "code": 21610}),
            "21610",
            RejectionClass.OPTED_OUT,
        ),
    ],
)
def test_a_4xx_is_a_refusal_with_its_raw_code(
    fake: TwilioFake,
    twilio: TwilioProvider,
    fault: Fault,
    code: str,
    rejection_class: RejectionClass,
) -> None:
    fake.faults.append(fault)
    outcome = twilio.send(TEXT)
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.rejection_class) == (code, rejection_class)
    assert outcome.message


def test_wrong_credentials_are_a_matter_of_the_account(fake: TwilioFake) -> None:
    wrong = TwilioCredentials(ACCOUNT_SID, "not-the-token")
    provider = TwilioProvider(wrong, api_url=fake.url)
    assert provider.send(TEXT) == Rejected("20003", RejectionClass.ACCOUNT, "Authenticate")
    provider.close()


def test_a_text_that_is_not_unicode_never_leaves(fake: TwilioFake, twilio: TwilioProvider) -> None:
    outcome = twilio.send(OutgoingMessage(OURS, CLIENTS_PHONE, "\udcff"))
    assert isinstance(outcome, Rejected)
    assert outcome.rejection_class is RejectionClass.CONTENT
    assert fake.requests == []


# --- Ctrl-C, secrets, settings ---------------------------------------------------------------


def test_ctrl_c_passes_through(fake: TwilioFake, twilio: TwilioProvider) -> None:
    def press(_: Request) -> Fault:
        # Later, when the sender surely waits for the answer and does not tidy up after writing.
        person = threading.Timer(
            0.3, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT)
        )
        person.start()
        return hang()

    fake.choose_fault = press
    # A run that was started in the background ignores Ctrl-C, and so would this test.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            twilio.send(TEXT)
    finally:
        signal.signal(signal.SIGINT, before)


SECRETS = [AUTH_TOKEN, OURS, OURS[1:], CLIENTS_PHONE, CLIENTS_PHONE[1:], "%2B1415", TEXT.body]


@pytest.mark.parametrize(
    "fault",
    [
        None,
        refusal(
            21211,
            message=f"The 'To' number {CLIENTS_PHONE} is not a valid phone number "
            f"({CLIENTS_PHONE[1:]})",
        ),
        refusal(29999, message=f"{AUTH_TOKEN}\n\x1b[31m from {OURS}"),
        server_error(500, code=20500),
        throttled("1"),
        cut_json(),
        reset(),
    ],
    ids=["accepted", "phones", "token", "5xx", "429", "cut", "reset"],
)
def test_neither_token_nor_phones_are_in_logs_output_or_outcomes(
    fake: TwilioFake,
    twilio: TwilioProvider,
    fault: Fault | None,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name in (None, "twilio", "twilio.http_client", "urllib3", "requests"):
        caplog.set_level(logging.DEBUG, logger=name)
    fake.faults.append(fault)
    outcome = twilio.send(TEXT)
    printed = capfd.readouterr()
    seen = caplog.text + printed.out + printed.err + repr(outcome) + repr(twilio)
    assert [secret for secret in SECRETS if secret in seen] == []
    assert "Twilio API Request" not in seen, "the SDK's own log is silent"


def test_twilios_words_are_one_short_line(fake: TwilioFake, twilio: TwilioProvider) -> None:
    fake.faults.append(refusal(29999, message="first\n\tsecond " + "x" * 5000))
    outcome = twilio.send(TEXT)
    assert isinstance(outcome, Rejected)
    assert outcome.message.startswith("first second x")
    assert len(outcome.message) == 300


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080",
        "http://[::1]:8080/",
        "http://localhost",
        "https://api.dublin.ie1.twilio.com",
        "https://10.0.0.7:8443/",
    ],
)
def test_an_api_url_is_https_or_this_machine(url: str) -> None:
    TwilioProvider(GOOD, api_url=url).close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.twilio.com",
        "http://api.twilio.com",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://localhost@evil.example",
        "http://evil.example#@localhost",
        "http://10.0.0.7",
        "http://0.0.0.0",
        "ftp://localhost",
        "file:///etc/passwd",
        "https://",
        "https://user:word@host.example",
        "https://host.example/v1",
        "https://host.example?x=1",
        "https://host.example:99999",
        "https://[::1",
    ],
)
def test_any_other_api_url_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        TwilioProvider(GOOD, api_url=url)
    assert caught.value.exit_code == 5


@pytest.mark.parametrize("credentials", [TwilioCredentials("", "x"), TwilioCredentials("AC", "")])
def test_empty_credentials_are_refused_before_anything_is_sent(
    credentials: TwilioCredentials,
) -> None:
    with pytest.raises(CredentialsMissing):
        TwilioProvider(credentials)


@pytest.mark.parametrize(("timeout_seconds", "pool_size"), [(0.0, 10), (-1.0, 10), (15.0, 0)])
def test_a_time_out_and_a_pool_cannot_be_nothing(timeout_seconds: float, pool_size: int) -> None:
    with pytest.raises(Misconfigured):
        TwilioProvider(GOOD, timeout_seconds=timeout_seconds, pool_size=pool_size)
