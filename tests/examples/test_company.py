"""The companies of `examples/company`: what the README says of them, and that petmsg takes them."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest

from tests.examples.conftest import EXAMPLES, ORGS, Desk

COMPANY = EXAMPLES / "company"
FICTIONAL = re.compile(r"\+1[2-9][0-9]{2}55501[0-9]{2}")


def rows(org: str, name: str) -> list[dict[str, str]]:
    with (COMPANY / org / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def everywhere(name: str) -> list[dict[str, str]]:
    return [row for org in ORGS for row in rows(org, name)]


def hours(written: str) -> int:
    return 0 if written == "now" else int(written.removesuffix("h"))


def span(row: dict[str, str]) -> tuple[int, int]:
    return hours(row["starts_at"]), hours(row["ends_at"])


def neighbours(column: str) -> list[tuple[dict[str, str], dict[str, str]]]:
    """Pairs of bookings of the same client or sitter."""
    groups = defaultdict(list)
    for row in everywhere("bookings"):
        if row[column]:
            groups[row[column]].append(row)
    return [pair for group in groups.values() for pair in combinations(group, 2)]


def overlap(one: dict[str, str], other: dict[str, str]) -> bool:
    (start, end), (other_start, other_end) = span(one), span(other)
    return start < other_end and other_start < end


# ------------------------------------------------------------------------------------------- files


def test_the_committed_files_are_what_the_script_writes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, str(COMPANY / "make.py"), str(tmp_path)], check=True)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.csv")}
    kept = {path.relative_to(COMPANY): path.read_bytes() for path in COMPANY.rglob("*.csv")}
    assert made == kept


def test_the_readme_counts_right() -> None:
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    found = re.search(r"have (\d+) sitters, (\d+) clients and\s+(\d+) bookings", text)
    assert found is not None
    counts = [len(everywhere(name)) for name in ("sitters", "clients", "bookings")]
    assert [int(count) for count in found.groups()] == counts


def test_there_is_enough_to_look_at() -> None:
    assert len(everywhere("sitters")) >= 12
    assert len(everywhere("clients")) >= 80
    assert len(everywhere("bookings")) >= 300
    classes = [row["class"] for row in everywhere("numbers")]
    assert classes.count("sitter") >= 16
    assert classes.count("pool") >= 4


@pytest.mark.parametrize("org", ORGS)
def test_a_company_has_one_front_desk_and_a_sitter_number_to_spare(org: str) -> None:
    classes = [row["class"] for row in rows(org, "numbers")]
    assert classes.count("front_desk") == 1
    assert classes.count("sitter") == len(rows(org, "sitters")) + 1


def test_every_phone_is_fictional_and_stands_once() -> None:
    phones = [row["phone"] for name in ("sitters", "clients") for row in everywhere(name)]
    phones += [row["e164"] for row in everywhere("numbers")]
    assert all(FICTIONAL.fullmatch(phone) for phone in phones)
    assert len(set(phones)) == len(phones)


def test_a_name_stands_once_so_that_a_command_may_use_it() -> None:
    for org in ORGS:
        names = [row["name"] for row in rows(org, "clients")]
        assert len(set(names)) == len(names)


def test_the_bookings_span_eight_weeks_around_now() -> None:
    spans = [span(row) for row in everywhere("bookings")]
    assert all(-28 * 24 <= start < end <= 28 * 24 for start, end in spans)
    assert min(start for start, _ in spans) < -26 * 24
    assert max(end for _, end in spans) > 26 * 24


def test_clients_have_bookings_that_overlap_with_different_sitters() -> None:
    found = [
        pair
        for pair in neighbours("client")
        if overlap(*pair) and pair[0]["sitter"] and pair[1]["sitter"]
    ]
    assert len(found) >= 5
    assert all(one["sitter"] != other["sitter"] for one, other in found)


def test_clients_have_bookings_back_to_back_with_different_sitters() -> None:
    found = [
        (one["sitter"], other["sitter"])
        for one, other in neighbours("client")
        if span(one)[1] == span(other)[0]
    ]
    assert sum(one != other for one, other in found) >= 5


def test_no_sitter_is_in_two_places_at_once() -> None:
    assert [pair for pair in neighbours("sitter") if overlap(*pair)] == []


@pytest.mark.parametrize("org", ORGS)
def test_some_bookings_are_unassigned_some_cancelled_some_pending(org: str) -> None:
    bookings = {row["ref"]: row for row in rows(org, "bookings")}
    paid = {row["ref"] for row in rows(org, "paid")}
    cancelled = {row["ref"] for row in rows(org, "cancelled")}
    assert any(not row["sitter"] for row in bookings.values())
    assert cancelled
    assert paid.isdisjoint(cancelled)
    assert paid | cancelled < bookings.keys()


@pytest.mark.parametrize("org", ORGS)
def test_the_last_two_sitters_are_in_no_booking(org: str) -> None:
    booked = {row["sitter"] for row in rows(org, "bookings")} - {""}
    assert booked == {row["ref"] for row in rows(org, "sitters")[:-2]}


def test_the_first_client_has_the_storys_five_bookings() -> None:
    hers = {row["ref"]: row for row in everywhere("bookings") if row["client"] == "HP-C-001"}
    assert list(hers) == [f"HP-B-000{number}" for number in range(1, 6)]
    first, second, third, fourth, fifth = hers.values()
    assert span(first)[1] == span(second)[0] < 0
    assert (span(third), third["sitter"]) == ((-1, 2), "HP-S-01")
    assert 5 * 24 < span(fourth)[0] < 9 * 24
    assert overlap(fourth, fifth)
    assert fourth["sitter"] != fifth["sitter"]
    assert rows("happy-paws", "clients")[0]["kind"] == "recurring"
    assert hers.keys().isdisjoint(row["ref"] for row in everywhere("paid"))


def test_the_second_client_is_outside_every_window() -> None:
    (only,) = [row for row in everywhere("bookings") if row["client"] == "HP-C-002"]
    assert span(only)[1] < -48
    assert rows("happy-paws", "clients")[1]["kind"] == "one_time"
    assert only["ref"] in {row["ref"] for row in everywhere("paid")}


# ------------------------------------------------------------------------------------- in petmsg


def assert_all_there(desk: Desk) -> None:
    """Everything of the files is in the database, in the state that the README's commands leave."""
    story = {f"HP-B-000{number}" for number in range(1, 6)}
    for org in ORGS:
        assert len(desk.ask(org, "number", "list", "--all")) == len(rows(org, "numbers"))
        assert len(desk.ask(org, "client", "list", "--all")) == len(rows(org, "clients"))
        sitters = desk.ask(org, "sitter", "list", "--all")
        assert len(sitters) == len(rows(org, "sitters"))
        for sitter in sitters:
            assert (sitter["status"] == "active") == (sitter["number"] is not None)
        by_status = defaultdict(set)
        for row in desk.ask(org, "booking", "list", "--all"):
            by_status[row["status"]].add(row["booking"])
        mine = story if org == "happy-paws" else set()
        assert by_status["confirmed"] == {row["ref"] for row in rows(org, "paid")} | mine
        assert by_status["cancelled"] == {row["ref"] for row in rows(org, "cancelled")}
        assert sum(map(len, by_status.values())) == len(rows(org, "bookings"))
    assert all(each["ok"] for each in desk.ask("", "audit", "verify"))


def test_the_readmes_commands_load_both_companies(loaded: Desk) -> None:
    assert_all_there(loaded)


def test_the_readmes_story_holds(loaded: Desk) -> None:
    """One thread with five windows; her sitter's number inside a window, a pool number outside."""
    thread = loaded.ask("happy-paws", "thread", "show", "HP-C-001")
    assert (thread["window_count"], len(thread["windows"])) == (5, 5)
    inside = loaded.ask("happy-paws", "route", "explain", "HP-C-001")
    assert inside["number"]["sitter"] == "HP-S-01"
    outside = loaded.ask("happy-paws", "route", "explain", "HP-C-002")
    assert outside["number"]["class"] == "pool"
    (nora,) = [
        each for each in loaded.ask("happy-paws", "sitter", "list") if each["sitter"] == "HP-S-09"
    ]
    assert nora["number"] is not None


@pytest.mark.postgres
def test_postgresql_takes_them_too(load: Callable[[str], Desk], postgres_url: str) -> None:
    assert_all_there(load(postgres_url))
