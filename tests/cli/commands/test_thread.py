"""petmsg thread list, show: the one conversation of each client."""

from datetime import timedelta
from typing import Any

import pytest

from petmsg.enums.calls import AnsweredBy, CallerKind, CallStatus
from tests.support.calls import add_call
from tests.support.consistency import raw
from tests.support.fixtures import NOW, Cli, lines

MAYA, DESK, POOL = "+14155550102", "+14155550100", "+14155550150"
HELP = (
    "Each client has exactly one conversation thread. Multiple bookings create multiple assignment"
    " windows within the same thread"
)


def story(cli: Cli) -> None:
    """C-1 with two visits of Maya and a message inside and outside of them; C-2 with a message."""
    since: dict[str, Any] = {"now": NOW - timedelta(days=1)}
    cli("number", "add", MAYA, "--class", "sitter", **since)
    cli("number", "add", POOL, "--class", "pool", **since)
    clients = (("ref", "name", "phone"), ("C-1", "Ann", "+14155551001"))
    cli("client", "import", "-", stdin=lines(*clients, ("C-2", "Bob", "+14155551002")), **since)
    cli(
        "sitter", "add", "Maya Lee", "--phone", "+14155552001", "--ref", "S-1", "--activate",
        **since,
    )  # fmt: skip
    for ref, start, end in (("B-2", "+1d", "+26h"), ("B-1", "-1h", "+1h")):
        cli("booking", "add", "--ref", ref, "--client", "C-1", "--sitter", "S-1", "--start", start,
            "--end", end)  # fmt: skip
    cli("booking", "confirm", "B-2", "B-1")
    cli("message", "send", "C-1", "--body", "on my way")
    cli("message", "send", "C-1", "--body", "thanks", now=NOW + timedelta(hours=5))
    cli("message", "send", "C-2", "--body", "hello", now=NOW + timedelta(hours=6))


def show(cli: Cli, *words: str) -> Any:
    ran = cli("thread", "show", *words, "-o", "json")
    assert ran.code == 0, ran.err
    return ran.json


def test_a_thread_is_shown_with_its_windows_the_numbers_seen_and_its_texts(cli: Cli) -> None:
    story(cli)
    thread = show(cli, "C-1")
    assert (thread["client"], thread["default_number"], thread["pool_number"]) == (
        "C-1",
        MAYA,
        POOL,
    )
    assert [window["booking"] for window in thread["windows"]] == ["B-1", "B-2"]
    assert thread["windows"][0]["booked_until"] == "2026-02-14T16:00:00Z"
    assert thread["windows"][0]["ends_at"] == "2026-02-14T17:00:00Z"
    seen = {each["number"]: (each["class"], each["messages"]) for each in thread["numbers_seen"]}
    assert seen == {MAYA: ("sitter", 1), POOL: ("pool", 1)}
    assert [text["body"] for text in thread["messages"]] == ["on my way", "thanks"]
    assert [text["number"] for text in thread["messages"]] == [MAYA, POOL]
    assert (thread["window_count"], thread["message_count"]) == (2, 2)


def test_a_thread_is_found_by_ref_phone_or_name_of_its_client(sqlite_cli: Cli) -> None:
    story(sqlite_cli)
    threads = {show(sqlite_cli, who)["thread"] for who in ("C-1", "+14155551001", "Ann")}
    assert len(threads) == 1


def test_threads_are_listed_newest_first(sqlite_cli: Cli) -> None:
    story(sqlite_cli)
    rows = sqlite_cli("thread", "list", "-o", "json").json
    assert [(row["client"], row["windows"], row["messages"]) for row in rows] == [
        ("C-2", 0, 1),
        ("C-1", 2, 2),
    ]
    older = sqlite_cli("thread", "list", "--before", "C-2", "-o", "json").json
    assert [row["client"] for row in older] == ["C-1"]
    assert len(sqlite_cli("thread", "list", "--limit", "1", "-o", "json").json) == 1


def test_a_page_of_a_threads_texts_begins_before_a_texts_id(sqlite_cli: Cli) -> None:
    story(sqlite_cli)
    last = show(sqlite_cli, "C-1")["messages"][-1]["message"]
    older = show(sqlite_cli, "C-1", "--before", str(last))["messages"]
    assert [text["body"] for text in older] == ["on my way"]
    assert [text["body"] for text in show(sqlite_cli, "C-1", "--limit", "1")["messages"]] == [
        "thanks"
    ]
    assert sqlite_cli("thread", "show", "C-1", "--before", "yesterday").code == 2


def test_a_client_who_neither_booked_nor_texted_has_no_thread_yet(sqlite_cli: Cli) -> None:
    sqlite_cli("client", "add", "Ann", "--phone", "+14155551001", "--ref", "C-1")
    ran = sqlite_cli("thread", "show", "C-1", "-o", "json")
    assert (ran.code, ran.error["code"]) == (3, "thread_not_found")
    assert "first confirmed booking or message" in ran.error["hint"]
    assert sqlite_cli("thread", "show", "C-9", "-o", "json").error["code"] == "client_not_found"


