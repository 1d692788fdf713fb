"""Telling a leased channel: which alerts, when again, and what a failure changes."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.errors import PetmsgError
from petmsg.notify.outcome import Outcome, Trouble
from petmsg.services.notify import channel, lease
from petmsg.services.notify.lease import LeasedChannel
from tests.support.channels import add_alerts
from tests.support.fixtures import NOW, Cli, looking, working

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
TOLD, FAILED = Outcome(), Outcome(Trouble.HTTP_STATUS, 500)


def add(url: str, name: str = "ops", **how: Any) -> None:
    with working(url) as uow:
        channel.add(uow, name, **how)


def begin(url: str, name: str = "ops", *, at: datetime = NOW) -> LeasedChannel | None:
    with working(url, now=at) as uow:
        return lease.begin(uow, name)


def end(url: str, begun: LeasedChannel, outcome: Outcome = TOLD, *, at: datetime = NOW) -> None:
    with working(url, now=at) as uow:
        lease.end(uow, begun, outcome)


def tell(url: str, name: str = "ops", outcome: Outcome = TOLD, *, at: datetime = NOW) -> list[str]:
    """One note; the refs of the alerts that the channel was told of."""
    begun = begin(url, name, at=at)
    if begun is None:
        return []
    end(url, begun, outcome, at=at)
    return [each.ref for each in begun.alerts]


def refs(first: int, last: int) -> list[str]:
    return [str(number) for number in range(first, last + 1)]


def test_each_alert_is_told_once_and_again_after_a_day(cli: Cli, migrated_url: str) -> None:
    add(migrated_url)
    add_alerts(migrated_url, 2)
    assert tell(migrated_url) == ["1", "2"]
    assert tell(migrated_url) == []
    assert tell(migrated_url, at=NOW + DAY - MINUTE) == []
    assert tell(migrated_url, at=NOW + DAY) == ["1", "2"]
    assert tell(migrated_url, at=NOW + DAY + MINUTE) == []


def test_an_alert_that_counts_one_more_is_not_told_again(cli: Cli, migrated_url: str) -> None:
    add(migrated_url)
    add_alerts(migrated_url)
    assert tell(migrated_url) == ["1"]
    add_alerts(migrated_url)
    assert tell(migrated_url) == []


def test_each_channel_is_told_for_itself(cli: Cli, migrated_url: str) -> None:
    add(migrated_url)
    add_alerts(migrated_url)
    assert tell(migrated_url) == ["1"]
    add(migrated_url, "late")
    assert tell(migrated_url, "late") == ["1"]
    assert tell(migrated_url) == []


def test_ten_of_a_kind_are_one_note(cli: Cli, migrated_url: str) -> None:
    add(migrated_url)
    add_alerts(migrated_url, 23)
    add_alerts(migrated_url, 2, kind=AlertKind.MESSAGE_EXPIRED, first=50)
    assert tell(migrated_url) == refs(1, 10)
    assert tell(migrated_url) == refs(11, 20)
    assert tell(migrated_url) == refs(21, 23)
    assert tell(migrated_url) == ["50", "51"]
    assert tell(migrated_url) == []


def test_the_most_severe_comes_first(cli: Cli, migrated_url: str) -> None:
    add(migrated_url)
    add_alerts(migrated_url)
    add_alerts(migrated_url, kind=AlertKind.NO_NUMBER, severity=AlertSeverity.CRITICAL, first=9)
    assert tell(migrated_url) == ["9"]
    assert tell(migrated_url) == ["1"]


def test_a_channel_is_told_of_its_severity_and_kinds_only(cli: Cli, migrated_url: str) -> None:
    add(migrated_url, "all", severity=AlertSeverity.INFO)
    add(migrated_url)
    add(migrated_url, "urgent", severity=AlertSeverity.CRITICAL)
    add(migrated_url, "expired", kinds=[AlertKind.MESSAGE_EXPIRED])
    add_alerts(migrated_url, severity=AlertSeverity.INFO)
    add_alerts(migrated_url, kind=AlertKind.MESSAGE_EXPIRED, first=2)
    add_alerts(migrated_url, kind=AlertKind.NO_NUMBER, severity=AlertSeverity.CRITICAL, first=3)
    told = {
        name: [*tell(migrated_url, name), *tell(migrated_url, name), *tell(migrated_url, name)]
        for name in ("all", "ops", "urgent", "expired")
    }
    assert told == {
        "all": ["3", "2", "1"],
        "ops": ["3", "2"],
        "urgent": ["3"],
        "expired": ["2"],
    }


def test_an_alert_that_grows_is_told_to_who_waits_for_that(cli: Cli, migrated_url: str) -> None:
    add(migrated_url, severity=AlertSeverity.CRITICAL)
    add_alerts(migrated_url)
    assert tell(migrated_url) == []
    add_alerts(migrated_url, severity=AlertSeverity.CRITICAL)
    assert tell(migrated_url) == ["1"]


def test_what_is_done_is_not_told(cli: Cli, migrated_url: str) -> None:
    add(migrated_url)
    add_alerts(migrated_url, 2)
    cli("alert", "done", "1")
    assert tell(migrated_url) == ["2"]


def test_a_leased_channel_is_nobody_elses_until_the_lease_ends(cli: Cli, migrated_url: str) -> None:
    """A process that was killed after the lease tells nothing: at least once, never lost."""
    add(migrated_url)
    add_alerts(migrated_url)
    assert begin(migrated_url) is not None
    assert begin(migrated_url) is None
    assert begin(migrated_url, at=NOW + lease.LEASE - MINUTE) is None
    assert tell(migrated_url, at=NOW + lease.LEASE) == ["1"]


def test_a_lease_that_ended_meanwhile_is_not_taken_from_its_new_owner(
    cli: Cli, migrated_url: str
) -> None:
    add(migrated_url)
    add_alerts(migrated_url)
    late = begin(migrated_url)
    assert late is not None
    assert begin(migrated_url, at=NOW + lease.LEASE) is not None
    end(migrated_url, late, FAILED, at=NOW + lease.LEASE)
    assert begin(migrated_url, at=NOW + lease.LEASE) is None
    assert cli("alert", "list", "-o", "json").json[0]["kind"] == "message_held"
    end(migrated_url, late, at=NOW + lease.LEASE)
    assert begin(migrated_url, at=NOW + lease.LEASE) is None
    assert tell(migrated_url, at=NOW + 2 * lease.LEASE) == []  # it was told, though late


def test_a_channel_whose_note_was_stopped_is_due_again_at_once(cli: Cli, migrated_url: str) -> None:
    add(migrated_url)
    add_alerts(migrated_url)
    begun = begin(migrated_url)
    assert begun is not None
    with working(migrated_url) as uow:
        lease.give_back(uow, begun)
    assert tell(migrated_url) == ["1"]


def test_a_test_does_not_end_the_lease_of_another_process(cli: Cli, migrated_url: str) -> None:
    add(migrated_url)
    add_alerts(migrated_url)
    begun = begin(migrated_url)
    assert begun is not None
    with working(migrated_url) as uow:
        lease.works(uow, begun.channel)
    assert begin(migrated_url) is None
    end(migrated_url, begun)
    assert tell(migrated_url) == []


def test_after_a_failure_a_test_makes_a_channel_due_at_once(cli: Cli, migrated_url: str) -> None:
    add(migrated_url)
    add_alerts(migrated_url)
    begun = begin(migrated_url)
    assert begun is not None
    end(migrated_url, begun, FAILED)
    assert begin(migrated_url) is None
    with working(migrated_url) as uow:
        lease.works(uow, begun.channel)
    assert tell(migrated_url) == ["1"]


def test_a_failing_channel_waits_longer_each_time(cli: Cli, migrated_url: str) -> None:
    add(migrated_url)
    add_alerts(migrated_url)
    at, waits = NOW, []
    for _ in range(9):
        assert tell(migrated_url, outcome=FAILED, at=at) == ["1"]
        with looking(migrated_url) as cursor:
            due_at = cursor.instant("SELECT due_at FROM notify_channel")
        assert due_at is not None
        assert begin(migrated_url, at=due_at - timedelta(seconds=1)) is None
        waits.append((due_at - at) // MINUTE)
        at = due_at
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    (row,) = cli("notify", "list", "-o", "json", now=at).json
    assert (row["failures"], row["failed_at"]) == (9, "2026-02-14T15:00:00Z")


def test_a_failing_channel_is_an_alert_that_ends_when_it_works_again(
    cli: Cli, migrated_url: str
) -> None:
    add(migrated_url)
    add_alerts(migrated_url)
    for at in (NOW, NOW + MINUTE):
        tell(migrated_url, outcome=FAILED, at=at)
    (alert,) = [
        each for each in cli("alert", "list", "-o", "json").json if each["kind"] == "notify_failed"
    ]
    assert (alert["severity"], alert["entity"], alert["ref"]) == ("warning", "channel", "ops")
    assert alert["message"] == (
        "Channel ops cannot be told of alerts: its server answered 500 (Internal Server Error)."
    )
    assert (alert["command"], alert["count"]) == ("petmsg notify test ops", 2)
    tell(migrated_url, at=NOW + timedelta(hours=1))
    (closed,) = cli("alert", "list", "--done", "-o", "json").json
    assert (closed["kind"], closed["done_reason"]) == ("notify_failed", "it works again")
    (row,) = cli("notify", "list", "-o", "json").json
    assert (row["failures"], row["failed_at"], row["due_at"]) == (0, None, None)


def test_a_channel_is_told_that_another_fails_and_not_that_it_did_itself(
    cli: Cli, migrated_url: str
) -> None:
    add(migrated_url, "a")
    add(migrated_url, "b")
    add_alerts(migrated_url)
    assert tell(migrated_url, "a", FAILED) == ["1"]
    assert [tell(migrated_url, "b"), tell(migrated_url, "b")] == [["1"], ["a"]]
    later = NOW + timedelta(hours=2)
    assert tell(migrated_url, "a", FAILED, at=later) == ["1"]
    assert tell(migrated_url, "b", at=later) == []
    assert tell(migrated_url, "a", at=later + timedelta(hours=2)) == ["1"]
    assert tell(migrated_url, "a", at=later + timedelta(hours=2)) == []


def test_a_channel_that_is_removed_meanwhile_is_not_told_of_anything(
    cli: Cli, migrated_url: str
) -> None:
    add(migrated_url)
    add_alerts(migrated_url)
    begun = begin(migrated_url)
    assert begun is not None
    with working(migrated_url) as uow:
        assert channel.remove(uow, "ops")
    end(migrated_url, begun)
    end(migrated_url, begun, FAILED)
    assert begin(migrated_url) is None
    assert len(cli("alert", "list", "-o", "json").json) == 1


def test_what_is_told_is_recorded_with_the_note_or_not_at_all(cli: Cli, migrated_url: str) -> None:
    """A transaction that fails leaves the alert to be told again."""
    add(migrated_url)
    add_alerts(migrated_url)
    begun = begin(migrated_url)
    assert begun is not None

    def told_and_failed() -> None:
        with working(migrated_url) as uow:
            lease.end(uow, begun, TOLD)
            raise PetmsgError("The disk is full.")

    with pytest.raises(PetmsgError):
        told_and_failed()
    assert tell(migrated_url, at=NOW + lease.LEASE) == ["1"]


def test_another_org_is_not_told(cli: Cli, migrated_url: str) -> None:
    cli("org", "add", "tail-waggers", "--name", "Tail", "--timezone", "America/Los_Angeles")
    with working(migrated_url, org="tail-waggers") as uow:
        channel.add(uow, "ops")
    add_alerts(migrated_url, org="happy-paws")
    with working(migrated_url, org="tail-waggers") as uow:
        assert lease.begin(uow, "ops") is None
