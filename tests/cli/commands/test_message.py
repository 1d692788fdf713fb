"""petmsg message send, list, show, retry and cancel, with the sandbox carrier."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from petmsg.services.outbox import queue as service
from petmsg.services.outbox.preview import SendOptions
from tests.support.fixtures import NOW, Cli, add_org, looking, working
from tests.support.texting import (
    ANN,
    DESK,
    MAYA,
    OLGA,
    POOL,
    POOL_2,
    SECOND,
    alerts,
    events,
    kept,
    left_by_the_dead,
    people,
    people_and_visit,
    send,
    set_status,
    show,
    visit,
)

# --- what is sent ------------------------------------------------------------------------------


def test_a_text_inside_a_window_leaves_from_the_sitters_number(cli: Cli) -> None:
    people_and_visit(cli)
    ran = send(cli)
    assert ran.code == 0, ran.err
    explained = cli("route", "explain", "C-1", "-o", "json").json
    assert ran.json == {
        "message": ran.json["message"],
        "status": "sent",
        "from": MAYA,
        "to": "+1********01",
        "segments": 1,
        "decision": explained,
        "note": None,
        "warnings": [],
    }
    assert explained["trace"][0]["code"] == "WINDOW_ACTIVE"
    assert ANN not in ran.out + ran.err
    assert events(cli, ran.json["message"]) == ["message.queued", "message.sent"]


def test_outside_a_window_it_leaves_from_the_pool_and_then_from_the_same_number(cli: Cli) -> None:
    people(cli)
    first, second = send(cli), send(cli, now=NOW + timedelta(hours=1))
    assert first.json["from"] == second.json["from"] == POOL
    codes = [ran.json["decision"]["trace"][1]["code"] for ran in (first, second)]
    assert codes == ["POOL_LEAST_RECENTLY_USED", "POOL_STICKY"]
    other = send(cli, client="C-2", now=NOW + timedelta(hours=2))
    assert other.json["from"] == POOL_2


def test_the_claim_sets_last_use_and_own_pool_number_of_the_number_really_used(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    people(sqlite_cli)
    send(sqlite_cli)

    def state() -> tuple[Any, ...]:
        with looking(migrated_sqlite) as cursor:
            uses = cursor.rows("SELECT e164, last_used_at FROM message_number ORDER BY id")
            own = cursor.value(
                "SELECT n.e164 FROM thread t JOIN message_number n ON n.id = t.pool_number_id"
            )
        return {row["e164"]: row["last_used_at"] for row in uses if row["last_used_at"]}, own

    assert state() == ({POOL: NOW}, POOL)
    visit(sqlite_cli)
    later = NOW + timedelta(minutes=1)
    send(sqlite_cli, now=later)
    assert state() == ({POOL: NOW, MAYA: later}, POOL)  # a sitter's number is no pool number


def test_a_clock_that_steps_back_does_not_take_a_use_back(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    people(sqlite_cli)
    send(sqlite_cli)
    send(sqlite_cli, now=NOW - timedelta(hours=1))
    with looking(migrated_sqlite) as cursor:
        row = cursor.one("SELECT last_used_at FROM message_number WHERE e164 = :e", e=POOL)
    assert row == {"last_used_at": NOW}


def test_the_sandbox_keeps_what_would_have_been_sent(migrated_sqlite: str, sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    message = send(sqlite_cli, body="See you at 3 🐶").json["message"]
    with looking(migrated_sqlite) as cursor:
        (row,) = cursor.rows("SELECT from_e164, to_e164, body FROM sandbox_text")
    assert row == {"from_e164": POOL, "to_e164": ANN, "body": "See you at 3 🐶"}
    assert show(sqlite_cli, message)["provider"] == "sandbox"


def test_a_text_goes_to_the_primary_phone(migrated_sqlite: str, sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    sqlite_cli("client", "phone", "add", "C-1", "+14155551009", "--primary")
    assert send(sqlite_cli, "--reveal").json["to"] == "+14155551009"
    with looking(migrated_sqlite) as cursor:
        assert cursor.value("SELECT to_e164 FROM sandbox_text") == "+14155551009"


def test_sending_makes_the_thread_of_a_client_who_never_booked(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    assert sqlite_cli("thread", "show", "C-1").code == 3
    send(sqlite_cli)
    shown = sqlite_cli("thread", "show", "C-1", "-o", "json").json
    assert (shown["default_number"], shown["pool_number"]) == (DESK, POOL)


def test_personal_phones_are_shown_only_when_revealed(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    message = send(sqlite_cli).json["message"]
    for words in (("list",), ("show", str(message))):
        for output in ("table", "json", "jsonl", "tsv"):
            hidden = sqlite_cli("message", *words, "-o", output)
            assert ANN not in hidden.out + hidden.err
        assert ANN in sqlite_cli("message", *words, "-o", "json", "--reveal").out


def test_a_dry_run_says_from_where_and_sends_and_keeps_nothing(migrated_url: str, cli: Cli) -> None:
    people_and_visit(cli)
    ran = send(cli, "--dry-run")
    assert (ran.code, ran.json["from"]) == (0, MAYA)
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT count(*) FROM message") == 0
        assert cursor.value("SELECT count(*) FROM sandbox_text") == 0
        used = cursor.value("SELECT last_used_at FROM message_number WHERE e164 = :e", e=MAYA)
    assert used is None


def test_a_table_of_a_dry_run_does_not_say_that_a_message_is_being_sent(sqlite_cli: Cli) -> None:
    people_and_visit(sqlite_cli)
    to_sitter = (
        "message",
        "send",
        "--to-sitter",
        "S-1",
        "--body",
        "Hi",
        "--dry-run",
        "-o",
        "table",
    )
    one = ("message", "send", "C-1", "--body", "Hi", "--dry-run", "-o", "table")
    assert "would be sent" in sqlite_cli(*one).out
    assert "would be sent" in sqlite_cli(*to_sitter).out
    send(sqlite_cli, "--queue-only")
    due = sqlite_cli("message", "dispatch", "--dry-run", "-o", "table")
    assert ("would be sent" in due.out, "sending" in due.out) == (True, False)
    assert send(sqlite_cli, "--dry-run").json["status"] == "queued"  # behind the other


# --- the body ----------------------------------------------------------------------------------


@pytest.mark.parametrize("letter", ["x", "\u00e4", "\U0001f436"])
def test_a_body_on_stdin_is_never_cut(sqlite_cli: Cli, letter: str) -> None:
    people(sqlite_cli)
    receive = ("message", "receive", "--from", ANN, "--to", MAYA, "-o", "json", "--body", "-")
    longest = letter * (65_536 // len(letter.encode()))
    for body in (f"{longest}x", f"x{longest}"):
        ran = sqlite_cli(*receive, stdin=body)
        assert (ran.code, ran.error["code"]) == (2, "malformed_text")
        assert "64 KiB" in ran.error["message"]
    assert sqlite_cli(*receive, stdin=longest).code == 0


def test_a_body_can_come_from_stdin(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    ran = send(sqlite_cli, body="-", stdin="Grüße\r\nan Zoë\n")
    assert show(sqlite_cli, ran.json["message"])["body"] == "Grüße\nan Zoë"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("x" * 1601, "1600"),
        ("ring\x07", "control"),
        ("clear\x1b[2J", "control"),
        ("nul\0", "control"),
    ],
)
def test_a_body_that_is_empty_too_long_or_holds_control_characters_is_wrong_usage(
    sqlite_cli: Cli, body: str, problem: str
) -> None:
    people(sqlite_cli)
    for words in ((), ("--preview",), ("--queue-only",)):
        ran = send(sqlite_cli, *words, body="-", stdin=body)
        assert (ran.code, ran.error["code"]) == (2, "malformed_text")
        assert problem in ran.error["message"]
    assert sqlite_cli("message", "list", "-o", "json").json == []


def test_1600_characters_are_sent(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    ran = send(sqlite_cli, body="x" * 1600)
    assert (ran.code, ran.json["segments"]) == (0, 11)


def test_an_unknown_client_is_not_found_and_one_without_a_phone_refused(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    assert send(sqlite_cli, client="C-9").code == 3
    sqlite_cli("client", "forget", "C-2", "--reason", "asked", "--yes")
    ran = send(sqlite_cli, client="C-2")
    assert (ran.code, ran.error["code"]) == (4, "client_without_phone")
    assert "client phone add" not in ran.error["hint"], "an erased client gets no phone"


# --- --preview ---------------------------------------------------------------------------------


def test_preview_shows_number_reason_and_size_and_sends_nothing(cli: Cli) -> None:
    people_and_visit(cli)
    ran = send(cli, "--preview", body="It’s 3 pm" + "x" * 80)
    assert ran.code == 0, ran.err
    found = ran.json
    assert (found["from"], found["to"]) == (MAYA, "+1********01")
    assert found["reason"] == "Active assignment window for sitter Maya Lee"
    assert (found["encoding"], found["units"], found["segments"]) == ("UCS-2", 89, 2)
    assert found["forced_by"] == "’"
    assert found["decision"] == cli("route", "explain", "C-1", "-o", "json").json
    assert cli("message", "list", "-o", "json").json == []


def test_preview_says_what_would_hold_the_text(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    sqlite_cli("org", "freeze", "--reason", "audit")
    found = send(sqlite_cli, "--preview", "--at", "+1h").json
    assert [each["code"] for each in found["holds"]] == ["frozen", "scheduled"]
    assert (found["leaves_now"], found["refused"]) == (False, None)
    sqlite_cli("optout", "add", "C-1", "--reason", "asked")
    assert send(sqlite_cli, "--preview").json["refused"] == "The client has opted out of messages"


# --- a personal phone in the body ----------------------------------------------------------------

LEAK = "Call me: (415) 555-2671"


def test_the_desk_is_warned_of_a_personal_phone_in_the_body_and_a_sitter_refused(
    cli: Cli,
) -> None:
    people_and_visit(cli)
    ran = send(cli, body=LEAK)
    assert (ran.code, ran.json["status"], len(ran.json["warnings"])) == (0, "sent", 1)
    assert ran.json["warnings"][0] in ran.err
    hers = send(cli, "--as", "S-1", body=LEAK)
    assert (hers.code, hers.error["code"], hers.out) == (4, "masking_leak", "")
    assert "--force --reason" in hers.error["hint"]
    assert len(cli("message", "list", "-o", "json").json) == 1
    for told in (ran, hers):
        assert "5552671" not in told.err.replace("-", "")


def test_a_personal_phone_leaves_by_force_and_the_audit_says_why(sqlite_cli: Cli) -> None:
    people_and_visit(sqlite_cli)
    forced = ("--as", "S-1", "--force", "--reason", "the vet's number")
    assert send(sqlite_cli, *forced[:3], body=LEAK).code == 2
    ran = send(sqlite_cli, *forced, body=LEAK)
    assert (ran.code, ran.json["from"], len(ran.json["warnings"])) == (0, MAYA, 1)
    words = ("--event", "message.queued", "--ref", str(ran.json["message"]), "-o", "json")
    (event,) = sqlite_cli("audit", "list", *words).json
    assert (event["reason"], event["payload"]["leak"]) == ("the vet's number", True)


# --- --key -------------------------------------------------------------------------------------


def test_the_same_key_with_the_same_client_and_body_is_the_same_text(
    migrated_url: str, cli: Cli
) -> None:
    people(cli)
    first = send(cli, "--key", "k1")
    again = send(cli, "--key", "k1")
    assert (again.code, again.json["message"]) == (0, first.json["message"])
    assert again.json["status"] == "sent"
    assert "already sent" in again.err
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT count(*) FROM sandbox_text") == 1


@pytest.mark.parametrize("other", [{"body": "Hello"}, {"client": "C-2"}])
def test_the_same_key_with_anything_else_is_refused(sqlite_cli: Cli, other: dict[str, str]) -> None:
    people(sqlite_cli)
    send(sqlite_cli, "--key", "k1")
    ran = send(sqlite_cli, "--key", "k1", **other)
    assert (ran.code, ran.error["code"]) == (4, "key_reused")
    assert len(sqlite_cli("message", "list", "-o", "json").json) == 1


def test_without_a_key_the_same_again_is_a_second_text(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    assert send(sqlite_cli).json["message"] != send(sqlite_cli).json["message"]


def test_a_key_belongs_to_its_org(migrated_sqlite: str, sqlite_cli: Cli) -> None:
    add_org(migrated_sqlite, "cosy-cats", front_desk="+14155550200")
    for org in ("happy-paws", "cosy-cats"):
        sqlite_cli("client", "add", "Ann", "--phone", ANN, "--ref", "C-1", "--org", org)
        assert send(sqlite_cli, "--key", "k1", "--org", org).code == 0


@pytest.mark.parametrize("key", ["", "x" * 129, "a\nb"])
def test_a_malformed_key_is_wrong_usage(sqlite_cli: Cli, key: str) -> None:
    people(sqlite_cli)
    assert send(sqlite_cli, "--key", key).code == 2


def test_a_key_used_many_times_at_once_makes_one_text(cli: Cli, migrated_url: str) -> None:
    people(cli)
    send(cli)  # the thread is there

    def once(_: int) -> int:
        for _ in range(5):
            try:
                with working(migrated_url) as uow:
                    options = SendOptions(key="k1")
                    return service.queue(uow, "C-1", body="Hi", options=options).message
            except Exception as problem:
                if getattr(problem, "code", "") != "constraint":
                    raise
        raise AssertionError("the row was never found")

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(once, range(6)))) == 1


# --- --as --------------------------------------------------------------------------------------


def test_a_message_as_a_sitter_is_sent_inside_an_own_window_only(cli: Cli) -> None:
    people(cli)
    outside = send(cli, "--as", "S-1")
    assert (outside.code, outside.error["code"]) == (4, "not_her_window")
    visit(cli)
    assert send(cli, "--as", "Maya Lee").json["from"] == MAYA
    hers = send(cli, "--as", "S-2")
    assert (hers.code, hers.error["code"]) == (4, "not_her_window")
    assert len(cli("message", "list", "-o", "json").json) == 1


def test_in_overlapping_windows_each_sitter_speaks_from_their_own_number(sqlite_cli: Cli) -> None:
    people_and_visit(sqlite_cli)
    visit(sqlite_cli, "B-2", "S-2", start="2026-02-14T14:30Z")  # the later start decides
    assert send(sqlite_cli, "--as", "S-1").json["from"] == MAYA
    assert send(sqlite_cli, "--as", "S-2").json["from"] == OLGA
    assert send(sqlite_cli).json["from"] == OLGA


def test_as_a_sitter_whose_number_is_quarantined_is_refused(sqlite_cli: Cli) -> None:
    people_and_visit(sqlite_cli)
    sqlite_cli("number", "quarantine", MAYA, "--reason", "spam")
    ran = send(sqlite_cli, "--as", "S-1")
    assert (ran.code, ran.error["code"]) == (4, "not_her_window")


def test_a_queued_text_of_a_sitter_is_held_once_the_window_is_over(cli: Cli) -> None:
    """A sitter's words are never sent from another number; a person decides about them."""
    people_and_visit(cli)
    message = send(cli, "--as", "S-1", "--queue-only").json["message"]
    late = NOW + timedelta(days=1)
    ran = cli("message", "dispatch", "-o", "json", now=late)
    (row,) = ran.json
    assert (ran.code, row["ref"], row["error"]["code"]) == (4, str(message), "message_held")
    assert "No active window" in row["error"]["message"]
    assert f"message cancel {message}" in row["error"]["hint"]
    assert f"message retry {message}" in row["error"]["hint"]
    assert (show(cli, message)["status"], show(cli, message)["from"]) == ("held", None)
    assert alerts(cli) == [("message_held", str(message))]
    assert cli("alert", "list", "--check").code == 10
    assert events(cli, message) == ["message.queued", "message.held"]
    assert cli("message", "dispatch", "-o", "json", now=late).json == []
    assert send(cli, now=late).json["status"] == "sent"  # a held message holds nobody up


