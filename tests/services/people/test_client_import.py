"""The kind of a client, as people write it."""

import pytest

from petmsg.errors import OutOfRange
from petmsg.services.people.client_import import parse_kind


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("one_time", "one_time"),
        ("One-Time", "one_time"),
        (" one time ", "one_time"),
        ("ONETIME", "one_time"),
        ("Recurring", "recurring"),
        ("regular", "recurring"),
    ],
)
def test_a_kind_is_read_as_people_write_it(written: str, kind: str) -> None:
    assert parse_kind(written) == kind


@pytest.mark.parametrize("written", ["", "often", "one", "recurring weekly"])
def test_any_other_word_is_refused(written: str) -> None:
    with pytest.raises(OutOfRange, match="Invalid client kind"):
        parse_kind(written)
