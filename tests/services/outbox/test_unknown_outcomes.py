"""Unknown outcomes: the provider's list decides, and what it does not list needs two looks."""

import time
from datetime import timedelta
from typing import Any

import pytest

from petmsg import clock
from petmsg.db.liveness import worker
from petmsg.db.location import locate
from petmsg.enums.messages import AttemptStatus, MessageStatus
from petmsg.errors import ProviderAccount, ProviderUnavailable
from petmsg.providers.base import Delivery, ProviderMessage, SendOutcome, Unknown
from petmsg.queries.org import OrgRow, find_org
from petmsg.queries.unknown_outcomes import LOOK_BACK, ClaimedMessage
from petmsg.services.orgs import org as orgs
from petmsg.services.outbox.claimed import Ended
from petmsg.services.outbox.outgoing_media import NewMedia
from petmsg.services.outbox.queue import queue as queue_it
from petmsg.services.outbox.unknown_outcomes import (
    CLOCK_SKEW,
    GRACE,
    SECOND_LOOK,
    Reconciled,
    mark_outcome_unknown,
)
from petmsg.services.people import client as clients
from petmsg.services.unit_of_work import Failure
from petmsg.workflows.worker.rescuer import MOST_IN_VAIN, RescueTimings, rescue
from tests.support.fixtures import NOW, looking, migrated_and, working
from tests.support.postgres import Copies
from tests.support.queueing import (
    HOUR,
    MINUTE,
    PHONES,
    POOL,
    SECOND,
    accepted,
    alerts,
    attempts,
    change,
    claimed,
    company,
    events,
    queue,
    record,
    stored,
    take,
)
from tests.workflows.worker.stores import TestStore

SID = "SM" + "f" * 32


class Listing:
    """A carrier that lists what it is told to."""

    name = "listing"

    def __init__(self, *texts: ProviderMessage, problem: Exception | None = None) -> None:
        self.texts = texts
        self.problem = problem
        self.asked: list[dict[str, Any]] = []

    def find(self, **asked: Any) -> tuple[ProviderMessage, ...]:
        self.asked.append(asked)
        if self.problem is not None:
            raise self.problem
        return self.texts

    def send(self, text: object) -> SendOutcome:
        raise AssertionError(text)

    def fetch(self, provider_message_id: str) -> None:
        raise AssertionError(provider_message_id)

    def numbers(self) -> None:
        raise AssertionError


@pytest.fixture
def url(refilled: Copies) -> str:
    return refilled("queueing", migrated_and(company))


def text_like(**changes: Any) -> ProviderMessage:
    usual: dict[str, Any] = {
        "provider_message_id": SID,
        "from_e164": POOL,
        "to_e164": PHONES["C-1"],
        "body": "See you at 3 pm",
        "delivery": Delivery.IN_TRANSIT,
        "created_at": NOW,
    }
    return ProviderMessage(**usual | changes)


def lost(url: str, ref: str = "C-1", *, body: str = "See you at 3 pm") -> int:
    """A message whose answer was lost at NOW."""
    text = queue(url, ref, body=body)
    record(url, claimed(url, text), Unknown(None, "reset"), now=NOW)
    return text


def nine_lost(url: str) -> None:
    """Messages to nine clients whose answers were lost."""
    with working(url) as uow:
        for at in range(4, 10):
            clients.add(uow, f"C-{at}", phones=[f"+1415555100{at}"], ref=f"C-{at}")
    for at in range(1, 10):
        change(url, "UPDATE message_number SET free_at = NULL")
        lost(url, f"C-{at}")


def look(
    url: str, provider: Listing, *, now: Any = NOW + SECOND, **options: Any
) -> list[Reconciled | Failure]:
    with looking(url) as cursor:
        org: OrgRow = find_org(cursor, None)
    store = TestStore(url, now=now)
    try:
        return rescue(store, org, provider, **options)
    finally:
        store.close()


# --- found -------------------------------------------------------------------------------------


def test_the_one_text_that_the_provider_lists_is_bound(url: str) -> None:
    text = lost(url)
    provider = Listing(text_like())
    (settled,) = look(url, provider)
    assert (settled.message, settled.status) == (text, MessageStatus.SENT)  # type: ignore[union-attr]
    assert stored(url, text)["provider_message_id"] == SID
    assert attempts(url, text) == [(AttemptStatus.SENT, None, POOL)]
    assert events(url, text)[-1] == "message.sent"
    assert provider.asked == [
        {"from_e164": POOL, "to_e164": PHONES["C-1"], "since": NOW - LOOK_BACK}
    ]


