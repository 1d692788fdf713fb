"""A company is taken over from the newer schema of the old system; each of its flaws is told."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.importers.snoutos.take_over import ZONE, counts, take_over_newer
from tests.support import snoutos
from tests.support.consistency import content, problems
from tests.support.exported_company import command_line
from tests.support.fixtures import Ran, looking, run_cli
from tests.support.postgres import PostgresServer
from tests.support.snoutos import DESK, MAYA, OLD, OLGA, ORG, POOL
from tests.support.snoutos_newer import ENUMS, LEGACY_MESSAGE, TABLES, sound


@pytest.fixture(scope="module")
def old_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The old database with a sound company; only ever read here."""
    name = postgres_server.create()
    snoutos.create(
        postgres_server.url(name), sound(), tables={**TABLES, **LEGACY_MESSAGE}, enums=ENUMS
    )
    yield postgres_server.url(name, driver="postgresql")
    postgres_server.drop(name)


@pytest.fixture
def taken(migrated_url: str, old_url: str) -> Callable[..., Ran]:
    """The command line on a database that has taken the sound company over."""
    ran = take_over_newer(migrated_url, "--url", old_url, *ZONE)
    assert ran.code == 0, ran.out + ran.err
    return command_line(migrated_url)


# --------------------------------------------------------------------------------- what is taken


def test_the_newer_schema_is_taken_over_whole(migrated_url: str, old_url: str) -> None:
    ran = take_over_newer(migrated_url, "--url", old_url, *ZONE)
    assert ran.code == 0, ran.out + ran.err
    assert ran.json["schema"] == "newer"
    assert "Found the newer schema of the old system." in ran.err
    assert ran.json["findings"] == []
    assert counts(ran) == {
        "Org": 1,
        "Sitter": 2,
        "Client": 2,
        "Client.phone": 2,
        "MessageNumber": 5,
        "SitterMaskedNumber": 0,
        "MessageThread": 2,
        "Booking": 4,
        "AssignmentWindow": 0,
        "OptOutState": 2,
        "MessageEvent": 6,
    }
    assert counts(ran, "merged") == {
        **dict.fromkeys(counts(ran), 0),
        "SitterMaskedNumber": 2,
        "MessageThread": 2,
        "AssignmentWindow": 2,
    }
    assert problems(migrated_url) == []
    assert run_cli(migrated_url, "audit", "verify").code == 0
    doctor = run_cli(migrated_url, "doctor", "-o", "json").json
    assert [row for row in doctor if row["result"] not in ("ok", "warning")] == []


def test_repeating_changes_nothing_and_a_dry_run_says_the_same(
    migrated_url: str, old_url: str
) -> None:
    before = content(migrated_url)
    dry = take_over_newer(migrated_url, "--url", old_url, *ZONE, "--dry-run")
    assert content(migrated_url) == before
    ran = take_over_newer(migrated_url, "--url", old_url, *ZONE)
    assert dry.json == ran.json
    before = content(migrated_url)
    again = take_over_newer(migrated_url, "--url", old_url, *ZONE)
    assert (again.code, again.json["findings"]) == (0, [])
    assert content(migrated_url) == before
    assert set(counts(again).values()) == {0}


def test_people_have_their_names_and_own_phones(taken: Callable[..., Ran]) -> None:
    clients = taken("client", "list", "--reveal", "-o", "json").json
    assert {row["client"]: (row["name"], row["phone"]) for row in clients} == {
        "c-ann": ("Ann Ivers", "+12125550101"),
        "c-bob": ("Bob", "+12125550103"),
    }
    sitters = taken("sitter", "list", "--reveal", "-o", "json").json
    assert {row["sitter"]: (row["name"], row["phone"], row["status"]) for row in sitters} == {
        "s-maya": ("Maya Lee", "+13035550101", "active"),
        "s-olga": ("Olga Roy", "+13035550102", "inactive"),
    }


def test_a_number_is_the_sitters_who_has_it_and_never_goes_to_another(
    taken: Callable[..., Ran],
) -> None:
    rows = {row["number"]: row for row in taken("number", "list", "-o", "json").json}
    assert {e164: (row["class"], row["status"], row["sitter"]) for e164, row in rows.items()} == {
        DESK: ("front_desk", "active", None),
        MAYA: ("sitter", "active", "s-maya"),
        OLGA: ("sitter", "active", None),
        POOL: ("pool", "active", None),
        OLD: ("pool", "retired", None),
    }
    assert rows[MAYA]["last_used_at"] == "2026-02-13T09:30:00.123000Z"
    assert taken("number", "assign", OLGA, "s-maya", "-o", "json").code == 4
    assert taken("sitter", "activate", "s-olga", "-o", "json").json[0]["number"] == OLGA


