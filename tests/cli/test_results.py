"""What is said of rows that are not done, and of all of them in the last line."""

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


def test_quiet_leaves_out_the_sum_and_not_the_errors_of_rows(sqlite_cli: Cli) -> None:
    company(sqlite_cli)
    for form in ("table", "tsv"):
        ran = sqlite_cli("booking", "confirm", "B-8", "B-9", "--quiet", "-o", form)
        assert (ran.code, len(ran.err.splitlines())) == (4, 2)
        assert ran.err.startswith("B-8: There is no booking 'B-8'.")
    assert sqlite_cli("booking", "confirm", "B-8", "B-9", "-o", "table").out == ""


@pytest.mark.parametrize("form", ["table", "tsv"])
def test_a_quiet_dispatch_says_that_the_account_is_refused(
    sqlite_cli: Cli, fake: TwilioFake, form: str
) -> None:
    environ = keys(fake, TWILIO_AUTH_TOKEN="0" * 32)
    ran = sqlite_cli("message", "dispatch", "--quiet", "-o", form, **environ)
    assert ran.code == 5
    assert "1: The provider rejected the account, not message 1: Authenticate" in ran.err


def test_quiet_does_not_hide_an_unmatched_message(sqlite_cli: Cli, fake: TwilioFake) -> None:
    fake.comes_in("Hello", from_="+14155559999", to="+14155550999", at=NOW)
    ran = sqlite_cli("message", "pull", "--quiet", **keys(fake))
    assert (ran.code, ran.err) == (
        4,
        "+14155550999 is no org's number: kept as unmatched message 1.\n",
    )
