"""petmsg config show: each setting, its value and where it came from; no secret."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.fixtures import Cli, run_cli
from tests.support.twilio_fake import ACCOUNT_SID, AUTH_TOKEN


def settings(url: str | None, *words: str, **environ: str) -> dict[str, tuple[Any, str]]:
    ran = run_cli(url, "config", "show", *words, "-o", "json", **environ)
    assert ran.code == 0, ran.err
    return {row["name"]: (row["value"], row["source"]) for row in ran.json}


def test_a_setting_comes_from_its_option_then_the_environment_then_the_default(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    found = settings(url, "--org", "cosy-cats")
    assert found["org"] == ("cosy-cats", "option --org")
    assert found["database"] == (url, "environment PETMSG_DATABASE_URL")
    assert found["actor"][1] == "environment PETMSG_ACTOR"
    assert found["twilio timeout seconds"] == ("15", "default")
    found = settings(None, "--db", url, PETMSG_ORG="happy-paws", PETMSG_ACTOR="")
    assert found["org"] == ("happy-paws", "environment PETMSG_ORG")
    assert found["database"] == (url, "option --db")
    assert found["actor"][1] == "default"
    assert settings(url)["org"] == (None, "not set")


def test_it_needs_no_database(tmp_path: Path) -> None:
    settings(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("output", ["table", "json", "jsonl", "tsv", "csv"])
def test_no_secret_is_shown_in_any_format(output: str, tmp_path: Path) -> None:
    ran = run_cli(
        "postgresql://petmsg:s3cret@db.example:5432/petmsg", "config", "show", "-o", output,
        TWILIO_ACCOUNT_SID=ACCOUNT_SID, TWILIO_AUTH_TOKEN=AUTH_TOKEN,
        PETMSG_TWILIO_API_URL="https://user:s3cret@proxy.example",
    )  # fmt: skip
    assert ran.code == 0
    for secret in ("s3cret", AUTH_TOKEN, ACCOUNT_SID):
        assert secret not in ran.out + ran.err
    assert "db.example" in ran.out


def test_credentials_name_their_source_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "twilio.env"
    url = f"sqlite:///{tmp_path}/a.db"
    empty = str(tmp_path)
    assert settings(url, XDG_CONFIG_HOME=empty)["twilio credentials"] == (None, "not set")
    file.write_text(f"TWILIO_AUTH_TOKEN={AUTH_TOKEN}\n")
    file.chmod(0o600)
    found = settings(url, PETMSG_TWILIO_CREDENTIALS=str(file))
    unusable = "hidden: not usable. TWILIO_ACCOUNT_SID is missing or empty in"
    assert found["twilio credentials"] == (f"{unusable} {file}.", f"file {file}")
    found = settings(url, TWILIO_AUTH_TOKEN=AUTH_TOKEN)
    assert found["twilio credentials"] == (f"{unusable} the environment.", "environment")


def test_it_says_which_credentials_each_account_has_and_never_a_value(tmp_path: Path) -> None:
    def write(name: str, *lines: str) -> None:
        file = tmp_path / name
        file.write_text("\n".join((f"TWILIO_ACCOUNT_SID={ACCOUNT_SID}", *lines)))
        file.chmod(0o600)

    url = f"sqlite:///{tmp_path}/a.db"
    key, secret = "SK" + "ab" * 16, "s3cret-of-the-key"
    write("twilio.env", f"TWILIO_AUTH_TOKEN={AUTH_TOKEN},older-token")
    with_key = (f"TWILIO_API_KEY={key}", f"TWILIO_API_SECRET={secret}")
    write("twilio-north.env", f"TWILIO_AUTH_TOKEN={AUTH_TOKEN}", *with_key)
    write("twilio-south.env", *with_key)
    where = {"PETMSG_TWILIO_CREDENTIALS": str(tmp_path / "twilio.env")}
    found = settings(url, **where)
    assert {name: value for name, value in found.items() if "credentials" in name} == {
        "twilio credentials": ("hidden: 2 auth tokens", f"file {tmp_path}/twilio.env"),
        "twilio credentials north": (
            "hidden: API key and auth token",
            f"file {tmp_path}/twilio-north.env",
        ),
        "twilio credentials south": ("hidden: API key", f"file {tmp_path}/twilio-south.env"),
    }
    ran = run_cli(url, "config", "show", "-o", "json", **where)
    for value in (ACCOUNT_SID, AUTH_TOKEN, "older-token", key, secret):
        assert value not in ran.out + ran.err


def test_pictures_are_kept_beside_the_database_or_where_the_setting_says(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    assert settings(url)["media dir"] == (f"{tmp_path}/a.db-media", "default")
    source = "environment PETMSG_MEDIA_DIR"
    found = settings(url, PETMSG_MEDIA_DIR="s3://bucket/pets")
    assert found["media dir"] == ("s3://bucket/pets", source)
    found = settings(url, PETMSG_MEDIA_DIR="s3://key:s3cret@bucket/pets")
    assert found["media dir"] == ("hidden: it holds a user or password", source)
    assert settings("mysql://ann:s3cret@db/x")["media dir"] == ("(cannot be read)", "default")


def test_a_url_that_cannot_be_read_is_shown_as_such() -> None:
    assert settings("mysql://ann:s3cret@db/x")["database"][0] == "(cannot be read)"


def test_an_output_format_that_is_none_is_wrong_usage(sqlite_cli: Cli) -> None:
    assert sqlite_cli("config", "show", "-o", "xml").code == 2
