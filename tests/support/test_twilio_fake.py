"""The fake answers the official SDK as Twilio does: fetches, filtered lists, pages, numbers.

The SDK's own client talks to it here, and what it sends is held against the fields that Twilio
documents: the pages "Messages resource", "IncomingPhoneNumber resource" and "Twilio API responses".
"""

import json
import socket
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException  # type: ignore[import-untyped] # no py.typed
from twilio.http.http_client import TwilioHttpClient  # type: ignore[import-untyped] # no py.typed
from twilio.rest import Client  # type: ignore[import-untyped] # no py.typed

from tests.support.twilio_fake import ACCOUNT_SID, AUTH_TOKEN, TwilioFake
from tests.support.twilio_shapes import Fault, Request, refusal, server_error

Create = Callable[..., str]
OURS = ["+14155550101", "+14155550102", "+14155550103"]
CLIENTS_PHONE = "+14155550142"


class Redirected(TwilioHttpClient):  # type: ignore[misc] # the SDK is untyped
    """The SDK's client with the fake's address."""

    def __init__(self, url: str) -> None:
        super().__init__(timeout=5)
        self.url = url

    def request(self, method: str, url: str, *args: object, **kwargs: object) -> object:
        here = self.url + url.removeprefix("https://api.twilio.com")
        return super().request(method, here, *args, **kwargs)


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=OURS) as running:
        yield running


