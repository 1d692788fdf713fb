"""What is told of an error that nobody foresaw."""

import pytest

from petmsg.cli.handle_error import handle_error, named


def test_a_bug_promises_nothing_of_what_was_done() -> None:
    """Nobody knows how far a command came: a message may have been sent."""
    bug = named(ZeroDivisionError())
    assert (bug.code, bug.exit_code) == ("bug", 1)
    assert "Nothing" not in bug.hint
    assert "petmsg audit list" in bug.hint
    assert "PETMSG_DEBUG=1" in bug.hint


def test_a_traceback_shows_no_password(capsys: pytest.CaptureFixture[str]) -> None:
    url = "postgresql://desk:s3cret@localhost/petmsg"
    environ = {"PETMSG_DEBUG": "1", "PETMSG_DATABASE_URL": url}
    assert handle_error(ValueError(f"cannot parse {url}"), ["today"], environ) == 1
    told = capsys.readouterr().err
    assert "Traceback" in told or "ValueError: cannot parse postgresql://***" in told
    assert "s3cret" not in told
