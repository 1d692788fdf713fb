"""The lead time: how it is typed, and how windows get and keep it."""

from datetime import timedelta
from typing import Any

import pytest

from petmsg.errors import MalformedTime, OutOfRange
from petmsg.services.bookings.lead_time import parse_lead
from tests.support.fixtures import NOW, Cli, lines, working
from tests.support.texting import ANN, MAYA, OLGA, people

START, END = "2026-02-14T18:00Z", "2026-02-14T20:00Z"
HEADER = ("ref", "client", "sitter", "starts_at", "ends_at", "lead_minutes")


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [("30", 30), ("0", 0), (" 45 ", 45), ("30m", 30), ("2h", 120), ("1d", 1440), ("120s", 2),
     ("10080", 10080), ("1w", 10080), ("", None), ("  ", None)],
)  # fmt: skip
def test_a_lead_time_is_minutes_or_a_duration(typed: str, minutes: int | None) -> None:
    assert parse_lead(typed) == minutes


@pytest.mark.parametrize("typed", ["-5", "+30m", "half an hour", "1.5h", "90s", "٣", "30 min", "m"])
def test_anything_else_is_no_lead_time(typed: str) -> None:
    with pytest.raises(MalformedTime, match="Invalid lead time"):
        parse_lead(typed)


@pytest.mark.parametrize("typed", ["10081", "999999", "8d", "999999w"])
def test_a_lead_time_is_a_week_at_most(typed: str) -> None:
    with pytest.raises(OutOfRange, match="too long"):
        parse_lead(typed)


# ------------------------------------------------------------------------------- what windows do


@pytest.fixture
def company(cli: Cli) -> Cli:
    people(cli)
    return cli


def book(cli: Cli, ref: str, *more: str, start: str = START, end: str = END, code: int = 0) -> Any:
    ran = cli(
        "booking", "add", "--ref", ref, "--client", "C-1", "--sitter", "S-1",
        "--start", start, "--end", end, *more, "-o", "json",
    )  # fmt: skip
    assert ran.code == code, ran.err
    return ran.json if code == 0 else ran.error


def confirm(cli: Cli, *refs: str) -> Any:
    ran = cli("booking", "confirm", *refs, "-o", "json")
    assert ran.code == 0, ran.err
    return ran.json


def begins(cli: Cli, ref: str) -> str:
    """When the window begins; the booking itself keeps its times."""
    row = cli("booking", "show", ref, "-o", "json").json
    assert (row["starts_at"], row["ends_at"]) == ("2026-02-14T18:00:00Z", "2026-02-14T20:00:00Z")
    assert row["window"]["booked_until"] == "2026-02-14T20:00:00Z"
    assert row["window"]["ends_at"] == "2026-02-14T21:00:00Z"
    return str(row["window"]["starts_at"])[11:16]


def test_a_window_begins_as_long_before_the_visit_as_the_org_says(company: Cli) -> None:
    changed = company("org", "set", "--lead-minutes", "30", "-o", "json").json
    assert changed["lead_minutes"] == 30
    book(company, "B-1")
    confirm(company, "B-1")
    assert begins(company, "B-1") == "17:30"
    assert company("doctor", "--findings", "-o", "json").json == []


def test_a_booking_may_have_a_lead_time_of_its_own(company: Cli) -> None:
    company("org", "set", "--lead-minutes", "30")
    added = [book(company, "B-1", "--lead", "2h"), book(company, "B-2", "--lead", "0")]
    assert [row["lead_minutes"] for row in added] == [120, 0]
    confirm(company, "B-1", "B-2")
    assert [begins(company, ref) for ref in ("B-1", "B-2")] == ["16:00", "18:00"]
    listed = company("booking", "list", "-o", "json").json
    assert {row["booking"]: row["lead_minutes"] for row in listed} == {"B-1": 120, "B-2": 0}
    assert company("booking", "show", "B-1", "-o", "json").json["lead_minutes"] == 120


def test_existing_windows_keep_their_lead_until_they_are_confirmed_again(company: Cli) -> None:
    book(company, "B-1")
    confirm(company, "B-1")
    company("org", "set", "--lead-minutes", "45")
    assert begins(company, "B-1") == "18:00"
    assert company("doctor", "--findings", "-o", "json").json == []
    assert confirm(company, "B-1")[0]["reused"] == {"thread": True, "window": True}
    assert begins(company, "B-1") == "17:15"
    rows = company("audit", "list", "--entity", "window", "-o", "json", "--all").json
    last = rows[0]["payload"]
    assert (last["before"]["starts_at"], last["after"]["starts_at"]) == (
        "2026-02-14T18:00:00Z",
        "2026-02-14T17:15:00Z",
    )


