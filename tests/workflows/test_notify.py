"""Channels that hang, processes that run at once, and processes that are killed."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from petmsg.errors import DatabaseUnusable
from petmsg.notify.outcome import Trouble
from petmsg.services.notify import channel
from petmsg.workflows import notify
from petmsg.workflows.environment import Environment
from petmsg.workflows.notify import Notifier, Told
from petmsg.workflows.store import Store
from tests import ROOT
from tests.support.channels import ChannelServer, add_alerts, channel_server
from tests.support.fixtures import ACTOR, Cli, looking, working
from tests.support.webhooks import wait_until


def add(url: str, file: Path, server: ChannelServer, *names: str) -> None:
    """Add channels whose paths at the server are their names."""
    with working(url) as uow:
        for name in names:
            channel.add(uow, name)
    urls = {name: server.url(name) for name in names}
    file.write_text(json.dumps({"happy-paws": urls}), encoding="utf-8")
    file.chmod(0o600)


def store_of(url: str, file: Path) -> Store:
    return Store(Environment({"PETMSG_NOTIFY_FILE": str(file), "PETMSG_ACTOR": ACTOR}), db=url)


def process(url: str, file: Path, *words: str, **how: Any) -> subprocess.Popen[str]:
    """A `petmsg` of its own, with the machine's clock."""
    usual = {name: value for name, value in os.environ.items() if "PETMSG" not in name}
    environ = {"PETMSG_DATABASE_URL": url, "PETMSG_NOTIFY_FILE": str(file), "PETMSG_ACTOR": ACTOR}
    return subprocess.Popen(
        [sys.executable, "-m", "petmsg", *words],
        cwd=ROOT,
        env={**usual, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **how,
    )


def test_a_channel_that_hangs_keeps_nobody_waiting_but_itself(
    cli: Cli, migrated_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "notify.json"
    with channel_server() as server:
        add(migrated_url, file, server, "a-slow", "b", "c")
        add_alerts(migrated_url, 12)
        server.hanging_paths.add("a-slow")
        server.free.clear()
        store, told = store_of(migrated_url, file), list[Told]()
        with store.at_end:
            notifier = Notifier(store, told.append)
            orgs = store.orgs()
            while len(told) < 4:
                notifier.start_due(orgs)
                notifier.wait(10)
            assert sorted(each.channel.name for each in told) == ["b", "b", "c", "c"]
            assert notifier.is_busy
            began = time.monotonic()
            notifier.close()
            assert time.monotonic() - began < notify.GRACE_SECONDS + 5
            assert not notifier.is_busy
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT count(*) FROM notify_delivery") == 24
        state = cursor.tuples("SELECT failures, due_at FROM notify_channel WHERE name = 'a-slow'")
        assert state == [(0, None)]


def test_the_end_stops_every_note_also_if_one_cannot_be_recorded(
    cli: Cli, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise DatabaseUnusable("The disk is full.")

    monkeypatch.setattr("petmsg.services.notify.lease.end", full)
    file = tmp_path / "notify.json"
    with channel_server() as server:
        add(migrated_url, file, server, "a-slow", "b")
        add_alerts(migrated_url)
        server.hanging_paths.add("a-slow")
        server.free.clear()
        store = store_of(migrated_url, file)
        with store.at_end:
            notifier = Notifier(store, lambda _: None)
            notifier.start_due(store.orgs())
            wait_until(lambda: server.asked == 2, seconds=60)
            slow, _ = sorted(notifier._flights.values(), key=lambda each: each.leased.channel.name)
            with pytest.raises(DatabaseUnusable):
                notifier.close()
            assert slow.sending is not None
            wait_until(lambda: slow.sending._process.poll() is not None, seconds=10)


def test_two_processes_at_once_do_not_both_tell(
    cli: Cli, migrated_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "notify.json"
    with channel_server() as server:
        add(migrated_url, file, server, "a", "b")
        add_alerts(migrated_url, 25)
        running = [process(migrated_url, file, "notify", "run", "-o", "json") for _ in range(2)]
        rows = []
        for each in running:
            out, err = each.communicate(timeout=300)
            assert (each.returncode, err) == (0, "")
            rows += json.loads(out or "[]")
    told = sorted((row["channel"], alert) for row in rows for alert in row["alerts"])
    assert told == [(name, alert) for name in ("a", "b") for alert in range(1, 26)]
    assert len(server.notes) == 6


def test_a_process_that_was_killed_lets_the_alert_be_told_again(
    cli: Cli, migrated_url: str, tmp_path: Path
) -> None:
    """At least once, never lost. The lease ends by the clock; here it is ended by hand."""
    file = tmp_path / "notify.json"
    with channel_server() as server:
        add(migrated_url, file, server, "ops")
        add_alerts(migrated_url)
        server.hanging_paths.add("ops")
        server.free.clear()
        with process(migrated_url, file, "notify", "run") as killed:
            wait_until(lambda: server.asked == 1, seconds=120)
            killed.kill()
            killed.communicate()
        server.free.set()
        with looking(migrated_url) as cursor:
            assert cursor.value("SELECT count(*) FROM notify_delivery") == 0
            assert cursor.value("SELECT due_at FROM notify_channel") is not None
        with working(migrated_url) as uow:
            uow.cursor.run("UPDATE notify_channel SET due_at = NULL")
        store = store_of(migrated_url, file)
        with store.at_end:
            (told,) = notify.run(store)
        assert (told.channel.name, told.refs, told.outcome.trouble) == ("ops", ("1",), None)


def test_a_process_that_cannot_be_started_is_a_failure_of_the_channel(
    cli: Cli, migrated_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(notify, "Sending", no_memory)
    file = tmp_path / "notify.json"
    with channel_server() as server:
        add(migrated_url, file, server, "ops")
        add_alerts(migrated_url)
        store = store_of(migrated_url, file)
        with store.at_end:
            (told,) = notify.run(store)
    assert told.outcome.trouble is Trouble.FAILED
