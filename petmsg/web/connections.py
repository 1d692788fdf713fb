"""Limits on the number of connections and on the time a connection may wait for a request.

A client that opens connections and sends nothing must not lock others out. Each connection has
`HEAD_SECONDS` for the request line and headers. If there are too many, the one that has waited
longest is closed for the new one; connections whose request is being answered are not closed. The
limit per address does not apply to this machine, because a local proxy opens all connections from
one address.
"""

import asyncio
from ipaddress import ip_address
from typing import Any, Protocol

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 400
"""Below the usual limit of 1,024 open files."""
MOST_FROM_ONE_ADDRESS = 50
HEAD_SECONDS = 10.0


class Connection(Protocol):
    """A connection: its address, and whether it waits for the client."""

    @property
    def address(self) -> str | None:
        """The client's address."""

    @property
    def waits_for_client(self) -> bool:
        """Whether the server waits for a request line, headers or a body."""

    def drop(self) -> None:
        """Close the connection immediately."""


class Limits:
    """The open connections, oldest first."""

    def __init__(
        self, most: int = MOST_CONNECTIONS, most_from_one: int = MOST_FROM_ONE_ADDRESS
    ) -> None:
        self._most = most
        self._most_from_one = most_from_one
        self._open: dict[Connection, None] = {}

    def enter(self, connection: Connection) -> bool:
        """Add a connection, closing another one if needed; returns whether there was room."""
        address = connection.address
        if not _is_this_machine(address):
            theirs = [each for each in self._open if each.address == address]
            if len(theirs) >= self._most_from_one and not self._drop_one(theirs):
                return False
        if len(self._open) >= self._most and not self._drop_one(list(self._open)):
            return False
        self._open[connection] = None
        return True

    def leave(self, connection: Connection) -> None:
        """Remove a closed connection."""
        self._open.pop(connection, None)

    def _drop_one(self, connections: list[Connection]) -> bool:
        for each in connections:
            if each.waits_for_client:
                self.leave(each)
                each.drop()
                return True
        return False


class LimitedProtocol(H11Protocol):
    """uvicorn's protocol, kept within `limits`."""

    limits: Limits
    _deadline: asyncio.TimerHandle | None = None

    @property
    def address(self) -> str | None:
        return self.client[0] if self.client else None

    @property
    def waits_for_client(self) -> bool:
        return self._has_no_request or self.cycle.more_body

    @property
    def _has_no_request(self) -> bool:
        cycle: Any = self.cycle  # None until the first request
        return cycle is None or bool(cycle.response_complete)

    def drop(self) -> None:
        self.transport.abort()

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait_for_head()
        if not self.limits.enter(self):
            self.drop()

    def connection_lost(self, exc: Exception | None) -> None:
        self.limits.leave(self)
        self._end_deadline()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._wait_for_head()
        super().on_response_complete()

    def _wait_for_head(self) -> None:
        self._end_deadline()
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()

    def _head_is_late(self) -> None:
        # A request that is being read or answered has its own limits; the time for the next
        # request starts at the end of its answer.
        if self._has_no_request:
            self.drop()


def limited(limits: Limits) -> type[H11Protocol]:
    """The protocol of the connections that share these limits."""
    return type("LimitedByThese", (LimitedProtocol,), {"limits": limits})


def _is_this_machine(address: str | None) -> bool:
    try:
        return address is None or ip_address(address).is_loopback
    except ValueError:
        return False
