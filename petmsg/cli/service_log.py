"""The log of a service on stderr: as text, or as JSON lines for a collector of logs.

Only `serve`, `message dispatch` and `notify run` have one. A line of JSON holds no personal phone:
what looks like one is masked. It never holds a body or a token, because no note does.
"""

import re
import secrets
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

import typer

from petmsg import settings
from petmsg.clock import iso_utc
from petmsg.enums.logs import LogFormat, LogLevel
from petmsg.errors import OutOfRange, PetmsgError, quoted
from petmsg.phone import mask_phone
from petmsg.render.escape import escape, json_text

_Choice = TypeVar("_Choice", LogFormat, LogLevel)
OPTIONS = (
    (
        "log_format",
        Annotated[
            LogFormat | None,
            typer.Option("--log-format", help="Notes on stderr [env PETMSG_LOG_FORMAT]"),
        ],
        None,
    ),
    (
        "log_level",
        Annotated[
            LogLevel | None,
            typer.Option("--log-level", help="The least severe notes [env PETMSG_LOG_LEVEL]"),
        ],
        None,
    ),
)
_RANKS = {level: rank for rank, level in enumerate(LogLevel)}
_PHONE = re.compile(r"\+[0-9]{7,15}(?![0-9])|(?<![0-9A-Za-z])[0-9]{10,15}(?![0-9A-Za-z])")


class ServiceLog:
    """Writes notes and events of at least a level. `run` is an id of this process in each line."""

    def __init__(
        self, service: str, *, form: LogFormat, level: LogLevel, clock: Callable[[], datetime]
    ) -> None:
        self.is_json = form is LogFormat.JSON
        self._service = service
        self._least = _RANKS[level]
        self._clock = clock
        self._run = secrets.token_hex(4)
        self._lock = threading.Lock()

    def note(self, text: str, level: str) -> None:
        """A sentence for a person."""
        if self.is_json:
            self.event("note", LogLevel(level), message=without_phones(text))
        elif _RANKS[LogLevel(level)] >= self._least:
            self._write(escape(text))

    def failed(
        self, problem: PetmsgError, environ: Mapping[str, str], *, org: str | None = None
    ) -> None:
        """The error that ends the command, or its work for one of several companies."""
        from petmsg.cli.handle_error import secrets_in, without

        hidden = secrets_in([*sys.argv, *environ.values()])
        words = {"message": problem.message, "hint": problem.hint}
        told = {name: without_phones(without(hidden, text)) for name, text in words.items()}
        of = {} if org is None else {"org": org}
        self.event("error", LogLevel.ERROR, code=problem.code, **of, **told)

    def event(self, event: str, level: LogLevel, **fields: Any) -> None:
        """Something that happened, as one line of JSON."""
        if _RANKS[level] < self._least:
            return
        self._write(
            json_text(
                {
                    "at": iso_utc(self._clock()),
                    "level": level.value,
                    "service": self._service,
                    "run": self._run,
                    "event": event,
                    **fields,
                }
            )
        )

    def _write(self, line: str) -> None:
        with self._lock:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()


def without_phones(text: str) -> str:
    """The text with whatever looks like a phone masked."""
    return _PHONE.sub(lambda found: mask_phone(found[0]), text)


def open_log(
    service: str,
    *,
    form: LogFormat | None,
    level: LogLevel | None,
    environ: Mapping[str, str],
    clock: Callable[[], datetime],
) -> ServiceLog:
    """The log that the options or the environment ask for. Raises `OutOfRange`."""
    return ServiceLog(
        service,
        form=form or _of(LogFormat, settings.LOG_FORMAT, environ),
        level=level or _of(LogLevel, settings.LOG_LEVEL, environ),
        clock=clock,
    )


def _of(kind: type[_Choice], variable: str, environ: Mapping[str, str]) -> _Choice:
    value = environ.get(variable)
    try:
        return kind(value) if value else kind.usual()
    except ValueError:
        raise OutOfRange(
            f"{variable} is {quoted(value or '')}.",
            hint=f"One of {', '.join(kind)}. It is from: {settings.source_of(variable, environ)}.",
        ) from None
