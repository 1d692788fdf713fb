"""Rows with anything at all in their fields: every list is read to its end, and every command goes
on."""

from collections.abc import Iterator
from datetime import UTC, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from petmsg.providers.base import Delivery
from petmsg.providers.twilio_records import (
    Row,
    came_in,
    message_of,
    number_of,
    received_message,
    went_out,
)
from tests.support.fixtures import NOW, Cli, looking
from tests.support.on_twilio import ANN, BOB, DESK, POOL, SPARE, company, keys, send
from tests.support.twilio_account import MISSING
from tests.support.twilio_fake import ACCOUNT_SID, TwilioFake
from tests.support.twilio_shapes import FakeMessage, number_resource

OF_A_MESSAGE = [*FakeMessage("SM", ANN, DESK, "Hi", NOW).resource(ACCOUNT_SID)]
OF_A_NUMBER = [*number_resource(ACCOUNT_SID, 1, DESK, sends_texts=True)]
_WORDS = [
    "", " ", "unknown", "received", "partially_delivered", "inbound", "-1", "0", "007", "1e9", "½",
    "9" * 30, "+0", "+1", "whatsapp:+14155551001", "x" * 5_000, "\0", "a\nb", "\ud800", "\u202e",
    "Sat, 31 Feb 2026 17:00:00 +0000", "Thu, 01 Jan 0001 00:00:00 +0000", "2026-02-14T17:00:00Z",
    "Fri, 31 Dec 9999 23:59:59 -2359", "Sat, 14 Feb 2026 17:00:00 -0000",
]  # fmt: skip
_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(_WORDS),
    st.text(max_size=20),
)
ODD = st.one_of(
    st.just(MISSING),
    _SCALARS,
    st.lists(_SCALARS, max_size=2),
    st.dictionaries(st.sampled_from(["sms", "mms", "a"]), _SCALARS, max_size=2),
)


def spoils(fields: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Odd values for some of the fields."""
    return st.dictionaries(st.sampled_from(fields), ODD, max_size=5)


def spoilt(row: dict[str, object], changes: dict[str, Any]) -> Row:
    changed = {**row, **changes}
    return Row({name: value for name, value in changed.items() if value is not MISSING})


def can_be_stored(word: str) -> bool:
    """As an ID or a phone."""
    return len(word) <= 64 and word.isprintable() and word.encode() is not None


@given(spoils(OF_A_MESSAGE), st.booleans())
def test_every_row_of_a_message_is_read(changes: dict[str, Any], inbound: bool) -> None:
    message = FakeMessage("SM" + "a" * 32, ANN, DESK, "Hi", NOW, came_in=inbound)
    row = spoilt(message.resource(ACCOUNT_SID), changes)
    assert came_in(row) or went_out(row)
    received = received_message(row)
    for word in (received.provider_message_id, received.from_phone, received.to_e164):
        assert can_be_stored(word)
    assert received.provider_message_id
    assert 0 <= received.media_count <= 999
    assert received.received_at is None or received.received_at.tzinfo is UTC
    sent = message_of(row, sid=message.sid, from_e164=DESK, to_e164=ANN)
    assert isinstance(sent.delivery, Delivery)
    assert sent.code is None or int(sent.code) < 10**8
    assert sent.from_e164
    assert sent.to_e164
    assert sent.created_at.tzinfo is UTC
    if not changes:
        assert (received.body, received.from_phone, received.to_e164) == ("Hi", ANN, DESK)
        assert (received.received_at is None) is not inbound or received.received_at == NOW


@given(st.one_of(_SCALARS, st.lists(_SCALARS, max_size=2)))
def test_what_is_no_row_is_read_as_one_that_says_nothing(value: object) -> None:
    row = Row(value)
    received, number = received_message(row), number_of(row)
    assert (received.from_phone, received.to_e164, received.body) == ("", "", "")
    assert received.provider_message_id == number.provider_number_id != ""


@given(spoils(OF_A_NUMBER))
def test_every_row_of_a_number_is_read(changes: dict[str, Any]) -> None:
    number = number_of(spoilt(number_resource(ACCOUNT_SID, 1, DESK, sends_texts=True), changes))
    assert can_be_stored(number.e164)
    assert can_be_stored(number.provider_number_id)
    assert number.e164 or number.provider_number_id
    assert number.sends in (True, False, None)
    if "capabilities" not in changes:
        assert number.sends is True


# --- every command -----------------------------------------------------------------------------


@pytest.fixture
def fake() -> Iterator[TwilioFake]:
    with TwilioFake(numbers=[DESK, POOL, SPARE]) as running:
        yield running


def test_no_command_is_stopped_and_no_message_behind_an_odd_one_is_lost(
    cli: Cli, migrated_url: str, fake: TwilioFake
) -> None:
    company(cli)
    sids, turns = [send(cli, fake, client) for client in ("C-1", "C-2")], count(1)

    @settings(
        max_examples=6,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(
        st.lists(spoils(OF_A_MESSAGE), min_size=6, max_size=6),
        st.lists(spoils(OF_A_NUMBER), min_size=2, max_size=2),
    )
    def run(messages: list[dict[str, Any]], numbers: list[dict[str, Any]]) -> None:
        turn = next(turns)
        now = NOW + turn * timedelta(minutes=70)
        at = now - timedelta(minutes=3)
        sids.extend(fake.comes_in(f"odd {n}", from_=ANN, to=DESK, at=at) for n in range(4))
        fake.spoilt = dict(zip(sids[-4:] + sids[:2], messages, strict=True))
        fake.spoilt |= dict(zip((POOL, SPARE), numbers, strict=True))
        good = fake.comes_in(f"good {turn}", from_=BOB, to=DESK, at=now - timedelta(minutes=1))
        for words, codes in (
            (("message", "pull"), (0, 4)),
            (("media", "fetch"), (0, 4)),
            (("message", "sync"), (0, 4)),
            (("reconcile",), (0, 10)),
            (("number", "import", "--from-provider", "--class", "pool"), (0, 4)),
        ):
            ran = cli(*words, "-o", "json", now=now, **keys(fake))
            assert ran.code in codes, (words, fake.spoilt, ran.err)
        with looking(migrated_url) as cursor:
            (mark,) = cursor.rows("SELECT pulled_until FROM pull_mark")
            stored = cursor.value(
                "SELECT count(*) FROM message WHERE provider_message_id = :sid", sid=good
            )
        assert (mark["pulled_until"], stored) == (now, 1)

    run()
