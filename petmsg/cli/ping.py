"""Tells a watchdog on the network that a command began, and how it ended (`PETMSG_PING_URL`).

In the manner of Healthchecks: `URL/start` when it begins, `URL/CODE` with its exit code when it
ends, where 0 is success. The request names the command and how long it took, and no argument. A
watchdog that is away changes nothing but a warning on stderr, which `--quiet` leaves out.
"""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit
from uuid import uuid4

from petmsg.errors import INTERRUPTED
from petmsg.settings import PING_URL

SECONDS = 10.0
"""How long one request may take."""
_QUIET = ("-q", "--quiet")


def pinging(arguments: Sequence[str], environ: Mapping[str, str], run: Callable[[], int]) -> int:
    """Run a command and tell the watchdog. A service that runs until it is stopped tells nothing:
    its health is watched by systemd or at `/healthz`."""
    url = environ[PING_URL].rstrip("/")
    command = _command(arguments)
    if command == "petmsg serve" or "--watch" in arguments:
        return run()
    warn = _say_nothing if any(word in _QUIET for word in arguments) else _warn
    if not _is_usable(url):
        warn(f"{PING_URL} is not an http or https address.")
        return run()
    begun, mark = time.monotonic(), uuid4()
    _ping(f"{url}/start?rid={mark}", "", warn)
    code = INTERRUPTED
    try:
        code = run()
    finally:
        took = time.monotonic() - begun
        _ping(
            f"{url}/{code}?rid={mark}",
            f"{command}: exit code {code} after {took:.1f} s\n",
            warn,
        )
    return code


def _command(arguments: Sequence[str]) -> str:
    """The words of the command without its arguments, which may be secrets or phones."""
    from petmsg.cli import command_line
    from petmsg.cli.group import LazyGroup

    named, group = ["petmsg"], command_line()
    for word in arguments:
        if not isinstance(group, LazyGroup) or word not in group.entries:
            break
        named.append(word)
        group = group.get_command(None, word)
    return " ".join(named)


def _is_usable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query
    except ValueError:
        return False


def _ping(url: str, body: str, warn: Callable[[str], None]) -> None:
    from http.client import HTTPException
    from urllib.request import Request, urlopen

    request = Request(url, data=body.encode(), method="POST")  # noqa: S310 because it is http
    try:
        with urlopen(request, timeout=SECONDS):  # noqa: S310 because it is http
            pass
    except (OSError, HTTPException, ValueError) as problem:
        status = getattr(problem, "code", None)
        why = f"it answers {status}" if status else "it cannot be reached"
        warn(f"The watchdog of {PING_URL} was not told: {why}.")


def _warn(text: str) -> None:
    sys.stderr.write(f"petmsg: Warning: {text}\n")


def _say_nothing(_: str) -> None:
    """The warning of a quiet command."""
