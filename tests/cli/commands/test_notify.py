"""petmsg notify …, with a real server; and where the URL of a channel must never appear."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from petmsg.enums.alerts import AlertSeverity
from petmsg.services.notify import channel
from tests.support import everything
from tests.support.channels import SECRET, ChannelServer, add_alerts, channel_server
from tests.support.fixtures import NOW, Cli, Ran, run_cli, working

Notify = Callable[..., Ran]


@pytest.fixture(scope="module")
def shared_server() -> Iterator[ChannelServer]:
    with channel_server() as server:
        yield server


@pytest.fixture
def server(shared_server: ChannelServer) -> ChannelServer:
    """A server that has heard nothing and answers 200."""
    shared_server.notes.clear()
    shared_server.asked, shared_server.status = 0, 200
    return shared_server


@pytest.fixture
def notify(migrated_url: str, cli: Cli, tmp_path: Path) -> Notify:
    """`petmsg notify …` with a private file of its own."""

    def run(*words: str, **options: Any) -> Ran:
        return cli("notify", *words, PETMSG_NOTIFY_FILE=str(tmp_path / "notify.json"), **options)

    return run


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "notify.json"


def keep(file: Path, **urls: str) -> None:
    """Write the URLs of the org's channels, as `notify add` does without its check."""
    file.write_text(json.dumps({"happy-paws": urls}), encoding="utf-8")
    file.chmod(0o600)


def add_without_check(
    migrated_url: str, file: Path, server: ChannelServer, *names: str, **how: Any
) -> None:
    with working(migrated_url) as uow:
        for name in names:
            channel.add(uow, name, **how)
    keep(file, **{name: server.url(f"{SECRET}/{name}") for name in names})


# ------------------------------------------------------------------------------------------- adding


def test_a_channel_is_added_tested_told_listed_and_removed(
    notify: Notify, cli: Cli, migrated_url: str, server: ChannelServer, file: Path
) -> None:
    added = notify("add", "ops", "-", "-o", "json", stdin=f"{server.url()}\n")
    assert added.json == {
        "channel": "ops",
        "org": "happy-paws",
        "severity": "warning",
        "kinds": [],
        "reused": False,
    }
    tested = notify("test", "ops", "-o", "json")
    told = {"channel": "ops", "org": "happy-paws", "status": "told", "why": None}
    assert (tested.code, tested.json, tested.err) == (0, [told], "")
    assert [note["title"] for note in server.notes] == ["petmsg happy-paws: test"]

    add_alerts(migrated_url, 2)
    ran = notify("run", "-o", "json")
    of_alerts = {"kind": "message_held", "alerts": [1, 2], "refs": ["1", "2"]}
    assert (ran.code, ran.json) == (0, [told | of_alerts])
    assert server.notes[1]["title"] == "petmsg happy-paws: message held, 2 alerts"
    assert "To do: petmsg message show 2" in server.notes[1]["message"]
    again = notify("run")
    assert (again.code, again.out, again.err) == (0, "", "")
    (row,) = notify("list", "-o", "json").json
    assert (row["status"], row["waiting"], row["told_at"]) == ("ok", 0, "2026-02-14T15:00:00Z")
    local = "10:00 EST"  # the zone of the only company, as in every other list
    assert local in notify("list", "-o", "table").out

    removed = notify("remove", "ops", "-o", "json")
    assert removed.json == {"channel": "ops", "org": "happy-paws", "had_url": True}
    assert json.loads(file.read_text(encoding="utf-8")) == {}
    assert notify("list", "-o", "json").json == []
    assert notify("remove", "ops", "-o", "json").error["code"] == "channel_not_found"


def test_a_bad_url_is_refused_without_showing_it(notify: Notify, file: Path) -> None:
    for url in (
        "nosuch://host/SENTINEL",
        "SENTINEL",
        "",
        "json://a SENTINEL",
        "x" * 4097,
        "x\u00e4" * 4097,
    ):
        ran = notify("add", "ops", "-", "-o", "json", stdin=url)
        assert (ran.code, ran.error["code"]) == (2, "malformed_url"), url
        assert "SENTINEL" not in ran.out + ran.err
    assert not file.exists()
    assert notify("list", "-o", "json").json == []


