"""petmsg number quarantine, also of the front desk with its replacement."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.fixtures import NOW, Cli, Ran, add_org
from tests.support.quarantine_commands import (
    DESK,
    DESK2,
    N1,
    N2,
    POOL,
    POOL2,
    add,
    booked,
    events,
    maya,
    quarantine,
    refused,
    route,
    show,
)

# -------------------------------------------------------------------------------------- quarantine


def test_a_quarantine_reports_its_end_reason_and_effects(sqlite_cli: Cli) -> None:
    maya(sqlite_cli)
    assert quarantine(sqlite_cli, N1, "--days", "14") == [
        {
            "number": N1,
            "status": "quarantined",
            "quarantined_until": "2026-02-28T15:00:00Z",
            "previous_until": None,
            "days": 14,
            "reason": "spam",
            "affected": {
                "sitter": "S-1",
                "sitter_name": "Maya Lee",
                "threads": 0,
                "future_windows": 0,
            },
            "meanwhile": [],
            "replacement": None,
        }
    ]
    shown = show(sqlite_cli, N1)
    assert (shown["status"], shown["quarantine_reason"]) == ("quarantined", "spam")
    assert shown["quarantined_until"] == "2026-02-28T15:00:00Z"


def test_the_default_quarantine_length_is_the_orgs(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1, N2)
    row = quarantine(sqlite_cli, N1)[0]
    assert (row["days"], row["quarantined_until"]) == (90, "2026-05-15T15:00:00Z")
    sqlite_cli("org", "set", "--quarantine-days", "7")
    row = quarantine(sqlite_cli, N2)[0]
    assert (row["days"], row["quarantined_until"]) == (7, "2026-02-21T15:00:00Z")


@pytest.mark.parametrize("days", [1, 3, 7, 14, 30, 90, 2, 3650])
def test_any_number_of_days_from_1_to_3650(sqlite_cli: Cli, days: int) -> None:
    add(sqlite_cli, N1)
    row = quarantine(sqlite_cli, N1, "--days", str(days))[0]
    end = (NOW + timedelta(days=days)).isoformat().replace("+00:00", "Z")
    assert (row["days"], row["quarantined_until"]) == (days, end)


@pytest.mark.parametrize(
    "options",
    [
        ("--days", "0"),
        ("--days", "3651"),
        ("--days", "-1"),
        ("--days", "9" * 30),
        ("--until", "now"),
        ("--until", "-1d"),
        ("--until", "+3651d"),
        ("--days", "7", "--until", "+7d"),
    ],
    ids=" ".join,
)
def test_a_quarantine_out_of_range_is_wrong_usage(
    sqlite_cli: Cli, options: tuple[str, ...]
) -> None:
    add(sqlite_cli, N1)
    ran = sqlite_cli("number", "quarantine", N1, *options, "--reason", "x", "-o", "json")
    refused(ran, "out_of_range", 2)
    assert show(sqlite_cli, N1)["status"] == "active"


def test_a_quarantine_can_end_at_a_time_of_the_org(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1)
    row = quarantine(sqlite_cli, N1, "--until", "2026-02-16T09:00")[0]
    assert (row["quarantined_until"], row["days"]) == ("2026-02-16T14:00:00Z", 2)
    ran = sqlite_cli(
        "number", "quarantine", N1, "--until", "2026-03-08T02:30", "--reason", "x", "-o", "json"
    )
    refused(ran, "nonexistent_time", 2)


def test_a_quarantine_needs_a_reason(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1)
    assert sqlite_cli("number", "quarantine", N1).code == 2
    assert show(sqlite_cli, N1)["status"] == "active"


def test_threads_and_future_windows_are_counted_until_its_end(cli: Cli) -> None:
    maya(cli)
    add(cli, POOL, number_class="pool")
    booked(cli, "B-past", "C-1", "-9h", "-7h")
    booked(cli, "B-running", "C-1", "-1h", "+1h")
    booked(cli, "B-soon", "C-1", "+1d", "+2d")
    booked(cli, "B-other", "C-2", "+3d", "+4d")
    booked(cli, "B-after", "C-3", "+30d", "+31d")
    booked(cli, "B-pending", "C-3", "+4d", "+5d", confirm=False)
    booked(cli, "B-gone", "C-3", "+5d", "+6d")
    cli("booking", "cancel", "--yes", "B-gone")
    row = quarantine(cli, N1, "--days", "7")[0]
    assert row["affected"] == {
        "sitter": "S-1",
        "sitter_name": "Maya Lee",
        "threads": 2,
        "future_windows": 3,
    }
    assert row["meanwhile"] == [{"number": POOL, "class": "pool", "windows": 3}]


def test_a_dry_run_is_a_plan_by_day_and_changes_nothing(cli: Cli) -> None:
    """Days are the org's: 02:00 UTC on the 17th is the evening of the 16th in New York."""
    maya(cli)
    booked(cli, "B-running", "C-1", "2026-02-13T20:00Z", "+1h")
    booked(cli, "B-monday", "C-1", "2026-02-16T15:00Z", "2026-02-16T18:00Z")
    booked(cli, "B-evening", "C-2", "2026-02-17T02:00Z", "2026-02-17T04:00Z")
    booked(cli, "B-after", "C-3", "+30d", "+31d")
    for client in ("C-1", "C-1", "C-2"):
        cli("message", "send", client, "--body", "Hi", now=NOW - timedelta(days=1))
    cli("message", "send", "C-1", "--body", "Hi")
    before = show(cli, N1), events(cli)
    (row,) = quarantine(cli, N1, "--days", "7", "--dry-run")
    desk = {"number": DESK, "class": "front_desk"}
    one = {"clients": ["C-1"], "client_names": ["Client 1"]}
    both = {"clients": ["C-1", "C-2"], "client_names": ["Client 1", "Client 2"]}
    assert row["windows_by_day"] == [
        {"day": "2026-02-14", "windows": 1, "bookings": ["B-running"], **one,
         "meanwhile": [{**desk, "windows": 1}]},
        {"day": "2026-02-16", "windows": 2, "bookings": ["B-monday", "B-evening"], **both,
         "meanwhile": [{**desk, "windows": 2}]},
    ]  # fmt: skip
    assert row["texted_by_day"] == [
        {"day": "2026-02-14", "texts": 1, **one, "meanwhile": [{**desk, "clients": 1}]},
    ]  # fmt: skip
    assert (show(cli, N1), events(cli)) == before
    assert "windows_by_day" not in quarantine(cli, N1, "--days", "7")[0]


