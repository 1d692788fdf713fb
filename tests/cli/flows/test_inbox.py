"""What `inbox list` says beside its rows."""

from datetime import timedelta

from tests.support.fixtures import NOW, Cli
from tests.support.incoming import BOB, comes
from tests.support.texting import DESK, people


def test_it_says_how_many_wait_and_how_long(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    assert sqlite_cli("inbox", "list", "-o", "json").err == ""
    comes(sqlite_cli, to=DESK)
    comes(sqlite_cli, sender=BOB, to=DESK)
    at = NOW + timedelta(minutes=42)
    ran = sqlite_cli("inbox", "list", "--client", "C-2", "--since", "2026-02-14T10:00", now=at)
    assert "2 clients wait, the longest 42 min." in ran.err
    assert ran.out.count("C-2") == 1
    assert "C-1" not in ran.out
    sqlite_cli("inbox", "claim", "1", "2", now=at)
    assert "wait" not in sqlite_cli("inbox", "list", "-o", "json", now=at).err
