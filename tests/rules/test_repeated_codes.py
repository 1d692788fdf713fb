"""When one code for many messages means that the account is at fault."""

import pytest

from petmsg.rules.repeated_codes import STOP_AT, is_account_at_fault


@pytest.mark.parametrize(
    ("phones", "open_messages", "at_fault"),
    [
        (STOP_AT - 1, 0, False),
        (STOP_AT, 0, True),
        (STOP_AT, STOP_AT, True),
        (STOP_AT, STOP_AT + 1, False),
        (0, 0, False),
    ],
)
def test_many_phones_and_nothing_that_may_still_arrive(
    phones: int, open_messages: int, at_fault: bool
) -> None:
    assert is_account_at_fault(phones=phones, open_messages=open_messages) is at_fault
