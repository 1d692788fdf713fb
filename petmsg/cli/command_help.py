"""The help of a command by its words, as `--help` prints it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from petmsg.cli import command_line
from petmsg.cli.group import LazyGroup
from petmsg.errors import UsageProblem, quoted
from petmsg.suggestions import closest_words, did_you_mean


class CommandHelp(NamedTuple):
    """A command's full name, and its help."""

    command: str
    help: str


def help_of(words: Sequence[str]) -> CommandHelp:
    """The help of the command or group of these words; of petmsg without any.

    Raises `UsageProblem` for a word that names none.
    """
    command: Any = command_line()
    context = command.make_context("petmsg", ["--help"], resilient_parsing=True)
    name = "petmsg"
    for word in words:
        below = command.get_command(context, word) if isinstance(command, LazyGroup) else None
        if below is None:
            raise _unknown(command, name, word)
        name = f"{name} {word}"
        context = below.context_class(below, info_name=word, parent=context)
        command = below
    return CommandHelp(name, command.get_help(context))


def _unknown(command: Any, name: str, word: str) -> UsageProblem:
    if not isinstance(command, LazyGroup):
        return UsageProblem(f"{name} has no commands.", hint=f"See: {name} --help")
    meant = did_you_mean(closest_words(word, command.list_commands(None)))
    return UsageProblem(
        f"{name} has no command {quoted(word)}.", hint=f"{meant} See: {name} --help".lstrip()
    )
