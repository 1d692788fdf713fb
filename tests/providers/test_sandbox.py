"""The sandbox keeps what would have been sent, and keeps the contract of every provider."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from sqlmodel import Session

from petmsg.db.engine import make_engine, transaction
from petmsg.db.location import locate
from petmsg.errors import Busy, DatabaseUnusable
from petmsg.providers.base import (
    Accepted,
    OutgoingText,
    Provider,
    Rejected,
    RejectionClass,
    RetryLater,
    Unknown,
)
from petmsg.providers.sandbox import SandboxProvider
from tests.fixtures import looking
from tests.providers.contract import ProviderContract

OURS, HERS = "+14155550101", "+14155551001"


@pytest.fixture
def sandbox(migrated_sqlite: str) -> Iterator[SandboxProvider]:
    location = locate(migrated_sqlite)
    engine = make_engine(location)
    yield SandboxProvider(lambda: transaction(engine, location))
    engine.dispose()


class TestContract(ProviderContract):
    from_e164 = OURS
    to_e164 = HERS

    @pytest.fixture
    def provider(self, sandbox: SandboxProvider) -> Provider:
        return sandbox


def test_on_both_databases_it_answers_whatever_it_is_given(migrated_url: str) -> None:
    location = locate(migrated_url)
    engine = make_engine(location)
    sandbox = SandboxProvider(lambda: transaction(engine, location))
    outcomes = [sandbox.send(OutgoingText(OURS, HERS, body)) for body in ("a", "\0", "\ud800", "")]
    engine.dispose()
    assert [type(each) for each in outcomes] == [Accepted, Rejected, Rejected, Rejected]


def test_what_it_accepts_is_kept_as_it_would_have_been_sent(
    migrated_sqlite: str, sandbox: SandboxProvider
) -> None:
    outcome = sandbox.send(OutgoingText(OURS, HERS, "Grüße\nan Zoë"))
    assert isinstance(outcome, Accepted)
    assert outcome.status == "accepted"
    with looking(migrated_sqlite) as cursor:
        (row,) = cursor.rows(
            "SELECT provider_message_id, from_e164, to_e164, body FROM sandbox_text"
        )
    assert row == {
        "provider_message_id": outcome.provider_message_id,
        "from_e164": OURS,
        "to_e164": HERS,
        "body": "Grüße\nan Zoë",
    }


@pytest.mark.parametrize(
    ("text", "code", "whose"),
    [
        (OutgoingText(OURS, "+1", "a"), "21211", RejectionClass.RECIPIENT),
        (OutgoingText("nobody", HERS, "a"), "21212", RejectionClass.SENDER),
        (OutgoingText(OURS, HERS, " \n"), "21602", RejectionClass.CONTENT),
        (OutgoingText(OURS, HERS, "x" * 1601), "21617", RejectionClass.CONTENT),
    ],
)
def test_it_refuses_what_no_carrier_takes_and_keeps_nothing(
    migrated_sqlite: str,
    sandbox: SandboxProvider,
    text: OutgoingText,
    code: str,
    whose: RejectionClass,
) -> None:
    outcome = sandbox.send(text)
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.rejection_class) == (code, whose)
    with looking(migrated_sqlite) as cursor:
        assert cursor.value("SELECT count(*) FROM sandbox_text") == 0


def failing(problem: Exception) -> Callable[[], AbstractContextManager[Session]]:
    @contextmanager
    def opened() -> Iterator[Session]:
        raise problem
        yield

    return opened


def test_a_locked_database_is_a_carrier_that_is_busy() -> None:
    outcome = SandboxProvider(failing(Busy("locked"))).send(OutgoingText(OURS, HERS, "a"))
    assert isinstance(outcome, RetryLater)


def test_any_other_failure_of_the_database_leaves_the_outcome_unknown() -> None:
    broken = failing(DatabaseUnusable("the disk failed at the commit"))
    assert isinstance(SandboxProvider(broken).send(OutgoingText(OURS, HERS, "a")), Unknown)