def test_bookings_keep_their_status_and_windows_are_with_them(taken: Callable[..., Ran]) -> None:
    rows = {row["booking"]: row for row in taken("booking", "list", "-o", "json").json}
    assert {ref: (row["status"], row["sitter"]) for ref, row in rows.items()} == {
        "b-1": ("confirmed", "s-maya"),
        "b-2": ("confirmed", "s-olga"),
        "b-3": ("pending", "s-maya"),
        "b-4": ("cancelled", None),
    }
    window = taken("booking", "show", "b-1", "-o", "json").json["window"]
    assert (window["booked_until"], window["ends_at"]) == (
        "2026-02-14T16:00:00Z",
        "2026-02-14T17:00:00Z",
    ), "the old windows hold no grace, and this org's is added"
    assert taken("booking", "show", "b-3", "-o", "json").json["window"] is None
    explained = taken("route", "explain", "c-ann", "-o", "json").json
    assert explained["reason"] == "Active assignment window for sitter Maya Lee"


def test_messages_keep_their_state_of_delivery(migrated_url: str, taken: Any) -> None:
    with looking(migrated_url) as cursor:
        rows = cursor.tuples("SELECT body, status, error_code, attempts FROM message")
    assert {body: (status, code, attempts) for body, status, code, attempts in rows} == {
        "Hello?": ("received", None, 0),
        "Rex is fine": ("delivered", None, 1),
        "Your invoice": ("failed", "30007", 1),
        "On my way": ("sent", None, 1),
        "Welcome, Bob": ("delivered", None, 1),
        "Never sent": ("failed", "no_provider_id", 0),
    }


def test_opt_outs_hold_also_of_a_phone_of_nobody(taken: Callable[..., Ran]) -> None:
    assert taken("client", "show", "c-bob", "-o", "json").json["opted_out"] is True
    assert taken("client", "show", "c-ann", "-o", "json").json["opted_out"] is False
    assert taken("message", "send", "c-bob", "--body", "Hi", "-o", "json").error["code"] == (
        "opted_out"
    )
    listed = taken("optout", "list", "--reveal", "-o", "json").json
    assert sorted(str(row["client"]) for row in listed) == ["None", "c-bob"]
    assert {row["opted_out_at"] for row in listed} == {"2026-01-03T08:00:00Z"}
    added = taken("client", "add", "New", "--phone", "+12125550177", "--ref", "c-new")
    assert added.code == 0
    assert taken("client", "show", "c-new", "-o", "json").json["opted_out"] is True


def test_who_was_opted_in_here_since_stays_so(
    migrated_url: str, old_url: str, taken: Callable[..., Ran]
) -> None:
    assert taken("optout", "remove", "c-bob", "--reason", "she asked").code == 0
    assert take_over_newer(migrated_url, "--url", old_url).code == 0
    assert taken("client", "show", "c-bob", "-o", "json").json["opted_out"] is False


def test_csv_files_are_the_same_as_the_database(
    migrated_url: str, old_url: str, taken: Any, tmp_path: Path
) -> None:
    before = content(migrated_url)
    folder = snoutos.copy_out(old_url, tmp_path / "csv", TABLES)
    ran = take_over_newer(migrated_url, "--dir", str(folder))
    assert (ran.code, ran.json["findings"]) == (0, [])
    assert content(migrated_url) == before


