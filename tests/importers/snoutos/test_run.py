"""A company is taken over from the system petmsg replaces: what becomes of its rows."""

import json
from pathlib import Path

import pytest

from tests.importers.snoutos.take_over import ZONE, counts, take_over
from tests.support import snoutos
from tests.support.consistency import content, problems
from tests.support.exported_company import command_line
from tests.support.fixtures import NOW, Cli, looking, run_cli
from tests.support.snoutos import DESK, MAYA, OLD, OLGA, POOL, sid, sound


@pytest.fixture
def taken(migrated_url: str, old_url: str) -> Cli:
    """The command line on a database that has taken the sound company over."""
    ran = take_over(migrated_url, "--url", old_url, *ZONE)
    assert ran.code == 0, ran.out + ran.err
    return command_line(migrated_url)


# --------------------------------------------------------------------------------- what is taken


def test_a_sound_company_is_taken_over_whole(migrated_url: str, old_url: str) -> None:
    ran = take_over(migrated_url, "--url", old_url, *ZONE)
    assert ran.code == 0, ran.err
    assert ran.json["orgs"] == [{"old_org": "org-1", "org": "happy-paws", "created": True}]
    assert counts(ran) == {
        "Organization": 1,
        "Sitter": 2,
        "Client": 2,
        "ClientContact": 3,
        "MessageNumber": 5,
        "Thread": 2,
        "AssignmentWindow": 3,
        "Message": 6,
    }
    assert counts(ran, "merged")["Thread"] == 2
    assert ran.json["findings"] == []
    assert problems(migrated_url) == []


def test_refs_are_the_old_ids_and_the_first_phone_is_texted(taken: Cli) -> None:
    ann = taken("client", "show", "c-ann", "--reveal", "-o", "json").json
    assert (ann["name"], ann["phones"]) == ("Ann Ivers", ["+12125550101", "+12125550102"])
    listed = taken("client", "list", "--reveal", "-o", "json").json
    assert {row["client"]: row["phone"] for row in listed} == {
        "c-ann": "+12125550101",
        "c-bob": "+12125550103",
    }


def test_sitters_are_active_or_inactive_and_lack_only_what_the_old_tables_lack(
    taken: Cli, migrated_url: str, old_url: str
) -> None:
    rows = {row["sitter"]: row for row in taken("sitter", "list", "-o", "json").json}
    assert (rows["s-maya"]["status"], rows["s-maya"]["number"]) == ("active", MAYA)
    assert (rows["s-olga"]["status"], rows["s-olga"]["number"]) == ("inactive", OLGA)
    assert rows["s-maya"]["phone"] is None
    spans = taken("sitter", "show", "s-maya", "-o", "json").json["activity"]
    assert spans == [{"activated_at": "2026-02-14T15:00:00Z", "offboarded_at": None}]
    assert taken("sitter", "set", "s-maya", "--phone", "+13035550101").code == 0


def test_it_says_that_sitters_came_without_a_phone(migrated_url: str, old_url: str) -> None:
    ran = take_over(migrated_url, "--url", old_url, *ZONE)
    assert "Sitters without a phone of their own: 2." in ran.err


def test_numbers_keep_class_status_quarantine_and_holder(taken: Cli) -> None:
    rows = {row["number"]: row for row in taken("number", "list", "-o", "json").json}
    assert {e164: (row["class"], row["status"], row["sitter"]) for e164, row in rows.items()} == {
        DESK: ("front_desk", "active", None),
        MAYA: ("sitter", "active", "s-maya"),
        OLGA: ("sitter", "quarantined", "s-olga"),
        POOL: ("pool", "active", None),
        OLD: ("pool", "retired", None),
    }
    assert rows[OLGA]["quarantined_until"] == "2026-03-01T12:00:00Z"
    assert rows[OLGA]["quarantine_reason"] == "filtered as spam"
    assert rows[MAYA]["last_used_at"] == "2026-02-13T09:30:00.123000Z"


