"""A command for cron covers all companies of a host, each in its own database."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from petmsg.providers.sandbox import SandboxProvider
from tests.support.fixtures import Ran, add_org, build, run_cli

SLUGS = ("paws", "tails")


@pytest.fixture
def urls(tmp_path: Path) -> dict[str, str]:
    """Two companies that work, one that is in no database, and one whose server is away."""
    found = {}
    for slug in SLUGS:
        found[slug] = f"sqlite:///{tmp_path / slug}.db"
        build(found[slug])
        add_org(found[slug], slug)
        ran = run_cli(found[slug], "number", "add", "+14155550101", "--class", "pool")
        assert ran.code == 0, ran.err
    return {
        "paws": found["paws"],
        "gone": found["paws"],
        "away": "postgresql://ann:s3cret99@127.0.0.1:1/x",
        "tails": found["tails"],
    }


def on_all(urls: dict[str, str], *words: str, **more: Any) -> Ran:
    value = " ".join(f"{slug}={url}" for slug, url in urls.items())
    return run_cli(None, *words, PETMSG_ORG_URLS=value, **more)


CRON = (
    ("message", "pull"),
    ("message", "dispatch"),
    ("message", "sync"),
    ("media", "fetch"),
    ("notify", "run"),
    ("notify", "list"),
    ("number", "release-due"),
    ("number", "health"),
    ("reconcile",),
    ("coverage",),
    ("doctor",),
    ("alert", "list"),
    ("alert", "tell"),
    ("audit", "verify"),
    ("status",),
)


@pytest.mark.parametrize("line", CRON, ids=" ".join)
def test_a_cron_command_covers_all_and_tells_each_error(
    urls: dict[str, str], line: tuple[str, ...]
) -> None:
    ran = on_all(urls, *line, "-o", "json")
    assert ran.code == 5, ran.err
    assert isinstance(ran.json, list)
    errors = [json.loads(each)["error"] for each in ran.err.splitlines() if each.startswith("{")]
    assert [(each["org"], each["code"]) for each in errors] == [
        ("gone", "org_not_found"),
        ("away", "database_connection"),
    ]
    assert "s3cret99" not in ran.err


def test_each_company_is_worked_on(urls: dict[str, str]) -> None:
    for slug in SLUGS:
        for line in (
            ("client", "add", f"Ann of {slug}", "--phone", "+12025550101", "--ref", "C-1"),
            ("message", "send", "C-1", "--body", "Hello", "--queue-only"),
        ):
            # A company is found by its slug, too: its database is the map's.
            assert on_all(urls, *line, "--org", slug).code == 0
    ran = on_all(urls, "message", "dispatch", "-o", "jsonl")
    assert ran.code == 5
    assert [json.loads(line)["status"] for line in ran.out.splitlines()] == ["sent", "sent"]
    for slug in SLUGS:
        (row,) = run_cli(urls[slug], "message", "list", "-o", "json").json
        assert row["status"] == "sent"


def test_lists_have_one_header_and_tables_a_title(urls: dict[str, str]) -> None:
    header, *rows = on_all(urls, "status", "-o", "tsv").out.splitlines()
    assert header.startswith("org\tname\t")
    assert [row.partition("\t")[0] for row in rows] == list(SLUGS)
    # The header is there, too, where the first company has nothing to print.
    turned = dict(reversed([*urls.items()][:2]))
    header, row = on_all(turned, "status", "-o", "csv").out.splitlines()
    assert (header.partition(",")[0], row.partition(",")[0]) == ("org", "paws")
    table = on_all(urls, "status", "-o", "table").out
    assert [slug for slug in urls if f"{slug}\nOrg " in table] == list(SLUGS)
    assert [row["org"] for row in on_all(urls, "status", "-o", "json").json] == list(SLUGS)


def test_messages_name_their_company(urls: dict[str, str]) -> None:
    ran = on_all(urls, "message", "pull", "-o", "tsv")
    assert "paws: 0 new, 0 already known." in ran.err
    assert "petmsg: away: PostgreSQL cannot be reached: " in ran.err
    assert "petmsg: gone: There is no org 'gone'." in ran.err


@pytest.mark.parametrize("line", [("message", "pull"), ("message", "dispatch", "--dry-run")])
def test_quiet_leaves_out_their_notes(urls: dict[str, str], line: tuple[str, ...]) -> None:
    good = {slug: urls[slug] for slug in SLUGS}
    assert on_all(good, *line).err != ""
    assert on_all(good, *line, "--quiet").err == ""


def test_the_log_of_a_service_holds_their_notes_and_errors(urls: dict[str, str]) -> None:
    for slug in SLUGS:
        client = ("client", "add", "Ann", "--phone", "+12025550101", "--ref", "C-1")
        assert on_all(urls, *client, "--org", slug).code == 0
        text = ("message", "send", "C-1", "--body", "Hello", "--queue-only")
        assert on_all(urls, *text, "--org", slug).code == 0
    ran = on_all(urls, "message", "dispatch", "--dry-run", "--log-format", "json")
    assert ran.code == 5
    logged = [json.loads(line) for line in ran.err.splitlines()]
    assert {row["service"] for row in logged} == {"dispatch"}
    assert len({row["run"] for row in logged}) == 1
    errors = [row for row in logged if row["event"] == "error"]
    assert [(row["org"], row["code"]) for row in errors] == [
        ("gone", "org_not_found"),
        ("away", "database_connection"),
    ]
    assert "s3cret99" not in ran.err


def test_the_exit_code_is_that_of_the_worst(urls: dict[str, str]) -> None:
    good = {slug: urls[slug] for slug in SLUGS}
    assert on_all(good, "message", "sync").code == 0
    assert on_all({**good, "gone": urls["gone"]}, "message", "sync").code == 3
    assert on_all(urls, "message", "sync").code == 5


def test_a_company_or_a_database_that_is_named_stands_alone(urls: dict[str, str]) -> None:
    assert on_all(urls, "message", "sync", "--org", "tails").code == 0
    assert on_all(urls, "message", "sync", PETMSG_ORG="tails").code == 0
    assert on_all(urls, "message", "sync", "--db", urls["tails"]).code == 0
    assert on_all(urls, "client", "list", "--org", "gone", "-o", "json").code == 3


def test_watching_is_for_one_database(urls: dict[str, str]) -> None:
    ran = on_all(urls, "message", "dispatch", "--watch", "-o", "json")
    assert (ran.code, ran.error["code"]) == (2, "usage")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_to_the_dispatch_of_one_company_begins_no_other(
    urls: dict[str, str], number: signal.Signals, code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {slug: urls[slug] for slug in SLUGS}
    for slug in SLUGS:
        for line in (
            ("client", "add", "Ann", "--phone", "+12025550101", "--ref", "C-1"),
            ("message", "send", "C-1", "--body", "Hello", "--queue-only"),
        ):
            assert on_all(good, *line, "--org", slug).code == 0
    send = SandboxProvider.send

    def signalled(provider: SandboxProvider, text: Any) -> Any:
        os.kill(os.getpid(), number)
        return send(provider, text)

    monkeypatch.setattr(SandboxProvider, "send", signalled)
    ran = on_all(good, "message", "dispatch", "-o", "jsonl")
    assert ran.code == code
    assert [row["status"] for row in map(json.loads, ran.out.splitlines())] == ["sent"]
    (row,) = run_cli(good["tails"], "message", "list", "-o", "json").json
    assert row["status"] == "queued"


def test_a_company_keeps_its_pictures_where_its_map_says(
    urls: dict[str, str], tmp_path: Path
) -> None:
    value = f"paws={urls['paws']} paws.media={tmp_path}/pets"
    ran = run_cli(None, "config", "show", "--org", "paws", "-o", "json", PETMSG_ORG_URLS=value)
    shown = {row["name"]: row["value"] for row in ran.json}
    assert shown["media dir"] == f"{tmp_path}/pets"
    assert shown["database"] == urls["paws"]
