"""What waited is decided again when it is sent: the number, and the person it is for."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.fixtures import NOW, Cli, copied, working
from tests.support.incoming import BOB, MAYAS_PHONE, OLGAS_PHONE, carried, comes, relayed, waiting
from tests.support.texting import (
    ANN,
    MAYA,
    OLGA,
    POOL,
    alerts,
    people,
    people_and_visit,
    send,
    show,
)

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
SECRET = "The key is under the mat, alarm 4471"


@pytest.fixture
def ready(cli: Cli) -> Iterator[Cli]:
    """Maya sits for Ann now, and the org relays. Whatever a test does, doctor finds nothing."""
    people_and_visit(cli, "--relay", "on")
    yield cli
    found = cli("doctor", "--findings", "-o", "json", now=NOW + 2 * HOUR)
    assert found.json == []


def dispatch(cli: Cli, now: datetime) -> None:
    ran = cli("message", "dispatch", "-o", "json", now=now)
    assert ran.code in (0, 4), ran.err


def maya(cli: Cli, body: str, **options: Any) -> Any:
    return comes(cli, body, sender=MAYAS_PHONE, **options)


def olga(cli: Cli, body: str, **options: Any) -> Any:
    return comes(cli, body, sender=OLGAS_PHONE, to=OLGA, **options)


# --- what keeps a message waiting ----------------------------------------------------------------


def frozen(cli: Cli, _: str) -> None:
    cli("org", "freeze", "--reason", "storm")


def thawed(cli: Cli, _: str) -> None:
    cli("org", "thaw", now=NOW + 20 * MINUTE)


def paced(_: Cli, url: str) -> None:
    """Maya's number is busy with other messages for twenty minutes."""
    with working(url) as uow:
        uow.cursor.run(
            "UPDATE message_number SET free_at = :until WHERE e164 = :e164",
            until=NOW + 20 * MINUTE,
            e164=MAYA,
        )


def nothing(_: Cli, __: str) -> None:
    """No dispatcher has come by yet."""


Step = Callable[[Cli, str], None]
WAITS: dict[str, tuple[Step, Step]] = {
    "freeze": (frozen, thawed),
    "rate limit": (paced, nothing),
    "no dispatcher": (nothing, nothing),
}

# --- what changes meanwhile ----------------------------------------------------------------------

CHANGES = {
    "reassigned": ("booking", "reassign", "B-1", "--sitter", "S-2"),
    "to nobody": ("booking", "reassign", "B-1", "--nobody"),
    "cancelled": ("booking", "cancel", "B-1", "--yes"),
    "moved": ("booking", "reschedule", "B-1", "--start", "+1d", "--end", "+2d"),
    "relay off": ("org", "set", "--relay", "off"),
}


BOTH = [
    *(("freeze", change) for change in CHANGES),
    ("rate limit", "reassigned"),
    ("no dispatcher", "cancelled"),
]
"""What keeps a message waiting, and what changes meanwhile."""


def changed(cli: Cli, change: str) -> None:
    ran = cli(*CHANGES[change], now=NOW + 10 * MINUTE)
    assert ran.code == 0, ran.err


@pytest.mark.parametrize(("wait", "change"), BOTH)
def test_a_forward_that_waited_goes_to_no_sitter_who_does_not_sit_any_more(
    ready: Cli, migrated_url: str, wait: str, change: str
) -> None:
    begin, end = WAITS[wait]
    begin(ready, migrated_url)
    told = comes(ready, SECRET)
    changed(ready, change)
    end(ready, migrated_url)
    dispatch(ready, NOW + 30 * MINUTE)
    assert carried(migrated_url) == []
    assert [each[3] for each in relayed(migrated_url)] == ["failed"]
    assert {*waiting(ready), *waiting(ready, "--for", "S-1")} == {told["message"]}
    assert ("relay_failed", "S-1") in alerts(ready)


def test_a_forward_that_waited_goes_to_the_sitter_who_still_sits(
    ready: Cli, migrated_url: str
) -> None:
    frozen(ready, migrated_url)
    comes(ready, SECRET)
    ready("booking", "reschedule", "B-1", "--end", "+2h", now=NOW + 10 * MINUTE)
    thawed(ready, migrated_url)
    dispatch(ready, NOW + 30 * MINUTE)
    assert carried(migrated_url) == [(MAYA, MAYAS_PHONE, f"Ann: {SECRET}")]
    assert waiting(ready) == []