def test_the_number_ledger_begins_at_the_import(taken: Cli) -> None:
    history = taken("number", "history", OLGA, "-o", "json").json
    assert [(row["from"], row["sitter"], row["status"], row["reason"]) for row in history] == [
        ("2026-02-14T15:00:00Z", "s-olga", "quarantined", "imported from Snoutos")
    ]


def test_several_threads_of_a_client_become_one(taken: Cli) -> None:
    ann = taken("thread", "show", "c-ann", "-o", "json").json
    assert ann["created_at"] == "2025-03-01T08:00:00Z", "when the first of them began"
    assert ann["default_number"] == OLGA, "the first one's"
    assert ann["pool_number"] == POOL, "which she goes on seeing"
    assert [window["booking"] for window in ann["windows"]] == ["BK-2", "BK-1"]
    assert [text["message"] for text in ann["messages"]] == [1, 2, 3, 5, 6], "in order of time"
    assert {row["number"] for row in ann["numbers_seen"]} == {MAYA, OLGA, POOL}


def test_windows_become_confirmed_bookings_with_todays_grace(taken: Cli) -> None:
    booking = taken("booking", "show", "BK-3", "-o", "json").json
    assert (booking["status"], booking["client"], booking["sitter"]) == (
        "confirmed",
        "c-bob",
        "s-maya",
    )
    assert booking["window"] == {
        "id": booking["window"]["id"],
        "starts_at": "2026-03-01T14:00:00.500000Z",
        "booked_until": "2026-03-01T16:00:00Z",
        "ends_at": "2026-03-01T17:00:00Z",
    }


def test_a_time_without_a_zone_is_utc_whatever_the_server_thinks(taken: Cli) -> None:
    """The server of the tests is in New York."""
    assert taken("message", "show", "1", "-o", "json").json["created_at"] == (
        "2025-03-01T08:00:01.250000Z"
    )


def test_texts_keep_direction_body_time_and_the_providers_id(taken: Cli) -> None:
    text = taken("message", "show", "2", "-o", "json", "--reveal").json
    assert text["body"] == 'Rex is fine,\n"really" 🐕'
    assert (text["direction"], text["status"], text["provider_id"]) == ("outbound", "sent", sid(2))
    assert (text["from"], text["to"], text["as"]) == (OLGA, "+12125550101", "s-olga")
    assert (text["sent_at"], text["provider"]) == ("2025-03-02T14:10:00Z", "twilio")
    assert text["decision"]["reason"] == "Sent by Snoutos, from the number of its thread there"
    inbound = taken("message", "show", "1", "-o", "json", "--reveal").json
    assert (inbound["direction"], inbound["status"]) == ("inbound", "received")
    assert (inbound["from"], inbound["to"], inbound["actor"]) == (
        "+12125550101",
        OLGA,
        "snoutos:client",
    )


def test_old_texts_wait_for_nobody(taken: Cli, migrated_url: str) -> None:
    assert taken("inbox", "list", "-o", "json").json == []
    with looking(migrated_url) as cursor:
        came, listed = cursor.tuples(
            "SELECT (SELECT count(*) FROM message WHERE direction = 'inbound'),"
            " (SELECT count(*) FROM inbound_text)"
        )[0]
    assert came == listed > 0


def test_a_text_without_a_providers_id_has_a_key_and_is_not_called_sent(
    taken: Cli, migrated_url: str
) -> None:
    with looking(migrated_url) as cursor:
        keys = cursor.tuples("SELECT idempotency_key, body FROM message ORDER BY id")
    assert keys == [
        (None, "Hello? =1+1"),
        (None, 'Rex is fine,\n"really" 🐕'),
        (None, "Your invoice"),
        ("snoutos:m-6", "Welcome, Bob"),
        (None, "On my way"),
        ("snoutos:m-5", ""),
    ]
    text = taken("message", "show", "4", "-o", "json").json
    assert (text["status"], text["error"]["code"]) == ("failed", "no_provider_id")


