"""The hash chain of the audit: what is hashed, and that it never silently changes."""

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petmsg.rules.audit_chain import GENESIS, canonical, event_hash

AT = datetime(2026, 2, 14, 15, 0, tzinfo=UTC)
EVENT: dict[str, Any] = {
    "org": "happy-paws",
    "seq": 1,
    "at": AT,
    "actor": "maya@laptop",
    "event": "number.restored",
    "entity": "number",
    "ref": "+14155550102",
    "reason": "carrier asked",
    "payload": '{"forced":true}',
    "previous": GENESIS,
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def test_the_genesis_is_a_hash_of_nothing() -> None:
    assert GENESIS == "0" * 64


def test_an_event_is_hashed_as_the_tag_and_its_canonical_json() -> None:
    """Written out: a change here breaks the verification of every audit that exists."""
    text = (
        "petmsg-audit-1\n"
        '{"actor":"maya@laptop","at":"2026-02-14T15:00:00Z","entity":"number",'
        '"event":"number.restored","org":"happy-paws","payload":"{\\"forced\\":true}",'
        f'"previous":"{GENESIS}","reason":"carrier asked","ref":"+14155550102","seq":1}}'
    )
    assert event_hash(**EVENT) == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("org", "happy-paws2"),
        ("seq", 2),
        ("at", AT + timedelta(microseconds=1)),
        ("actor", "Maya@laptop"),
        ("event", "number.quarantined"),
        ("entity", "Number"),
        ("ref", "+14155550103"),
        ("reason", "carrier asked "),
        ("reason", ""),
        ("reason", None),
        ("reason", "null"),
        ("payload", '{"forced":false}'),
        ("payload", '{"forced": true}'),
        ("previous", "1" + GENESIS[1:]),
    ],
)
def test_the_hash_changes_with_any_field(field: str, other: object) -> None:
    assert event_hash(**(EVENT | {field: other})) != event_hash(**EVENT)


def test_no_reason_an_empty_one_and_the_word_null_are_three_things() -> None:
    hashes = {event_hash(**(EVENT | {"reason": each})) for each in (None, "", "null")}
    assert len(hashes) == 3


@given(st.text(max_size=5), st.text(max_size=5), st.text(max_size=5), st.text(max_size=5))
def test_text_cannot_move_from_one_field_to_the_next(a: str, b: str, c: str, d: str) -> None:
    one = event_hash(**(EVENT | {"actor": a, "event": b}))
    other = event_hash(**(EVENT | {"actor": c, "event": d}))
    assert (one == other) is ((a, b) == (c, d))


def test_the_same_instant_in_another_zone_hashes_the_same() -> None:
    elsewhere = AT.astimezone(timezone(timedelta(hours=-8)))
    assert event_hash(**(EVENT | {"at": elsewhere})) == event_hash(**EVENT)


def test_half_a_surrogate_pair_is_hashed_and_not_a_crash() -> None:
    assert event_hash(**(EVENT | {"reason": "\ud83d"})) != event_hash(**EVENT)


def test_canonical_json_has_sorted_keys_no_spaces_and_no_escapes() -> None:
    assert canonical({"b": [1, None, True], "a": "Zoë 🐕"}) == '{"a":"Zoë 🐕","b":[1,null,true]}'


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=5))
def test_canonical_json_does_not_depend_on_the_order_of_keys(value: dict[str, Any]) -> None:
    turned = dict(reversed(value.items()))
    assert canonical(turned) == canonical(value)


@given(JSON)
def test_canonical_json_read_and_written_again_is_the_same_text(value: object) -> None:
    text = canonical(value)
    assert json.loads(text) == value
    assert canonical(json.loads(text)) == text
