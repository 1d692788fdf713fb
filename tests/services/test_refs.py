"""Generated refs: the next free ones, looked up many at a time and counted once."""

from petmsg.services.people import client
from petmsg.services.refs import GeneratedRefs, next_ref
from tests.support.fixtures import build_org, working


def test_they_pass_over_refs_that_are_taken_or_named(migrated_url: str) -> None:
    build_org(migrated_url)
    with working(migrated_url) as uow:
        for ref in ("C-2", "C-3", "C-7"):
            client.add(uow, "Ann", phones=[f"+1415555100{ref[-1]}"], ref=ref)
        refs = GeneratedRefs(uow, "client", besides={"C-4", "X-1"})
        taken = [refs.next_ref() for _ in range(5)]
        refs.store()
    assert taken == ["C-1", "C-5", "C-6", "C-8", "C-9"]
    with working(migrated_url) as uow:
        assert next_ref(uow, "client") == "C-10"
        refs = GeneratedRefs(uow, "client")
        assert [refs.next_ref() for _ in range(3000)][-1] == "C-3010"


def test_refs_that_are_not_taken_are_not_used_up(migrated_sqlite: str) -> None:
    build_org(migrated_sqlite)
    with working(migrated_sqlite) as uow:
        GeneratedRefs(uow, "client").store()
        assert next_ref(uow, "client") == "C-1"
