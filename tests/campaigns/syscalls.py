"""Every writing command, spoiled at every call by which it changes a file. On SQLite.

`python -m tests.campaigns.syscalls --seed 7` counts a command's mutating system calls in the
database's folder (tests/campaigns/shim.c), then repeats it from the same start once for each call
and each way to spoil it: killed before, killed after, EIO, ENOSPC, and a disk that stays full from
there on. What is left must be the database before the command or after it, whole in every respect;
the exit code a documented one, without a traceback, and true; and a second run must end where it
ends after an undisturbed first one. `--tries 2` draws so many calls for each way instead of all,
`--only "booking confirm"` takes the commands that begin so, `--control` takes away one thing that
holds it together, and must fail.
"""

import argparse
import os
import random
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack, chdir
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

from petmsg.db.location import locate
from petmsg.errors import BUG, CONFIGURATION, DONE, FINDING, PetmsgError, SchemaBehind
from tests.campaigns.folder_state import KEPT, PARTIAL, content_of, state_of
from tests.campaigns.spoiled_commands import STEPS, THREADED, InSteps, victims
from tests.support import example_company
from tests.support.consistency import problems
from tests.support.documentation import EXIT_CODES
from tests.support.examples import BEFORE, SECRETS, Company
from tests.support.fixtures import NOW, Ran
from tests.support.swarm import Hive

SOURCE = Path(__file__).with_name("shim.c")
WAYS = ("before", "after", "EIO", "ENOSPC", "full")
KILLS = ("before", "after")
CONTROLS = {
    "two-commits": "two commits",
    "no-journal": "no journal",
    "raw-errors": "errors as they come",
    "failures-unheard": "failures unheard",
}


def why_not() -> str | None:
    """Why the shim cannot be used on this machine, if so."""
    if sys.platform != "linux":
        return "the shim is for Linux: it is preloaded, and asks /proc which file is meant"
    if shutil.which("gcc") is None:
        return "there is no gcc to build tests/campaigns/shim.c with"
    return None


def build_shim(folder: Path) -> Path:
    """Compile the shim into the folder."""
    made = folder / "shim.so"
    command = ["gcc", "-O1", "-shared", "-fPIC", "-Wall", "-Werror"]
    subprocess.run([*command, "-o", made, SOURCE, "-ldl"], check=True)
    return made


# ------------------------------------------------------------------------------------------ a trial


@dataclass(frozen=True)
class Victim:
    """A command in its place: where it starts, and what an undisturbed first and second run leave.

    `states` are those before, after one and after two runs, `codes` the runs' exit codes, `calls`
    the first one's mutating system calls, `known` what the doctor finds wrong then. `databases` is
    what the databases hold before and after one run.
    """

    name: str
    line: str
    start: Path
    states: tuple[str, str, str]
    codes: tuple[int, int]
    calls: Sequence[str]
    known: frozenset[str]
    databases: frozenset[bytes]


class Trial(NamedTuple):
    """A command spoiled at one call: how it stood then, and what is wrong with that."""

    where: str
    left: str
    wrong: Sequence[str]


@dataclass
class Outcome:
    """What came of a campaign."""

    commands: int = 0
    calls: int = 0
    trials: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        self.commands += other.commands
        self.calls += other.calls
        self.trials += other.trials
        self.left += other.left
        self.kinds += other.kinds
        self.faults += other.faults

    def __str__(self) -> str:
        return (
            f"{self.commands} commands with {self.calls} calls, {self.trials.total()} trials"
            f" ({_listed(self.trials)}), left {_listed(self.left)}: {len(self.faults)} faults"
        )


