"""Each example of each command on PostgreSQL as companies have it: through PgBouncer in transaction
mode, with its default settings, and as a role that may only read and write rows.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.support import example_company
from tests.support.examples import BEFORE, EXAMPLES, Company, join
from tests.support.fixtures import run_cli
from tests.support.pgbouncer import ROWS_ROLE, Pooler
from tests.support.postgres import ROLE, Copies, PostgresServer
from tests.system.test_every_command import EXITS

pytestmark = pytest.mark.postgres

OF_THE_OWNER = ("petmsg db ", "petmsg init", "petmsg demo")
"""Commands that change tables: they belong to the owner."""
OF_A_FILE = {
    "petmsg db backup": "is for SQLite files",
    "petmsg db restore ": "is for SQLite files",
    "petmsg db upgrade": "below, with --no-backup",
    "petmsg db downgrade": "as above",
    "petmsg db check": "its state is made in the file: `db check` is tried in tests/db",
    "petmsg import petmsg": "its state is a new file: tests/services/transfer has both databases",
    "petmsg import snoutos": "as above",
    "petmsg media ": "its state is made in the file: tests/queries has both databases",
    "petmsg demo": "makes a file of its own",
    "petmsg setup --name": "its state is that there is no file",
    "petmsg number settle": "its state is made in the file: tests/workflows has both databases",
}
RIGHTS = """
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {role};
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role};
"""
"""As in docs/postgresql.md."""
ROWS = ROWS_ROLE


@pytest.fixture(scope="module")
def rows_role(postgres_server: PostgresServer) -> Iterator[str]:
    """A role that owns nothing and may create nothing."""
    postgres_server.execute("CREATE ROLE {} LOGIN", ROWS)
    yield ROWS
    for (name,) in postgres_server.admin.execute("SELECT datname FROM pg_database").fetchall():
        if name not in ("template0", "template1") and name.startswith("t_"):
            postgres_server.execute("ALTER DATABASE {} ALLOW_CONNECTIONS true", name)
            address = f"host=127.0.0.1 port={postgres_server.port} user=postgres"
            with psycopg.connect(address, dbname=name, autocommit=True) as admin:
                admin.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(ROWS)))
            postgres_server.execute("ALTER DATABASE {} ALLOW_CONNECTIONS false", name)
    postgres_server.execute("DROP ROLE {}", ROWS)


@pytest.fixture
def pooled_company(
    transaction_pooler: Pooler,
    postgres_template: Copies,
    rows_role: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[str], Company]:
    """A copy of the company of the examples, in the state that the example needs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    example_company.write_files(tmp_path)

    def make(example: str) -> Company:
        def fill(url: str) -> None:
            example_company.build(url)
            join(url)
            with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as owner:
                owner.execute(RIGHTS.format(role=ROWS))

        direct = postgres_template("two companies, with rights", fill).replace("+psycopg", "")
        pooled = transaction_pooler.url(direct)
        if not example.startswith(OF_THE_OWNER):
            pooled = pooled.replace(f"//{ROLE}@", f"//{rows_role}@")
            direct = direct.replace(f"//{ROLE}@", f"//{rows_role}@")
        place = str(tmp_path / "petmsg.db-media")
        settings = {"PETMSG_DIRECT_DATABASE_URL": direct, "PETMSG_MEDIA_DIR": place}
        company = Company(pooled, tmp_path / "petmsg.db", settings)
        if example.startswith("petmsg init"):
            assert run_cli(pooled, *down("base")).code == 0
            return company
        for beginning in sorted(BEFORE, key=len, reverse=True):
            if example.startswith(beginning):
                BEFORE[beginning](company)
                break
        return company

    return make


def down(revision: str) -> tuple[str, ...]:
    return ("db", "downgrade", revision, "--discard-data", "--no-backup", "--yes")


TRIED = [example for _, example in EXAMPLES if not example.startswith(tuple(OF_A_FILE))]


@pytest.mark.parametrize("example", TRIED)
def test_an_example_runs_behind_a_pooler_with_rights_on_rows(
    pooled_company: Callable[[str], Company], example: str
) -> None:
    ran = pooled_company(example).run(example)
    assert ran.code == EXITS.get(example, 0), ran.err


def test_a_role_with_rights_on_rows_changes_no_table(
    pooled_company: Callable[[str], Company],
) -> None:
    """Migrations are the owner's: as another role they change nothing, and say why."""
    company = pooled_company("petmsg client list")
    ran = run_cli(company.url, *down("0008"), "-o", "json")
    assert (ran.code, ran.error["code"]) == (5, "database_permission")
    assert company.run("petmsg client list").code == 0


def test_the_owner_goes_down_and_up_behind_a_pooler(
    pooled_company: Callable[[str], Company],
) -> None:
    url = pooled_company("petmsg db current").url
    for line in (down("0002"), ("db", "upgrade", "--dry-run"), ("db", "upgrade"), ("db", "check")):
        ran = run_cli(url, *line)
        assert ran.code == 0, (line, ran.err)
