"""`org remove`: what it refuses, erases, keeps, and how it is finished after a kill."""

import json
from typing import Any

import pytest

from petmsg.enums.calls import CallStatus
from petmsg.services.orgs import remove as service
from tests.support.call_rows import add_call
from tests.support.calls import add_call as whole_call
from tests.support.consistency import problems, raw
from tests.support.fixtures import NOW, Cli, copied, looking, working
from tests.support.incoming import MAYAS_PHONE, STRANGER, comes
from tests.support.texting import ANN, MAYA, people_and_visit, send

OTHER = "tail-waggers"


@copied
def two_companies(cli: Cli) -> None:
    """A company with people, messages and a stranger; and an empty one without numbers."""
    people_and_visit(cli)
    cli("org", "add", OTHER, "--name", "Tail Waggers", "--timezone", "Europe/London")
    own = ("--org", "happy-paws")
    for line in (
        ("client", "set", "C-1", "--timezone", "America/New_York"),
        ("message", "send", "C-1", "--body", "Hello Ann"),
        ("message", "send", "C-2", "--body", "Later", "--queue-only"),
        ("message", "send", "--to-sitter", "S-1", "--body", "Can you work?"),
        ("message", "receive", "--from", STRANGER, "--to", MAYA, "--body", "Who are you?"),
        ("optout", "add", "C-2", "--reason", "asked"),
        ("sitter", "away", "S-1", "--from", "+20d", "--to", "+21d", "--reason", "a cold"),
    ):
        ran = cli(*line, *own)
        assert ran.code == 0, ran.err


def remove(cli: Cli, slug: str, *words: str) -> Any:
    return cli("org", "remove", slug, *words, "-o", "json")


def slugs(cli: Cli) -> list[str]:
    return [row["org"] for row in cli("org", "list", "-o", "json").json]


def test_an_empty_org_is_removed_and_its_audit_log_stays(cli: Cli, migrated_url: str) -> None:
    two_companies(cli)
    ran = remove(cli, OTHER, "--yes")
    assert (ran.code, ran.json["reused"]) == (0, False)
    assert slugs(cli) == ["happy-paws"]
    with looking(migrated_url) as cursor:
        events = cursor.tuples(
            "SELECT e.event FROM audit_event e JOIN org o ON o.id = e.org_id"
            " WHERE o.slug = :slug ORDER BY e.seq",
            slug=OTHER,
        )
    assert [row[0] for row in events] == ["org.added", "org.removed"]
    assert remove(cli, OTHER).json["reused"] is True
    assert cli("org", "show", "--org", OTHER).code == 3
    again = cli("org", "add", OTHER, "--name", "Tail Waggers", "--timezone", "Europe/London")
    assert again.code == 4
    assert "was removed" in again.err
    assert cli("status").code in (0, 10)  # the only org is meant again
    assert cli("audit", "verify").code == 0


def test_one_that_holds_something_is_refused_with_what_it_holds(
    cli: Cli, migrated_url: str
) -> None:
    two_companies(cli)
    ran = remove(cli, "happy-paws", "--yes")
    assert (ran.code, ran.error["code"]) == (4, "org_not_empty")
    for words in ("5 numbers", "2 clients", "2 sitters", "1 booking", "4 messages"):
        assert words in ran.error["message"]
    assert "--discard-data" in ran.error["hint"]
    assert slugs(cli) == ["happy-paws", OTHER]
    assert remove(cli, "nobody", "--yes").code == 3


def test_discarding_erases_everything_but_audit_and_counts(cli: Cli, migrated_url: str) -> None:
    two_companies(cli)
    ran = remove(cli, "happy-paws", "--discard-data", "--yes", "--reason", "the company closed")
    assert (ran.code, ran.json["clients"], ran.json["sitters"]) == (0, 2, 2), ran.err
    assert ran.json["numbers"] == 5
    assert slugs(cli) == [OTHER]
    with looking(migrated_url) as cursor:
        everything = json.dumps(
            [
                cursor.rows(f"SELECT * FROM {table}")
                for table in ("client", "sitter", "message", "client_phone", "opt_out", "alert",
                              "sandbox_text", "audit_event")
            ],
            default=str,
        )  # fmt: skip
        absences = cursor.tuples("SELECT reason FROM sitter_absence")
        states = {row[0] for row in cursor.tuples("SELECT status FROM message_number")}
        waiting = cursor.value("SELECT count(*) FROM message WHERE status IN ('queued', 'held')")
        open_alerts = cursor.value("SELECT count(*) FROM alert WHERE done_at IS NULL")
    for secret in ("Ann", "Maya", "Hello", "Can you work", "Who are you", ANN, MAYAS_PHONE):
        assert secret not in everything, secret
    assert STRANGER not in everything
    assert absences == [("(erased)",)]
    assert states == {"retired"}
    assert (waiting, open_alerts) == (0, 0)
    found = cli("doctor", "--findings", "-o", "json")
    assert [row for row in found.json if row["check"] != "front_desk"] == [], found.json
    stray = cli("message", "receive", "--from", STRANGER, "--to", MAYA, "--body", "Hi")
    assert stray.code == 4  # the number belongs to nobody any more


