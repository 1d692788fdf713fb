"""A message on its way to a channel, in a process of its own (`petmsg.notify.sender`)."""

import json
import subprocess
import sys
from importlib.util import find_spec
from typing import NamedTuple

from petmsg.enums.alerts import AlertSeverity
from petmsg.errors import ExtraMissing
from petmsg.notify.outcome import Outcome, Trouble

SECONDS = 30.0
"""The longest time that a channel may take for one message. Then its process is ended."""

_COMMAND = [sys.executable, "-P", "-m", "petmsg.notify.sender"]
_TYPES = {
    AlertSeverity.INFO: "info",
    AlertSeverity.WARNING: "warning",
    AlertSeverity.CRITICAL: "failure",
}


class Note(NamedTuple):
    """A message to a channel."""

    title: str
    body: str
    severity: AlertSeverity


class Sending:
    """The process that sends a note to a URL; without a note it only checks the URL.

    Raises `ExtraMissing` if apprise is not installed.
    """

    def __init__(self, url: str, note: Note | None = None) -> None:
        need_apprise()
        asked = {"url": url}
        if note is not None:
            asked |= {"title": note.title, "body": note.body, "type": _TYPES[note.severity]}
        self._asked = json.dumps(asked).encode()
        self._is_stopped = False
        # In a session of its own: Ctrl-C in a terminal is for petmsg alone.
        self._process = subprocess.Popen(  # noqa: S603 because the command is ours
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def outcome(self, seconds: float = SECONDS) -> Outcome:
        """Wait for the end, at most so long. Any thread may call it, once."""
        try:
            answer, _ = self._process.communicate(self._asked, timeout=seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            return Outcome(Trouble.STOPPED if self._is_stopped else Trouble.NO_ANSWER)
        return Outcome(Trouble.STOPPED) if self._is_stopped else _read(answer)

    def stop(self) -> None:
        """End the process at once. Any thread may call it."""
        self._is_stopped = True
        self._process.kill()


def need_apprise() -> None:
    """Raise `ExtraMissing` if apprise is not installed. It is not loaded here."""
    if find_spec("apprise") is None:
        raise ExtraMissing("Notifications need apprise.", "notify")


def _read(answer: bytes) -> Outcome:
    """What the process said. Only words that are known are taken from it."""
    try:
        said = json.loads(answer)
        trouble, status = said["trouble"], said["status"]
        return Outcome(
            None if trouble is None else Trouble(trouble), None if status is None else int(status)
        )
    except (ValueError, KeyError, TypeError):
        return Outcome(Trouble.FAILED)
