"""What is told of a call may come twice, late and in any order: one call, one entry, one end."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petmsg.enums.calls import CallStatus
from petmsg.providers.call_events import (
    CallEnded,
    CallEvent,
    RingAnswered,
    RingEnded,
    VoicemailLeft,
)
from petmsg.services.calls.arrive import CallOfAnotherOrg
from petmsg.services.calls.record import record
from petmsg.workflows.store_calls import store_calls
from tests.support.calling import arrived, calls, company, ended, left, picked_up, rang, tell
from tests.support.fixtures import NOW, Cli, add_org, build_org, run_cli, working
from tests.support.postgres import Builder, PostgresServer
from tests.workflows.worker.stores import TestStore

NUMBERS = itertools.count()


def steps(call: str) -> Sequence[CallEvent]:
    """All that may be told of a call after its arrival: a sitter is rung, then the desk."""
    return (
        arrived(call),
        picked_up(0, call=call),
        picked_up(0, "", call=call),
        picked_up(0, "1", call=call),
        rang(0, CallStatus.NO_ANSWER, call=call),
        rang(0, CallStatus.COMPLETED, call=call),
        picked_up(1, call=call),
        rang(1, CallStatus.BUSY, call=call),
        rang(1, CallStatus.COMPLETED, call=call),
        ended(40, call=call),
        left(7, call=call),
        left(None, call=call),
    )


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def store(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestStore]:
    """One company for all examples: each is a call of its own."""
    name = "company of test_record"

    def fill(url: str) -> None:
        build_org(url)
        company(lambda *words, **more: run_cli(url, *words, **more))
        run_cli(url, "org", "set", "--calls-per-hour", "1000")

    if request.param == "sqlite":
        templates: Callable[[str, Builder], Path] = request.getfixturevalue("_sqlite_templates")
        copy = tmp_path_factory.mktemp("calls") / "petmsg.db"
        copy.write_bytes(templates(name, fill).read_bytes())
        url = f"sqlite:///{copy}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.url(server.create(template=server.template(name, fill)))
    made = TestStore(url, now=NOW)
    yield made
    made.close()


@settings(max_examples=30)
@given(data=st.data())
def test_the_order_and_the_repeats_of_events_do_not_matter(
    store: TestStore, data: st.DataObject
) -> None:
    call = f"CA{next(NUMBERS):032}"
    all_of_it = steps(call)
    told = data.draw(st.lists(st.sampled_from(all_of_it), min_size=1, max_size=14))
    first = data.draw(st.sampled_from([all_of_it[0], all_of_it[9]]))
    told = [first, *told]
    size = data.draw(st.integers(1, len(told)))
    plans: dict[CallEvent, object] = {}
    for place in range(0, len(told), size):
        batch = told[place : place + size]
        for event, outcome in zip(batch, store_calls(store, batch, provider=None), strict=True):
            assert outcome.status == 200, outcome
            if not isinstance(event, RingEnded):  # what follows depends on whether it was taken
                assert plans.setdefault(event, outcome.plan) == outcome.plan
    assert state(store, call) == expected(told)


def expected(told: Sequence[CallEvent]) -> dict[str, object]:
    """The end state by a model of its own: from the set of events, without their order."""
    events = set(told)
    key = any(isinstance(each, RingAnswered) and each.key == "1" for each in events)
    desk = any(
        (isinstance(each, RingAnswered) and each.ring == 1)
        or (isinstance(each, RingEnded) and (each.ring, each.status) == (1, CallStatus.COMPLETED))
        for each in events
    )
    over = any(isinstance(each, CallEnded) for each in events)
    lengths = [each.seconds or 0 for each in events if isinstance(each, VoicemailLeft)]
    missed = "busy" if any(is_busy(each) for each in events) else "no_answer"
    answered = "sitter" if key else "front_desk" if desk else None
    return {
        "calls": 1,
        "status": ("completed" if answered else missed) if over else "ringing",
        "answered_by": answered,
        "duration_seconds": 40 if over else None,
        "voicemail_seconds": max(lengths, default=None),
        "files": int(bool(lengths)),
        "waits": bool(lengths) or (over and answered is None),
    }


def is_busy(event: CallEvent) -> bool:
    return isinstance(event, RingEnded) and event.status is CallStatus.BUSY


def state(store: TestStore, call: str) -> dict[str, object]:
    with store.snapshot() as cursor:
        rows = cursor.rows("SELECT * FROM call WHERE provider_call_id = :call", call=call)
        entries = cursor.rows(
            "SELECT m.id, i.done_at FROM message m JOIN inbound_text i ON i.message_id = m.id"
            " WHERE m.provider_message_id = :call",
            call=call,
        )
        files = cursor.value(
            "SELECT count(*) FROM media f JOIN message m ON m.id = f.message_id"
            " WHERE m.provider_message_id = :call",
            call=call,
        )
    assert len(entries) <= 1
    assert [each["id"] for each in entries] == [rows[0]["message_id"]] * len(entries)
    names = ("status", "answered_by", "duration_seconds", "voicemail_seconds")
    return {
        "calls": len(rows),
        **{name: rows[0][name] for name in names},
        "files": files,
        "waits": any(each["done_at"] is None for each in entries),
    }


def test_the_examples_leave_a_sound_database(store: TestStore) -> None:
    url = store.setting("database").value
    ran = run_cli(url, "doctor", "--findings", "-o", "json")
    assert [each for each in ran.json if each["check"].startswith("call")] == []
    assert run_cli(url, "audit", "verify").code == 0
    with store.snapshot() as cursor:
        assert cursor.value("SELECT count(*) FROM call") > 1


@pytest.mark.parametrize("event", steps("CAx"))
def test_an_org_decides_nothing_about_another_orgs_call(
    cli: Cli, migrated_url: str, event: CallEvent
) -> None:
    company(cli)
    tell(migrated_url, arrived("CAx"))
    add_org(migrated_url, "cat-care", front_desk="+14155550900")
    before = calls(migrated_url, "*")
    with working(migrated_url, org="cat-care") as uow, pytest.raises(CallOfAnotherOrg):
        record(uow, event, provider=None)
    assert calls(migrated_url, "*") == before
