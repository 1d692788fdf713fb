"""The watchdog on the network that is told how each command ended, on a real HTTP server."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.fixtures import Cli, run_cli


class Watchdog(NamedTuple):
    url: str
    told: list[tuple[str, str]]
    answers: list[int]


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    told: list[tuple[str, str]] = []
    answers = [200]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            told.append((self.path.partition("?")[0], body))
            self.send_response(answers[0])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Watchdog(f"http://127.0.0.1:{server.server_port}/u-1", told, answers)
        server.shutdown()


def test_success_is_told_with_the_command_and_no_argument(cli: Cli, watchdog: Watchdog) -> None:
    added = ("client", "add", "Anna Smith", "--phone", "+12025550143")
    ran = cli(*added, PETMSG_PING_URL=watchdog.url)
    assert (ran.code, ran.err) == (0, "")
    start, end = watchdog.told
    assert start == ("/u-1/start", "")
    assert end[0] == "/u-1/0"
    assert end[1].startswith("petmsg client add: exit code 0 after ")
    assert "Anna" not in end[1]
    assert "+1202" not in end[1]


@pytest.mark.parametrize(("line", "code"), [("client show C-9", 3), ("client nonsense", 2)])
def test_a_failure_is_told_with_its_exit_code(
    cli: Cli, watchdog: Watchdog, line: str, code: int
) -> None:
    assert cli(*line.split(), PETMSG_PING_URL=watchdog.url).code == code
    assert [path for path, _ in watchdog.told] == ["/u-1/start", f"/u-1/{code}"]


@pytest.mark.parametrize("status", [404, 500])
def test_a_watchdog_that_refuses_changes_nothing_but_a_warning(
    cli: Cli, watchdog: Watchdog, status: int
) -> None:
    watchdog.answers[0] = status
    ran = cli("org", "list", PETMSG_PING_URL=watchdog.url)
    assert ran.code == 0
    assert ran.out.startswith("org\t")
    assert f"it answers {status}" in ran.err
    assert "u-1" not in ran.err


@pytest.mark.parametrize(
    ("url", "told"),
    [("http://127.0.0.1:1/u-1", "cannot be reached"), ("file:///etc/u-1", "not an http")],
)
def test_one_that_is_away_stops_no_command(cli: Cli, url: str, told: str) -> None:
    ran = cli("org", "list", PETMSG_PING_URL=url)
    assert ran.code == 0
    assert told in ran.err
    assert "u-1" not in ran.err


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/u-1", "file:///etc/u-1"])
@pytest.mark.parametrize("quiet", ["-q", "--quiet"])
def test_a_quiet_command_does_not_warn_of_it(cli: Cli, url: str, quiet: str) -> None:
    """Cron mails errors only."""
    ran = cli("org", "list", quiet, PETMSG_PING_URL=url)
    assert (ran.code, ran.err) == (0, "")


def test_a_client_may_be_named_as_a_service(cli: Cli, watchdog: Watchdog) -> None:
    cli("client", "show", "serve", PETMSG_PING_URL=watchdog.url)
    assert [path for path, _ in watchdog.told] == ["/u-1/start", "/u-1/3"]


def test_a_service_tells_nothing(watchdog: Watchdog) -> None:
    run_cli(None, "message", "dispatch", "--watch", "--nonsense", PETMSG_PING_URL=watchdog.url)
    run_cli(None, "serve", "--nonsense", PETMSG_PING_URL=watchdog.url)
    assert watchdog.told == []


@pytest.mark.parametrize("line", ["setup --name Paws --timezone UTC --yes", "demo"])
def test_a_command_made_of_commands_is_told_of_once(
    watchdog: Watchdog, tmp_path: Path, line: str
) -> None:
    url = f"sqlite:///{tmp_path}/petmsg.db"
    ran = run_cli(
        None, *line.split(), "--db", url, PETMSG_PING_URL=watchdog.url, HOME=str(tmp_path)
    )
    assert ran.code == 0, ran.err
    assert [path for path, _ in watchdog.told] == ["/u-1/start", "/u-1/0"]
