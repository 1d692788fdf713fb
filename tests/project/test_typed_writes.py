"""A service that is called wrongly is found by mypy, not by whoever runs the command."""

import subprocess
import sys
from pathlib import Path

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
