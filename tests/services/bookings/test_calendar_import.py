"""A calendar imported again: what moved, was cancelled or added, and nothing else."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.calendars import calendar, event
from tests.support.fixtures import NOW, Cli, copied

SERIES = "RRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR;COUNT=6"


@copied
def people(cli: Cli) -> None:
    cli("org", "set", "--timezone", "America/New_York")
    cli("number", "add", "+14155550102", "--class", "sitter")
    for ref, name, phone in (("C-1", "Ann Ivers", "1001"), ("C-2", "Bob Ito", "1002")):
        cli("client", "add", name, "--phone", f"+1415555{phone}", "--ref", ref)
    for ref, name, phone in (("S-1", "Maya Lee", "2001"), ("S-2", "Olga Roy", "2002")):
        cli("sitter", "add", name, "--phone", f"+1415555{phone}", "--ref", ref)
    cli("sitter", "activate", "S-1")


@pytest.fixture
def company(cli: Cli) -> Cli:
    people(cli)
    return cli


@pytest.fixture
def small(sqlite_cli: Cli) -> Cli:
    people(sqlite_cli)
    return sqlite_cli


def imported(cli: Cli, *parts: str, code: int = 0, more: tuple[str, ...] = (),
             header: tuple[str, ...] = ("X-WR-CALNAME:Walks",), **options: Any) -> Any:  # fmt: skip
    """Import a calendar of these parts from stdin."""
    content = calendar(*parts, header=header).decode()
    ran = cli("booking", "import", "-", "-o", "json", *more, stdin=content, **options)
    assert ran.code == code, ran.err
    return ran


def results(ran: Any) -> dict[str, str]:
    return {row["ref"]: row["result"] for row in ran.json if "result" in row}


def stored(cli: Cli) -> dict[str, tuple[Any, ...]]:
    rows = cli("booking", "list", "--all", "-o", "json").json
    return {
        row["booking"]: (row["status"], row["client"], row["sitter"], row["starts_at"],
                         row["ends_at"])
        for row in rows
    }  # fmt: skip


def one(uid: str, day: int, hour: int = 9, *lines: str, **values: Any) -> str:
    """A visit of half an hour in March."""
    start = f"202603{day:02}T{hour:02}0000"
    return event(*lines, uid=uid, start=start, end=f"{start[:-4]}3000", **values)


def test_each_visit_becomes_a_booking(company: Cli) -> None:
    ran = imported(company, event(SERIES, uid="s@x"), one("b@x", 3, summary="Bob Ito: cat visit"))
    refs = {
        "s@x/20260302T140000Z", "s@x/20260304T140000Z", "s@x/20260306T140000Z",
        "s@x/20260309T130000Z", "s@x/20260311T130000Z", "s@x/20260313T130000Z", "b@x",
    }  # fmt: skip
    assert results(ran) == dict.fromkeys(refs, "created")
    rows = stored(company)
    assert rows["s@x/20260309T130000Z"] == (
        "pending", "C-1", "S-1", "2026-03-09T13:00:00Z", "2026-03-09T13:30:00Z",
    )  # fmt: skip
    assert rows["b@x"][:3] == ("pending", "C-2", None)
    assert "Calendar 'Walks': visits until 2026-05-15" in ran.err


def test_importing_it_again_changes_nothing(company: Cli) -> None:
    parts = (event(SERIES, uid="s@x"), one("b@x", 3))
    first = results(imported(company, *parts))
    before, events = stored(company), company("audit", "list", "--all", "-o", "json").json
    again = results(imported(company, *parts))
    assert again == dict.fromkeys(first, "unchanged")
    assert stored(company) == before
    assert company("audit", "list", "--all", "-o", "json").json == events


def test_one_moved_one_cancelled_one_gone_one_added(company: Cli) -> None:
    """The whole point: exactly that happens, also to confirmed bookings, and nothing else."""
    imported(company, event(SERIES, uid="s@x"), one("b@x", 3), one("gone@x", 5), one("c@x", 17))
    assert company("booking", "confirm", "--all-pending").code == 0
    before = stored(company)
    moved = event("RECURRENCE-ID;TZID=America/New_York:20260304T090000", uid="s@x",
                  start="20260305T110000", end="20260305T120000")  # fmt: skip
    ran = imported(
        company, event(SERIES, "EXDATE;TZID=America/New_York:20260306T090000", uid="s@x"), moved,
        one("b@x", 3), one("c@x", 17, 9, "STATUS:CANCELLED"), one("new@x", 20),
    )  # fmt: skip
    changed = {ref: result for ref, result in results(ran).items() if result != "unchanged"}
    assert changed == {
        "s@x/20260304T140000Z": "updated",
        "s@x/20260306T140000Z": "cancelled",
        "gone@x": "cancelled",
        "c@x": "cancelled",
        "new@x": "created",
    }
    after = stored(company)
    assert {ref for ref in after if after[ref] != before.get(ref)} == set(changed)
    assert after["s@x/20260304T140000Z"] == (
        "confirmed", "C-1", "S-1", "2026-03-05T16:00:00Z", "2026-03-05T17:00:00Z",
    )  # fmt: skip
    window = company("booking", "show", "s@x/20260304T140000Z", "-o", "json").json["window"]
    assert window["starts_at"] == "2026-03-05T16:00:00Z"
    assert after["gone@x"][0] == after["c@x"][0] == after["s@x/20260306T140000Z"][0] == "cancelled"
    assert after["new@x"][0] == "pending"
    assert [row["notes"] for row in ran.json if row["ref"] in ("gone@x", "c@x", "b@x")] == [
        [], ["It is cancelled in the calendar."], ["The calendar no longer has it."],
    ]  # fmt: skip
    again = imported(
        company, event(SERIES, "EXDATE;TZID=America/New_York:20260306T090000", uid="s@x"), moved,
        one("b@x", 3), one("c@x", 17, 9, "STATUS:CANCELLED"), one("new@x", 20),
    )  # fmt: skip
    assert set(results(again).values()) == {"unchanged"}
    assert stored(company) == after


def test_a_series_that_moves_as_a_whole_keeps_its_bookings(company: Cli) -> None:
    imported(company, event(SERIES, uid="s@x"))
    company("booking", "confirm", "--all-pending")
    later = event(SERIES, uid="s@x", start="20260302T100000", end="20260302T103000")
    assert set(results(imported(company, later)).values()) == {"updated"}
    rows = stored(company)
    assert len(rows) == 6
    assert {row[0] for row in rows.values()} == {"confirmed"}
    assert rows["s@x/20260302T140000Z"][3] == "2026-03-02T15:00:00Z"
    assert set(results(imported(company, later)).values()) == {"unchanged"}


def test_what_another_source_booked_is_left_alone(company: Cli) -> None:
    company("booking", "add", "--client", "C-1", "--ref", "own", "--start", "2026-03-03T12:00",
            "--for", "1h")  # fmt: skip
    imported(company, one("a@x", 2), one("b@x", 3), header=("X-WR-CALNAME:Other",))
    imported(company, one("c@x", 4), one("d@x", 5))
    assert set(results(imported(company, one("c@x", 4))).values()) == {"unchanged", "cancelled"}
    rows = stored(company)
    assert {ref for ref in rows if rows[ref][0] == "cancelled"} == {"d@x"}


def test_more_than_half_gone_asks_first(company: Cli) -> None:
    imported(company, *(one(f"{day}@x", day) for day in range(2, 7)))
    before = stored(company)
    rest = (one("2@x", 2), one("3@x", 3))
    ran = imported(company, *rest, code=2)
    assert ran.error["code"] == "not_confirmed"
    assert "Cancel 3 of the 5 coming visits of this calendar" in ran.error["message"]
    assert "4@x, 5@x, 6@x" in ran.error["message"]
    assert stored(company) == before
    imported(company, *rest, more=("--dry-run",))
    assert stored(company) == before
    assert list(results(imported(company, *rest, more=("--yes",))).values()).count("cancelled") == 3


def test_half_gone_does_not_ask(small: Cli) -> None:
    imported(small, one("a@x", 2), one("b@x", 3))
    assert results(imported(small, one("a@x", 2)))["b@x"] == "cancelled"


def test_an_empty_calendar_asks_and_a_cut_off_one_is_refused(small: Cli) -> None:
    imported(small, one("a@x", 2), one("b@x", 3))
    assert imported(small, code=2).error["code"] == "not_confirmed"
    cut = calendar(one("a@x", 2), one("b@x", 3)).decode()[:-80]
    ran = small("booking", "import", "-", "-o", "json", stdin=cut)
    assert (ran.code, ran.error["code"]) == (2, "malformed_file")
    assert {row[0] for row in stored(small).values()} == {"pending"}


def test_visits_beyond_the_span_and_past_ones_stay(small: Cli) -> None:
    imported(small, one("a@x", 2), one("b@x", 3), one("c@x", 30))
    kept = imported(small, one("a@x", 2), one("b@x", 3), more=("--until", "2026-03-10"))
    assert "c@x" not in results(kept)
    later = NOW + timedelta(days=17)
    assert "a@x" not in results(imported(small, one("c@x", 30), now=later, code=0, more=("--yes",)))
    rows = stored(small)
    assert (rows["a@x"][0], rows["c@x"][0]) == ("pending", "pending")


def test_a_visit_that_moves_out_of_the_span_moves(small: Cli) -> None:
    imported(small, one("a@x", 2), one("b@x", 3))
    far = event(uid="a@x", start="20261202T090000", end="20261202T093000")
    assert results(imported(small, far, one("b@x", 3)))["a@x"] == "updated"
    assert stored(small)["a@x"][3] == "2026-12-02T14:00:00Z"


def test_an_event_that_cannot_be_read_is_not_gone(small: Cli) -> None:
    imported(small, one("a@x", 2), one("b@x", 3), event(SERIES, uid="s@x"))
    broken = one("b@x", 3, 9, "RRULE:FREQ=SECONDLY")
    ran = imported(small, one("a@x", 2, summary="Somebody"), broken,
                   event(SERIES, uid="s@x"), code=4)  # fmt: skip
    assert {row[0] for row in stored(small).values()} == {"pending"}
    assert [row["row"] for row in ran.json if "error" in row] == [5, 11]
    nameless = imported(
        small, event(SERIES, uid="s@x"), one("", 2).replace("UID:", "X-UID:"), code=4
    )
    assert "The file is not read whole: 2 bookings that it does not have stay." in nameless.err
    assert {row[0] for row in stored(small).values()} == {"pending"}


def test_an_invitation_cancels_nothing_else(small: Cli) -> None:
    imported(small, one("a@x", 2), one("b@x", 3))
    ran = imported(small, one("c@x", 4), header=("X-WR-CALNAME:Walks", "METHOD:REQUEST"))
    assert results(ran) == {"c@x": "created"}
    assert "2 bookings that it does not have stay" in ran.err
    ended = imported(small, one("c@x", 4), header=("X-WR-CALNAME:Walks", "METHOD:CANCEL"))
    assert results(ended) == {"c@x": "cancelled"}


def test_what_was_cancelled_in_petmsg_stays_so_and_is_told(small: Cli) -> None:
    imported(small, one("a@x", 2), one("b@x", 3))
    small("booking", "cancel", "a@x", "--yes")
    ran = imported(small, one("a@x", 2, 11), one("b@x", 3))
    assert results(ran) == {"b@x": "unchanged"}
    assert "1 visit of the calendar cancelled in petmsg before, not booked again: a@x" in ran.err


def test_a_sitter_who_was_assigned_in_petmsg_stays(small: Cli) -> None:
    imported(small, one("a@x", 2, summary="Ann Ivers - walk"))
    small("booking", "reassign", "a@x", "S-2")
    assert results(imported(small, one("a@x", 2, summary="Ann Ivers - walk"))) == {
        "a@x": "unchanged"
    }
    assert stored(small)["a@x"][2] == "S-2"


def test_a_calendar_of_one_client_or_sitter(small: Cli) -> None:
    more = ("--client", "C-2", "--sitter", "Olga Roy")
    ran = imported(small, one("a@x", 2, summary="Busy"), more=more)
    assert stored(small)["a@x"][1:3] == ("C-2", "S-2")
    assert "Calendar 'Walks C-2 Olga Roy'" in ran.err


def test_a_calendar_may_be_named(small: Cli) -> None:
    imported(small, one("a@x", 2), one("b@x", 3), more=("--feed", "tool"))
    ran = imported(small, one("a@x", 2))
    assert results(ran) == {"a@x": "unchanged"}
    assert "were imported as --feed 'tool'" in ran.err
    assert results(imported(small, one("a@x", 2), more=("--feed", "tool")))["b@x"] == "cancelled"


def test_a_client_cannot_change(small: Cli) -> None:
    imported(small, one("a@x", 2))
    ran = imported(small, one("a@x", 2, summary="Bob Ito"), code=4)
    assert ran.json[0]["error"]["message"] == "Booking a@x belongs to client C-1."


def test_the_lead_of_a_calendar(small: Cli) -> None:
    imported(small, one("a@x", 2), more=("--lead", "45m"))
    assert small("booking", "show", "a@x", "-o", "json").json["lead_minutes"] == 45


def test_a_file_is_named_by_its_own_name(small: Cli, tmp_path: Path) -> None:
    file = tmp_path / "sitters.txt"
    file.write_bytes(calendar(one("a@x", 2), header=()))
    ran = small("booking", "import", str(file), "-o", "json")
    assert ran.code == 0, ran.err
    assert "Calendar 'sitters'" in ran.err