@pytest.mark.parametrize(
    ("body", "listed"),
    [
        ("See you\r\nat 3 pm", "See you at 3 pm"),
        ("See  you at 3 pm ", "See you at 3 pm"),
        ("It\u2019s \u201cfine\u201d \u2013 bye\u2026", 'It\'s "fine" - bye...'),
        ("Cafe\u0301", "Caf\u00e9"),
        ("See you at 3 pm", "Sent from your Twilio trial account - See you at 3 pm"),
        ("OK", "Sent from your Twilio trial account - OK"),
        ("\U0001f436", "Sent from your Twilio trial account - \U0001f436"),
        ("See you at 3 pm", ""),
        ("\U0001f436", ""),
        ("She said \u2018no\u2019 \u2013 \u00abbye\u00bb", "She said 'no' - \"bye\""),
        ("Zo\u00eb\u00a0and \u0100nna", "Zoe and Anna"),
        ("See you at 3 pm", "See you at 3 pm\r\n\r\nReply STOP to unsubscribe."),
        ("See you\nat 3 pm", "See you\r\nat 3 pm"),
    ],
)
def test_a_body_is_recognised_however_the_carrier_wrote_it(
    url: str, body: str, listed: str
) -> None:
    text = lost(url, body=body)
    look(url, Listing(text_like(body=listed)))
    assert stored(url, text)["status"] == "sent"


@pytest.mark.parametrize(
    "other",
    [
        {"from_e164": "+14155550151"},
        {"to_e164": PHONES["C-2"]},
    ],
)
def test_another_text_is_no_candidate(url: str, other: Any) -> None:
    text = lost(url)
    look(url, Listing(text_like(**other)))
    assert stored(url, text)["status"] == "unknown"


def test_a_text_that_is_another_of_ours_is_no_candidate(url: str) -> None:
    before = queue(url, body="See you at 3 pm")
    record(url, claimed(url, before), accepted(7), now=NOW)
    change(url, "UPDATE message_number SET free_at = NULL")
    text = lost(url)
    look(url, Listing(text_like(provider_message_id=accepted(7).provider_message_id)))
    assert stored(url, text)["status"] == "unknown"


@pytest.mark.parametrize("age", [timedelta(0), SECOND, 10 * MINUTE])
@pytest.mark.parametrize("behind", [timedelta(0), HOUR, -HOUR])
def test_the_providers_clock_and_the_machines_are_not_compared(
    url: str, behind: timedelta, age: timedelta
) -> None:
    """However far they are apart: each measures its own side."""
    text = lost(url)
    listed = text_like(created_at=NOW + SECOND - behind - age, age=age)
    look(url, Listing(listed), now=NOW + SECOND)
    assert stored(url, text)["status"] == "sent"


@pytest.mark.parametrize("apart", [10 * MINUTE, -10 * MINUTE])
def test_one_that_another_machine_claimed_by_a_wrong_clock_is_bound(
    url: str, apart: timedelta
) -> None:
    text = queue(url, body="See you at 3 pm", now=NOW - HOUR)
    taken = claimed(url, text, now=NOW + apart)
    record(url, taken, Unknown(None, "reset"), now=NOW + apart)
    look(url, Listing(text_like(age=30 * SECOND)), now=NOW + 30 * SECOND)
    assert stored(url, text)["status"] == "sent"


# --- for a person ------------------------------------------------------------------------------


def test_several_that_may_be_it_are_for_a_person(url: str) -> None:
    text = lost(url)
    look(url, Listing(text_like(), text_like(provider_message_id="SM1")))
    assert (stored(url, text)["status"], stored(url, text)["error_code"]) == ("held", "ambiguous")
    assert alerts(url) == [("message_held", "warning", "message", str(text))]


OTHER_WORDS = ("See you at 4 pm", "see you at 3 pm", "Is that OK?")


