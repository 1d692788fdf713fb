"""Two processes, and people who are erased or leave, while calls are stored.

On PostgreSQL, where several transactions write at once; SQLite has one writer at a time.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from petmsg.providers.call_events import CallEvent
from petmsg.rules.call_plan import Reject
from petmsg.services.calls.record import record_each
from petmsg.services.people import erase, offboard
from petmsg.workflows.webhook_outcome import Outcome
from tests.support.calling import DESK_PHONE, arrived, calls, company, ended, picked_up, tell
from tests.support.fixtures import Cli, working
from tests.support.incoming import STRANGER
from tests.support.texting import ANN, POOL
from tests.workflows.worker.stores import TestStore

pytestmark = pytest.mark.postgres


@pytest.fixture(params=["postgresql"])
def migrated_url(request: pytest.FixtureRequest, postgres_template: Callable[..., str]) -> str:
    """`migrated_url` on PostgreSQL only."""
    from tests.support.fixtures import build_org

    return postgres_template("org", build_org)


@pytest.fixture
def ready(cli: Cli) -> Cli:
    company(cli)
    return cli


def at_once(url: str, *batches: Sequence[CallEvent]) -> list[list[Outcome]]:
    """Store each batch in a thread of its own, all at the same moment."""
    barrier = threading.Barrier(len(batches))
    done: dict[int, list[Outcome]] = {}

    def store(place: int) -> None:
        barrier.wait()
        done[place] = tell(url, *batches[place])

    run([lambda place=place: store(place) for place in range(len(batches))])
    return [done[place] for place in range(len(batches))]


def run(jobs: Sequence[Callable[[], object]]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
        assert not thread.is_alive()


def test_the_same_call_in_two_processes_is_one_call(ready: Cli, migrated_url: str) -> None:
    batches = [[arrived(f"CA{each}") for each in range(12)] for _ in range(4)]
    told = at_once(migrated_url, batches[0], batches[1][::-1], batches[2], batches[3][::-1])
    assert len(calls(migrated_url, "id")) == 12
    assert {each.status for batch in told for each in batch} == {200}
    plans = [{each.plan.call: each.plan for each in batch} for batch in told]  # type: ignore[union-attr]
    assert plans[0] == plans[1] == plans[2] == plans[3]
    assert sorted(each.word for batch in told for each in batch) == ["known"] * 36 + ["stored"] * 12


def test_all_steps_at_once_are_one_call_with_one_entry(ready: Cli, migrated_url: str) -> None:
    batches = [[ended(call=f"CA{each}") for each in range(8)] for _ in range(2)]
    keys = [[arrived(f"CA{each}"), picked_up(0, "", call=f"CA{each}")] for each in range(8)]
    told = at_once(migrated_url, *batches, *keys)
    assert {each.status for batch in told for each in batch} == {200}
    assert sorted(calls(migrated_url, "provider_call_id, status")) == [
        (f"CA{each}", "no_answer") for each in range(8)
    ]
    entries = {row[0] for row in calls(migrated_url, "message_id")}
    assert len(entries) == 8
    assert ready("audit", "verify").code == 0


def test_processes_together_hold_the_limit(ready: Cli, migrated_url: str) -> None:
    assert ready("org", "set", "--calls-per-hour", "3").code == 0
    told = at_once(
        migrated_url, *([arrived(f"CA{each}", sender=STRANGER, to=POOL)] for each in range(8))
    )
    rejected = [isinstance(each.plan, Reject) for (each,) in told]
    assert (rejected.count(False), rejected.count(True)) == (3, 5)


def waits_for(url: str, open_first: Callable[[Any], object], then: Callable[[], object]) -> None:
    """Do `then` while a transaction of `open_first` is open: it waits for its end."""
    later = threading.Thread(target=then)
    with working(url) as uow:
        open_first(uow)
        later.start()
        later.join(timeout=0.5)
        assert later.is_alive()
    later.join(timeout=60)
    assert not later.is_alive()


def test_a_call_waits_for_a_client_who_is_being_erased(ready: Cli, migrated_url: str) -> None:
    waits_for(
        migrated_url,
        lambda uow: erase.forget(uow, "C-1", reason="asked"),
        lambda: tell(migrated_url, arrived()),
    )
    assert calls(migrated_url, "caller, client_id, addressed_to") == [
        ("unknown", None, "front_desk")
    ]


def test_an_erasure_waits_for_a_call_and_takes_its_phone(ready: Cli, migrated_url: str) -> None:
    forget = ("client", "forget", "C-1", "--reason", "asked", "--yes")
    waits_for(
        migrated_url,
        lambda uow: record_each(uow, [arrived()], provider=None),
        lambda: ready(*forget),
    )
    assert calls(migrated_url, "caller, from_phone") == [("client", None)]
    ((decision,),) = calls(migrated_url, "decision")
    assert ANN not in decision


def test_the_end_of_a_call_waits_for_a_client_who_is_being_erased(
    ready: Cli, migrated_url: str
) -> None:
    tell(migrated_url, arrived())
    waits_for(
        migrated_url,
        lambda uow: erase.forget(uow, "C-1", reason="asked"),
        lambda: tell(migrated_url, ended()),
    )
    assert calls(migrated_url, "status, message_id") == [("no_answer", None)]


def test_a_call_waits_for_a_sitter_who_is_leaving(ready: Cli, migrated_url: str) -> None:
    told: list[Outcome] = []
    waits_for(
        migrated_url,
        lambda uow: offboard.deactivate(uow, "S-1"),
        lambda: told.extend(tell(migrated_url, arrived())),
    )
    assert calls(migrated_url, "addressed_to, sitter_id") == [("front_desk", None)]
    assert told[0].plan.phone == DESK_PHONE  # type: ignore[union-attr]


def test_a_sitter_leaves_after_a_call_that_is_being_stored(ready: Cli, migrated_url: str) -> None:
    waits_for(
        migrated_url,
        lambda uow: record_each(uow, [arrived()], provider=None),
        lambda: ready("sitter", "deactivate", "S-1", "--yes"),
    )
    assert calls(migrated_url, "addressed_to, sitter_id") == [("sitter", 1)]
    assert tell(migrated_url, arrived())[0].plan.phone == DESK_PHONE  # type: ignore[union-attr]


def test_a_deadlock_is_tried_again(ready: Cli, migrated_url: str) -> None:
    """Batches that name the same clients in opposite orders both are stored."""
    senders = [ANN, "+14155551002"]
    one = [arrived(f"CA{each}", sender=senders[each % 2]) for each in range(10)]
    two = [ended(call=f"CB{each}", sender=senders[1 - each % 2]) for each in range(10)]
    told = at_once(migrated_url, one, two, two[::-1])
    assert {each.status for batch in told for each in batch} == {200}
    store = TestStore(migrated_url)
    with store.snapshot() as cursor:
        assert cursor.value("SELECT count(*) FROM call") == 20
    store.close()
