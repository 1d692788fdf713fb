"""Unit files in a folder: petmsg knows its own, and what somebody has changed."""

import os
from pathlib import Path

import pytest

from petmsg.enums.service import UnitState
from petmsg.systemd.unit_files import (
    UNIT_MODE,
    UnitFileUnusable,
    left_over,
    marked,
    remove,
    state_of,
    was_changed,
    write,
)
from petmsg.systemd.units import Unit

UNIT = Unit("petmsg-doctor.service", "[Unit]\nDescription=a\n", "petmsg doctor", "always")
LATER = Unit(UNIT.name, "[Unit]\nDescription=b\n", UNIT.runs, UNIT.when)


def installed(folder: Path, unit: Unit = UNIT) -> Path:
    write(folder / unit.name, marked(unit), UNIT_MODE)
    return folder / unit.name


def test_the_states_of_a_file(tmp_path: Path) -> None:
    assert state_of(tmp_path, UNIT) is UnitState.MISSING
    path = installed(tmp_path)
    assert state_of(tmp_path, UNIT) is UnitState.CURRENT
    assert state_of(tmp_path, LATER) is UnitState.OUTDATED
    assert left_over(tmp_path, [UNIT]) == []
    assert left_over(tmp_path, []) == [path]
    assert not was_changed(path)
    path.write_text(path.read_text("utf-8") + "Wants=mine.service\n", "utf-8")
    assert state_of(tmp_path, UNIT) is state_of(tmp_path, LATER) is UnitState.CHANGED
    assert was_changed(path)
    assert left_over(tmp_path, []) == [path]


@pytest.mark.parametrize("content", [b"", b"[Unit]\n", b"\xff\xfe", b"# Written by hand\n"])
def test_a_file_of_somebody_else(tmp_path: Path, content: bytes) -> None:
    (tmp_path / UNIT.name).write_bytes(content)
    assert state_of(tmp_path, UNIT) is UnitState.FOREIGN
    assert left_over(tmp_path, []) == []


def test_a_unit_that_the_administrator_has_masked_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / UNIT.name).symlink_to("/dev/null")
    assert state_of(tmp_path, UNIT) is UnitState.FOREIGN
    installed(tmp_path)
    assert not (tmp_path / UNIT.name).is_symlink()
    assert Path("/dev/null").is_char_device()


def test_a_file_is_written_whole_and_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "new" / UNIT.name
    before = os.umask(0o077)
    try:
        write(path, "one", UNIT_MODE)
        write(path, "two", 0o600)
    finally:
        os.umask(before)
    assert path.read_text("utf-8") == "two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_what_cannot_be_written_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(UnitFileUnusable, match=r"File exists|Not a directory"):
        write(tmp_path / "file" / UNIT.name, "one", UNIT_MODE)
    (tmp_path / UNIT.name).mkdir()
    with pytest.raises(UnitFileUnusable, match="directory"):
        write(tmp_path / UNIT.name, "one", UNIT_MODE)
    with pytest.raises(UnitFileUnusable, match="directory"):
        remove(tmp_path / UNIT.name)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", UNIT.name]
