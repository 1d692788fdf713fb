"""The options of series and calendars stand in the help of their commands."""

import pytest

from tests.support.fixtures import run_cli


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("add", ("--end", "--for", "--repeat", "--until", "--count", "--except")),
        ("import", ("--client", "--sitter", "--feed", "--until", "--all-day", "--yes")),
    ],
)
def test_the_help_names_them(command: str, options: tuple[str, ...]) -> None:
    ran = run_cli("sqlite:///nowhere.db", "booking", command, "--help")
    assert ran.code == 0
    assert all(option in ran.out for option in options)
