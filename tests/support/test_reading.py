"""No command that reads can be forgotten by the tests of plans and steps."""

from petmsg.cli.command_tree import command_rows
from tests.support import reading

NAMED = {*reading.LINES, *reading.COUNTING, *reading.WHOLE, *reading.ELSEWHERE}


def test_every_command_that_reads_is_counted_or_named_with_a_reason() -> None:
    assert {row.command for row in command_rows() if not row.writes} - NAMED == set()


def test_every_command_that_is_named_exists() -> None:
    named = {name.partition(" --")[0] for name in NAMED}
    assert named - {row.command for row in command_rows()} == set()