@pytest.mark.parametrize("listed", OTHER_WORDS)
def test_one_in_other_words_is_waited_for_and_then_for_a_person(url: str, listed: str) -> None:
    text = lost(url, body="OK" if "OK" in listed else "See you at 3 pm")
    provider = Listing(text_like(body=listed))
    for after, status in ((SECOND, "unknown"), (GRACE, "unknown"), (GRACE + SECOND, "held")):
        look(url, provider, now=NOW + after)
        assert stored(url, text)["status"] == status, after
    assert stored(url, text)["error_code"] == "other_words"
    assert alerts(url) == [("message_held", "warning", "message", str(text))]


@pytest.mark.parametrize(
    ("body", "listed", "count", "status"),
    [
        ("", "", 1, "sent"),
        ("", "", None, "sent"),
        ("", "", 2, "held"),
        ("", "", 0, "held"),
        ("", "Hello", 1, "held"),
        ("Hi", "Hi", 1, "sent"),
        ("Hi", "Hi", 0, "held"),
        ("Hi", "", 1, "sent"),
    ],
)
def test_the_number_of_pictures_is_compared_where_the_provider_says_it(
    url: str, body: str, listed: str, count: int | None, status: str
) -> None:
    with working(url) as uow:
        link = NewMedia(url="https://example.com/rex.png")
        text = queue_it(uow, "C-1", body=body, media=[link]).message
    record(url, claimed(url, text), Unknown(None, "reset"), now=NOW)
    provider = Listing(text_like(body=listed, media_count=count))
    for after in (SECOND, GRACE, GRACE + SECOND):
        look(url, provider, now=NOW + after)
    assert stored(url, text)["status"] == status


def test_one_in_other_words_that_is_listed_late_is_not_sent_again(url: str) -> None:
    text = lost(url)
    for after in (timedelta(0), GRACE):
        look(url, Listing(), now=NOW + after)
    look(url, Listing(text_like(body="Hello")), now=NOW + GRACE + SECOND_LOOK)
    assert stored(url, text)["status"] == "held"


def test_one_in_other_words_does_not_hide_the_one_in_its_own(url: str) -> None:
    text = lost(url)
    look(url, Listing(text_like(provider_message_id="SM1", body="Hello"), text_like()))
    assert stored(url, text)["provider_message_id"] == SID


def test_an_older_one_in_other_words_is_another(url: str) -> None:
    text = lost(url)
    provider = Listing(text_like(body="Hello", created_at=NOW - CLOCK_SKEW - SECOND))
    for after in (timedelta(0), GRACE, GRACE + SECOND_LOOK):
        look(url, provider, now=NOW + after)
    assert stored(url, text)["status"] == "queued"


def test_two_whose_words_were_redacted_are_for_a_person(url: str) -> None:
    text = lost(url)
    look(url, Listing(text_like(body=""), text_like(body="", provider_message_id="SM1")))
    assert stored(url, text)["status"] == "held"


def test_one_much_older_than_the_claim_is_for_a_person_and_not_bound(url: str) -> None:
    text = lost(url)
    look(url, Listing(text_like(created_at=NOW - CLOCK_SKEW - SECOND)))
    assert stored(url, text)["status"] == "held"


def test_one_within_the_skew_of_two_clocks_is_bound_and_beats_an_older_one(url: str) -> None:
    text = lost(url)
    older = text_like(provider_message_id="SM1", created_at=NOW - HOUR)
    look(url, Listing(older, text_like(created_at=NOW - CLOCK_SKEW)))
    assert stored(url, text)["provider_message_id"] == SID


def test_one_whose_provider_the_org_has_left_is_never_queued_again_but_held(url: str) -> None:
    text = lost(url)
    with working(url) as uow:
        orgs.change(uow, provider="twilio")
    asked = Listing()
    look(url, asked, now=NOW + GRACE - SECOND)
    assert stored(url, text)["status"] == "unknown"
    look(url, asked, now=NOW + GRACE)
    look(url, asked, now=NOW + 2 * GRACE)
    assert (stored(url, text)["status"], asked.asked) == ("held", [])
    assert alerts(url) == [("message_held", "warning", "message", str(text))]


# --- not there ---------------------------------------------------------------------------------