@pytest.mark.parametrize(
    "line",
    [
        ("add", "{url}"),
        ("add", "{url}", "ops"),
        ("add", "ops", "more", "{url}"),
        ("add", "ops", "--kind", "{url}"),
        ("add", "ops", "--severity", "{url}"),
        ("add", "ops", "--url", "{url}"),
        ("{url}",),
        ("list", "{url}"),
        ("run", "{url}"),
        ("test", "{url}"),
        ("remove", "{url}"),
        ("add", "ops", "-", "--org", "{url}"),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("form", ["table", "json"])
def test_a_url_in_a_wrong_place_is_not_repeated(
    notify: Notify, line: tuple[str, ...], form: str
) -> None:
    """Not in a traceback either."""
    url = "https://hooks.example.com/services/SENTINEL/B0/SENTINEL"
    words = [word.format(url=url) for word in line]
    ran = notify(*words, "-o", form, PETMSG_DEBUG="1", stdin=url)
    assert ran.code in (2, 3)
    assert [word for word in ("SENTINEL", "hooks.example.com") if word in ran.out + ran.err] == []


def test_without_a_url_or_a_terminal_the_way_to_give_it_is_named(notify: Notify) -> None:
    ran = notify("add", "ops", "-o", "json")
    assert (ran.code, ran.error["message"]) == (2, "The URL of the channel is missing.")
    assert ran.error["hint"] == "Pipe it in: petmsg notify add NAME - < url.txt"


def test_a_dry_run_adds_and_removes_nothing(
    notify: Notify, server: ChannelServer, file: Path, migrated_url: str
) -> None:
    assert notify("add", "ops", server.url(), "--dry-run").code == 0
    assert notify("list", "-o", "json").json == []
    assert not file.exists()
    add_without_check(migrated_url, file, server, "ops")
    assert notify("remove", "ops", "--dry-run").code == 0
    assert "ops" in file.read_text(encoding="utf-8")
    add_alerts(migrated_url, 12)
    ran = notify("run", "--dry-run", "-o", "json")
    assert [len(row["alerts"]) for row in ran.json] == [10, 2]
    assert notify("test", "--dry-run", "-o", "json").json[0]["status"] == "told"
    assert server.asked == 0
    assert notify("list", "-o", "json").json[0]["waiting"] == 12


def test_adding_again_is_safe_and_gives_a_url_that_was_missing(
    notify: Notify, server: ChannelServer, file: Path, migrated_url: str
) -> None:
    """As after an import on another machine."""
    add_without_check(migrated_url, file, server, "ops", severity=AlertSeverity.CRITICAL)
    url = server.url(f"{SECRET}/ops")
    assert notify("add", "ops", "-", "-o", "json", stdin=url).json["reused"]
    file.unlink()
    assert notify("list", "-o", "json").json[0]["status"] == "no_url"
    again = notify("add", "ops", "-", "-o", "json", stdin=url).json
    assert (again["reused"], again["severity"]) == (False, "critical")
    assert notify("list", "-o", "json").json[0]["status"] == "ok"


def test_what_the_database_refuses_leaves_no_url(
    notify: Notify, server: ChannelServer, file: Path, migrated_url: str
) -> None:
    add_without_check(migrated_url, file, server, "ops")
    file.unlink()
    ran = notify("add", "ops", "-", "--severity", "info", "-o", "json", stdin=server.url())
    assert (ran.code, ran.error["code"]) == (4, "already_exists")
    assert json.loads(file.read_text(encoding="utf-8")) == {}


# ----------------------------------------------------------------------------------------- telling


def test_a_failing_channel_does_not_keep_another_from_being_told(
    notify: Notify, cli: Cli, server: ChannelServer, file: Path, migrated_url: str
) -> None:
    add_without_check(migrated_url, file, server, "lost", "ops")
    keep(file, ops=server.url(f"{SECRET}/ops"))
    add_alerts(migrated_url)
    ran = notify("run", "-o", "json")
    assert ran.code == 5
    told = {(row["channel"], row["kind"], row["status"], row["why"]) for row in ran.json}
    missing = "its URL is not on this machine"
    assert told == {
        ("lost", "message_held", "failed", missing),
        ("ops", "message_held", "told", None),
        ("ops", "notify_failed", "told", None),
    }
    assert ran.err == (
        f"Channel lost was not told: {missing}. Fix: petmsg notify add lost - --org happy-paws\n"
    )
    quiet = notify("run")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


def test_a_server_that_repeats_the_url_is_told_of_by_its_status(
    notify: Notify, cli: Cli, server: ChannelServer, file: Path, migrated_url: str
) -> None:
    server.status = 418
    add_without_check(migrated_url, file, server, "ops")
    add_alerts(migrated_url)
    why = "its server answered 418 (I'm a Teapot)"
    for command in (("run",), ("test", "ops"), ("test", "ops", "--quiet")):
        ran = notify(*command, "-o", "json")
        assert (ran.code, ran.json[0]["why"]) == (6, why)
        assert f"Channel ops was not told: {why}." in ran.err
    (row,) = notify("list", "-o", "json").json
    assert (row["status"], row["failures"], row["waiting"]) == ("failing", 1, 1)
    server.status = 200
    assert notify("test", "ops").code == 0
    kinds = [each["kind"] for each in cli("alert", "list", "-o", "json").json]
    assert kinds == ["message_held"]
    assert notify("run", "-o", "json").json[0]["status"] == "told"


def test_a_client_who_waits_is_told_of(
    notify: Notify, cli: Cli, server: ChannelServer, file: Path, migrated_url: str
) -> None:
    add_without_check(migrated_url, file, server, "ops")
    cli("client", "add", "Ann Lee", "--phone", "+14155551001", "--ref", "C-1")
    said = "SENTINEL where is Rex?"
    cli("message", "receive", "--from", "+14155551001", "--to", "+14155550100", "--body", said)
    later = NOW.replace(hour=18)
    ran = notify("run", "-o", "json", now=later)
    assert [(row["kind"], row["refs"]) for row in ran.json] == [("client_waiting", ["C-1"])]
    (note,) = server.notes
    assert "Client C-1 waits for an answer" in note["message"]
    assert not [word for word in ("SENTINEL", "Ann", "4155551001") if word in str(note)]


# ---------------------------------------------------------------------------------------- sentinels


def test_no_name_phone_or_body_is_told(
    server: ChannelServer, file: Path, migrated_sqlite: str
) -> None:
    """In a company in which everything happened, with hostile names."""
    everything.fill(migrated_sqlite)
    with working(migrated_sqlite, org=everything.ORG) as uow:
        for name in ("ops", everything.LONG_REF):
            channel.remove(uow, name)
    for org in (everything.ORG, everything.OTHER_ORG):
        with working(migrated_sqlite, org=org) as uow:
            channel.add(uow, "ops", severity=AlertSeverity.INFO)
    urls = {org: {"ops": server.url()} for org in (everything.ORG, everything.OTHER_ORG)}
    file.write_text(json.dumps(urls), encoding="utf-8")
    file.chmod(0o600)
    ran = run_cli(migrated_sqlite, "notify", "run", "-o", "json", PETMSG_NOTIFY_FILE=str(file))
    assert ran.code == 0, ran.err
    assert len(ran.json) >= 3
    text = str(server.notes)
    people = [word for pair in everything.PEOPLE.values() for word in pair]
    hidden = [*people, everything.STRANGER, everything.BODY[:20], "+1415555200", "Maya"]
    assert [word for word in hidden if word in text] == []


def test_no_alert_names_the_sitter_whose_number_cannot_be_used(cli: Cli, migrated_url: str) -> None:
    cli("sitter", "add", "Maya SENTINEL", "--phone", "+13035550001", "--ref", "S-1")
    cli("client", "add", "Ann Lee", "--phone", "+14155551001", "--ref", "C 1")
    with working(migrated_url) as uow:
        uow.cursor.run("UPDATE message_number SET class = 'pool'")
    cli("number", "quarantine", "+14155550100", "--reason", "complaints")
    cli("booking", "add", "--client", "C 1", "--sitter", "S-1", "--start", "-1h", "--end", "+1h")
    cli("booking", "confirm", "--all-pending")
    cli("message", "send", "C 1", "--body", "Hello", "--queue-only")
    cli("message", "dispatch")
    (alert,) = cli("alert", "list", "-o", "json").json
    assert alert["kind"] == "no_number"
    assert alert["message"].startswith("No number can message client C 1 (")
    assert "SENTINEL" not in json.dumps(alert)
    assert alert["command"] == "petmsg route explain 'C 1'"


def test_the_url_is_nowhere_but_in_its_file(
    notify: Notify, cli: Cli, server: ChannelServer, migrated_url: str, tmp_path: Path
) -> None:
    """Neither the URL nor a part of it, while the server answers with an error that has it all."""
    secrets = [SECRET, f"{SECRET}-password", f"127.0.0.1:{server.port}", "json://"]
    ran = [notify("add", "ops", server.url())]
    add_alerts(migrated_url)
    server.status = 500
    variables = {"PETMSG_DEBUG": "1", "PETMSG_NOTIFY_FILE": str(tmp_path / "notify.json")}
    for form in ("table", "json", "jsonl", "tsv"):
        for words in (
            ("notify", "run"),
            ("notify", "test"),
            ("notify", "list"),
            ("notify", "add", "ops", server.url("other")),
            ("config", "show"),
            ("doctor", "--check", "channels"),
            ("audit", "list"),
            ("audit", "export"),
            ("alert", "list"),
            ("status",),
        ):
            ran += [cli(*words, "-o", form, now=NOW, **variables)]
    ran.append(cli("export", str(tmp_path / "files"), **variables))
    places = [tmp_path / "files"]
    if migrated_url.startswith("sqlite"):
        ran.append(cli("db", "backup", str(tmp_path / "backup.db"), **variables))
        places += [tmp_path / "backup.db", Path(migrated_url.removeprefix("sqlite:///"))]
    ran.append(notify("remove", "ops"))
    said = "".join(each.out + each.err for each in ran)
    assert "its server answered 500" in said
    assert [secret for secret in secrets if secret in said] == []
    written = [
        each
        for place in places
        for each in ([place] if place.is_file() else place.rglob("*"))
        if each.is_file()
    ]
    assert len(written) >= 5
    for each in written:
        content = each.read_bytes()
        assert [secret for secret in secrets if secret.encode() in content] == [], each


def test_a_copy_of_the_database_has_no_url(migrated_sqlite: str, tmp_path: Path) -> None:
    """The table has no column for it."""
    with sqlite3.connect(migrated_sqlite.removeprefix("sqlite:///")) as connection:
        columns = {row[1] for row in connection.execute("PRAGMA table_info(notify_channel)")}
    connection.close()
    assert columns == {
        "id", "org_id", "name", "severity", "kinds", "created_at", "failed_at", "failures",
        "due_at",
    }  # fmt: skip
