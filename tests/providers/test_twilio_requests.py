"""What a request to send says, and for how long the message is valid."""

from dataclasses import replace
from datetime import timedelta
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petmsg.clock import now, uptime
from petmsg.providers.base import TOO_LATE, Accepted, OutgoingMessage
from petmsg.providers.twilio import TwilioProvider
from petmsg.providers.twilio_requests import content_of
from tests.providers.sending import TEXT
from tests.support.fixtures import NOW
from tests.support.twilio_fake import TwilioFake


def content(text: OutgoingMessage, *, at: float) -> dict[str, Any]:
    said = content_of(text, uptime=at)
    assert isinstance(said, dict)
    return said


def test_a_message_that_never_expires_has_no_validity_period() -> None:
    assert content(TEXT, at=5.0) == {"body": TEXT.body}


@pytest.mark.parametrize(
    ("left", "said"),
    [(1.0, 1), (1.99, 1), (600.0, 600), (35_999.5, 35_999), (36_000.0, None), (1e6, None)],
)
def test_it_is_valid_for_the_whole_seconds_that_are_left(left: float, said: int | None) -> None:
    found = content(replace(TEXT, deliver_by=100.0 + left), at=100.0)
    assert found.get("validity_period") == said


@pytest.mark.parametrize("left", [0.99, 0.0, -60.0])
def test_a_message_with_less_than_a_second_left_is_not_sent(left: float) -> None:
    assert content_of(replace(TEXT, deliver_by=100.0 + left), uptime=100.0) == TOO_LATE


@given(left=st.floats(-10, 50_000), later=st.floats(0, 40), begins_in=st.floats(0, 30))
def test_no_message_is_valid_beyond_its_end(left: float, later: float, begins_in: float) -> None:
    expiring = replace(TEXT, expires_at=NOW + timedelta(seconds=left))
    text = expiring.starting(now=NOW, uptime=1_000.0, begin_by=1_000.0 + begins_in)
    assert text.begin_by <= 1_000.0 + begins_in
    written_at = 1_000.0 + later
    said = content_of(text, uptime=written_at)
    if isinstance(said, dict):
        valid_for = said.get("validity_period", 36_000)
        assert 1 <= valid_for <= 36_000
        assert later + valid_for <= left + 0.01
    else:
        assert later + 1 > left - 0.01


def test_a_message_that_never_expires_keeps_the_deadline_for_starting() -> None:
    assert TEXT.starting(now=NOW, uptime=7.0, begin_by=9.0) == replace(TEXT, begin_by=9.0)
    assert TEXT.deliver_by == inf


def test_twilio_is_told_how_long_a_message_is_valid(
    fake: TwilioFake, twilio: TwilioProvider
) -> None:
    at = now()
    text = replace(TEXT, expires_at=at + timedelta(minutes=10))
    begun = text.starting(now=at, uptime=uptime(), begin_by=inf)
    assert isinstance(twilio.send(begun), Accepted)
    assert 590 <= fake.messages[[*fake.messages][-1]].validity_seconds < 600


def test_twilio_gets_no_message_that_has_expired(fake: TwilioFake, twilio: TwilioProvider) -> None:
    at = now()
    text = replace(TEXT, expires_at=at).starting(now=at, uptime=uptime(), begin_by=inf)
    assert twilio.send(text) == TOO_LATE
    assert not fake.requests
