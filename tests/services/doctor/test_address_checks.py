"""The external checks of `doctor`: a pooler without an address past it, and a standby."""

from collections.abc import Mapping
from typing import Any

import pytest

from petmsg.db import migrate
from petmsg.db.location import locate
from petmsg.enums.alerts import CheckResult
from petmsg.services.doctor import run_checks
from petmsg.services.doctor.check import CheckContext
from petmsg.services.doctor.run_checks import Checked
from tests.support.fixtures import ACTOR, NOW
from tests.support.pgbouncer import Pooler

OK, WARNING, PROBLEM = CheckResult


def found(url: str, environ: Mapping[str, str] | None = None, **more: Any) -> Checked:
    """The row of `configuration` for the database at that URL."""
    context = CheckContext(locate(url)._replace(**more), NOW, environ or {})
    (row,) = run_checks.run_environment_checks(context, ["configuration"])
    return row


@pytest.mark.postgres
def test_a_pooler_needs_the_address_of_the_server(
    transaction_pooler: Pooler, postgres_url: str
) -> None:
    migrate.upgrade(postgres_url, actor=ACTOR, now=NOW)
    direct = postgres_url.replace("+psycopg", "")
    pooled, elsewhere = transaction_pooler.url(direct), direct.rpartition("/")[0] + "/postgres"
    assert found(direct).result is OK
    assert found(pooled, direct=direct).result is OK
    row = found(pooled)
    assert (row.result, row.command) == (WARNING, "petmsg config show")
    assert "needs a lock that PgBouncer cannot hold. Set PETMSG_DIRECT_DATABASE_URL" in row.message
    for wrong, why in (
        (pooled, "leads to a pooler, too"),
        (elsewhere, "leads to another database"),
        ("postgresql://127.0.0.1:1/x", "PostgreSQL cannot be reached"),
    ):
        row = found(pooled, direct=wrong)
        assert (row.result, why in row.message) == (PROBLEM, True), row


@pytest.mark.postgres
def test_a_standby_that_cannot_be_read_is_found(postgres_url: str) -> None:
    migrate.upgrade(postgres_url, actor=ACTOR, now=NOW)
    url = postgres_url.replace("+psycopg", "")
    empty = url.rpartition("/")[0] + "/postgres"
    for standby, why in ((empty, "no petmsg tables"), ("postgresql://127.0.0.1:1/x", "reached")):
        both = {"PETMSG_DATABASE_URL": url, "PETMSG_READ_DATABASE_URL": standby}
        row = found(url, both)
        assert (row.result, row.command) == (PROBLEM, "petmsg config show")
        assert "PETMSG_READ_DATABASE_URL cannot be read" in row.message
        assert why in row.message
        assert found(url, {**both, "PETMSG_DATABASE_URL": empty}).result is OK  # with --db
        assert found(url, {**both, "PETMSG_READ_DATABASE_URL": url}).result is OK


def test_a_file_has_one_address_only(migrated_sqlite: str) -> None:
    unused = {"PETMSG_READ_DATABASE_URL": "postgresql://127.0.0.1:1/x"}
    assert found(migrated_sqlite, {"PETMSG_DATABASE_URL": migrated_sqlite, **unused}).result is OK
