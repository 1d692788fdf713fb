"""What an old database holds that cannot be, of threads, windows and messages."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.importers.snoutos.take_over import told
from tests.importers.snoutos.taker import Taker
from tests.support.exported_company import command_line
from tests.support.snoutos import sid


@pytest.fixture
def taker(migrated_sqlite: str, tmp_path: Path) -> Taker:
    return Taker(migrated_sqlite, tmp_path)


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


# --------------------------------------------------------------------------------------- messages


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


@pytest.mark.parametrize(("stopped_at", "opted_out"), [("10:00", False), ("13:00", True)])
def test_a_start_here_counts_against_an_older_stop_there(
    taker: Taker, stopped_at: str, opted_out: bool
) -> None:
    """While both systems run: the import that brings the STOP comes after the START."""
    taker.take()
    cli = command_line(taker.url)
    phone = taker.show("client", "c-bob")["phones"][0]
    number = cli("number", "list", "-o", "json").json[0]["number"]
    words = ("--from", phone, "--to", number, "--body", "START")
    start = cli("message", "receive", *words, now=datetime(2026, 2, 10, 12, 0, tzinfo=UTC))
    assert start.code == 0, start.err
    taker.add("Message", id="m-s", threadId="t-4", direction="inbound", body="STOP",
              createdAt=f"2026-02-10T{stopped_at}:00Z")  # fmt: skip
    taker.take()
    assert cli("client", "show", "c-bob", "-o", "json").json["opted_out"] is opted_out
    alerts = [row["kind"] for row in cli("alert", "list", "-o", "json").json]
    assert alerts == (["client_opted_out"] if opted_out else [])


def test_a_stop_of_somebody_without_a_phone_is_reported(taker: Taker) -> None:
    taker.row("ClientContact", "k2")["e164"] = "12"
    taker.add("Message", id="m-s", threadId="t-4", direction="inbound", body="STOP",
              createdAt="2026-02-01 08:00")  # fmt: skip
    ran = taker.take()
    assert told(ran)[("Message", "m-s")] == (True, "stop_without_phone")
