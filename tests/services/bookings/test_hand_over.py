"""Hand visits over: which are refused, held against looking at every visit and absence."""

import random
from datetime import timedelta

import pytest

from petmsg.clock import iso_utc
from petmsg.errors import PetmsgError
from petmsg.services.bookings.hand_over import HandOverRefused
from petmsg.services.people import absence
from tests.support.booking_commands import people
from tests.support.fixtures import NOW, Cli, lines, working

HOUR = timedelta(hours=1)
VISITS = 12


def build(cli: Cli, draw: random.Random) -> dict[str, tuple[int, int]]:
    """Visits of S-1 at any hours, some cancelled; the hours of the others by their refs."""
    people(cli)
    hours = {}
    for number in range(VISITS):
        first = draw.randrange(-10, 30)
        hours[f"B-{number}"] = (first, first + draw.randrange(1, 8))
    rows = [
        (ref, "C-1", "S-1", iso_utc(NOW + first * HOUR), iso_utc(NOW + last * HOUR))
        for ref, (first, last) in hours.items()
    ]
    header = ("ref", "client", "sitter", "starts_at", "ends_at")
    cli("booking", "import", "-", "--allow-duplicates", stdin=lines(header, *rows))
    cli("booking", "confirm", *[ref for ref in hours if draw.random() < 0.6])
    for ref in [ref for ref in hours if draw.random() < 0.2]:
        cli("booking", "cancel", ref, "--yes")
        del hours[ref]
    return hours


@pytest.mark.parametrize("seed", range(6))
def test_all_or_nothing_as_looking_at_everything_says(
    sqlite_cli: Cli, migrated_sqlite: str, seed: int
) -> None:
    draw = random.Random(seed)
    hours = build(sqlite_cli, draw)
    url = migrated_sqlite
    away = sorted(draw.sample(range(30), 2))
    since, until = sorted(draw.sample(range(30), 2))
    with working(url) as uow:
        absence.away(
            uow,
            "S-2",
            starts_at=NOW + away[0] * HOUR,
            ends_at=NOW + away[1] * HOUR,
            reason="leave",
        )
    theirs = {ref for ref, (first, last) in hours.items() if last > max(since, 0) and first < until}
    refused = {ref for ref in theirs if max(hours[ref][0], 0) < away[1] and away[0] < hours[ref][1]}
    problem: PetmsgError | None = None
    try:
        with working(url) as uow:
            done = absence.away(
                uow,
                "S-1",
                starts_at=NOW + since * HOUR,
                ends_at=NOW + until * HOUR,
                reason="ill",
                to_sitter="S-2",
            )
            assert {each.booking for each in done.visits if each.handed_over} == theirs
    except HandOverRefused as found:
        problem = found
    assert (problem is not None) is bool(refused)
    rows = sqlite_cli("booking", "list", "--all", "-o", "json").json
    now = {row["booking"]: row["sitter"] for row in rows}
    for ref in hours:
        assert now[ref] == ("S-2" if ref in theirs and not refused else "S-1")
        assert (problem is not None and f"{ref} of C-1" in problem.message) is (ref in refused)
