"""What the newer schema may hold that cannot be: each row is told, and stops no other."""

from pathlib import Path
from typing import Any

import pytest

from tests.importers.snoutos.take_over import ZONE, counts, take_over_newer, told
from tests.importers.snoutos.taker import Taker
from tests.support import snoutos
from tests.support.consistency import content, problems
from tests.support.exported_company import command_line
from tests.support.fixtures import looking, run_cli
from tests.support.postgres import PostgresServer
from tests.support.snoutos import DESK, MAYA, POOL
from tests.support.snoutos_newer import ENUMS, TABLES


@pytest.fixture
def taker(migrated_sqlite: str, tmp_path: Path) -> Taker:
    return Taker(migrated_sqlite, tmp_path, newer=True)


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
    taker = Taker(migrated_url, tmp_path, newer=True)
    everything_wrong(taker)
    name = postgres_server.create()
    try:
        snoutos.create(postgres_server.url(name), taker.old, tables=TABLES, enums=ENUMS)
        url = postgres_server.url(name, driver="postgresql")
        dry = take_over_newer(migrated_url, "--url", url, *ZONE, "--dry-run")
        ran = take_over_newer(migrated_url, "--url", url, *ZONE)
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


def test_a_thread_in_which_nobody_wrote_needs_no_number_or_time(taker: Taker) -> None:
    del taker.tables["MessageThread"]["messageNumberId"], taker.tables["MessageThread"]["createdAt"]
    for row in taker.old["MessageThread"]:
        del row["messageNumberId"], row["createdAt"]
    taker.add("Client", id="c-zoe", firstName="Zoe", phone="+12125550188")
    taker.add("MessageThread", id="t-zoe", clientId="c-zoe")
    ran = taker.take()
    assert {row["code"] for row in ran.json["findings"]} == {"number_assumed"}
    assert ("MessageThread", "t-zoe") not in told(ran)
    assert taker.show("thread", "c-ann")["created_at"] == "2025-03-01T08:00:01.250000Z"


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


def test_another_given_time_zone_is_told(taker: Taker) -> None:
    taker.tables["Org"]["timezone"] = "text"
    taker.old["Org"][0]["timezone"] = "America/Chicago"
    ran = taker.take(*ZONE)
    assert ran.code == 0
    assert "gets the timezone of the old tables, America/Chicago." in ran.err
    assert run_cli(taker.url, "org", "show", "-o", "json").json["timezone"] == "America/Chicago"


def test_a_time_zone_that_is_none_is_asked_for(taker: Taker) -> None:
    taker.tables["Org"]["timeZone"] = "text"
    taker.old["Org"][0]["timeZone"] = "Mars/Olympus"
    taker.take(*ZONE)
    shown = run_cli(taker.url, "org", "show", "-o", "json").json
    assert shown["timezone"] == "America/New_York"
