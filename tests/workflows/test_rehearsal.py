"""A rehearsal: transactions that see one another's changes, of which nothing stays."""

import pytest

from petmsg.errors import NotFound
from petmsg.queries.lookup import find_client
from petmsg.queries.org import find_org
from petmsg.services.people import client
from petmsg.workflows.environment import Environment
from petmsg.workflows.rehearsal import rehearsal
from petmsg.workflows.store import Store
from tests.support.fixtures import ACTOR, NOW, add_org, looking


def store_at(url: str) -> Store:
    return Store(Environment({}, NOW, None), db=url, actor=ACTOR)


def events_at(url: str) -> int:
    with looking(url) as cursor:
        return int(cursor.value("SELECT COUNT(*) FROM audit_event"))


def test_a_transaction_sees_those_before_it_and_nothing_stays(migrated_url: str) -> None:
    add_org(migrated_url)
    before = events_at(migrated_url)
    store = store_at(migrated_url)
    with store.at_end, rehearsal(store) as rehearsed:
        rehearsed.write(client.add, "Ann Ivers", phones=["+14155550171"], ref="C-1")
        rehearsed.write(client.add, "Bob Gray", phones=["+14155550172"], ref="C-2")
        with rehearsed.snapshot() as cursor:
            org = find_org(cursor, None)
            assert find_client(cursor, org.id, "C-1").ref == "C-1"
            assert cursor.value("SELECT COUNT(*) FROM audit_event") > before
    with looking(migrated_url) as cursor, pytest.raises(NotFound):
        find_client(cursor, find_org(cursor, None).id, "C-1")
    assert events_at(migrated_url) == before


def test_what_fails_undoes_only_itself(migrated_url: str) -> None:
    add_org(migrated_url)
    store = store_at(migrated_url)
    with store.at_end, rehearsal(store) as rehearsed:
        rehearsed.write(client.add, "Ann Ivers", phones=["+14155550171"], ref="C-1")

        def fails(uow):  # type: ignore[no-untyped-def]
            client.add(uow, "Bob Gray", phones=["+14155550172"], ref="C-2")
            raise NotFound("client", "C-3")

        with pytest.raises(NotFound):
            rehearsed.write(fails)
        with rehearsed.snapshot() as cursor:
            assert cursor.value("SELECT COUNT(*) FROM client") == 1


def test_an_error_of_the_caller_goes_through(migrated_url: str) -> None:
    add_org(migrated_url)
    store = store_at(migrated_url)

    def fail() -> None:
        with rehearsal(store) as rehearsed:
            rehearsed.write(client.add, "Ann Ivers", phones=["+14155550171"], ref="C-1")
            raise NotFound("client", "C-3")

    with store.at_end, pytest.raises(NotFound):
        fail()
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT COUNT(*) FROM client") == 0
