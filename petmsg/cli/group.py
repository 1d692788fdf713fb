"""Groups whose commands are built when they are needed.

Typer builds every command of a group before it runs one; with twelve commands that is a third of
the time of `petmsg number --help`. These groups hold names, helps and loaders instead.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from petmsg.render.printed import Printed

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"]}


class Entry(NamedTuple):
    """A command or group inside a group: its full help, and how to build it."""

    help: str
    load: Callable[[], Any]

    @property
    def short_help(self) -> str:
        """The first paragraph, as a list of commands shows it."""
        return " ".join(self.help.partition("\n\n")[0].split())


class Command(TyperCommand):
    """A command whose help ends with examples. `prints` is what it prints: alone (`""`) and with
    each option that changes it."""

    examples: Sequence[str] = ()
    prints: Mapping[str, "Printed"] = MappingProxyType({})

    def format_epilog(self, _ctx: Any, formatter: Any) -> None:
        """Write the examples without wrapping, so that they can be copied."""
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{example}\n")


class LazyGroup(TyperGroup):
    """A group whose commands are its `entries`, each built at most once."""

    entries: Mapping[str, Entry]
    built: dict[str, Any]
    usual: str | None = None
    """The command that is meant where the first word names none."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """`petmsg` alone prints its help; a group without a command is an error."""
        if not args and ctx.parent is None and not ctx.resilient_parsing:
            typer.echo(ctx.get_help(), color=ctx.color)
            ctx.exit()
        if self.usual is not None and args and not self._names_a_command(args[0]):
            args = [self.usual, *args]
        return super().parse_args(ctx, args)

    def _names_a_command(self, word: str) -> bool:
        return word in self.entries or word in CONTEXT_SETTINGS["help_option_names"]

    def list_commands(self, _ctx: Any) -> list[str]:
        return list(self.entries)

    def get_command(self, _ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.entries:
            return None
        if cmd_name not in self.built:
            command = self.entries[cmd_name].load()
            command.name = cmd_name
            self.built[cmd_name] = command
        return self.built[cmd_name]

    def format_commands(self, _ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.short_help) for name, entry in self.entries.items()])


def lazy_group(
    entries: Mapping[str, Entry],
    *,
    help_text: str | None,
    callback: Callable[..., None],
    usual: str | None = None,
) -> Any:
    """A group of commands with that help; `callback` runs before each command. `usual` is the
    command that is meant where the first word names none."""
    shell = typer.Typer(
        cls=type("Group", (LazyGroup,), {"entries": entries, "built": {}, "usual": usual}),
        help=help_text,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        no_args_is_help=True,
        context_settings=CONTEXT_SETTINGS,
    )
    shell.callback()(callback)
    return typer.main.get_command(shell)


def single(
    function: Callable[..., None],
    name: str,
    *,
    examples: Sequence[str],
    prints: Mapping[str, "Printed"],
) -> Any:
    """One command, built by Typer from the function's signature."""
    shell = typer.Typer(
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings=CONTEXT_SETTINGS,
    )
    shell.command(name, cls=Command)(function)
    command: Any = typer.main.get_command(shell)
    command.examples = examples
    command.prints = prints
    return command


def nothing() -> None:
    """The callback of a group without one."""
