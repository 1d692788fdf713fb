"""A day as lanes: one for each sitter, whatever the clocks do."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petmsg.days import span_of_day
from petmsg.render.day_lanes import hours, lanes_of
from petmsg.render.field_types import BAD
from petmsg.render.timeline_lanes import AWAY, BOOKED, GRACE, HANDOFF, LEAD, PENDING
from tests.support.a_day import HOUR, START, ZONE, a_day, absence, org_named, visit

SITTERS = [("S-1", "Maya"), ("S-2", "Olga"), ("S-3", "Kim")]


def test_each_sitter_has_one_lane_by_their_first_visit() -> None:
    day = a_day(
        [visit(9, 10, sitter="S-2"), visit(8, 9, sitter=None), visit(11, 12, sitter="S-2"),
         visit(8, 9, sitter="S-7")],
        sitters=SITTERS,
    )  # fmt: skip
    assert [lane.name for lane in lanes_of(day)] == [
        "no sitter", "Sitter S-7 (S-7)", "Sitter S-2 (S-2)", "Kim (S-3)", "Maya (S-1)",
    ]  # fmt: skip
    assert lanes_of(a_day()) == []


def test_grace_and_lead_are_beside_what_is_booked() -> None:
    each = visit(9, 10)
    led = each.row._replace(window_starts_at=START + 8.5 * HOUR)
    around = visit(-3, -0.5, booking="B-9").row
    day = a_day([type(each)(led, each.state, None)], around=[around])
    (lane,) = lanes_of(day)
    assert [(bar.kind, bar.start, bar.end) for bar in lane.bars] == [
        (LEAD, START + 8.5 * HOUR, START + 9 * HOUR),
        (GRACE, START + 10 * HOUR, START + 11 * HOUR),
        (GRACE, START - HOUR / 2, START + HOUR / 2),
        (BOOKED, START + 9 * HOUR, START + 10 * HOUR),
    ]
    assert lane.bars[-1].title == "B-1, Ann Ivers, 09:00-10:00"


def test_absences_are_below_the_visits_which_are_marked() -> None:
    day = a_day(
        [visit(9, 10), visit(15, 16, booking="B-2", is_pending=True), visit(19, 20, booking="B-3")],
        absences=[absence(0, 12)],
    )
    (lane,) = lanes_of(day)
    assert (lane.bars[0].kind, lane.bars[0].title) == (AWAY, "away: ill")
    booked = {bar.title[:3]: bar for bar in lane.bars if bar.kind in (BOOKED, PENDING)}
    assert booked["B-1"].tone == BAD
    assert (booked["B-2"].kind, booked["B-2"].tone) == (PENDING, "")
    assert booked["B-2"].title.endswith(", pending")
    assert booked["B-3"].tone == ""


def test_a_hand_off_is_marked_where_the_second_sitter_begins() -> None:
    day = a_day([visit(9, 10), visit(12, 13, booking="B-2", sitter="S-2")])
    first, second = lanes_of(day)
    assert first.marks == ()
    assert second.marks == ((START + 12 * HOUR, HANDOFF, "Ann Ivers: from Sitter S-1"),)


@pytest.mark.parametrize(
    ("day", "zone", "labels"),
    [
        (date(2026, 2, 14), ZONE, [f"{hour:02}" for hour in range(24)]),
        (date(2026, 3, 8), ZONE, ["00", "01", "03", "04"]),
        (date(2026, 11, 1), ZONE, ["00", "01", "01", "02", "03"]),
        (date(2026, 4, 24), "Africa/Cairo", ["01", "02"]),
        (date(2026, 10, 4), "Australia/Lord_Howe", ["00", "01", "03", "04"]),
        (date(2026, 4, 5), "Australia/Lord_Howe", ["00", "01", "02", "03"]),
    ],
)
def test_the_axis_has_the_local_hours(day: date, zone: str, labels: list[str]) -> None:
    start, _ = span_of_day(day, zone)
    there = a_day(day=day, org=org_named(timezone=zone), now=start)
    found = hours(there, room=30)
    assert [label for _, label in found][: len(labels)] == labels
    assert found == sorted(found)
    assert all(there.start <= at < there.end for at, _ in found)


@given(st.integers(1, 200))
def test_labels_have_room(room: int) -> None:
    assert len(hours(a_day(), room=room)) <= max(room, 2)


@given(
    st.dates(date(2020, 1, 1), date(2035, 1, 1)),
    st.sampled_from([ZONE, "Europe/Berlin", "Africa/Cairo", "America/Havana", "Asia/Kathmandu"]),
)
def test_ticks_are_at_their_hours(day: date, zone: str) -> None:
    start, end = span_of_day(day, zone)
    there = a_day(day=day, org=org_named(timezone=zone), now=start)
    found = hours(there, room=30)
    assert abs(len(found) - (end - start) / timedelta(hours=1)) <= 1
