"""The JSON Schema of every command is as its output is, and as docs/schemas has it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from petmsg.cli.command_tree import commands, printed
from petmsg.render.json_schema import DIALECT, ERROR, document, schema_of
from tests.support import everything, snoutos
from tests.support.everything import BOB, LONG_REF, MAYA, NOT_OURS, ORG, READING, SPARE, line_of
from tests.support.fixtures import NOW, Ran, lines, run_cli, working
from tests.support.media_rows import TINY_GIF, add_media
from tests.support.on_twilio import keys
from tests.support.schemas import complaints, output_complaints, shape_named
from tests.support.twilio_fake import TwilioFake
from tests.support.webhooks import KEYS, serving

WRITING: dict[str, tuple[str, ...]] = {
    "org add": ("cat-nappers", "--name", "Cat Nappers", "--timezone", "UTC"),
    "org set": ("--grace-minutes", "30", "--quiet-hours", "off"),
    "org remove": ("cat-nappers", "--yes"),
    "org freeze": ("--reason", "a bad day", "--until", "+1h"),
    "org thaw": (),
    "client add": ("Dora", "--phone", "+14155551009", "--ref", "C-9"),
    "client import": ("-",),
    "client set": ("C-9", "--kind", "recurring"),
    "client phone add": ("C-9", "+14155551010"),
    "client phone primary": ("C-9", "+14155551010"),
    "client phone textable": ("C-9", "+14155551010", "--reason", "she said so"),
    "client phone remove": ("C-9", "+14155551009"),
    "sitter add": ("Nora", "--phone", "+14155552009", "--ref", "S-9"),
    "sitter import": ("-",),
    "sitter set": ("S-9", "--name", "Nora Roy"),
    "sitter activate": ("S-9", "S-404"),
    "sitter away": ("S-9", "--to", "+9d", "--reason", "ill"),
    "sitter back": ("S-9",),
    "number add": ("+14155550160", "+14155550161", "+14155550164", NOT_OURS, "--class", "sitter"),
    "number import": ("-",),
    "number assign": ("+14155550160", "S-8"),
    "number set-class": ("+14155550161", "pool"),
    "number retire": ("+14155550161", "--yes"),
    "number quarantine --dry-run": (
        MAYA,
        "+14155550999",
        "--days",
        "3",
        "--reason",
        "x",
        "--dry-run",
    ),
    "number quarantine": (MAYA, SPARE, "+14155550999", "--days", "3", "--reason", "x"),
    "number restore": (MAYA, "+14155550150", "--reason", "cleared"),
    "number release-due": (),
    "number buy": ("--area", "646", "--class", "pool", "--yes"),
    "number give-back": ("+14155550164", "--reason", "x", "--yes"),
    "number health --apply": ("--apply",),
    "number pace --segments-per-second": (MAYA, "--segments-per-second", "2"),
    "number pace --usual": (MAYA, "--usual"),
    "sitter renumber": ("S-1", "--to", "+14155550162", "--reason", "x"),
    "booking add": ("--client", "C-9", "--start", "+1h", "--end", "+2h", "--ref", "B-90"),
    "booking add --repeat": (
        "--client",
        "C-9",
        "--start",
        "+1h",
        "--for",
        "1h",
        "--repeat",
        "daily",
        "--count",
        "2",
        "--ref",
        "B-95",
    ),
    "booking import": ("-",),
    "booking confirm": ("B-90", "B-404", "B-6"),
    "booking reschedule": ("B-90", "--end", "+3h"),
    "booking reassign": ("B-90", "S-8"),
    "booking reassign --file": ("--file", "-"),
    "booking cancel": ("B-90", "--yes"),
    "sitter deactivate": ("S-1", "--yes"),
    "message dispatch": (),
    "message send": ("C-9", "--body", "Hi", "--at", "+1h"),
    "message send --file": ("--file", "-"),
    "message send --to-sitter": (
        "--to-sitter",
        "all-active",
        "--to-sitter",
        "S-404",
        "--body",
        "Hi",
    ),
    "message cancel": ("11",),
    "message sync": (),
    "message prices": (),
    "media fetch": ("--dry-run",),
    "media prune": ("--dry-run",),
    "message receive": ("--from", "+14155551010", "--to", MAYA, "--body", "-"),
    "call simulate": ("--from", "+14155551010", "--to", MAYA, "--desk-answers"),
    "template add": ("soon", "--body", "Soon, {client.name}"),
    "template set": ("soon", "--body", "Very soon"),
    "template remove": ("soon",),
    "import map set": ("sitter", "Handy=phone", "Vermerk=", "Nobody=nothing"),
    "import map remove": ("sitter", "Handy", "Nobody"),
    "route override set": ("C-9", "--until", "+2h", "--reason", "asked"),
    "route override end": ("C-9",),
    "inbox claim": ("6", "404"),
    "inbox reply": ("7", "--body", "We do"),
    "inbox assign": ("7", "C-9"),
    "inbox done": ("6", "404"),
    "inbox adopt": ("1",),
    "optout add": ("C-9", "--reason", "asked"),
    "optout remove": ("C-9", "--reason", "asked again"),
    "alert tell": (),
    "notify add": ("ops", "json://127.0.0.1:9/x", "--dry-run"),
    "notify test": ("--dry-run",),
    "notify run": ("--dry-run",),
    "notify remove": ("ops", "--dry-run"),
    "alert done": ("1", "404"),
    "client forget": ("C-9", "--reason", "asked", "--yes"),
    "reconcile": (),
    "db upgrade": (),
    "db restored": ("--since", "2026-02-14T14:00"),
    "init": ("--org", ORG, "--name", "Happy Paws", "--timezone", "America/New_York"),
}
"""Every writing command, in an order in which each finds what it needs."""

PRINTED = printed()
STDIN = {
    "message send --file": "client,body,key\nC-9,See you,k-91\nC-404,Hi,k-92\n",
    "message receive": "When do you come?",
    "client import": "ref,name,phone\nC-9,Dora Day,+14155551009\nC-10,Eve,nonsense\n",
    "sitter import": "ref,name,phone\nS-8,Ida,+14155552008\n",
    "number import": "e164,class\n+14155550162,sitter\n+14155550163,moon\n",
    "booking reassign --file": "ref,sitter\nB-90,S-8\nB-404,S-8\n",
    "booking import": lines(
        ("ref", "client", "starts_at", "ends_at"),
        ("B-91", LONG_REF, "+1h", "+2h"),
        ("B-92", "C-404", "+1h", "+2h"),
    ),
}
ELSEWHERE = {
    "demo", "db backup", "db restore", "db downgrade", "message retry", "message dispatch --watch",
    "number import --from-provider", "number webhooks check", "number webhooks install",
    "message pull", "export", "import petmsg", "import snoutos",
    "serve", "serve --dry-run", "media save", "service install", "service uninstall",
    "setup", "metrics --to", "number settle",
}  # fmt: skip
"""Held against their schemas by the tests below that are named after them, `number settle` by
tests/workflows/test_number_market.py."""


@pytest.fixture(scope="module")
def template(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("schemas") / "petmsg.db"
    shutil.copy(_sqlite_template, path)
    path.chmod(0o600)
    everything.fill(f"sqlite:///{path}")
    return path


@pytest.fixture
def company(template: Path, tmp_path: Path) -> str:
    """A company of its own, to change."""
    return f"sqlite:///{shutil.copy(template, tmp_path / 'petmsg.db')}"


def wrong(ran: Ran, arguments: list[str], form: str = "json") -> list[str]:
    """What is wrong with an output, which must be there."""
    assert ran.code in (0, 4, 5, 10), ran.err
    assert ran.out.strip(), (arguments, ran.err)
    return output_complaints([*arguments, "-o", form], ran.out, form=form)


# ---------------------------------------------------------------------------- every command has one


def test_every_command_has_a_schema() -> None:
    names = {name.removeprefix("petmsg ") for name, _ in commands()}
    shaped = {name for name in PRINTED if "--" not in name}
    assert names - shaped == set(), "say what it prints in its declaration"
    assert shaped - names == set(), "there is no such command any more"


def test_an_option_that_prints_another_shape_is_an_option_of_its_command() -> None:
    for name in PRINTED:
        command, *options = name.split(" --")
        for option in options:
            assert f"--{option}" in run_cli(None, *command.split(), "--help").out, name


def test_every_schema_is_held_against_real_output() -> None:
    assert set(READING) | set(WRITING) | ELSEWHERE == set(PRINTED)
    assert not set(READING) & set(WRITING)


@pytest.mark.parametrize("form", ["json", "jsonl"])
@pytest.mark.parametrize("command", READING)
def test_what_a_reading_command_prints_is_as_its_schema_says(
    template: Path, command: str, form: str
) -> None:
    line = line_of(command)
    ran = run_cli(f"sqlite:///{template}", *line, "--org", ORG, "-o", form)
    if command not in ("db check", "number health --propose"):  # nothing is wrong here
        assert wrong(ran, line, form) == []


def test_what_the_writing_commands_print_is_as_their_schemas_say(company: str) -> None:
    for command, words in WRITING.items():
        line = [*(word for word in command.split() if not word.startswith("--")), *words]
        org = [] if command in ("org add", "init") else ["--org", ORG]
        ran = run_cli(company, *line, *org, "-o", "json", stdin=STDIN.get(command, ""))
        if command not in ("number release-due", "number health --apply"):
            assert wrong(ran, line) == [], command
            assert ran.json, command
        else:
            assert (ran.code, ran.json) == (0, []), (command, ran.err)


def test_media_save(company: str, tmp_path: Path) -> None:
    stored = add_media(company, 1, content=TINY_GIF)
    line = ["media", "save", str(stored), "404", "--to", str(tmp_path), "--org", ORG]
    ran = run_cli(company, *line, "-o", "json")
    assert wrong(ran, line) == []
    assert [sorted(row) for row in ran.json][1] == ["error", "ref"]


def test_demo_db_backup_and_db_downgrade(company: str, tmp_path: Path) -> None:
    for line in (
        ["db", "backup", str(tmp_path / "copy.db")],
        ["db", "restore", str(tmp_path / "copy.db"), "--dry-run"],
        ["db", "downgrade", "0002", "--discard-data", "--dry-run"],
    ):
        assert wrong(run_cli(company, *line, "-o", "json"), line) == []
    line = ["demo", "--db", str(tmp_path / "demo.db")]
    assert wrong(run_cli(None, *line, "-o", "json", now=None), line) == []


def test_number_webhooks_check_and_install(company: str) -> None:
    with TwilioFake(numbers=[MAYA, "+14155550170"]) as fake:
        environ = keys(fake, PETMSG_PUBLIC_URL="https://texts.example.com")
        run_cli(company, "org", "set", "--twilio-account", "none", "--org", ORG)
        for line in (["number", "webhooks", "check"], ["number", "webhooks", "install", "--yes"]):
            ran = run_cli(company, *line, "--org", ORG, "-o", "json", **environ)
            assert wrong(ran, line) == []
            assert len(ran.json) > 1


def test_message_retry_and_pull_and_number_import_from_provider(company: str) -> None:
    with TwilioFake(numbers=[MAYA, "+14155550170"]) as fake:
        to_twilio = ("--provider", "twilio", "--twilio-account", "none", "--yes", "--force")
        run_cli(company, "org", "set", *to_twilio, "--org", ORG)
        line = ["number", "import", "--from-provider", "--class", "pool"]
        ran = run_cli(company, *line, "--org", ORG, "-o", "json", **keys(fake))
        assert wrong(ran, line) == []
        assert [row["reused"] for row in ran.json] == [True, False]
        fake.comes_in("Hi", from_=BOB, to=MAYA, at=NOW - timedelta(minutes=1))
        line = ["message", "pull"]
        ran = run_cli(company, *line, "--org", ORG, "-o", "json", **keys(fake))
        assert wrong(ran, line) == []
        assert len(ran.json) == 1
    with working(company, org=ORG) as uow:
        uow.cursor.run("UPDATE message SET status = 'failed' WHERE id = 4")
    line = ["message", "retry", "4", "--reason", "again"]
    assert wrong(run_cli(company, *line, "--org", ORG, "-o", "json"), line) == []


def test_export_and_both_imports(template: Path, migrated_sqlite: str, tmp_path: Path) -> None:
    old = snoutos.write_csv(snoutos.sound(), tmp_path / "old")
    for url, line in (
        (f"sqlite:///{template}", ["export", str(tmp_path / "files")]),
        (f"sqlite:///{tmp_path}/new.db", ["import", "petmsg", str(tmp_path / "files")]),
        (migrated_sqlite, ["import", "snoutos", "--dir", str(old), "--timezone", "UTC"]),
    ):
        ran = run_cli(url, *line, "-o", "json")
        assert wrong(ran, line) == []
        assert ran.json


def test_message_dispatch_watch(company: str) -> None:
    line = ["message", "dispatch", "--watch"]
    environ = {**os.environ, "PETMSG_DATABASE_URL": company, "PETMSG_OUTPUT": "jsonl"}
    ran = run_cli(company, "org", "set", "--quiet-hours", "off", "--org", ORG)
    assert ran.code == 0
    with subprocess.Popen(
        [sys.executable, "-m", "petmsg", *line, "--org", ORG],
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    ) as worker:
        assert worker.stdout is not None
        first = worker.stdout.readline()
        worker.send_signal(signal.SIGTERM)
        rest = worker.stdout.read()
    assert json.loads(first)["message"]
    assert output_complaints(line, first + rest, form="jsonl") == []


def test_metrics_in_a_file(company: str, tmp_path: Path) -> None:
    line = ["metrics", "--to", str(tmp_path / "petmsg.prom")]
    assert wrong(run_cli(company, *line, "-o", "json"), line) == []


def test_serve(company: str) -> None:
    line = ["serve", "--dry-run"]
    assert wrong(run_cli(company, *line, "-o", "json", **KEYS), line) == []
    with serving(company, "-o", "json") as server:
        assert server.ask("GET", "/healthz").status == 200
        assert server.ask("GET", "/elsewhere").status == 404
        assert server.stop() == 0
    assert output_complaints(["serve"], "\n".join(server.log), form="jsonl") == []
    assert len(server.log) == 2


def test_an_error_has_a_schema_too(company: str) -> None:
    for line, code in ((("client", "show", "C-404"), 3), (("client", "add"), 2)):
        ran = run_cli(company, *line, "-o", "json", "--org", ORG)
        assert ran.code == code
        assert complaints({"error": ran.error}, schema_of(ERROR)) == []


@pytest.mark.parametrize("command", PRINTED)
def test_a_schema_is_one_of_draft_2020_12_that_asks_for_every_key(command: str) -> None:
    schema = document(command, PRINTED[command])
    assert schema["$schema"] == DIALECT
    assert schema["title"] == f"petmsg {command} -o json"
    row = schema.get("items", schema)
    row = row.get("anyOf", [row])[0]
    assert row["required"] == list(row["properties"])
    assert len(row["required"]) == len(PRINTED[command].fields)


# --------------------------------------------------------------------------- the validator itself


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer"}, 3, True),
        ({"type": "number"}, 0.5, "0.5"),
        ({"type": "boolean"}, False, 0),
        ({"type": ["string", "null"]}, None, 1),
        ({"enum": ["a", None]}, None, "b"),
        ({"type": "string", "pattern": "^\\+[0-9]+$"}, "+1", "1"),
        ({"type": "string", "minLength": 1}, "a", ""),
        ({"type": "string", "maxLength": 2}, "ab", "abc"),
        ({"type": "integer", "minimum": 1}, 1, 0),
        ({"type": "number", "exclusiveMinimum": 0}, 0.1, 0),
        ({"type": "string", "format": "date-time"}, "2026-02-14T15:00:00Z", "yesterday"),
        ({"type": "string", "format": "date"}, "2026-02-14", "2026-02-31"),
        ({"type": "array", "items": {"type": "integer"}}, [1], [1, "2"]),
        ({"properties": {"a": {"type": "integer"}}}, {"a": 1}, {"a": 1, "b": 2}),
        ({"required": ["a"], "properties": {"a": {}}}, {"a": 1}, {}),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, {"x": 1}, {"x": "1"}),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, 1, "1"),
    ],
)
def test_the_validator_finds_what_is_wrong(schema: dict[str, Any], good: Any, bad: Any) -> None:
    assert complaints(good, schema) == []
    assert complaints(bad, schema)


def test_the_validator_refuses_a_keyword_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="uniqueItems"):
        complaints([], {"uniqueItems": True})


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("booking list --limit 3", "booking list"),
        ("route explain --message 1", "route explain --message"),
        ("route explain C-1", "route explain"),
        ("client phone add C-1 +1", "client phone add"),
        ("message send C-1 --body x --preview", "message send --preview"),
        ("reconcile --dry-run", "reconcile"),
        ("nonsense", None),
    ],
)
def test_a_command_line_is_known_by_its_words(line: str, name: str | None) -> None:
    assert shape_named(line.split()) == name


def test_a_key_that_drifted_would_be_noticed(template: Path) -> None:
    """Negative control, on real output: a key more, a key less, a key of another kind."""
    ran = run_cli(f"sqlite:///{template}", "number", "list", "--org", ORG, "-o", "json")
    schema = document("number list", PRINTED["number list"])
    assert complaints(ran.json, schema) == []
    for change in ({"extra": 1}, {"status": "asleep"}, {"last_used_at": NOW.isoformat()}):
        assert complaints([{**ran.json[0], **change}], schema), change
    short = {name: value for name, value in ran.json[0].items() if name != "sitter"}
    assert complaints([short], schema)