def test_what_is_missing_twice_a_minute_apart_after_the_grace_is_queued_once(url: str) -> None:
    text = lost(url)
    nothing = Listing()
    look(url, nothing, now=NOW)  # the wait is measured from the first look on
    steps = [
        (GRACE - SECOND, "unknown", None),
        (GRACE, "unknown", NOW + GRACE),
        (GRACE + SECOND_LOOK - SECOND, "unknown", NOW + GRACE),
        (GRACE + SECOND_LOOK, "queued", None),
    ]
    for after, status, absent_at in steps:
        look(url, nothing, now=NOW + after)
        row = stored(url, text)
        assert (row["status"], row["absent_at"]) == (status, absent_at), after
    assert attempts(url, text) == [(AttemptStatus.ABSENT, None, POOL)]
    assert look(url, nothing, now=NOW + HOUR) == []
    assert events(url, text).count("message.requeued") == 1


def test_what_is_queued_again_asks_first_whose_phone_it_is(url: str) -> None:
    text = lost(url)
    for after in (timedelta(0), GRACE):
        look(url, Listing(), now=NOW + after)
    with working(url, now=NOW + GRACE) as uow:
        clients.phone_add(uow, "C-1", "+14155551009", primary=True)
        clients.phone_remove(uow, "C-1", PHONES["C-1"])
        clients.phone_add(uow, "C-2", PHONES["C-1"])
    look(url, Listing(), now=NOW + GRACE + SECOND_LOOK)
    assert stored(url, text)["status"] == "queued"
    taken = take(url, text, now=NOW + HOUR)
    assert isinstance(taken, Ended), taken
    row = stored(url, text)
    assert (row["status"], row["error_code"]) == ("held", "not_their_phone")
    assert alerts(url)[-1] == ("message_held", "warning", "message", str(text))


SHORT = RescueTimings(grace=3 * SECOND, second_look=1.5 * SECOND)
"""Not much shorter: on a busy machine two looks in a row may take a second."""


@pytest.mark.parametrize("apart", [10 * MINUTE, -10 * MINUTE])
def test_two_clocks_apart_make_the_wait_neither_shorter_nor_longer(
    url: str, apart: timedelta
) -> None:
    """By real clocks: a machine that is `apart` lost the answer, and both of them look for it."""
    text = queue(url, body="See you at 3 pm", now=clock.now() - HOUR)
    at = clock.now() + apart
    record(url, claimed(url, text, now=at), Unknown(None, "reset"), now=at, started_at=at)
    with looking(url) as cursor:
        org = find_org(cursor, None)
    right, wrong = TestStore(url), TestStore(url)
    wrong.set_off = apart
    seen = []
    for store in (right, wrong, right, wrong, right, wrong):
        rescue(store, org, Listing(), rescue_timings=SHORT)
        row = stored(url, text)
        seen.append((row["status"], row["absent_at"] is not None))
        if len(seen) in (2, 4):
            time.sleep(3.1 if len(seen) == 2 else 1.6)
    right.close()
    wrong.close()
    waits, absent = ("unknown", False), ("unknown", True)
    assert seen == [waits, waits, absent, absent, ("queued", False), ("queued", False)]


def test_a_clock_that_begins_anew_begins_the_wait_anew(url: str) -> None:
    """The machine was started again, or another server answers."""
    text = lost(url)
    look(url, Listing(), now=NOW)
    change(url, "UPDATE message SET reconcile_mark = 'boot-before 5.0'")
    for after, absent in ((GRACE, None), (2 * GRACE, NOW + 2 * GRACE)):
        look(url, Listing(), now=NOW + after)
        assert stored(url, text)["absent_at"] == absent


def test_what_shows_at_the_second_look_is_bound(url: str) -> None:
    text = lost(url)
    for after in (timedelta(0), GRACE):
        look(url, Listing(), now=NOW + after)
    look(url, Listing(text_like()), now=NOW + GRACE + SECOND_LOOK)
    assert stored(url, text)["status"] == "sent"


def test_a_long_question_counts_from_when_it_was_asked(url: str) -> None:
    """Else a list from before the grace, read after it, would count as a look after it."""
    text = lost(url)
    provider = Listing()
    with looking(url) as cursor:
        org = find_org(cursor, None)
    store = TestStore(url, now=NOW + GRACE - SECOND)
    slow = provider.find

    def find(**asked: Any) -> tuple[ProviderMessage, ...]:
        store.sleep(100)
        return slow(**asked)

    provider.find = find  # type: ignore[method-assign] # a carrier that takes its time
    rescue(store, org, provider)
    store.close()
    assert stored(url, text)["absent_at"] is None


