"""The command line: parse, call one service, render. `GROUPS` is the map of it.

A group's module is loaded when one of its commands is run or its help is asked for.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from datetime import datetime
from functools import cache, partial
from importlib import import_module
from keyword import iskeyword
from typing import Annotated, Any

import typer

from petmsg import __version__
from petmsg.cli.completion import COMPLETE
from petmsg.cli.group import Entry, lazy_group
from petmsg.cli.streams import guarded_streams
from petmsg.errors import PetmsgError
from petmsg.settings import PING_URL, config_file
from petmsg.workflows.environment import Environment

GROUPS = {
    "init": "Create the database and the first org. Safe to repeat.",
    "setup": "Set up a company by answering questions. Safe to repeat.",
    "demo": "Play a demo on its own database and check each claim.",
    "today": "Show the day on one screen: visits, absences, gaps and waiting clients.",
    "status": "Show today's visits, queue, inbox and upcoming gaps.",
    "doctor": "Check data, environment and configuration; exit with 10 on a problem.",
    "coverage": "Find upcoming visits without a usable number or a free sitter.",
    "booking": "Add, import, confirm, cancel, reschedule and reassign bookings.",
    "sitter": "Add, import, activate, deactivate and renumber sitters; say who is away.",
    "client": "Add, import, change and erase clients and their phones.",
    "number": "Add, assign, quarantine, restore and inspect masked numbers.",
    "thread": "Show each client's one conversation thread.",
    "route": "Explain and simulate which number a message is sent from.",
    "message": "Send, receive, list and manage messages.",
    "call": "List, show and try out phone calls, missed calls and voicemails.",
    "report": "Count messages, their cost, and how soon clients are answered.",
    "media": "List, show, save and fetch pictures and voicemails.",
    "template": "Write, change and list templates of messages.",
    "inbox": "List, answer, claim and close received messages that need a person.",
    "reconcile": "Compare messages, calls and numbers with the provider.",
    "alert": "List, print and close alerts.",
    "notify": "Send alerts to e-mail, Slack, ntfy and other channels.",
    "optout": "Add, remove and list opt-outs, per company and phone.",
    "audit": "List, export and verify the audit log.",
    "errors": "Explain error codes and what petmsg does about them.",
    "org": "Add orgs (companies), change their settings, pause their sending.",
    "export": "Export all data of a company to files.",
    "import": "Restore an export, import from the previous system, or save maps of columns.",
    "db": "Upgrade, check, back up and restore the database.",
    "serve": "Receive webhooks from Twilio and Stripe.",
    "service": "Install, list and remove the systemd units that run petmsg.",
    "metrics": "Show figures for monitoring: queue, errors, alerts, numbers, waiting clients.",
    "config": "Show the settings and their sources.",
    "schema": "Print the JSON Schema of what a command prints with -o json.",
    "commands": "List all commands.",
    "help": "Print the help of petmsg, a group or a command.",
    "version": "Print the versions of petmsg, Python and SQLite, and the extras.",
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
            help="Print the completion script for bash, zsh or fish.",
            callback=_show_completion,
            is_eager=True,
        ),
    ] = None,
    install_completion: Annotated[
        str | None,
        typer.Option(
            "--install-completion",
            metavar="SHELL",
            help="Install the completion script for that shell.",
            callback=_install_completion,
            is_eager=True,
        ),
    ] = None,
) -> None:
    """Run a pet-sitting company's masked SMS conversations: one thread per client, one number per
    sitter, and every routing decision explained.
    """


@cache
def command_line() -> Any:
    """The whole command line as the parser needs it; groups are loaded when they are used.

    A process that runs many commands, such as the demo, builds each once.
    """
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
    given = os.environ if environ is None else environ
    if given.get(PING_URL) and not given.get(COMPLETE):
        from petmsg.cli.ping import pinging

        return pinging(arguments, given, lambda: _run(arguments, given, now, wait_seconds))
    return _run(arguments, given, now, wait_seconds)


def _run(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    now: datetime | None,
    wait_seconds: float | None,
) -> int:
    environment = Environment(environ, now, wait_seconds)
    with guarded_streams() as (out, _):
        if environment.environ.get(COMPLETE):
            from petmsg.cli.completion.shells import answer

            with suppress(PetmsgError):  # a word is completed with a broken file, too
                environment = _configured(environment)
            return answer(command_line(), arguments, environment.environ)
        try:
            with suppress(PetmsgError) if _asks_for_help(arguments) else nullcontext():
                environment = _configured(environment)
            code = command_line().main(
                args=list(arguments), prog_name="petmsg", standalone_mode=False, obj=environment
            )
            out.flush()
            out.require_written()
            return int(code or 0)
        except BaseException as problem:  # noqa: BLE001 because no traceback may reach a user
            from petmsg.cli.handle_error import handle_error

            return handle_error(out.explained(problem), arguments, environment.environ)


def _asks_for_help(arguments: Sequence[str]) -> bool:
    """Whether the line only prints help or the version: it is answered with a broken file of
    settings, too, whose error may name it."""
    *before, last = arguments or ("--help",)
    if before:
        return before[0] == "help" or (
            last in ("-h", "--help") and not any(word.startswith("-") for word in before)
        )
    return last in ("help", "-h", "--help", "--version")


def _configured(environment: Environment) -> Environment:
    """The environment with the file of settings, if there is one."""
    path = config_file(environment.environ)
    if path is None:
        return environment
    from petmsg.config_file import with_config_file

    return environment._replace(environ=with_config_file(environment.environ, path))
