"""Errors of a driver: those of the database in petmsg's words, and those that are petmsg's bug."""

import pytest

from petmsg.db.driver_errors import is_driver_error, translate
from petmsg.errors import PetmsgError
from tests.support.fixtures import looking


def run(url: str, sql: str, **parameters: object) -> None:
    with looking(url) as cursor:
        cursor.value(sql, **parameters)


def test_a_statement_without_one_of_its_parameters_is_a_bug(migrated_url: str) -> None:
    with pytest.raises(Exception, match=r"parameter") as caught:
        run(migrated_url, "SELECT id FROM org WHERE slug = :slug")
    assert not isinstance(caught.value, PetmsgError)
    assert not is_driver_error(caught.value)


@pytest.mark.parametrize("sql", ["SELECT '%\"forced\":true%'", "SELECT '%', ':name', 'it''s :x'"])
def test_a_text_in_quotes_is_what_it_is_on_both_drivers(migrated_url: str, sql: str) -> None:
    with looking(migrated_url) as cursor:
        (with_none,) = cursor.tuples(sql)
        (with_one,) = cursor.tuples(f"{sql}, :x", x=1)
    assert with_one == (*with_none, 1)
    assert with_none[0] == ('%"forced":true%' if "forced" in sql else "%")


def test_a_url_that_libpq_cannot_read_is_called_so() -> None:
    psycopg = pytest.importorskip("psycopg")
    for url in ("postgresql://localhost/x?nonsense=1", "postgresql://%zz@localhost/x"):
        with pytest.raises(psycopg.Error) as caught:
            psycopg.connect(url)
        assert is_driver_error(caught.value)
        assert translate(caught.value).code == "database_url", caught.value


def test_a_server_that_is_not_there_cannot_be_reached() -> None:
    psycopg = pytest.importorskip("psycopg")
    with pytest.raises(psycopg.Error) as caught:
        psycopg.connect("postgresql://127.0.0.1:1/x", connect_timeout=2)
    assert translate(caught.value).code == "database_connection"
