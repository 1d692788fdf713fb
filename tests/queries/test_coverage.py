"""The windows to come are found by their bookings, however long their grace is."""

from petmsg.queries import coverage
from tests.queries.test_today import is_read_by
from tests.support.fixtures import Cli
from tests.support.texting import people


def test_windows_to_come_are_read_by_the_index_of_the_days(migrated_url: str) -> None:
    assert is_read_by(migrated_url, coverage.WINDOWS, "ix_booking_org_id_ends_at")


def test_the_longest_grace_is_found_until_it_is_over(cli: Cli) -> None:
    """A week behind a visit, which is the longest grace there may be."""
    people(cli)
    assert cli("org", "set", "--grace-minutes", "10080").code == 0
    for ref, end in (("B-1", "-10079m"), ("B-2", "-10080m")):
        cli("booking", "add", "--ref", ref, "--client", "C-1", "--start", "-8d", "--end", end)
        assert cli("booking", "confirm", ref).code == 0
    rows = cli("coverage", "--findings", "-o", "json").json
    assert [row["booking"] for row in rows] == ["B-1"]
