"""Questions on a terminal, each checked at once, and the commands that their answers stand for."""

import io
import json
import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from typing import Any, TypeVar

from petmsg.cli.context import Context
from petmsg.errors import INTERRUPTED, PetmsgError, UsageProblem
from petmsg.render.escape import escape
from petmsg.settings import DATABASE, PING_URL

T = TypeVar("T")


class StepFailed(PetmsgError):
    """A command that an answer stands for failed: its own code, message, hint and exit code."""

    def __init__(self, exit_code: int, error: dict[str, str]) -> None:
        super().__init__(error["message"], hint=error["hint"])
        self.code = error["code"]
        self.exit_code = exit_code


class Unanswered(UsageProblem):
    """An answer that is needed was left out."""


@dataclass(frozen=True, slots=True)
class Step:
    """A command that an answer stands for; `done` unless it is a dry run."""

    command: str
    status: str


@dataclass(slots=True)
class Dialogue:
    """Asks a person, or takes the options where `asks` is False, and runs commands."""

    context: Context
    asks: bool
    steps: list[Step] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Write a line to the person."""
        self.context.notify(text)

    def answer(
        self, question: str, *, option: str | None, default: str, take: Callable[[str], T]
    ) -> T:
        """The answer to a question as `take` understands it: the option if there is one, else what
        the person types (Enter for the default); without a person the default.

        What `take` refuses is said, and asked again. Without a person it is raised.
        """
        if option is not None or not self.asks:
            return take(default if option is None else option)
        while True:
            typed = self._typed(f"{question}{f' [{default}]' if default else ''}: ").strip()
            try:
                return take(typed or default)
            except Unanswered:
                self.say("  This cannot be left empty.")
            except PetmsgError as problem:
                self.refused(problem)

    def agrees(self, question: str) -> bool:
        """Whether the person says yes; without a person they do."""
        if not self.asks:
            return True
        return self._typed(f"{question} [y/N] ").strip().lower() in ("y", "yes")

    def secret(self, question: str) -> str:
        """What the person types without being seen."""
        from getpass import getpass

        try:
            return getpass(question).strip()
        except EOFError:
            raise KeyboardInterrupt from None

    def new_line(self) -> None:
        """End the line of a question that was not answered."""
        sys.stderr.write("\n")

    def refused(self, problem: PetmsgError) -> None:
        """Say what is wrong with an answer that is asked again. Without a person it is raised."""
        if not self.asks:
            raise problem
        self.say(f"  {problem.message}")
        if problem.hint:
            self.say(f"  hint: {problem.hint}")

    def run(self, *arguments: str, stdin: str = "", shown: str = "") -> None:
        """Run a command as a shell would, and keep it in `steps`, with `shown` behind it. Raises
        `StepFailed`."""
        database = self.context.db_option
        named = () if database is None else ("--db", self.context.location.display_url)
        step = Step(
            shlex.join(["petmsg", *arguments, *named]) + shown,
            "planned" if self.context.dry_run else "done",
        )
        if not self.context.dry_run:
            self._ran(arguments, stdin)
        self.say(f"$ {step.command}")
        self.steps.append(step)

    def _ran(self, arguments: Sequence[str], stdin: str) -> None:
        from petmsg.cli import run_command_line

        database = self.context.setting("database").value or ""
        actor = self.context.actor_option
        line = [*arguments, *(() if actor is None else ("--actor", actor)), "-o", "json"]
        before, err = sys.stdin, io.StringIO()
        sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
        try:
            with redirect_stdout(io.StringIO()), redirect_stderr(err):
                code = run_command_line(
                    line,
                    # The watchdog is told of the whole command, not of each step.
                    environ={**self.context.environ, DATABASE: database, PING_URL: ""},
                    now=self.context.environment.now,
                )
        finally:
            sys.stdin = before
        if code == INTERRUPTED:
            raise KeyboardInterrupt
        if code:
            raise StepFailed(code, _error_in(err.getvalue()))

    def _typed(self, prompt: str) -> str:
        sys.stderr.write(escape(prompt))
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:  # Ctrl-D
            raise KeyboardInterrupt
        return line


def _error_in(printed: str) -> dict[str, str]:
    """The error that a command printed as JSON, below its other words."""
    for line in reversed(printed.splitlines()):
        if line.startswith('{"error"'):
            error: dict[str, Any] = json.loads(line)["error"]
            return {name: str(error[name]) for name in ("code", "message", "hint")}
    return {"code": "error", "message": printed.strip() or "The command failed.", "hint": ""}


def required(check: Callable[[str], T], what: str) -> Callable[[str], T]:
    """A `take` that refuses an empty answer by the name of its option. Raises `Unanswered`."""

    def take(answer: str) -> T:
        if not answer:
            raise Unanswered(f"Missing: {what}.", hint=f"Give it with {what}.")
        return check(answer)

    return take