def test_the_plan_of_a_front_desk_or_pool_number_names_recent_clients(
    sqlite_cli: Cli,
) -> None:
    """Clients of the last fourteen days, each on the day of the last message; no other numbers."""
    add(sqlite_cli, POOL, DESK2, number_class="pool")
    for client, days in (("C-1", 15), ("C-2", 3), ("C-3", 1), ("C-2", 1)):
        phone = f"+1415555100{client[-1]}"
        sqlite_cli("client", "add", f"Client {client}", "--phone", phone, "--ref", client)
        sent = NOW - timedelta(days=days)
        assert sqlite_cli("message", "send", client, "--body", "Hi", now=sent).code == 0
    sqlite_cli("message", "send", "C-3", "--body", "Later", "--at", "+1d")
    plans = quarantine(sqlite_cli, POOL, DESK2, "--dry-run")
    texted = {row["number"]: row["texted_by_day"] for row in plans}
    clients = [client for row in plans for day in row["texted_by_day"] for client in day["clients"]]
    assert sorted(clients) == ["C-2", "C-3"]
    for number, days_of in texted.items():
        for day in days_of:
            assert day["day"] == "2026-02-13"
            assert day["meanwhile"][0]["number"] not in (None, number)
    shown = sqlite_cli(
        "number", "quarantine", POOL, "--reason", "x", "--dry-run", "-o", "table", COLUMNS="80"
    ).out
    assert f"Clients messaged from {POOL} in the last 14 days" in shown
    assert "Fri 2026-02-13" in shown


