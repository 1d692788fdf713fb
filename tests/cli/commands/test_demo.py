"""petmsg demo: the whole demo on a database of its own, with the proof of each claim."""

from pathlib import Path

import pytest

from petmsg.db import migrate
from petmsg.db.location import locate
from tests.support.fixtures import Ran, add_org, looking, run_cli


def demo(folder: Path, *words: str, output: str = "json") -> Ran:
    path = str(folder / "demo.db")
    return run_cli(None, "demo", "--db", path, *words, "-o", output, now=None)


def test_every_claim_is_proved_however_often_it_is_played(tmp_path: Path) -> None:
    for _ in range(2):
        ran = demo(tmp_path)
        assert ran.code == 0, ran.err
        assert len(ran.json) >= 14
        assert [claim["claim"] for claim in ran.json if not claim["holds"]] == []
    with looking(locate(str(tmp_path / "demo.db")).url) as cursor:
        found = cursor.tuples("SELECT status, count(*) FROM message GROUP BY status")
    assert found == [("sent", 3)]


def test_the_demo_of_an_older_petmsg_is_replaced(tmp_path: Path) -> None:
    assert demo(tmp_path).code == 0
    url = locate(str(tmp_path / "demo.db")).url
    migrate.downgrade(url, "0004_replies", discard_data=True)
    ran = demo(tmp_path)
    assert ran.code == 0, ran.err


@pytest.mark.postgres
def test_every_claim_is_proved_on_postgresql(postgres_url: str) -> None:
    url = postgres_url.replace("+psycopg", "")
    ran = run_cli(None, "demo", "--db", url, "-o", "json", now=None)
    assert ran.code == 0, ran.err
    assert [claim["claim"] for claim in ran.json if not claim["holds"]] == []


def test_a_table_tells_the_story_as_a_shell_would_show_it(tmp_path: Path) -> None:
    ran = demo(tmp_path, output="table")
    assert ran.code == 0, ran.err
    assert "$ petmsg message send HP-C-001" in ran.out
    assert "[FAILED]" not in ran.out
    assert "14 of 14 checks passed" in ran.out


def test_a_database_that_somebody_else_made_is_left_alone(
    migrated_sqlite: str, tmp_path: Path
) -> None:
    add_org(migrated_sqlite)
    ran = run_cli(None, "demo", "--db", str(tmp_path / "petmsg.db"), "-o", "json")
    assert (ran.code, ran.error["code"]) == (4, "refused")
    assert "happy-paws" in ran.error["message"]
