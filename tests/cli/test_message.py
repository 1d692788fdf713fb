"""petmsg message … with the sandbox carrier."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from petmsg.enums import ProviderName
from petmsg.errors import Busy
from petmsg.providers.base import Accepted
from petmsg.services import claim as claiming
from petmsg.services import message as service
from tests.fixtures import NOW, Cli, add_org, lines, looking, working

MAYA, OLGA = "+14155550102", "+14155550103"
DESK, POOL, POOL_2 = "+14155550100", "+14155550150", "+14155550151"
ANN = "+14155551001"
EARLIER = NOW - timedelta(days=1)


def people(cli: Cli) -> None:
    """Since yesterday: two clients, two active sitters with a number each, two pool numbers."""
    since: dict[str, Any] = {"now": EARLIER}
    cli("number", "add", MAYA, OLGA, "--class", "sitter", **since)
    cli("number", "add", POOL, POOL_2, "--class", "pool", **since)
    clients = (("ref", "name", "phone"), ("C-1", "Ann", ANN), ("C-2", "Bob", "+14155551002"))
    cli("client", "import", "-", stdin=lines(*clients), **since)
    sitters = (
        ("ref", "name", "phone"),
        ("S-1", "Maya Lee", "+14155552001"),
        ("S-2", "Olga Roy", "+14155552002"),
    )
    cli("sitter", "import", "-", stdin=lines(*sitters), **since)
    cli("sitter", "activate", "S-1", "S-2", **since)


def visit(cli: Cli, ref: str = "B-1", sitter: str = "S-1", **options: Any) -> None:
    """A confirmed visit to C-1 from 14:00 to 16:00 UTC: it runs at the time of the tests."""
    cli(
        "booking", "add", "--ref", ref, "--client", "C-1", "--sitter", sitter,
        "--start", options.get("start", "2026-02-14T14:00Z"), "--end", "2026-02-14T16:00Z",
    )  # fmt: skip
    assert cli("booking", "confirm", ref).code == 0


def send(cli: Cli, *words: str, client: str = "C-1", body: str = "Hi", **options: Any) -> Any:
    return cli("message", "send", client, "--body", body, *words, "-o", "json", **options)


def show(cli: Cli, message: int) -> Any:
    return cli("message", "show", str(message), "-o", "json").json


def events(cli: Cli, message: int) -> list[str]:
    rows = cli("audit", "list", "--entity", "message", "--ref", str(message), "-o", "json").json
    return [row["event"] for row in reversed(rows)]


def set_status(url: str, message: int, status: str) -> None:
    with working(url) as work:
        work.cursor.run("UPDATE message SET status = :s WHERE id = :id", s=status, id=message)


# --- what is sent ------------------------------------------------------------------------------


def test_a_text_inside_a_window_leaves_from_the_sitters_number(cli: Cli) -> None:
    people(cli)
    visit(cli)
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
    people(cli)
    visit(cli)
    ran = send(cli, "--dry-run")
    assert (ran.code, ran.json["from"]) == (0, MAYA)
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT count(*) FROM message") == 0
        assert cursor.value("SELECT count(*) FROM sandbox_text") == 0
        used = cursor.value("SELECT last_used_at FROM message_number WHERE e164 = :e", e=MAYA)
    assert used is None


# --- the body ----------------------------------------------------------------------------------


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


# --- --preview ---------------------------------------------------------------------------------


def test_preview_shows_number_reason_and_size_and_sends_nothing(cli: Cli) -> None:
    people(cli)
    visit(cli)
    ran = send(cli, "--preview", body="It’s 3 pm" + "x" * 80)
    assert ran.code == 0, ran.err
    found = ran.json
    assert (found["from"], found["to"]) == (MAYA, "+1********01")
    assert found["reason"] == "Active assignment window for sitter Maya Lee"
    assert (found["encoding"], found["units"], found["segments"]) == ("UCS-2", 89, 2)
    assert found["forced_by"] == "’"
    assert found["decision"] == cli("route", "explain", "C-1", "-o", "json").json
    assert cli("message", "list", "-o", "json").json == []


# --- --key -------------------------------------------------------------------------------------


def test_the_same_key_with_the_same_client_and_body_is_the_same_text(
    migrated_url: str, cli: Cli
) -> None:
    people(cli)
    first = send(cli, "--key", "k1")
    again = send(cli, "--key", "k1")
    assert (again.code, again.json["message"]) == (0, first.json["message"])
    assert again.json["status"] == "sent"
    assert "there already" in again.err
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
                with working(migrated_url) as work:
                    return service.queue(work, "C-1", body="Hi", key="k1").message
            except Exception as problem:
                if getattr(problem, "code", "") != "constraint":
                    raise
        raise AssertionError("the row was never found")

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(once, range(6)))) == 1


# --- --as --------------------------------------------------------------------------------------


def test_as_a_sitter_speaks_inside_her_window_only(cli: Cli) -> None:
    people(cli)
    outside = send(cli, "--as", "S-1")
    assert (outside.code, outside.error["code"]) == (4, "not_her_window")
    visit(cli)
    assert send(cli, "--as", "Maya Lee").json["from"] == MAYA
    hers = send(cli, "--as", "S-2")
    assert (hers.code, hers.error["code"]) == (4, "not_her_window")
    assert len(cli("message", "list", "-o", "json").json) == 1


def test_as_the_other_sitter_of_overlapping_windows_is_refused(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    visit(sqlite_cli)
    visit(sqlite_cli, "B-2", "S-2", start="2026-02-14T14:30Z")  # the later start decides
    assert send(sqlite_cli, "--as", "S-1").code == 4
    assert send(sqlite_cli, "--as", "S-2").json["from"] == OLGA


def test_as_a_sitter_whose_number_is_quarantined_is_refused(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    visit(sqlite_cli)
    sqlite_cli("number", "quarantine", MAYA, "--reason", "spam")
    ran = send(sqlite_cli, "--as", "S-1")
    assert (ran.code, ran.error["code"]) == (4, "not_her_window")


def test_a_queued_text_of_hers_is_not_sent_once_her_window_is_over(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    visit(sqlite_cli)
    message = send(sqlite_cli, "--as", "S-1", "--queue-only").json["message"]
    late = NOW + timedelta(days=1)
    ran = sqlite_cli("message", "dispatch", "-o", "json", now=late)
    assert ran.code == 4
    assert ran.json[0]["error"]["code"] == "not_her_window"
    assert f"message cancel {message}" in ran.json[0]["error"]["hint"]
    assert show(sqlite_cli, message)["status"] == "queued"


# --- the queue ---------------------------------------------------------------------------------


def test_queue_only_leaves_the_text_to_dispatch(cli: Cli) -> None:
    people(cli)
    ran = send(cli, "--queue-only")
    assert (ran.code, ran.json["status"], ran.json["from"]) == (0, "queued", None)
    assert ran.json["decision"] is None
    (row,) = cli("message", "dispatch", "-o", "json").json
    assert (row["message"], row["status"], row["from"]) == (ran.json["message"], "sent", POOL)
    assert cli("message", "dispatch", "-o", "json").json == []


def test_a_queued_text_gets_the_number_of_the_moment_it_is_sent(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    visit(sqlite_cli)
    send(sqlite_cli, "--queue-only")
    (row,) = sqlite_cli("message", "dispatch", "-o", "json", now=NOW + timedelta(days=1)).json
    assert row["from"] == POOL
    assert row["decision"]["at"] == "2026-02-15T15:00:00Z"


def test_the_texts_of_a_thread_leave_in_their_order(migrated_sqlite: str, sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    first = send(sqlite_cli, "--queue-only", body="one").json["message"]
    second = send(sqlite_cli, body="two")
    assert (second.code, second.json["status"]) == (0, "queued")
    assert second.json["note"] == f"text {first} of the same thread comes first"
    assert f"text {first} of the same thread comes first" in second.err
    assert send(sqlite_cli, client="C-2", body="other").json["status"] == "sent"
    sqlite_cli("message", "dispatch")
    with looking(migrated_sqlite) as cursor:
        bodies = [row[0] for row in cursor.tuples("SELECT body FROM sandbox_text ORDER BY id")]
    assert bodies == ["other", "one", "two"]


@pytest.mark.parametrize("status", ["sending", "unknown"])
def test_one_text_per_phone_is_under_way_at_a_time(
    migrated_sqlite: str, sqlite_cli: Cli, status: str
) -> None:
    people(sqlite_cli)
    first = send(sqlite_cli).json["message"]
    set_status(migrated_sqlite, first, status)
    second = send(sqlite_cli)
    assert (second.code, second.json["status"]) == (0, "queued")
    assert second.json["note"] == f"text {first} to the same phone is {status}"
    assert send(sqlite_cli, client="C-2").json["status"] == "sent"
    assert sqlite_cli("message", "dispatch", "-o", "json").json[0]["status"] == "queued"
    set_status(migrated_sqlite, first, "sent")
    assert sqlite_cli("message", "dispatch", "-o", "json").json[0]["status"] == "sent"


def test_many_claims_at_once_take_each_text_once(migrated_url: str, cli: Cli) -> None:
    people(cli)
    messages = [
        send(cli, "--queue-only", client=client).json["message"] for client in ("C-1", "C-2")
    ]
    start = threading.Barrier(4)

    def claim(message: int) -> bool:
        start.wait()
        try:
            with working(migrated_url) as work:
                taken = claiming.claim(work, message, provider=ProviderName.SANDBOX)
                return isinstance(taken, claiming.Claim)
        except service.MessageNotWaiting:
            return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(claim, messages * 2)) == 2


def test_dispatch_covers_all_orgs_unless_one_is_chosen(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    add_org(migrated_sqlite, "cosy-cats", front_desk="+14155550200")
    for org in ("happy-paws", "cosy-cats"):
        sqlite_cli("client", "add", "Ann", "--phone", ANN, "--ref", "C-1", "--org", org)
        send(sqlite_cli, "--queue-only", "--org", org)
    assert len(sqlite_cli("message", "dispatch", "-o", "json", "--dry-run").json) == 2
    assert len(sqlite_cli("message", "dispatch", "-o", "json", "--org", "cosy-cats").json) == 1
    assert len(sqlite_cli("message", "dispatch", "-o", "json").json) == 1


# --- no number ---------------------------------------------------------------------------------


def test_without_a_number_it_stays_queued_and_the_trace_says_why(
    migrated_url: str, cli: Cli
) -> None:
    add_org(migrated_url, "no-desk", front_desk=None)
    org = ("--org", "no-desk")
    cli("client", "add", "Ann", "--phone", ANN, "--ref", "C-1", *org)
    cli("number", "add", POOL, "--class", "pool", *org)
    cli("number", "quarantine", POOL, "--reason", "spam", *org)
    ran = send(cli, *org)
    assert (ran.code, ran.error["code"]) == (4, "no_number"), ran.err
    for code in ("NO_ACTIVE_WINDOW", "POOL_EMPTY", "NO_FRONT_DESK"):
        assert code in ran.error["message"]
    assert ran.json["status"] == "queued"
    assert ran.json["decision"]["number"] is None
    message = ran.json["message"]
    assert f"message cancel {message}" in ran.error["hint"]
    dispatched = cli("message", "dispatch", "-o", "json")
    assert (dispatched.code, dispatched.json[0]["status"]) == (4, "queued")
    assert "POOL_EMPTY" in str(dispatched.json[0]["decision"])
    cli("number", "restore", POOL, "--reason", "carrier cleared it", *org)
    assert cli("message", "dispatch", "-o", "json").json[0]["from"] == POOL


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


def test_a_failed_text_can_be_sent_again_with_a_reason(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    people(sqlite_cli)
    message = send(sqlite_cli).json["message"]
    set_status(migrated_sqlite, message, "failed")
    assert sqlite_cli("message", "retry", str(message)).code == 2
    ran = sqlite_cli("message", "retry", str(message), "--reason", "landline fixed", "-o", "json")
    assert (ran.code, ran.json["status"]) == (0, "queued")
    assert show(sqlite_cli, message)["status"] == "queued"


def test_a_text_whose_sender_died_is_left_to_a_person_after_ten_minutes(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    people(sqlite_cli)
    message = send(sqlite_cli).json["message"]
    set_status(migrated_sqlite, message, "sending")
    words = ("message", "retry", str(message), "--reason", "not in the provider's log")
    soon, late = NOW + timedelta(minutes=9), NOW + timedelta(minutes=10)
    assert sqlite_cli(*words, now=soon).code == 4
    assert sqlite_cli("message", "cancel", str(message), now=soon).code == 4
    assert sqlite_cli("message", "dispatch", "-o", "json", now=late).json == []
    assert sqlite_cli(*words, now=late).code == 0
    assert show(sqlite_cli, message)["status"] == "queued"


def test_an_answer_that_comes_after_a_new_try_changes_nothing(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    people(sqlite_cli)
    message = send(sqlite_cli, "--queue-only").json["message"]
    claims = []
    for _ in range(2):
        with working(migrated_sqlite) as work:
            claims.append(claiming.claim(work, message, provider=ProviderName.SANDBOX))
        if len(claims) == 1:
            set_status(migrated_sqlite, message, "queued")
    first, second = claims
    assert isinstance(first, claiming.Claim)
    assert isinstance(second, claiming.Claim)
    with working(migrated_sqlite) as work:
        assert claiming.record(work, first, Accepted("SB-late", "accepted")) == "sending"
        assert claiming.record(work, second, Accepted("SB-good", "accepted")) == "sent"
    assert show(sqlite_cli, message)["provider_id"] == "SB-good"


def test_the_provider_may_not_change_between_the_look_and_the_claim(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    people(sqlite_cli)
    message = send(sqlite_cli, "--queue-only").json["message"]
    with working(migrated_sqlite) as work, pytest.raises(Busy):
        claiming.claim(work, message, provider=ProviderName.TWILIO)


def test_a_sandbox_that_cannot_answer_leaves_the_outcome_unknown(
    sqlite_cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    from petmsg.providers.sandbox import SandboxProvider

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    people(sqlite_cli)
    monkeypatch.setattr(SandboxProvider, "send", interrupted)
    assert send(sqlite_cli).code == 130
    (row,) = sqlite_cli("message", "list", "-o", "json").json
    assert row["status"] == "unknown"
