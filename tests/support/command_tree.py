"""Every command of petmsg, from the program itself, and what each prints."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from petmsg.cli import command_line
from petmsg.cli.group import LazyGroup
from petmsg.render.printed import Printed


def commands() -> Iterator[tuple[str, Any]]:
    """Every command by its full name, with the parser's object for it."""

    def below(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
        for name in group.list_commands(None):
            command = group.get_command(None, name)
            if isinstance(command, LazyGroup):
                yield from below(command, f"{prefix} {name}")
            else:
                yield f"{prefix} {name}", command

    yield from below(command_line(), "petmsg")


@cache
def printed() -> dict[str, Printed]:
    """What each command prints, as it declares it; one whose option prints something else stands
    here once more with that option."""
    return {
        f"{name.removeprefix('petmsg ')} {option}".rstrip(): each
        for name, command in commands()
        for option, each in command.prints.items()
    }