def test_a_forward_says_why_it_did_not_leave(ready: Cli, migrated_url: str) -> None:
    comes(ready)
    changed(ready, "reassigned")
    dispatch(ready, NOW + 30 * MINUTE)
    forward = show(ready, 2)
    assert forward["error"] == {
        "code": "no_active_window",
        "message": "Sitter Maya Lee has no active window with client C-1",
    }
    retried = ready("message", "retry", "2", "--reason", "x", now=NOW + 31 * MINUTE)
    assert retried.code == 0
    dispatch(ready, NOW + 32 * MINUTE)
    assert carried(migrated_url) == [], "also when a person tries it again"


def test_each_part_of_a_long_forward_is_decided_again(ready: Cli, migrated_url: str) -> None:
    told = comes(ready, "x" * 1600)
    changed(ready, "reassigned")
    dispatch(ready, NOW + 30 * MINUTE)
    assert [each[3] for each in relayed(migrated_url)] == ["failed", "failed"]
    assert waiting(ready) == [told["message"]]


# --- a sitter's reply ----------------------------------------------------------------------------


@pytest.mark.parametrize(("wait", "change"), [each for each in BOTH if each[1] != "relay off"])
def test_a_reply_that_waited_is_not_sent_from_the_new_sitters_number(
    ready: Cli, migrated_url: str, wait: str, change: str
) -> None:
    begin, end = WAITS[wait]
    begin(ready, migrated_url)
    told = maya(ready, "I have the key")
    assert told["did"] == ["forwarded to C-1"]
    changed(ready, change)
    end(ready, migrated_url)
    dispatch(ready, NOW + 30 * MINUTE)
    dispatch(ready, NOW + 31 * MINUTE)
    assert [each for each in carried(migrated_url) if each[1] == ANN] == []
    assert show(ready, 2)["error"]["code"] == "not_her_window"
    assert waiting(ready) == [told["message"]]
    assert ("relay_failed", "S-1") in alerts(ready)
    notices = [each for each in relayed(migrated_url) if each[0] == "notice"]
    assert [each[:3] for each in notices] == [
        ("notice", MAYAS_PHONE, "Your message did not reach the client.")
    ]


def test_a_reply_that_an_older_petmsg_queued_is_the_sitters_too(
    ready: Cli, migrated_url: str
) -> None:
    maya(ready, "I have the key")
    with working(migrated_url) as uow:
        uow.cursor.run("UPDATE message SET as_sitter_id = NULL")
    changed(ready, "reassigned")
    dispatch(ready, NOW + 30 * MINUTE)
    assert [each for each in carried(migrated_url) if each[1] == ANN] == []
    assert show(ready, 2)["error"]["code"] == "not_her_window"


def test_a_reply_that_waited_through_quiet_hours_is_decided_again(
    ready: Cli, migrated_url: str
) -> None:
    ready("org", "set", "--quiet-hours", "09:00-10:20")  # until 15:20 UTC
    told = maya(ready, "I have the key")
    changed(ready, "reassigned")
    dispatch(ready, NOW + 30 * MINUTE)
    assert [each for each in carried(migrated_url) if each[1] == ANN] == []
    assert waiting(ready) == [told["message"]]


def test_a_reply_is_shown_as_the_sitters(ready: Cli) -> None:
    maya(ready, "Fine")
    assert show(ready, 2)["as"] == "S-1"


# --- two sitters at once -------------------------------------------------------------------------


@copied
def overlapping(cli: Cli) -> None:
    """Maya's visit is over and in its grace; Olga's has begun."""
    people(cli)
    cli("org", "set", "--relay", "on")
    for ref, sitter, start, end in (
        ("B-1", "S-1", "12:00", "14:30"),
        ("B-2", "S-2", "14:45", "16:00"),
    ):
        cli(
            "booking", "add", "--ref", ref, "--client", "C-1", "--sitter", sitter,
            "--start", f"2026-02-14T{start}Z", "--end", f"2026-02-14T{end}Z",
        )  # fmt: skip
        assert cli("booking", "confirm", ref).code == 0


def test_each_sitter_answers_from_their_own_number(cli: Cli, migrated_url: str) -> None:
    overlapping(cli)
    assert maya(cli, "I have left")["did"] == ["forwarded to C-1"]
    assert olga(cli, "I am here")["did"] == ["forwarded to C-1"]
    dispatch(cli, NOW + SECOND)
    assert carried(migrated_url) == [(MAYA, ANN, "I have left"), (OLGA, ANN, "I am here")]