@pytest.fixture
def client(fake: TwilioFake, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setenv("NO_PROXY", "*")
    http = Redirected(fake.url)
    yield Client(ACCOUNT_SID, AUTH_TOKEN, http_client=http)
    http.session.close()


@pytest.fixture
def create(client: Client) -> Create:
    def created(body: str = "hello", *, to: str = CLIENTS_PHONE, from_: str = OURS[0]) -> str:
        return str(client.messages.create(to=to, from_=from_, body=body).sid)

    return created


def test_each_fetch_moves_a_message_one_status_on(client: Client, create: Create) -> None:
    sid = create()
    seen = [client.messages(sid).fetch() for _ in range(4)]
    assert [message.status for message in seen] == ["queued", "sent", "delivered", "delivered"]
    assert [message.date_sent is None for message in seen] == [True, False, False, False]


def test_a_message_can_be_made_to_fail(fake: TwilioFake, client: Client, create: Create) -> None:
    sid = create()
    fake.messages[sid].final_status, fake.messages[sid].error_code = "undelivered", 30005
    last = [client.messages(sid).fetch() for _ in range(3)][-1]
    assert (last.status, last.error_code) == ("undelivered", 30005)


def test_a_list_is_filtered_and_begins_with_the_newest(client: Client, create: Create) -> None:
    first, second = create("one"), create("two")
    create(to="+14155550999")
    create(from_=OURS[1])
    found = client.messages.list(to=CLIENTS_PHONE, from_=OURS[0], limit=10)
    assert [message.sid for message in found] == [second, first]


def test_a_list_is_filtered_by_date(client: Client, create: Create) -> None:
    create()
    now = datetime.now(UTC)
    hour = timedelta(hours=1)

    def found(**dates: datetime) -> int:
        return len(client.messages.list(limit=10, **dates))

    assert found(date_sent_after=now - hour, date_sent_before=now + hour) == 1
    assert found(date_sent_after=now + hour) == 0
    assert found(date_sent_before=now - hour) == 0
    assert found(date_sent=now - timedelta(days=40)) == 0


def test_pages_hold_every_message_once(fake: TwilioFake, client: Client, create: Create) -> None:
    sids = [create(str(at)) for at in range(5)]
    fake.requests.clear()
    found = [message.sid for message in client.messages.stream(to=CLIENTS_PHONE, page_size=2)]
    assert found == sids[::-1]
    assert [request.query["PageSize"] for request in fake.requests] == ["2", "2", "2"]


def test_a_message_may_show_late_in_lists(fake: TwilioFake, client: Client, create: Create) -> None:
    fake.late_lists = 2
    create()
    assert [len(client.messages.list(to=CLIENTS_PHONE, limit=5)) for _ in range(3)] == [0, 0, 1]


def test_the_accounts_numbers_are_listed(client: Client) -> None:
    assert [n.phone_number for n in client.incoming_phone_numbers.list(limit=10)] == OURS
    [one] = client.incoming_phone_numbers.list(phone_number=OURS[1], limit=10)
    assert one.phone_number == OURS[1]


@pytest.mark.parametrize(
    ("to", "from_", "body", "code"),
    [
        ("", OURS[0], "x", 21604),
        (CLIENTS_PHONE, "", "x", 21603),
        (CLIENTS_PHONE, OURS[0], "", 21602),
        ("4155550142", OURS[0], "x", 21211),
        (CLIENTS_PHONE, "+14155550999", "x", 21606),
        (CLIENTS_PHONE, OURS[0], "x" * 1601, 21617),
    ],
)
def test_a_request_is_checked(create: Create, to: str, from_: str, body: str, code: int) -> None:
    with pytest.raises(TwilioRestException) as caught:
        create(body, to=to, from_=from_)
    assert (caught.value.status, caught.value.code) == (400, code)


def test_an_unknown_message_is_404(client: Client) -> None:
    with pytest.raises(TwilioRestException) as caught:
        client.messages("SM" + "f" * 32).fetch()
    assert (caught.value.status, caught.value.code) == (404, 20404)


@pytest.mark.parametrize("accepted", [False, True])
def test_a_fault_says_whether_the_message_was_taken_first(
    fake: TwilioFake, create: Create, accepted: bool
) -> None:
    fake.faults.append(server_error(accepted=accepted))
    with pytest.raises(TwilioRestException):
        create()
    assert len(fake.messages) == accepted


# --- shapes ----------------------------------------------------------------------------------

MESSAGE = {
    "account_sid": str,
    "api_version": str,
    "body": str,
    "date_created": str,
    "date_sent": (str, type(None)),
    "date_updated": str,
    "direction": str,
    "error_code": (int, type(None)),
    "error_message": (str, type(None)),
    "from": str,
    "messaging_service_sid": (str, type(None)),
    "num_media": str,
    "num_segments": str,
    "price": (str, type(None)),
    "price_unit": str,
    "sid": str,
    "status": str,
    "subresource_uris": dict,
    "to": str,
    "uri": str,
}
"""The fields of the documented example of a Message, with their types."""

PAGE = {
    "end": int,
    "first_page_uri": str,
    "next_page_uri": (str, type(None)),
    "page": int,
    "page_size": int,
    "previous_page_uri": (str, type(None)),
    "start": int,
    "uri": str,
}

NUMBER = {
    **dict.fromkeys(("account_sid", "api_version", "friendly_name", "phone_number", "sid"), str),
    **dict.fromkeys(("date_created", "date_updated", "origin", "uri"), str),
    "beta": bool,
    "capabilities": dict,
}
"""Those fields of the documented example of an IncomingPhoneNumber that never are null."""


def asked(fake: TwilioFake, method: str, path: str, body: str = "") -> tuple[int, Any]:
    """An answer as it is on the wire, without the SDK."""
    token = b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
    with socket.create_connection(("127.0.0.1", fake.port), timeout=5) as wire:
        wire.sendall(
            f"{method} /2010-04-01/Accounts/{ACCOUNT_SID}{path} HTTP/1.1\r\nHost: api\r\n"
            f"Authorization: Basic {token}\r\nContent-Length: {len(body)}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}".encode()
        )
        received = b""
        while True:
            received += wire.recv(65_536)
            head, _, answer = received.partition(b"\r\n\r\n")
            _, _, length = head.lower().partition(b"content-length: ")
            if length and len(answer) >= int(length.split(b"\r")[0]):
                return int(head.split(b" ")[1]), json.loads(answer)


def assert_fields(found: dict[str, Any], fields: dict[str, Any], *, only: bool) -> None:
    assert {name for name in fields if name not in found} == set()
    assert not only or set(found) == set(fields)
    assert [name for name, kind in fields.items() if not isinstance(found[name], kind)] == []


def test_a_message_has_the_documented_fields(fake: TwilioFake) -> None:
    form = "To=%2B14155550142&From=%2B14155550101&Body=Hi"
    status, created = asked(fake, "POST", "/Messages.json", form)
    assert status == 201
    assert_fields(created, MESSAGE, only=True)
    assert (created["status"], created["direction"]) == ("accepted", "outbound-api")
    assert created["sid"].startswith("SM")
    assert len(created["sid"]) == 34
    assert parsedate_to_datetime(created["date_created"]).utcoffset() == timedelta(0)
    assert asked(fake, "GET", f"/Messages/{created['sid']}.json")[0] == 200


def test_lists_have_the_documented_fields(fake: TwilioFake, create: Create) -> None:
    for at in range(3):
        create(str(at))
    _, page = asked(fake, "GET", "/Messages.json?PageSize=2")
    [*messages] = page.pop("messages")
    assert_fields(page, PAGE, only=True)
    for message in messages:
        assert_fields(message, MESSAGE, only=True)
    assert (page["start"], page["end"], page["page_size"]) == (0, 1, 2)
    assert page["next_page_uri"].startswith(f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json?")
    _, numbers = asked(fake, "GET", "/IncomingPhoneNumbers.json")
    assert_fields(numbers, PAGE, only=False)
    for number in numbers["incoming_phone_numbers"]:
        assert_fields(number, NUMBER, only=False)
        assert number["capabilities"]["sms"] is True


def test_an_error_has_the_documented_fields(fake: TwilioFake) -> None:
    status, error = asked(fake, "POST", "/Messages.json", "To=1&From=2&Body=3")
    assert status == error["status"] == 400
    assert set(error) == {"code", "message", "more_info", "status"}


# --- order, lateness, outcomes ---------------------------------------------------------------


def test_a_list_has_what_was_sent_first_and_then_what_has_no_date_yet(
    fake: TwilioFake, client: Client, create: Create
) -> None:
    waiting, left, newest = create("one"), create("two"), create("three")
    for _ in range(2):
        client.messages(left).fetch()
    found = client.messages.list(to=CLIENTS_PHONE, from_=OURS[0], limit=10)
    assert [message.sid for message in found] == [left, newest, waiting]


def test_a_message_may_be_hidden_from_lists_for_a_while(
    fake: TwilioFake, client: Client, create: Create
) -> None:
    fake.hide_for = lambda _: 0.3
    sid = create()
    assert client.messages.list(to=CLIENTS_PHONE, limit=5) == []
    assert client.messages(sid).fetch().sid == sid
    time.sleep(0.3)
    assert len(client.messages.list(to=CLIENTS_PHONE, limit=5)) == 1


def test_a_recipients_outcome_is_decided_beforehand(
    fake: TwilioFake, client: Client, create: Create
) -> None:
    fake.outcomes[CLIENTS_PHONE] = ("undelivered", 30003)
    sid = create()
    last = [client.messages(sid).fetch() for _ in range(3)][-1]
    assert (last.status, last.error_code) == ("undelivered", 30003)


def test_a_number_may_be_for_voice_only(fake: TwilioFake, client: Client) -> None:
    fake.voice_only = ["+14155550199"]
    numbers = client.incoming_phone_numbers.list(limit=10)
    assert [n.phone_number for n in numbers if not n.capabilities["sms"]] == ["+14155550199"]


# --- the server ------------------------------------------------------------------------------


def test_a_message_remembers_when_its_request_arrived(fake: TwilioFake, create: Create) -> None:
    fake.latency_seconds = 0.1
    before = time.monotonic()
    message = fake.messages[create()]
    assert before < message.arrived
    assert message.accepted - message.arrived >= 0.1
    assert time.monotonic() - before >= 0.1


def test_many_wait_at_once_and_the_peaks_are_remembered(fake: TwilioFake, create: Create) -> None:
    fake.latency_seconds = 0.3
    with ThreadPoolExecutor(6) as threads:
        assert len({*threads.map(create, map(str, range(6)))}) == 6
    assert fake.peak_requests >= 2
    assert fake.stats()["peak_connections"] == fake.peak_connections >= fake.peak_requests


def test_a_request_in_pieces_is_one_request(fake: TwilioFake) -> None:
    token = b64encode(f"{ACCOUNT_SID}:{AUTH_TOKEN}".encode()).decode()
    whole = (
        f"POST /2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json HTTP/1.1\r\n"
        f"Authorization: Basic {token}\r\nContent-Length: 45\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n\r\n"
        "To=%2B14155550142&From=%2B14155550101&Body=Hi"
    ).encode()
    with socket.create_connection(("127.0.0.1", fake.port), timeout=5) as wire:
        for at in range(0, len(whole), 50):
            wire.sendall(whole[at : at + 50])
            time.sleep(0.005)
        assert wire.recv(100).startswith(b"HTTP/1.1 201")
        wire.sendall(whole * 2)
        time.sleep(0.2)
    assert len(fake.messages) == 3


def test_a_request_that_was_not_read_whole_is_not_processed(fake: TwilioFake) -> None:
    with socket.create_connection(("127.0.0.1", fake.port), timeout=5) as wire:
        wire.sendall(b"POST /x HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf")
    time.sleep(0.1)
    assert fake.requests == []


def test_faults_can_be_chosen_by_what_is_asked(fake: TwilioFake, create: Create) -> None:
    def only_bodies_of_one(request: Request) -> Fault | None:
        return refusal(21610) if request.form.get("Body") == "one" else None

    fake.choose_fault = only_bodies_of_one
    with pytest.raises(TwilioRestException):
        create("one")
    assert create("two")
