"""The optional file with settings."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from petmsg import config_file, settings
from petmsg.cli.service_log import open_log
from petmsg.config_file import KEYS, ConfigFileProblem, with_config_file
from petmsg.enums.logs import LogFormat, LogLevel
from petmsg.errors import OutOfRange
from tests.support.fixtures import Cli, run_cli


def written(folder: Path, text: str) -> Path:
    path = folder / "petmsg" / "config.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_it_sets_what_the_environment_leaves_open(tmp_path: Path) -> None:
    path = written(tmp_path, 'org = "happy-paws"\noutput = "json"\ntwilio_timeout_seconds = 5\n')
    found = with_config_file({"PETMSG_OUTPUT": "csv", "HOME": "/h"}, path)
    assert found == {
        "HOME": "/h",
        "PETMSG_ORG": "happy-paws",
        "PETMSG_OUTPUT": "csv",
        "PETMSG_TWILIO_TIMEOUT_SECONDS": "5",
    }
    assert settings.source_of("PETMSG_ORG", found) == f"file {path}"
    assert settings.source_of("PETMSG_OUTPUT", found) == "environment PETMSG_OUTPUT"


def test_an_option_goes_before_the_environment_and_that_before_the_file(
    tmp_path: Path, cli: Cli
) -> None:
    written(tmp_path, 'output = "csv"\nactor = "file@here"\n')
    given = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert cli("org", "list", **given).out.startswith("org,name")
    assert cli("org", "list", PETMSG_OUTPUT="tsv", **given).out.startswith("org\tname")
    asked = cli("org", "list", "-o", "jsonl", PETMSG_OUTPUT="tsv", **given)
    assert asked.out.startswith("{")
    shown = cli("config", "show", "-o", "json", **given).json
    assert {"name": "output", "value": "json", "source": "option --output"} in shown


@pytest.mark.parametrize("place", ["home", "xdg", "named"])
def test_it_is_found_where_it_belongs(tmp_path: Path, place: str) -> None:
    folder = tmp_path / ".config"
    folder.mkdir()
    path = written(folder, "")
    given = {
        "home": {"HOME": str(tmp_path)},
        "xdg": {"XDG_CONFIG_HOME": str(folder), "HOME": "/elsewhere"},
        "named": {"PETMSG_CONFIG": str(path), "HOME": "/elsewhere"},
    }[place]
    assert settings.config_file(given) == path


@pytest.mark.parametrize("given", [{}, {"HOME": ""}, {"HOME": "/nonexistent"}])
def test_without_a_file_nothing_is_read(given: dict[str, str]) -> None:
    assert settings.config_file(given) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("outptu = 'json'", "Did you mean output?"),
        ("twilio_auth_token = 'x'", "secrets do not belong"),
        ("database = 'postgresql://a:s3cret@h/x'", "holds a password"),
        ("database = 'postgresql://h/x?password=s3cret'", "holds a password"),
        ("org_urls = 'a=postgresql:///x b=postgresql://u:s3cret@h/y'", "holds a password"),
        ("org_urls = 'a=postgresql://h:1/x b.direct=postgresql://u:s3cret@h/y'", "a password"),
        ("output = ['json']", "must be a word in quotes"),
        ("output = true", "must be a word in quotes"),
        ("[output]\na = 1", "must be a word in quotes"),
        ("output = ", "cannot be read"),
        ('actor = "a\\u0000"\n', "null byte"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name(tmp_path: Path, text: str, told: str) -> None:
    path = written(tmp_path, text)
    ran = run_cli(None, "version", XDG_CONFIG_HOME=str(tmp_path))
    assert ran.code == 5
    assert str(path) in ran.err
    assert told in ran.err
    assert "s3cret" not in ran.err


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"output = 'json"])
def test_bytes_that_are_no_toml_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigFileProblem, match="cannot be read"):
        with_config_file({}, path)


@pytest.mark.parametrize(
    "line", ["", "--help", "help", "help config show", "config show --help", "--version"]
)
def test_help_is_printed_with_a_wrong_file_too(tmp_path: Path, line: str) -> None:
    """The error about the file says: petmsg help config show."""
    written(tmp_path, "output = ")
    ran = run_cli(None, *line.split(), XDG_CONFIG_HOME=str(tmp_path))
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize("line", ["config show", "message send C-1 --body --help"])
def test_no_other_line_is_answered_with_a_wrong_file(tmp_path: Path, line: str) -> None:
    written(tmp_path, "output = ")
    assert run_cli(None, *line.split(), XDG_CONFIG_HOME=str(tmp_path)).code == 5


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    ran = run_cli(None, "version", PETMSG_CONFIG=str(tmp_path / "none.toml"))
    assert (ran.code, "No such file" in ran.err) == (5, True)


def test_a_bad_value_is_told_with_its_source(tmp_path: Path) -> None:
    path = written(tmp_path, "output = 'jsn'")
    ran = run_cli(None, "version", XDG_CONFIG_HOME=str(tmp_path))
    assert ran.code == 2
    assert f"It is from: file {path}." in ran.err


def test_a_bad_setting_of_a_service_is_told_with_its_source(tmp_path: Path) -> None:
    path = written(
        tmp_path, "log_level = 'loud'\nlog_format = 'xml'\ntwilio_timeout_seconds = 'abc'"
    )
    environ = with_config_file({"HOME": "/h"}, path)
    with pytest.raises(OutOfRange) as timeout:
        settings.twilio_timeout_seconds(environ)
    assert f"It is from: file {path}." in (timeout.value.hint or "")
    options: tuple[dict[str, Any], ...] = (
        {"form": LogFormat.TEXT, "level": None},
        {"form": None, "level": LogLevel.INFO},
    )
    for given in options:
        with pytest.raises(OutOfRange) as log:
            open_log("dispatch", **given, environ=environ, clock=lambda: datetime.now(UTC))
        assert f"It is from: file {path}." in (log.value.hint or "")


def test_the_map_of_companies_is_told_with_its_source(tmp_path: Path) -> None:
    file = written(tmp_path, "org_urls = 'paws=sqlite:////nowhere/paws.db'")
    ran = run_cli(None, "config", "show", "--org", "paws", "-o", "json", PETMSG_CONFIG=str(file))
    shown = {row["name"]: row["source"] for row in ran.json}
    assert shown["database"] == f"file {file}"
    own = "paws=/paws.db paws.direct=postgresql:///x"
    for text, source in (
        (f"org_urls = '{own} paws.media=/pets'", f"file {file}"),
        (f"org_urls = '{own}'\nmedia_dir = '/pets'", f"file {file}"),
        ("", "environment PETMSG_ORG_URLS"),
    ):
        written(tmp_path, text)
        more = {} if text else {"PETMSG_ORG_URLS": f"{own} paws.media=/pets"}
        words = ("config", "show", "--org", "paws", "-o", "json")
        ran = run_cli(None, *words, PETMSG_CONFIG=str(file), **more)
        shown = {row["name"]: (row["value"], row["source"]) for row in ran.json}
        assert shown["media dir"] == ("/pets", source)
        assert shown["direct database"] == ("postgresql:///x", source)
    for wrong in ("paws=/a.db nonsense", "/nowhere/companies"):
        written(tmp_path, f"org_urls = '{wrong}'")
        ran = run_cli(None, "status", PETMSG_CONFIG=str(file))
        assert (ran.code, f"hint: It is from: file {file}. " in ran.err) == (5, True), ran.err


def test_the_file_of_channels_is_told_with_its_source(tmp_path: Path) -> None:
    path = written(tmp_path, "notify_file = '/srv/notify.json'")
    found = settings.notify_file(with_config_file({"HOME": "/h"}, path))
    assert (found.value, found.source) == ("/srv/notify.json", f"file {path}")


def test_a_standby_that_the_file_names_is_read(tmp_path: Path) -> None:
    """Nothing listens on either port, so the error says which database was to be read."""
    written(
        tmp_path,
        "database = 'postgresql://127.0.0.1:2/x'\nread_database = 'postgresql://127.0.0.1:1/x'",
    )
    ran = run_cli(None, "client", "list", "--org", "paws", XDG_CONFIG_HOME=str(tmp_path))
    assert (ran.code, "port 1 failed" in ran.err) == (5, True), ran.err


def test_every_key_is_a_setting_and_documented() -> None:
    names = {value for value in vars(settings).values() if isinstance(value, str)}
    assert set(KEYS.values()) <= names
    page = (Path(config_file.__file__).parent.parent / "docs" / "operations.md").read_text("utf-8")
    assert {key for key in KEYS if f"`{key}`" not in page} == set()
