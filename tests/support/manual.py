"""The man pages, made from the same commands as docs/reference.md: one for petmsg, one a group.

Plain `man` macros, which groff and mandoc both know. What a page says comes from the command line
itself: helps, options, examples, the exit codes' table.
"""

import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from typer.core import TyperArgument

from petmsg import __version__
from petmsg.cli import command_line
from petmsg.cli.group import Entry, LazyGroup
from tests.support.fixtures import NOW

COMMON = ("output", "org", "db", "dry_run", "actor", "reveal", "help")
"""Parameters that mean the same wherever they are."""
_WIDEST = 72
_ROFF = str.maketrans(
    {"\\": "\\e", "-": "\\-", "|": "|\\:", "…": "...", "–": "\\(en", "’": "\\(cq", "×": "\\(mu"}
)


def pages(exit_codes: dict[int, str]) -> dict[str, str]:
    """Every page by its file's name."""
    root = command_line()
    made = {"petmsg.1": _root_page(root, exit_codes)}
    for name, entry in root.entries.items():
        made[f"petmsg-{name}.1"] = _group_page(name, entry)
    return made


def _root_page(root: Any, exit_codes: dict[int, str]) -> str:
    context = root.make_context("petmsg", [], resilient_parsing=True)
    every = [command for _, command in _commands("petmsg", root)]
    return _page(
        "petmsg",
        "masked text messaging of a pet-sitting company",
        _synopsis(["petmsg [OPTIONS] COMMAND [ARGS]..."]),
        _section("DESCRIPTION", _paragraphs(root.help)),
        _section("OPTIONS", _parameters(root.params, context)),
        _section(
            "COMMANDS",
            _terms((f"petmsg {name}", entry.short_help) for name, entry in root.entries.items()),
        ),
        _section("OPTIONS OF EVERY COMMAND", _common(every)),
        _section("ENVIRONMENT", _environment(every)),
        _section("EXIT STATUS", _terms((str(code), what) for code, what in exit_codes.items())),
        _section("SEE ALSO", _references(f"petmsg-{name}" for name in root.entries)),
    )


def _group_page(name: str, entry: Entry) -> str:
    commands = list(_commands(f"petmsg {name}", entry.load()))
    return _page(
        f"petmsg-{name}",
        entry.short_help.rstrip(".?"),
        _synopsis(_usage(path, command) for path, command in commands),
        _section("DESCRIPTION", "\n".join(_command(path, command) for path, command in commands)),
        _section("OPTIONS OF EVERY COMMAND", _common(command for _, command in commands)),
        _section("SEE ALSO", _references(["petmsg"])),
    )


def _commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    if not isinstance(command, LazyGroup):
        yield path, command
        return
    for name in command.list_commands(None):
        yield from _commands(f"{path} {name}", command.get_command(None, name))


def _command(path: str, command: Any) -> str:
    context = command.make_context(path, [], resilient_parsing=True)
    own = [each for each in command.params if each.name not in COMMON]
    parts = [f".SS {text(path)}", _paragraphs(command.help)]
    if own:
        parts.append(_parameters(own, context))
    examples = "\n".join(text(example) for example in command.examples)
    parts.append(f".PP\nFor example:\n.PP\n.RS 4\n.nf\n{examples}\n.fi\n.RE")
    return "\n".join(parts)


def _parameters(parameters: Iterable[Any], context: Any) -> str:
    """Arguments, then options, in the words of the help."""
    ordered = sorted(parameters, key=lambda each: not isinstance(each, TyperArgument))
    return _terms(filter(None, (each.get_help_record(context) for each in ordered)))


def _common(commands: Iterable[Any]) -> str:
    """The options that several of the commands share, each once."""
    shared = _shared(commands)
    context = command_line().make_context("petmsg", [], resilient_parsing=True)
    return _parameters([shared[name] for name in COMMON if name in shared], context)


def _shared(commands: Iterable[Any]) -> dict[str, Any]:
    return {each.name: each for command in commands for each in command.params}


def _environment(commands: Iterable[Any]) -> str:
    """The variables that the shared options name in their helps."""
    options = [each for name, each in _shared(commands).items() if name in COMMON]
    return _terms(
        (variable, f"What {max(option.opts, key=len)} is when it is not given.")
        for option in options
        for variable in re.findall(r"env (PETMSG_\w+)", option.help or "")
    )


def _usage(path: str, command: Any) -> str:
    context = command.make_context(path, [], resilient_parsing=True)
    return " ".join([path, *command.collect_usage_pieces(context)])


# --------------------------------------------------------------------------------------------- roff


def _page(name: str, about: str, *sections: str) -> str:
    """A whole page. Its date is that of the transcripts: a page is the same whoever makes it."""
    header = (
        '.\\" Made from the program by make docs; do not edit.\n'
        f'.TH {name.upper()} 1 {NOW:%Y-%m-%d} "petmsg {__version__}" "petmsg manual"\n'
        f".SH NAME\n{text(name)} \\-\n{_filled(about)}\n"
    )
    return header + "\n".join(sections) + "\n"


def _section(title: str, body: str) -> str:
    return f".SH {title}\n{body}"


def _synopsis(usages: Iterable[str]) -> str:
    return _section("SYNOPSIS", "\n.br\n".join(f".B {text(each)}" for each in usages))


def _paragraphs(text: str) -> str:
    return "\n.PP\n".join(_filled(each) for each in inspect.cleandoc(text).split("\n\n"))


def _terms(rows: Iterable[tuple[str, str]]) -> str:
    """Terms, a line each, with what is told about them."""
    return "\n".join(f".TP\n\\fB{text(term)}\\fR\n{_filled(told)}" for term, told in rows)


def _references(names: Iterable[str]) -> str:
    return ",\n".join(f".BR {text(name)} (1)" for name in names).replace("(1),", "(1) ,")


def _filled(written: str) -> str:
    """A text in short lines, as pages are written; roff fills them anew."""
    words = " ".join(written.split())
    return "\n".join(text(line) for line in textwrap.wrap(words, _WIDEST, break_on_hyphens=False))


def text(written: str) -> str:
    """One line as roff prints it; it never begins with what roff would obey."""
    line = written.translate(_ROFF)
    return f"\\&{line}" if line.startswith((".", "'")) else line
