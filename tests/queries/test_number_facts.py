"""What a provider says of a number's pictures is stored, and silence changes nothing."""

from petmsg.queries.number import show_number
from petmsg.queries.number_facts import NumberFacts, note_facts
from petmsg.queries.org import find_org
from tests.support.fixtures import looking, working
from tests.support.queueing import DESK, POOL, company


def test_only_what_was_said_and_differs_is_written(migrated_url: str) -> None:
    company(migrated_url)
    for said, changed in (
        ([(DESK, True), (POOL, None)], 1),
        ([(DESK, True)], 0),
        ([(DESK, None), ("+14155559999", False)], 0),
        ([(DESK, False), (POOL, True)], 2),
    ):
        with working(migrated_url) as uow:
            assert (
                note_facts(uow.cursor, uow.org.id, [NumberFacts(*each) for each in said]) == changed
            )
    with looking(migrated_url) as cursor:
        org = find_org(cursor, None)
        assert [bool(show_number(cursor, org, each).mms) for each in (DESK, POOL)] == [False, True]


def test_everything_that_is_said_is_stored_and_an_empty_service_ends_one(migrated_url: str) -> None:
    company(migrated_url)
    for said, stored in (
        (NumberFacts(DESK, True, False, "PN1", "MG1"), (True, False, "PN1", "MG1")),
        (NumberFacts(DESK), (True, False, "PN1", "MG1")),
        (NumberFacts(DESK, None, True, "PN2", None), (True, True, "PN2", "MG1")),
        (NumberFacts(DESK, None, None, None, ""), (True, True, "PN2", None)),
    ):
        with working(migrated_url) as uow:
            note_facts(uow.cursor, uow.org.id, [said])
            (row,) = uow.cursor.tuples(
                "SELECT mms, voice, provider_number_id, messaging_service FROM message_number"
                " WHERE e164 = :e164",
                e164=DESK,
            )
        assert (bool(row[0]), bool(row[1]), *row[2:]) == stored