def test_a_large_company_is_taken_in_parts(
    migrated_sqlite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More rows than fit into a transaction, whose parts need each other."""
    monkeypatch.setattr("petmsg.importers.snoutos.staging.CHUNK", 5)
    rows = sound()
    for n in range(23):
        ref = f"c-{n:02d}"
        same = {"orgId": ORG, "clientId": ref}
        rows["Client"].append(
            {"id": ref, "orgId": ORG, "firstName": ref, "phone": f"(212) 555-11{n:02d}"}
        )
        rows["MessageThread"].append(
            {**same, "id": f"t-{ref}", "messageNumberId": "n-pool", "createdAt": "2026-01-01"}
        )
        day = {"startAt": "2026-03-05 14:00", "endAt": "2026-03-05 16:00", "sitterId": "s-maya"}
        rows["Booking"].append({**same, **day, "id": f"b-{ref}", "status": "confirmed"})
        rows["AssignmentWindow"].append(
            {**day, "id": f"w-{ref}", "threadId": f"t-{ref}", "bookingId": f"b-{ref}",
             "endAt": "2026-03-05 16:30", "status": "active"}
        )  # fmt: skip
        rows["OptOutState"].append(
            {"id": f"o-{ref}", "orgId": ORG, "phone": f"212.555.11{n:02d}", "state": "opted_out"}
        )
    folder = snoutos.write_csv(rows, tmp_path / "old", TABLES)
    ran = take_over_newer(migrated_sqlite, "--dir", str(folder), *ZONE)
    assert {row["code"] for row in ran.json["findings"]} == {"window_differs"}
    assert len(ran.json["findings"]) == 23
    assert counts(ran)["Booking"] == counts(ran)["MessageThread"] + 2 == 27
    assert counts(ran)["OptOutState"] == 25
    assert problems(migrated_sqlite) == []
    again = take_over_newer(migrated_sqlite, "--dir", str(folder), *ZONE)
    assert (again.code, set(counts(again).values())) == (0, {0})


def test_the_old_database_is_only_read(
    migrated_sqlite: str, old_url: str, postgres_server: PostgresServer
) -> None:
    database = old_url.rpartition("/")[2]
    admin = f"host=127.0.0.1 port={postgres_server.port} user=postgres dbname={database}"
    with psycopg.connect(admin, autocommit=True) as connection:

        def everything() -> list[Any]:
            return [
                connection.execute(f'SELECT *, xmin::text FROM "{table}" ORDER BY 1').fetchall()
                for table in TABLES
            ]

        connection.execute(f'ALTER DATABASE "{database}" SET default_transaction_read_only TO on')
        before = everything()
        assert take_over_newer(migrated_sqlite, "--url", old_url, *ZONE).code == 0
        assert everything() == before


def test_a_missing_database_is_created(tmp_path: Path, old_url: str) -> None:
    path = tmp_path / "new" / "petmsg.db"
    ran = take_over_newer(str(path), "--url", old_url, *ZONE)
    assert ran.code == 0, ran.err
    assert len(run_cli(str(path), "booking", "list", "-o", "json").json) == 4


# ------------------------------------------------------------------------------------- the schema


def test_the_older_schema_is_told_from_the_newer(
    migrated_sqlite: str, tmp_path: Path, old_url: str
) -> None:
    older = snoutos.write_csv(snoutos.sound(), tmp_path / "older")
    ran = take_over_newer(migrated_sqlite, "--dir", str(older), *ZONE, "--dry-run")
    assert ran.json["schema"] == "older"


def test_a_mixture_of_both_is_refused(migrated_sqlite: str, tmp_path: Path) -> None:
    folder = snoutos.write_csv(sound(), tmp_path / "old", TABLES)
    (folder / "Thread.csv").write_text("id,orgId,clientId\n")
    ran = take_over_newer(migrated_sqlite, "--dir", str(folder), *ZONE)
    assert (ran.code, ran.error["code"]) == (5, "old_tables_mixed")
    assert (
        '"Thread" of the older one and "Org", "MessageThread", "MessageEvent" of the newer'
        in (ran.error["message"])
    )


def test_a_folder_of_other_tables_is_refused(migrated_sqlite: str, tmp_path: Path) -> None:
    (tmp_path / "Client.csv").write_text("id,orgId,name\n")
    ran = take_over_newer(migrated_sqlite, "--dir", str(tmp_path), *ZONE)
    assert (ran.code, ran.error["code"]) == (2, "malformed_file")
    assert '"Organization", "Thread"' in ran.error["message"]
    assert '"Org", "MessageThread", "MessageEvent"' in ran.error["message"]


def test_a_missing_column_has_its_name_there(migrated_sqlite: str, tmp_path: Path) -> None:
    folder = snoutos.write_csv(sound(), tmp_path / "old", TABLES)
    (folder / "MessageNumber.csv").write_text("id,orgId,e164,status\n")
    ran = take_over_newer(migrated_sqlite, "--dir", str(folder), *ZONE)
    assert ran.error["code"] == "old_column_missing"
    assert "MessageNumber has no column numberClass" in ran.error["message"]
