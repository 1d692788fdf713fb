"""A company is taken over from the newer schema of the old system; each of its flaws is told."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support import snoutos
from tests.support.consistency import content, problems
from tests.support.exported_company import command_line
from tests.support.fixtures import Ran, looking, run_cli
from tests.support.postgres import PostgresServer
from tests.support.snoutos import DESK, MAYA, OLD, OLGA, ORG, POOL
from tests.support.snoutos_newer import ENUMS, LEGACY_MESSAGE, TABLES, sound

ZONE = ("--timezone", "America/New_York")


@pytest.fixture(scope="module")
def old_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The old database with a sound company; only ever read here."""
    name = postgres_server.create()
    snoutos.create(
        postgres_server.url(name), sound(), tables={**TABLES, **LEGACY_MESSAGE}, enums=ENUMS
    )
    yield postgres_server.url(name, driver="postgresql")
    postgres_server.drop(name)


def take_over(url: str, *options: str) -> Ran:
    return run_cli(url, "import", "snoutos", "-o", "json", *options)


def told(ran: Ran) -> dict[tuple[str, str], tuple[bool, str]]:
    return {(row["table"], row["id"]): (row["taken"], row["code"]) for row in ran.json["findings"]}


def counts(ran: Ran, name: str = "new") -> dict[str, int]:
    return {row["table"]: row[name] for row in ran.json["tables"]}


@pytest.fixture
def taken(migrated_url: str, old_url: str) -> Callable[..., Ran]:
    """The command line on a database that has taken the sound company over."""
    ran = take_over(migrated_url, "--url", old_url, *ZONE)
    assert ran.code == 0, ran.out + ran.err
    return command_line(migrated_url)


# --------------------------------------------------------------------------------- what is taken


def test_the_newer_schema_is_taken_over_whole(migrated_url: str, old_url: str) -> None:
    ran = take_over(migrated_url, "--url", old_url, *ZONE)
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
    dry = take_over(migrated_url, "--url", old_url, *ZONE, "--dry-run")
    assert content(migrated_url) == before
    ran = take_over(migrated_url, "--url", old_url, *ZONE)
    assert dry.json == ran.json
    before = content(migrated_url)
    again = take_over(migrated_url, "--url", old_url, *ZONE)
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
    assert take_over(migrated_url, "--url", old_url).code == 0
    assert taken("client", "show", "c-bob", "-o", "json").json["opted_out"] is False


def test_csv_files_are_the_same_as_the_database(
    migrated_url: str, old_url: str, taken: Any, tmp_path: Path
) -> None:
    before = content(migrated_url)
    folder = snoutos.copy_out(old_url, tmp_path / "csv", TABLES)
    ran = take_over(migrated_url, "--dir", str(folder))
    assert (ran.code, ran.json["findings"]) == (0, [])
    assert content(migrated_url) == before


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
        assert take_over(migrated_sqlite, "--url", old_url, *ZONE).code == 0
        assert everything() == before


def test_a_missing_database_is_created(tmp_path: Path, old_url: str) -> None:
    path = tmp_path / "new" / "petmsg.db"
    ran = take_over(str(path), "--url", old_url, *ZONE)
    assert ran.code == 0, ran.err
    assert len(run_cli(str(path), "booking", "list", "-o", "json").json) == 4


# ------------------------------------------------------------------------------------- the schema


def test_the_older_schema_is_told_from_the_newer(
    migrated_sqlite: str, tmp_path: Path, old_url: str
) -> None:
    older = snoutos.write_csv(snoutos.sound(), tmp_path / "older")
    ran = take_over(migrated_sqlite, "--dir", str(older), *ZONE, "--dry-run")
    assert ran.json["schema"] == "older"


def test_a_mixture_of_both_is_refused(migrated_sqlite: str, tmp_path: Path) -> None:
    folder = snoutos.write_csv(sound(), tmp_path / "old", TABLES)
    (folder / "Thread.csv").write_text("id,orgId,clientId\n")
    ran = take_over(migrated_sqlite, "--dir", str(folder), *ZONE)
    assert (ran.code, ran.error["code"]) == (5, "old_tables_mixed")
    assert (
        '"Thread" of the older one and "Org", "MessageThread", "MessageEvent" of the newer'
        in (ran.error["message"])
    )


