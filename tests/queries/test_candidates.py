"""What a half-typed word may become: found by index, in one org, never a personal phone."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from petmsg.db.cursor import Cursor
from petmsg.db.location import locate
from petmsg.enums.bookings import BookingStatus
from petmsg.queries import candidates
from petmsg.queries.candidates import MOST, Candidate, offered
from tests.support.consistency import raw
from tests.support.fixtures import add_org, build, lines, looking, run_cli

TEXTS = {
    name: text
    for name, text in vars(candidates).items()
    if name.isupper() and not name.startswith("_") and isinstance(text, str)
}


@pytest.fixture(scope="module")
def _sqlite_companies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("companies") / "petmsg.db"
    fill(locate(str(path)).url)
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Two companies with the same refs and other names."""
    if request.param == "postgresql":
        copy: str = request.getfixturevalue("postgres_template")("candidates", fill)
        return copy
    shutil.copy(request.getfixturevalue("_sqlite_companies"), tmp_path / "petmsg.db")
    return locate(str(tmp_path / "petmsg.db")).url


def fill(url: str) -> None:
    build(url)
    add_org(url)
    add_org(url, "tail-waggers", front_desk="+14155550200")
    for line in (
        ("client", "add", "Ann Ivers", "--ref", "C-1", "--phone", "+12025550101"),
        ("client", "add", "Anna Öztürk", "--ref", "C-2", "--phone", "+12025550102"),
        ("client", "add", "Bo O'Neil", "--ref", "hp/7", "--phone", "+12025550103"),
        ("sitter", "add", "Maya Lee", "--ref", "S-1", "--phone", "+13035550101"),
        ("number", "add", "+14155550101", "+14155550102", "--class", "sitter"),
        ("number", "quarantine", "+14155550102", "--reason", "complaints"),
        ("sitter", "activate", "S-1"),
        ("booking", "add", "--ref", "B-1", "--client", "C-1", "--start", "+1h", "--end", "+2h"),
        ("booking", "add", "--ref", "B-2", "--client", "C-2", "--start", "+1d", "--end", "+2d"),
        ("booking", "confirm", "B-1"),
        ("message", "send", "C-1", "--body", "Hi", "--queue-only"),
    ):
        assert run_cli(url, *line, PETMSG_ORG="happy-paws").code == 0, line
    other = ("client", "add", "Ann Other", "--ref", "C-1", "--phone", "+12025550101")
    assert run_cli(url, *other, PETMSG_ORG="tail-waggers").code == 0


def found(
    url: str, text: str, typed: str = "", *states: str, org: str | None = "happy-paws"
) -> Any:
    with looking(url) as cursor:
        return offered(cursor, text, typed, org=org, states=states)


def words(*args: Any, **options: Any) -> list[str]:
    return [each.word for each in found(*args, **options)]


def test_a_client_is_offered_by_ref_with_their_name(url: str) -> None:
    assert found(url, candidates.CLIENTS) == [
        Candidate("C-1", "Ann Ivers"),
        Candidate("C-2", "Anna Öztürk"),
        Candidate("hp/7", "Bo O'Neil"),
    ]
    assert words(url, candidates.CLIENTS, "C-") == ["C-1", "C-2"]


def test_a_name_is_offered_once_it_is_begun_with_their_ref(url: str) -> None:
    assert found(url, candidates.CLIENTS, "Ann I") == [Candidate("Ann Ivers", "C-1")]
    assert sorted(words(url, candidates.CLIENTS, "Ann")) == ["Ann Ivers", "Anna Öztürk"]


def test_small_letters_find_what_is_written_in_capitals(url: str) -> None:
    assert words(url, candidates.CLIENTS, "ann i") == ["Ann Ivers"]
    assert words(url, candidates.CLIENTS, "c-2") == ["C-2"]
    assert words(url, candidates.CLIENTS, "bo o'n") == ["Bo O'Neil"]


def test_a_name_is_found_in_either_form_of_its_letters(url: str) -> None:
    assert words(url, candidates.CLIENTS, "Anna O\N{COMBINING DIAERESIS}z") == ["Anna Öztürk"]


def test_another_orgs_rows_are_never_offered(url: str) -> None:
    assert found(url, candidates.CLIENTS, org="tail-waggers") == [Candidate("C-1", "Ann Other")]
    assert words(url, candidates.NUMBERS, org="tail-waggers") == ["+14155550200"]
    for text in (candidates.SITTERS, candidates.BOOKINGS, candidates.MESSAGES, candidates.ALERTS):
        assert found(url, text, org="tail-waggers") == []


def test_with_several_orgs_and_none_chosen_nothing_of_one_org_is_offered(url: str) -> None:
    for text in TEXTS.values():
        if text not in (candidates.ORGS, candidates.ALERTS):
            assert found(url, text, org=None) == []
    assert words(url, candidates.ORGS, org=None) == ["happy-paws", "tail-waggers"]
    assert words(url, candidates.CLIENTS, org="nobody") == []


