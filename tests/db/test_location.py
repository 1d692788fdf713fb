"""Where the database is, and what a session there reads and writes by."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from petmsg.db.location import BadDatabaseUrl, locate
from tests.support.fixtures import Cli, looking, run_cli, working
from tests.support.texting import people, send, visit

# --- the URL -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "dsn"),
    [
        ("postgresql:///petmsg", "postgresql:///petmsg"),
        ("postgres:///petmsg?host=/run", "postgresql:///petmsg?host=/run"),
        ("postgresql+psycopg:///petmsg", "postgresql:///petmsg"),
        ("postgresql://ann@host:5432/petmsg", "postgresql://ann@host:5432/petmsg"),
    ],
)
def test_a_server_without_a_host_is_the_one_behind_the_local_socket(url: str, dsn: str) -> None:
    location = locate(url)
    assert location.dsn == dsn
    assert location.url == dsn.replace("postgresql:", "postgresql+psycopg:")
    assert location.display_url == dsn
    assert locate(location.url) == location


@pytest.mark.postgres
def test_petmsg_connects_to_a_url_without_a_host(
    cli: Cli, migrated_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """libpq takes what the URL leaves out from the environment."""
    if migrated_url.startswith("sqlite"):
        pytest.skip("a server only")
    parts = urlsplit(migrated_url)
    for name, value in (
        ("PGHOST", parts.hostname), ("PGPORT", parts.port), ("PGUSER", parts.username),
        ("PGPASSWORD", parts.password),
    ):  # fmt: skip
        if value:
            monkeypatch.setenv(name, str(value))
    url = f"postgresql://{parts.path}"
    assert run_cli(url, "client", "add", "Ann", "--phone", "+14155551001").code == 0
    assert run_cli(url, "client", "list", "-o", "json").json[0]["name"] == "Ann"
    assert run_cli(url, "db", "upgrade").code == 0


@pytest.mark.parametrize("name", ["what?.db", "a%3Fb.db", "50%.db", "a b#c.db"])
def test_a_path_of_any_name_is_the_same_path_as_a_url(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert locate(locate(str(path)).url).path == path


# --- mode=ro -------------------------------------------------------------------------------------


def test_a_file_named_for_reading_only_is_not_written(
    sqlite_cli: Cli, migrated_sqlite: str, tmp_path: Path
) -> None:
    url = f"{migrated_sqlite}?mode=ro"
    for line in (
        ("client", "add", "Ann", "--phone", "+14155551001"),
        ("db", "upgrade"),
        ("db", "downgrade", "0001", "--yes"),
        ("init", "--org", "happy-paws", "--name", "Happy Paws", "--timezone", "UTC"),
    ):
        ran = run_cli(url, *line, "-o", "json")
        assert (ran.code, ran.error["code"]) == (5, "database_read_only"), line
    assert run_cli(url, "client", "list", "-o", "json").json == []
    assert run_cli(url, "db", "backup", str(tmp_path / "copy.db")).code == 0
    assert run_cli(f"{migrated_sqlite}?mode=rw", "org", "thaw").code == 0


@pytest.mark.parametrize("query", ["mode=memory", "mode=rwc", "cache=shared", "mode"])
def test_other_options_of_a_file_are_refused(tmp_path: Path, query: str) -> None:
    with pytest.raises(BadDatabaseUrl, match="not an option"):
        locate(f"sqlite:///{tmp_path}/petmsg.db?{query}")


# --- the session ---------------------------------------------------------------------------------

STRANGE = {
    "datestyle": "SQL, DMY",
    "timezone": "Asia/Tokyo",
    "intervalstyle": "iso_8601",
    "client_encoding": "LATIN1",
    "bytea_output": "escape",
    "standard_conforming_strings": "off",
}


@pytest.fixture(params=["role", "database", "environment", "SQL_ASCII"])
def strange_url(
    request: pytest.FixtureRequest, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A database whose role, or itself, or the environment, has other settings than petmsg's."""
    url = postgres_url.replace("+psycopg", "")
    parts = urlsplit(url)
    if request.param == "SQL_ASCII":
        monkeypatch.setenv("PGCLIENTENCODING", "SQL_ASCII")
        yield postgres_url
        return
    if request.param == "environment":
        for name, value in (
            ("PGDATESTYLE", "German"), ("PGTZ", "Asia/Tokyo"), ("PGCLIENTENCODING", "LATIN1"),
            ("PGOPTIONS", "-c datestyle=SQL,DMY -c timezone=Asia/Tokyo"),
        ):  # fmt: skip
            monkeypatch.setenv(name, value)
        yield postgres_url
        return
    what, named = (
        ("ROLE", parts.username) if request.param == "role" else ("DATABASE", parts.path[1:])
    )
    target = sql.SQL("ALTER {} {} ").format(sql.SQL(what), sql.Identifier(named or ""))
    with psycopg.connect(url, autocommit=True) as connection:
        for name, value in STRANGE.items():
            connection.execute(
                target + sql.SQL("SET {} TO {}").format(sql.Identifier(name), sql.Literal(value))
            )
        try:
            yield postgres_url
        finally:
            connection.execute(target + sql.SQL("RESET ALL"))


