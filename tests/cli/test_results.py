"""What the last line says of rows that are not done."""

from collections.abc import Iterator

import pytest

from tests.support.fixtures import NOW, Cli
from tests.support.on_twilio import company, keys
from tests.support.twilio_fake import TwilioFake
from tests.support.twilio_shapes import Fault, refusal, server_error


@pytest.fixture
def fake(sqlite_cli: Cli) -> Iterator[TwilioFake]:
    """A message to each of three clients waits."""
    with TwilioFake(any_number=True) as running:
        company(sqlite_cli)
        for ref in ("C-1", "C-2", "C-3"):
            assert sqlite_cli("message", "send", ref, "--body", "Hi", "--queue-only").code == 0
        yield running


def last_line(cli: Cli, fake: TwilioFake, *faults: Fault) -> str:
    """The last line of a dispatch that meets these faults."""
    fake.faults.extend(faults)
    ran = cli("message", "dispatch", "-o", "table", now=NOW, **keys(fake))
    assert ran.code == 6, ran.err
    return ran.err.splitlines()[-1]


def test_a_message_whose_outcome_is_unknown_was_not_refused(
    sqlite_cli: Cli, fake: TwilioFake
) -> None:
    said = last_line(sqlite_cli, fake, server_error(), server_error())
    assert said == "2 of 3 rows are not done; the others are done."


def test_a_message_that_the_provider_rejected_was_refused(
    sqlite_cli: Cli, fake: TwilioFake
) -> None:
    said = last_line(sqlite_cli, fake, refusal(21612))
    assert said == "1 of 3 rows were refused; the others are done."
