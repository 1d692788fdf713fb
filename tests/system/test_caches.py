"""What is remembered or written by hand for speed says what the plain way says."""

from datetime import UTC, datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

import pytest

from petmsg.clock import iso_utc
from petmsg.db.statements import instant_to_text
from petmsg.rules.audit_chain import GENESIS, VERSION, canonical, event_hash


def test_the_two_hours_of_a_change_of_clock_stay_two_instants():
    """Datetimes of one zone that differ in `fold` alone are equal to Python, and to a cache."""
    first = datetime(2026, 11, 1, 1, 30, tzinfo=ZoneInfo("America/New_York"))
    second = first.replace(fold=1)
    assert [iso_utc(each) for each in (first, second)] == [
        "2026-11-01T05:30:00Z",
        "2026-11-01T06:30:00Z",
    ]
    assert [instant_to_text(each)[11:16] for each in (first, second)] == ["05:30", "06:30"]


@pytest.mark.parametrize("reason", [None, 'a "reason"\\\n\t\x00 ü \u2028 \ud800 🐕'])
def test_an_event_is_hashed_over_its_canonical_json(reason):
    at = datetime(2026, 2, 14, 15, 0, 0, 5, tzinfo=UTC)
    fields = {
        "org": "paws",
        "seq": 7,
        "at": at,
        "actor": "Ä\\b",
        "event": "booking.confirmed",
        "entity": "booking",
        "ref": "b/1",
        "reason": reason,
        "payload": canonical({"b": [at, None], "a": "“x”"}),
        "previous": GENESIS,
    }
    text = f"{VERSION}\n{canonical(fields)}".encode("utf-8", "surrogatepass")
    assert event_hash(**fields) == sha256(text).hexdigest()
