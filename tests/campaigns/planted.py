"""Bugs planted on purpose, one at a time: does the suite notice?

`python -m tests.campaigns.planted` copies the checkout, changes one place of petmsg, runs the tests
that are nearest to it, and goes on; those that nobody noticed are named at the end. `--only WORD`
plants those whose name has the word, `--quick` runs those of the tests that `make test` runs,
`--thorough` runs the whole suite for what survived. Two run at once (`--jobs`), each in its copy.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests import ROOT
from tests.campaigns.bugs import BUGS, Bug

GOAL = 0.95
QUICK_GOAL = 0.9
NO_TESTS = 5
"""What pytest exits with when it has selected none."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.planted", description=__doc__)
    parser.add_argument("--seed", type=int, help="there is no chance in it: taken, and not used")
    parser.add_argument("--only", default="")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--thorough", action="store_true")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once, each in its copy")
    asked = parser.parse_args()
    chosen_tests = ("-m", "not slow") if asked.quick else ()
    chosen = [bug for bug in BUGS if asked.only in bug.name]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(asked.jobs) as pool:
        copies = SimpleQueue[Path]()
        for place in range(asked.jobs):
            copies.put(_copied(Path(folder) / f"checkout-{place}"))

        def survivors(bugs: Sequence[Bug], tests: Sequence[str]) -> list[Bug]:
            """Those that no test notices: `tests`, or where there are none each bug's own."""

            def is_noticed(bug: Bug) -> bool:
                copy = copies.get()
                try:
                    asked_tests = [*chosen_tests, *(tests or bug.tests.split())]
                    return _report(bug, _noticed(copy, bug, asked_tests))
                finally:
                    copies.put(copy)

            found = list(pool.map(is_noticed, bugs))
            return [bug for bug, noticed in zip(bugs, found, strict=True) if not noticed]

        left = survivors(chosen, ())
        if asked.thorough:
            left = survivors(left, ["tests", "--ignore=tests/campaigns/test_sending.py"])
    share = 1 - len(left) / len(chosen)
    print(f"planted: {len(chosen)} bugs, {share:.1%} noticed")
    print("\n".join(f"survived: {bug.name} ({bug.file})" for bug in left) or "none survived")
    return share < (QUICK_GOAL if asked.quick else GOAL)


def _report(bug: Bug, noticed: bool) -> bool:
    print(f"  {'noticed ' if noticed else 'SURVIVED'}  {bug.name}", flush=True)
    return noticed


def _copied(target: Path) -> Path:
    """The tracked files of the checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    return target


def planted(text: str, bug: Bug) -> str:
    """The file's text with the bug. Raises `ValueError` where its place is not there, once."""
    if text.count(bug.before) != 1:
        raise ValueError(f"{bug.name}: {text.count(bug.before)} places in {bug.file}")
    return text.replace(bug.before, bug.after)


def _noticed(copy: Path, bug: Bug, tests: Sequence[str]) -> bool:
    path = copy / "petmsg" / bug.file
    before = path.read_text("utf-8")
    path.write_text(planted(before, bug), "utf-8")
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-n0",
             "--no-header", "-p", "no:cacheprovider", *tests],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy)},
            capture_output=True,
            check=False,
        )  # fmt: skip
    finally:
        path.write_text(before, "utf-8")
    if ran.returncode == NO_TESTS:  # what would notice it is slow
        return False
    if ran.returncode not in (0, 1, 2):
        raise RuntimeError(ran.stdout.decode()[-2000:])
    return ran.returncode != 0


if __name__ == "__main__":
    sys.exit(main())