def _listed(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


class Laboratory:
    """Where commands are spoiled: a folder, the company of the examples in it, a warm process."""

    def __init__(self, folder: Path, hive: Hive) -> None:
        self.folder = folder
        self.hive = hive
        self._template = folder / "template.db"
        self._copies = 0
        self._broken: dict[str, list[str]] = {}
        example_company.build(locate(str(self._template)).url)

    # --- an undisturbed command ---------------------------------------------------------

    def victim(self, name: str, line: str) -> Victim:
        """Prepare what the line needs, run it twice and count its calls. Never sabotaged."""
        start = self._copies_folder()
        start.mkdir()
        example_company.write_files(start)
        path = start / "petmsg.db"
        shutil.copy(self._template, path)
        with chdir(start), patch.dict(os.environ, HOME=str(start)):
            for beginning in sorted(BEFORE, key=len, reverse=True):
                if line.startswith(beginning):
                    BEFORE[beginning](Company(locate(str(path)).url, path))
                    break
        log = self.folder / "calls.log"
        log.unlink(missing_ok=True)
        after = self._copy(start)
        ran = self._run(after, line, SHIM_LOG=str(log))
        once = self._seen(after)
        databases = self._databases(start) | self._databases(after, but=KEPT)
        known = self._doctor(start) | self._doctor(self._copy(after))
        again = self._run(after, line)
        codes = tuple(-1 if each is None else each.code for each in (ran, again))
        assert codes[0] in (DONE, FINDING), (line, "tries nothing", ran)
        states = (self._seen(start), once, self._seen(after))
        calls = log.read_text().splitlines() if log.exists() else []
        known |= self._doctor(self._copy(after))
        for folder in (start, after):
            wrong = self._wrong(folder, self._seen(folder), known)
            assert not wrong, (line, wrong)
        shutil.rmtree(after)
        return Victim(name, line, start, states, codes, calls, known, databases)

    # --- a spoiled one ------------------------------------------------------------------

    def spoil(self, victim: Victim, at: int, way: str, control: str | None = None) -> Trial:
        """Run the command with its call number `at` (from 1) spoiled, then once more."""
        sabotage = None if control is None else CONTROLS[control]
        folder = self._copy(victim.start)
        ran = self._run(folder, victim.line, sabotage=sabotage, SHIM_AT=str(at), SHIM_HOW=way)
        state = self._seen(folder)
        wrong = self._unexpected(victim, folder, state)
        wrong += _untrue(victim, ran, state, way)
        call = victim.calls[at - 1]
        # What cannot be removed stays, until the next backup or export removes it.
        if way not in KILLS and not (
            call.startswith("unlink") and call.endswith((".partial", ".part"))
        ):
            left = [each.name for each in folder.rglob(".*") if PARTIAL.match(each.name)]
            wrong += [f"{each} is left" for each in left]
        wrong += self._wrong_copies(victim, folder)
        again = self._run(folder, victim.line, sabotage=sabotage)
        end = self._seen(folder)
        wrong += [f"then: {each}" for each in self._unexpected(victim, folder, end)]
        wrong += [f"then: {each}" for each in _diverged(victim, state, again, end)]
        wrong += [f"then: {each}" for each in self._wrong_copies(victim, folder)]
        steps = _steps_of(victim)
        if steps and steps.mended_by and end not in victim.states:
            self._run(folder, steps.mended_by)
            found = self._wrong(folder, self._seen(folder), victim.known)
            wrong += [f"and then: {each}" for each in found]
        shutil.rmtree(folder)
        where = f"{victim.line} [{way} {at}: {call}]"
        if wrong and ran is not None:
            wrong.append(f"exit {ran.code}: {ran.err.strip()[-300:]}")
        return Trial(where, _position(victim, state), wrong)

    # --- the parts ----------------------------------------------------------------------

    def _run(
        self, folder: Path, line: str, *, sabotage: str | None = None, **shim: str
    ) -> Ran | None:
        words = shlex.split(line)
        source = words[words.index("<") + 1] if "<" in words else None
        (ran,) = self.hive.run(
            locate(str(folder / "petmsg.db")).url,
            [[list(takewhile(lambda word: word not in "<>", words[1:]))]],
            stdin=(folder / source).read_text("utf-8") if source else "",
            sabotage=sabotage,
            now=NOW.isoformat(),
            folder=str(folder),
            environ={"PETMSG_OUTPUT": "table", "HOME": str(folder), **SECRETS},
            variables={"SHIM_FOLDER": str(folder), "HOME": str(folder), **shim},
        ).jobs[0]
        return ran

    def _seen(self, folder: Path) -> str:
        """The state, looked up in a copy: looking would repair what a kill left."""
        copy = self._copy(folder)
        state = state_of(copy)
        shutil.rmtree(copy)
        return state

    def _databases(self, folder: Path, *, but: re.Pattern[str] | None = None) -> frozenset[bytes]:
        """What each database of the folder holds, except those with such a name."""
        copy = self._copy(folder)
        found = frozenset(
            content_of(path)
            for path in copy.glob("*.db")
            if but is None or not but.search(path.name)
        )
        shutil.rmtree(copy)
        return found

    def _wrong_copies(self, victim: Victim, folder: Path) -> list[str]:
        """The copies kept before a change that hold something else than a database did."""
        copies = [path for path in folder.glob("*.db") if KEPT.search(path.name)]
        return [
            f"{path.name} holds something else"
            for path in copies
            if content_of(path) not in victim.databases
        ]

    def _unexpected(self, victim: Victim, folder: Path, state: str) -> list[str]:
        """What is broken, but for what may be told in the middle of a command of several steps."""
        steps = _steps_of(victim)
        told = () if steps is None else tuple(f"doctor: {check} " for check in steps.told)
        found = self._wrong(folder, state, victim.known)
        return [each for each in found if not (told and each.startswith(told))]

    def _wrong(self, folder: Path, state: str, known: frozenset[str]) -> list[str]:
        """What is broken in this state, with tests.support.consistency's eyes and with the
        doctor's."""
        if not (folder / "petmsg.db").exists():
            return []
        if state not in self._broken:
            copy = self._copy(folder)
            try:
                found = problems(locate(str(copy / "petmsg.db")).url)
            except SchemaBehind:
                found = []
            except (PetmsgError, sqlite3.DatabaseError) as problem:
                found = [f"not even to be looked at: {problem}"]
            self._broken[state] = [*found, *sorted(self._doctor(copy))]
            shutil.rmtree(copy)
        return [each for each in self._broken[state] if each not in known]

    def _doctor(self, folder: Path) -> frozenset[str]:
        if not (folder / "petmsg.db").exists():
            return frozenset()
        ran = self._run(folder, "petmsg doctor --findings -o json")
        assert ran is not None
        try:
            return frozenset(f"doctor: {row['check']} {row['message']}" for row in ran.json)
        except ValueError:
            return frozenset(
                {f"doctor: {'schema' if ran.code == CONFIGURATION else ran.code} {ran.err}"}
            )

    def _copy(self, folder: Path) -> Path:
        return shutil.copytree(folder, self._copies_folder())

    def _copies_folder(self) -> Path:
        self._copies += 1
        return self.folder / str(self._copies)


def _steps_of(victim: Victim) -> InSteps | None:
    return STEPS.get(victim.line) or STEPS.get(victim.name)


def _position(victim: Victim, state: str) -> str:
    before, after, _ = victim.states
    return {after: "as after", before: "as before"}.get(state, "in between")


def _untrue(victim: Victim, ran: Ran | None, state: str, way: str) -> Iterator[str]:
    """What a spoiled run said or left that cannot be."""
    before, after, _ = victim.states
    if state not in (before, after) and _steps_of(victim) is None:
        yield "left in between"
    if ran is None:
        if way not in KILLS:
            yield "it died"
        return
    yield from _told_badly(ran)
    if way in KILLS and victim.name not in THREADED:
        yield "the kill never came"
    if way not in KILLS and ran.code == victim.codes[0] and state != after:
        yield "it says it is done, and it is not"
    if "othing was changed" in ran.err and state != before:
        yield "it says that nothing was changed, and something was"


def _diverged(victim: Victim, state: str, again: Ran | None, end: str) -> Iterator[str]:
    """How the run after the spoiled one ended otherwise than after an undisturbed one."""
    before, after, twice = victim.states
    if again is None:
        yield "it died"
        return
    yield from _told_badly(again)
    steps = _steps_of(victim)
    if state == before:
        expected = {(victim.codes[0], after)}
    elif state == after:
        expected = {(victim.codes[1], twice)}
    elif steps is None or steps.mended_by is None:
        expected = {(code, end) for code in victim.codes for end in (after, twice)}
    else:
        return
    if (again.code, end) not in expected:
        yield f"exit {again.code}, or another end than after an undisturbed run: {again.err[-300:]}"


def _told_badly(ran: Ran) -> Iterator[str]:
    if ran.code not in EXIT_CODES or ran.code == BUG:
        yield f"exit code {ran.code}"
    if "Traceback" in ran.out + ran.err:
        yield "a traceback"


# --------------------------------------------------------------------------------------- a campaign


class Plan(NamedTuple):
    """What to try: lines, the seed of every chance, tries for each way (0: every call)."""

    lines: Sequence[tuple[str, str]]
    seed: int
    tries: int
    control: str | None = None


def run(plan: Plan, laboratory: Laboratory) -> Outcome:
    """Spoil every line of the plan."""
    outcome = Outcome()
    for name, line in plan.lines:
        victim = laboratory.victim(name, line)
        outcome.commands += 1
        outcome.calls += len(victim.calls)
        outcome.kinds.update(call.split()[0] for call in victim.calls)
        dice = random.Random(f"{plan.seed} {line}")
        every = range(1, len(victim.calls) + 1)
        for way in WAYS:
            some = dice.sample(every, min(plan.tries, len(every))) if plan.tries else every
            for at in some:
                trial = laboratory.spoil(victim, at, way, plan.control)
                outcome.trials[way] += 1
                outcome.left[trial.left] += 1
                outcome.faults += [f"{trial.where}: {each}" for each in trial.wrong]
    return outcome


def _run_apart(plan: Plan, shim: Path) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="petmsg-syscalls-") as folder, Hive(shim) as hive:
        return run(plan, Laboratory(Path(folder).resolve(), hive))


