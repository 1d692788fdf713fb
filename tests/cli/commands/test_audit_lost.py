"""What somebody takes away from the database behind petmsg's back is found."""

from pathlib import Path

import pytest

from petmsg.db.cursor import Cursor
from tests.support.consistency import raw
from tests.support.fixtures import Cli, add_org
from tests.support.texting import people_and_visit, send

# --- heads ---------------------------------------------------------------------------------------


@pytest.fixture
def heads_of_b(sqlite_cli: Cli, migrated_sqlite: str, tmp_path: Path) -> Path:
    """Heads that were exported of one of two orgs only."""
    add_org(migrated_sqlite, "calm-cats", front_desk=None)
    file = tmp_path / "heads.jsonl"
    file.write_text(sqlite_cli("audit", "export", "--head", "--org", "calm-cats").out)
    return file


def test_heads_of_another_org_prove_nothing_and_that_is_an_error(
    sqlite_cli: Cli, heads_of_b: Path
) -> None:
    verify = ("audit", "verify", "--head", str(heads_of_b), "-o", "json")
    ran = sqlite_cli(*verify, "--org", "happy-paws")
    assert (ran.code, ran.error["code"]) == (2, "malformed_file")
    assert "happy-paws" in ran.error["message"]
    assert "calm-cats" in ran.error["hint"]
    assert sqlite_cli(*verify, "--org", "calm-cats").code == 0


def test_without_an_org_it_is_said_which_were_not_compared(
    sqlite_cli: Cli, heads_of_b: Path
) -> None:
    ran = sqlite_cli("audit", "verify", "--head", str(heads_of_b))
    assert ran.code == 0
    assert "The file has no checkpoint of org happy-paws" in ran.err
    assert "of org calm-cats" not in ran.err


def without_guard(url: str, cursor: Cursor) -> None:
    on = "" if url.startswith("sqlite") else " ON audit_event"
    cursor.run(f"DROP TRIGGER audit_event_no_delete{on}")


def test_an_org_whose_events_and_head_are_all_gone_is_not_whole(
    cli: Cli, migrated_url: str
) -> None:
    """Its creation is an event."""
    with raw(migrated_url) as cursor:
        without_guard(migrated_url, cursor)
        cursor.run("DELETE FROM audit_head")
        cursor.run("DELETE FROM audit_event")
    ran = cli("audit", "verify", "-o", "json")
    assert (ran.code, ran.json[0]["ok"], ran.json[0]["broken_seq"]) == (10, False, 1)
    assert "creation" in ran.json[0]["problem"]


# --- what stands ---------------------------------------------------------------------------------


@pytest.fixture
def company(cli: Cli) -> Cli:
    people_and_visit(cli)
    assert send(cli).code == 0
    assert send(cli, "--queue-only").code == 0
    assert cli("optout", "add", "C-2", "--reason", "asked").code == 0
    assert cli("booking", "add", "--ref", "B-2", "--client", "C-1", "--start", "+1d", "--end",
               "+2d").code == 0  # fmt: skip
    assert cli("booking", "confirm", "B-2").code == 0
    assert cli("booking", "cancel", "B-2", "--yes").code == 0
    return cli


def events_stand(cli: Cli) -> list[str]:
    rows = cli("doctor", "--check", "events_stand", "--findings", "-o", "json").json
    return [row["message"] for row in rows]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM opt_out", "client C-2, who opted out, but no opt-out of theirs is stored"),
        ("UPDATE opt_out SET ended_at = opted_out_at", "client C-2, who opted out"),
        ("DELETE FROM assignment_window WHERE booking_id = 2", "window B-2, but the database does"),
        ("DELETE FROM message WHERE status = 'queued'", "message 2, but the database does not"),
        ("UPDATE booking SET status = 'confirmed' WHERE ref = 'B-2'", "but is confirmed"),
        ("UPDATE booking SET status = 'pending' WHERE ref = 'B-1'", "booking.confirmed"),
        ("UPDATE sitter SET status = 'inactive' WHERE ref = 'S-1'", "but is inactive"),
    ],
)  # fmt: skip
def test_what_was_deleted_or_changed_by_sql_is_found(
    company: Cli, migrated_url: str, statement: str, told: str
) -> None:
    assert events_stand(company) == []
    with raw(migrated_url) as cursor:
        cursor.run(statement)
    assert company("audit", "verify").code == 0
    (found,) = events_stand(company)
    assert told in found
    assert company("doctor").code == 10


def test_whoever_opted_in_again_or_was_erased_is_no_finding(company: Cli) -> None:
    assert company("optout", "remove", "C-2", "--reason", "asked").code == 0
    assert company("optout", "add", "C-1", "--reason", "asked").code == 0
    assert company("client", "forget", "C-1", "--reason", "asked", "--yes").code == 0
    assert company("sitter", "deactivate", "S-1", "--yes").code == 0
    assert company("sitter", "activate", "S-1", "--without-number").code == 0
    assert events_stand(company) == []
