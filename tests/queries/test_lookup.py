"""Several people are looked up at once to the same result as each by itself."""

from collections.abc import Callable
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.errors import Ambiguous, PetmsgError
from petmsg.queries.lookup import find_client, find_clients, find_sitter, find_sitters
from petmsg.services.people import client, sitter
from tests.support.fixtures import build_org, looking, working

TEXTS = [
    "A-1", "4155550102", "+14155550101", "(415) 555-0103", "415.555.0199", "+14155550199", "+1415",
    "Ann Ivers", "Bo  Stone", "Bo Ston", "M-1", "Maya Lee", "+14155550201", "X", "",
]  # fmt: skip


def company(url: str) -> None:
    build_org(url)
    with working(url) as uow:
        client.add(uow, "Ann Ivers", phones=["+14155550101"], ref="A-1")
        client.add(uow, "Ann Ivers", phones=["+14155550102", "+14155550103"], ref="A-2")
        client.add(uow, "Bo Stone", phones=["+14155550104"], ref="4155550102")
        sitter.add(uow, "Maya Lee", phone="+14155550201", ref="M-1")
        sitter.add(uow, "Lea May", phone="+14155550201", ref="M-2")


def alone(find: Callable[..., Any], cursor: Cursor, org_id: int, text: str) -> Any:
    try:
        return find(cursor, org_id, text)
    except PetmsgError as problem:
        return problem


def plain(found: Any) -> Any:
    """What can be compared of a person or an error."""
    if isinstance(found, PetmsgError):
        return type(found), found.code, found.message, found.hint
    return found


def test_together_they_are_found_as_each_by_itself(migrated_url: str) -> None:
    company(migrated_url)
    with looking(migrated_url) as cursor:
        org_id = cursor.value("SELECT id FROM org")
        clients = find_clients(cursor, org_id, TEXTS)
        sitters = find_sitters(cursor, org_id, TEXTS)
        for text in TEXTS:
            assert plain(clients[text]) == plain(alone(find_client, cursor, org_id, text)), text
            assert plain(sitters[text]) == plain(alone(find_sitter, cursor, org_id, text)), text
    assert isinstance(clients["Ann Ivers"], Ambiguous)
    assert isinstance(sitters["+14155550201"], Ambiguous)


def test_for_many_missing_people_nobody_guesses(migrated_sqlite: str) -> None:
    company(migrated_sqlite)
    with looking(migrated_sqlite) as cursor:
        org_id = cursor.value("SELECT id FROM org")
        texts = [f"Bo Ston {n}" for n in range(30)]
        found = find_clients(cursor, org_id, [*texts, "B-1"]).values()
        few = find_clients(cursor, org_id, ["Bo Ston"])["Bo Ston"]
    assert not any("Did you mean" in each.hint for each in found if isinstance(each, PetmsgError))
    assert isinstance(few, PetmsgError)
    assert "Did you mean" in few.hint
