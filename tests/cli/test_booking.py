"""petmsg booking … on both databases."""

from tests.fixtures import Cli


def test_five_bookings_of_one_client_are_one_thread_with_five_windows(cli: Cli) -> None:
    cli("client", "add", "Ann Ivers", "--phone", "+14155551001", "--ref", "C-1")
    for day in range(1, 6):
        assert cli(
            "booking", "add", "--client", "C-1", "--ref", f"B-{day}",
            "--start", f"+{day}d", "--end", f"+{day * 24 + 2}h",
        ).code == 0  # fmt: skip
    ran = cli("booking", "confirm", "--all-pending", "-o", "json")
    assert ran.code == 0, ran.err
    rows = ran.json
    assert len({row["thread"] for row in rows}) == 1
    assert len({row["window"] for row in rows}) == 5
    assert [row["reused"]["thread"] for row in rows] == [False, True, True, True, True]
