"""`sitter show --messages`: the fields of `sitter show`, and the conversation with the desk."""

from tests.support.fixtures import Cli
from tests.support.texting import MAYA, people


def test_it_adds_the_messages_and_changes_nothing_else(sqlite_cli: Cli) -> None:
    people(sqlite_cli)
    sqlite_cli("message", "send", "--to-sitter", "S-1", "--body", "Can you work?")
    plain = sqlite_cli("sitter", "show", "S-1", "-o", "json").json
    shown = sqlite_cli("sitter", "show", "S-1", "--messages", "-o", "json").json
    assert {key: value for key, value in shown.items() if key != "messages"} == plain
    (message,) = shown["messages"]
    assert (message["direction"], message["status"], message["number"], message["body"]) == (
        "outbound",
        "sent",
        MAYA,
        "Can you work?",
    )
    table = sqlite_cli("sitter", "show", "S-1", "--messages", "-o", "table").out
    assert "Can you work?" in table
    assert sqlite_cli("sitter", "show", "S-2", "--messages", "-o", "json").json["messages"] == []
