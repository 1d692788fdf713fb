"""Connections that say nothing keep nobody out."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from petmsg.web.connections import HEAD_SECONDS, MOST_CONNECTIONS, Limits
from tests.support.fixtures import Cli
from tests.support.texting import ANN, MAYA, people
from tests.support.webhooks import Server, inbound, serving


@dataclass(eq=False)
class Fake:
    """A connection as the limits see it."""

    address: str | None = "192.0.2.1"
    waits_for_client: bool = True
    dropped: bool = False

    def drop(self) -> None:
        self.dropped = True


@pytest.fixture
def server(migrated_sqlite: str, sqlite_cli: Cli) -> Iterator[Server]:
    people(sqlite_cli)
    with serving(migrated_sqlite) as running:
        yield running


def test_the_one_that_says_nothing_for_longest_makes_room() -> None:
    limits = Limits(most=3, most_from_one=9)
    first, busy, last = Fake(), Fake(waits_for_client=False), Fake()
    for each in (busy, first, last):
        assert limits.enter(each)
    assert limits.enter(Fake(waits_for_client=False))
    assert (busy.dropped, first.dropped, last.dropped) == (False, True, False)
    assert limits.enter(Fake(waits_for_client=False))
    assert not limits.enter(Fake()), "all are being answered"


def test_an_address_keeps_no_other_out() -> None:
    limits = Limits(most=9, most_from_one=2)
    theirs, other = [Fake(waits_for_client=False), Fake(waits_for_client=False)], Fake("192.0.2.2")
    for each in (*theirs, other):
        assert limits.enter(each)
    assert not limits.enter(Fake())
    limits.leave(theirs[0])
    assert limits.enter(Fake())
    assert limits.enter(Fake())
    assert not other.dropped
    for _ in range(5):
        assert limits.enter(Fake("127.0.0.1"))


def test_connections_that_say_nothing_close_the_server_for_nobody(server: Server) -> None:
    with ExitStack() as stack:
        idle = [
            stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))
            for _ in range(MOST_CONNECTIONS + 100)
        ]
        for each in idle[::2]:
            try:
                each.sendall(b"POST /twilio/inbound HTTP/1.1\r\nHost: x\r\n")
            except OSError:
                continue
        assert server.twilio("/twilio/inbound", inbound("SM1", ANN, MAYA)).status == 200
        assert server.ask("GET", "/healthz").status == 200


def test_a_head_has_ten_seconds(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        began = time.monotonic()
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        connection.sendall(b"G")
        while connection.recv(1000):
            pass
        assert time.monotonic() - began < HEAD_SECONDS + 5
