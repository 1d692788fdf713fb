"""When one error code for many messages means that the account is at fault. Standard library only,
pure.

No table of codes is asked: a provider adds codes, and even a code about the recipient says nothing
about them if every message gets it.
"""

from datetime import timedelta

REPEAT_WINDOW = timedelta(hours=1)
ALERT_AT = 3
"""Raise an alert when this many messages fail with the same code within `REPEAT_WINDOW`."""
STOP_AT = 5
"""Stop sending when messages to this many phones failed with it and none got through since."""


def is_account_at_fault(*, phones: int, open_messages: int) -> bool:
    """Whether to stop sending.

    `phones` is to how many phones messages failed with the code since the last one that got
    through; `open_messages` is how many others were sent meanwhile and are not reported yet.
    """
    return phones >= STOP_AT and phones >= open_messages