def test_a_lone_org_need_not_be_chosen(migrated_url: str) -> None:
    add_org(migrated_url)
    assert words(migrated_url, candidates.NUMBERS, org=None) == ["+14155550100"]


def test_a_number_is_offered_with_its_class_state_and_holder(url: str) -> None:
    assert found(url, candidates.NUMBERS, "+14155550101") == [
        Candidate("+14155550101", "Maya Lee, sitter, active")
    ]
    assert len(words(url, candidates.NUMBERS, "1415")) == 3
    assert len(words(url, candidates.NUMBERS, "(415) 555")) == 3
    assert words(url, candidates.NUMBERS, "4155550102") == ["+14155550102"]
    assert words(url, candidates.NUMBERS, "555") == []
    assert words(url, candidates.QUARANTINED) == ["+14155550102"]


def test_a_booking_is_offered_with_its_client_state_and_day(url: str) -> None:
    assert found(url, candidates.BOOKINGS, "B-1") == [
        Candidate("B-1", "Ann Ivers, confirmed, 2026-02-14")
    ]
    assert words(url, candidates.BOOKINGS, "", BookingStatus.PENDING) == ["B-2"]


def test_a_text_and_an_event_are_offered_by_number(url: str) -> None:
    assert found(url, candidates.MESSAGES) == [Candidate("1", "C-1, queued")]
    assert words(url, candidates.MESSAGES, "2") == []
    newest = found(url, candidates.EVENTS)[0]
    assert newest.note.startswith("message.queued")


def test_a_phone_in_a_name_is_not_offered(url: str) -> None:
    """Somebody without a name is entered as a phone, in one of many ways to write it."""
    for ref, name in (
        ("N-1", "+1 202 555 0177"),
        ("N-2", "Cleo (202) 555-0178"),
        ("N-3", "٢٠٢٥٥٥٠١٧٩"),
    ):
        line = ("client", "add", name, "--ref", ref, "--phone", f"+1202555018{ref[-1]}")
        assert run_cli(url, *line, PETMSG_ORG="happy-paws").code == 0
    assert found(url, candidates.CLIENTS, "N-") == [
        Candidate("N-1"), Candidate("N-2"), Candidate("N-3"),
    ]  # fmt: skip
    for typed in ("+1 2", "Cleo", "cleo", "٢٠٢"):
        assert found(url, candidates.CLIENTS, typed) == []
    assert found(url, candidates.CLIENTS, "+12025550101") == []


def test_a_name_that_would_act_on_a_terminal_is_not_offered(migrated_url: str) -> None:
    """Only somebody who wrote into the database by hand can have put it there."""
    add_org(migrated_url)
    line = ("client", "add", "Eve", "--ref", "C-1", "--phone", "+12025550101")
    assert run_cli(migrated_url, *line).code == 0
    with raw(migrated_url) as cursor:
        cursor.run("UPDATE client SET ref = :ref", ref="C-1\x1b]0;x\x07\n")
    assert words(migrated_url, candidates.CLIENTS, "C") == []


def test_of_very_many_the_first_and_the_last_are_offered(migrated_url: str) -> None:
    """What a shell types by itself is what all candidates have in common: with the first ones
    alone it would type too much."""
    add_org(migrated_url)
    rows = [(f"C-{i:04}", f"Client {i:04}", f"+1202556{i:04}") for i in range(1, MOST * 2)]
    ran = run_cli(
        migrated_url, "client", "import", "-", stdin=lines(("ref", "name", "phone"), *rows)
    )
    assert ran.code == 0
    for typed, first in (("C-", "C-0001"), ("Cl", "Client 0001")):
        offered_words = words(migrated_url, candidates.CLIENTS, typed, org=None)
        assert offered_words[0] == first
        assert len(offered_words) == MOST + 1
        assert offered_words[-1].endswith(str(MOST * 2 - 1))


# ------------------------------------------------------------------------------------------ plans


def planned(cursor: Cursor, text: str) -> str:
    values: dict[str, Any] = dict.fromkeys(re.findall(r"(?<!:):([a-z_]+)", text), "x")
    rows = cursor.tuples(f"EXPLAIN QUERY PLAN {text}", **values | {"any_org": 1})
    return "\n".join(row[3] for row in rows)


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_reads_by_index_and_is_cut(migrated_sqlite: str, name: str) -> None:
    with raw(migrated_sqlite) as cursor:
        plan = planned(cursor, TEXTS[name])
    assert re.findall(r"SCAN [xmea]\b(?! USING).*", plan) == []
    assert TEXTS[name].count("LIMIT") == TEXTS[name].count("ORDER BY") > 0


def test_open_alerts_are_read_without_those_that_are_done(migrated_sqlite: str) -> None:
    with raw(migrated_sqlite) as cursor:
        assert "uq_alert_open" in planned(cursor, candidates.ALERTS)


def test_a_text_without_an_index_would_be_noticed(migrated_sqlite: str) -> None:
    with raw(migrated_sqlite) as cursor:
        assert "SCAN m" in planned(cursor, candidates.MESSAGES.replace("m.org_id", "m.attempts"))
