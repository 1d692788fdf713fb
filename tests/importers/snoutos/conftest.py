"""What the tests of this folder start from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import snoutos
from tests.support.postgres import PostgresServer
from tests.support.snoutos import sound


@pytest.fixture(scope="module")
def old_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The old database with a sound company; only ever read here."""
    name = postgres_server.create()
    snoutos.create(postgres_server.url(name), sound())
    yield postgres_server.url(name, driver="postgresql")
    postgres_server.drop(name)


@pytest.fixture(scope="module")
def csv_folder(old_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as PostgreSQL's COPY writes it."""
    return snoutos.copy_out(old_url, tmp_path_factory.mktemp("old") / "csv")
