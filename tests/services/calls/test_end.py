"""The end of a call: stored once, never undone; a call that nobody took waits in the inbox."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from petmsg.enums.calls import CallStatus, Sentence
from petmsg.rules.call_plan import HangUp, Speak
from tests.support.calling import (
    CALL,
    MAYAS_OWN,
    RECORDING,
    arrived,
    calls,
    company,
    ended,
    left,
    picked_up,
    plan,
    rang,
    table,
    tell,
)
from tests.support.fixtures import NOW, Cli
from tests.support.incoming import MAYAS_PHONE, STRANGER, refused, waiting
from tests.support.texting import ANN, MAYA, POOL, alerts, show

MINUTE = timedelta(minutes=1)
OTHER = "CA" + "1" * 32


@pytest.fixture
def ready(cli: Cli) -> Cli:
    company(cli)
    return cli


def inbox(cli: Cli) -> list[dict[str, object]]:
    found: list[dict[str, object]] = cli("inbox", "list", "-o", "json").json
    return found


def test_a_call_that_was_taken_is_completed(ready: Cli, migrated_url: str) -> None:
    tell(migrated_url, arrived(), picked_up(key="1"), rang(0, CallStatus.COMPLETED))
    assert plan(migrated_url, ended(95)) == HangUp()
    assert calls(migrated_url, "status, duration_seconds, message_id") == [("completed", 95, None)]
    assert inbox(ready) == []


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    ("rings", "status"),
    [
        ((CallStatus.BUSY, CallStatus.NO_ANSWER), "busy"),
        ((CallStatus.NO_ANSWER, CallStatus.FAILED), "failed"),
        ((CallStatus.COMPLETED, CallStatus.NO_ANSWER), "no_answer"),
    ],
)
def test_a_call_that_nobody_took_says_how_its_phones_ended(
    ready: Cli, migrated_url: str, rings: Sequence[CallStatus], status: str, late: bool
) -> None:
    """The provider calls it completed, because the caller heard a sentence."""
    told = [rang(place, each) for place, each in enumerate(rings)]
    over = ended(40, CallStatus.COMPLETED)
    tell(migrated_url, arrived(), *([over, *told] if late else [*told, over]))
    assert calls(migrated_url, "status, answered_by") == [(status, None)]
    legs = ready("call", "show", "1", "-o", "json").json["legs"]
    missed = ["no_answer" if each is CallStatus.COMPLETED else each.value for each in rings]
    assert [leg["result"] for leg in legs][:2] == missed


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (CallStatus.COMPLETED, "no_answer"),
        (CallStatus.NO_ANSWER, "no_answer"),
        (CallStatus.BUSY, "busy"),
        (CallStatus.FAILED, "failed"),
    ],
)
def test_a_call_that_nobody_took_waits_in_the_inbox(
    ready: Cli, migrated_url: str, told: CallStatus, status: str
) -> None:
    tell(migrated_url, arrived(), rang(0), rang(1), ended(40, told))
    assert calls(migrated_url, "status, answered_by, message_id") == [(status, None, 1)]
    (entry,) = inbox(ready)
    assert (entry["client"], entry["body"], entry["addressed_to"]) == (
        "C-1", "Missed call", "front_desk",
    )  # fmt: skip
    assert (entry["number"], entry["code"]) == (MAYA, "WINDOW_ACTIVE")
    found = ready("inbox", "show", "1", "-o", "json").json
    assert found["provider_id"] == CALL
    assert found["reason"].endswith("nobody took the call")
    assert show(ready, 1)["body"] == "Missed call"
    assert alerts(ready) == [("missed_call", "1")]
    assert ANN not in ready("alert", "list", "-o", "json").out


def test_an_end_is_stored_once(ready: Cli, migrated_url: str) -> None:
    tell(migrated_url, arrived(), ended(None))
    before = calls(migrated_url, "status, ended_at, message_id")
    tell(migrated_url, ended(12, CallStatus.FAILED), ended(50), now=NOW + MINUTE)
    assert calls(migrated_url, "status, ended_at, message_id") == before
    assert calls(migrated_url, "duration_seconds") == [(12,)]
    assert waiting(ready) == [1]


def test_an_end_before_the_arrival_makes_the_call(ready: Cli, migrated_url: str) -> None:
    tell(migrated_url, ended(60))
    assert calls(migrated_url, "status, message_id, started_at") == table(
        migrated_url, "SELECT 'no_answer', 1, received_at FROM inbound_text"
    )
    late = plan(migrated_url, arrived())
    assert late.phone == MAYAS_OWN
    assert calls(migrated_url, "status, duration_seconds") == [("no_answer", 60)]
    assert waiting(ready) == [1]


def test_what_is_stored_late_is_dated_back(ready: Cli, migrated_url: str) -> None:
    """The database was away while they called."""
    over = replace(ended(60, call=OTHER), at=NOW + MINUTE)
    events = (replace(arrived(), at=NOW), replace(ended(60), at=NOW + MINUTE), over)
    tell(migrated_url, *events, now=NOW + 12 * MINUTE)
    for call in (CALL, OTHER):
        shown = ready("call", "show", str(1 + (call == OTHER)), "-o", "json").json
        times = [datetime.fromisoformat(shown[name]) for name in ("started_at", "ended_at")]
        assert times == [NOW, NOW + MINUTE]
        assert datetime.fromisoformat(shown["decision"]["at"]) == NOW


def test_what_is_stored_at_once_has_the_time_of_its_transaction(
    ready: Cli, migrated_url: str
) -> None:
    """Clocks differ a little, and no end is before its beginning."""
    early = NOW - timedelta(seconds=9)
    tell(migrated_url, replace(arrived(), at=early), replace(ended(60), at=NOW + MINUTE))
    shown = ready("call", "show", "1", "-o", "json").json
    times = [datetime.fromisoformat(shown[name]) for name in ("started_at", "ended_at")]
    assert times == [NOW, NOW]
    tell(migrated_url, arrived(OTHER))
    tell(migrated_url, replace(ended(60, call=OTHER), at=early), now=NOW + MINUTE)
    shown = ready("call", "show", "2", "-o", "json").json
    assert shown["ended_at"] == shown["started_at"]


def test_an_end_without_numbers_and_arrival_is_nobodys(ready: Cli, migrated_url: str) -> None:
    assert plan(migrated_url, ended(to=None, sender=None)) == HangUp()
    assert calls(migrated_url, "id") == []


def test_who_took_a_call_is_told_after_its_end(ready: Cli, migrated_url: str) -> None:
    tell(migrated_url, arrived(), ended())
    assert waiting(ready) == [1]
    tell(migrated_url, picked_up(key="1"), now=NOW + MINUTE)
    assert calls(migrated_url, "status, answered_by") == [("completed", "sitter")]
    assert waiting(ready) == []
    assert alerts(ready) == []


def test_an_unknown_caller_waits_as_unrouted(ready: Cli, migrated_url: str) -> None:
    tell(migrated_url, arrived(sender=STRANGER, to=POOL), ended(sender=STRANGER, to=POOL))
    (entry,) = inbox(ready)
    assert (entry["addressed_to"], entry["client"], entry["code"]) == (
        "unrouted", None, "UNKNOWN_SENDER",
    )  # fmt: skip
    assert alerts(ready) == [("missed_call", "1")]


def test_a_withheld_phone_cannot_be_answered(ready: Cli, migrated_url: str) -> None:
    tell(migrated_url, arrived(sender=None), ended(sender=None))
    (entry,) = inbox(ready)
    assert (entry["addressed_to"], entry["from"]) == ("unrouted", None)
    said = refused(
        ready("inbox", "reply", "1", "--body", "Hello", "-o", "json"), "nobody_to_answer"
    )
    assert "withheld" in said
    assert ready("inbox", "done", "1").code == 0


def test_a_sitters_missed_call_is_answered_to_the_sitter(ready: Cli, migrated_url: str) -> None:
    event = arrived(sender=MAYAS_PHONE, to=POOL)
    tell(migrated_url, event, ended(sender=MAYAS_PHONE, to=POOL))
    (entry,) = inbox(ready)
    assert (entry["addressed_to"], entry["sitter"], entry["code"]) == (
        "relay", "S-1", "KNOWN_SITTER",
    )  # fmt: skip
    ran = ready("inbox", "reply", "1", "--body", "What is it?", "--reveal", "-o", "json")
    assert ran.json["to"] == MAYAS_PHONE


def test_a_sitter_without_a_window_missed_nobody(ready: Cli, migrated_url: str) -> None:
    late = NOW + timedelta(days=1)
    tell(migrated_url, arrived(sender=MAYAS_OWN), ended(sender=MAYAS_OWN), now=late)
    assert calls(migrated_url, "status, addressed_to, message_id") == [
        ("no_answer", "nobody", None)
    ]


def test_a_rejected_call_stays_rejected(ready: Cli, migrated_url: str) -> None:
    assert ready("number", "retire", POOL, "--yes").code == 0
    tell(migrated_url, arrived(to=POOL), ended(0, to=POOL), left(), picked_up(key="1"))
    assert calls(migrated_url, "status, duration_seconds, message_id, voicemail_seconds") == [
        ("rejected", 0, None, None)
    ]


def test_a_voicemail_waits_in_the_inbox_with_its_file(ready: Cli, migrated_url: str) -> None:
    tell(migrated_url, arrived(), rang(0), rang(1))
    assert plan(migrated_url, left()) == Speak(Sentence.THANKS, "Happy Paws")
    plan(migrated_url, left())
    plan(migrated_url, ended())
    assert calls(migrated_url, "status, voicemail_seconds, message_id") == [("no_answer", 23, 1)]
    (entry,) = inbox(ready)
    assert (entry["body"], entry["media_count"]) == ("Voicemail, 23 seconds", 1)
    assert table(
        migrated_url, "SELECT message_id, position, status, provider_media_id FROM media"
    ) == [(1, 0, "missing", RECORDING)]
    assert alerts(ready) == [("voicemail", "1")]


def test_a_voicemail_after_the_end_replaces_the_missed_call(ready: Cli, migrated_url: str) -> None:
    tell(migrated_url, arrived(), ended())
    assert ready("inbox", "done", "1").code == 0
    assert (waiting(ready), alerts(ready)) == ([], [])
    tell(migrated_url, left(), now=NOW + MINUTE)
    (entry,) = inbox(ready)
    assert entry["body"] == "Voicemail, 23 seconds"
    assert alerts(ready) == [("voicemail", "1")]
    tell(migrated_url, left(), ended(), now=NOW + 2 * MINUTE)
    assert alerts(ready) == [("voicemail", "1")]


def test_the_length_of_a_voicemail_may_be_told_later(ready: Cli, migrated_url: str) -> None:
    tell(migrated_url, arrived(), left(None))
    assert (inbox(ready)[0]["body"], calls(migrated_url, "voicemail_seconds")) == (
        "Voicemail", [(0,)],
    )  # fmt: skip
    tell(migrated_url, left(1))
    tell(migrated_url, left(None))
    assert (inbox(ready)[0]["body"], calls(migrated_url, "voicemail_seconds")) == (
        "Voicemail, 1 second", [(1,)],
    )  # fmt: skip


def test_a_voicemail_stays_though_somebody_took_the_call(ready: Cli, migrated_url: str) -> None:
    tell(migrated_url, arrived(), left(), ended(), picked_up(key="1"))
    assert waiting(ready) == [1]
    assert calls(migrated_url, "status, voicemail_seconds") == [("completed", 23)]


@pytest.mark.parametrize("verb", [("done",), ("claim",)])
def test_the_alert_ends_when_somebody_takes_the_entry(
    ready: Cli, migrated_url: str, verb: tuple[str]
) -> None:
    tell(migrated_url, arrived("CA1"), ended(call="CA1"))
    tell(migrated_url, arrived("CA2"), left(call="CA2"))
    assert alerts(ready) == [("missed_call", "1"), ("voicemail", "2")]
    assert ready("inbox", *verb, "1", "2").code == 0
    assert alerts(ready) == []


def test_an_answer_by_message_ends_the_alert(ready: Cli, migrated_url: str) -> None:
    tell(migrated_url, arrived(), ended())
    ran = ready("inbox", "reply", "1", "--body", "We call you back.", "--reveal", "-o", "json")
    assert ran.json["to"] == ANN
    assert (waiting(ready), alerts(ready)) == ([], [])


def test_a_missed_call_that_waits_too_long_is_an_alert(ready: Cli, migrated_url: str) -> None:
    tell(migrated_url, arrived(), ended())
    late = NOW + timedelta(hours=3)
    assert ready("message", "dispatch", now=late).code == 0
    assert ("client_waiting", "C-1") in alerts(ready)


def test_a_voicemail_of_an_erased_client_is_only_deleted(ready: Cli, migrated_url: str) -> None:
    tell(migrated_url, arrived(), ended())
    assert ready("client", "forget", "C-1", "--reason", "asked", "--yes").code == 0
    tell(migrated_url, left(), left(), now=NOW + MINUTE)
    assert table(
        migrated_url,
        "SELECT status, provider_media_id, sha256 FROM media WHERE provider_delete_at IS NOT NULL",
    ) == [("erased", RECORDING, None)]
    assert table(migrated_url, "SELECT body, from_e164 FROM message") == [(None, None)]


def test_a_call_of_an_erased_client_leaves_nothing_in_the_inbox(
    ready: Cli, migrated_url: str
) -> None:
    tell(migrated_url, arrived())
    assert ready("client", "forget", "C-1", "--reason", "asked", "--yes").code == 0
    tell(migrated_url, ended(), now=NOW + MINUTE)
    assert calls(migrated_url, "status, message_id") == [("no_answer", None)]
    tell(migrated_url, left(), now=NOW + MINUTE)
    assert (waiting(ready), alerts(ready)) == ([], [])
    assert table(migrated_url, "SELECT body, from_e164 FROM message") == [(None, None)]
