"""The sandbox keeps what would have been sent, and keeps the contract of every provider."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from petmsg.clock import uptime
from petmsg.db import migrate
from petmsg.db.engine import make_engine
from petmsg.db.location import locate
from petmsg.db.snapshot import snapshot
from petmsg.db.transaction import transaction
from petmsg.errors import Busy, DatabaseUnusable, ProviderUnavailable
from petmsg.providers.base import (
    TOO_LATE,
    Accepted,
    OutgoingMessage,
    Provider,
    Rejected,
    RejectionClass,
    RetryLater,
    Unknown,
)
from petmsg.providers.sandbox import SandboxProvider
from tests.providers.contract import ProviderContract
from tests.support.fixtures import ACTOR, NOW, add_org, looking, working
from tests.support.postgres import PostgresServer

OURS, CLIENTS_PHONE = "+14155550101", "+14155551001"


@contextmanager
def sandbox_on(url: str) -> Iterator[SandboxProvider]:
    location = locate(url)
    engine = make_engine(location)
    yield SandboxProvider(lambda: transaction(engine, location), lambda: snapshot(location))
    engine.dispose()


@pytest.fixture
def sandbox(migrated_url: str) -> Iterator[SandboxProvider]:
    with sandbox_on(migrated_url) as provider:
        yield provider


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def kept_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """One database of each kind for the whole contract: it has many tests."""
    if request.param == "sqlite":
        url = locate(str(tmp_path_factory.mktemp("sandbox") / "petmsg.db")).url
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.url(server.create())
    migrate.upgrade(url, actor=ACTOR, now=NOW, create=True)
    return url


class TestContract(ProviderContract):
    from_e164 = OURS
    other_from_e164 = "+14155550102"
    to_e164 = CLIENTS_PHONE
    other_to_e164 = "+14155551002"

    @pytest.fixture
    def provider(self, kept_url: str) -> Iterator[Provider]:
        location = locate(kept_url)
        with sandbox_on(kept_url) as provider:
            engine = make_engine(location)
            with transaction(engine, location) as begun:
                begun.cursor.run("DELETE FROM sandbox_text")
            engine.dispose()
            yield provider


def test_what_it_accepts_is_kept_as_it_would_have_been_sent(
    migrated_url: str, sandbox: SandboxProvider
) -> None:
    outcome = sandbox.send(OutgoingMessage(OURS, CLIENTS_PHONE, "Grüße\nan Zoë"))
    assert isinstance(outcome, Accepted)
    assert outcome.status == "accepted"
    with looking(migrated_url) as cursor:
        (row,) = cursor.rows(
            "SELECT provider_message_id, from_e164, to_e164, body FROM sandbox_text"
        )
    assert row == {
        "provider_message_id": outcome.provider_message_id,
        "from_e164": OURS,
        "to_e164": CLIENTS_PHONE,
        "body": "Grüße\nan Zoë",
    }


@pytest.mark.parametrize(
    ("text", "code", "whose"),
    [
        (OutgoingMessage(OURS, "+1", "a"), "21211", RejectionClass.RECIPIENT),
        (OutgoingMessage("nobody", CLIENTS_PHONE, "a"), "21212", RejectionClass.SENDER),
        (OutgoingMessage(OURS, CLIENTS_PHONE, " \n"), "21602", RejectionClass.CONTENT),
        (OutgoingMessage(OURS, CLIENTS_PHONE, "x" * 1601), "21617", RejectionClass.CONTENT),
    ],
)
def test_it_refuses_what_no_carrier_takes_and_keeps_nothing(
    migrated_url: str,
    sandbox: SandboxProvider,
    text: OutgoingMessage,
    code: str,
    whose: RejectionClass,
) -> None:
    outcome = sandbox.send(text)
    assert isinstance(outcome, Rejected)
    assert (outcome.code, outcome.rejection_class) == (code, whose)
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT count(*) FROM sandbox_text") == 0


def failing(problem: Exception) -> SandboxProvider:
    """A sandbox whose database fails."""

    def opened() -> Any:
        raise problem

    return SandboxProvider(opened, opened)


def test_a_locked_database_is_a_carrier_that_is_busy() -> None:
    outcome = failing(Busy("locked")).send(OutgoingMessage(OURS, CLIENTS_PHONE, "a"))
    assert isinstance(outcome, RetryLater)


def test_any_other_failure_of_the_database_leaves_the_outcome_unknown() -> None:
    broken = failing(DatabaseUnusable("the disk failed at the commit"))
    assert isinstance(broken.send(OutgoingMessage(OURS, CLIENTS_PHONE, "a")), Unknown)


@pytest.mark.parametrize("problem", [Busy("locked"), DatabaseUnusable("the disk failed")])
def test_a_database_that_cannot_be_read_leaves_the_question_unanswered(problem: Exception) -> None:
    broken = failing(problem)
    with pytest.raises(ProviderUnavailable):
        broken.find(from_e164=OURS, to_e164=CLIENTS_PHONE, since=datetime.now(UTC))
    with pytest.raises(ProviderUnavailable):
        broken.fetch("SB" + "f" * 32)


def test_a_text_of_a_forgotten_client_is_still_there_without_the_client(
    migrated_url: str, sandbox: SandboxProvider
) -> None:
    outcome = sandbox.send(OutgoingMessage(OURS, CLIENTS_PHONE, "a"))
    assert isinstance(outcome, Accepted)
    add_org(migrated_url)
    with working(migrated_url) as uow:
        uow.cursor.run("UPDATE sandbox_text SET to_e164 = NULL, body = NULL")
        uow.audit("client.forgotten", "client", "C-1")
    text = sandbox.fetch(outcome.provider_message_id)
    assert text is not None
    assert (text.to_e164, text.body) == ("", "")


def test_nothing_is_kept_once_it_is_too_late_to_begin(sandbox: SandboxProvider) -> None:
    assert sandbox.send(OutgoingMessage(OURS, CLIENTS_PHONE, "a", begin_by=uptime())) == TOO_LATE
    assert sandbox.find(from_e164=OURS, to_e164=CLIENTS_PHONE, since=NOW) == []


def test_it_keeps_no_list_of_numbers(sandbox: SandboxProvider) -> None:
    assert sandbox.numbers() is None