def test_a_moved_and_a_reassigned_window_get_todays_lead(company: Cli) -> None:
    for ref in ("B-1", "B-2"):
        book(company, ref, start="2026-02-15T18:00Z", end="2026-02-15T20:00Z")
    confirm(company, "B-1", "B-2")
    company("org", "set", "--lead-minutes", "30")
    company("booking", "reschedule", "B-1", "--start", START, "--end", END)
    assert begins(company, "B-1") == "17:30"
    company("booking", "reassign", "B-2", "--sitter", "S-2")
    company("booking", "reschedule", "B-2", "--start", START, "--end", END, "--lead", "10m")
    assert begins(company, "B-2") == "17:50"
    company("booking", "reschedule", "B-2", "--lead", "")
    assert begins(company, "B-2") == "17:30"


def test_an_identical_add_with_a_lead_is_no_error_and_one_that_differs_is(company: Cli) -> None:
    book(company, "B-1", "--lead", "30")
    assert book(company, "B-1", "--lead", "30m")["reused"] is True
    assert book(company, "B-1", code=4)["code"] == "already_exists"
    assert book(company, "B-1", "--lead", "31", code=4)["code"] == "already_exists"
    nameless = ("booking", "add", "--client", "C-1", "--sitter", "S-1", "--start", START,
                "--end", END, "-o", "json")  # fmt: skip
    assert company(*nameless).json["booking"] == "B-1"
    assert company(*nameless, "--lead", "30").json["booking"] == "B-1"
    assert company(*nameless, "--lead", "5").error["code"] == "already_exists"


@pytest.mark.parametrize(("typed", "code"), [("soon", "malformed_time"), ("8d", "out_of_range")])
def test_a_bad_lead_is_wrong_usage(sqlite_cli: Cli, typed: str, code: str) -> None:
    people(sqlite_cli)
    assert book(sqlite_cli, "B-1", "--lead", typed, code=2)["code"] == code
    for words in (("booking", "import", "-"), ("booking", "reschedule", "B-1")):
        rows = lines(HEADER[:5], ("B-1", "C-1", "S-1", START, END))
        ran = sqlite_cli(*words, "--lead", typed, "-o", "json", stdin=rows)
        assert ran.code in (2, 3)
    over = sqlite_cli("org", "set", "--lead-minutes", "10081", "-o", "json")
    assert (over.code, over.error["code"]) == (2, "out_of_range")


def imported(cli: Cli, *rows: tuple[str, ...], code: int = 0, lead: str | None = None) -> Any:
    more = [] if lead is None else ["--lead", lead]
    ran = cli("booking", "import", "-", *more, "-o", "json", stdin=lines(*rows))
    assert ran.code == code, ran.err
    return [row.get("result") or row["error"]["code"] for row in ran.json]


def leads(cli: Cli) -> dict[str, int | None]:
    rows = cli("booking", "list", "--all", "-o", "json").json
    return {row["booking"]: row["lead_minutes"] for row in rows}


def test_an_import_has_a_column_for_the_lead(company: Cli) -> None:
    company("org", "set", "--lead-minutes", "30")
    assert imported(
        company,
        HEADER,
        ("B-1", "C-1", "S-1", START, END, "45"),
        ("B-2", "C-1", "S-1", START, END, ""),
        ("B-3", "C-1", "S-1", START, END, "1h"),
        ("B-4", "C-1", "S-1", START, END, "soon"),
        code=4,
    ) == ["created", "created", "created", "malformed_time"]
    assert leads(company) == {"B-1": 45, "B-2": None, "B-3": 60}
    confirm(company, "B-1", "B-2", "B-3")
    assert [begins(company, ref) for ref in ("B-1", "B-2", "B-3")] == ["17:15", "17:30", "17:00"]
    # An absent column leaves the value, an empty cell clears it; the window follows at once.
    assert imported(company, HEADER[:5], ("B-1", "C-1", "S-1", START, END)) == ["unchanged"]
    assert imported(company, ("ref", "lead_minutes"), ("B-1", ""), ("B-3", "5")) == ["updated"] * 2
    assert leads(company) == {"B-1": None, "B-2": None, "B-3": 5}
    assert [begins(company, ref) for ref in ("B-1", "B-3")] == ["17:30", "17:55"]
    assert company("doctor", "--findings", "-o", "json").json == []


