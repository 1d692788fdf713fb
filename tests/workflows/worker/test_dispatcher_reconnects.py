"""A dispatcher that keeps running takes up what it had to leave out: orgs that are new, that have
another account, or whose account was refused."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from petmsg.db.liveness import worker
from petmsg.db.location import locate
from petmsg.providers.base import Provider, Rejected, RejectionClass, SendOutcome
from petmsg.queries.org import Account, OrgRow, all_orgs
from petmsg.services.orgs import org as orgs
from petmsg.workflows.worker.dispatcher import Dispatcher, Timings
from petmsg.workflows.worker.sender_pool import SenderPool
from tests.support.fixtures import ACTOR, Cli, looking, working
from tests.support.on_twilio import company
from tests.support.swarm import ROOT
from tests.support.twilio_fake import ACCOUNT_SID, TwilioFake
from tests.workflows.worker.crew import Crew, crowd, queue, running, wait_until
from tests.workflows.worker.fake_providers import Remembering
from tests.workflows.worker.stores import TestStore

OFTEN = Timings(poll=0.1, reconcile_every=0.2)


def dispatcher_of(
    store: TestStore,
    url: str,
    lines: Sequence[tuple[OrgRow, Provider]],
    alive: object,
    reconnect: Callable[[Mapping[str, Account]], Sequence[tuple[OrgRow, Provider]]],
) -> Crew:
    dispatcher = Dispatcher(
        store,
        lines,
        worker=alive,  # type: ignore[arg-type]
        pool=SenderPool(4, now=store.clock),
        on_event=lambda _: None,
        timings=OFTEN,
        reconnect=reconnect,
    )
    return Crew(dispatcher, store, [])


def test_an_org_that_is_new_or_has_another_account_is_served_while_it_runs(
    migrated_sqlite: str,
) -> None:
    url = migrated_sqlite
    crowd(url, clients=1, numbers=1)
    crowd(url, clients=1, numbers=1, org="late-paws", first=100)
    first, second, late = Remembering(), Remembering(), Remembering()
    store = TestStore(url)

    def orgs_now() -> list[OrgRow]:
        with looking(url) as cursor:
            return all_orgs(cursor)

    def reconnect(served: Mapping[str, Account]) -> list[tuple[OrgRow, Provider]]:
        usual = {"happy-paws": second, "late-paws": late}
        return [(org, usual[org.slug]) for org in orgs_now() if served.get(org.slug) != org.account]

    with worker(locate(url)) as alive:
        crew = dispatcher_of(store, url, [(orgs_now()[0], first)], alive, reconnect)
        with running(crew):
            queue(url, [(0, "one")])
            queue(url, [(0, "late")], org="late-paws")
            wait_until(lambda: bool(first.taken and late.taken))
            with working(url, org="happy-paws") as uow:
                orgs.change(uow, provider="twilio", twilio_account="north")
            queue(url, [(0, "two")])
            wait_until(lambda: bool(second.taken))
    store.close()
    assert [text.body for text in first.taken] == ["one"]
    assert [text.body for text in second.taken] == ["two"]


def test_an_account_that_was_refused_is_tried_again_while_another_goes_on(
    migrated_sqlite: str,
) -> None:
    url = migrated_sqlite
    crowd(url, clients=1, numbers=1)
    crowd(url, clients=1, numbers=1, org="other-paws", first=100)
    answer = Rejected("20003", RejectionClass.ACCOUNT, "Authenticate")
    answers: list[SendOutcome] = [answer]
    refused, other = Remembering(lambda _: answers[0] if answers else None), Remembering()
    with looking(url) as cursor:
        lines = list(zip(all_orgs(cursor), (refused, other), strict=True))

    def reconnect(served: Mapping[str, Account]) -> list[tuple[OrgRow, Provider]]:
        return [line for line in lines if line[0].slug not in served]

    store = TestStore(url)
    with worker(locate(url)) as alive:
        crew = dispatcher_of(store, url, lines, alive, reconnect)
        queue(url, [(0, "refused")])
        with running(crew):
            queue(url, [(0, "other")], org="other-paws")
            wait_until(lambda: bool(other.taken))
            time.sleep(0.5)
            assert refused.got
            assert not refused.taken
            answers.clear()
            with working(url, org="happy-paws") as uow:
                orgs.change(uow, twilio_account="again")  # lifts what holds the numbers back
            wait_until(lambda: bool(refused.taken))
    store.close()


@pytest.mark.parametrize("is_before", [True, False], ids=["file first", "Twilio first"])
def test_dispatch_goes_on_when_the_token_is_rotated(
    migrated_sqlite: str, sqlite_cli: Cli, tmp_path: Path, *, is_before: bool
) -> None:
    """The process that sends is not started again, and no message is lost or sent twice."""
    company(sqlite_cli, people=("C-1",))
    file = tmp_path / "twilio.env"

    def write(token: str) -> None:
        whole = tmp_path / "whole"
        whole.write_text(f"TWILIO_ACCOUNT_SID={ACCOUNT_SID}\nTWILIO_AUTH_TOKEN={token}\n")
        whole.chmod(0o600)
        whole.replace(file)

    def send(body: str) -> None:
        words = ("message", "send", "C-1", "--body", body, "--queue-only")
        assert sqlite_cli(*words, now=None).code == 0

    with TwilioFake(any_number=True, auth_token="old") as fake:
        write("old")
        usual = {name: value for name, value in os.environ.items() if "TWILIO" not in name}
        own = {
            "PETMSG_ACTOR": ACTOR,
            "PETMSG_DATABASE_URL": migrated_sqlite,
            "PETMSG_TWILIO_API_URL": fake.url,
            "PETMSG_TWILIO_CREDENTIALS": str(file),
        }
        line = [sys.executable, "-m", "petmsg", "message", "dispatch", "--watch", "-o", "jsonl"]
        with subprocess.Popen(
            line, cwd=ROOT, env={**usual, **own}, stdout=subprocess.DEVNULL
        ) as process:
            try:
                send("one")
                wait_until(lambda: len(fake.messages) == 1)
                if is_before:
                    write("new,old")
                    send("two")
                    wait_until(lambda: len(fake.messages) == 2)
                    fake.auth_token = "new"
                else:
                    write("new")
                    fake.auth_token = "new"
                    send("two")
                    wait_until(lambda: len(fake.messages) == 2)
                send("three")
                wait_until(lambda: len(fake.messages) == 3)
            finally:
                process.terminate()
                process.wait(20)
        assert [each.body for each in fake.messages.values()] == ["one", "two", "three"]
