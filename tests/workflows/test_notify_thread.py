"""The thread beside the messages and the webhooks: a channel that hangs delays neither, nor the
end."""

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from petmsg.errors import DatabaseUnusable
from petmsg.queries.notify import list_channels
from petmsg.queries.org import OrgRow
from petmsg.services.notify import channel
from petmsg.workflows.notify_thread import NotifyThread
from petmsg.workflows.store import Store
from tests.support.channels import ChannelServer, add_alerts, channel_server
from tests.support.fixtures import Cli, looking, working
from tests.support.webhooks import serving, wait_until
from tests.workflows.test_notify import add, process, store_of

SOON = 5.0
"""Far less than a channel that hangs takes: half a minute."""


@contextmanager
def hanging(url: str, file: Path) -> Iterator[ChannelServer]:
    """A server whose only channel hangs until the end, with an alert to tell it of."""
    with channel_server() as server:
        add(url, file, server, "ops")
        add_alerts(url)
        server.hanging_paths.add("ops")
        server.free.clear()
        yield server


def statuses(url: str) -> list[str]:
    with looking(url) as cursor:
        return [row[0] for row in cursor.tuples("SELECT status FROM message ORDER BY id")]


def test_the_thread_tells_and_says_a_failure_once(
    cli: Cli, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, said = tmp_path / "notify.json", list[str]()
    monkeypatch.setattr("petmsg.workflows.notify_thread.LOOK_SECONDS", 0.05)
    with channel_server() as server:
        add(migrated_url, file, server, "ops", "lost")
        urls = json.loads(file.read_text(encoding="utf-8"))
        del urls["happy-paws"]["lost"]
        file.write_text(json.dumps(urls), encoding="utf-8")
        add_alerts(migrated_url)
        with NotifyThread(lambda: store_of(migrated_url, file), Store.orgs, said.append):
            wait_until(lambda: len(server.notes) == 2, seconds=120)
            file.chmod(0o644)
            add_alerts(migrated_url, first=2)
            wait_until(lambda: len(said) == 2)
            time.sleep(0.3)
    assert [note["title"] for note in server.notes] == [
        "petmsg happy-paws: message held",
        "petmsg happy-paws: notify failed",
    ]
    assert said == [
        "Channel lost cannot be told of alerts: its URL is not on this machine.",
        f"Channels are not told of alerts: The file {file} is readable by others (mode 0644).",
    ]


def test_the_thread_outlives_a_bug_and_says_its_kind_only(
    cli: Cli, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, said = tmp_path / "notify.json", list[str]()
    monkeypatch.setattr("petmsg.workflows.notify_thread.LOOK_SECONDS", 0.05)
    looks = 0

    def broken(_: Store) -> list[OrgRow]:
        nonlocal looks
        looks += 1
        raise RuntimeError("+14155551001")

    with NotifyThread(lambda: store_of(migrated_url, file), broken, said.append):
        wait_until(lambda: looks > 2)
    assert said == ["Channels are not told of alerts: an internal error (RuntimeError)."]


def test_what_cannot_be_recorded_is_said(
    cli: Cli, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, said = tmp_path / "notify.json", list[str]()
    monkeypatch.setattr("petmsg.workflows.notify_thread.LOOK_SECONDS", 0.05)

    def full(*_: object) -> None:
        raise DatabaseUnusable("The disk is full.")

    monkeypatch.setattr("petmsg.services.notify.lease.end", full)
    with channel_server() as server:
        add(migrated_url, file, server, "ops")
        add_alerts(migrated_url)
        with NotifyThread(lambda: store_of(migrated_url, file), Store.orgs, said.append):
            wait_until(lambda: len(said) == 1, seconds=120)
            time.sleep(0.3)
        assert len(server.notes) == 1
    assert said == ["What channels were told is not recorded: The disk is full."]


def test_without_a_channel_nothing_is_written(
    cli: Cli, migrated_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("petmsg.workflows.notify_thread.LOOK_SECONDS", 0.01)
    add_alerts(migrated_url)

    class NeverWrites(Store):
        def transact(self, *_: object) -> None:  # type: ignore[override]
            raise AssertionError("it wrote")

    usual = store_of(migrated_url, tmp_path / "none.json")
    store = NeverWrites(usual.environment, db=migrated_url)
    said: list[str] = []
    with NotifyThread(lambda: store, Store.orgs, said.append):
        time.sleep(0.2)
    assert said == []


def test_dispatch_sends_and_ends_while_a_channel_hangs(
    cli: Cli, migrated_url: str, tmp_path: Path
) -> None:
    cli("client", "add", "Ann Lee", "--phone", "+14155551001", "--ref", "C-1")
    file = tmp_path / "notify.json"
    with hanging(migrated_url, file) as server:
        with process(migrated_url, file, "message", "dispatch", "--watch", "-o", "jsonl") as watch:
            wait_until(lambda: server.asked == 1, seconds=120)
            began = time.monotonic()
            cli("message", "send", "C-1", "--body", "Hello", "--queue-only", now=None)
            wait_until(lambda: statuses(migrated_url) == ["sent"], seconds=SOON)
            assert time.monotonic() - began < SOON
            assert _ends_soon(watch)
        assert server.notes == []
    with looking(migrated_url) as cursor:  # it is told again at once
        assert cursor.value("SELECT count(*) FROM notify_delivery") == 0
        assert cursor.value("SELECT due_at FROM notify_channel") is None


def test_dispatch_tells_channels_by_itself(cli: Cli, migrated_url: str, tmp_path: Path) -> None:
    file = tmp_path / "notify.json"
    with channel_server() as server:
        add(migrated_url, file, server, "ops")
        with process(migrated_url, file, "message", "dispatch", "--watch", "-o", "jsonl") as watch:
            add_alerts(migrated_url)
            wait_until(lambda: len(server.notes) == 1, seconds=120)
            assert _ends_soon(watch)


def test_serve_answers_and_ends_while_a_channel_hangs(
    cli: Cli, migrated_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "notify.json"
    with (
        hanging(migrated_url, file) as channels,
        serving(migrated_url, PETMSG_NOTIFY_FILE=str(file)) as server,
    ):
        wait_until(lambda: channels.asked == 1, seconds=120)
        senders = _senders_of(server.process.pid)
        assert len(senders) == 1
        began = time.monotonic()
        for _ in range(5):
            assert server.ask("GET", "/healthz").status == 200
        assert time.monotonic() - began < SOON
        assert _ends_soon(server.process)
    assert not Path(f"/proc/{senders[0]}").exists()
    assert not [line for line in server.errors if "ops" in line]


def test_an_org_that_was_not_chosen_is_not_told(
    cli: Cli, migrated_url: str, tmp_path: Path
) -> None:
    cli("org", "add", "tail-waggers", "--name", "Tail", "--timezone", "America/Los_Angeles")
    with working(migrated_url, org="tail-waggers") as uow:
        channel.add(uow, "ops")
    store = store_of(migrated_url, tmp_path / "none.json")
    store.org_option = "happy-paws"
    with looking(migrated_url) as cursor:
        assert list_channels(cursor, store.chosen(cursor)) == []


def _ends_soon(running: subprocess.Popen[str]) -> bool:
    """End a process as systemd does; whether it was over soon."""
    began = time.monotonic()
    running.send_signal(signal.SIGTERM)
    running.wait(60)
    return time.monotonic() - began < SOON


def _senders_of(parent: int) -> list[int]:
    """The processes that send a note for that one."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                status = (folder / "status").read_text(encoding="utf-8")
            except OSError:
                continue
            if re.search(rf"^PPid:\s+{parent}$", status, re.MULTILINE):
                found.append(int(folder.name))
    return found
