"""`booking import` knows a file by its content, from a path and from stdin."""

from pathlib import Path

import pytest

from tests.support.calendars import calendar, event
from tests.support.fixtures import Cli, lines
from tests.support.texting import people

FILES = {
    "calendar": calendar(event(summary="Ann")).decode(),
    "columns": lines(("ref", "client", "starts_at", "ends_at"), ("a", "C-1", "+1d", "+2d")),
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("from_stdin", [True, False])
def test_a_file_is_known_by_its_content(
    sqlite_cli: Cli, tmp_path: Path, kind: str, *, from_stdin: bool
) -> None:
    people(sqlite_cli)
    file = tmp_path / "visits.dat"
    file.write_text(FILES[kind])
    named = "-" if from_stdin else str(file)
    ran = sqlite_cli("booking", "import", named, "-o", "json", stdin=FILES[kind])
    assert ran.code == 0, ran.err
    assert [row["result"] for row in ran.json] == ["created"]
