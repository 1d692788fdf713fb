"""Who a message is from: the company, a sitter, or the front desk."""

import json
from typing import Any

import pytest

from petmsg.enums.messages import Voice
from petmsg.enums.numbers import NumberClass
from petmsg.enums.routing import Code
from petmsg.errors import NotFound
from petmsg.queries.org import find_org
from petmsg.services.outbox.claimed import Waiting
from petmsg.services.outbox.preview import SendOptions, preview
from petmsg.services.outbox.queue import KeyReused, queue
from petmsg.services.outbox.voice import find_voice
from petmsg.services.people import sitter
from petmsg.services.routes import override
from petmsg.services.routes.explain import explain
from tests.support.fixtures import NOW, looking, migrated_and, working
from tests.support.postgres import Copies
from tests.support.queueing import DESK, HOUR, MAYA, claimed, company, stored, take, visit

WITH_PHONE = "Call me: (415) 555-2001"


@pytest.fixture
def url(refilled: Copies) -> str:
    return refilled("queueing", migrated_and(company))


def put(url: str, sender: str | None = "desk", body: str = "Hi", **options: Any) -> Any:
    with working(url) as uow:
        return queue(uow, "C-1", body=body, options=SendOptions(as_sitter=sender, **options))


def without_desk(url: str) -> None:
    with working(url) as uow:
        uow.cursor.run("UPDATE message_number SET status = 'retired' WHERE class = 'front_desk'")


def test_the_front_desk_speaks_from_its_own_number_also_inside_a_window(url: str) -> None:
    visit(url)
    text = put(url).message
    taken = claimed(url, text)
    assert taken.text.from_e164 == DESK
    assert [step.code for step in taken.decision.trace] == [Code.DESK_SPEAKS]
    row = stored(url, text)
    assert (row["voice"], row["rule"], row["as_sitter_id"]) == ("desk", "front_desk", None)
    assert json.loads(row["decision"])["trace"][0]["rule"] == "chosen_by_a_person"
    with looking(url) as cursor:
        attempts = cursor.tuples("SELECT rule FROM message_attempt")
    assert attempts == [("front_desk",)]


def test_without_a_usable_desk_the_message_waits_with_an_alert_and_leaves_from_no_sitters_number(
    url: str,
) -> None:
    visit(url)
    without_desk(url)
    text = put(url).message
    taken = take(url, text)
    assert isinstance(taken, Waiting)
    assert taken.decision is not None
    assert taken.decision.trace[-1].code is Code.NO_FRONT_DESK
    assert stored(url, text)["status"] == "queued"
    with looking(url) as cursor:
        assert cursor.tuples("SELECT kind FROM alert") == [("no_number",)]


def test_preview_and_explain_say_what_sending_does(url: str) -> None:
    visit(url)
    with looking(url) as cursor:
        org = find_org(cursor, None)
        options = SendOptions(as_sitter="desk")
        shown = preview(cursor, org, "C-1", body="Hi", options=options, now=NOW)
        explained = explain(cursor, org, "C-1", at=NOW, now=NOW, as_sitter="desk")
        company_ = explain(cursor, org, "C-1", at=NOW, now=NOW)
    taken = claimed(url, put(url).message)
    assert shown.decision == explained.decision == taken.decision
    assert company_.decision.number is not None
    assert company_.decision.number.e164 == MAYA


def test_contact_details_of_the_front_desk_are_only_warned_of(url: str) -> None:
    assert len(put(url, body=WITH_PHONE).warnings) == 1
    with looking(url) as cursor:
        options = SendOptions(as_sitter="desk")
        shown = preview(
            cursor, find_org(cursor, None), "C-1", body=WITH_PHONE, options=options, now=NOW
        )
    assert shown.leak is not None
    assert shown.refused is None


def test_the_audit_log_says_who_speaks(url: str) -> None:
    put(url)
    put(url, None)
    with looking(url) as cursor:
        rows = cursor.tuples(
            "SELECT payload FROM audit_event WHERE event = 'message.queued' ORDER BY seq"
        )
    desk, nobody = (json.loads(row[0]) for row in rows)
    assert (desk["as"], desk["voice"]) == ("desk", "desk")
    assert nobody["as"] is None
    assert "voice" not in nobody


@pytest.mark.parametrize(
    ("first", "second"), [("desk", None), (None, "desk"), ("desk", "S-1"), (None, "S-1")]
)
def test_a_key_for_another_sender_is_refused(
    url: str, first: str | None, second: str | None
) -> None:
    visit(url)
    put(url, first, key="k")
    with pytest.raises(KeyReused) as refused:
        put(url, second, key="k")
    assert "sender" in refused.value.message


@pytest.mark.parametrize("sender", ["desk", None, "S-1"])
def test_a_key_of_the_same_sender_returns_the_message(url: str, sender: str | None) -> None:
    visit(url)
    text = put(url, sender, key="k").message
    assert (put(url, sender, key="k").message, put(url, sender, key="k").reused) == (text, True)


def test_desk_means_the_front_desk_whatever_refs_sitters_have(url: str) -> None:
    with working(url) as uow:
        sitter.add(uow, "Dee Esk", phone="+14155552099", ref="desk")
    with looking(url) as cursor:
        org = find_org(cursor, None)
        found = find_voice(cursor, org, "desk")
        by_name = find_voice(cursor, org, "Dee Esk")
        with pytest.raises(NotFound):
            find_voice(cursor, org, "S-9")
    assert (found.voice, found.sitter, found.name) == (Voice.DESK, None, "desk")
    assert found.fact.desk_speaks
    assert by_name.voice is None
    assert by_name.fact.speaker is not None
    assert by_name.fact.speaker.name == "Dee Esk"


def test_under_an_override_a_message_queued_before_leaves_from_the_desk(url: str) -> None:
    visit(url)
    text = put(url, None).message
    with working(url) as uow:
        override.start(uow, "C-1", until=NOW + HOUR, reason="a complaint")
    taken = claimed(url, text)
    assert (taken.text.from_e164, taken.decision.trace[0].code) == (DESK, Code.OVERRIDE)
    assert taken.decision.stored_rule == "front_desk"


def test_the_desks_number_is_never_a_sitters(url: str) -> None:
    """A desk number in quarantine is not replaced by anybody's."""
    visit(url)
    with working(url) as uow:
        uow.cursor.run(
            "UPDATE message_number SET status = 'quarantined', quarantined_until = :t,"
            " quarantine_reason = 'spam' WHERE class = 'front_desk'",
            t=NOW + HOUR,
        )
    with looking(url) as cursor:
        org = find_org(cursor, None)
        now_ = explain(cursor, org, "C-1", at=NOW, now=NOW, as_sitter="desk").decision
        later = explain(cursor, org, "C-1", at=NOW + HOUR, now=NOW, as_sitter="desk").decision
    assert now_.number is None
    assert later.number is not None
    assert later.number.number_class is NumberClass.FRONT_DESK
