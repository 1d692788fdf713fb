"""The command line: parse, call one service, render. `GROUPS` is the map of it.

A group's module is loaded when one of its commands is run or its help is asked for.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from petmsg import __version__
from petmsg.cli.ambient import Ambient
from petmsg.cli.failure import tell

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
    "audit": "Who did what, when and why: a chain of hashes.",
    "org": "Companies and their settings.",
    "db": "The database: upgrade, check, back up.",
    "config": "The settings, and where each came from.",
}


class LazyGroup(TyperGroup):
    """A group whose commands are modules of this package, loaded when they are needed."""

    def list_commands(self, _ctx: Any) -> list[str]:
        return list(GROUPS)

    def get_command(self, _ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in GROUPS:
            return None
        app = import_module(f"petmsg.cli.{cmd_name}").app
        command = typer.main.get_command(app)
        command.name = cmd_name
        return command

    def format_commands(self, _ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(GROUPS.items()))


app = typer.Typer(
    cls=LazyGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"petmsg {__version__}")
        raise typer.Exit


@app.callback()
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


def run_command_line(
    arguments: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> int:
    """Run one command; its exit code.

    `environ` and `now` (aware UTC) are the process's own unless given: a test or a tour can set
    the clock without touching the machine's.
    """
    ambient = Ambient(os.environ if environ is None else environ, now)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        command = typer.main.get_command(app)
        code = command.main(
            args=list(arguments), prog_name="petmsg", standalone_mode=False, obj=ambient
        )
        sys.stdout.flush()
        return int(code or 0)
    except BaseException as problem:  # noqa: BLE001 because no traceback may reach a user
        return tell(problem, arguments, ambient.environ)
