"""A call comes in: stored once, with who is rung; the phones are looked up when they are rung."""

import json
from datetime import timedelta

import pytest

from petmsg.enums.calls import Sentence
from petmsg.rules.call_plan import Dial, Reject, Speak, TakeVoicemail
from tests.support.calling import (
    CALL,
    DESK_PHONE,
    MAYAS_OWN,
    arrived,
    calls,
    company,
    plan,
    rang,
    tell,
    words,
)
from tests.support.fixtures import NOW, Cli, add_org, working
from tests.support.incoming import STRANGER
from tests.support.texting import ANN, DESK, MAYA, OLGA, POOL, POOL_2, alerts

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ready(cli: Cli) -> Cli:
    company(cli)
    return cli


def test_a_client_in_their_window_rings_the_sitter(ready: Cli, migrated_url: str) -> None:
    assert plan(migrated_url, arrived()) == Dial(CALL, 0, MAYAS_OWN, MAYA, 20, announces=True)
    (row,) = calls(
        migrated_url,
        "provider_call_id, from_phone, caller, client_id, sitter_id, addressed_to, code, status,"
        " answered_by, ended_at, message_id",
    )
    assert row == (
        CALL, ANN, "client", 1, 1, "sitter", "SITTER_RINGS", "ringing", None, None, None,
    )  # fmt: skip


def test_the_same_call_again_is_the_same_row_and_plan(ready: Cli, migrated_url: str) -> None:
    first = plan(migrated_url, arrived())
    again, twice = tell(migrated_url, arrived(), arrived(), now=NOW + 3 * 60 * MINUTE)
    assert [again.plan, twice.plan] == [first, first]
    assert words([again, twice]) == [(200, "known")] * 2
    assert len(calls(migrated_url, "id")) == 1


@pytest.mark.parametrize("sender", [ANN, STRANGER, None])
def test_every_other_call_rings_the_desk(ready: Cli, migrated_url: str, sender: str) -> None:
    assert plan(migrated_url, arrived(sender=sender, to=POOL)) == Dial(
        CALL, 0, DESK_PHONE, POOL, 20, announces=True
    )
    assert calls(migrated_url, "addressed_to, from_phone") == [("front_desk", sender)]


def test_a_sitter_rings_the_client_of_their_window(ready: Cli, migrated_url: str) -> None:
    assert plan(migrated_url, arrived(sender=MAYAS_OWN)) == Dial(
        CALL, 0, ANN, MAYA, 20, announces=False
    )
    assert calls(migrated_url, "caller, client_id, sitter_id, addressed_to, code") == [
        ("sitter", 1, 1, "client", "CLIENT_RINGS")
    ]


def test_a_sitter_without_a_window_is_told_so(ready: Cli, migrated_url: str) -> None:
    late = NOW + timedelta(days=1)
    assert plan(migrated_url, arrived(sender=MAYAS_OWN), now=late) == Speak(
        Sentence.NO_VISIT, "Happy Paws"
    )


def test_no_phone_is_in_the_stored_decision(ready: Cli, migrated_url: str) -> None:
    tell(
        migrated_url,
        arrived("CA1"),
        arrived("CA2", sender=MAYAS_OWN),
        arrived("CA3", sender=STRANGER),
        arrived("CA4", to=DESK),
    )
    for (decision,) in calls(migrated_url, "decision"):
        for phone in (ANN, MAYAS_OWN, STRANGER, DESK_PHONE):
            assert phone not in decision, decision
        assert json.loads(decision)["number"] in (MAYA, DESK)
    audit = ready("audit", "list", "--limit", "50", "-o", "json").out
    assert "call.received" in audit
    for phone in (ANN, MAYAS_OWN, STRANGER):
        assert phone not in audit


def test_a_sitter_who_was_offboarded_meanwhile_is_not_rung(ready: Cli, migrated_url: str) -> None:
    plan(migrated_url, arrived())
    assert ready("sitter", "deactivate", "S-1", "--yes").code == 0
    again = plan(migrated_url, arrived(), now=NOW + MINUTE)
    # Their number is in quarantine now: the desk sees another one.
    assert again == Dial(CALL, 1, DESK_PHONE, DESK, 20, announces=True)


def test_without_a_number_to_show_nobody_is_rung(ready: Cli, migrated_url: str) -> None:
    plan(migrated_url, arrived())
    with working(migrated_url) as uow:
        uow.cursor.run("UPDATE message_number SET voice = (1 = 0)")
    assert plan(migrated_url, arrived()) == TakeVoicemail(CALL, "Happy Paws", None)


