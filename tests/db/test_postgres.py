"""The address of a server is libpq's to read, and a pooler before it changes nothing."""

import threading
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
import pytest

from petmsg.db import postgres
from petmsg.db.location import locate
from petmsg.errors import PetmsgError
from tests.support.fixtures import Ran, looking, run_cli, working
from tests.support.pgbouncer import Pooler, pgbouncer_or_skip
from tests.support.postgres import ROLE, PostgresServer

pytestmark = pytest.mark.postgres

INIT = ("init", "--org", "happy-paws", "--name", "Happy Paws", "--timezone", "America/New_York",
        "--front-desk", "+14155550100")  # fmt: skip
SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "client_encoding": "UTF8",
    "lock_timeout": "10s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "1min",
    "jit": "off",
}


def ok(url: str, *words: str, **options: Any) -> Ran:
    ran = run_cli(url, *words, **options)
    assert ran.code == 0, (words, ran.out, ran.err)
    return ran


def tables(url: str) -> dict[str, int]:
    """How many tables each schema holds."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        rows = connection.execute(
            "SELECT schemaname, count(*) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') GROUP BY 1"
        )
        return dict(rows.fetchall())


def use(url: str, direct: str | None = None) -> None:
    """Write, read, migrate and send through that address."""
    more = {} if direct is None else {"PETMSG_DIRECT_DATABASE_URL": direct.replace("+psycopg", "")}
    ok(url, *INIT)
    for line in (
        ("number", "add", "+14155550101", "--class", "pool"),
        ("client", "add", "Ann Ivers", "--phone", "+12025550101", "--ref", "C-1"),
        ("client", "list"),
        ("db", "upgrade"),
        ("db", "check"),
        ("message", "send", "C-1", "--body", "Hello"),
        ("message", "send", "C-1", "--body", "Later", "--queue-only"),
        ("message", "dispatch"),
        ("audit", "verify"),
    ):
        ok(url, *line, **more)
    assert ok(url, "thread", "show", "C-1", "-o", "json").json["client"] == "C-1"


# ------------------------------------------------------------------------------------ the address


def test_a_local_socket_reads_writes_and_migrates(
    postgres_server: PostgresServer, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`postgresql:///petmsg` alone never connected for a migration: its two slashes were lost."""
    name = urlsplit(postgres_url).path
    monkeypatch.setenv("PGHOST", str(postgres_server.folder))
    monkeypatch.setenv("PGPORT", str(postgres_server.port))
    monkeypatch.setenv("PGUSER", ROLE)
    use(f"postgresql://{name}")


