"""petmsg audit list, show, export, verify; and what never gets into it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.fixtures import ACTOR, Cli, add_org, looking

MAYA, POOL = "+14155550102", "+14155550150"
PERSONAL = ("Ann Ivers", "Maya Lee", "14155551001", "14155551009", "14155552001", "14155552002")
BODY = "the key is under the mat"


def story(cli: Cli) -> None:
    """Everything that leaves an event with a person in it."""
    for words in (
        ("number", "add", MAYA, "+14155550103", "--class", "sitter"),
        ("number", "add", POOL, "--class", "pool"),
        ("client", "add", "Ann Ivers", "--phone", "+14155551001", "--ref", "C-1"),
        ("client", "phone", "add", "C-1", "+14155551009", "--primary"),
        ("client", "phone", "remove", "C-1", "+14155551001"),
        ("client", "set", "C-1", "--name", "Ann Ivers-Roe", "--kind", "recurring"),
        ("sitter", "add", "Maya Lee", "--phone", "+14155552001", "--ref", "S-1", "--activate"),
        ("sitter", "set", "S-1", "--phone", "+14155552002"),
        ("booking", "add", "--client", "Ann Ivers-Roe", "--sitter", "Maya Lee", "--ref", "B-1",
         "--start", "-1h", "--end", "+1h"),
        ("booking", "confirm", "B-1"),
        ("booking", "reschedule", "B-1", "--end", "+2h"),
        ("message", "send", "+14155551009", "--body", BODY, "--as", "+14155552002"),
        ("number", "quarantine", MAYA, "--days", "3", "--reason", "spam"),
        ("message", "send", "C-1", "--body", BODY),
        ("number", "restore", MAYA, "--reason", "carrier cleared it"),
        ("sitter", "renumber", "Maya Lee", "--reason", "spam"),
        ("org", "set", "--name", "Happier Paws", "--grace-minutes", "30"),
        ("sitter", "deactivate", "--yes", "+14155552002"),
        ("booking", "cancel", "--yes", "B-1", "--reason", "client moved"),
        ("client", "forget", "Ann Ivers-Roe", "--reason", "asked", "--yes"),
    ):  # fmt: skip
        ran = cli(*words)
        assert ran.code == 0, (words, ran.err)


def tampered(url: str, sql: str) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as file:
        for name in ("audit_event_no_update", "audit_event_no_delete"):
            file.execute(f"DROP TRIGGER {name}")
        file.execute(sql)


def test_no_payload_holds_a_personal_phone_a_name_or_a_body(cli: Cli, migrated_url: str) -> None:
    story(cli)
    with looking(migrated_url) as cursor:
        rows = cursor.rows("SELECT event, ref, reason, payload, actor FROM audit_event")
    seen = {row["event"] for row in rows}
    assert {"message.sent", "client.forgotten", "sitter.updated", "client.phone_added"} <= seen
    for row in rows:
        for piece in (*PERSONAL, BODY, "Happier Paws"):
            assert piece not in json.dumps(row), row
    assert cli("audit", "verify").code == 0  # forgetting left the chain whole


def test_each_event_says_who_did_what_when_why_and_to_what(cli: Cli) -> None:
    story(cli)
    (row,) = cli("audit", "list", "--event", "number.restored", "-o", "json").json
    assert row == {
        "seq": row["seq"],
        "at": "2026-02-14T15:00:00Z",
        "actor": ACTOR,
        "event": "number.restored",
        "entity": "number",
        "ref": MAYA,
        "reason": "carrier cleared it",
        "payload": {
            "class": "sitter",
            "forced": True,
            "original_until": "2026-02-17T15:00:00Z",
            "quarantine_reason": "spam",
            "sitter": "S-1",
        },
        "hash": row["hash"],
    }
    assert cli("audit", "show", str(row["seq"]), "-o", "json").json == row


def test_events_are_named_noun_dot_verb_in_the_past(sqlite_cli: Cli) -> None:
    story(sqlite_cli)
    names = {row["event"] for row in sqlite_cli("audit", "list", "--all", "-o", "json").json}
    assert {
        "booking.confirmed", "thread.created", "window.created", "window.updated",
        "sitter.activated", "number.assigned", "number.quarantined", "number.restored",
        "message.sent",
    } <= names  # fmt: skip
    assert all(name.count(".") == 1 for name in names)


def test_events_are_listed_newest_first_by_event_entity_and_ref(sqlite_cli: Cli) -> None:
    story(sqlite_cli)

    def rows(*words: str) -> Any:
        return sqlite_cli("audit", "list", *words, "-o", "json").json

    everything = [row["seq"] for row in rows("--all")]
    assert everything == list(range(len(everything), 0, -1))
    assert [row["seq"] for row in rows("--before", "3")] == [2, 1]
    assert {row["entity"] for row in rows("--entity", "window")} == {"window"}
    assert {row["ref"] for row in rows("--ref", "C-1")} == {"C-1"}
    assert rows("--event", "no.such") == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("list", "--before", "x"), 2),
        (("list", "--before", "-1"), 2),
        (("show", "999"), 3),
        (("show", "9" * 30), 3),
        (("verify", "--head", "/nonexistent/heads"), 2),
        (("list", "--org", "nobody"), 3),
    ],
)
def test_what_there_is_not_is_said(sqlite_cli: Cli, words: tuple[str, ...], code: int) -> None:
    ran = sqlite_cli("audit", *words, "-o", "json")
    assert (ran.code, bool(ran.error["hint"])) == (code, True)


def test_the_actor_is_the_option_then_the_environment(sqlite_cli: Cli) -> None:
    for ref, words, environ in (
        ("C-1", ("--actor", "cron@desk"), {}),
        ("C-2", (), {"PETMSG_ACTOR": "olga@desk"}),
    ):
        sqlite_cli("client", "add", "A", "--phone", f"+1415555100{ref[-1]}", "--ref", ref, *words,
                   **environ)  # fmt: skip
    rows = sqlite_cli("audit", "list", "--event", "client.added", "-o", "json").json
    assert [row["actor"] for row in rows] == ["olga@desk", "cron@desk"]


def test_export_is_every_event_as_a_line_oldest_first(cli: Cli) -> None:
    story(cli)
    ran = cli("audit", "export")
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert rows == cli("audit", "list", "--all", "-o", "json").json[::-1]


def test_an_exported_head_is_org_seq_and_hash_of_the_newest_event(cli: Cli) -> None:
    story(cli)
    newest = cli("audit", "list", "--limit", "1", "-o", "json").json[0]
    assert cli("audit", "export", "--head").json == {
        "org": "happy-paws",
        "seq": newest["seq"],
        "hash": newest["hash"],
    }


def test_an_export_is_json_lines_unless_its_own_option_says_otherwise(cli: Cli) -> None:
    """A cron job's PETMSG_OUTPUT must not change what is kept."""
    as_lines = cli("audit", "export").out
    for output in ("table", "json", "tsv"):
        assert cli("audit", "export", PETMSG_OUTPUT=output).out == as_lines
    rows = [json.loads(line) for line in as_lines.splitlines()]
    assert cli("audit", "export", "-o", "json").json == rows
    header, *cells = cli("audit", "export", "--output=tsv").out.splitlines()
    assert header.split("\t") == list(rows[0])
    assert len(cells) == len(rows)