def test_the_window_of_a_cancelled_booking_is_shown_as_such(sqlite_cli: Cli) -> None:
    story(sqlite_cli)
    sqlite_cli("booking", "cancel", "--yes", "B-2")
    statuses = [window["status"] for window in show(sqlite_cli, "C-1")["windows"]]
    assert statuses == ["confirmed", "cancelled"]


def test_a_table_shows_all_of_it_and_no_personal_phone(sqlite_cli: Cli) -> None:
    story(sqlite_cli)
    ran = sqlite_cli("thread", "show", "C-1", "-o", "table")
    assert ran.code == 0
    for piece in ("B-1", "B-2", MAYA, POOL, "on my way"):
        assert piece in ran.out
    assert "14155551001" not in ran.out


def test_a_table_leaves_out_the_parts_that_a_thread_has_not(sqlite_cli: Cli) -> None:
    """C-2 wrote and never booked."""
    story(sqlite_cli)
    shown = sqlite_cli("thread", "show", "C-2", "-o", "table").out
    assert "hello" in shown
    assert "Nothing to show" not in shown


def test_a_table_says_who_wrote_each_message(sqlite_cli: Cli) -> None:
    """The front desk is named for what it wrote, whichever number its answer is sent from."""
    story(sqlite_cli)
    sqlite_cli("message", "send", "C-1", "--body", "sorry", "--as", "desk")
    asked = ("message", "receive", "--from", "+14155551001", "--to", MAYA, "--body", "where?")
    message = str(sqlite_cli(*asked, "-o", "json").json["message"])
    assert sqlite_cli("inbox", "reply", message, "--body", "soon").code == 0
    shown = sqlite_cli("thread", "show", "C-1", "-o", "table").out
    assert f"→ Maya Lee from {MAYA}" in shown
    assert f"→ the company from {POOL}" in shown
    assert f"→ the front desk from {DESK}" in shown
    assert f"→ the front desk from {MAYA}" in shown


@pytest.mark.parametrize("words", [("--help",), ("list", "--help"), ("show", "--help")])
def test_the_help_says_what_a_thread_is(sqlite_cli: Cli, words: tuple[str, ...]) -> None:
    ran = sqlite_cli("thread", *words)
    assert HELP in " ".join(ran.out.split())


# ------------------------------------------------------------------------------------------- calls


def test_a_call_stands_in_the_conversation_with_how_it_went(
    sqlite_cli: Cli, migrated_sqlite: str
) -> None:
    story(sqlite_cli)
    with raw(migrated_sqlite) as cursor:
        cursor.run("UPDATE client SET name = :name WHERE ref = 'C-1'", name="Ann\x1b[31m")
    talked = {"number": MAYA, "client": "C-1", "sitter": "S-1", "seconds": 125}
    add_call(migrated_sqlite, started_at=NOW + timedelta(hours=1), **talked)
    add_call(
        migrated_sqlite, number=MAYA, client="C-1", sitter="S-1", status=CallStatus.NO_ANSWER,
        voicemail=23, started_at=NOW + timedelta(hours=2),
    )  # fmt: skip
    add_call(
        migrated_sqlite, caller=CallerKind.SITTER, answered_by=AnsweredBy.CLIENT,
        started_at=NOW + timedelta(hours=3), **talked,
    )  # fmt: skip
    shown = show(sqlite_cli, "C-1")
    assert [(each["kind"], each["message"], each["call"]) for each in shown["entries"]] == [
        ("message", 1, None), ("call", None, 1), ("call", 4, 2), ("call", None, 3),
        ("message", 2, None),
    ]  # fmt: skip
    assert [row["message"] for row in shown["messages"]] == [1, 2]
    assert (shown["message_count"], shown["call_count"]) == (2, 3)
    assert [row["answered_by"] for row in shown["calls"]] == ["sitter", None, "client"]
    (listed,) = [row for row in sqlite_cli("thread", "list", "-o", "json").json
                 if row["client"] == "C-1"]  # fmt: skip
    assert (listed["messages"], listed["calls"]) == (2, 3)
    for columns in ("80", "40", "200"):
        told = sqlite_cli("thread", "show", "C-1", "-o", "table", COLUMNS=columns).out
        assert "\x1b" not in told
        assert "4155551001" not in told
        conversation = told[told.index("Saturday") :]
        assert max(map(len, conversation.splitlines())) <= int(columns)
    for words in (
        f"called {MAYA}, for Maya Lee (call 1)", "Answered by the sitter, 2 min 5 s",
        "for Maya Lee [waiting in the inbox] (call 2)", "Missed, voicemail of 23 s",
        f"Maya Lee called Ann\\x1b[31m through {MAYA} (call 3)", "Answered by the client",
    ):  # fmt: skip
        assert words in " ".join(told.split()), told
    assert "Voicemail, 23 seconds" not in told