def test_a_folder_of_sockets_is_named_in_the_query(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    name, folder = urlsplit(postgres_url).path, postgres_server.folder
    use(f"postgresql://{ROLE}@{name}?host={folder}&port={postgres_server.port}")


def test_the_first_of_several_hosts_that_answers_is_used(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    name, port = urlsplit(postgres_url).path, postgres_server.port
    use(f"postgresql://{ROLE}@127.0.0.1:1,127.0.0.1:{port}{name}?target_session_attrs=read-write")


def test_a_service_file_says_where_the_server_is(
    postgres_server: PostgresServer,
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = tmp_path / "services"
    file.write_text(
        f"[paws]\nhost=127.0.0.1\nport={postgres_server.port}\nuser={ROLE}\n"
        f"dbname={urlsplit(postgres_url).path[1:]}\noptions=-c search_path=tenant\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE SCHEMA tenant")
    use("postgresql:///?service=paws")
    assert set(tables(postgres_url)) == {"tenant"}
    ran = run_cli("postgresql:///?service=dogs", "client", "list", "-o", "json")
    assert (ran.code, ran.error["code"]) == (5, "database_service")
    assert "dogs" in ran.error["message"]


def test_a_certificate_that_cannot_be_checked_is_called_so(postgres_url: str) -> None:
    url = postgres_url.replace("+psycopg", "") + "?sslmode=verify-full&sslrootcert=/nowhere/ca.crt"
    for line in (("client", "list"), ("db", "upgrade"), INIT):
        ran = run_cli(url, *line, "-o", "json")
        assert (ran.code, ran.error["code"]) == (5, "database_tls")
        assert "server does not support SSL" in ran.error["message"]


@pytest.mark.parametrize(
    "options", ["-csearch_path=tenant", "-c search_path=tenant", "--search-path=tenant"]
)
def test_the_options_of_the_address_are_kept_beside_petmsgs_own(
    postgres_url: str, options: str
) -> None:
    """They were overridden without a word, and the tables lay in `public`."""
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE SCHEMA tenant")
    url = f"{postgres_url}?options=" + quote(
        options + " -cstatement_timeout=7s -ctimezone=Asia/Tokyo", safe="="
    )
    use(url)
    assert set(tables(postgres_url)) == {"tenant"}
    expected = SETTINGS | {"statement_timeout": "7s", "search_path": "tenant"}
    with looking(url) as cursor:
        assert {name: cursor.value(f"SHOW {name}") for name in expected} == expected
    with working(url) as uow:
        assert {name: uow.cursor.value(f"SHOW {name}") for name in expected} == expected


def test_the_time_that_the_address_gives_a_connection_counts(postgres_url: str) -> None:
    location = locate(postgres_url + "?connect_timeout=77&application_name=crm")
    with closing(postgres.connect(location)) as connection:
        assert connection.info.get_parameters()["connect_timeout"] == "77"
        assert connection.info.parameter_status("application_name") == "crm"
    with closing(postgres.connect(locate(postgres_url))) as connection:
        assert connection.info.parameter_status("application_name") == "petmsg"


# ------------------------------------------------------------------------------------- the pooler


def test_a_company_lives_behind_a_pooler(pgbouncer: Pooler, postgres_url: str) -> None:
    use(pgbouncer.url(postgres_url), direct=postgres_url)


def test_a_pooler_is_told_from_a_server(pgbouncer: Pooler, postgres_url: str) -> None:
    with closing(postgres.connect(locate(postgres_url))) as connection:
        assert not connection.is_pooled
    with closing(postgres.connect(locate(pgbouncer.url(postgres_url)))) as connection:
        assert connection.is_pooled


def test_the_settings_hold_behind_a_pooler_and_are_not_left_there(
    transaction_pooler: Pooler, postgres_url: str
) -> None:
    url = transaction_pooler.url(postgres_url)
    run_cli(url, *INIT)
    for _ in range(3):
        with looking(url) as cursor:
            assert {name: cursor.value(f"SHOW {name}") for name in SETTINGS} == SETTINGS
        with working(url) as uow:
            assert {name: uow.cursor.value(f"SHOW {name}") for name in SETTINGS} == SETTINGS
    with psycopg.connect(url, autocommit=True) as other:
        row = other.execute("SHOW statement_timeout").fetchone()
        assert row == ("0",), "another program would get petmsg's settings"


@pytest.mark.parametrize("more", ["", "ignore_startup_parameters = options"])
def test_options_are_kept_behind_a_pooler_that_refuses_or_drops_them(
    postgres_server: PostgresServer, postgres_url: str, more: str
) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE SCHEMA tenant")
    options = quote("-csearch_path=tenant -cstatement_timeout=7s")
    with pgbouncer_or_skip(postgres_server, "transaction", more) as pooler:
        url = f"{pooler.url(postgres_url)}?options={options}"
        direct = f"{postgres_url}?options={options}"
        use(url, direct)
        with looking(url) as cursor:
            assert cursor.value("SHOW statement_timeout") == "7s"
    assert set(tables(postgres_url)) == {"tenant"}


def test_an_address_that_is_for_reading_only_writes_nothing_behind_a_pooler(
    transaction_pooler: Pooler, postgres_url: str
) -> None:
    ok(postgres_url, *INIT)
    url = transaction_pooler.url(postgres_url) + "?options=-cdefault_transaction_read_only%3Don"
    ran = run_cli(url, "client", "add", "Ann", "--phone", "+12025550101", "-o", "json")
    assert (ran.code, ran.error["code"]) == (5, "database_read_only")
    ok(url, "client", "list")


@pytest.mark.parametrize(
    "line",
    [
        ("message", "send", "C-1", "--body", "Hello"),
        ("message", "send", "--to-sitter", "S-1", "--body", "Hello"),
        ("message", "dispatch"),
    ],
)
def test_what_sends_is_refused_behind_a_pooler_before_anything_is_written(
    pgbouncer: Pooler, postgres_url: str, line: tuple[str, ...]
) -> None:
    """A living dispatcher was declared dead: its lock belonged to a session that was another's."""
    ok(postgres_url, *INIT)
    ok(postgres_url, "number", "add", "+14155550101", "--class", "sitter")
    ok(postgres_url, "client", "add", "Ann", "--phone", "+12025550101", "--ref", "C-1")
    ok(
        postgres_url,
        "sitter",
        "add",
        "Maya",
        "--phone",
        "+13035550101",
        "--ref",
        "S-1",
        "--activate",
    )
    url = pgbouncer.url(postgres_url)
    for more in ({}, {"PETMSG_DIRECT_DATABASE_URL": url}):
        ran = run_cli(url, *line, "-o", "json", **more)
        assert (ran.code, ran.error["code"]) == (5, "database_pooler"), ran.err
        assert ran.error["hint"]
    assert ok(url, "message", "list", "-o", "json").json == []


def test_a_direct_address_of_another_database_is_refused(
    transaction_pooler: Pooler, postgres_server: PostgresServer, postgres_url: str
) -> None:
    """There nobody would see the worker's lock, and its messages would be taken from it."""
    ok(postgres_url, *INIT)
    other = postgres_server.create()
    ran = run_cli(
        transaction_pooler.url(postgres_url), "message", "dispatch", "-o", "json",
        PETMSG_DIRECT_DATABASE_URL=postgres_server.url(other, driver="postgresql"),
    )  # fmt: skip
    assert (ran.code, ran.error["code"]) == (5, "database_pooler")
    assert "another database" in ran.error["message"]
    postgres_server.drop(other)


def test_many_at_once_share_few_sessions(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    """Each transaction gets another session: what is prepared in one is not there in the next."""
    ok(postgres_url, *INIT)
    with pgbouncer_or_skip(postgres_server, "transaction", "default_pool_size = 2") as pooler:
        url = pooler.url(postgres_url)
        left: list[BaseException] = []

        def work(number: int) -> None:
            try:
                for each in range(8):
                    with working(url) as uow:
                        for _ in range(4):
                            uow.cursor.value(
                                "SELECT count(*) FROM client WHERE ref = :ref", ref="x"
                            )
                        uow.cursor.value("SELECT :n || :m", n=f"{number}", m=f"{each}")
            except BaseException as problem:  # noqa: BLE001 because a thread has nobody else to tell
                left.append(problem)

        threads = [threading.Thread(target=work, args=[number]) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert left == []


# -------------------------------------------------------------------------------- libpq's own words


@pytest.fixture
def refused() -> Any:
    def look(url: str) -> tuple[str, str]:
        with pytest.raises(PetmsgError) as caught:
            postgres.connect(locate(url))
        return caught.value.code, caught.value.message

    return look


def test_libpqs_words_are_passed_on(refused: Any, postgres_url: str) -> None:
    url = postgres_url.replace("+psycopg", "")
    code, words = refused(url + "nope")
    assert code == "database_missing"
    assert 'nope" does not exist' in words
    code, words = refused("postgresql://ann@127.0.0.1:1/x")
    assert code == "database_connection"
    assert words.startswith("PostgreSQL cannot be reached: ")
    assert "Connection refused" in words
    assert words.count("\n") == 0
    code, words = refused(f"{url}?nonsense=1")
    assert code == "database_url"
    assert "nonsense" in words
    code, words = refused(f"{url}?options=-cnonsense%3D1")
    assert "nonsense" in words
    assert "cannot be reached" not in words


@pytest.mark.parametrize("password", ["geheim42", "ge%20heim", "a", "127"])
def test_no_password_is_repeated(refused: Any, password: str) -> None:
    for url in (
        f"postgresql://ann:{password}@127.0.0.1:1/x",
        f"postgresql://ann:{password}%zz@127.0.0.1:1/x",
        f"postgresql://ann@127.0.0.1:1/x?password={password}%zz",
    ):
        assert f":{password}@" not in locate(url).display_url
        assert f"={password}" not in locate(url).display_url
        _, words = refused(url)
        if len(password) > 3:
            assert password not in words
            assert password.replace("%20", " ") not in words
        assert f"{password}%zz" not in words


@pytest.mark.parametrize("url", ["ann:ge/heim@h/x", "ann:ge@heim@h/x", "ann:12/34@h/x"])
def test_a_password_that_is_not_escaped_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(PetmsgError) as caught:
        locate(f"postgresql://{url}")
    assert "heim" not in caught.value.message + caught.value.hint
    assert "%40" in caught.value.hint
