"""Errors of command lines that cannot be parsed, with suggestions."""

import re
from collections.abc import Iterator
from typing import Any

from petmsg.errors import UsageProblem
from petmsg.suggestions import closest_words, did_you_mean

_NOT_A_CHOICE = re.compile(r"(['\"])(.*)\1 is not one of ", re.DOTALL)
_NO_COMMAND = re.compile(r"No such command (['\"])(.*)\1", re.DOTALL)
_OTHER_WORDS = {
    "message": ("text", "texts", "sms", "mms"),
    "booking": ("visit", "visits", "appointment", "appointments", "walk", "walks", "schedule"),
    "client": ("customer", "customers", "owner", "owners", "pet", "pets"),
    "sitter": ("walker", "walkers", "staff", "employee", "employees"),
    "number": ("phone", "phones"),
    "thread": ("chat", "conversation", "conversations"),
    "org": ("company", "business", "settings"),
    "media": ("picture", "pictures", "photo", "photos"),
    "today": ("day", "agenda"),
}
"""What people call a command at the top."""
_FOR_ALL = ("-o", "--output", "--org", "--db", "-q", "--quiet")
_OF_COMMANDS = frozenset((*_FOR_ALL, "--actor", "--dry-run", "--yes", "--reveal"))


def usage_problem(problem: Any) -> UsageProblem:
    """Convert an error of the parser."""
    context = problem.ctx if hasattr(problem, "ctx") else None
    text = str(problem.format_message())
    if getattr(problem, "possibilities", None):
        text = str(problem.message)
    if text.startswith("Usage: "):  # of a group without a command
        text = f"A command is missing.\n\n{text}"
    see = f"See: {'petmsg' if context is None else context.command_path} --help"
    meant = "" if context is None else _meant(problem, context)
    problem_found = UsageProblem(text, hint=f"{meant} {see}".lstrip())
    problem_found.exit_code = int(problem.exit_code)
    return problem_found


def _meant(problem: Any, context: Any) -> str:
    """A suggestion as a sentence; empty if there is none."""
    command = context.command
    if option := getattr(problem, "option_name", None):
        return _meant_option(str(option), command, context)
    if found := _NO_COMMAND.match(str(problem.message)):
        return _meant_command(found[2], command, context)
    choices = getattr(getattr(getattr(problem, "param", None), "type", None), "choices", None)
    if choices and (found := _NOT_A_CHOICE.match(str(problem.message))):
        return did_you_mean(closest_words(found[2], map(str, choices)))
    return ""


def _meant_option(option: str, command: Any, context: Any) -> str:
    entries = getattr(command, "entries", None)
    if entries is not None and option in _OF_COMMANDS:
        return f"Put it after the command: {context.command_path} COMMAND {option} …"
    options = [name for each in command.params for name in each.opts if name.startswith("--")]
    return did_you_mean(closest_words(option, [*options, "--help"]))


def _meant_command(typed: str, group: Any, context: Any) -> str:
    """A command of that name in any group, or a similar one of this group."""
    same = [] if context.parent else [path for path in _paths(group) if path.endswith(f" {typed}")]
    meant = [name for name, words in _OTHER_WORDS.items() if typed.casefold() in words]
    close = same or [*filter(group.entries.__contains__, meant)]
    close = close or closest_words(typed, group.entries)
    return did_you_mean([f"{context.command_path} {each}" for each in close[:3]])


def _paths(group: Any, above: str = "") -> Iterator[str]:
    """Every command below the group; loads all of them."""
    for name, entry in group.entries.items():
        path = f"{above} {name}".lstrip()
        command = entry.load()
        if hasattr(command, "entries"):
            yield from _paths(command, path)
        else:
            yield path
