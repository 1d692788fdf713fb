"""The file for the collector of the node exporter."""

from pathlib import Path

import pytest

from petmsg.errors import Misconfigured, UsageProblem
from petmsg.metrics.textfile import write


def test_the_file_is_replaced_at_once_and_others_may_read_it(tmp_path: Path) -> None:
    target = tmp_path / "petmsg.prom"
    write(target, b"a 1\n")
    with target.open("rb") as reader:
        write(target, b"a 2\n")
        assert reader.read() == b"a 1\n"  # a reader keeps the whole old file
    assert target.read_bytes() == b"a 2\n"
    assert target.stat().st_mode & 0o777 == 0o644
    assert [path.name for path in tmp_path.iterdir()] == ["petmsg.prom"]


def test_a_file_that_the_collector_would_not_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"\.prom"):
        write(tmp_path / "petmsg.txt", b"")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be written"):
        write(tmp_path / "nowhere" / "petmsg.prom", b"")
    (tmp_path / "folder.prom").mkdir()
    with pytest.raises(Misconfigured, match="cannot be written"):
        write(tmp_path / "folder.prom", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.prom"]
