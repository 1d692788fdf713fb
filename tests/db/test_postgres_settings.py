"""Which settings an address names, and what of petmsg's own stands beside them."""

import pytest

from petmsg.db.postgres_settings import (
    FORMATS,
    USUAL,
    given_in,
    if_direct,
    locally,
    of_session,
    of_transaction,
)


@pytest.mark.parametrize(
    ("options", "given"),
    [
        ("", {}),
        ("-c search_path=tenant", {"search_path": "tenant"}),
        ("-csearch_path=tenant,public", {"search_path": "tenant,public"}),
        ("--search-path=tenant", {"search_path": "tenant"}),
        (r"-csearch_path=a,\ b\\c", {"search_path": r"a, b\c"}),
        ("-c a=1 -c a=2  -cmy.own=x=y", {"a": "2", "my.own": "x=y"}),
        ("-e -B 12 -c", {}),
    ],
)
def test_the_options_are_read_as_the_server_reads_them(options: str, given: dict[str, str]) -> None:
    assert dict(given_in(options)) == given


def test_formats_are_petmsgs_and_limits_the_addresses() -> None:
    options = "-cTimeZone=Asia/Tokyo -cstatement_timeout=7s -csearch_path=tenant"
    session = of_session(options, USUAL)
    assert session == {**FORMATS, "lock_timeout": "10s", "jit": "off"} | {
        "idle_in_transaction_session_timeout": "60s"
    }
    transaction = of_transaction(options, USUAL)
    assert transaction["statement_timeout"] == "7s"
    assert transaction["search_path"] == "tenant"
    assert transaction["timezone"] == "UTC"


def test_a_default_for_transactions_counts_in_one_that_has_begun() -> None:
    given = of_transaction("-cdefault_transaction_read_only=on", USUAL)
    assert given["transaction_read_only"] == "on"


def test_no_value_ends_its_literal() -> None:
    assert "set_config('a', 'it''s', true)" in locally({"a": "it's"})
    assert r"E'\\''; DROP TABLE org; --'" in locally({"a": r"\'; DROP TABLE org; --"})
    assert if_direct({"a": "b"}, -5).endswith("pg_backend_pid() = -5")
