"""The workers of one run compile each test file once between them.

Rewriting the asserts of all test files takes one process fifteen seconds; each worker rewrites its
share, before it collects the tests, and reads what the others wrote.
"""

from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest

from tests import ROOT
from tests.support.selection import pytest_ignore_collect


def pytest_sessionstart(session: pytest.Session) -> None:
    """Import one worker's share of the test files of this run."""
    worker = getattr(session.config, "workerinput", None)
    if worker is None:
        return
    for path in share(session.config, int(worker["workerid"][2:]), worker["workercount"]):
        # The collection imports it again and tells what is wrong with it.
        with suppress(Exception, pytest.skip.Exception):
            import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def share(config: pytest.Config, worker: int, workers: int) -> list[Path]:
    """List the files that a worker (the first is 0) imports first: each is in one list."""
    asked = [(ROOT / each.partition("::")[0]).resolve() for each in config.args]
    files = [
        path
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        if any(path.is_relative_to(each) for each in asked)
        and not pytest_ignore_collect(path, config)
    ]
    return files[worker::workers]