def test_a_folder_of_other_tables_is_refused(migrated_sqlite: str, tmp_path: Path) -> None:
    (tmp_path / "Client.csv").write_text("id,orgId,name\n")
    ran = take_over(migrated_sqlite, "--dir", str(tmp_path), *ZONE)
    assert (ran.code, ran.error["code"]) == (2, "malformed_file")
    assert '"Organization", "Thread"' in ran.error["message"]
    assert '"Org", "MessageThread", "MessageEvent"' in ran.error["message"]


def test_a_missing_column_has_its_name_there(migrated_sqlite: str, tmp_path: Path) -> None:
    folder = snoutos.write_csv(sound(), tmp_path / "old", TABLES)
    (folder / "MessageNumber.csv").write_text("id,orgId,e164,status\n")
    ran = take_over(migrated_sqlite, "--dir", str(folder), *ZONE)
    assert ran.error["code"] == "old_column_missing"
    assert "MessageNumber has no column numberClass" in ran.error["message"]


# -------------------------------------------------------------------------------------- each flaw


class Taker:
    """Takes a company over whose rows were spoilt first."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.old = sound()
        self.tables = {table: dict(columns) for table, columns in TABLES.items()}
        self._folder = folder
        self._times = 0

    def row(self, table: str, id_: str) -> dict[str, Any]:
        return next(row for row in self.old[table] if row["id"] == id_)

    def add(self, table: str, **values: Any) -> None:
        org = {"orgId": ORG} if "orgId" in self.tables[table] else {}
        self.old[table].append(org | values)

    def take(self, *options: str) -> Ran:
        """Take it over; the database must be whole afterwards, and stay as it is when repeated."""
        self._times += 1
        folder = snoutos.write_csv(self.old, self._folder / f"old-{self._times}", self.tables)
        options = ("--dir", str(folder), *(options or ZONE))
        ran = take_over(self.url, *options)
        assert ran.code in (0, 4), ran.err
        assert problems(self.url) == []
        before = content(self.url)
        again = take_over(self.url, *options)
        assert content(self.url) == before, "repeating changed something"
        assert told(again) == {key: why for key, why in told(ran).items() if not why[0]}
        return ran

    def show(self, noun: str, ref: str) -> Any:
        reveal = ["--reveal"] if noun in ("client", "sitter") else []
        return command_line(self.url)(noun, "show", ref, *reveal, "-o", "json").json


@pytest.fixture
def taker(migrated_sqlite: str, tmp_path: Path) -> Taker:
    return Taker(migrated_sqlite, tmp_path)


def everything_wrong(taker: Taker) -> None:
    """One of each flaw that a test below tries alone, and some more."""
    taker.add("Client", id="c-gone", firstName="Gone", phone="+12125550109", deletedAt="2026-01-01")
    taker.add("MessageThread", id="t-gone", clientId="c-gone", messageNumberId="n-desk",
              createdAt="2026-01-01")  # fmt: skip
    taker.add("Sitter", id="s-gone", firstName="Sue", active=True, deletedAt="2026-01-01")
    taker.add("Booking", id="b-gone", clientId="c-ann", sitterId="s-gone", status="confirmed",
              startAt="2026-04-01 14:00", endAt="2026-04-01 16:00")  # fmt: skip
    taker.add("MessageEvent", id="m-pics", threadId="t-4", direction="inbound", body="",
              createdAt="2026-01-05 08:00", actorType="client",
              mediaJson='["https://x.test/1?sig=secret", {"url": "https://x.test/2"}]')  # fmt: skip
    taker.add("OptOutState", id="o-bad", phone="twelve", state="opted_out")
    taker.add("SitterMaskedNumber", id="a-bad", sitterId="s-maya", messageNumberId="n-none",
              status="active")  # fmt: skip
    taker.add("AssignmentWindow", id="w-bad", threadId="t-none", sitterId="s-maya",
              bookingId="b-none", startAt="2026-04-01 14:00", endAt="2026-04-01 16:00",
              status="active")  # fmt: skip


def test_every_flaw_is_told_from_a_database_into_both(
    migrated_url: str, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    """Messy rows in a real PostgreSQL; a dry run says the same as the import."""
    taker = Taker(migrated_url, tmp_path)
    everything_wrong(taker)
    name = postgres_server.create()
    try:
        snoutos.create(postgres_server.url(name), taker.old, tables=TABLES, enums=ENUMS)
        url = postgres_server.url(name, driver="postgresql")
        dry = take_over(migrated_url, "--url", url, *ZONE, "--dry-run")
        ran = take_over(migrated_url, "--url", url, *ZONE)
    finally:
        postgres_server.drop(name)
    assert ran.code == dry.code == 4
    assert ran.json == dry.json
    assert told(ran) == {
        ("Client", "c-gone"): (False, "deleted_there"),
        ("Client.phone", "of client c-gone"): (False, "needs_another_row"),
        ("MessageThread", "t-gone"): (False, "needs_another_row"),
        ("Sitter", "s-gone"): (True, "deleted_there"),
        ("Booking", "b-gone"): (True, "sitter_offboarded"),
        ("MessageEvent", "m-pics"): (True, "media_not_taken"),
        ("OptOutState", "o-bad"): (False, "malformed_phone"),
        ("SitterMaskedNumber", "a-bad"): (False, "needs_another_row"),
        ("AssignmentWindow", "w-bad"): (False, "needs_another_row"),
    }
    assert ran.json["pictures"] == 2
    assert problems(migrated_url) == []


# --- people


def test_a_deleted_client_leaves_their_phone_to_the_one_made_anew(taker: Taker) -> None:
    taker.row("Client", "c-bob")["deletedAt"] = "2026-01-01 08:00"
    taker.add("Client", id="c-rob", firstName="Bob", phone="212-555-0103 ", deletedAt=None)
    taker.row("Client", "c-rob")["phone"] = "+1 212-555-0103"
    ran = taker.take()
    assert told(ran)[("Client", "c-bob")] == (False, "deleted_there")
    assert taker.show("client", "c-rob")["phones"] == ["+12125550103"]
    assert taker.show("client", "c-rob")["opted_out"] is True, "the opt-out is the phone's"


def test_a_client_deleted_there_since_stays_here_and_is_told(taker: Taker) -> None:
    taker.take()
    taker.row("Client", "c-bob")["deletedAt"] = "2026-01-01 08:00"
    ran = taker.take()
    assert told(ran) == {("Client", "c-bob"): (False, "deleted_there")}
    assert "petmsg client forget c-bob" in ran.json["findings"][0]["reason"]
    assert taker.show("client", "c-bob")["name"] == "Bob"


def test_a_deleted_sitter_is_offboarded_and_keeps_what_is_past(taker: Taker) -> None:
    taker.row("Sitter", "s-maya")["deletedAt"] = "2026-02-01 08:00"
    taker.row("Booking", "b-1").update(startAt="2026-02-10 14:00", endAt="2026-02-10 16:00")
    ran = taker.take()
    assert told(ran)[("Sitter", "s-maya")] == (True, "deleted_there")
    assert told(ran)[("MessageNumber", "n-maya")] == (True, "sitter_offboarded")
    assert told(ran)[("Booking", "b-3")] == (True, "sitter_offboarded")
    assert taker.show("sitter", "s-maya")["status"] == "offboarded"
    assert taker.show("booking", "b-1")["sitter"] == "s-maya"
    assert taker.show("booking", "b-3")["sitter"] is None
    assert command_line(taker.url)("number", "assign", MAYA, "s-olga", "-o", "json").code == 4


def test_a_second_own_phone_of_a_sitter_is_told(taker: Taker) -> None:
    taker.row("Sitter", "s-maya")["phone"] = "+13035550199"
    ran = taker.take()
    assert told(ran) == {("Sitter", "s-maya"): (True, "other_phone")}
    assert "+13035550199" not in ran.out
    assert taker.show("sitter", "s-maya")["phone"] == "+13035550101"


# --- numbers


@pytest.mark.parametrize("status", ["released", "reassigned", "deactivated"])
def test_two_sitters_of_a_number_one_of_them_before(taker: Taker, status: str) -> None:
    taker.add("SitterMaskedNumber", id="a-3", sitterId="s-olga", messageNumberId="n-maya",
              status=status)  # fmt: skip
    assert taker.take().json["findings"] == []
    assert taker.show("number", MAYA)["sitter"] == "s-maya"


def test_two_sitters_of_a_number_at_once(taker: Taker) -> None:
    taker.row("SitterMaskedNumber", "a-1")["assignedAt"] = "2026-02-01 08:00"
    taker.add("SitterMaskedNumber", id="a-3", sitterId="s-olga", messageNumberId="n-maya",
              status="active", assignedAt="2026-01-01 08:00")  # fmt: skip
    assert told(taker.take()) == {("SitterMaskedNumber", "a-3"): (False, "needs_another_row")}
    assert taker.show("number", MAYA)["sitter"] == "s-maya", "who got it last"


def test_a_quarantined_number_without_an_end_gets_the_orgs(taker: Taker) -> None:
    taker.row("MessageNumber", "n-pool")["status"] = "quarantined"
    ran = taker.take()
    assert told(ran) == {("MessageNumber", "n-pool"): (True, "malformed_row")}
    assert taker.show("number", POOL)["quarantined_until"] == "2026-05-15T15:00:00Z"


def test_a_number_with_a_pool_type_and_no_class_is_a_pool_number(taker: Taker) -> None:
    taker.row("MessageNumber", "n-pool")["numberClass"] = ""
    assert taker.take().json["findings"] == []
    assert taker.show("number", POOL)["class"] == "pool"


# --- threads


def test_a_thread_without_a_number_is_the_sitters_or_the_front_desks(taker: Taker) -> None:
    taker.row("MessageThread", "t-2")["messageNumberId"] = None
    taker.row("MessageThread", "t-4")["messageNumberId"] = None
    taker.row("MessageThread", "t-3").update(messageNumberId=None, maskedNumberE164=POOL)
    ran = taker.take()
    assert told(ran) == {
        ("MessageThread", "t-2"): (True, "number_assumed"),
        ("MessageThread", "t-4"): (True, "number_assumed"),
    }
    with looking(taker.url) as cursor:
        sent = dict(cursor.tuples("SELECT body, from_e164 FROM message"))
    assert (sent["On my way"], sent["Welcome, Bob"], sent["Your invoice"]) == (MAYA, DESK, POOL)


def test_a_thread_of_staff_is_told(taker: Taker) -> None:
    taker.add("MessageThread", id="t-staff", clientId=None, messageNumberId="n-desk")
    assert told(taker.take()) == {("MessageThread", "t-staff"): (False, "needs_another_row")}


# --- bookings and windows


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"startAt": "2026-03-01 18:00"}, (False, "end_not_after_start")),
        ({"endAt": "infinity"}, (False, "malformed_row")),
        ({"startAt": None}, (False, "malformed_row")),
        ({"clientId": "c-none"}, (False, "needs_another_row")),
        ({"clientId": None}, (False, "needs_another_row")),
        ({"sitterId": "s-none"}, (True, "sitter_not_taken")),
        ({"status": "somehow"}, (True, "unknown_status")),
        ({"status": None}, (True, "unknown_status")),
    ],
)
def test_an_invalid_booking_is_told(
    taker: Taker, values: dict[str, Any], code: tuple[bool, str]
) -> None:
    taker.row("Booking", "b-3").update(values)
    assert told(taker.take()) == {("Booking", "b-3"): code}


def test_a_booking_without_a_client_or_sitter_gets_its_windows(taker: Taker) -> None:
    taker.row("Booking", "b-1").update(clientId=None, sitterId=None)
    assert taker.take().json["findings"] == []
    booking = taker.show("booking", "b-1")
    assert (booking["client"], booking["sitter"]) == ("c-ann", "s-maya")


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"status": "pending"}, "booking_not_confirmed"),
        ({"status": "cancelled"}, "booking_not_confirmed"),
        ({"clientId": "c-bob"}, "malformed_row"),
        ({"endAt": "infinity"}, "needs_another_row"),
    ],
)
def test_a_window_whose_booking_has_none_is_told(
    taker: Taker, values: dict[str, str], code: str
) -> None:
    taker.row("Booking", "b-1").update(values)
    assert told(taker.take())[("AssignmentWindow", "w-1")] == (False, code)


def test_a_window_of_other_times_follows_its_booking(taker: Taker) -> None:
    taker.row("AssignmentWindow", "w-1")["endAt"] = "2026-02-14 16:30"
    assert told(taker.take()) == {("AssignmentWindow", "w-1"): (True, "window_differs")}
    assert taker.show("booking", "b-1")["ends_at"] == "2026-02-14T16:00:00Z"


@pytest.mark.parametrize(
    "values",
    [
        {"sitterId": "s-olga"},
        {"startAt": "2026-02-20 14:00", "endAt": "2026-02-20 16:00"},
    ],
)
def test_a_window_of_another_sitter_or_time_becomes_a_booking(
    taker: Taker, values: dict[str, str]
) -> None:
    taker.add("AssignmentWindow", **{**taker.row("AssignmentWindow", "w-1"), "id": "w-9", **values})
    assert told(taker.take()) == {("AssignmentWindow", "w-9"): (True, "booking_ref_taken")}
    booking = taker.show("booking", "snoutos:w-9")
    assert (booking["status"], booking["client"]) == ("confirmed", "c-ann")
    assert booking["sitter"] == values.get("sitterId", "s-maya")


def test_a_grace_that_is_said_is_subtracted(taker: Taker) -> None:
    taker.row("AssignmentWindow", "w-1")["endAt"] = "2026-02-14 16:30"
    ran = taker.take(*ZONE, "--old-grace-minutes", "30")
    assert ran.json["findings"] == []


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"sitterId": "s-olga"}, "booking_differs"),
        ({"endAt": "2026-03-01 17:00"}, "booking_differs"),
        ({"status": "confirmed"}, "booking_differs"),
        ({"status": "cancelled"}, "booking_differs"),
    ],
)
def test_a_booking_that_was_changed_there_since_is_told(
    taker: Taker, values: dict[str, str], code: str
) -> None:
    taker.take()
    taker.row("Booking", "b-3").update(values)
    assert told(taker.take()) == {("Booking", "b-3"): (False, code)}
    assert taker.show("booking", "b-3")["status"] == "pending"


def test_a_booking_that_was_confirmed_or_cancelled_here_stays_so(taker: Taker) -> None:
    taker.take()
    cli = command_line(taker.url)
    assert cli("booking", "confirm", "b-3").code == 0
    assert cli("booking", "cancel", "--yes", "b-1", "--reason", "rain").code == 0
    assert taker.take().json["findings"] == []
    assert taker.show("booking", "b-3")["status"] == "confirmed"
    assert taker.show("booking", "b-1")["status"] == "cancelled"


# --- messages, pictures and opt-outs


def test_pictures_are_counted_and_their_addresses_shown(taker: Taker) -> None:
    taker.row("MessageEvent", "m-1")["mediaJson"] = (
        '["https://u:p@api.example.com/ME1?sig=secret", {"mediaUrl": "https://x.test/2"}]'
    )
    taker.row("MessageEvent", "m-2")["mediaJson"] = "[]"
    taker.row("MessageEvent", "m-4")["mediaJson"] = "not json"
    ran = taker.take()
    assert told(ran) == {
        ("MessageEvent", "m-1"): (True, "media_not_taken"),
        ("MessageEvent", "m-4"): (True, "malformed_media"),
    }
    assert ran.json["pictures"] == 2
    assert "2 pictures are not in the old tables" in ran.out
    assert "https://api.example.com/ME1, https://x.test/2" in ran.out
    assert "secret" not in ran.out
    assert "were not imported: 2." in ran.err


def test_two_events_with_one_provider_id_are_one(taker: Taker) -> None:
    taker.row("MessageEvent", "m-4")["providerMessageSid"] = snoutos.sid(2)
    assert told(taker.take()) == {("MessageEvent", "m-4"): (False, "malformed_row")}


def test_a_state_of_opt_out_that_is_not_known_is_one(taker: Taker) -> None:
    taker.row("OptOutState", "o-2")["state"] = "paused"
    assert told(taker.take()) == {("OptOutState", "o-2"): (True, "unknown_state")}
    assert taker.show("client", "c-ann")["opted_out"] is True


@pytest.mark.parametrize(("state", "opted_out"), [("opted_in", False), (None, True)])
def test_a_stop_counts_only_where_no_state_is_known(
    taker: Taker, state: str | None, opted_out: bool
) -> None:
    taker.add("MessageEvent", id="m-stop", threadId="t-1", direction="inbound", body="STOP",
              actorType="client", createdAt="2026-01-02 08:00")  # fmt: skip
    taker.old["OptOutState"] = [row for row in taker.old["OptOutState"] if row["id"] != "o-2"]
    if state:
        taker.add("OptOutState", id="o-2", phone="+1 212 555 0101", state=state)
    taker.take()
    assert taker.show("client", "c-ann")["opted_out"] is opted_out


def test_the_opt_out_of_a_sitter_is_theirs(taker: Taker) -> None:
    taker.row("OptOutState", "o-3")["phone"] = "+1 303 555 0101"
    assert taker.take().json["findings"] == []
    rows = command_line(taker.url)("optout", "list", "-o", "json").json
    assert "s-maya" in {row["sitter"] for row in rows}


def test_an_erased_client_and_their_phone_do_not_come_back(taker: Taker) -> None:
    taker.take()
    cli = command_line(taker.url)
    assert cli("client", "forget", "c-ann", "--reason", "her wish", "--yes").code == 0
    taker.row("OptOutState", "o-2")["state"] = "opted_out"
    taker.take()
    written = str(content(taker.url))
    for personal in ("Ann Ivers", "+12125550101", "On my way"):
        assert personal not in written


# --- organisations


def test_organisations_without_a_row_are_taken_by_what_names_them(taker: Taker) -> None:
    taker.old["Org"] = []
    ran = taker.take()
    assert ran.json["orgs"] == [{"old_org": "org-1", "org": "org-1", "created": True}]
    assert counts(ran)["MessageEvent"] == 6


def test_an_organisation_that_is_not_listed_is_taken_if_it_is_named(taker: Taker) -> None:
    taker.old["Org"] = [{"id": "org-2", "name": "Other"}]
    ran = taker.take()
    assert ("Client", "c-ann") in told(ran)
    assert "--old-org org-1 --org SLUG" in ran.out
    ran = taker.take(*ZONE, "--old-org", "org-1", "--org", "happy-paws")
    assert ran.json["findings"] == []
    assert counts(ran)["Client"] == 2


def test_the_time_zone_of_the_old_tables_is_taken(taker: Taker) -> None:
    taker.tables["Org"]["timeZone"] = "text"
    taker.old["Org"][0]["timeZone"] = "America/Chicago"
    ran = taker.take("--old-org", "org-1")
    assert ran.code == 0
    shown = run_cli(taker.url, "org", "show", "-o", "json").json
    assert shown["timezone"] == "America/Chicago"


def test_a_time_zone_that_is_none_is_asked_for(taker: Taker) -> None:
    taker.tables["Org"]["timeZone"] = "text"
    taker.old["Org"][0]["timeZone"] = "Mars/Olympus"
    taker.take(*ZONE)
    shown = run_cli(taker.url, "org", "show", "-o", "json").json
    assert shown["timezone"] == "America/New_York"
