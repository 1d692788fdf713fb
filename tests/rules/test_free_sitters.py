"""Which sitter could take over a visit, held against looking at every visit and absence."""

import random

from petmsg.enums.numbers import NumberClass, NumberStatus
from petmsg.rules.double_bookings import Visit
from petmsg.rules.free_sitters import Away, Candidate, FreeSitters
from petmsg.rules.routing.facts import NumberFact
from tests.rules.test_double_bookings import HOUR, START, visit

NUMBER = NumberFact(1, "+14155550101", NumberClass.SITTER, NumberStatus.ACTIVE)
RESTING = NumberFact(
    2, "+14155550102", NumberClass.SITTER, NumberStatus.QUARANTINED, START + 10 * HOUR
)


def team(*refs: str) -> list[Candidate]:
    return [Candidate(ref, NUMBER) for ref in refs]


def test_the_first_free_sitter_is_suggested() -> None:
    asked = visit("B-1", (9, 11), "C-1", "S-1")
    busy = visit("B-2", (10, 12), "C-2", "S-2")
    free = FreeSitters(team("S-1", "S-2", "S-3"), [asked, busy], [])
    assert free.suggest(asked, at=START) == "S-3"


def test_a_sitter_who_visits_the_client_anyway_comes_first() -> None:
    asked = visit("B-1", (9, 11), "C-1", "S-1")
    later = visit("B-2", (20, 21), "C-1", "S-3")
    free = FreeSitters(team("S-1", "S-2", "S-3"), [asked, later], [])
    assert free.suggest(asked, at=START) == "S-3"


def test_an_absent_sitter_is_not_suggested() -> None:
    asked = visit("B-1", (9, 11), "C-1", "S-1")
    away = Away("S-2", START + 10 * HOUR, START + 20 * HOUR)
    assert FreeSitters(team("S-1", "S-2"), [asked], [away]).suggest(asked, at=START) is None


def test_a_number_must_be_usable_when_the_visit_begins() -> None:
    candidates = [Candidate("S-2", RESTING)]
    for hours, found in (((9, 11), None), ((10, 11), "S-2")):
        asked = visit("B-1", hours, "C-1", "S-1")
        assert FreeSitters(candidates, [asked], []).suggest(asked, at=START) == found
    runs = visit("B-1", (9, 20), "C-1", "S-1")
    assert FreeSitters(candidates, [runs], []).suggest(runs, at=START + 10 * HOUR) == "S-2"


def test_nobody_is_suggested_for_two_homes_at_once() -> None:
    first = visit("B-1", (9, 11), "C-1", "S-1")
    second = visit("B-2", (10, 12), "C-2", "S-1")
    third = visit("B-3", (11, 12), "C-3", "S-1")
    free = FreeSitters(team("S-1", "S-2"), [first, second, third], [])
    assert [free.suggest(each, at=START) for each in (first, second, third, first)] == [
        "S-2", None, "S-2", "S-2",
    ]  # fmt: skip


def test_it_says_what_looking_at_everything_says() -> None:
    for seed in range(200):
        _compare(random.Random(seed))


def _compare(draw: random.Random) -> None:
    sitters = [f"S-{number}" for number in range(4)]

    def hours() -> tuple[int, int]:
        first = draw.randrange(30)
        return first, first + draw.randrange(1, 8)

    visits = [
        visit(f"B-{number}", hours(), f"C-{draw.randrange(4)}", draw.choice(sitters))
        for number in range(draw.randrange(25))
    ]
    spans = [(draw.choice(sitters), *hours()) for _ in range(draw.randrange(4))]
    absences = [Away(ref, START + first * HOUR, START + last * HOUR) for ref, first, last in spans]
    asked = visit("asked", hours(), "C-0", "S-0")
    free = FreeSitters(team(*sitters), visits, absences)

    def overlaps(each: Visit | Away) -> bool:
        return each.starts_at < asked.ends_at and asked.starts_at < each.ends_at

    for sitter in sitters:
        expected = not any(
            each.sitter == sitter and overlaps(each) and getattr(each, "client", "") != "C-0"
            for each in (*visits, *absences)
        )
        assert free.is_free(sitter, asked, at=START) is expected
