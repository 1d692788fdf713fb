"""Every command of petmsg, from the program itself, and what each prints."""

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from petmsg.cli import command_line
from petmsg.cli.group import LazyGroup
from petmsg.render.printed import Printed


class Parameter(NamedTuple):
    """An argument or option of a command. `name` is what is typed, or an argument's placeholder."""

    name: str
    kind: str
    required: bool
    repeatable: bool
    value: str | None
    help: str


class CommandRow(NamedTuple):
    """A command: its full name without `petmsg`, and whether it has `--dry-run` or asks."""

    command: str
    summary: str
    writes: bool
    asks: bool
    schema: str
    parameters: tuple[Parameter, ...]
    examples: tuple[str, ...]


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


def command_rows() -> list[CommandRow]:
    """Every command, as `petmsg commands` lists it."""
    from petmsg.render.json_schema import file_of

    return [
        CommandRow(
            command=(name := full.removeprefix("petmsg ")),
            summary=" ".join((command.help or "").partition("\n\n")[0].split()),
            writes=any("--dry-run" in each.opts for each in command.params),
            asks=any("--yes" in each.opts for each in command.params),
            schema=file_of(name),
            parameters=tuple(map(_parameter, command.params)),
            examples=tuple(command.examples),
        )
        for full, command in commands()
    ]


def _parameter(parameter: Any) -> Parameter:
    is_option = parameter.param_type_name == "option"
    takes_value = not getattr(parameter, "is_flag", False)
    return Parameter(
        name=max(parameter.opts, key=len) if is_option else parameter.metavar or parameter.name,
        kind=parameter.param_type_name,
        required=bool(parameter.required),
        repeatable=bool(getattr(parameter, "multiple", False)) or parameter.nargs == -1,
        value=(parameter.metavar or "VALUE") if is_option and takes_value else None,
        help=" ".join((getattr(parameter, "help", None) or "").split()),
    )
