"""What is told of an error that nobody foresaw."""

import pytest

from petmsg.cli.handle_error import handle_error, named, secrets_in, without


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


SEVERAL = [
    "postgresql://desk:s3cretA@localhost/paws",
    "postgresql://desk:s3cretB@localhost/tails",
    "postgresql://desk:s3cretB2@localhost/toes",
]
"""The same user on three databases."""


@pytest.mark.parametrize("url", SEVERAL)
def test_each_address_of_a_variable_is_hidden(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    value = " ".join(f"c-{at}={each}" for at, each in enumerate(SEVERAL))
    environ = {"PETMSG_DEBUG": "1", "PETMSG_ORG_URLS": value}
    handle_error(ValueError(f"cannot parse {url}, {url[:30]}"), ["today"], environ)
    told = capsys.readouterr().err
    assert "ValueError: cannot parse postgresql://***, postgresql://***" in told
    assert "s3cret" not in told


def test_what_two_addresses_share_does_not_show_the_rest_of_one() -> None:
    assert without(SEVERAL, f"{SEVERAL[1]} for desk:s3cretB2") == "postgresql://*** for ***"


def test_a_password_with_a_space_is_hidden() -> None:
    url = "postgresql://desk:my s3cret@localhost/paws"
    assert without(secrets_in([url]), f"not found: {url}") == "not found: postgresql://***"
