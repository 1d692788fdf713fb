"""How many calls a span has, and how they went, on both databases."""

from datetime import timedelta

from petmsg.enums.calls import CallerKind, CallStatus
from petmsg.queries.call_counts import CallCounts, call_counts
from petmsg.queries.org import find_org
from petmsg.render.call_words import calls_in_words
from tests.support.calls import add_call
from tests.support.consistency import raw
from tests.support.fixtures import NOW, Cli, add_org, looking
from tests.support.texting import DESK, MAYA, people_and_visit

HOUR = timedelta(hours=1)


def test_each_call_of_a_span_is_counted_by_how_it_went(cli: Cli, migrated_url: str) -> None:
    people_and_visit(cli)
    url = migrated_url
    for status in CallStatus:
        add_call(url, number=DESK, client="C-1", status=status, started_at=NOW - HOUR)
    left = {"voicemail": 9, "status": CallStatus.NO_ANSWER}
    add_call(url, number=DESK, client="C-1", started_at=NOW - HOUR, **left)
    for status in (CallStatus.NO_ANSWER, CallStatus.BUSY):
        add_call(
            url, number=MAYA, caller=CallerKind.SITTER, client="C-1", sitter="S-1", status=status,
            started_at=NOW - HOUR,
        )  # fmt: skip
    add_call(url, number=DESK, client="C-2", started_at=NOW)
    add_org(url, "tail-waggers", front_desk="+14155550199")
    add_call(url, number="+14155550199", started_at=NOW - HOUR, org="tail-waggers")
    with looking(url) as cursor:
        org = find_org(cursor, "happy-paws")
        found = call_counts(cursor, org, since=NOW - HOUR, until=NOW)
        nothing = call_counts(cursor, org, since=NOW + HOUR, until=NOW + 2 * HOUR)
    assert found == CallCounts(
        total=9, answered=1, missed=4, unanswered=2, waiting=1, voicemails=1,
        ringing=1, completed=1, no_answer=3, busy=2, failed=1, rejected=1,
    )  # fmt: skip
    assert nothing == CallCounts(*[0] * 12)
    assert found.total == sum((
        found.answered, found.missed, found.unanswered, found.waiting, found.rejected,
    ))  # fmt: skip
    assert calls_in_words(found) == (
        "9: 1 answered, 4 missed, 2 of sitters not answered, 1 ringing, 1 rejected"
    )


def test_a_call_that_was_answered_after_all_is_not_missed(cli: Cli, migrated_url: str) -> None:
    people_and_visit(cli)
    add_call(migrated_url, number=DESK, client="C-1", status=CallStatus.NO_ANSWER)
    with raw(migrated_url) as cursor:
        cursor.run("UPDATE call SET status = 'completed', answered_by = 'front_desk'")
    with looking(migrated_url) as cursor:
        org = find_org(cursor, "happy-paws")
        found = call_counts(cursor, org, since=NOW - HOUR, until=NOW)
    assert (found.answered, found.missed) == (1, 0)
    assert cli("call", "list", "--missed", "-o", "json").json == []
