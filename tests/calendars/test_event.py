"""The refs of a calendar's visits."""

import pytest

from petmsg.calendars.event import stem_of_ref, stem_of_uid
from petmsg.text_inputs import LONGEST_REF, parse_ref


@pytest.mark.parametrize("uid", ["abc123@google.com", "7", "x" * 47])
def test_a_uid_is_the_ref(uid: str) -> None:
    assert stem_of_uid(uid) == uid


@pytest.mark.parametrize("uid", ["x" * 48, "a/b", "+14155550101", "\u200b", "a\tb", "040000" * 30])
def test_a_uid_that_cannot_be_one_is_shortened(uid: str) -> None:
    stem = stem_of_uid(uid)
    assert stem.startswith("ics-")
    assert stem == stem_of_uid(uid) != stem_of_uid(uid + "1")


@pytest.mark.parametrize("uid", ["abc@google.com", "x" * 47, "x" * 400])
def test_the_ref_of_a_visit_is_a_ref_and_names_its_event(uid: str) -> None:
    ref = f"{stem_of_uid(uid)}/20260214T090000Z"
    assert len(parse_ref(ref)) <= LONGEST_REF
    assert stem_of_ref(ref) == stem_of_uid(uid)
