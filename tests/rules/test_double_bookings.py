"""Double bookings, held against every pair of visits."""

import random
from datetime import UTC, datetime, timedelta

from petmsg.rules.double_bookings import Clash, Visit, in_two_homes, two_sitters

START = datetime(2026, 2, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)


def visit(
    booking: str, hours: tuple[int, int], client: str, sitter: str, *, confirmed: bool = True
) -> Visit:
    first, last = hours
    return Visit(booking, confirmed, START + first * HOUR, START + last * HOUR, client, sitter)


def test_a_sitter_in_two_homes_at_once_is_found() -> None:
    long = visit("B-1", (9, 17), "C-1", "S-1")
    short = visit("B-2", (10, 11), "C-2", "S-1")
    (clash,) = in_two_homes([short, long])
    assert (clash.visit, clash.other, clash.is_certain) == (short, long, True)
    assert (clash.starts_at, clash.ends_at) == (START + 10 * HOUR, START + 11 * HOUR)
    assert two_sitters([long, short]) == []


def test_visits_that_only_touch_do_not_clash() -> None:
    assert (
        in_two_homes([visit("B-1", (9, 10), "C-1", "S-1"), visit("B-2", (10, 11), "C-2", "S-1")])
        == []
    )


def test_two_visits_in_one_home_are_no_clash() -> None:
    visits = [visit("B-1", (9, 11), "C-1", "S-1"), visit("B-2", (10, 12), "C-1", "S-1")]
    assert in_two_homes(visits) == two_sitters(visits) == []


def test_a_confirmed_visit_is_named_rather_than_a_pending_one() -> None:
    visits = [
        visit("B-1", (9, 11), "C-1", "S-1"),
        visit("B-2", (9, 15), "C-2", "S-1", confirmed=False),
        visit("B-3", (10, 12), "C-3", "S-1"),
    ]
    found = {clash.visit.booking: clash for clash in in_two_homes(visits)}
    assert found["B-3"].other.booking == "B-1"
    assert found["B-3"].is_certain
    assert not found["B-2"].is_certain


def clashing(visits: list[Visit], *, same: str, differing: str) -> dict[str, list[Visit]]:
    """For each visit the earlier ones that it begins in, by looking at every pair."""

    def before(one: Visit, other: Visit) -> bool:
        return (one.starts_at, one.booking) < (other.starts_at, other.booking)

    found: dict[str, list[Visit]] = {}
    for each in visits:
        for other in visits:
            if (
                before(other, each)
                and getattr(other, same) == getattr(each, same)
                and getattr(other, differing) != getattr(each, differing)
                and other.starts_at < each.ends_at
                and other.ends_at > each.starts_at
            ):
                found.setdefault(each.booking, []).append(other)
    return found


def test_it_finds_what_looking_at_every_pair_finds() -> None:
    for seed in range(300):
        draw = random.Random(seed)
        visits = [_drawn(draw, number) for number in range(draw.randrange(0, 40))]
        for find, same, differing in (
            (in_two_homes, "sitter", "client"),
            (two_sitters, "client", "sitter"),
        ):
            expected = clashing(visits, same=same, differing=differing)
            found: dict[str, Clash] = {clash.visit.booking: clash for clash in find(visits)}
            assert set(found) == set(expected), seed
            for booking, clash in found.items():
                assert clash.other in expected[booking], seed
                certain = clash.visit.is_confirmed and any(
                    other.is_confirmed for other in expected[booking]
                )
                assert clash.is_certain is certain, seed
                assert clash.starts_at < clash.ends_at, seed


def _drawn(draw: random.Random, number: int) -> Visit:
    first = draw.randrange(0, 30)
    return visit(
        f"B-{number}",
        (first, first + draw.randrange(1, 9)),
        f"C-{draw.randrange(4)}",
        f"S-{draw.randrange(3)}",
        confirmed=draw.random() < 0.6,
    )


def test_many_visits_at_the_same_time_take_no_list_of_pairs() -> None:
    """200,000,000 pairs: a list of them would take minutes."""
    visits = [visit(f"B-{number}", (9, 17), f"C-{number}", "S-1") for number in range(20_000)]
    assert len(in_two_homes(visits)) == 19_999
