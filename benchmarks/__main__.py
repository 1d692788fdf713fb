"""`python -m benchmarks`: one table of all figures, or of those that are named."""

import argparse
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks import (
    growth,
    media,
    pictures,
    routing,
    scale,
    sending,
    serving,
    simulating,
    startup,
    webhooks,
    writing,
)
from benchmarks.bench import Bench
from benchmarks.measure import Row, markdown, table

FIGURES: dict[str, Callable[[Bench], list[Row]]] = {
    "start-up": startup.measure,
    "instructions": startup.measure_instructions,
    "routing": routing.measure,
    "simulate": simulating.measure,
    "confirm": writing.measure_confirm,
    "import": writing.measure_import,
    "growth": growth.measure,
    "scale": scale.measure,
    "webhooks": webhooks.measure,
    "serving": serving.measure,
    "sending": sending.measure,
    "media": media.measure,
    "pictures": pictures.measure,
}
_PACKAGES = ("typer", "sqlmodel", "sqlalchemy", "alembic", "psycopg", "pillow")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. Exit 1 only with `--strict`, when a goal is missed."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := set(options.figure) - set(FIGURES):
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    begun = time.monotonic()
    with ExitStack() as at_end:
        folder = at_end.enter_context(tempfile.TemporaryDirectory(prefix="petmsg-bench-"))
        bench = Bench(
            Path(folder), at_end, quick=options.quick, postgres=not options.without_postgres
        )
        rows = []
        for name in options.figure or FIGURES:
            print(f"measuring {name} …", end=" ", file=sys.stderr, flush=True)
            since = time.monotonic()
            rows += FIGURES[name](bench)
            print(f"{time.monotonic() - since:.0f} s", file=sys.stderr, flush=True)
    print("\n".join(circumstances()))
    if options.quick:
        print("A quick run: it shows that everything runs, and its figures mean nothing.")
    print()
    print(table(rows))
    print()
    for note in bench.notes:
        print(note)
    if options.markdown is not None:
        options.markdown.write_text(markdown(rows), encoding="utf-8")
    print("Times: the best of all rounds (median). Ratio: the median of the rounds' ratios,")
    print("of petmsg's time where the goal is <=, of its speed where it is >=.")
    missed = sum(not row.ok for row in rows)
    print(f"{len(rows) - missed} of {len(rows)} goals met, {time.monotonic() - begun:.0f} s.")
    return 1 if missed and options.strict else 0


def circumstances() -> list[str]:
    """When, where and what was measured, without a path or a name of this machine."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, petmsg {version('petmsg')} {_commit()}",
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()}, load {load}",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {packages}",
    ]


def _commit() -> str:
    try:
        head, changes = (
            subprocess.run(
                ["git", *words], capture_output=True, text=True, check=True
            ).stdout.strip()
            for words in (("rev-parse", "--short", "HEAD"), ("status", "--porcelain", "petmsg"))
        )
    except (OSError, subprocess.CalledProcessError):
        return "(not a checkout)"
    return f"at {head}" + (" with changes" if changes else "")


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    return names[0] if names else platform.machine()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("figure", nargs="*", help=f"any of {', '.join(FIGURES)}; all by default")
    parser.add_argument("--quick", action="store_true", help="tiny counts, to see that it runs")
    parser.add_argument("--without-postgres", action="store_true", help="SQLite only")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the table there too")
    parser.add_argument("--strict", action="store_true", help="exit 1 if a goal is missed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