def test_a_quarantine_reports_the_fallback_numbers(sqlite_cli: Cli) -> None:
    maya(sqlite_cli)
    booked(sqlite_cli, "B-1", "C-1", "-1h", "+1h")
    row = quarantine(sqlite_cli, N1)[0]
    assert row["meanwhile"] == [{"number": DESK, "class": "front_desk", "windows": 1}]
    now = route(sqlite_cli)
    assert now["number"]["e164"] == DESK
    assert now["trace"][0]["code"] == "SITTER_NUMBER_QUARANTINED"
    assert now["reason"] == "Sitter Maya Lee's number is quarantined - using front desk"


def test_a_quarantine_reports_windows_without_a_fallback(
    sqlite_cli: Cli, migrated_sqlite: str
) -> None:
    add_org(migrated_sqlite, "cat-nappers", front_desk=None)

    def other(*arguments: str, **options: Any) -> Ran:
        return sqlite_cli(*arguments, **options, PETMSG_ORG="cat-nappers")

    maya(other)
    booked(other, "B-1", "C-1", "-1h", "+1h")
    assert quarantine(other, N1)[0]["meanwhile"] == [{"number": None, "class": None, "windows": 1}]
    table = other("number", "quarantine", N1, "--reason", "x", "-o", "table")
    assert "1 from NO NUMBER" in table.out


def test_a_quarantined_pool_number_counts_its_threads(sqlite_cli: Cli) -> None:
    add(sqlite_cli, POOL, number_class="pool")
    for n in (1, 2):
        sqlite_cli("client", "add", f"N {n}", "--phone", f"+1415555100{n}", "--ref", f"C-{n}")
        sqlite_cli("message", "send", f"C-{n}", "--body", "hi")
    row = quarantine(sqlite_cli, POOL)[0]
    assert row["affected"] == {
        "sitter": None,
        "sitter_name": None,
        "threads": 2,
        "future_windows": 0,
    }


def test_quarantine_again_replaces_end_and_reason_and_is_audited(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1)
    quarantine(sqlite_cli, N1, "--days", "30")
    ran = sqlite_cli("number", "quarantine", N1, "--days", "1", "--reason", "less", "-o", "json")
    assert ran.json[0]["quarantined_until"] == "2026-02-15T15:00:00Z"
    assert ran.json[0]["previous_until"] == "2026-03-16T15:00:00Z"
    assert f"{N1} was quarantined until " in ran.err
    assert show(sqlite_cli, N1)["quarantine_reason"] == "less"
    last = events(sqlite_cli)[-1]
    assert (last["event"], last["reason"]) == ("number.quarantined", "less")
    assert last["payload"]["previous_until"] == "2026-03-16T15:00:00Z"
    assert last["payload"]["until"] == "2026-02-15T15:00:00Z"
    assert [row["quarantined_until"] for row in show(sqlite_cli, N1)["history"]] == [
        None,
        "2026-03-16T15:00:00Z",
        "2026-02-15T15:00:00Z",
    ]


def test_a_longer_quarantine_is_no_warning(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1)
    quarantine(sqlite_cli, N1, "--days", "30")
    ran = sqlite_cli("number", "quarantine", N1, "--days", "31", "--reason", "more")
    assert (ran.code, "was quarantined until" in ran.err) == (0, False)


def test_several_numbers_are_quarantined_and_one_refusal_stops_no_other(sqlite_cli: Cli) -> None:
    add(sqlite_cli, N1, N2)
    ran = sqlite_cli(
        "number", "quarantine", N1, DESK, "+14155550999", N2, "--reason", "x", "-o", "json"
    )
    assert ran.code == 4
    assert [row.get("status") or row["error"]["code"] for row in ran.json] == [
        "quarantined",
        "front_desk_needs_replacement",
        "number_not_found",
        "quarantined",
    ]
    assert [show(sqlite_cli, each)["status"] for each in (N1, DESK, N2)] == [
        "quarantined",
        "active",
        "quarantined",
    ]


