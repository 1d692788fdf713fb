"""How carriers count the segments of a message."""

import pytest

from petmsg.rules.segments import measure

GSM = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""3GPP TS 23.038, table 6.2.1, in its order, without the escape."""


def test_the_whole_gsm_alphabet_is_one_unit_a_character() -> None:
    assert len(set(GSM)) == 127
    assert (measure(GSM).encoding, measure(GSM).units) == ("GSM-7", 127)


def test_the_extension_table_is_two_units_a_character() -> None:
    assert (measure("^{}\\[~]|€").encoding, measure("^{}\\[~]|€").units) == ("GSM-7", 18)


@pytest.mark.parametrize(
    ("length", "segments"), [(0, 1), (1, 1), (160, 1), (161, 2), (306, 2), (307, 3), (1530, 10)]
)
def test_gsm_is_160_in_one_segment_and_153_in_each_of_several(length: int, segments: int) -> None:
    assert measure("a" * length).segments == segments


@pytest.mark.parametrize(("length", "segments"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3)])
def test_ucs_2_is_70_in_one_segment_and_67_in_each_of_several(length: int, segments: int) -> None:
    size = measure("я" * length)
    assert (size.encoding, size.units, size.segments) == ("UCS-2", length, segments)


@pytest.mark.parametrize(
    ("body", "character"),
    [("don’t", "’"), ("ok 🐶", "🐶"), ("ç", "ç"), ("a\tb", "\t"), ("`", "`"), ("€ 5 → 6", "→")],
)
def test_the_first_character_that_makes_a_text_expensive_is_named(
    body: str, character: str
) -> None:
    size = measure(body)
    assert (size.encoding, size.forced_by) == ("UCS-2", character)


def test_a_text_in_gsm_was_forced_by_nothing() -> None:
    assert measure("Rex is well: 5 € [paid]").forced_by is None


def test_an_emoji_is_two_units() -> None:
    assert measure("🐶" * 35).segments == 1
    assert measure("🐶" * 36).segments == 2
    assert measure("🐶").units == 2


def test_a_character_of_two_units_is_never_split_between_segments() -> None:
    """152 units leave one free, and the euro sign needs two: it moves to the next segment."""
    assert measure("a" * 152 + "€" + "a" * 151).units == 305
    assert measure("a" * 152 + "€" + "a" * 151).segments == 2
    assert measure("a" * 152 + "€" + "a" * 152).units == 306
    assert measure("a" * 152 + "€" + "a" * 152).segments == 3
    assert measure("я" + "🐶" * 66).units == 133
    assert measure("🐶" * 67).units == 134
    assert measure("🐶" * 67).segments == 3, "33 to a segment, and one unit of each stays free"
