"""What a provider says of a number's pictures is stored, and silence changes nothing."""

from petmsg.queries.number import show_number
from petmsg.queries.number_mms import note_mms
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
            assert note_mms(uow.cursor, uow.org.id, said) == changed
    with looking(migrated_url) as cursor:
        org = find_org(cursor, None)
        assert [bool(show_number(cursor, org, each).mms) for each in (DESK, POOL)] == [False, True]