def test_heads_are_read_back_in_both_shapes_of_json(sqlite_cli: Cli, tmp_path: Path) -> None:
    story(sqlite_cli)
    for output in ("json", "jsonl"):
        heads = tmp_path / output
        heads.write_text(sqlite_cli("audit", "export", "--head", "-o", output).out)
        assert sqlite_cli("audit", "verify", "--head", str(heads)).code == 0
        heads.write_text(heads.read_text().replace('"seq": ', '"seq": 9'))
        assert sqlite_cli("audit", "verify", "--head", str(heads)).code == 10
    for nonsense in ("[", "[1]", "[]", "[" * 100_000):
        (tmp_path / "nonsense").write_text(nonsense)
        assert sqlite_cli("audit", "verify", "--head", str(tmp_path / "nonsense")).code == 2


def test_verify_covers_every_org_unless_one_is_chosen(cli: Cli, migrated_url: str) -> None:
    add_org(migrated_url, "cosy-cats", front_desk="+14155550200")
    ran = cli("audit", "verify", "-o", "json")
    assert ran.code == 0
    assert [(row["org"], row["ok"], row["broken_seq"]) for row in ran.json] == [
        ("cosy-cats", True, None),
        ("happy-paws", True, None),
    ]
    assert len(cli("audit", "verify", "--org", "cosy-cats", "-o", "json").json) == 1


