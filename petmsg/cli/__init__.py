"""The command line: parse, call one service, render. `GROUPS` is the map of it.

A group's module is loaded when one of its commands is run or its help is asked for.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from importlib import import_module
from keyword import iskeyword
from typing import Annotated, Any

import typer

from petmsg import __version__
from petmsg.cli.completion import COMPLETE
from petmsg.cli.group import Entry, lazy_group
from petmsg.cli.streams import outlets
from petmsg.workflows.environment import Environment

GROUPS = {
    "init": "Create the database and the first org; safe to repeat.",
    "demo": "Play the whole story on a database of its own, with the proof of each claim.",
    "status": "One screen for the morning: what runs today, what waits, what will be missing.",
    "doctor": "Check every invariant, the machine and the configuration; exit 10 on a problem.",
    "coverage": "Who will have no number: windows, sitters and bookings; exit 10 on a gap.",
    "booking": "Bookings: add, import, confirm, cancel, reschedule, reassign.",
    "sitter": "Sitters: add, activate with a dedicated number, deactivate, renumber.",
    "client": "Clients and their phones.",
    "number": "Masked numbers: add, quarantine, restore, history.",
    "thread": "The one conversation of each client.",
    "route": "Which number does a text leave from, and why?",
    "message": "Send texts, and look at them.",
    "inbox": "Texts that came in and wait for a person.",
    "reconcile": "What petmsg and the provider disagree about: texts in doubt, numbers.",
    "alert": "What needs a person: alerts, and the commands that help.",
    "optout": "Who wants no texts: per company and phone; one phone stops its client.",
    "audit": "Who did what, when and why: a chain of hashes.",
    "errors": "What a code means, and what petmsg does about it; needs no network.",
    "org": "Companies and their settings.",
    "export": "Write everything of a company as files that petmsg import petmsg takes back.",
    "import": "Take a company over: from an export, or from the system petmsg replaces.",
    "db": "The database: upgrade, check, back up.",
    "serve": "Take in what Twilio and Stripe tell of: texts, delivery reports, payments.",
    "config": "The settings, and where each came from.",
}


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"petmsg {__version__}")
        raise typer.Exit


def _show_completion(ctx: typer.Context, shell: str | None) -> None:
    if shell is not None and not ctx.resilient_parsing:
        from petmsg.cli.completion.shells import script

        sys.stdout.write(script(shell))
        raise typer.Exit


def _install_completion(ctx: typer.Context, shell: str | None) -> None:
    if shell is not None and not ctx.resilient_parsing:
        from petmsg.cli.completion.shells import install

        sys.stdout.write(install(shell, ctx.obj.environ))
        raise typer.Exit


def petmsg(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
    show_completion: Annotated[
        str | None,
        typer.Option(
            "--show-completion",
            metavar="SHELL",
            help="Print what completes petmsg in bash, zsh or fish.",
            callback=_show_completion,
            is_eager=True,
        ),
    ] = None,
    install_completion: Annotated[
        str | None,
        typer.Option(
            "--install-completion",
            metavar="SHELL",
            help="Write it where that shell looks for it.",
            callback=_install_completion,
            is_eager=True,
        ),
    ] = None,
) -> None:
    """Runs the masked text messaging of a pet-sitting company: one thread per client, one
    number per sitter, and every route explained."""


def command_line() -> Any:
    """The whole command line as the parser needs it; groups are loaded when they are used."""
    entries = {name: Entry(help_text, partial(_build, name)) for name, help_text in GROUPS.items()}
    return lazy_group(entries, help_text=petmsg.__doc__, callback=petmsg)


def _build(name: str) -> Any:
    return import_module(module_of(name)).app.build()


def module_of(group: str) -> str:
    """The module that declares a group; one that is named as a keyword of Python's has a `_`."""
    return f"petmsg.cli.commands.{group}{'_' if iskeyword(group) else ''}"


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
    environment = Environment(os.environ if environ is None else environ, now, wait_seconds)
    with outlets() as (out, _):
        if environment.environ.get(COMPLETE):
            from petmsg.cli.completion.shells import answer

            return answer(command_line(), arguments, environment.environ)
        try:
            code = command_line().main(
                args=list(arguments), prog_name="petmsg", standalone_mode=False, obj=environment
            )
            out.flush()
            out.require_written()
            return int(code or 0)
        except BaseException as problem:  # noqa: BLE001 because no traceback may reach a user
            from petmsg.cli.handle_error import tell

            return tell(out.explained(problem), arguments, environment.environ)
