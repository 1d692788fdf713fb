"""What of the old system's state is taken over: the visits' ends, deliveries, overrides."""

from pathlib import Path
from typing import Any

import pytest

from petmsg.importers.snoutos.legacy_schema import TABLES
from tests.support import snoutos
from tests.support.consistency import problems
from tests.support.fixtures import Ran, looking, run_cli
from tests.support.snoutos import ORG, sound

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


def test_overrides_that_run_or_are_to_come_are_reported(migrated_url: str, folder: Path) -> None:
    (folder / "RoutingOverride.csv").write_text(
        csv(
            OVERRIDE,
            {
                "id": "o-1",
                "orgId": ORG,
                "threadId": "t-2",
                "targetType": "owner_inbox",
                "startsAt": "2026-02-14 12:00",
            },
            {
                "id": "o-2",
                "orgId": ORG,
                "threadId": "t-4",
                "targetType": "sitter",
                "startsAt": "2026-03-01 12:00",
                "endsAt": "2026-03-02 12:00",
            },
            {
                "id": "o-over",
                "orgId": ORG,
                "threadId": "t-2",
                "targetType": "sitter",
                "startsAt": "2026-01-01 12:00",
                "endsAt": "2026-01-02 12:00",
            },
            {
                "id": "o-removed",
                "orgId": ORG,
                "threadId": "t-2",
                "targetType": "sitter",
                "startsAt": "2026-01-01 12:00",
                "removedAt": "2026-01-02 12:00",
            },
        )
    )
    ran = take_over(migrated_url, folder)
    assert ran.code == 4
    told = {row["id"]: row["reason"] for row in ran.json["findings"]}
    assert set(told) == {"o-1", "o-2"}
    assert "client c-ann go to owner_inbox until it is removed" in told["o-1"]
    assert "client c-bob go to sitter until 2026-03-02 12:00 UTC" in told["o-2"]


def test_an_old_system_without_those_tables_is_taken_over_too(folder: Path) -> None:
    lacking = {table.name for table in TABLES if table.may_lack}
    assert lacking == {"MessageDelivery", "RoutingOverride"}
    assert not any((folder / f"{name}.csv").exists() for name in lacking)


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
