"""`--search` of clients, sitters and messages: the same rows on both databases, page by page, and
of a phone only whether it matches."""

from datetime import timedelta
from typing import Any

import pytest

from petmsg.queries import search as queries
from tests.support.fixtures import NOW, Cli, copied


@copied
def people(cli: Cli) -> None:
    rows = (
        ("C-1", "José Ålund", "+14155550171"),
        ("C-2", "Ann 100% Ivers", "+14155550172\n+442079460172"),
        ("C-3", "Ann_Marie O'Neil", "+14155551001"),
        ("C-4", "Søren Ito", "+14155551002"),
        ("K-415", "Bo Li", "+12025550109"),
    )
    for ref, name, phones in rows:
        words = [word for phone in phones.split() for word in ("--phone", phone)]
        assert cli("client", "add", name, *words, "--ref", ref).code == 0
    for ref, name, phone in (
        ("S-1", "Maya Lée", "+14155552001"),
        ("S-2", "Olga Roy", "+14155552002"),
    ):
        assert cli("sitter", "add", name, "--phone", phone, "--ref", ref).code == 0


def found(cli: Cli, noun: str, typed: str, *options: str) -> list[str]:
    ran = cli(noun, "list", "--search", typed, *options, "-o", "json")
    assert ran.code == 0, ran.err
    return [row[noun] for row in ran.json]


def test_clients_are_found_by_name_ref_and_digits_of_a_phone(cli: Cli) -> None:
    people(cli)
    for typed, refs in (
        ("jose", ["C-1"]),
        ("alund JOSÉ", ["C-1"]),
        ("soren", ["C-4"]),
        ("ann", ["C-3", "C-2"]),
        ("c-", ["C-4", "C-3", "C-2", "C-1"]),
        ("%", ["C-2"]),
        ("_", ["C-3"]),
        ("'", ["C-3"]),
        ("\\", []),
        ("415", ["K-415", "C-4", "C-3", "C-2", "C-1"]),
        ("(415) 555-017", ["C-2", "C-1"]),
        ("020 7946", ["C-2"]),
        ("09", []),
    ):
        assert found(cli, "client", typed) == refs, typed
    assert found(cli, "client", "ann", "--kind", "recurring") == []
    assert found(cli, "sitter", "lee") == ["S-1"]
    assert found(cli, "sitter", "555-200") == ["S-2", "S-1"]
    assert found(cli, "sitter", "555-200", "--status", "offboarded") == []


def test_pages_of_what_was_found_follow_each_other(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(cli)
    for chunk in (1, 2, 5000):
        monkeypatch.setattr(queries, "_CHUNK", chunk)
        assert found(cli, "client", "c-", "--limit", "2") == ["C-4", "C-3"]
        assert found(cli, "client", "c-", "--limit", "2", "--before", "C-3") == ["C-2", "C-1"]
        assert found(cli, "client", "c-", "--limit", "1", "--all") == ["C-4", "C-3", "C-2", "C-1"]


def test_a_found_phone_stays_masked(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    for form in ("table", "json", "tsv", "csv"):
        ran = sqlite_cli("client", "list", "--search", "5550171", "-o", form)
        assert "C-1" in ran.out
        assert "5550171" not in ran.out + ran.err
        assert "+1********71" in ran.out


@pytest.mark.parametrize("noun", ["client", "sitter", "message"])
def test_looking_for_nothing_is_wrong_usage(sqlite_cli: Cli, noun: str) -> None:
    for typed in ("", " ", "x" * 201):
        ran = sqlite_cli(noun, "list", "--search", typed)
        assert (ran.code, "--search is" in ran.err) == (2, True)


def bodies(cli: Cli, *options: str, **more: Any) -> list[str]:
    ran = cli("message", "list", *options, "-o", "json", **more)
    assert ran.code == 0, ran.err
    return [row["body"] for row in ran.json]


@pytest.fixture
def written(cli: Cli) -> Cli:
    cli("number", "add", "+14155550100", "--class", "front_desk")
    cli("client", "add", "Ann Ivers", "--phone", "+14155551001", "--ref", "C-1")
    for hours, body in enumerate(("The gate code is 100%", "Clé under the mat", "Gate closed")):
        assert cli(
            "message", "receive", "--from", "+14155551001", "--to", "+14155550100",
            "--body", body, now=NOW + timedelta(hours=hours),
        ).code == 0  # fmt: skip
    return cli


def test_messages_are_found_by_their_body_and_time(written: Cli) -> None:
    code, key, closed = "The gate code is 100%", "Clé under the mat", "Gate closed"
    assert bodies(written, "--search", "gate") == [closed, code]
    assert bodies(written, "--search", "CODE gate") == [code]
    assert bodies(written, "--search", "100%") == bodies(written, "--search", "%") == [code]
    assert bodies(written, "--search", "cle") == [key]
    assert bodies(written, "--search", "gate", "--limit", "1") == [closed]
    assert bodies(written, "--search", "gate", "--client", "+14155551001") == [closed, code]
    at = (NOW + timedelta(hours=1)).isoformat()
    assert bodies(written, "--since", at) == [closed, key]
    assert bodies(written, "--since", at, "--search", "gate") == [closed]
    assert bodies(written, "--until", at) == [code]
    day = NOW.date().isoformat()
    assert bodies(written, "--since", day, "--until", day, "--search", "gate") == [closed, code]
    ran = written("message", "list", "--since", "now", "--until", "-1h")
    assert (ran.code, "--until '-1h' is not later than --since 'now'." in ran.err) == (2, True)


def test_an_erased_message_is_not_found(written: Cli) -> None:
    assert bodies(written, "--search", "gate")
    erased = written("client", "forget", "+14155551001", "--reason", "they asked", "--yes")
    assert erased.code == 0, erased.err
    assert bodies(written, "--search", "gate") == []
    assert found(written, "client", "5551001") == []
