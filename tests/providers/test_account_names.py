"""Names of accounts: part of a file name and of variables."""

import pytest

from petmsg.errors import OutOfRange
from petmsg.providers.account_names import checked_account_name, variable_of


@pytest.mark.parametrize("name", ["a", "north-office", "x" * 63, "2"])
def test_plain_names_are_taken(name: str) -> None:
    assert checked_account_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "none", "North", "a_b", "-a", "a-", "../a", "a/b", "x" * 64, "ä", "a b", "a\n"]
)
def test_a_name_that_could_be_another_file_or_variable_is_refused(name: str) -> None:
    with pytest.raises(OutOfRange, match="account name"):
        checked_account_name(name)


def test_the_variables_of_a_named_account_end_in_its_name() -> None:
    assert variable_of("TWILIO_AUTH_TOKEN", "north-office") == "TWILIO_AUTH_TOKEN_NORTH_OFFICE"
    assert variable_of("TWILIO_AUTH_TOKEN", None) == "TWILIO_AUTH_TOKEN"
