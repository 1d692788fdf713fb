"""Several messages in one transaction: what goes wrong with one changes nothing for the others."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from sqlalchemy.exc import DBAPIError

from petmsg.errors import DatabaseUnusable, Refused
from petmsg.services.unit_of_work import Failure, UnitOfWork, each, run_batch
from tests.support.consistency import problems
from tests.support.fixtures import add_org, build, looking, working


@pytest.fixture
def url(migrated_url: str) -> str:
    add_org(migrated_url)
    return migrated_url


@pytest.fixture
def migrated_postgres(postgres_url: str) -> str:
    build(postgres_url)
    add_org(postgres_url)
    return postgres_url


def appending(uow: UnitOfWork, *, wrong: Callable[[int], None]) -> Callable[[int], int]:
    """Write an item into the org's name and the audit, then let it go wrong."""

    def one(item: int) -> int:
        uow.cursor.run("UPDATE org SET name = name || :item", item=str(item))
        uow.audit("org.changed", "org", "happy-paws", {"item": item})
        wrong(item)
        return item

    return one


def names(url: str) -> tuple[str, int]:
    with looking(url) as cursor:
        changed = "SELECT count(*) FROM audit_event WHERE event = 'org.changed'"
        return cursor.value("SELECT name FROM org"), cursor.value(changed)


def test_what_goes_well_is_done_in_order(url: str) -> None:
    with working(url) as uow:
        one = appending(uow, wrong=lambda _: None)
        assert run_batch(uow, [1, 2, 3], one, ref=str) == [1, 2, 3]
    assert names(url) == ("Happy Paws123", 3)
    assert problems(url) == []


@pytest.mark.parametrize("refused", [1, 2, 3])
def test_what_is_refused_leaves_nothing_and_the_others_stand(url: str, refused: int) -> None:
    def wrong(item: int) -> None:
        if item == refused:
            raise Refused("no")

    with working(url) as uow:
        done = run_batch(uow, [1, 2, 3], appending(uow, wrong=wrong), ref=str)
        assert [each.ref for each in done if isinstance(each, Failure)] == [str(refused)]
    left = "".join(str(item) for item in (1, 2, 3) if item != refused)
    assert names(url) == (f"Happy Paws{left}", 2)
    assert problems(url) == []


def test_what_the_database_refuses_is_a_failure_of_its_own_item(url: str) -> None:
    with working(url) as uow:

        def one(item: int) -> int:
            uow.cursor.run("UPDATE org SET grace_minutes = :item", item=-1 if item == 2 else item)
            return item

        done = run_batch(uow, [1, 2, 3], one, ref=str)
    assert [isinstance(each, Failure) for each in done] == [False, True, False]
    with looking(url) as cursor:
        assert cursor.value("SELECT grace_minutes FROM org") == 3


def test_a_bug_is_raised(url: str) -> None:
    with pytest.raises(ZeroDivisionError), working(url) as uow:
        run_batch(uow, [1, 0], lambda item: 1 // item, ref=str)
    with looking(url) as cursor:
        assert cursor.value("SELECT count(*) FROM org") == 1


def test_nothing_is_nothing(url: str) -> None:
    with working(url) as uow:
        assert run_batch(uow, [], str, ref=str) == []


@pytest.mark.parametrize("how", ["together", "each"])
def test_a_connection_that_is_lost_is_no_items_failure(migrated_postgres: str, how: str) -> None:
    """Nothing after it could be written: the whole transaction is told as lost."""

    def cut(item: int) -> int:
        if item == 2:
            uow.cursor.run("SELECT pg_terminate_backend(pg_backend_pid())")
        return item

    with pytest.raises(DatabaseUnusable) as lost, working(migrated_postgres) as uow:  # noqa: PT012
        if how == "together":
            run_batch(uow, [1, 2, 3], cut, ref=str)
        else:
            each(uow, [1, 2, 3], cut)
    assert lost.value.code == "database_connection"
    assert lost.value.hint


def test_a_lost_connection_that_was_overlooked_is_reported_all_the_same(
    migrated_postgres: str,
) -> None:
    """The next statement fails for SQLAlchemy's own reason, which has no words for a person."""
    with pytest.raises(DatabaseUnusable) as lost, working(migrated_postgres) as uow:  # noqa: PT012
        with suppress(DBAPIError):
            uow.session.connection().exec_driver_sql(
                "SELECT pg_terminate_backend(pg_backend_pid())"
            )
        uow.cursor.run("SELECT 1")
    assert lost.value.code == "database_connection"
    assert "the server is back" in (lost.value.hint or "")
