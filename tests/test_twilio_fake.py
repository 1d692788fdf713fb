"""The fake answers the official SDK as Twilio does: fetches, filtered lists, pages, numbers."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tests.twilio_fake import ACCOUNT_SID, AUTH_TOKEN, TwilioFake
from tests.twilio_shapes import server_error

OURS = ["+14155550101", "+14155550102", "+14155550103"]
HERS = "+14155550142"


class Redirected(TwilioHttpClient):
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
def create(client: Client) -> Callable[..., str]:
    def created(body: str = "hello", *, to: str = HERS, from_: str = OURS[0]) -> str:
        return client.messages.create(to=to, from_=from_, body=body).sid

    return created


def test_each_fetch_moves_a_message_one_status_on(client: Client, create: Callable) -> None:
    sid = create()
    seen = [client.messages(sid).fetch() for _ in range(4)]
    assert [message.status for message in seen] == ["queued", "sent", "delivered", "delivered"]
    assert [message.date_sent is None for message in seen] == [True, False, False, False]


def test_a_message_can_be_told_to_fail(fake: TwilioFake, client: Client, create: Callable) -> None:
    sid = create()
    fake.messages[sid].final_status, fake.messages[sid].error_code = "undelivered", 30005
    last = [client.messages(sid).fetch() for _ in range(3)][-1]
    assert (last.status, last.error_code) == ("undelivered", 30005)


def test_a_list_is_filtered_and_begins_with_the_newest(client: Client, create: Callable) -> None:
    first, second = create("one"), create("two")
    create(to="+14155550999")
    create(from_=OURS[1])
    found = client.messages.list(to=HERS, from_=OURS[0], limit=10)
    assert [message.sid for message in found] == [second, first]


def test_a_list_is_filtered_by_date(client: Client, create: Callable) -> None:
    create()
    now = datetime.now(UTC)
    hour = timedelta(hours=1)

    def found(**dates: datetime) -> int:
        return len(client.messages.list(limit=10, **dates))

    assert found(date_sent_after=now - hour, date_sent_before=now + hour) == 1
    assert found(date_sent_after=now + hour) == 0
    assert found(date_sent_before=now - hour) == 0
    assert found(date_sent=now - timedelta(days=40)) == 0


def test_pages_hold_every_message_once(fake: TwilioFake, client: Client, create: Callable) -> None:
    sids = [create(str(at)) for at in range(5)]
    fake.requests.clear()
    found = [message.sid for message in client.messages.stream(to=HERS, page_size=2)]
    assert found == sids[::-1]
    assert [request.query["PageSize"] for request in fake.requests] == ["2", "2", "2"]


def test_a_message_may_show_late_in_lists(
    fake: TwilioFake, client: Client, create: Callable
) -> None:
    fake.late_lists = 2
    create()
    assert [len(client.messages.list(to=HERS, limit=5)) for _ in range(3)] == [0, 0, 1]


def test_the_accounts_numbers_are_listed(client: Client) -> None:
    assert [n.phone_number for n in client.incoming_phone_numbers.list(limit=10)] == OURS
    [one] = client.incoming_phone_numbers.list(phone_number=OURS[1], limit=10)
    assert one.phone_number == OURS[1]


@pytest.mark.parametrize(
    ("to", "from_", "body", "code"),
    [
        ("", OURS[0], "x", 21604),
        (HERS, "", "x", 21603),
        (HERS, OURS[0], "", 21602),
        ("4155550142", OURS[0], "x", 21211),
        (HERS, "+14155550999", "x", 21606),
        (HERS, OURS[0], "x" * 1601, 21617),
    ],
)
def test_a_request_is_checked(create: Callable, to: str, from_: str, body: str, code: int) -> None:
    with pytest.raises(TwilioRestException) as caught:
        create(body, to=to, from_=from_)
    assert (caught.value.status, caught.value.code) == (400, code)


def test_an_unknown_message_is_404(client: Client) -> None:
    with pytest.raises(TwilioRestException) as caught:
        client.messages("SM" + "f" * 32).fetch()
    assert (caught.value.status, caught.value.code) == (404, 20404)


@pytest.mark.parametrize("accepted", [False, True])
def test_a_fault_says_whether_the_message_was_taken_first(
    fake: TwilioFake, create: Callable, accepted: bool
) -> None:
    fake.faults.append(server_error(accepted=accepted))
    with pytest.raises(TwilioRestException):
        create()
    assert len(fake.messages) == accepted
