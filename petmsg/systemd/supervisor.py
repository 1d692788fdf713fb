"""Tells systemd that a service is ready, still works, or stops.

A service of `Type=notify` gets the address of a socket in NOTIFY_SOCKET, and with `WatchdogSec=`
the longest silence, in microseconds, in WATCHDOG_USEC (source: sd_notify(3) and
sd_watchdog_enabled(3)). Without that socket nothing is told.
"""

import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping

_SEND_SECONDS = 1.0
_SIGNS_IN_A_LIMIT = 4
"""So many signs of life go into the longest silence that systemd allows; two would do."""


class Supervisor:
    """The one who started this process, if it is systemd. `alive` may be called at any rate.

    `uptime` is a monotonic clock in seconds.
    """

    def __init__(
        self, environ: Mapping[str, str], *, uptime: Callable[[], float] = time.monotonic
    ) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._every = _longest_silence(environ) / _SIGNS_IN_A_LIMIT
        self._uptime = uptime
        self._next_at = uptime()

    def ready(self) -> None:
        """The service has started: units that wait for it may start."""
        self._tell("READY=1")

    def alive(self) -> None:
        """The service still works. Told as often as the watchdog needs it."""
        if self._every and self._uptime() >= self._next_at:
            self._next_at = self._uptime() + self._every
            self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """The service finishes what it has begun, and ends."""
        self._tell("STOPPING=1")

    def _tell(self, state: str) -> None:
        if self._address is None:
            return
        # A socket that is gone must not end the service: its supervisor then acts on the silence.
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as told,
        ):
            told.settimeout(_SEND_SECONDS)
            told.sendto(state.encode(), self._address)


def _address(named: str) -> str | None:
    """The socket's address: a path, or a name in the abstract namespace, which begins with @."""
    if named.startswith("/"):
        return named
    return f"\0{named[1:]}" if named.startswith("@") else None


def _longest_silence(environ: Mapping[str, str]) -> float:
    """The watchdog's limit for this process, in seconds; 0 if there is none."""
    limit, process = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not limit.isdecimal() or process not in ("", str(os.getpid())):
        return 0.0
    return int(limit) / 1e6