def test_calls_lose_phones_and_names_and_end(cli: Cli, migrated_url: str) -> None:
    two_companies(cli)
    named = {"options": [{"key": 1, "client": "C-1", "name": "Ann"}]}
    add_call(migrated_url, "CA-ended", from_phone=STRANGER, decision=named)
    open_call = {"status": "ringing", "ended_at": None, "caller": "client", "client": "C-1"}
    add_call(migrated_url, "CA-rings", from_phone=ANN, **open_call)
    taken = {"answered_by": "front_desk", "answered_at": NOW}
    add_call(migrated_url, "CA-talks", from_phone=ANN, **open_call, **taken)
    with raw(migrated_url) as cursor:
        cursor.run(
            "UPDATE org SET desk_phone = '+12125550100', greeting = 'This is Ada',"
            " missed_call_reply = 'Ada missed you' WHERE slug = 'happy-paws'"
        )
    held = remove(cli, "happy-paws", "--yes").error["message"]
    assert held.endswith(" and 3 calls.")
    ran = remove(cli, "happy-paws", "--discard-data", "--yes")
    assert (ran.code, ran.json["calls"]) == (0, 3), ran.err
    with looking(migrated_url) as cursor:
        left = cursor.tuples(
            "SELECT provider_call_id, from_phone, decision, status, ended_at FROM call ORDER BY 1"
        )
        settings = cursor.tuples(
            "SELECT desk_phone, greeting, missed_call_reply FROM org WHERE slug = 'happy-paws'"
        )
    assert [row[:4] for row in left] == [
        ("CA-ended", None, "{}", "no_answer"),
        ("CA-rings", None, "{}", "failed"),
        ("CA-talks", None, "{}", "completed"),
    ]
    assert all(row[4] is not None for row in left)
    assert settings == [(None, None, None)]
    assert problems(migrated_url) == []


def test_a_dry_run_counts_and_changes_nothing(sqlite_cli: Cli) -> None:
    two_companies(sqlite_cli)
    ran = remove(sqlite_cli, "happy-paws", "--discard-data", "--dry-run")
    assert (ran.code, ran.json["clients"]) == (0, 2)
    assert slugs(sqlite_cli) == ["happy-paws", OTHER]
    assert send(sqlite_cli, "--org", "happy-paws").code == 0


def test_one_that_was_emptied_by_a_killed_process_is_removed_by_the_next(
    cli: Cli, migrated_url: str
) -> None:
    two_companies(cli)
    with working(migrated_url, now=NOW, org="happy-paws") as uow:
        service.discard(uow, discard_data=True, reason="closed")
    assert slugs(cli) == ["happy-paws", OTHER]
    assert remove(cli, "happy-paws", "--yes").code == 0
    assert slugs(cli) == [OTHER]


def test_what_was_erased_can_be_looked_at_until_the_org_is_removed(
    sqlite_cli: Cli, migrated_sqlite: str
) -> None:
    two_companies(sqlite_cli)
    call = whole_call(migrated_sqlite, number=MAYA, client="C-1", status=CallStatus.NO_ANSWER)
    with working(migrated_sqlite, now=NOW, org="happy-paws") as uow:
        service.discard(uow, discard_data=True, reason="closed")
    with looking(migrated_sqlite) as cursor:
        rows = cursor.tuples("SELECT id, direction FROM message ORDER BY id")
        (came,) = cursor.tuples("SELECT message_id FROM call WHERE id = :id", id=call)[0]
    for form in ("json", "table", "csv"):
        own = ("--org", "happy-paws", "-o", form)
        shown = sqlite_cli("call", "show", str(call), *own)
        assert (shown.code, shown.err) == (0, "")
        assert sqlite_cli("inbox", "show", str(came), *own).code == 0
        for message, direction in rows:
            assert sqlite_cli("message", "show", str(message), *own).code == 0
            explained = sqlite_cli("route", "explain", "--message", str(message), *own)
            assert explained.code == 3, direction
        if form == "json":
            assert (shown.json["legs"], shown.json["decision"]) == ([], None)
            assert shown.json["reason"] is None


def test_nothing_is_removed_while_a_message_is_being_sent(
    sqlite_cli: Cli, migrated_sqlite: str
) -> None:
    two_companies(sqlite_cli)
    with working(migrated_sqlite, org="happy-paws") as uow:
        uow.cursor.run("UPDATE message SET status = 'sending' WHERE body = 'Later'")
    ran = remove(sqlite_cli, "happy-paws", "--discard-data", "--yes")
    assert (ran.code, "being sent" in ran.error["message"]) == (4, True)
    assert comes(sqlite_cli, sender=STRANGER)["duplicate"] is False


@pytest.mark.parametrize("words", [(), ("--discard-data",)])
def test_without_a_terminal_it_needs_yes(sqlite_cli: Cli, words: tuple[str, ...]) -> None:
    two_companies(sqlite_cli)
    ran = remove(sqlite_cli, OTHER, *words)
    assert (ran.code, ran.error["code"]) == (2, "not_confirmed")
    assert "Tail Waggers (tail-waggers)" in ran.error["message"]
    assert slugs(sqlite_cli) == ["happy-paws", OTHER]
