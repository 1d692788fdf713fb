"""Two spellings of a name can be the same person; two names cannot."""

import pytest

from petmsg.services.people.same_person import can_be_same


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Ann Ivers", "ann ivers"),
        ("Ivers, Ann", "Ann Ivers"),
        ("Ann", "Ann Ivers"),
        ("Ann & Bob Ivers", "Ann Ivers"),
        ("José Núñez", "Jose Nunez"),
        ("O\u2019Hara, Di", "Di O'Hara"),
        ("Ann (Rex) Ivers", "Ann Ivers"),
        ("???", "Ann Ivers"),
        ("李小龍", "李小龍"),
    ],
)
def test_can_be_the_same(name: str, other: str) -> None:
    assert can_be_same(name, other)
    assert can_be_same(other, name)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Ann Ivers", "Bob Ivers"),
        ("Ann Ivers", "Anna Ivers"),
        ("Ann Ivers", "Ann Stone"),
        ("李小龍", "成龍"),
    ],
)
def test_contradict_each_other(name: str, other: str) -> None:
    assert not can_be_same(name, other)
    assert not can_be_same(other, name)
