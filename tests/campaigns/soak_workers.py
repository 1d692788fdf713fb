"""The processes of a soak: forked from a warm parent, under a clock that the campaign sets.

`python -m tests.campaigns.soak_workers` loads petmsg once. It starts long-lived commands by name,
kills them, and runs the lines of cron. Every process reads the same clock, a file that is mapped
into their memory: the machine's, and so many seconds ahead. Waits in real time are scaled down as
in tests.campaigns.workers. A note to a channel leaves by a small program of its own instead of
apprise, which takes a second to load. A control takes away one thing, or leaks, in these processes
only.
"""

import gc
import itertools
import json
import mmap
import os
import pkgutil
import signal
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import petmsg
from tests.campaigns.warm_parent import (
    Line,
    WarmParent,
    ended,
    forked,
    obey,
    reaped,
    run_all,
    speak_into,
    warmed,
)
from tests.campaigns.workers import TIMEOUT, scale_down
from tests.support.fixtures import ACTOR, run_cli
from tests.support.sabotages import swap

PRELOAD = ("PIL.JpegImagePlugin", "uvicorn.protocols.http.h11_impl", "uvicorn.lifespan.on")
"""What the processes need beside petmsg, and load when they do."""
NOT_LOADED = ("petmsg.__main__", "petmsg.notify.sender")
PATIENCE = 3.0
"""How many times longer a request's waits are than in the campaigns of kills: few outcomes are
unknown because the machine is busy."""
LOOK_SECONDS = 0.3
"""How often the threads beside the messages look; three times as seldom for the desks' phones."""
ERASE_SECONDS = 5.0
STOP_SECONDS = 120.0
NOTE_PROGRAM = Path(__file__).with_name("soak_note.py")


