"""Options of `message send` that do not go together."""

import pytest

from tests.support.fixtures import Cli
from tests.support.texting import people


@pytest.mark.parametrize(
    "words",
    [
        ("C-1", "--file", "-"),
        ("--file", "-", "--body", "Hi"),
        ("--file", "-", "--media", "rex.jpg"),
        ("--file", "-", "--key", "k-1"),
        ("--file", "-", "--as", "S-1"),
        ("--file", "-", "--preview"),
        ("--file", "-", "--reason", "why"),
        ("--body", "Hi"),
        ("C-1",),
        ("C-1", "--to-sitter", "S-1", "--body", "Hi"),
        ("--to-sitter", "S-1", "--file", "-"),
        ("--to-sitter", "S-1", "--as", "S-1", "--body", "Hi"),
        ("--to-sitter", "S-1"),
    ],
)
def test_a_message_and_a_file_do_not_go_together(sqlite_cli: Cli, words: tuple[str, ...]) -> None:
    people(sqlite_cli)
    ran = sqlite_cli("message", "send", *words, "-o", "json", stdin="client,body\nC-1,Hi\n")
    assert ran.code == 2, ran.err
    assert sqlite_cli("message", "list", "-o", "json").json == []