def test_what_was_taken_over_routes_at_once(taken: Cli) -> None:
    explained = taken("route", "explain", "c-ann", "-o", "json").json
    assert (explained["number"]["e164"], explained["reason"]) == (
        MAYA,
        "Active assignment window for sitter Maya Lee",
    )
    evening = taken("route", "explain", "c-ann", "--at", "+5h", "-o", "json").json
    assert (evening["number"]["e164"], evening["trace"][-1]["code"]) == (POOL, "POOL_STICKY")
    assert taken("message", "send", "c-ann", "--body", "Hello from petmsg").code == 0


def test_texts_that_were_taken_over_are_not_asked_for_at_another_provider(taken: Cli) -> None:
    ran = taken("message", "sync", "-o", "json", now=NOW)
    assert (ran.code, ran.json) == (0, [])


def test_everything_is_audited_and_the_chain_holds(taken: Cli) -> None:
    assert taken("audit", "verify", "-o", "json").json[0]["ok"]
    events = [row["event"] for row in taken("audit", "list", "--all", "-o", "json").json]
    wanted = {
        "org.added": 1,
        "org.imported": 1,
        "sitter.added": 2,
        "sitter.activated": 1,
        "client.added": 2,
        "client.phone_added": 3,
        "number.added": 5,
        "number.assigned": 2,
        "thread.created": 2,
        "booking.added": 3,
        "booking.confirmed": 3,
        "window.created": 3,
        "message.imported": 1,
    }
    assert {event: events.count(event) for event in set(events)} == wanted


def test_the_audit_holds_no_phone_name_or_body(taken: Cli) -> None:
    written = taken("audit", "export").out
    for personal in ("Ann Ivers", "+12125550101", "On my way", "Maya"):
        assert personal not in written


# ---------------------------------------------------------------------------------- again and again


def test_repeating_changes_nothing(taken: Cli, migrated_url: str, old_url: str) -> None:
    before = content(migrated_url)
    ran = take_over(migrated_url, "--url", old_url)
    assert ran.code == 0
    assert content(migrated_url) == before
    assert set(counts(ran).values()) == {0}
    assert counts(ran, "known")["Message"] == 6


def test_csv_files_are_the_same_as_the_database(
    taken: Cli, migrated_url: str, csv_folder: Path
) -> None:
    before = content(migrated_url)
    ran = take_over(migrated_url, "--dir", str(csv_folder))
    assert ran.code == 0, ran.err
    assert content(migrated_url) == before


def test_csv_files_alone_are_enough(migrated_sqlite: str, csv_folder: Path) -> None:
    ran = take_over(migrated_sqlite, "--dir", str(csv_folder), *ZONE)
    assert ran.code == 0, ran.err
    assert counts(ran)["Message"] == 6
    assert problems(migrated_sqlite) == []


def test_only_news_are_taken(migrated_url: str, tmp_path: Path) -> None:
    rows = sound()
    folder = snoutos.write_csv(rows, tmp_path / "old")
    assert take_over(migrated_url, "--dir", str(folder), *ZONE).code == 0
    cli = command_line(migrated_url)
    cli("client", "set", "c-bob", "--name", "Robert")
    rows["Client"].append({"id": "c-new", "orgId": "org-1", "name": "Zoe"})
    rows["ClientContact"] += [
        {"id": "k8", "clientId": "c-new", "e164": "+12125550108"},
        {"id": "k9", "clientId": "c-bob", "e164": "+12125550109"},
    ]
    rows["Thread"].append(
        {"id": "t-9", "orgId": "org-1", "clientId": "c-ann", "numberId": "n-desk",
         "createdAt": "2026-02-14 12:00"}
    )  # fmt: skip
    rows["Message"].append(
        {"id": "m-9", "orgId": "org-1", "threadId": "t-9", "direction": "inbound", "body": "New",
         "createdAt": "2026-02-14 12:01"}
    )  # fmt: skip
    rows["Message"][5]["providerMessageSid"] = sid(6)  # which the old system learned meanwhile
    ran = take_over(migrated_url, "--dir", str(snoutos.write_csv(rows, tmp_path / "new")))
    assert ran.code == 0, ran.err
    assert {table: new for table, new in counts(ran).items() if new} == {
        "Client": 1,
        "ClientContact": 2,
        "Message": 1,
    }
    assert cli("client", "show", "c-bob", "-o", "json").json["name"] == "Robert"
    assert cli("client", "show", "c-bob", "--reveal", "-o", "json").json["phones"] == [
        "+12125550103",
        "+12125550109",
    ]
    assert [text["body"] for text in cli("thread", "show", "c-ann", "-o", "json").json["messages"]][
        -1
    ] == "New"
    assert problems(migrated_url) == []


