"""petmsg init: the database and the first org, safe to repeat."""

import stat
from pathlib import Path
from typing import Any

import pytest

from tests.support.fixtures import Ran, looking, run_cli

WORDS = ("--org", "happy-paws", "--name", "Happy Paws", "--timezone", "America/New_York")
DESK = ("--front-desk", "+14155550100")


def init(url: str, *words: str, **options: Any) -> Ran:
    return run_cli(url, "init", *words, "-o", "json", **options)


@pytest.fixture
def fresh(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/data/petmsg.db"


def test_it_creates_a_private_database_with_the_org_and_its_front_desk(
    fresh: str, tmp_path: Path
) -> None:
    ran = init(fresh, *WORDS, *DESK)
    assert ran.code == 0, ran.err
    assert (ran.json["org"], ran.json["grace_minutes"], ran.json["provider"]) == (
        "happy-paws",
        60,
        "sandbox",
    )
    folder = tmp_path / "data"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    shown = run_cli(fresh, "number", "show", "+14155550100", "-o", "json").json
    assert (shown["class"], shown["status"]) == ("front_desk", "active")
    events = run_cli(fresh, "audit", "list", "-o", "json").json
    assert [event["event"] for event in events] == ["number.added", "org.added"]


def test_repeating_it_changes_nothing(fresh: str) -> None:
    first = init(fresh, *WORDS, *DESK)
    again = init(fresh, *WORDS, *DESK)
    assert (again.code, again.json) == (0, first.json)
    assert len(run_cli(fresh, "audit", "list", "-o", "json").json) == 2


def test_an_org_that_differs_is_refused(fresh: str) -> None:
    init(fresh, *WORDS)
    ran = init(fresh, *WORDS[:-1], "America/Chicago")
    assert (ran.code, ran.error["code"]) == (4, "already_exists")


@pytest.mark.postgres
def test_on_postgresql_too_it_can_be_repeated(postgres_url: str) -> None:
    for _ in range(2):
        ran = init(postgres_url, *WORDS, *DESK)
        assert ran.code == 0, ran.err
    with looking(postgres_url) as cursor:
        assert cursor.value("SELECT count(*) FROM org") == 1


def test_a_dry_run_creates_nothing(fresh: str, tmp_path: Path) -> None:
    ran = init(fresh, *WORDS, *DESK, "--dry-run")
    assert ran.code == 0, ran.err
    assert "Would create" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_on_a_database_that_is_there_adds_no_org(fresh: str) -> None:
    init(fresh, *WORDS)
    other = ("--org", "cosy-cats", "--name", "Cosy Cats", "--timezone", "UTC")
    assert init(fresh, *other, "--dry-run").json["org"] == "cosy-cats"
    assert len(run_cli(fresh, "org", "list", "-o", "json").json) == 1


@pytest.mark.parametrize(
    "words",
    [
        (*WORDS[:-1], "Mars/Olympus"),
        (*WORDS[:-1], "../../etc/passwd"),
        ("--org", "Happy Paws", *WORDS[2:]),
        WORDS[2:],
        (*WORDS, "--front-desk", "555-0100"),
        (*WORDS[:3], " ", *WORDS[4:]),
        WORDS[:4],
    ],
)
def test_malformed_input_is_wrong_usage_and_makes_no_database(
    fresh: str, tmp_path: Path, words: tuple[str, ...]
) -> None:
    ran = init(fresh, *words)
    assert (ran.code, bool(ran.error["message"])) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_the_org_may_come_from_the_environment(fresh: str) -> None:
    assert init(fresh, *WORDS[2:], PETMSG_ORG="happy-paws").json["org"] == "happy-paws"


def test_a_file_of_another_kind_is_left_alone(fresh: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    file = tmp_path / "data" / "petmsg.db"
    file.write_text("this is a diary, not a database " * 40)
    before = file.read_bytes()
    ran = init(fresh, *WORDS)
    assert (ran.code, ran.error["code"]) == (5, "database_not_a_database")
    assert file.read_bytes() == before
