"""What systemd is told, on a real socket: by the class, by the dispatcher and by the web server."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from petmsg.systemd.supervisor import Supervisor
from tests import ROOT
from tests.support.fixtures import Cli
from tests.support.webhooks import serving

SECONDS = 60.0


class Ear:
    """The other end: what was told, in order."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(SECONDS)

    def next(self) -> str:
        return self.socket.recv(4096).decode()

    def heard(self) -> list[str]:
        """What was told by now."""
        self.socket.setblocking(False)
        found = []
        while True:
            try:
                found.append(self.next())
            except BlockingIOError:
                return found


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    listening = Ear(str(tmp_path / "notify"))
    yield listening
    listening.socket.close()


def told_at(ear: Ear, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": str(ear.socket.getsockname()), **more}


# ---------------------------------------------------------------------------------------- the class


def test_what_is_told(ear: Ear) -> None:
    supervisor = Supervisor(told_at(ear, WATCHDOG_USEC="60000000", WATCHDOG_PID=str(os.getpid())))
    supervisor.ready()
    supervisor.alive()
    supervisor.stopping()
    assert ear.heard() == ["READY=1", "WATCHDOG=1", "STOPPING=1"]


def test_a_name_in_the_abstract_namespace() -> None:
    name = f"petmsg-test-{os.getpid()}"
    ear = Ear(f"\0{name}")
    Supervisor({"NOTIFY_SOCKET": f"@{name}"}).ready()
    assert ear.heard() == ["READY=1"]
    ear.socket.close()


def test_a_sign_of_life_is_told_four_times_in_the_longest_silence(ear: Ear) -> None:
    uptime = 100.0
    supervisor = Supervisor(told_at(ear, WATCHDOG_USEC="60000000"), uptime=lambda: uptime)
    for _ in range(600):
        supervisor.alive()
        uptime += 0.1
    assert ear.heard() == ["WATCHDOG=1"] * 4


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"WATCHDOG_USEC": ""},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"},
    ],
)
def test_no_sign_of_life_where_none_is_asked_of_this_process(
    ear: Ear, environ: dict[str, str]
) -> None:
    Supervisor(told_at(ear, **environ)).alive()
    assert ear.heard() == []


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/notify", "@petmsg-nobody-listens"])
def test_a_socket_that_is_not_there_is_no_error(address: str) -> None:
    supervisor = Supervisor({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "1000000"})
    supervisor.ready()
    supervisor.alive()
    supervisor.stopping()


# ------------------------------------------------------------------------------------- the services


@contextmanager
def watching(url: str, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """A running `petmsg message dispatch --watch`."""
    with subprocess.Popen(
        [sys.executable, "-m", "petmsg", "message", "dispatch", "--watch"],
        cwd=ROOT,
        env={**os.environ, "PETMSG_DATABASE_URL": url, **environ},
        stdout=subprocess.DEVNULL,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_the_dispatcher_tells_that_it_works(
    ear: Ear, migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    with watching(migrated_sqlite, **told_at(ear, WATCHDOG_USEC="400000")) as process:
        assert ear.next() == "READY=1"
        assert [ear.next() for _ in range(3)] == ["WATCHDOG=1"] * 3
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.3)
        ear.heard()
        time.sleep(0.5)
        assert ear.heard() == []  # one that hangs tells nothing
        process.send_signal(signal.SIGCONT)
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
        assert ear.heard()[-1] == "STOPPING=1"


def test_the_web_server_tells_when_it_answers(
    ear: Ear, migrated_sqlite: str, sqlite_cli: Cli
) -> None:
    with serving(migrated_sqlite, **told_at(ear, WATCHDOG_USEC="400000")) as server:
        assert ear.next() == "READY=1"
        assert server.ask("GET", "/healthz").status == 200
        assert [ear.next() for _ in range(3)] == ["WATCHDOG=1"] * 3
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(SECONDS)
        assert ear.heard()[-1] == "STOPPING=1"
