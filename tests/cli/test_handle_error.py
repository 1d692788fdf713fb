"""What is told of an error that nobody foresaw."""

from petmsg.cli.handle_error import named


def test_a_bug_promises_nothing_of_what_was_done() -> None:
    """Nobody knows how far a command came: a message may have been sent."""
    bug = named(ZeroDivisionError())
    assert (bug.code, bug.exit_code) == ("bug", 1)
    assert "Nothing" not in bug.hint
    assert "petmsg audit list" in bug.hint
    assert "PETMSG_DEBUG=1" in bug.hint
