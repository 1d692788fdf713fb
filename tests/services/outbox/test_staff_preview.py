"""The preview of a message to a sitter says what sending does, and changes nothing."""

from typing import Any

from petmsg.enums.messages import BlockCode
from petmsg.queries.org import find_org
from petmsg.services.numbers import quarantine
from petmsg.services.outbox.preview import Preview, SendOptions
from petmsg.services.outbox.staff_messages import queue_to_sitter
from petmsg.services.outbox.staff_preview import preview_to_sitter
from petmsg.services.people import offboard, optout
from tests.support.fixtures import NOW, looking, working
from tests.support.queueing import DESK, MAYA, change, claimed, company


def look(url: str, body: str = "Hi", **options: Any) -> Preview:
    with looking(url) as cursor:
        org = find_org(cursor, None)
        return preview_to_sitter(
            cursor, org, "S-1", body=body, options=SendOptions(**options), now=NOW
        )


def test_it_names_the_number_that_sending_uses(migrated_url: str) -> None:
    company(migrated_url)
    for number in (MAYA, DESK):
        seen = look(migrated_url)
        assert seen.decision.number is not None
        assert (seen.decision.number.e164, seen.leaves_now) == (number, True)
        assert (seen.client, seen.sitter) == (None, "S-1")
        with working(migrated_url) as uow:
            message = queue_to_sitter(uow, "S-1", body="Hi").message
        taken = claimed(migrated_url, message)
        assert taken.decision == seen.decision
        change(migrated_url, "UPDATE message SET status = 'sent' WHERE id = :id", id=message)
        if number == MAYA:
            with working(migrated_url) as uow:
                quarantine.quarantine_all(uow, [MAYA], reason="filtered")


def test_it_says_what_blocks_it(migrated_url: str) -> None:
    company(migrated_url)
    change(migrated_url, "UPDATE org SET quiet_from_minute = 540, quiet_until_minute = 660")
    assert [each.code for each in look(migrated_url).holds] == [BlockCode.QUIET_HOURS]
    assert look(migrated_url, urgent=True).leaves_now
    with working(migrated_url) as uow:
        optout.add(uow, "S-1", reason="asked")
    assert look(migrated_url, urgent=True).refused == "The sitter has opted out of messages"


def test_it_says_why_it_would_be_refused(migrated_url: str) -> None:
    company(migrated_url)
    assert look(migrated_url, "Call (415) 555-1001").leak == "a phone number at character 7"
    with working(migrated_url) as uow:
        offboard.deactivate(uow, "S-1")
    seen = look(migrated_url)
    assert (seen.refused, seen.leaves_now) == ("Sitter Maya Lee was deactivated", False)
