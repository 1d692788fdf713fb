"""A service that is called wrongly is found by mypy, not by whoever runs the command."""

import inspect
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from petmsg.workflows.store import Store
from tests import ROOT

CALLS = """
from petmsg.services.numbers import rate_limit
from petmsg.services.orgs import freeze, org
from petmsg.workflows.store import Store


def right(store: Store) -> None:
    store.write(freeze.thaw, reason=None)
    store.write_in(
        "happy-paws", rate_limit.set_rate_limits, ["+14155550101"], segments_per_second=3.0
    )
    store.write(lambda uow: freeze.freeze(uow, reason="a test", until=uow.instant("+2h")))


def wrong(store: Store) -> None:
    store.write(freeze.thaw, reasom=None)  # wrong keyword
    store.write_in("happy-paws", freeze.freeze, until=None)  # missing argument
    store.write(rate_limit.set_rate_limits, 14155550101, segments_per_second=3.0)  # wrong type
    store.rehearse(org.change, quiet_hour="off")  # wrong keyword
    store.write(lambda uow: freeze.freeze(uow, reason="a test", until="+2h"))  # wrong type
"""


def test_mypy_reports_every_misspelled_call_of_a_service(tmp_path: Path) -> None:
    module = tmp_path / "calls.py"
    module.write_text(CALLS)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", str(module)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    lines = enumerate(CALLS.splitlines(), start=1)
    wrong = {place for place, line in lines if "  # " in line}
    told = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert {int(line.split(":")[1]) for line in told} == wrong, done.stdout + done.stderr
    assert len(wrong) == 5


@pytest.mark.parametrize("method", [Store.read, Store.write, Store.write_in, Store.rehearse])
def test_what_runs_a_service_takes_the_parameters_of_that_service(
    method: Callable[..., Any],
) -> None:
    """What mypy needs for the test above, which `make test` leaves out."""
    parameters = inspect.signature(method).parameters
    assert "P]" in str(next(each for each in parameters.values() if "P]" in str(each.annotation)))
    assert parameters["args"].annotation.__class__.__name__ == "ParamSpecArgs"
    assert parameters["kwargs"].annotation.__class__.__name__ == "ParamSpecKwargs"
