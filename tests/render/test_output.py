"""What reaches a terminal or a script: fields, masks, formats, and characters that must not act."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pkgutil import iter_modules
from types import SimpleNamespace
from typing import Any

import pytest

from petmsg import render
from petmsg.enums.numbers import NumberClass
from petmsg.enums.output import OutputFormat
from petmsg.models import Client, ClientPhone, Sitter
from petmsg.render import output
from petmsg.render.escape import escape, json_text
from petmsg.render.field_types import UNDECLARED
from petmsg.render.fields import Field, View
from petmsg.render.views import message
from tests.support.fixtures import NOW, Cli, working

EVIL = "\x1b]0;owned\x07\x1b[31m\x9b2J\u202eE\u2066v\u200bil\r\n[/b][red]:dog:\x7f"
"""Escape sequences, a C1 one, bidi, zero width, a return, markup and an emoji code."""

ACTS = [c for c in EVIL if not c.isprintable() and c != "\n"]

ROW = {
    "name": "Ann",
    "phone": "+14155551001",
    "at": datetime(2026, 7, 1, 16, 30, tzinfo=UTC),
    "open": True,
    "none": None,
    "class": NumberClass.POOL,
    "refs": ("B-1", "B-2"),
    "span": {"from": datetime(2026, 1, 1, tzinfo=UTC)},
}
FIELDS = (
    Field("name", "Name"),
    Field("phone", "Phone", personal=True),
    Field("at", "When"),
    Field("open", "Open"),
    Field("none", "None"),
    Field("class", "Class"),
    Field("refs", "Refs"),
    Field("span", None),
)
NEW_YORK = View(timezone="America/New_York")


def field_lists() -> dict[str, tuple[Field, ...]]:
    """Every field list of petmsg/render, by where it stands."""
    modules = [
        import_module(f"petmsg.render.{each.name}") for each in iter_modules(render.__path__)
    ]
    return {
        f"{module.__name__.rpartition('.')[2]}.{name}": value
        for module in modules
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, tuple) and value
        if all(isinstance(each, Field) for each in value)
    }


FIELD_LISTS = field_lists()


def printed(
    capsys: pytest.CaptureFixture[str], form: str, *rows: Any, view: View = NEW_YORK
) -> str:
    output.show_list(FIELDS, rows, output=OutputFormat(form), view=view)
    return capsys.readouterr().out


# ------------------------------------------------------------------------------------ the formats


def test_json_is_bare_data_with_instants_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(printed(capsys, "json", ROW)) == [
        {
            "name": "Ann",
            "phone": "+1********01",
            "at": "2026-07-01T16:30:00Z",
            "open": True,
            "none": None,
            "class": "pool",
            "refs": ["B-1", "B-2"],
            "span": {"from": "2026-01-01T00:00:00Z"},
        }
    ]
    assert json.loads(printed(capsys, "json")) == []


def test_jsonl_is_an_object_a_line_and_nothing_for_no_rows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = printed(capsys, "jsonl", ROW, ROW).splitlines()
    assert [json.loads(line)["name"] for line in told] == ["Ann", "Ann"]
    assert printed(capsys, "jsonl") == ""


def test_tsv_has_the_json_keys_as_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    header, row = printed(capsys, "tsv", ROW).splitlines()
    assert header.split("\t") == [field.name for field in FIELDS]
    assert row.split("\t") == [
        "Ann",
        "+1********01",
        "2026-07-01T16:30:00Z",
        "true",
        "",
        "pool",
        '["B-1", "B-2"]',
        '{"from": "2026-01-01T00:00:00Z"}',
    ]
    assert printed(capsys, "tsv").split("\t")[0] == "name"


def test_csv_is_that_of_rfc_4180_with_the_json_keys_as_its_header(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = printed(capsys, "csv", {**ROW, "name": 'Ann "A", née\nIvers'}, ROW)
    lines = told.split("\r\n")
    assert lines[0] == "name,phone,at,open,none,class,refs,span"
    assert lines[1].startswith(
        '"Ann ""A"", née\nIvers",+1********01,2026-07-01T16:30:00Z,true,,pool,'
    )
    assert lines[3:] == [""]
    _, first, second = csv.reader(io.StringIO(told, newline=""), strict=True)
    assert first[0] == 'Ann "A", née\nIvers'
    assert second[-2:] == ['["B-1", "B-2"]', '{"from": "2026-01-01T00:00:00Z"}']
    assert printed(capsys, "csv") == "name,phone,at,open,none,class,refs,span\r\n"


def test_one_thing_as_csv_is_a_header_and_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    output.show_one(FIELDS[:1], ROW, output=OutputFormat.CSV, view=NEW_YORK)
    assert capsys.readouterr().out == "name\r\nAnn\r\n"


@pytest.mark.parametrize("form", ["tsv", "csv", "jsonl"])
def test_lines_are_written_as_rows_come(capsys: pytest.CaptureFixture[str], form: str) -> None:
    def rows() -> Iterator[Any]:
        yield ROW
        assert "Ann" in capsys.readouterr().out
        yield ROW

    printed_rows = rows()
    output.show_list(FIELDS, printed_rows, output=OutputFormat(form), view=NEW_YORK)
    assert "Ann" in capsys.readouterr().out


def test_csv_is_utf_8_whatever_stdout_is(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    stdout = io.TextIOWrapper(written, encoding="latin-1", errors="backslashreplace")
    monkeypatch.setattr("sys.stdout", stdout)
    output.show_one(FIELDS[:1], {"name": "Amélie 陳"}, output=OutputFormat.CSV, view=View())
    stdout.flush()
    assert written.getvalue() == "name\r\nAmélie 陳\r\n".encode()


def test_a_table_shows_the_orgs_timezone_and_only_titled_fields(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = printed(capsys, "table", ROW)
    assert "2026-07-01 12:30 EDT" in told
    assert "yes" in told
    assert "B-1, B-2" in told
    assert "span" not in told.lower()
    assert printed(capsys, "table") == "Nothing to show.\n"


def test_one_thing_is_an_object_and_its_fields_one_below_the_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.show_one(FIELDS, ROW, output=OutputFormat.JSON, view=NEW_YORK)
    assert json.loads(capsys.readouterr().out)["name"] == "Ann"
    output.show_one(FIELDS, ROW, output=OutputFormat.TABLE, view=NEW_YORK)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "Name", "Phone", "When", "Open", "None", "Class", "Refs",
    ]  # fmt: skip


def test_off_a_terminal_nothing_is_cut_at_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    name = "A" * 100
    assert name in printed(capsys, "table", {**ROW, "name": name})


def test_a_personal_phone_is_masked_in_every_format_unless_revealed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for form in OutputFormat:
        assert "5551001" not in printed(capsys, form, ROW)
        assert "+14155551001" in printed(capsys, form, ROW, view=View(reveal=True))


def test_several_personal_phones_are_masked_and_none_stays_none() -> None:
    field = Field("phones", "Phones", personal=True)
    assert field.data({"phones": ["+14155551001", "+4930123456"]}, View()) == [
        "+1********01",
        "+4*******56",
    ]
    assert field.data({"phones": None}, View()) is None


def test_a_phone_can_be_personal_by_its_row() -> None:
    fields = {field.name: field for field in message.MESSAGES}
    inbound = SimpleNamespace(direction="inbound", from_e164="+14155551001", to_e164="+14155550100")
    assert fields["from"].data(inbound, View()) == "+1********01"
    assert fields["to"].data(inbound, View()) == "+14155550100"


@pytest.mark.parametrize("name", FIELD_LISTS)
def test_a_noun_names_each_of_its_keys_once_in_snake_case(name: str) -> None:
    keys = [field.name for field in FIELD_LISTS[name]]
    assert len(set(keys)) == len(keys)
    assert all(key == key.lower() and key.isidentifier() for key in keys)


@pytest.mark.parametrize("name", FIELD_LISTS)
def test_every_field_says_what_its_values_are(name: str) -> None:
    silent = [field.name for field in FIELD_LISTS[name] if field.kind is UNDECLARED]
    assert silent == [], "give it a kind of petmsg/render/field_types.py: kind=…"


# ---------------------------------------------------------------- characters that act on a terminal


def test_safe_shows_what_a_terminal_would_obey() -> None:
    assert escape("a\x1b[2Jb\u202ec\r\n\t") == "a\\x1b[2Jb\\u202ec\\r\\n\\t"
    assert escape("a\nb\x07", keep_newlines=True) == "a\nb\\x07"
    assert escape("Amélie 陳 🐶 [/b]") == "Amélie 陳 🐶 [/b]"


def test_json_text_is_the_same_data_without_what_a_terminal_would_obey() -> None:
    data = {
        "body": EVIL,
        "family": "👩‍👩‍👧",
        "name": "Amélie 陳",
        "tag": "\U000e0041",
        "half": "\ud800",
    }
    for indent in (None, 2):
        text = json_text(data, indent=indent)
        assert json.loads(text) == data
        assert not [c for c in text if not c.isprintable() and c != "\n"]
        assert "Amélie 陳" in text, "what can be read stays readable"


@pytest.mark.parametrize("form", list(OutputFormat))
def test_no_format_lets_a_strangers_text_act(
    capsys: pytest.CaptureFixture[str], form: OutputFormat
) -> None:
    row = {**ROW, "name": EVIL, "refs": [EVIL], "span": {"from": EVIL}}
    for as_list in (True, False):
        if as_list:
            output.show_list(FIELDS, [row], output=form, view=NEW_YORK)
        else:
            output.show_one(FIELDS, row, output=form, view=NEW_YORK)
        told = capsys.readouterr().out.replace("\r\n", "\n")  # lines of CSV end so
        assert not [c for c in told if c in ACTS]
    output.show_list(FIELDS[:1], [row], output=form, view=NEW_YORK)
    assert "[/b][red]:dog:" in capsys.readouterr().out, "markup and emoji codes are text"


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "tsv", "csv"])
def test_stored_names_do_not_act_in_any_listing(
    sqlite_cli: Cli, migrated_sqlite: str, form: str
) -> None:
    """Names that came in some other way than through the door, which refuses them."""
    with working(migrated_sqlite) as uow:
        client = Client(org_id=uow.org.id, ref=f"C{EVIL}", name=EVIL, created_at=NOW)
        uow.session.add(client)
        uow.session.add(
            Sitter(org_id=uow.org.id, ref="S-1", name=EVIL, phone="+14155559001", created_at=NOW)
        )
        uow.session.flush()
        uow.session.add(
            ClientPhone(
                org_id=uow.org.id,
                client_id=client.id or 0,
                e164="+14155551001",
                is_primary=True,
                created_at=NOW,
            )
        )
    sqlite_cli("number", "add", "+14155550101", "--class", "sitter")
    for command in (
        ("client", "list"),
        ("client", "show", "+14155551001"),
        ("sitter", "list"),
        ("sitter", "show", "S-1"),
        ("sitter", "activate", "S-1"),
        ("message", "send", "+14155551001", "--body", "hi"),
        ("route", "explain", "+14155551001"),
        ("message", "list"),
        ("thread", "list"),
        ("audit", "list"),
    ):
        ran = sqlite_cli(*command, "-o", form)
        assert ran.code == 0, (command, ran.err)
        assert not [c for c in ran.out.replace("\r\n", "\n") + ran.err if c in ACTS], command


@pytest.mark.parametrize("form", ["table", "tsv", "csv", "json"])
def test_what_a_person_typed_does_not_act_in_an_error(sqlite_cli: Cli, form: str) -> None:
    for command in (
        ("client", "show", EVIL),
        ("client", "add", EVIL, "--phone", "+1"),
        ("client", "add", "Ann", "--phone", EVIL),
        ("client", "list", "--kind", EVIL),
        ("number", "who", "+14155550100", "--at", EVIL),
        ("org", "add", EVIL, "--name", "C", "--timezone", "UTC"),
        ("org", "set", "--timezone", EVIL),
        ("client", "import", EVIL),
        ("client", EVIL),
        ("client", "list", f"--{EVIL}"),
        ("client", "list", "--org", EVIL),
    ):
        ran = sqlite_cli(*command, "-o", form)
        assert ran.code in (2, 3), (command, ran.err)
        assert not [c for c in ran.out + ran.err if c in ACTS], (command, ran.err)
