"""petmsg template …, and message send --template, as they are typed."""

from tests.cli.commands.test_org import refused
from tests.support.fixtures import Cli

CLIENT = ("client", "add", "Ada Lovelace", "--phone", "+14155551001")


def test_a_template_from_writing_to_sending(cli: Cli) -> None:
    cli(*CLIENT)
    added = cli("template", "add", "soon", "--body", "Hi {client.first_name}, {eta}").out
    assert "soon" in added
    shown = cli("template", "show", "soon", "-o", "json").json
    assert shown["variables"] == [
        {"name": "client.first_name", "default": None},
        {"name": "eta", "default": None},
    ]
    line = ("message", "send", "C-1", "--template", "soon")
    refused(cli(*line, "-o", "json"), "template_value_missing")
    sent = cli(*line, "--var", "eta=see you at 5", "-o", "json").json
    found = cli("message", "show", str(sent["message"]), "-o", "json").json
    assert found["body"] == "Hi Ada, see you at 5"
    assert (found["template"], found["template_version"]) == ("soon", 1)
    cli("template", "set", "soon", "--body", "Soon!")
    assert cli("template", "show", "soon", "--version", "1", "-o", "json").json["body"] != "Soon!"
    cli("template", "remove", "soon", "--reason", "old")
    assert cli("template", "list", "-o", "json").json == []
    assert [row["version"] for row in cli("template", "list", "--removed", "-o", "json").json] == [
        2
    ]


def test_what_cannot_be_meant_is_wrong_usage(sqlite_cli: Cli) -> None:
    sqlite_cli(*CLIENT)
    sqlite_cli("template", "add", "soon", "--body", "Soon!")
    send = ("message", "send", "C-1")
    for line in (
        ("template", "add", "bad", "--body", "{client.phone}"),
        (*send, "--template", "soon", "--body", "Hi"),
        (*send, "--body", "Hi", "--var", "a=b"),
        (*send, "--body", "Hi", "--booking", "B-1"),
        (*send, "--template", "soon", "--var", "a"),
        (*send, "--template", "soon", "--var", "a=b"),
    ):
        assert sqlite_cli(*line).code == 2, line
    assert sqlite_cli(*send, "--template", "late").code == 3
    assert sqlite_cli("message", "list", "-o", "json").json == []
