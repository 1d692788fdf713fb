"""The command line of a campaign that loads a server: its options, and an empty database."""

import argparse
import random
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Protocol

from petmsg.db import migrate
from tests.support.fixtures import ACTOR


class Verdict(Protocol):
    """What came of a campaign; its words are printed."""

    @property
    def is_passed(self) -> bool:
        """Whether nothing was wrong."""
        ...


def run_from_command_line(name: str, unit: str, run: Callable[..., Verdict], *, seeds: int) -> int:
    """Call `run` as the command line says, and print its verdict; the exit code.

    `unit` is what happens so often a second. A seed is less than `seeds`.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {name}")
    parser.add_argument("--rate", type=float, default=500.0, help=f"{unit} a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=random.randrange(seeds))
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--control", action="store_true", help="answer before the commit")
    asked = vars(parser.parse_args())
    with ExitStack() as stack:
        url = _empty_database(stack, asked.pop("database"))
        migrate.upgrade(url, actor=ACTOR, now=datetime.now(UTC), create=True)
        verdict = run(url, **asked)
    print(verdict)
    return 0 if verdict.is_passed else 1


def _empty_database(stack: ExitStack, kind: str) -> str:
    if kind == "sqlite":
        return f"sqlite:///{stack.enter_context(tempfile.TemporaryDirectory())}/petmsg.db"
    from tests.support.postgres import running_server

    postgres = stack.enter_context(running_server())
    return postgres.url(postgres.create())