@pytest.mark.postgres
def test_the_sessions_settings_are_petmsgs_own(strange_url: str) -> None:
    """With a role's date style each command ended as a bug, or as a newer schema."""

    def cli(*words: str, **options: object) -> object:
        ran = run_cli(strange_url, *words, **options)  # type: ignore[arg-type]
        assert ran.code == 0, (words, ran.err)
        return ran

    cli("init", "--org", "happy-paws", "--name", "Hündchen ✓", "--timezone", "America/New_York",
        "--front-desk", "+14155550100")  # fmt: skip
    people(cli)  # type: ignore[arg-type]
    visit(cli)  # type: ignore[arg-type]
    send(cli, body="Rex ✓ läuft")  # type: ignore[arg-type]
    for line in ("db check", "doctor", "audit verify", "thread show C-1", "message list"):
        cli(*line.split())
    org = run_cli(strange_url, "org", "list", "-o", "json").json[0]
    assert org["name"] == "Hündchen ✓"
    window = run_cli(strange_url, "booking", "show", "B-1", "-o", "json").json
    assert window["starts_at"] == "2026-02-14T14:00:00Z"
    names = ("DateStyle", "TimeZone", "client_encoding", "standard_conforming_strings")
    wanted = ["ISO, MDY", "UTC", "UTF8", "on"]
    with looking(strange_url) as cursor:
        assert [cursor.value(f"SHOW {name}") for name in names] == wanted
    with working(strange_url) as uow:
        assert [uow.cursor.value(f"SHOW {name}") for name in names] == wanted


# --- a server's address --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://db1,db2:5433/petmsg?target_session_attrs=read-write",
        "postgresql://[::1]:5432,[::2]/petmsg",
        "postgresql:///petmsg?host=/run/postgresql",
        "postgresql://%2Frun%2Fpostgresql/petmsg",
        "postgresql:///?service=paws",
        "postgresql://db?dbname=petmsg",
    ],
)
def test_an_address_is_kept_as_it_was_given(dsn: str) -> None:
    location = locate(dsn)
    assert location.dsn == location.display_url == dsn
    assert locate(location.url) == location


def test_an_option_may_hold_an_equals_sign() -> None:
    """libpq itself refuses the second one."""
    dsn = locate("postgresql:///petmsg?options=-csearch_path=tenant&host=/run").dsn
    assert dsn == "postgresql:///petmsg?options=-csearch_path%3Dtenant&host=/run"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ann:s3cret@a,b/x", "postgresql://ann:***@a,b/x"),
        ("postgresql://ann:s3cret@/x", "postgresql://ann:***@/x"),
        ("postgresql://ann:a%40b@h/x?sslmode=require", "postgresql://ann:***@h/x?sslmode=require"),
        ("postgresql://ann:a#b?c@h/x", "postgresql://ann:***@h/x"),
        ("postgresql:///x?user=ann&password=s3cret", "postgresql:///x?user=ann&password=***"),
    ],
)
def test_no_password_is_shown(url: str, shown: str) -> None:
    assert locate(url).display_url == shown


def test_a_file_that_is_not_there_is_no_database_to_open(tmp_path: Path) -> None:
    location = locate(str(tmp_path / "petmsg.db"))
    assert not location.exists
    (tmp_path / "petmsg.db").touch()
    assert location.exists
    assert not location.has_own_clock


def test_a_server_is_asked_whether_it_has_the_database() -> None:
    location = locate("postgresql://ada@db/petmsg")
    assert location.exists
    assert location.has_own_clock
