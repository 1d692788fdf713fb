"""Phone calls in lists and one by one, on both databases."""

from datetime import timedelta
from typing import Any

import pytest

from petmsg.days import Span
from petmsg.db.location import locate
from petmsg.db.snapshot import snapshot
from petmsg.enums.calls import AnsweredBy, CallerKind, CallStatus
from petmsg.errors import NotFound, OutOfRange
from petmsg.queries.call_list import CallFilter, call_id, list_calls, show_call
from petmsg.queries.org import find_org
from petmsg.queries.page import Page
from tests.support.calls import VOICE, add_call
from tests.support.fixtures import NOW, Cli, add_org
from tests.support.texting import DESK, MAYA, OLGA, people_and_visit

STRANGER = "+16175550199"
HOUR = timedelta(hours=1)


@pytest.fixture
def company(cli: Cli, migrated_url: str) -> str:
    """1: C-1 and Maya talked, yesterday. 2: C-1 left a voicemail. 3: C-2 called Olga in vain.
    4: Maya called C-1. 5: a stranger, rejected. 6: rings now."""
    people_and_visit(cli)
    url = migrated_url
    add_call(url, number=MAYA, client="C-1", sitter="S-1", seconds=125, started_at=NOW - 24 * HOUR)
    add_call(
        url, number=MAYA, client="C-1", sitter="S-1", status=CallStatus.NO_ANSWER, voicemail=23,
        content=VOICE,
    )  # fmt: skip
    add_call(url, number=OLGA, client="C-2", sitter="S-2", status=CallStatus.BUSY)
    add_call(
        url, number=MAYA, caller=CallerKind.SITTER, client="C-1", sitter="S-1",
        answered_by=AnsweredBy.CLIENT,
    )  # fmt: skip
    add_call(url, number=DESK, from_phone=STRANGER, status=CallStatus.REJECTED)
    add_call(url, number=DESK, client="C-2", status=CallStatus.RINGING)
    return url


def listed(url: str, page: Page | None = None, org: str = "happy-paws", **only: Any) -> list[int]:
    with snapshot(locate(url)) as cursor:
        rows = list_calls(cursor, find_org(cursor, org), page or Page(), only=CallFilter(**only))
    return [row.call for row in rows]


def test_all_are_listed_the_newest_first_and_by_page(company: str) -> None:
    assert listed(company) == [6, 5, 4, 3, 2, 1]
    assert listed(company, Page(2)) == [6, 5]
    assert listed(company, Page(2, before="5")) == [4, 3]
    assert listed(company, Page(2, before="2")) == [1]
    for unknown in ("404", "0", "99999999999"):
        with pytest.raises(NotFound, match="call"):
            listed(company, Page(2, before=unknown))
    assert listed(company, Page(None)) == [6, 5, 4, 3, 2, 1]


def test_a_persons_calls_are_those_from_and_to_them(company: str) -> None:
    assert listed(company, client="C-1") == [4, 2, 1]
    assert listed(company, client="C-1", number=MAYA, sitter="S-1") == [4, 2, 1]
    assert listed(company, client="C-2") == [6, 3]
    assert listed(company, sitter="S-1") == [4, 2, 1]
    assert listed(company, sitter="S-2", client="C-1") == []
    assert listed(company, number=DESK) == [6, 5]
    for each in ("client", "sitter", "number"):
        with pytest.raises(NotFound, match=each):
            listed(company, **{each: "+14155550777" if each == "number" else "X-404"})


def test_they_are_chosen_by_status_and_by_whether_somebody_took_them(company: str) -> None:
    assert listed(company, status=CallStatus.COMPLETED) == [4, 1]
    assert listed(company, status=CallStatus.REJECTED) == [5]
    assert listed(company, missed=True) == [3, 2]
    assert listed(company, missed=True, status=CallStatus.BUSY) == [3]
    assert listed(company, missed=True, client="C-1") == [2]
    assert listed(company, missed=True, status=CallStatus.COMPLETED) == []


def test_a_span_holds_the_calls_that_began_in_it(company: str) -> None:
    began = NOW - timedelta(minutes=10)
    assert listed(company, span=Span(began)) == [6, 5, 4, 3, 2]
    assert listed(company, span=Span(None, began)) == [1]
    assert listed(company, span=Span(NOW - 30 * HOUR, NOW - 20 * HOUR), client="C-1") == [1]


def test_a_call_that_was_told_late_stands_where_it_began(company: str) -> None:
    late = add_call(company, number=MAYA, client="C-1", started_at=NOW - 2 * HOUR)
    assert listed(company) == [6, 5, 4, 3, 2, late, 1]
    assert listed(company, Page(2, before="2")) == [late, 1]
    assert listed(company, Page(2, before=str(late))) == [1]


def test_another_companys_calls_are_not_there(company: str) -> None:
    add_org(company, "tail-waggers", front_desk="+14155550199")
    add_call(company, number="+14155550199", from_phone=STRANGER, org="tail-waggers")
    assert listed(company) == [6, 5, 4, 3, 2, 1]
    assert listed(company, org="tail-waggers") == [7]
    with snapshot(locate(company)) as cursor, pytest.raises(NotFound):
        show_call(cursor, find_org(cursor, "tail-waggers"), 1)


def test_one_call_is_shown_with_its_voicemail(company: str) -> None:
    with snapshot(locate(company)) as cursor:
        org = find_org(cursor, None)
        missed, talked = show_call(cursor, org, 2), show_call(cursor, org, 1)
        for unknown in (0, -1, 404, 2**40):
            with pytest.raises(NotFound, match="call"):
                show_call(cursor, org, unknown)
    assert missed.message is not None
    assert missed.media is not None
    (voicemail,) = missed.media
    assert (voicemail.message, voicemail.content_type) == (missed.message, "audio/mpeg")
    assert (missed.voicemail_seconds, missed.answered_by) == (23, None)
    assert (talked.media, talked.message) == ((), None)
    assert (talked.duration_seconds, talked.answered_by) == (125, "sitter")
    assert talked.started_at == NOW - 24 * HOUR


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "²", "1" * 19])
def test_an_id_is_a_whole_number(text: str) -> None:
    with pytest.raises(OutOfRange, match="Invalid call id"):
        call_id(text)