def main() -> int:
    """Run one campaign and print it; 0 if it went as it must."""
    options = _parser().parse_args()
    print(f"seed {options.seed} …", flush=True)
    if (reason := why_not()) is not None:
        print(f"skipped: {reason}")
        return 0
    began = time.monotonic()
    lines = [each for each in victims() if each[0].startswith(f"petmsg {options.only}")]
    outcome = Outcome()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="petmsg-shim-")))
        shim = build_shim(folder)
        pool = stack.enter_context(ProcessPoolExecutor(options.jobs))
        plans = [Plan([each], options.seed, options.tries, options.control) for each in lines]
        parts = {pool.submit(_run_apart, plan, shim): plan for plan in plans}
        for done in as_completed(parts):
            part = done.result()
            outcome.add(part)
            print(f"{parts[done].lines[0][1]}: {part}", flush=True)
            for fault in part.faults[:20]:
                print(f"  {fault}", flush=True)
    print(f"calls: {_listed(outcome.kinds)}")
    control = f" with {options.control}" if options.control else ""
    print(f"seed {options.seed}{control}, {time.monotonic() - began:.0f} s: {outcome}")
    return int(bool(outcome.faults) != (options.control is not None))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns.syscalls", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--tries", type=int, default=0, help="calls for each way; 0 is every one")
    parser.add_argument("--only", default="", help="commands whose name begins so")
    parser.add_argument("--control", choices=sorted(CONTROLS))
    parser.add_argument("--jobs", type=int, default=2)
    return parser


if __name__ == "__main__":
    sys.exit(main())
