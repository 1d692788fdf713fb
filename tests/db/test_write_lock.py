"""The write lock of an SQLite file: who is the next."""

from petmsg.db import write_lock


def test_who_has_waited_longer_for_the_write_lock_looks_more_often() -> None:
    """So nobody starves among many who write without a pause."""
    waited = [0.0, 0.02, 0.1, 0.3, 0.5]
    pauses = [write_lock.pause(each) for each in waited]
    assert pauses == sorted(pauses, reverse=True)
    assert pauses[-1] <= pauses[0] / 8
    assert write_lock.pause(write_lock.WAIT_SECONDS) == pauses[-1], (
        "and who has waited for long does not either"
    )