def test_the_option_of_an_import_is_for_a_file_without_the_column(company: Cli) -> None:
    rows = (("B-1", "C-1", "S-1", START, END), ("B-2", "C-1", "S-1", START, END))
    assert imported(company, HEADER[:5], *rows, lead="20m") == ["created"] * 2
    assert leads(company) == {"B-1": 20, "B-2": 20}
    with_column = (HEADER, (*rows[0], "7"), (*rows[1], ""))
    assert imported(company, *with_column, lead="20m") == ["updated"] * 2
    assert leads(company) == {"B-1": 7, "B-2": None}


@pytest.mark.parametrize(
    ("value", "lead"), [("45", 45), ('"45"', 45), ("null", None), ('""', None)]
)
def test_a_lead_in_json_lines_may_be_a_number(
    sqlite_cli: Cli, value: str, lead: int | None
) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1", "--lead", "5")
    row = f'{{"ref": "B-1", "lead_minutes": {value}}}'
    assert sqlite_cli("booking", "import", "-", "-o", "json", stdin=row).code == 0
    assert leads(sqlite_cli) == {"B-1": lead}


@pytest.mark.parametrize("value", ["true", "4.5", "[45]"])
def test_another_value_in_json_lines_is_refused(sqlite_cli: Cli, value: str) -> None:
    people(sqlite_cli)
    book(sqlite_cli, "B-1", "--lead", "5")
    row = f'{{"ref": "B-1", "lead_minutes": {value}}}'
    ran = sqlite_cli("booking", "import", "-", "-o", "json", stdin=row)
    assert (ran.code, ran.json[0]["error"]["code"]) == (4, "malformed_row")


def test_overlaps_are_of_booked_times_and_not_of_lead_times(company: Cli) -> None:
    company("org", "set", "--lead-minutes", "90")
    book(company, "B-1")
    book(company, "B-2", start="2026-02-14T20:00Z", end="2026-02-14T21:00Z")
    book(company, "B-3", start="2026-02-14T19:59Z", end="2026-02-14T21:00Z")
    rows = confirm(company, "B-1", "B-2", "B-3")
    assert {row["booking"]: row["overlaps"] for row in rows} == {
        "B-1": ["B-3"],
        "B-2": ["B-3"],
        "B-3": ["B-1", "B-2"],
    }


def test_a_sitter_who_leaves_in_the_lead_of_a_visit_loses_the_visit(company: Cli) -> None:
    book(company, "B-1", "--lead", "2h")
    confirm(company, "B-1")
    in_lead = NOW + timedelta(hours=2, minutes=30)
    gone = company("sitter", "deactivate", "S-1", "--yes", "-o", "json", now=in_lead)
    assert gone.code == 0, gone.err
    assert (gone.json["windows_ended"], gone.json["bookings_unassigned"]) == ([], ["B-1"])
    assert company("doctor", "--findings", "-o", "json", now=in_lead).json == []
    again = company("booking", "reassign", "B-1", "--sitter", "S-2", "-o", "json", now=in_lead)
    assert again.code == 0, again.err
    assert begins(company, "B-1") == "16:00"
    with_jo = company("route", "explain", "C-1", "-o", "json", now=in_lead).json
    assert with_jo["number"]["sitter"] == "S-2"


@pytest.mark.parametrize("changed", ["window", "booking"])
def test_a_window_that_begins_at_another_time_is_found(
    company: Cli, migrated_url: str, changed: str
) -> None:
    """With a lead of the booking's own the start of its window is certain to the second."""
    book(company, "B-1", "--lead", "30")
    confirm(company, "B-1")
    with working(migrated_url) as uow:
        if changed == "booking":
            uow.cursor.run("UPDATE booking SET lead_minutes = 31")
        else:
            uow.cursor.run(
                "UPDATE assignment_window SET starts_at = :at",
                at=NOW + timedelta(hours=2, minutes=29, seconds=59),
            )
    (found,) = company("doctor", "--findings", "-o", "json").json
    assert found["check"] == "window_follows_its_booking"
    assert "different start" in found["message"]


# -------------------------------------------------------------------------- who knows about it


def in_lead(cli: Cli) -> None:
    """A visit from 18:00 to 20:00 UTC with a lead of 30 minutes, and the front desk."""
    cli("number", "add", "+14155550100", "--class", "front_desk")
    cli("org", "set", "--lead-minutes", "30")
    book(cli, "B-1")
    confirm(cli, "B-1")


def number_at(cli: Cli, at: str) -> str:
    return str(cli("route", "explain", "C-1", "--at", at, "-o", "json").json["number"]["e164"])