class SharedClock:
    """The machine's clock, ahead by as many seconds as the file says. Aware UTC."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(struct.pack("<d", 0.0))
        with path.open("r+b") as file:
            self._ahead = mmap.mmap(file.fileno(), 8)

    def now(self) -> datetime:
        """The time of the soak."""
        return datetime.now(UTC) + timedelta(seconds=struct.unpack("<d", self._ahead)[0])

    def set(self, at: datetime) -> None:
        """Let it be that time now; the clock runs on."""
        self._ahead[:] = struct.pack("<d", (at - datetime.now(UTC)).total_seconds())


class Staff(WarmParent):
    """The warm parent. `log` takes what its processes say on stderr."""

    def __init__(
        self,
        url: str,
        environ: Mapping[str, str],
        log: Path,
        clock: Path,
        *,
        control: str | None = None,
    ) -> None:
        settings = {
            "url": url,
            "environ": dict(environ),
            "log": str(log),
            "clock": str(clock),
            "control": control,
        }
        super().__init__("tests.campaigns.soak_workers", settings, end_within=60)

    def start(self, line: Line) -> int:
        """Start a command that lives long; its process."""
        return int(self._ask("start", line=list(line)))

    def kill(self, pid: int) -> int:
        """Kill it (SIGKILL); its exit code, which is another if it had ended before."""
        return int(self._ask("kill", pid=pid))

    def stop(self, pid: int) -> int:
        """Ask it to end (SIGTERM); its exit code."""
        return int(self._ask("stop", pid=pid))

    def run(self, lines: Sequence[Line]) -> list[int]:
        """The exit codes of commands, in their order; a few run at once."""
        return list(self._ask("run", lines=[list(line) for line in lines]))

    def _ask(self, what: str, **how: object) -> Any:
        self.order(what, **how)
        return self.answer()


# ------------------------------------------------------------------------------ inside the parent


def main() -> None:
    """Obey one order a line."""
    settings = json.loads(sys.argv[1])
    _load()
    gc.freeze()  # else each process copies the whole memory the first time it collects garbage
    living: set[int] = set()

    def follow(order: dict[str, Any]) -> object:
        match order["what"]:
            case "start":
                pid = _fork(settings, order["line"])
                living.add(pid)
                return pid
            case "kill":
                living.discard(order["pid"])
                os.kill(order["pid"], signal.SIGKILL)  # not reaped yet: the number is still its own
                return reaped(order["pid"])
            case "stop":
                living.discard(order["pid"])
                return _stopped(order["pid"])
            case _:
                return run_all(order["lines"], partial(_fork, settings))

    obey(follow)
    for pid in living:  # of a campaign that was broken off
        _stopped(pid)


def _load() -> None:
    """Everything that a command may need, so that none has to load it; and one of them is tried."""
    found = (each.name for each in pkgutil.walk_packages(petmsg.__path__, "petmsg."))
    with warmed() as url:
        for module in (*(each for each in found if each not in NOT_LOADED), *PRELOAD):
            with suppress(ModuleNotFoundError):  # of an extra
                import_module(module)
        run_cli(url, "message", "send", "Anna", "--body", "Hello")
        run_cli(url, "doctor")


def _stopped(pid: int) -> int:
    os.kill(pid, signal.SIGTERM)
    return ended(pid, STOP_SECONDS)


def _fork(settings: dict[str, Any], line: Line) -> int:
    return forked(partial(_live, settings, line))


def _live(settings: dict[str, Any], line: Line) -> int:
    from petmsg import clock
    from petmsg.cli import run_command_line

    speak_into(settings["log"])
    swap(clock, now=SharedClock(Path(settings["clock"])).now)
    hurry()
    if settings["control"] is not None:
        CONTROLS[settings["control"]]()
    environ = {
        "PETMSG_ACTOR": ACTOR,
        "HOME": "/nonexistent",
        "PETMSG_DATABASE_URL": settings["url"],
        **settings["environ"],
        "PETMSG_TWILIO_TIMEOUT_SECONDS": str(TIMEOUT * PATIENCE),
    }
    return run_command_line(line, environ=environ)


def hurry() -> None:
    """Waits of seconds become tenths of seconds."""
    from petmsg.cli.context import Context
    from petmsg.cli.flows import dispatch
    from petmsg.notify import sending
    from petmsg.web import group_commit
    from petmsg.workflows import desk_lines_thread, media_thread, notify_thread
    from petmsg.workflows.environment import Environment

    scale_down(PATIENCE)
    timings = replace(
        dispatch._timings(Context(Environment({}, None))), poll=0.2, reconcile_every=1.0
    )
    swap(dispatch, _timings=lambda _context: timings)
    swap(notify_thread, LOOK_SECONDS=LOOK_SECONDS)
    swap(group_commit, IDLE_SECONDS=LOOK_SECONDS)
    swap(media_thread, LOOK_SECONDS=LOOK_SECONDS, ERASE_SECONDS=ERASE_SECONDS)
    swap(desk_lines_thread, LOOK_SECONDS=3 * LOOK_SECONDS)
    swap(sending, _COMMAND=[sys.executable, "-I", "-S", str(NOTE_PROGRAM)])


# --------------------------------------------------------------------------------------- controls

LEAK = 300_000
"""Bytes a message."""
ONE_IN = 5
"""One in so many is lost, repeated or not raised."""


def _leaks() -> None:
    """Each process opens a file more every day, and whatever was sent stays in its memory."""
    from petmsg import clock
    from petmsg.providers.twilio import TwilioProvider

    now, days = clock.now, set[int]()

    def leaking() -> datetime:
        found = now()
        if found.toordinal() not in days:
            days.add(found.toordinal())
            os.open(os.devnull, os.O_RDONLY)
        return found

    send, kept = TwilioProvider.send, list[bytes]()

    def keeping(provider: Any, text: Any) -> Any:
        kept.append(os.urandom(LEAK))
        return send(provider, text)

    swap(clock, now=leaking)
    swap(TwilioProvider, send=keeping)


def _sent_twice() -> None:
    """Every now and then a message is handed over once more."""
    from petmsg.providers.twilio import TwilioProvider

    send, turns = TwilioProvider.send, itertools.count(1)

    def again(provider: Any, text: Any) -> Any:
        if not next(turns) % ONE_IN:
            send(provider, text)
        return send(provider, text)

    swap(TwilioProvider, send=again)


def _alert_not_sent() -> None:
    """Every other note counts as told, though it was not."""
    from petmsg.notify.outcome import Outcome
    from petmsg.notify.sending import Sending

    outcome, turns = Sending.outcome, itertools.count(1)

    def careless(sending: Any, seconds: float = 30.0) -> Outcome:
        if next(turns) % 2:  # a process tells few
            return outcome(sending, seconds)
        sending._process.kill()
        sending._process.communicate()
        return Outcome()

    swap(Sending, outcome=careless)


def _alert_not_raised() -> None:
    """Of some clients nobody is told that they wait."""
    from petmsg.services.inbound import waiting

    raise_ = waiting._raise

    def careless(uow: Any, each: Any) -> None:
        if not each.ref[-1:].isdecimal() or int(each.ref[-1]) % ONE_IN:
            raise_(uow, each)

    swap(waiting, _raise=careless)


def _webhook_lost() -> None:
    """Every now and then a message is answered 200 and not stored."""
    from petmsg.workflows.store_webhooks import WebhookStore
    from petmsg.workflows.webhook_outcome import Outcome, SignedMessage

    store, turns = WebhookStore.__call__, itertools.count(1)

    def careless(self: Any, items: Sequence[object]) -> list[Outcome]:
        lost = [isinstance(each, SignedMessage) and not next(turns) % ONE_IN for each in items]
        kept = [each for each, is_lost in zip(items, lost, strict=True) if not is_lost]
        outcomes = iter(store(self, kept) if kept else [])
        return [Outcome(200, "stored") if is_lost else next(outcomes) for is_lost in lost]

    swap(WebhookStore, __call__=careless)


CONTROLS: dict[str, Callable[[], None]] = {
    "leaks": _leaks,
    "sent-twice": _sent_twice,
    "alert-not-sent": _alert_not_sent,
    "alert-not-raised": _alert_not_raised,
    "webhook-lost": _webhook_lost,
}


if __name__ == "__main__":
    main()
