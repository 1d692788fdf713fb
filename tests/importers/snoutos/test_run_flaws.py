"""What an old database holds that cannot be: each row is told, and stops no other."""

from pathlib import Path
from typing import Any

import pytest

from petmsg.importers.snoutos.legacy_schema import staged_time
from tests.support import snoutos
from tests.support.consistency import content, problems
from tests.support.exported_company import command_line
from tests.support.fixtures import Ran, add_org, run_cli
from tests.support.snoutos import DESK, MAYA, OLGA, ORG, POOL, sid, sound

ZONE = ("--timezone", "America/New_York")
GRACE = ("--old-grace-minutes", "0")
"""The windows of `sound` end when the visits do."""
Old = dict[str, list[dict[str, Any]]]


def take_over(url: str, folder: Path, *options: str) -> Ran:
    return run_cli(url, "import", "snoutos", "-o", "json", *GRACE, "--dir", str(folder), *options)


def told(ran: Ran) -> dict[tuple[str, str], tuple[bool, str]]:
    """What is told of each row: whether it was taken, and the code."""
    return {(row["table"], row["id"]): (row["taken"], row["code"]) for row in ran.json["findings"]}


class Taker:
    """Takes a company over whose rows were spoilt first."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.old = sound()
        self._folder = folder
        self._times = 0

    def row(self, table: str, id_: str) -> dict[str, Any]:
        return next(row for row in self.old[table] if row["id"] == id_)

    def add(self, table: str, **values: Any) -> None:
        org = {} if table in ("ClientContact", "Organization") else {"orgId": ORG}
        self.old[table].append(org | values)

    def take(self, *options: str) -> Ran:
        """Take it over; the database must be whole afterwards, and stay as it is when repeated."""
        self._times += 1
        folder = snoutos.write_csv(self.old, self._folder / f"old-{self._times}")
        ran = take_over(self.url, folder, *(options or ZONE))
        assert problems(self.url) == []
        before = content(self.url)
        again = take_over(self.url, folder, *(options or ZONE))
        assert content(self.url) == before, "repeating changed something"
        refused = {key: why for key, why in told(ran).items() if not why[0]}
        assert told(again) == refused, "repeating tells what was not taken, and nothing else"
        assert again.code == (4 if refused else 0)
        return ran


@pytest.fixture
def taker(migrated_sqlite: str, tmp_path: Path) -> Taker:
    return Taker(migrated_sqlite, tmp_path)


def everything_wrong(taker: Taker) -> None:
    """Each flaw that a test below tries alone."""
    taker.add("ClientContact", id="k-bad", clientId="c-bob", e164="555-0199")
    taker.add("Client", id="c-mute", name="Mute")
    taker.add("MessageNumber", id="n-bad", e164="none", **{"class": "pool", "status": "active"})
    taker.add("Thread", id="t-bad", clientId="c-none", numberId="n-pool", createdAt="2026-01-01")
    taker.add("Message", id="m-bad", threadId="t-none", direction="inbound", createdAt="2026-01-01")


def test_flaws_make_it_exit_4_and_stop_nothing_else(migrated_url: str, tmp_path: Path) -> None:
    """On both databases, in a dry run and in earnest: the same report."""
    taker = Taker(migrated_url, tmp_path)
    everything_wrong(taker)
    folder = snoutos.write_csv(taker.old, tmp_path / "dry")
    dry = take_over(migrated_url, folder, *ZONE, "--dry-run")
    ran = taker.take()
    assert ran.code == dry.code == 4
    assert ran.json == dry.json
    assert told(ran) == {
        ("ClientContact", "k-bad"): (False, "malformed_phone"),
        ("Client", "c-mute"): (True, "client_without_phone"),
        ("MessageNumber", "n-bad"): (False, "malformed_phone"),
        ("Thread", "t-bad"): (False, "needs_another_row"),
        ("Message", "m-bad"): (False, "needs_another_row"),
    }
    new = {row["table"]: row["new"] for row in ran.json["tables"]}
    assert (new["Client"], new["Message"], new["AssignmentWindow"]) == (3, 6, 3)
    assert "Old rows skipped: 4; imported with a change: 1." in ran.err


def test_a_person_reads_each_flaw_in_a_line(migrated_sqlite: str, tmp_path: Path) -> None:
    taker = Taker(migrated_sqlite, tmp_path)
    everything_wrong(taker)
    folder = snoutos.write_csv(taker.old, tmp_path / "old")
    ran = run_cli(migrated_sqlite, "import", "snoutos", "--dir", str(folder), *ZONE, "-o", "table")
    assert "Message m-bad: skipped: Thread t-none does not exist." in ran.err
    changed = "The client has no phone and receives no messages."
    assert f"Client c-mute: imported with a change: {changed}" in ran.err
    assert "555-0199" not in ran.out + ran.err, "a malformed phone is somebody's all the same"


# ------------------------------------------------------------------------------- people and phones


def test_a_phone_of_two_clients_stays_the_first_ones(taker: Taker) -> None:
    taker.add("ClientContact", id="k-x", clientId="c-bob", e164="+1 212 555 0101")
    assert told(taker.take()) == {("ClientContact", "k-x"): (False, "phone_taken")}
    bob = command_line(taker.url)("client", "show", "c-bob", "--reveal", "-o", "json").json
    assert bob["phones"] == ["+12125550103"]


def test_a_phone_that_stands_twice_with_one_client_is_one_phone(taker: Taker) -> None:
    taker.add("ClientContact", id="k-x", clientId="c-bob", e164="+12125550103")
    assert taker.take().code == 0


def test_a_contact_of_nobody_is_reported(taker: Taker) -> None:
    taker.add("ClientContact", id="k-x", clientId="c-none", e164="+12125550110")
    assert told(taker.take()) == {("ClientContact", "k-x"): (False, "needs_another_row")}


def test_a_client_of_no_organisation_is_reported_with_all_dependent_rows(taker: Taker) -> None:
    taker.row("Client", "c-bob")["orgId"] = "org-none"
    ran = taker.take()
    assert told(ran)[("Client", "c-bob")] == (False, "needs_another_row")
    assert told(ran)[("Thread", "t-4")] == (False, "needs_another_row")
    assert told(ran)[("AssignmentWindow", "w-3")] == (False, "needs_another_row")
    assert told(ran)[("Message", "m-6")] == (False, "needs_another_row")
    assert len(told(ran)) == 4


def test_a_client_with_an_id_that_cannot_be_a_ref_is_reported_with_all_dependent_rows(
    taker: Taker,
) -> None:
    long = "c" * 65
    taker.row("Client", "c-bob")["id"] = long
    taker.row("ClientContact", "k2")["clientId"] = long
    taker.row("Thread", "t-4")["clientId"] = long
    ran = taker.take()
    assert told(ran) == {
        ("Client", long): (False, "malformed_ref"),
        ("ClientContact", "k2"): (False, "needs_another_row"),
        ("Thread", "t-4"): (False, "needs_another_row"),
        ("AssignmentWindow", "w-3"): (False, "needs_another_row"),
        ("Message", "m-6"): (False, "needs_another_row"),
    }


@pytest.mark.parametrize("name", [None, "", "  ", "x" * 200, "tab\there\x1b[31m"])
def test_a_name_that_cannot_be_one_becomes_the_id(taker: Taker, name: str | None) -> None:
    taker.row("Client", "c-bob")["name"] = name
    taker.row("Sitter", "s-olga")["name"] = name
    assert told(taker.take()) == {
        ("Client", "c-bob"): (True, "malformed_text"),
        ("Sitter", "s-olga"): (True, "malformed_text"),
    }
    cli = command_line(taker.url)
    assert cli("client", "show", "c-bob", "-o", "json").json["name"] == "c-bob"


def test_a_client_who_was_forgotten_here_never_comes_back(taker: Taker) -> None:
    taker.take()
    cli = command_line(taker.url)
    assert cli("client", "forget", "c-ann", "--reason", "her wish", "--yes").code == 0
    ran = taker.take()
    codes = {key: code for key, (_, code) in told(ran).items()}
    assert set(codes.values()) == {"client_forgotten"}
    assert {table for table, _ in codes} == {
        "Client", "ClientContact", "AssignmentWindow", "Message",
    }  # fmt: skip
    written = str(content(taker.url))
    for personal in ("Ann Ivers", "+12125550101", "On my way"):
        assert personal not in written


@pytest.mark.parametrize("active", ["", "perhaps"])
def test_a_sitter_who_is_neither_active_nor_not_is_inactive(taker: Taker, active: str) -> None:
    taker.row("Sitter", "s-maya")["active"] = active
    ran = taker.take()
    assert told(ran) == {("Sitter", "s-maya"): (True, "not_active")}
    listed = command_line(taker.url)("sitter", "list", "-o", "json").json
    assert {row["status"] for row in listed} == {"inactive"}


@pytest.mark.parametrize("active", ["t", "TRUE", "1", True])
def test_yes_has_many_spellings(taker: Taker, active: Any) -> None:
    taker.row("Sitter", "s-maya")["active"] = active
    assert taker.take().code == 0


# ----------------------------------------------------------------------------------------- numbers


def number(url: str, e164: str) -> dict[str, Any]:
    found: dict[str, Any] = command_line(url)("number", "show", e164, "-o", "json").json
    return found


def test_a_number_that_stands_twice_with_two_sitters_is_the_first_ones(taker: Taker) -> None:
    taker.add(
        "MessageNumber", id="n-twice", e164="+1-415-555-0101", assignedSitterId="s-olga",
        **{"class": "sitter", "status": "active"},
    )  # fmt: skip
    taker.row("MessageNumber", "n-olga")["assignedSitterId"] = None
    assert told(taker.take()) == {("MessageNumber", "n-twice"): (False, "malformed_row")}
    assert number(taker.url, MAYA)["sitter"] == "s-maya"


def test_a_sitter_with_two_numbers_keeps_the_one_in_use(taker: Taker) -> None:
    taker.add(
        "MessageNumber", id="n-0", e164="+14155550160", assignedSitterId="s-maya",
        **{"class": "sitter", "status": "active", "lastUsedAt": "2025-01-01"},
    )  # fmt: skip
    assert told(taker.take()) == {("MessageNumber", "n-0"): (True, "sitter_has_number")}
    assert number(taker.url, MAYA)["sitter"] == "s-maya"
    assert number(taker.url, "+14155550160")["sitter"] is None
    cli = command_line(taker.url)
    ran = cli("number", "assign", "+14155550160", "s-olga", "-o", "json")
    assert ran.code == 4, "a number that was one sitter's goes to no other"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"status": "retired"}, "number_retired"),
        ({"status": "INACTIVE"}, "number_retired"),
        ({"class": "pool"}, "not_a_sitter_number"),
        ({"assignedSitterId": "s-none"}, "sitter_not_taken"),
    ],
)
def test_a_number_that_nobody_can_hold_is_taken_without_its_holder(
    taker: Taker, values: dict[str, str], code: str
) -> None:
    taker.row("MessageNumber", "n-maya").update(values)
    assert told(taker.take()) == {("MessageNumber", "n-maya"): (True, code)}
    assert number(taker.url, MAYA)["sitter"] is None


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"class": "landline"}, "malformed_row"),
        ({"class": ""}, "malformed_row"),
        ({"status": "lost"}, "malformed_row"),
        ({"e164": "41555501"}, "malformed_phone"),
        ({"e164": ""}, "malformed_phone"),
    ],
)
def test_an_invalid_number_is_reported_with_the_rows_that_need_it(
    taker: Taker, values: dict[str, str], code: str
) -> None:
    taker.row("MessageNumber", "n-pool").update(values)
    assert told(taker.take()) == {
        ("MessageNumber", "n-pool"): (False, code),
        ("Thread", "t-3"): (True, "number_not_taken"),
        ("Message", "m-3"): (False, "needs_another_row"),
    }


@pytest.mark.parametrize("spelling", ["front_desk", "FRONT_DESK", "frontDesk", "Front-Desk"])
def test_a_class_has_many_spellings(taker: Taker, spelling: str) -> None:
    taker.row("MessageNumber", "n-desk")["class"] = spelling
    assert taker.take().code == 0
    assert number(taker.url, DESK)["class"] == "front_desk"


def test_a_second_front_desk_becomes_a_pool_number(taker: Taker) -> None:
    taker.add(
        "MessageNumber", id="n-2", e164="+14155550199", lastUsedAt="2026-02-14 08:00",
        **{"class": "front_desk", "status": "active"},
    )  # fmt: skip
    assert told(taker.take()) == {("MessageNumber", "n-desk"): (True, "front_desk_taken")}
    assert number(taker.url, "+14155550199")["class"] == "front_desk"
    assert number(taker.url, DESK)["class"] == "pool"


@pytest.mark.parametrize("until", [None, "soon", "infinity"])
def test_a_quarantine_without_an_end_gets_the_orgs(taker: Taker, until: str | None) -> None:
    taker.row("MessageNumber", "n-olga").update(quarantineReleaseAt=until, quarantinedReason=" ")
    assert told(taker.take()) == {("MessageNumber", "n-olga"): (True, "malformed_row")}
    found = number(taker.url, OLGA)
    assert found["quarantined_until"] == "2026-05-15T15:00:00Z", "90 days from now"
    assert found["quarantine_reason"] == "quarantined in snoutos"
    assert found["sitter"] == "s-olga", "who keeps her claim"


def test_a_number_of_another_company_here_is_not_taken(taker: Taker) -> None:
    add_org(taker.url, "another", front_desk=POOL)
    ran = taker.take()
    assert told(ran)[("MessageNumber", "n-pool")] == (False, "number_taken")


# ------------------------------------------------------------------------------ threads and windows


def test_a_thread_of_another_organisations_client_is_reported(taker: Taker) -> None:
    taker.add("Organization", id="org-2", name="Other")
    taker.old["Client"].append({"id": "c-other", "orgId": "org-2", "name": "Other"})
    taker.add("ClientContact", id="k-o", clientId="c-other", e164="+12125550120")
    taker.add("Thread", id="t-x", clientId="c-other", numberId="n-pool", createdAt="2026-01-01")
    taker.add("Message", id="m-x", threadId="t-x", direction="inbound", createdAt="2026-01-02")
    ran = taker.take()
    assert told(ran) == {
        ("Thread", "t-x"): (False, "needs_another_row"),
        ("Message", "m-x"): (False, "needs_another_row"),
    }


def test_a_thread_without_a_time_or_number_is_taken_without(taker: Taker) -> None:
    taker.row("Thread", "t-4").update(createdAt="yesterday", numberId=None)
    ran = taker.take()
    assert told(ran)[("Thread", "t-4")] == (True, "number_not_taken")
    thread = command_line(taker.url)("thread", "show", "c-bob", "-o", "json").json
    assert (thread["created_at"], thread["default_number"]) == ("2026-02-14T15:00:00Z", None)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"startsAt": "2026-03-01 16:00", "endsAt": "2026-03-01 14:00"}, "end_not_after_start"),
        ({"startsAt": "2026-03-01 16:00", "endsAt": "2026-03-01 16:00"}, "end_not_after_start"),
        ({"startsAt": None}, "malformed_row"),
        ({"endsAt": "infinity"}, "malformed_row"),
        ({"endsAt": "0026-03-01 14:00"}, "malformed_row"),
        ({"threadId": "t-none"}, "needs_another_row"),
        ({"bookingRef": "+14155550111"}, "malformed_row"),
        ({"bookingRef": "B" * 65}, "malformed_row"),
    ],
)
def test_an_invalid_window_is_reported(taker: Taker, values: dict[str, Any], code: str) -> None:
    taker.row("AssignmentWindow", "w-3").update(values)
    assert told(taker.take()) == {("AssignmentWindow", "w-3"): (False, code)}
    assert command_line(taker.url)("booking", "show", "BK-3").code == 3


def test_a_window_of_an_unknown_sitter_becomes_a_booking_without_one(taker: Taker) -> None:
    taker.row("AssignmentWindow", "w-3")["sitterId"] = "s-none"
    assert told(taker.take()) == {("AssignmentWindow", "w-3"): (True, "sitter_not_taken")}
    booking = command_line(taker.url)("booking", "show", "BK-3", "-o", "json").json
    assert (booking["status"], booking["sitter"]) == ("confirmed", None)


@pytest.mark.parametrize("ref", [None, "", "  "])
def test_a_window_without_a_booking_gets_one_of_its_own(taker: Taker, ref: str | None) -> None:
    taker.row("AssignmentWindow", "w-3")["bookingRef"] = ref
    first = taker.take()
    assert told(first) == {("AssignmentWindow", "w-3"): (True, "no_booking_ref")}
    assert command_line(taker.url)("booking", "show", "snoutos:w-3").code == 0


def test_windows_that_are_alike_are_one(taker: Taker) -> None:
    copy = taker.row("AssignmentWindow", "w-3") | {"id": "w-9"}
    taker.old["AssignmentWindow"].append(copy)
    ran = taker.take()
    assert ran.code == 0
    merged = {row["table"]: row["merged"] for row in ran.json["tables"]}
    assert merged["AssignmentWindow"] == 1


def test_several_windows_of_a_booking_become_bookings_of_their_own(taker: Taker) -> None:
    """Three visits, two sitters at once and another client, all with one bookingRef."""
    same = {"sitterId": "s-maya", "bookingRef": "BK-3", "threadId": "t-4"}
    taker.add("AssignmentWindow", id="w-a", **same,
              startsAt="2026-02-20 14:00", endsAt="2026-02-20 16:00")  # fmt: skip
    taker.add("AssignmentWindow", id="w-b", **(same | {"sitterId": "s-olga"}),
              startsAt="2026-02-20 14:00", endsAt="2026-02-20 16:00")  # fmt: skip
    taker.add("AssignmentWindow", id="w-c", **(same | {"threadId": "t-1"}),
              startsAt="2026-03-05 14:00", endsAt="2026-03-05 16:00")  # fmt: skip
    ran = taker.take()
    assert told(ran) == {
        ("AssignmentWindow", each): (True, "booking_ref_taken") for each in ("w-b", "w-c", "w-3")
    }
    rows = command_line(taker.url)("booking", "list", "-o", "json").json
    assert {row["booking"]: (row["client"], row["sitter"], row["starts_at"]) for row in rows} == {
        "BK-1": ("c-ann", "s-maya", "2026-02-14T14:00:00Z"),
        "BK-2": ("c-ann", "s-olga", "2025-03-02T14:00:00Z"),
        "BK-3": ("c-bob", "s-maya", "2026-02-20T14:00:00Z"),
        "snoutos:w-b": ("c-bob", "s-olga", "2026-02-20T14:00:00Z"),
        "snoutos:w-c": ("c-ann", "s-maya", "2026-03-05T14:00:00Z"),
        "snoutos:w-3": ("c-bob", "s-maya", "2026-03-01T14:00:00.500000Z"),
    }


def test_a_broken_window_does_not_take_the_ref_from_a_sound_one(taker: Taker) -> None:
    taker.add("AssignmentWindow", id="w-0", threadId="t-4", sitterId="s-maya", bookingRef="BK-3",
              startsAt="2026-02-20 16:00", endsAt="2026-02-20 14:00")  # fmt: skip
    assert told(taker.take()) == {("AssignmentWindow", "w-0"): (False, "end_not_after_start")}
    booking = command_line(taker.url)("booking", "show", "BK-3", "-o", "json").json
    assert booking["starts_at"] == "2026-03-01T14:00:00.500000Z"


def test_an_earlier_window_that_comes_later_changes_no_booking(taker: Taker) -> None:
    taker.take()
    taker.add("AssignmentWindow", id="w-0", threadId="t-4", sitterId="s-maya", bookingRef="BK-3",
              startsAt="2026-02-20 14:00", endsAt="2026-02-20 16:00")  # fmt: skip
    ran = taker.take()
    assert ran.json["findings"][0]["id"] == "w-0"
    rows = command_line(taker.url)("booking", "list", "-o", "json").json
    assert {row["booking"] for row in rows} == {"BK-1", "BK-2", "BK-3", "snoutos:w-0"}


@pytest.mark.parametrize(
    "values", [{"endsAt": "2026-03-01 18:00"}, {"sitterId": "s-olga"}, {"threadId": "t-1"}]
)
def test_a_window_that_was_changed_there_since_is_reported_and_left_here(
    taker: Taker, values: dict[str, str]
) -> None:
    taker.take()
    taker.row("AssignmentWindow", "w-3").update(values)
    ran = taker.take()
    assert told(ran) == {("AssignmentWindow", "w-3"): (False, "window_differs")}
    booking = command_line(taker.url)("booking", "show", "BK-3", "-o", "json").json
    assert (booking["ends_at"], booking["sitter"]) == ("2026-03-01T16:00:00Z", "s-maya")


def test_a_booking_that_was_cancelled_here_stays_so(taker: Taker) -> None:
    taker.take()
    cli = command_line(taker.url)
    assert cli("booking", "cancel", "--yes", "BK-3", "--reason", "rain").code == 0
    assert taker.take().code == 0
    assert cli("booking", "show", "BK-3", "-o", "json").json["status"] == "cancelled"


def test_a_sitter_who_left_here_gets_no_new_visits_and_keeps_old_ones(taker: Taker) -> None:
    taker.take()
    cli = command_line(taker.url)
    assert cli("sitter", "deactivate", "--yes", "s-maya", "--reason", "moved").code == 0
    taker.add("AssignmentWindow", id="w-8", threadId="t-4", sitterId="s-maya", bookingRef="BK-8",
              startsAt="2026-03-08 14:00", endsAt="2026-03-08 16:00")  # fmt: skip
    taker.add("AssignmentWindow", id="w-7", threadId="t-4", sitterId="s-maya", bookingRef="BK-7",
              startsAt="2026-01-08 14:00", endsAt="2026-01-08 16:00")  # fmt: skip
    codes = told(taker.take())
    assert codes[("AssignmentWindow", "w-8")] == (False, "sitter_offboarded")
    assert ("AssignmentWindow", "w-7") not in codes
    assert cli("booking", "show", "BK-7", "-o", "json").json["sitter"] == "s-maya"


# ------------------------------------------------------------------------------------------ texts


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"direction": "sideways"}, "malformed_row"),
        ({"direction": None}, "malformed_row"),
        ({"createdAt": "just now"}, "malformed_row"),
        ({"createdAt": None}, "malformed_row"),
        ({"threadId": None}, "needs_another_row"),
        ({"orgId": "org-none"}, "needs_another_row"),
    ],
)
def test_an_invalid_text_is_reported(taker: Taker, values: dict[str, Any], code: str) -> None:
    taker.row("Message", "m-4").update(values)
    assert told(taker.take()) == {("Message", "m-4"): (False, code)}


def test_two_texts_with_one_id_of_the_provider_are_one(taker: Taker) -> None:
    taker.row("Message", "m-4")["providerMessageSid"] = sid(2)
    assert told(taker.take()) == {("Message", "m-4"): (False, "malformed_row")}


def test_an_id_of_the_provider_that_is_not_twilios_is_asked_for_at_nobody(taker: Taker) -> None:
    taker.row("Message", "m-4")["providerMessageSid"] = "mock-1"
    assert taker.take().code == 0
    shown = command_line(taker.url)("message", "show", "5", "-o", "json").json
    assert (shown["provider_id"], shown["provider"]) == ("mock-1", None)


@pytest.mark.parametrize("body", ["x" * 4000, "\x1b]52;c;aGk=\x07", "=cmd()", "\u202e"])
def test_any_body_is_kept_as_it_was(taker: Taker, body: str) -> None:
    taker.row("Message", "m-4")["body"] = body
    assert taker.take().code == 0
    assert command_line(taker.url)("message", "show", "5", "-o", "json").json["body"] == body


@pytest.mark.parametrize(
    ("words", "opted_out"),
    [
        (["Stop."], True),
        (["opt out"], True),
        (["STOP", "start"], False),
        (["STOP", "Thanks!"], True),
        (["START", "STOP", "YES", "cancel"], True),
        (["please stop by tomorrow"], False),
    ],
)
def test_who_wrote_stop_to_the_old_system_is_opted_out(
    taker: Taker, words: list[str], opted_out: bool
) -> None:
    for index, body in enumerate(words):
        taker.add("Message", id=f"m-s{index}", threadId="t-4", direction="inbound", body=body,
                  createdAt=f"2026-02-0{index + 1} 08:00")  # fmt: skip
    assert taker.take().code == 0
    cli = command_line(taker.url)
    assert cli("client", "show", "c-bob", "-o", "json").json["opted_out"] is opted_out
    assert cli("client", "show", "c-ann", "-o", "json").json["opted_out"] is False
    alerts = [row["kind"] for row in cli("alert", "list", "-o", "json").json]
    assert alerts == (["client_opted_out"] if opted_out else [])


def test_who_was_opted_in_here_is_not_opted_out_by_repeating(taker: Taker) -> None:
    taker.add("Message", id="m-s", threadId="t-4", direction="inbound", body="STOP",
              createdAt="2026-02-01 08:00")  # fmt: skip
    taker.take()
    cli = command_line(taker.url)
    assert cli("optout", "remove", "c-bob", "--reason", "she asked").code == 0
    taker.take()
    assert cli("client", "show", "c-bob", "-o", "json").json["opted_out"] is False


def test_a_stop_of_somebody_without_a_phone_is_reported(taker: Taker) -> None:
    taker.row("ClientContact", "k2")["e164"] = "12"
    taker.add("Message", id="m-s", threadId="t-4", direction="inbound", body="STOP",
              createdAt="2026-02-01 08:00")  # fmt: skip
    ran = taker.take()
    assert told(ran)[("Message", "m-s")] == (True, "stop_without_phone")


# ------------------------------------------------------------------------------------ files and ids


def test_a_row_without_an_id_and_one_whose_id_stands_twice_are_reported(taker: Taker) -> None:
    taker.add("Message", id="", threadId="t-4", direction="inbound", createdAt="2026-01-01")
    taker.add("Sitter", id="s-maya", name="Another Maya", active=False)
    assert told(taker.take()) == {
        ("Message", "line 9"): (False, "malformed_row"),
        ("Sitter", "s-maya"): (False, "malformed_row"),
    }
    listed = command_line(taker.url)("sitter", "list", "-o", "json").json
    assert {row["name"] for row in listed} == {"Maya Lee", "Olga Roy"}


def test_a_line_that_is_not_csv_is_reported_with_its_place(
    migrated_sqlite: str, tmp_path: Path
) -> None:
    folder = snoutos.write_csv(sound(), tmp_path / "old")
    with (folder / "Sitter.csv").open("a") as file:
        file.write("s-x,too,few\ns-y,org-1,,Yna,true,\n")
    ran = take_over(migrated_sqlite, folder, *ZONE)
    assert told(ran) == {
        ("Sitter", "line 4"): (False, "malformed_row"),
        ("Sitter", "line 5"): (False, "malformed_row"),
    }


@pytest.mark.parametrize("content", [b"\xff\xfei\x00d\x00", b"id,name\n\xe9,x\n"])
def test_a_file_that_is_not_utf_8_takes_nothing(
    migrated_sqlite: str, tmp_path: Path, content: bytes
) -> None:
    folder = snoutos.write_csv(sound(), tmp_path / "old")
    (folder / "Organization.csv").write_bytes(content)
    ran = take_over(migrated_sqlite, folder, *ZONE)
    assert (ran.code, ran.error["code"]) == (2, "malformed_file")


def test_a_missing_file_says_how_to_write_it(migrated_sqlite: str, tmp_path: Path) -> None:
    folder = snoutos.write_csv(sound(), tmp_path / "old")
    (folder / "Message.csv").unlink()
    ran = take_over(migrated_sqlite, folder, *ZONE)
    assert (ran.code, ran.error["code"]) == (2, "malformed_file")
    assert '\\copy "Message" TO' in ran.error["hint"]


@pytest.mark.parametrize(
    ("written", "staged"),
    [
        ("2026-02-14 15:00:00", "2026-02-14T15:00:00.000000+00:00"),
        ("2026-02-14 15:00:00.123", "2026-02-14T15:00:00.123000+00:00"),
        ("2026-02-14T15:00:00.123Z", "2026-02-14T15:00:00.123000+00:00"),
        ("2026-02-14 10:00:00-05", "2026-02-14T15:00:00.000000+00:00"),
        ("2026-02-14", "2026-02-14T00:00:00.000000+00:00"),
        ("infinity", "?infinity"),
        ("12026-02-14 15:00:00", "?12026-02-14 15:00:00"),
        ("0044-03-15 15:00:00 BC", "?0044-03-15 15:00:00 BC"),
        ("1969-12-31 23:59:59", "?1969-12-31 23:59:59"),
        ("0001-01-01 00:00:00+14", "?0001-01-01 00:00:00+14"),
    ],
)
def test_times_as_postgresql_and_prisma_write_them(written: str, staged: str) -> None:
    assert staged_time(written) == staged