def test_a_client_who_was_erased_meanwhile_is_not_rung(ready: Cli, migrated_url: str) -> None:
    plan(migrated_url, arrived(sender=MAYAS_OWN))
    assert ready("client", "forget", "C-1", "--reason", "asked", "--yes").code == 0
    again = plan(migrated_url, arrived(sender=MAYAS_OWN), now=NOW + MINUTE)
    assert again == Speak(Sentence.CLIENT_DOES_NOT_ANSWER, "Happy Paws")


def test_a_desk_phone_that_became_one_of_our_numbers_is_not_rung(
    ready: Cli, migrated_url: str
) -> None:
    assert isinstance(plan(migrated_url, arrived(to=POOL)), Dial)
    with working(migrated_url) as uow:
        uow.cursor.run("UPDATE org SET desk_phone = :phone", phone=POOL_2)
    assert isinstance(plan(migrated_url, arrived(to=POOL)), TakeVoicemail)


def test_nobody_is_rung_on_the_phone_that_calls(ready: Cli, migrated_url: str) -> None:
    assert isinstance(plan(migrated_url, arrived(sender=DESK_PHONE, to=POOL)), TakeVoicemail)
    plan(migrated_url, arrived("CA2", sender=STRANGER, to=POOL))
    assert ready("org", "set", "--desk-phone", STRANGER).code == 0
    again = plan(migrated_url, arrived("CA2", sender=STRANGER, to=POOL))
    assert isinstance(again, TakeVoicemail)


def test_opt_outs_and_a_freeze_stop_no_call(ready: Cli, migrated_url: str) -> None:
    assert ready("optout", "add", "C-1", "--reason", "asked").code == 0
    assert ready("org", "freeze", "--reason", "test").code == 0
    assert plan(migrated_url, arrived("CA1")).phone == MAYAS_OWN
    assert plan(migrated_url, arrived("CA2", sender=MAYAS_OWN)).phone == ANN


def test_a_retired_number_rejects_and_keeps_the_call(ready: Cli, migrated_url: str) -> None:
    ran = ready("number", "retire", POOL, "--yes")
    assert ran.code == 0, ran.err
    assert plan(migrated_url, arrived(to=POOL)) == Reject()
    ((status, code, ended_at),) = calls(migrated_url, "status, code, ended_at")
    assert (status, code) == ("rejected", "NUMBER_RETIRED")
    assert ended_at is not None
    assert plan(migrated_url, rang(0)) is not None
    assert calls(migrated_url, "status, answered_by, message_id") == [("rejected", None, None)]


def test_too_many_calls_of_one_phone_are_rejected_with_one_alert(
    ready: Cli, migrated_url: str
) -> None:
    assert ready("org", "set", "--calls-per-hour", "2").code == 0
    told = tell(
        migrated_url, *(arrived(f"CA{each}", sender=STRANGER, to=POOL) for each in range(5))
    )
    assert [isinstance(each.plan, Reject) for each in told] == [False, False, True, True, True]
    assert alerts(ready) == [("call_limit", "happy-paws")]
    assert STRANGER not in ready("alert", "list", "-o", "json").out
    # Another phone has calls of its own, and the hour ends.
    assert not isinstance(plan(migrated_url, arrived("CA6", to=POOL)), Reject)
    later = NOW + 61 * MINUTE
    assert isinstance(plan(migrated_url, arrived("CA7", sender=STRANGER, to=POOL), now=later), Dial)


def test_the_limit_names_a_client(ready: Cli, migrated_url: str) -> None:
    assert ready("org", "set", "--calls-per-hour", "1").code == 0
    tell(migrated_url, arrived("CA1"), arrived("CA2"))
    assert ("call_limit", "C-1") in alerts(ready)


def test_withheld_phones_count_together(ready: Cli, migrated_url: str) -> None:
    assert ready("org", "set", "--calls-per-hour", "1").code == 0
    told = tell(migrated_url, arrived("CA1", sender=None), arrived("CA2", sender=None, to=OLGA))
    assert isinstance(told[1].plan, Reject)


def test_a_call_of_another_org_is_no_call_of_this_one(ready: Cli, migrated_url: str) -> None:
    plan(migrated_url, arrived())
    add_org(migrated_url, "cat-care", front_desk="+14155550900")
    # The call is known, so its own org answers, whatever number is told now.
    again = plan(migrated_url, arrived(to="+14155550900"))
    assert again == Dial(CALL, 0, MAYAS_OWN, MAYA, 20, announces=True)
    assert len(calls(migrated_url, "id")) == 1
