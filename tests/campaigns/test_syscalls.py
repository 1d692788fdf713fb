"""A command killed or refused at a call by which it changes a file: a few of many.

The seed is fixed; `PETMSG_SEED` gives other chances. `make campaigns` has every command and call.
"""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.campaigns import spoiled_commands, syscalls
from tests.campaigns.spoiled_commands import NOT_HERE, STEPS, victims
from tests.campaigns.syscalls import WAYS, Laboratory, Plan, run
from tests.support.documentation import commands
from tests.support.swarm import Hive

SEED = int(os.environ.get("PETMSG_SEED") or 11)
CONFIRM = ("petmsg booking confirm", "petmsg booking confirm B-2 B-3")
SEND = ("petmsg message send", "petmsg message send C-1 --body 'Rex is fed and happy.'")
IMPORT = (
    "petmsg import snoutos",
    "petmsg import snoutos --dir old-tables --timezone America/New_York",
)
BACKUP = ("petmsg db backup", "petmsg db backup petmsg-backup.db --media pictures")
DRAWN = 3


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    if (reason := syscalls.why_not()) is not None:
        pytest.skip(reason)
    shim = syscalls.build_shim(tmp_path_factory.mktemp("shim"))
    with Hive(shim) as hive:
        yield Laboratory(tmp_path_factory.mktemp("laboratory").resolve(), hive)


@pytest.mark.slow
def test_a_spoiled_call_leaves_all_or_nothing_and_a_second_run_converges(
    laboratory: Laboratory,
) -> None:
    print(f"PETMSG_SEED={SEED}")
    others = [each for each in victims() if each not in (CONFIRM, SEND)]
    drawn = random.Random(SEED).sample(others, DRAWN)
    outcome = run(Plan([CONFIRM, SEND, *drawn], SEED, tries=1), laboratory)
    print(outcome)
    assert outcome.faults == []
    assert set(outcome.trials) == set(WAYS)
    assert {"pwrite64", "fdatasync", "unlink", "open"} <= set(outcome.kinds)


def test_every_writing_command_has_a_line_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = {name for name, _ in victims()}
    writing = {
        name
        for name, command in commands()
        if any(parameter.name == "dry_run" for parameter in command.params)
    }
    assert writing - tried == set(NOT_HERE)
    assert set(STEPS) <= tried | {line for _, line in victims()}
    assert {CONFIRM, SEND} <= set(victims())
    monkeypatch.setattr(spoiled_commands, "MORE", {})
    with pytest.raises(LookupError, match="petmsg db downgrade"):
        list(victims())


@pytest.mark.parametrize(
    ("control", "way", "found"),
    [
        ("two-commits", "before", "confirmed without an audit event"),
        ("no-journal", "after", "left in between"),
        ("raw-errors", "EIO", "exit code 1"),
        ("failures-unheard", "full", "it says it is done, and it is not"),
    ],
)
def test_a_careless_writer_would_be_found(
    laboratory: Laboratory, control: str, way: str, found: str
) -> None:
    """Negative controls: each call in turn, in any order, until one shows it."""
    victim = laboratory.victim(*CONFIRM)
    calls = list(range(1, len(victim.calls) + 1))
    random.Random(SEED).shuffle(calls)
    wrong = (laboratory.spoil(victim, at, way, control).wrong for at in calls)
    assert any(found in each for several in wrong for each in several)


def test_an_import_that_stops_half_way_says_what_stays(laboratory: Laboratory) -> None:
    """The disk is full in its last transaction: a second import takes the rest."""
    victim = laboratory.victim(*IMPORT)
    last = max(i for i, call in enumerate(victim.calls, 1) if call == "pwrite64 petmsg.db-wal")
    trial = laboratory.spoil(victim, last, "ENOSPC")
    assert trial.left == "in between"
    assert list(trial.wrong) == []


@pytest.mark.slow
def test_a_backup_has_its_name_only_once_its_pictures_are_there(laboratory: Laboratory) -> None:
    """Killed at each call from the first picture on. The same command then completes it."""
    victim = laboratory.victim(*BACKUP)
    first = 1 + next(at for at, call in enumerate(victim.calls) if "pictures" in call)
    named = 1 + victim.calls.index("link petmsg-backup.db")
    trials = {
        at: laboratory.spoil(victim, at, "before") for at in range(first, len(victim.calls) + 1)
    }
    assert [each.wrong for each in trials.values() if each.wrong] == []
    before = {each.left for at, each in trials.items() if at <= named}
    assert before == {"as before", "in between"}
    assert {each.left for at, each in trials.items() if at > named} == {"as after"}


def test_the_shim_counts_what_changes_a_file(laboratory: Laboratory, tmp_path: Path) -> None:
    """A confirmation writes its log, has it on the disk before it is done, and tidies up."""
    calls = laboratory.victim(*CONFIRM).calls
    assert "open petmsg.db.lock" in calls
    synced = calls.index("fdatasync petmsg.db-wal")
    assert "pwrite64 petmsg.db-wal" in calls[:synced]
    assert "pwrite64 petmsg.db" not in calls[:synced]
    assert "unlink petmsg.db-wal" in calls[synced:]