# --- list, show, retry, cancel -----------------------------------------------------------------


def test_messages_are_listed_newest_first_by_status_and_client(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    sent = send(sqlite_cli).json["message"]
    waiting = send(sqlite_cli, "--queue-only", client="C-2").json["message"]

    def ids(*words: str) -> list[int]:
        return [row["message"] for row in sqlite_cli("message", "list", *words, "-o", "json").json]

    assert ids() == [waiting, sent]
    assert ids("--status", "queued") == [waiting]
    assert ids("--client", "C-1") == [sent]
    assert ids("--before", str(waiting)) == [sent]
    assert ids("--limit", "1") == [waiting]


@pytest.mark.parametrize("words", [("--before", "x"), ("--before", "9" * 30)])
def test_a_page_that_begins_at_no_id_is_wrong_usage(
    sqlite_cli: Cli, words: tuple[str, ...]
) -> None:
    ran = sqlite_cli("message", "list", *words, "-o", "json")
    assert (ran.code, ran.error["code"]) == (2, "out_of_range")


@pytest.mark.parametrize("message", ["999", "0", "99999999999999999999999"])
def test_an_unknown_message_is_not_found_by_any_command(sqlite_cli: Cli, message: str) -> None:
    for words in (("show",), ("cancel",), ("retry", "--reason", "lost")):
        ran = sqlite_cli("message", words[0], message, *words[1:], "-o", "json")
        assert (ran.code, ran.error["code"]) == (3, "message_not_found"), words


def test_a_cancelled_text_is_not_sent_and_lets_the_next_one_pass(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    first = send(sqlite_cli, "--queue-only").json["message"]
    ran = sqlite_cli("message", "cancel", str(first), "--reason", "typo", "-o", "json")
    assert (ran.code, ran.json["status"]) == (0, "cancelled")
    assert sqlite_cli("message", "cancel", str(first), "-o", "json").json["reused"] is True
    assert send(sqlite_cli).json["status"] == "sent"
    assert events(sqlite_cli, first) == ["message.queued", "message.cancelled"]


def test_a_sent_text_can_neither_be_cancelled_nor_sent_again(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    message = str(send(sqlite_cli).json["message"])
    assert sqlite_cli("message", "cancel", message).code == 4
    assert sqlite_cli("message", "retry", message, "--reason", "again").code == 4


@pytest.mark.parametrize("status", ["failed", "held", "unknown"])
def test_a_text_that_came_to_nothing_is_sent_again_with_a_reason(
    migrated_sqlite: str, sqlite_cli: Cli, status: str
) -> None:
    people(sqlite_cli)
    message = send(sqlite_cli, "--queue-only").json["message"]
    left_by_the_dead(migrated_sqlite, message)
    set_status(migrated_sqlite, message, status)
    words = ("message", "retry", str(message), "-o", "json")
    assert sqlite_cli(*words).code == 2
    ran = sqlite_cli(*words, "--reason", "landline fixed", now=NOW + SECOND)
    assert (ran.code, ran.json["status"], ran.json["reused"]) == (0, "queued", False)
    again = sqlite_cli(*words, "--reason", "landline fixed", now=NOW + SECOND)
    assert (again.code, again.json["reused"]) == (0, True)
    assert kept(migrated_sqlite) == []
    (row,) = sqlite_cli("message", "dispatch", "-o", "json", now=NOW + SECOND).json
    assert (row["status"], show(sqlite_cli, message)["attempts"]) == ("sent", 2)
    assert events(sqlite_cli, message) == ["message.queued", "message.retried", "message.sent"]
    assert kept(migrated_sqlite) == ["Hi"]


def test_a_text_that_is_sent_again_follows_the_client_to_their_new_phone(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    people(sqlite_cli)
    message = send(sqlite_cli, "--queue-only").json["message"]
    left_by_the_dead(migrated_sqlite, message)
    set_status(migrated_sqlite, message, "failed")
    sqlite_cli("client", "phone", "add", "C-1", "+14155551009", "--primary")
    sqlite_cli("message", "retry", str(message), "--reason", "new phone", now=NOW + SECOND)
    (row,) = sqlite_cli("message", "dispatch", "-o", "json", "--reveal", now=NOW + SECOND).json
    assert (row["status"], row["to"]) == ("sent", "+14155551009")


@pytest.mark.parametrize(
    ("status", "code"), [("held", 0), ("unknown", 0), ("failed", 4), ("sent", 4), ("delivered", 4)]
)
def test_held_and_unknown_messages_can_be_closed_and_finished_ones_cannot(
    migrated_sqlite: str, sqlite_cli: Cli, status: str, code: int
) -> None:
    people(sqlite_cli)
    message = send(sqlite_cli, "--queue-only").json["message"]
    left_by_the_dead(migrated_sqlite, message)
    set_status(migrated_sqlite, message, status)
    assert sqlite_cli("message", "cancel", str(message)).code == code
    assert show(sqlite_cli, message)["status"] == ("cancelled" if code == 0 else status)
    late = NOW + timedelta(hours=1)
    assert sqlite_cli("message", "dispatch", "-o", "json", now=late).json == []
    assert send(sqlite_cli, now=late).json["status"] == "sent"


def test_a_held_text_of_a_sitter_is_sent_when_the_sitter_may_send_again(sqlite_cli: Cli) -> None:
    people_and_visit(sqlite_cli)
    message = str(send(sqlite_cli, "--as", "S-1", "--queue-only").json["message"])
    late = NOW + timedelta(days=1)
    sqlite_cli("message", "dispatch", now=late)
    retry = ("message", "retry", message, "--reason", "the visit goes on")
    assert sqlite_cli(*retry, now=late).code == 0
    assert sqlite_cli("message", "dispatch", now=late).code == 4  # nothing has changed
    sqlite_cli("booking", "reschedule", "B-1", "--end", "2026-02-15T18:00Z", now=late)
    assert sqlite_cli(*retry, now=late).code == 0
    (row,) = sqlite_cli("message", "dispatch", "-o", "json", now=late).json
    assert (row["status"], row["from"]) == ("sent", MAYA)


def test_a_sandbox_that_cannot_answer_leaves_the_outcome_unknown(
    sqlite_cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    from petmsg.providers.sandbox import SandboxProvider

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    people(sqlite_cli)
    monkeypatch.setattr(SandboxProvider, "send", interrupted)
    ran = send(sqlite_cli)
    assert ran.code == 130
    assert "Interrupted. What was not committed is undone." in ran.err
    (row,) = sqlite_cli("message", "list", "-o", "json").json
    assert row["status"] == "unknown"