def test_a_dry_run_gives_the_same_report_and_changes_nothing(
    migrated_url: str, old_url: str
) -> None:
    before = content(migrated_url)
    dry = take_over(migrated_url, "--url", old_url, *ZONE, "--dry-run")
    assert dry.code == 0
    assert content(migrated_url) == before
    assert dry.json == take_over(migrated_url, "--url", old_url, *ZONE).json


def test_many_rows_are_taken_a_thousand_at_a_time(
    migrated_sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than fit into one transaction, in an order that is not theirs."""
    monkeypatch.setattr("petmsg.importers.snoutos.staging.CHUNK", 7)
    rows = sound()
    clients = [f"c-{n:03d}" for n in range(40)]
    rows["Client"] += [{"id": ref, "orgId": "org-1", "name": ref} for ref in clients]
    rows["ClientContact"] += [
        {"id": f"k-{ref}", "clientId": ref, "e164": f"+1212555{index + 1000}"}
        for index, ref in enumerate(reversed(clients))
    ]
    rows["Thread"] += [
        {"id": f"t-{ref}-{n}", "orgId": "org-1", "clientId": ref, "numberId": "n-pool",
         "createdAt": f"2026-01-0{n} 08:00"}
        for ref in clients for n in (2, 1)
    ]  # fmt: skip
    rows["Message"] += [
        {"id": f"m-{ref}-{n}", "orgId": "org-1", "threadId": f"t-{ref}-{n}", "body": f"{n}",
         "direction": "outbound", "createdAt": f"2026-01-0{n} 09:00",
         "providerMessageSid": sid(1000 + index * 2 + n)}
        for index, ref in enumerate(clients) for n in (2, 1)
    ]  # fmt: skip
    folder = snoutos.write_csv(rows, tmp_path / "old")
    ran = take_over(migrated_sqlite, "--dir", str(folder), *ZONE)
    assert ran.code == 0, ran.err
    assert counts(ran)["Message"] == 6 + 80
    assert (counts(ran)["Thread"], counts(ran, "merged")["Thread"]) == (42, 42)
    cli = command_line(migrated_sqlite)
    for ref in (clients[0], clients[-1]):
        thread = cli("thread", "show", ref, "-o", "json").json
        assert [text["body"] for text in thread["messages"]] == ["1", "2"]
        assert (thread["pool_number"], thread["created_at"]) == (POOL, "2026-01-01T08:00:00Z")
    assert problems(migrated_sqlite) == []


def test_a_person_sees_counts_and_what_to_do(migrated_sqlite: str, csv_folder: Path) -> None:
    ran = run_cli(
        migrated_sqlite, "import", "snoutos", "--dir", str(csv_folder), *ZONE, "-o", "table"
    )
    assert "Old table" in ran.out
    assert "Merged" in ran.out
    lines = run_cli(migrated_sqlite, "import", "snoutos", "--dir", str(csv_folder), "-o", "tsv").out
    assert lines.splitlines()[0].split("\t")[:3] == ["org", "table", "read"]
    one = run_cli(migrated_sqlite, "import", "snoutos", "--dir", str(csv_folder), "-o", "jsonl").out
    assert len(one.splitlines()) == 1
    assert json.loads(one)["findings"] == []