def test_verify_names_the_first_broken_event_and_exits_10(
    migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    story(sqlite_cli)
    tampered(migrated_sqlite, "UPDATE audit_event SET actor = 'else' WHERE seq IN (7, 9)")
    ran = sqlite_cli("audit", "verify", "-o", "json")
    assert ran.code == 10
    assert ran.json == [
        {
            "org": "happy-paws",
            "events": 6,
            "ok": False,
            "broken_seq": 7,
            "problem": "its content was changed",
        }
    ]


def test_a_cut_tail_is_found_with_the_heads_that_were_kept_elsewhere(
    migrated_sqlite: str, sqlite_cli: Cli, tmp_path: Path
) -> None:
    heads = tmp_path / "heads.jsonl"
    heads.write_text(sqlite_cli("audit", "export", "--head").out)
    story(sqlite_cli)
    with heads.open("a") as kept:
        kept.write(sqlite_cli("audit", "export", "--head").out)
    assert sqlite_cli("audit", "verify", "--head", str(heads)).code == 0
    tampered(
        migrated_sqlite,
        "DELETE FROM audit_event WHERE seq > (SELECT max(seq) - 3 FROM audit_event)",
    )
    with closing(sqlite3.connect(migrated_sqlite.removeprefix("sqlite:///"))) as file, file:
        file.execute(
            "UPDATE audit_head SET (seq, hash) = (SELECT seq, hash FROM audit_event"
            " ORDER BY seq DESC LIMIT 1)"
        )
    assert sqlite_cli("audit", "verify").code == 0
    ran = sqlite_cli("audit", "verify", "--head", "-", "-o", "json", stdin=heads.read_text())
    assert ran.code == 10
    assert "an exported checkpoint counts" in ran.json[0]["problem"]


def test_an_org_that_is_gone_is_found_with_its_exported_head(sqlite_cli: Cli) -> None:
    head = json.dumps({"org": "cosy-cats", "seq": 3, "hash": "0" * 64})
    ran = sqlite_cli("audit", "verify", "--head", "-", "-o", "json", stdin=head)
    assert ran.code == 10
    assert [row["org"] for row in ran.json if not row["ok"]] == ["cosy-cats"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b'{"org": "happy-paws"}\n'])
def test_a_head_file_that_holds_no_head_is_refused(
    sqlite_cli: Cli, tmp_path: Path, content: bytes
) -> None:
    heads = tmp_path / "heads.jsonl"
    heads.write_bytes(content)
    ran = sqlite_cli("audit", "verify", "--head", str(heads), "-o", "json")
    assert (ran.code, ran.error["code"]) == (2, "malformed_file")


def test_a_refused_command_leaves_no_event(sqlite_cli: Cli) -> None:
    before = sqlite_cli("audit", "export", "--head").out
    assert (
        sqlite_cli("booking", "add", "--client", "C-9", "--start", "now", "--end", "+1h").code == 3
    )
    assert sqlite_cli("number", "restore", "+14155550100").code == 4
    assert sqlite_cli("audit", "export", "--head").out == before