def test_the_lead_is_half_open_like_the_window(company: Cli) -> None:
    in_lead(company)
    assert [number_at(company, f"2026-02-14T{clock}Z") == MAYA for clock in
            ("17:29:59", "17:30", "17:59:59", "18:00")] == [False, True, True, True]  # fmt: skip


def test_booked_time_beats_grace_and_grace_beats_lead(company: Cli) -> None:
    """S-1 from 18:00 to 20:00, with grace to 21:00; S-2 from 21:30, with lead from 19:30."""
    book(company, "B-1")
    company(
        "booking", "add", "--ref", "B-2", "--client", "C-1", "--sitter", "S-2", "--lead", "2h",
        "--start", "2026-02-14T21:30Z", "--end", "2026-02-14T22:30Z",
    )  # fmt: skip
    assert [row["overlaps"] for row in confirm(company, "B-1", "B-2")] == [[], []]
    assert number_at(company, "2026-02-14T19:45Z") == MAYA  # booked, and in lead
    assert number_at(company, "2026-02-14T20:45Z") == MAYA  # in grace, and in lead
    assert number_at(company, "2026-02-14T21:15Z") == OLGA  # in lead alone
    explained = company("route", "explain", "C-1", "--at", "2026-02-14T20:45Z", "-o", "json").json
    assert "B-1 (Maya Lee), B-2 (Olga Roy)" in explained["warnings"][0]
    assert explained["window"]["starts_at"] == "2026-02-14T18:00:00Z"
    changes = company(
        "route", "simulate", "--client", "C-1", "--from", "2026-02-14T17:00Z",
        "--to", "2026-02-15T00:00Z", "-o", "json",
    ).json  # fmt: skip
    assert [(row["from"][11:16], row["number"]) for row in changes][1:-1] == [
        ("18:00", MAYA),
        ("21:00", OLGA),
    ]


def test_simulate_and_the_timeline_begin_the_sitters_number_with_the_lead(company: Cli) -> None:
    in_lead(company)
    span = ("--from", "2026-02-14T16:00Z", "--to", "2026-02-14T22:00Z", "-o", "json")
    changes = company("route", "simulate", *span, "--client", "C-1").json
    segments = company("thread", "timeline", "C-1", *span).json
    for rows in (changes, segments["segments"]):
        hers = [row for row in rows if row["number"] == MAYA]
        assert [(row["from"][11:16], row["to"][11:16]) for row in hers] == [("17:30", "21:00")]
    (window,) = segments["windows"]
    names = ("starts_at", "booked_from", "booked_until", "ends_at")
    assert [window[name][11:16] for name in names] == ["17:30", "18:00", "20:00", "21:00"]


def test_the_lead_is_drawn_beside_the_booked_time(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    in_lead(sqlite_cli)
    span = ("--from", "2026-02-14T16:00Z", "--to", "2026-02-14T22:00Z")
    drawn = sqlite_cli("thread", "timeline", "C-1", *span, "-o", "table").out
    lane = next(line for line in drawn.splitlines() if "Maya Lee (S-1)" in line)
    assert set(lane.partition(")")[2].split()[0]) == {".", "#"} or "░█" in lane
    assert "lead, grace" in drawn


def test_coverage_looks_at_the_lead_too(company: Cli) -> None:
    in_lead(company)
    company("number", "quarantine", MAYA, "--until", "2026-02-14T17:45Z", "--reason", "filtered")
    found = company("coverage", "-o", "json")
    (gap,) = [row for row in found.json if row["kind"] == "window"]
    assert (gap["starts_at"], gap["ends_at"]) == ("2026-02-14T17:30:00Z", "2026-02-14T17:45:00Z")
    assert gap["meanwhile"]["number"] == "+14155550150"


def test_a_quarantine_that_ends_in_the_lead_affects_the_window(company: Cli) -> None:
    in_lead(company)
    before = company(
        "number", "quarantine", MAYA, "--until", "2026-02-14T17:30Z", "--reason", "a", "-o", "json"
    )
    within = company(
        "number", "quarantine", MAYA, "--until", "2026-02-14T17:31Z", "--reason", "a", "-o", "json"
    )
    rows = [ran.json[0]["affected"]["future_windows"] for ran in (before, within)]
    assert rows == [0, 1]


def test_a_message_of_the_client_in_the_lead_is_the_sitters(company: Cli) -> None:
    in_lead(company)
    words = ("route", "inbound", "--from", ANN, "--to", MAYA, "-o", "json")
    seen = [company(*words, "--at", f"2026-02-14T{clock}Z").json for clock in ("17:29", "17:30")]
    assert [row["addressed_to"] for row in seen] == ["front_desk", "S-1"]
