"""What an old database holds that cannot be, of people, numbers and files: each row is told."""

from pathlib import Path
from typing import Any

import pytest

from petmsg.importers.snoutos.legacy_schema import staged_time
from tests.importers.snoutos.take_over import ZONE, take_over, told
from tests.importers.snoutos.taker import Taker
from tests.support import snoutos
from tests.support.consistency import content
from tests.support.exported_company import command_line
from tests.support.fixtures import add_org, run_cli
from tests.support.snoutos import DESK, MAYA, OLGA, POOL, sound


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
    dry = take_over(migrated_url, "--dir", str(folder), *ZONE, "--dry-run")
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


@pytest.mark.parametrize("more", [(), ("--quiet",)], ids=["usually", "quiet"])
def test_a_person_reads_each_flaw_in_a_line(
    migrated_sqlite: str, tmp_path: Path, more: tuple[str, ...]
) -> None:
    taker = Taker(migrated_sqlite, tmp_path)
    everything_wrong(taker)
    folder = snoutos.write_csv(taker.old, tmp_path / "old")
    words = ("import", "snoutos", "--dir", str(folder), *ZONE, "-o", "table", *more)
    ran = run_cli(migrated_sqlite, *words)
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
    ran = take_over(migrated_sqlite, "--dir", str(folder), *ZONE)
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
    ran = take_over(migrated_sqlite, "--dir", str(folder), *ZONE)
    assert (ran.code, ran.error["code"]) == (2, "malformed_file")


def test_a_missing_file_says_how_to_write_it(migrated_sqlite: str, tmp_path: Path) -> None:
    folder = snoutos.write_csv(sound(), tmp_path / "old")
    (folder / "Message.csv").unlink()
    ran = take_over(migrated_sqlite, "--dir", str(folder), *ZONE)
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
