"""The command line: parse, call one service, render. `GROUPS` is the map of it.

A group's module is loaded when one of its commands is run or its help is asked for.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from importlib import import_module
from typing import Annotated, Any

import typer

from petmsg import __version__
from petmsg.cli.ambient import Ambient
from petmsg.cli.group import Entry, lazy_group

GROUPS = {
    "init": "Create the database and the first org; safe to repeat.",
    "demo": "Play the whole story on a database of its own, with the proof of each claim.",
    "booking": "Bookings: add, import, confirm, cancel, reschedule, reassign.",
    "sitter": "Sitters: add, activate with a dedicated number, deactivate, renumber.",
    "client": "Clients and their phones.",
    "number": "Masked numbers: add, quarantine, restore, history.",
    "thread": "The one conversation of each client.",
    "route": "Which number does a text leave from, and why?",
    "message": "Send texts, and look at them.",
    "reconcile": "What petmsg and the provider disagree about: texts in doubt, numbers.",
    "alert": "What needs a person: alerts, and the commands that help.",
    "optout": "Who wants no texts: per company and phone; one phone stops its client.",
    "audit": "Who did what, when and why: a chain of hashes.",
    "errors": "What a code means, and what petmsg does about it; needs no network.",
    "org": "Companies and their settings.",
    "db": "The database: upgrade, check, back up.",
    "config": "The settings, and where each came from.",
}


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"petmsg {__version__}")
        raise typer.Exit


def petmsg(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Runs the masked text messaging of a pet-sitting company: one thread per client, one
    number per sitter, and every route explained."""


def command_line() -> Any:
    """The whole command line as the parser needs it; groups are loaded when they are used."""
    entries = {name: Entry(help_text, partial(_build, name)) for name, help_text in GROUPS.items()}
    return lazy_group(entries, help_text=None, callback=petmsg, add_completion=True)


def _build(name: str) -> Any:
    return import_module(f"petmsg.cli.{name}").app.build()


def run_command_line(
    arguments: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    now: datetime | None = None,
    wait_seconds: float | None = None,
) -> int:
    """Run one command; its exit code.

    `environ` and `now` (aware UTC) are the process's own unless given: a test or a tour can set
    the clock without touching the machine's. `wait_seconds` is how long it waits for a database
    that is locked; half a minute unless given.
    """
    ambient = Ambient(os.environ if environ is None else environ, now, wait_seconds)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = command_line().main(
            args=list(arguments), prog_name="petmsg", standalone_mode=False, obj=ambient
        )
        sys.stdout.flush()
        return int(code or 0)
    except BaseException as problem:  # noqa: BLE001 because no traceback may reach a user
        from petmsg.cli.failure import tell

        return tell(problem, arguments, ambient.environ)
