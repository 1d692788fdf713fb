"""`doctor` compares the channels of the database with the private file of URLs."""

import json
from pathlib import Path

import pytest

from petmsg.notify import sending
from petmsg.services.notify import channel
from tests.support.fixtures import Cli, working


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "notify.json"


def found(cli: Cli, file: Path, *words: str) -> list[tuple[str, str, str | None]]:
    """The result, message and fix of each finding."""
    variables = {"PETMSG_NOTIFY_FILE": str(file)}
    ran = cli("doctor", "--check", "channels", *words, "-o", "json", **variables)
    assert "SENTINEL" not in ran.out + ran.err
    assert ran.code == (10 if any(row["result"] == "problem" for row in ran.json) else 0)
    return [
        (row["result"], row["message"], row["command"]) for row in ran.json if row["result"] != "ok"
    ]


def keep(file: Path, urls: object) -> None:
    file.write_text(json.dumps(urls), encoding="utf-8")
    file.chmod(0o600)


def test_a_channel_with_its_url_is_well(cli: Cli, migrated_url: str, file: Path) -> None:
    assert found(cli, file) == []
    with working(migrated_url) as uow:
        channel.add(uow, "ops")
    keep(file, {"happy-paws": {"ops": "json://SENTINEL"}, "of-another-database": {"x": "y"}})
    assert found(cli, file) == []


def test_a_missing_url_and_a_url_without_a_channel_are_named(
    cli: Cli, migrated_url: str, file: Path
) -> None:
    with working(migrated_url) as uow:
        channel.add(uow, "the ops {team}")
    keep(file, {"happy-paws": {"old": "json://SENTINEL"}})
    assert found(cli, file) == [
        (
            "warning",
            "The file of URLs has one for old, which is no channel of this database",
            "petmsg notify remove old",
        ),
        (
            "problem",
            "The URL of channel the ops {team} is not on this machine",
            "petmsg notify add 'the ops {team}' -",
        ),
    ]
    cli("org", "add", "tail-waggers", "--name", "Tail", "--timezone", "America/Los_Angeles")
    assert [command for _, _, command in found(cli, file)] == [
        "petmsg notify remove old --org happy-paws",
        "petmsg notify add 'the ops {team}' - --org happy-paws",
    ]
    assert found(cli, file, "--org", "tail-waggers") == []


def test_a_file_that_cannot_be_read_is_a_problem(cli: Cli, migrated_url: str, file: Path) -> None:
    keep(file, {})
    file.chmod(0o644)
    ((result, message, command),) = found(cli, file)
    assert (result, command) == ("problem", "petmsg config show")
    assert message == (
        f"The file {file} is readable by others (mode 0644). Make it private: chmod 600 {file}"
    )


def test_channels_without_apprise_are_a_problem(
    cli: Cli, migrated_url: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "find_spec", lambda _: None)
    assert found(cli, file) == []
    with working(migrated_url) as uow:
        channel.add(uow, "ops")
    keep(file, {"happy-paws": {"ops": "json://SENTINEL"}})
    assert found(cli, file) == [
        ("problem", "Notifications need apprise.", "pip install 'petmsg[notify]'")
    ]