def test_each_sitter_speaks_with_as_from_their_own_number(cli: Cli) -> None:
    overlapping(cli)
    for sitter, number in (("S-1", MAYA), ("S-2", OLGA)):
        explained = cli("route", "explain", "C-1", "--as", sitter, "-o", "json").json
        previewed = send(cli, "--as", sitter, "--preview").json
        sent = send(cli, "--as", sitter).json
        assert explained["number"]["e164"] == number
        assert previewed["decision"] == sent["decision"] == explained
        assert previewed["from"] == sent["from"] == number
    assert send(cli).json["from"] == OLGA, "without a speaker the booked time wins, as ever"


def test_a_sitter_without_a_window_is_refused_by_every_command(cli: Cli) -> None:
    overlapping(cli)
    over = {"now": NOW + 45 * MINUTE}
    explained = cli("route", "explain", "C-1", "--as", "S-1", "-o", "json", **over)
    assert (explained.code, explained.json["number"]) == (4, None)
    assert explained.json["reason"] == "No active window of sitter Maya Lee"
    assert [step["code"] for step in explained.json["trace"]] == ["NO_ACTIVE_WINDOW"]
    previewed = send(cli, "--as", "S-1", "--preview", **over)
    assert (previewed.json["from"], previewed.json["decision"]) == (None, explained.json)
    assert explained.json["reason"] in previewed.json["refused"]
    sent = send(cli, "--as", "S-1", **over)
    assert (sent.code, sent.error["code"]) == (4, "not_her_window")
    assert explained.json["reason"] in sent.error["message"]
    assert cli("route", "explain", "C-1", "--as", "S-2", **over).code == 0


def test_the_explanation_of_a_message_asks_for_its_speaker(cli: Cli) -> None:
    overlapping(cli)
    message = send(cli, "--as", "S-1").json["message"]
    found = cli("route", "explain", "--message", str(message), "-o", "json").json
    assert found["differences"] == []
    assert found["today"]["number"]["e164"] == MAYA


def test_a_reply_queued_in_the_overlap_is_decided_for_its_sitter_at_the_claim(
    cli: Cli, migrated_url: str
) -> None:
    overlapping(cli)
    told = maya(cli, "I have left")
    olga(cli, "I am here")
    dispatch(cli, NOW + 45 * MINUTE)  # Maya's grace is over by now
    assert carried(migrated_url)[0] == (OLGA, ANN, "I am here")
    assert told["message"] in waiting(cli)


# --- a phone that is somebody else's by now ------------------------------------------------------


def gives_phone_to_bob(cli: Cli, now: datetime) -> None:
    """Ann has another phone, and the old one is Bob's."""
    for words in (
        ("client", "phone", "add", "C-1", "+14155551009"),
        ("client", "phone", "primary", "C-1", "+14155551009"),
        ("client", "phone", "remove", "C-1", ANN),
        ("client", "phone", "add", "C-2", ANN),
    ):
        ran = cli(*words, now=now)
        assert ran.code == 0, ran.err


def test_a_retry_after_hours_asks_whose_phone_it_is(cli: Cli, migrated_url: str) -> None:
    people(cli)
    message = send(cli, body=SECRET).json["message"]
    with working(migrated_url) as uow:
        sid = uow.cursor.value("SELECT provider_message_id FROM message WHERE id = :i", i=message)
    gives_phone_to_bob(cli, NOW + HOUR)
    unreachable(migrated_url, sid, NOW + 2 * HOUR)
    assert show(cli, message)["status"] == "queued"
    dispatch(cli, NOW + 7 * HOUR)
    assert len(carried(migrated_url)) == 1, "the first try alone"
    held = show(cli, message)
    assert (held["status"], held["error"]["code"]) == ("held", "not_their_phone")
    assert ("message_held", str(message)) in alerts(cli)
    ran = cli("message", "retry", str(message), "--reason", "to the new one", now=NOW + 8 * HOUR)
    assert ran.code == 0, ran.err
    dispatch(cli, NOW + 8 * HOUR)
    assert carried(migrated_url)[-1] == (POOL, "+14155551009", SECRET)
    assert BOB not in {phone for _, phone, _ in carried(migrated_url)}


def unreachable(url: str, sid: str, now: datetime) -> None:
    """The carrier reports late that the handset could not be reached."""
    from petmsg.providers.base import Delivery, RejectionClass
    from petmsg.services.outbox.delivery_status import report

    with working(url, now=now) as uow:
        whose = RejectionClass.UNREACHABLE
        report(uow, sid, delivery=Delivery.UNDELIVERED, code="30003", rejection_class=whose)
