"""Ctrl-C at any moment: no traceback, and exit 130."""

import subprocess
import sys

import pytest

WHILE_IT_LOADS = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Finder())
sys.argv = ["petmsg", "client", "list"]
from petmsg.__main__ import main
main()
"""


@pytest.mark.parametrize(
    "name", ["petmsg.cli", "typer", "petmsg.cli.context", "petmsg.cli.commands.client"]
)
def test_while_petmsg_loads_it_ends_quietly(name: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WHILE_IT_LOADS.format(name=name)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 130, ran.stderr
    if name in ("petmsg.cli", "typer"):
        assert ran.stderr == "petmsg: Interrupted. Nothing was begun.\n"
    assert "Traceback" not in ran.stderr
