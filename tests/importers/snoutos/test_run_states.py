"""What of the old system's state is taken over: the visits' ends, deliveries, overrides."""

from pathlib import Path
from typing import Any

import pytest

from petmsg.importers.snoutos.old_schemas import OLDER
from tests.support import snoutos
from tests.support.consistency import content, problems
from tests.support.fixtures import Ran, looking, run_cli
from tests.support.postgres import PostgresServer
from tests.support.snoutos import DESK, ORG, TABLES, sound

ZONE = ("--timezone", "America/New_York")
DELIVERY = ("id", "messageId", "attemptNo", "status", "providerErrorCode", "providerErrorMessage",
            "createdAt")  # fmt: skip
OVERRIDE = ("id", "orgId", "threadId", "targetType", "targetId", "startsAt", "endsAt", "reason",
            "removedAt")  # fmt: skip


def csv(columns: tuple[str, ...], *rows: dict[str, Any]) -> str:
    lines = [columns, *([str(row.get(name, "")) for name in columns] for row in rows)]
    return "".join(",".join(line) + "\n" for line in lines)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sound company as CSV files."""
    return snoutos.write_csv(sound(), tmp_path / "old")


def take_over(url: str, folder: Path, *options: str) -> Ran:
    return run_cli(url, "import", "snoutos", "-o", "json", "--dir", str(folder), *ZONE, *options)


def show(url: str, noun: str, ref: str) -> Any:
    return run_cli(url, noun, "show", ref, "-o", "json").json


@pytest.mark.parametrize(
    ("options", "ends_at", "window_ends_at"),
    [
        ((), "15:00", "16:00"),
        (("--old-grace-minutes", "30"), "15:30", "16:30"),
        (("--old-grace-minutes", "0"), "16:00", "17:00"),
    ],
)
def test_the_old_grace_is_taken_off_the_visits_end(
    migrated_url: str, folder: Path, options: tuple[str, ...], ends_at: str, window_ends_at: str
) -> None:
    """The end of an old window holds it: every visit became an hour longer."""
    assert take_over(migrated_url, folder, *options).code == 0
    booking = show(migrated_url, "booking", "BK-1")
    assert booking["ends_at"] == f"2026-02-14T{ends_at}:00Z"
    assert booking["window"]["ends_at"] == f"2026-02-14T{window_ends_at}:00Z"
    assert take_over(migrated_url, folder, *options).code == 0, "the same again is known"


def test_a_window_shorter_than_the_grace_keeps_its_end_and_is_reported(
    migrated_sqlite: str, tmp_path: Path
) -> None:
    old = sound()
    old["AssignmentWindow"][0]["endsAt"] = "2026-02-14 14:30"
    folder = snoutos.write_csv(old, tmp_path / "old")
    ran = take_over(migrated_sqlite, folder)
    assert [(row["id"], row["code"]) for row in ran.json["findings"]] == [
        ("w-1", "shorter_than_grace")
    ]
    assert show(migrated_sqlite, "booking", "BK-1")["ends_at"] == "2026-02-14T14:30:00Z"
    assert take_over(migrated_sqlite, folder).json["findings"] == []


def test_messages_keep_their_state_of_delivery(migrated_url: str, folder: Path) -> None:
    """The last attempt counts; without one a message was sent."""
    (folder / "MessageDelivery.csv").write_text(
        csv(
            DELIVERY,
            {
                "id": "d1",
                "messageId": "m-2",
                "attemptNo": 1,
                "status": "failed",
                "providerErrorCode": "30003",
                "createdAt": "2025-03-02 14:11",
            },
            {
                "id": "d2",
                "messageId": "m-2",
                "attemptNo": 2,
                "status": "delivered",
                "createdAt": "2025-03-02 14:12",
            },
            {
                "id": "d3",
                "messageId": "m-3",
                "attemptNo": 1,
                "status": "failed",
                "providerErrorCode": "30007",
                "providerErrorMessage": "filtered",
                "createdAt": "2025-05-01 08:01",
            },
        )
    )
    ran = take_over(migrated_url, folder)
    assert (ran.code, ran.json["findings"]) == (0, [])
    with looking(migrated_url) as cursor:
        rows = cursor.tuples("SELECT body, status, error_code FROM message")
    states = {body: (status, code) for body, status, code in rows}
    assert states['Rex is fine,\n"really" 🐕'] == ("delivered", None)
    assert states["Your invoice"] == ("failed", "30007")
    assert states["On my way"] == ("sent", None)
    assert problems(migrated_url) == []
    assert run_cli(migrated_url, "audit", "verify").code == 0


def override(id_: str, thread: str, target: str = "owner_inbox", **values: Any) -> dict[str, Any]:
    times = {"startsAt": "2026-02-14 12:00", "endsAt": "2026-02-20 12:00"}
    return {"id": id_, "orgId": ORG, "threadId": thread, "targetType": target, **times, **values}


def take_overrides(url: str, folder: Path, *rows: dict[str, Any], again: bool = True) -> Ran:
    """Take over a company with these overrides, twice: the second time changes nothing."""
    (folder / "RoutingOverride.csv").write_text(csv(OVERRIDE, *rows))
    ran = take_over(url, folder)
    assert problems(url) == []
    if again:
        before = content(url)
        told = {row["id"] for row in take_over(url, folder).json["findings"]}
        assert told == {row["id"] for row in ran.json["findings"] if not row["taken"]}
        assert content(url) == before
    return ran


def listed(url: str) -> list[dict[str, Any]]:
    rows = run_cli(url, "route", "override", "list", "--all", "-o", "json").json
    return sorted(rows, key=lambda row: str(row["client"]))


def test_overrides_that_run_are_taken_over(migrated_url: str, folder: Path) -> None:
    """The thread goes to the front desk, as it did there; what is over is not taken."""
    over = {"startsAt": "2026-01-01 12:00", "endsAt": "2026-01-02 12:00"}
    ran = take_overrides(
        migrated_url,
        folder,
        override("o-1", "t-2", reason="complaint about the visit"),
        override("o-over", "t-4", "sitter", **over),
        override("o-removed", "t-4", "sitter", removedAt="2026-02-14 13:00"),
    )
    assert (ran.code, ran.json["findings"]) == (0, [])
    (row,) = listed(migrated_url)
    assert (row["client"], row["starts_at"], row["until_at"], row["reason"]) == (
        "c-ann",
        "2026-02-14T12:00:00Z",
        "2026-02-20T12:00:00Z",
        "complaint about the visit",
    )
    explained = run_cli(migrated_url, "route", "explain", "c-ann", "-o", "json").json
    assert (explained["number"]["e164"], explained["trace"][0]["code"]) == (DESK, "OVERRIDE")
    events = run_cli(migrated_url, "audit", "list", "--all", "-o", "json").json
    (event,) = [each for each in events if each["event"] == "override.started"]
    assert (event["ref"], event["reason"]) == ("c-ann", "imported from Snoutos")
    assert run_cli(migrated_url, "audit", "verify").code == 0
    assert run_cli(migrated_url, "doctor", "-o", "json").code in (0, 10)


def test_an_override_without_an_end_ends_after_thirty_days(migrated_url: str, folder: Path) -> None:
    ran = take_overrides(migrated_url, folder, override("o-1", "t-4", endsAt=""))
    assert ran.code == 4
    (finding,) = ran.json["findings"]
    assert (finding["taken"], finding["code"]) == (True, "override_without_end")
    assert "ends on 2026-03-16 11:00 EDT here" in finding["reason"]
    assert listed(migrated_url)[0]["until_at"] == "2026-03-16T15:00:00Z"


def test_overrides_of_a_clients_threads_become_one(migrated_sqlite: str, folder: Path) -> None:
    ran = take_overrides(
        migrated_sqlite,
        folder,
        override("o-1", "t-1"),
        override("o-2", "t-2", startsAt="2026-02-18 12:00", endsAt="2026-02-25 12:00"),
        override("o-3", "t-4", startsAt="2026-03-01 12:00", endsAt="2026-03-02 12:00"),
    )
    assert ran.code == 0
    counted = {row["table"]: (row["new"], row["merged"]) for row in ran.json["tables"]}
    assert counted["RoutingOverride"] == (2, 1)
    with looking(migrated_sqlite) as cursor:
        spans = cursor.tuples("SELECT starts_at, until_at FROM route_override ORDER BY starts_at")
    assert [(str(start)[:10], str(until)[:10]) for start, until in spans] == [
        ("2026-02-14", "2026-02-25"),
        ("2026-03-01", "2026-03-02"),
    ]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (override("o-1", "t-2", "sitter"), (False, "override_not_taken")),
        (override("o-1", "t-2", "client", endsAt=""), (False, "override_not_taken")),
        (override("o-1", "t-2", "elsewhere"), (True, "override_to_desk")),
        (override("o-1", "t-2", ""), (True, "override_to_desk")),
        (override("o-1", "t-none"), (False, "needs_another_row")),
        (override("o-1", "t-2", startsAt="soon"), (False, "malformed_row")),
        (override("o-1", "t-2", startsAt="2026-03-01"), (False, "end_not_after_start")),
    ],
)
def test_an_override_that_cannot_be_so_here_is_told(
    migrated_sqlite: str, folder: Path, row: dict[str, Any], code: tuple[bool, str]
) -> None:
    ran = take_overrides(migrated_sqlite, folder, row)
    assert [(each["taken"], each["code"]) for each in ran.json["findings"]] == [code]


def test_a_second_override_of_a_client_is_told(migrated_sqlite: str, folder: Path) -> None:
    later = {"startsAt": "2026-03-01 12:00", "endsAt": "2026-03-02 12:00"}
    ran = take_overrides(
        migrated_sqlite, folder, override("o-1", "t-2"), override("o-2", "t-1", **later)
    )
    assert [(each["id"], each["code"]) for each in ran.json["findings"]] == [
        ("o-2", "override_runs")
    ]


def test_an_override_that_was_ended_here_stays_ended(migrated_sqlite: str, folder: Path) -> None:
    take_overrides(migrated_sqlite, folder, override("o-1", "t-2"), again=False)
    assert run_cli(migrated_sqlite, "route", "override", "end", "c-ann").code == 0
    assert take_over(migrated_sqlite, folder).code == 0
    explained = run_cli(migrated_sqlite, "route", "explain", "c-ann", "-o", "json").json
    assert explained["trace"][0]["code"] != "OVERRIDE"


def test_an_old_system_without_those_tables_is_taken_over_too(folder: Path) -> None:
    lacking = {table.name for table in OLDER.tables if table.may_lack}
    assert lacking == {"MessageDelivery", "RoutingOverride"}
    assert not any((folder / f"{name}.csv").exists() for name in lacking)


# --- from a real database, with rows that cannot be


ENUMS = {
    "NumberClass": ("front_desk", "sitter", "pool"),
    "Delivery": ("sent", "delivered", "failed"),
}
PRISMA = {
    **TABLES,
    "MessageNumber": {**TABLES["MessageNumber"], "class": '"NumberClass"'},
    "MessageDelivery": {
        "id": "text PRIMARY KEY",
        "messageId": "text",
        "attemptNo": "integer",
        "status": '"Delivery"',
        "providerErrorCode": "text",
        "providerErrorMessage": "text",
        "providerRaw": "jsonb",
        "createdAt": "timestamp(3)",
    },
    "RoutingOverride": {
        **dict.fromkeys(OVERRIDE, "text"),
        "startsAt": "timestamp(3)",
        "endsAt": "timestamp(3)",
        "removedAt": "timestamp(3)",
    },
}


def messy() -> dict[str, list[dict[str, Any]]]:
    """A company in the older schema with a flaw in each table."""
    old = sound()
    old["MessageNumber"][2].update({"class": "sitter"})
    old["MessageNumber"][4].update({"class": "pool"})
    old["ClientContact"][2]["e164"] = "212.555.0103 ext. 4"
    old["ClientContact"].append({"id": "k-bad", "clientId": "c-bob", "e164": "five"})
    old["AssignmentWindow"][2]["endsAt"] = "infinity"
    old["Message"][3]["providerMessageSid"] = old["Message"][1]["providerMessageSid"]
    old["Thread"].append({"id": "t-9", "orgId": ORG, "clientId": "c-none", "numberId": "n-pool"})
    old["MessageDelivery"] = [
        {"id": "d-1", "messageId": "m-2", "attemptNo": 2, "status": "failed",
         "providerErrorCode": "30005", "createdAt": "2025-03-02 14:12"},
        {"id": "d-2", "messageId": "m-2", "attemptNo": 1, "status": "sent",
         "createdAt": "2025-03-02 14:13"},
        {"id": "d-3", "messageId": "m-3", "status": "sent", "createdAt": "2025-05-01 08:00"},
        {"id": "d-4", "messageId": "m-3", "status": "delivered", "createdAt": "2025-05-01 08:02"},
    ]  # fmt: skip
    old["RoutingOverride"] = [
        override("o-1", "t-2"),
        override("o-2", "t-4", "sitter", targetId="s-maya"),
    ]
    return old


def test_a_messy_database_is_taken_into_both(
    migrated_url: str, postgres_server: PostgresServer
) -> None:
    """With the types that Prisma makes; a dry run says the same, and repeating adds nothing."""
    name = postgres_server.create()
    url = postgres_server.url(name, driver="postgresql")
    options = ("import", "snoutos", "-o", "json", "--url", url, *ZONE)
    try:
        snoutos.create(postgres_server.url(name), messy(), tables=PRISMA, enums=ENUMS)
        dry = run_cli(migrated_url, *options, "--dry-run")
        ran = run_cli(migrated_url, *options)
        before = content(migrated_url)
        again = run_cli(migrated_url, *options)
    finally:
        postgres_server.drop(name)
    assert ran.code == dry.code == 4, ran.err
    assert ran.json == dry.json
    assert ran.json["schema"] == "older"
    told = {(row["table"], row["id"]): (row["taken"], row["code"]) for row in ran.json["findings"]}
    assert told == {
        ("ClientContact", "k2"): (True, "extension_dropped"),
        ("ClientContact", "k-bad"): (False, "malformed_phone"),
        ("Thread", "t-9"): (False, "needs_another_row"),
        ("AssignmentWindow", "w-3"): (False, "malformed_row"),
        ("RoutingOverride", "o-2"): (False, "override_not_taken"),
        ("Message", "m-4"): (False, "malformed_row"),
    }
    assert content(migrated_url) == before
    assert {row["id"] for row in again.json["findings"]} == {
        row["id"] for row in ran.json["findings"] if not row["taken"]
    }
    with looking(migrated_url) as cursor:
        rows = cursor.tuples("SELECT body, status, error_code FROM message")
    states = {body: (status, code) for body, status, code in rows}
    assert states['Rex is fine,\n"really" 🐕'] == ("failed", "30005"), "the last attempt"
    assert states["Your invoice"] == ("delivered", None), "the newest row of one attempt"
    assert [row["client"] for row in listed(migrated_url)] == ["c-ann"]
    bob = run_cli(migrated_url, "client", "show", "c-bob", "--reveal", "-o", "json").json
    assert bob["phones"] == ["+12125550103"]
    assert problems(migrated_url) == []


# --- where there is no database ------------------------------------------------------------------


def test_a_missing_database_is_created(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "new" / "petmsg.db"
    dry = take_over(str(path), folder, "--dry-run")
    assert dry.code == 0, dry.err
    assert "Would create" in dry.err
    assert not path.parent.exists()
    ran = take_over(str(path), folder)
    assert (ran.code, ran.json) == (0, dry.json)
    assert show(str(path), "booking", "BK-1")["client"] == "c-ann"


@pytest.mark.postgres
def test_an_empty_server_is_filled(postgres_url: str, folder: Path) -> None:
    dry = take_over(postgres_url, folder, "--dry-run")
    assert dry.code == 0, dry.err
    ran = take_over(postgres_url, folder)
    assert (ran.code, ran.json) == (0, dry.json)


def test_a_source_that_cannot_be_read_makes_no_database(tmp_path: Path) -> None:
    path = tmp_path / "petmsg.db"
    empty = tmp_path / "empty"
    empty.mkdir()
    assert take_over(str(path), empty).code == 2
    assert not path.exists()


def test_an_import_without_the_timezone_it_needs_makes_no_database(
    tmp_path: Path, folder: Path
) -> None:
    path = tmp_path / "petmsg.db"
    ran = run_cli(str(path), "import", "snoutos", "--dir", str(folder))
    assert (ran.code, "needs a timezone" in ran.err) == (2, True)
    assert not path.exists()
