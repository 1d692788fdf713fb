"""Numbers that sit in a Messaging Service: known from the account, and messages go through it."""

from collections.abc import Iterator

import pytest

from tests.support.fixtures import Cli, looking
from tests.support.on_twilio import ANN, DESK, POOL, alerts, attempts, company, keys, texts
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_services import FakeService
from tests.support.twilio_shapes import Fault, Request, refusal


@pytest.fixture
def service() -> FakeService:
    return FakeService(1, "Paws", [DESK])


@pytest.fixture
def fake(service: FakeService) -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK, POOL]) as running:
        running.account.services = [service]
        yield running


def stored(url: str) -> dict[str, tuple[str | None, str | None, bool]]:
    with looking(url) as cursor:
        rows = cursor.tuples(
            "SELECT e164, provider_number_id, messaging_service, voice FROM message_number"
        )
    return {row[0]: (row[1], row[2], bool(row[3])) for row in rows}


def sent(cli: Cli, fake: TwilioFake, expected: int = 0) -> dict[str, str]:
    """The form of the last request that sent a message."""
    ran = cli("message", "send", "C-1", "--body", "Hi", **keys(fake))
    assert ran.code == expected, ran.err
    return [each.form for each in fake.requests if each.method == "POST"][-1]


def test_an_import_stores_ids_services_and_voice(
    migrated_url: str, cli: Cli, fake: TwilioFake, service: FakeService
) -> None:
    ran = cli("number", "import", "--from-provider", "--class", "pool", **keys(fake))
    assert ran.code == 0, ran.err
    assert stored(migrated_url) == {
        DESK: (f"PN{1:032x}", service.sid, True),
        POOL: (f"PN{2:032x}", None, True),
    }


def test_a_number_of_a_service_is_sent_through_it(
    cli: Cli, fake: TwilioFake, service: FakeService
) -> None:
    company(cli)
    assert cli("number", "add", POOL, "--class", "sitter").code == 0
    assert cli("reconcile", **keys(fake)).code == 0

    form = sent(cli, fake)

    assert (form["From"], form["MessagingServiceSid"]) == (DESK, service.sid)

    service.numbers = []
    cli("reconcile", **keys(fake))
    assert "MessagingServiceSid" not in sent(cli, fake)


def test_what_is_not_told_leaves_the_service(
    migrated_url: str, cli: Cli, fake: TwilioFake, service: FakeService
) -> None:
    company(cli)
    cli("reconcile", **keys(fake))

    def refused(request: Request) -> Fault | None:
        return refusal(20003, status=401) if request.path.startswith("/v1/") else None

    fake.choose_fault = refused
    assert cli("reconcile", **keys(fake)).code == 10
    assert stored(migrated_url)[DESK][1] == service.sid


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_service_that_no_longer_has_the_number_is_left_out_at_once(
    migrated_url: str, cli: Cli, fake: TwilioFake, service: FakeService, is_gone: bool
) -> None:
    company(cli)
    cli("reconcile", **keys(fake))
    service.numbers = []
    if is_gone:
        fake.account.services = []

    form = sent(cli, fake)

    assert (form["From"], "MessagingServiceSid" in form) == (DESK, False)
    assert [text["status"] for text in texts(migrated_url)] == ["sent"]
    assert len(fake.messages) == 1


def test_who_opted_out_of_the_service_is_opted_out_of_the_company(
    migrated_url: str, cli: Cli, fake: TwilioFake, service: FakeService
) -> None:
    company(cli)
    cli("reconcile", **keys(fake))
    service.opted_out = {ANN}
    asked = len(fake.requests)

    sent(cli, fake, expected=6)

    assert attempts(migrated_url) == [("failed", "21610")]
    assert len(fake.requests) == asked + 1  # not tried without the service
    assert "client_opted_out" in {kind for kind, *_ in alerts(cli)}
    assert len(cli("optout", "list", "-o", "json").json) == 1