def test_earlier_unknown_outcomes_do_not_count_for_a_later_try(url: str) -> None:
    text = lost(url)
    for after in (timedelta(0), GRACE, GRACE + SECOND_LOOK):
        look(url, Listing(), now=NOW + after)
    at = NOW + HOUR
    record(url, claimed(url, text, now=at), Unknown(None, "reset"), now=at, started_at=at)
    look(url, Listing(), now=at + SECOND)
    assert (stored(url, text)["status"], stored(url, text)["absent_at"]) == ("unknown", None)


def test_a_text_that_cannot_be_settled_keeps_no_other_from_it(url: str) -> None:
    """Its try is missing: somebody wrote into the database."""
    broken, text = lost(url), lost(url, "C-2")
    change(url, "DELETE FROM message_attempt WHERE message_id = :id", id=broken)
    pair = {name: stored(url, text)[name] for name in ("from_e164", "to_e164")}
    mine = text_like(provider_message_id="SM2", **pair)
    failed, settled = look(url, Listing(text_like(), mine))
    assert isinstance(failed, Failure)
    assert (failed.error.code, settled.status) == ("unusable_message", "sent")  # type: ignore[union-attr]
    assert (stored(url, broken)["status"], stored(url, text)["status"]) == ("unknown", "sent")
    assert alerts(url) == [("message_held", "warning", "message", str(broken))]


# --- the provider, and the sender --------------------------------------------------------------


@pytest.mark.parametrize("problem", [ProviderUnavailable("busy"), ProviderAccount("no")])
def test_a_provider_that_does_not_answer_leaves_the_text_as_it_is(
    url: str, problem: Exception
) -> None:
    text = lost(url)
    before = stored(url, text)
    found = look(url, Listing(problem=problem), now=NOW + HOUR)
    assert [type(each) for each in found] == [Failure]
    assert stored(url, text) == before


def test_a_provider_that_never_answers_is_not_asked_about_every_text(url: str) -> None:
    nine_lost(url)
    silent = Listing(problem=ProviderUnavailable("busy"))
    assert len(look(url, silent)) == MOST_IN_VAIN
    assert len(silent.asked) == MOST_IN_VAIN
    assert look(url, Listing(), stopped=lambda: True) == []


def test_an_answer_in_between_lets_the_provider_be_asked_on(url: str) -> None:
    class Stuttering(Listing):
        """Every third question is answered."""

        def find(self, **asked: Any) -> tuple[ProviderMessage, ...]:
            self.asked.append(asked)
            if len(self.asked) % MOST_IN_VAIN:
                raise ProviderUnavailable("busy")
            return ()

    nine_lost(url)
    stuttering = Stuttering()
    look(url, stuttering)
    assert len(stuttering.asked) == 9


def test_a_text_of_a_living_worker_is_left_to_it_and_of_a_dead_one_has_an_unknown_outcome(
    url: str,
) -> None:
    text = queue(url)
    with worker(locate(url)) as alive:
        claimed(url, text, worker=alive.token)
        assert look(url, Listing(), now=NOW + HOUR) == []
        assert stored(url, text)["status"] == "sending"
    (settled,) = look(url, Listing(), now=NOW + HOUR)
    row = stored(url, text)
    assert (row["status"], row["in_doubt_at"]) == ("unknown", NOW + HOUR)
    assert settled.status is MessageStatus.UNKNOWN  # type: ignore[union-attr]


def test_a_text_that_another_worker_claimed_meanwhile_is_left_to_it(url: str) -> None:
    text = queue(url)
    with worker(locate(url)) as alive:
        claimed(url, text, worker=alive.token)
        with working(url, now=NOW + HOUR) as uow:
            assert mark_outcome_unknown(uow, ClaimedMessage(text, "of another worker")) is None
        assert stored(url, text)["status"] == "sending"


def test_the_longest_request_ends_within_the_grace() -> None:
    from petmsg.providers.twilio import LONGEST_REQUEST_SECONDS
    from petmsg.workflows.worker.sender_pool import BEGIN_WITHIN

    assert timedelta(seconds=LONGEST_REQUEST_SECONDS) < GRACE
    assert timedelta(seconds=LONGEST_REQUEST_SECONDS + BEGIN_WITHIN) < GRACE + SECOND_LOOK
