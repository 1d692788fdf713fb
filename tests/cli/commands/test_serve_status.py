"""POST /twilio/status: the status of a message as Twilio reports it, late, twice, out of order."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from petmsg import clock
from petmsg.enums.numbers import NumberClass
from petmsg.enums.orgs import ProviderName
from petmsg.errors import CONFIGURATION
from petmsg.providers.base import Accepted
from petmsg.services.numbers import number
from petmsg.services.outbox.claim import claim
from petmsg.services.outbox.claimed import Claim
from petmsg.services.outbox.queue import queue
from petmsg.services.outbox.record_outcome import HandedOver, record
from petmsg.services.people import client
from tests.support.fixtures import Cli, add_org, looking, working
from tests.support.on_twilio import DESK, company, keys
from tests.support.texting import ANN
from tests.support.twilio_fake import ACCOUNT_SID, TwilioFake
from tests.support.webhooks import PUBLIC, Server, serving, sid_of, signed

STATUS = "/twilio/status"


@pytest.fixture
def sent(migrated_url: str) -> str:
    """A database whose one message was handed over as SM1, a minute ago."""
    add_org(migrated_url)
    at = clock.now() - timedelta(minutes=1)
    with working(migrated_url, now=at) as uow:
        client.add(uow, "Ann", phones=[ANN], ref="C-1")
        number.add(uow, "+14155550201", number_class=NumberClass.POOL)
        queue(uow, "C-1", body="Hi")
    at += timedelta(seconds=30)
    with working(migrated_url, now=at) as uow:
        taken = claim(uow, 1, provider=ProviderName.SANDBOX, worker="w-1")
        assert isinstance(taken, Claim)
    with working(migrated_url, now=at) as uow:
        record(uow, HandedOver(taken, Accepted(sid_of("SM1"), "accepted"), at))
    return migrated_url


@pytest.fixture
def server(sent: str) -> Iterator[Server]:
    with serving(sent) as running:
        yield running


def status_of(url: str) -> tuple[str, str]:
    """The message's status, and its one try's."""
    with looking(url) as cursor:
        (row,) = cursor.tuples(
            "SELECT m.status, a.status FROM message m JOIN message_attempt a ON a.message_id = m.id"
        )
    return row[0], row[1]


def tell(server: Server, status: str, *, sid: str = "SM1", **more: str) -> int:
    return server.twilio(STATUS, receipt(status, sid=sid) | more).status


def receipt(status: str, *, sid: str = "SM1") -> dict[str, str]:
    return {
        "MessageSid": sid_of(sid),
        "MessageStatus": status,
        "AccountSid": ACCOUNT_SID,
        "From": DESK,
        "To": ANN,
    }


def test_a_late_sent_never_overwrites_delivered(server: Server, sent: str) -> None:
    for status in ("queued", "sent", "delivered", "sent", "delivered", "accepted", "undelivered"):
        assert tell(server, status, ErrorCode="30003") == 204
    assert status_of(sent) == ("delivered", "delivered")
    assert server.stop() == 0
    outcomes = [line.split("\t")[5] for line in server.log[1:]]
    assert outcomes[:5] == ["on_its_way", "on_its_way", "changed", "on_its_way", "known"]


def test_what_was_not_delivered_says_why(server: Server, sent: str) -> None:
    assert tell(server, "undelivered", ErrorCode="30006") == 204
    assert status_of(sent)[1] == "undelivered"
    with looking(sent) as cursor:
        assert cursor.value("SELECT code FROM message_attempt") == "30006"


def test_reports_that_are_forged_or_of_no_text_change_nothing(server: Server, sent: str) -> None:
    before = status_of(sent)
    form = receipt("delivered")
    assert server.ask("POST", STATUS, *signed(STATUS, form, token="0" * 32)).status == 403
    assert tell(server, "delivered", sid="SM2") == 204
    assert tell(server, "delivered", sid="") == 400
    assert status_of(sent) == before


def test_an_account_cannot_report_about_a_company_that_never_had_it(sent: str) -> None:
    """Its receipt would decide about another company's message and number."""
    with working(sent) as uow:
        uow.cursor.run("UPDATE org SET provider = 'twilio'")
    form = receipt("undelivered") | {"ErrorCode": "30006"}
    theirs = {"TWILIO_ACCOUNT_SID_SOUTH": "AC" + "8" * 32, "TWILIO_AUTH_TOKEN_SOUTH": "south"}
    with serving(sent, **theirs) as server:
        south = form | {"AccountSid": "AC" + "8" * 32}
        forged = server.twilio(STATUS, south, token="south")
        assert (forged.status, forged.body) == (403, "other_account\n")
        assert status_of(sent) == ("sent", "sent")
        unknown = server.twilio(STATUS, south | {"MessageSid": sid_of("SM2")}, token="south")
        assert unknown.status == 204
        assert server.twilio(STATUS, form).status == 204
    assert status_of(sent)[1] == "undelivered"


@pytest.mark.parametrize(
    ("url", "told"), [(None, None), (PUBLIC + "/", PUBLIC + STATUS), ("http://127.0.0.1:1", None)]
)
def test_twilio_is_sent_the_address_for_receipts(
    sqlite_cli: Cli, url: str | None, told: str | None
) -> None:
    with TwilioFake(numbers=[DESK]) as fake:
        company(sqlite_cli, people=("C-1",))
        environ = keys(fake) if url is None else keys(fake, PETMSG_PUBLIC_URL=url)
        ran = sqlite_cli("message", "send", "C-1", "--body", "Hi", **environ)
        assert ran.code == 0, ran.err
        (form,) = [each.form for each in fake.requests if each.method == "POST"]
    assert form.get("StatusCallback") == told


def test_a_public_url_that_is_none_stops_sending_before_it_begins(sqlite_cli: Cli) -> None:
    with TwilioFake(numbers=[DESK]) as fake:
        company(sqlite_cli, people=("C-1",))
        environ = keys(fake, PETMSG_PUBLIC_URL="texts.example.com")
        ran = sqlite_cli("message", "send", "C-1", "--body", "Hi", **environ)
        assert ran.code == CONFIGURATION
        assert not fake.messages