# -------------------------------------------------------------------------------------- front desk


def test_the_active_front_desk_number_is_refused_without_a_replacement(sqlite_cli: Cli) -> None:
    ran = sqlite_cli("number", "quarantine", DESK, "--reason", "x", "-o", "json")
    assert "--replacement" in refused(ran, "front_desk_needs_replacement")["hint"]
    assert show(sqlite_cli, DESK)["status"] == "active"


def test_a_replacement_becomes_the_front_desk_in_the_same_transaction(cli: Cli) -> None:
    add(cli, POOL, number_class="pool")
    row = quarantine(cli, DESK, "--replacement", POOL)[0]
    assert row["replacement"] == POOL
    assert (show(cli, DESK)["class"], show(cli, DESK)["status"]) == ("front_desk", "quarantined")
    assert (show(cli, POOL)["class"], show(cli, POOL)["status"]) == ("front_desk", "active")


@pytest.mark.parametrize(
    ("replacement", "code"),
    [
        (N1, "number_held"),
        (N2, "number_quarantined"),
        (DESK, "number_quarantined"),
        (POOL2, "number_retired"),
        ("+14155550999", "number_not_found"),
    ],
    ids=["held", "quarantined", "itself", "retired", "unknown"],
)
def test_an_unusable_replacement_leaves_the_old_front_desk(
    sqlite_cli: Cli, replacement: str, code: str
) -> None:
    maya(sqlite_cli)
    add(sqlite_cli, N2, POOL2)
    quarantine(sqlite_cli, N2)
    sqlite_cli("number", "retire", "--yes", POOL2)
    before = events(sqlite_cli)
    ran = sqlite_cli(
        "number", "quarantine", DESK, "--replacement", replacement, "--reason", "x", "-o", "json"
    )
    refused(ran, code, 3 if code == "number_not_found" else 4)
    assert show(sqlite_cli, DESK)["status"] == "active"
    assert events(sqlite_cli) == before


def test_a_replacement_whose_quarantine_is_over_can_be_the_front_desk(sqlite_cli: Cli) -> None:
    add(sqlite_cli, POOL, number_class="pool")
    quarantine(sqlite_cli, POOL, "--days", "1")
    quarantine(sqlite_cli, DESK, "--replacement", POOL, now=NOW + timedelta(days=1))
    assert (show(sqlite_cli, POOL)["class"], show(sqlite_cli, POOL)["status"]) == (
        "front_desk",
        "active",
    )


def test_a_needless_replacement_is_refused(sqlite_cli: Cli) -> None:
    """Whoever gives one believes that the number is the desk."""
    add(sqlite_cli, N1)
    add(sqlite_cli, POOL, number_class="pool")
    ran = sqlite_cli(
        "number", "quarantine", N1, "--replacement", POOL, "--reason", "x", "-o", "json"
    )
    refused(ran, "refused")
    assert (show(sqlite_cli, N1)["status"], show(sqlite_cli, POOL)["class"]) == ("active", "pool")


def test_a_former_front_desk_is_not_restored_while_another_is_active(sqlite_cli: Cli) -> None:
    add(sqlite_cli, POOL, number_class="pool")
    quarantine(sqlite_cli, DESK, "--days", "1", "--replacement", POOL)
    for now in (NOW, NOW + timedelta(days=1)):
        ran = sqlite_cli("number", "restore", DESK, "--reason", "x", "-o", "json", now=now)
        refused(ran, "front_desk_taken")
    assert show(sqlite_cli, DESK)["status"] == "quarantined"


def test_release_due_makes_a_former_front_desk_a_pool_number(cli: Cli) -> None:
    add(cli, POOL, number_class="pool")
    quarantine(cli, DESK, "--days", "1", "--replacement", POOL)
    assert cli("number", "release-due", now=NOW + timedelta(days=1)).code == 0
    assert (show(cli, DESK)["class"], show(cli, DESK)["status"]) == ("pool", "active")
    assert show(cli, POOL)["class"] == "front_desk"
