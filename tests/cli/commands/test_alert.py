"""petmsg alert, and raising what it shows."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from petmsg.enums.alerts import AlertKind, AlertSeverity
from petmsg.services.alert import raise_alert
from petmsg.services.unit_of_work import UnitOfWork
from tests.support.fixtures import NOW, Cli, Ran, add_org, looking, run_cli, working

INFO, WARNING, CRITICAL = AlertSeverity.INFO, AlertSeverity.WARNING, AlertSeverity.CRITICAL


@pytest.fixture
def url(migrated_url: str) -> str:
    add_org(migrated_url)
    return migrated_url


@pytest.fixture
def sqlite_url(migrated_sqlite: str) -> str:
    add_org(migrated_sqlite)
    return migrated_sqlite


def opened(
    url: str,
    ref: str = "7",
    *,
    severity: AlertSeverity = WARNING,
    now: datetime = NOW,
    org: str | None = None,
    **words: Any,
) -> int:
    with working(url, now=now, org=org) as uow:
        return raised(uow, ref, severity=severity, **words)


def raised(
    uow: UnitOfWork,
    ref: str = "7",
    *,
    severity: AlertSeverity = WARNING,
    kind: AlertKind = AlertKind.NO_NUMBER,
    message: str = "No number for it",
    command: str | None = "petmsg coverage",
) -> int:
    return raise_alert(
        uow,
        kind,
        severity=severity,
        entity="message",
        ref=ref,
        message=message,
        command=command,
    )


def rows(url: str, *options: str, now: datetime = NOW) -> list[dict[str, Any]]:
    ran = run_cli(url, "alert", "list", *options, "-o", "json", now=now)
    assert ran.code in (0, 10), ran.err
    found: list[dict[str, Any]] = ran.json
    return found


def ids(url: str, *options: str) -> list[int]:
    return [row["alert"] for row in rows(url, *options)]


def done(url: str, *arguments: str, now: datetime = NOW) -> Ran:
    return run_cli(url, "alert", "done", *arguments, "-o", "json", now=now)


def events(url: str, event: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run_cli(url, "audit", "list", "--event", event, "-o", "json").json
    return found


# ----------------------------------------------------------------------------------------- raising


def test_an_alert_says_what_happened_whom_it_is_about_and_what_helps(url: str) -> None:
    id_ = opened(url)
    assert rows(url) == [
        {
            "alert": id_,
            "org": "happy-paws",
            "severity": "warning",
            "kind": "no_number",
            "entity": "message",
            "ref": "7",
            "ref_name": None,
            "message": "No number for it",
            "command": "petmsg coverage",
            "count": 1,
            "opened_at": "2026-02-14T15:00:00Z",
            "last_at": "2026-02-14T15:00:00Z",
            "done_at": None,
            "done_by": None,
            "done_reason": None,
        }
    ]


def test_the_same_matter_is_counted_and_takes_the_new_words(url: str) -> None:
    first = opened(url)
    later = NOW + timedelta(hours=2)
    assert opened(url, message="Still none", command=None, now=later) == first
    (row,) = rows(url)
    assert (row["count"], row["message"], row["command"]) == (2, "Still none", None)
    assert row["opened_at"] == "2026-02-14T15:00:00Z"
    assert row["last_at"] == "2026-02-14T17:00:00Z"


def test_a_clock_that_steps_back_takes_no_last_time_back(url: str) -> None:
    opened(url)
    opened(url, now=NOW - timedelta(hours=1))
    assert rows(url)[0]["last_at"] == "2026-02-14T15:00:00Z"


@pytest.mark.parametrize("first", AlertSeverity)
@pytest.mark.parametrize("second", AlertSeverity)
def test_the_graver_severity_stays(
    sqlite_url: str, first: AlertSeverity, second: AlertSeverity
) -> None:
    order = [INFO, WARNING, CRITICAL]
    opened(sqlite_url, severity=first)
    opened(sqlite_url, severity=second)
    assert rows(sqlite_url)[0]["severity"] == max(first, second, key=order.index)


def test_another_kind_or_noun_is_another_matter(url: str) -> None:
    with working(url) as uow:
        made = {
            raised(uow, "7"),
            raised(uow, "8"),
            raised(uow, "7", kind=AlertKind.MESSAGE_HELD),
        }
    assert len(made) == 3


def test_only_the_opening_is_audited(url: str) -> None:
    id_ = opened(url)
    opened(url)
    (event,) = events(url, "alert.raised")
    assert (event["entity"], event["ref"]) == ("alert", str(id_))
    assert event["payload"] == {
        "kind": "no_number",
        "severity": "warning",
        "entity": "message",
        "about": "7",
    }


def test_a_matter_that_comes_back_opens_a_new_alert(url: str) -> None:
    first = opened(url)
    assert done(url, str(first)).code == 0
    second = opened(url)
    assert second != first
    assert rows(url)[0]["count"] == 1
    assert len(events(url, "alert.raised")) == 2


def test_what_is_rolled_back_raised_nothing(url: str) -> None:
    class Undone(Exception):
        pass

    def fail() -> None:
        with working(url) as uow:
            raised(uow)
            raise Undone

    with pytest.raises(Undone):
        fail()
    assert rows(url) == []
    assert events(url, "alert.raised") == []


def test_many_who_raise_the_same_matter_at_once_leave_one_alert(url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: opened(url), range(24)))
    (row,) = rows(url)
    assert made == {row["alert"]}
    assert row["count"] == 24
    assert len(events(url, "alert.raised")) == 1
    assert run_cli(url, "audit", "verify").code == 0


def test_it_waits_for_another_transaction_that_is_raising_the_same(migrated_url: str) -> None:
    """The second comes while the first has not committed; on PostgreSQL both are open at once."""
    add_org(migrated_url)
    with ThreadPoolExecutor(1) as pool:
        with working(migrated_url) as uow:
            first = raised(uow)
            other = pool.submit(opened, migrated_url)
            with pytest.raises(TimeoutError):
                other.result(timeout=0.3)
        assert other.result(timeout=20) == first
    assert rows(migrated_url)[0]["count"] == 2


# ----------------------------------------------------------------------------------------- listing


def test_the_gravest_come_first_and_the_newest_of_them(url: str) -> None:
    made = [
        opened(url, str(index), severity=severity)
        for index, severity in enumerate((CRITICAL, INFO, WARNING, CRITICAL, INFO, WARNING))
    ]
    assert ids(url) == [made[3], made[0], made[5], made[2], made[4], made[1]]


@pytest.mark.parametrize(
    ("severity", "shown"),
    [("info", "critical warning info"), ("warning", "critical warning"), ("critical", "critical")],
)
def test_a_list_can_begin_at_a_severity(sqlite_url: str, severity: str, shown: str) -> None:
    for each in AlertSeverity:
        opened(sqlite_url, each.value, severity=each)
    found = rows(sqlite_url, "--severity", severity)
    assert [row["severity"] for row in found] == shown.split()


def test_a_list_is_turned_page_by_page_without_a_gap(url: str) -> None:
    order = [INFO, CRITICAL, WARNING]
    for index in range(9):
        opened(url, str(index), severity=order[index % 3])
    everything = ids(url, "--all")
    pages: list[int] = []
    before: list[str] = []
    while page := ids(url, "--limit", "2", *before):
        pages += page
        before = ["--before", str(page[-1])]
    assert pages == everything
    assert len(everything) == 9


def test_a_list_shows_the_newest_100(sqlite_url: str) -> None:
    with working(sqlite_url) as uow:
        made = [raised(uow, str(index)) for index in range(101)]
    assert ids(sqlite_url) == made[:0:-1]
    assert len(ids(sqlite_url, "--all")) == 101


def test_what_is_done_has_a_list_of_its_own_newest_first(url: str) -> None:
    made = [opened(url, ref, severity=each) for ref, each in zip("123", AlertSeverity, strict=True)]
    done(url, str(made[0]), str(made[1]))
    assert ids(url) == [made[2]]
    assert ids(url, "--done") == [made[1], made[0]]
    assert ids(url, "--done", "--before", str(made[1])) == [made[0]]


def test_a_list_covers_every_org_unless_one_is_named(url: str) -> None:
    add_org(url, "calm-cats", front_desk="+14155550199", timezone="America/Los_Angeles")
    here = opened(url, org="happy-paws")
    there = opened(url, org="calm-cats")
    assert {(row["alert"], row["org"]) for row in rows(url)} == {
        (here, "happy-paws"),
        (there, "calm-cats"),
    }
    assert ids(url, "--org", "calm-cats") == [there]
    assert run_cli(url, "alert", "list", "--org", "nobody").code == 3


def test_a_table_shows_each_alert_in_the_time_of_its_org(sqlite_url: str) -> None:
    add_org(sqlite_url, "calm-cats", front_desk="+14155550199", timezone="America/Los_Angeles")
    opened(sqlite_url, org="happy-paws")
    opened(sqlite_url, org="calm-cats")
    shown = run_cli(sqlite_url, "alert", "list", "-o", "table").out
    assert "2026-02-14 10:00 EST" in shown
    assert "2026-02-14 07:00 PST" in shown


def test_a_check_exits_10_while_something_is_open_and_shows_it(url: str) -> None:
    assert run_cli(url, "alert", "list", "--check").code == 0
    id_ = opened(url)
    ran = run_cli(url, "alert", "list", "--check", "-o", "json")
    assert (ran.code, [row["alert"] for row in ran.json]) == (10, [id_])
    assert run_cli(url, "alert", "list").code == 0
    assert run_cli(url, "alert", "list", "--check", "--severity", "critical").code == 0
    assert run_cli(url, "alert", "list", "--check", "--severity", "warning").code == 10
    done(url, str(id_))
    assert run_cli(url, "alert", "list", "--check").code == 0


def test_a_check_of_what_is_done_is_wrong_usage(sqlite_url: str) -> None:
    ran = run_cli(sqlite_url, "alert", "list", "--check", "--done", "-o", "json")
    assert (ran.code, ran.error["code"]) == (2, "usage")


def test_a_database_without_an_org_has_no_alerts(migrated_sqlite: str) -> None:
    assert run_cli(migrated_sqlite, "alert", "list", "--check").code == 0
    assert run_cli(migrated_sqlite, "alert", "done", "1").code == 3


# ----------------------------------------------------------------------------------- showing, doing


def test_one_alert_is_shown_in_full(url: str) -> None:
    id_ = opened(url)
    shown = run_cli(url, "alert", "show", str(id_), "-o", "json")
    assert (shown.code, shown.json) == (0, rows(url)[0])


def test_done_says_by_whom_when_and_why(url: str) -> None:
    id_ = opened(url)
    later = NOW + timedelta(minutes=5)
    ran = done(url, str(id_), "--reason", "added a pool number", now=later)
    assert ran.code == 0
    assert ran.json == [
        {
            "alert": id_,
            "org": "happy-paws",
            "kind": "no_number",
            "entity": "message",
            "ref": "7",
            "done_at": "2026-02-14T15:05:00Z",
            "done_by": "tester@host",
            "done_reason": "added a pool number",
            "reused": False,
        }
    ]
    (event,) = events(url, "alert.done")
    assert (event["ref"], event["reason"]) == (str(id_), "added a pool number")


def test_done_again_changes_nothing(url: str) -> None:
    id_ = str(opened(url))
    first = done(url, id_, "--reason", "seen").json[0]
    again = done(url, id_, "--reason", "again", now=NOW + timedelta(hours=1))
    assert again.code == 0
    assert again.json == [{**first, "reused": True}]
    assert len(events(url, "alert.done")) == 1


def test_several_are_done_each_for_itself(url: str) -> None:
    one, two = str(opened(url, "1")), str(opened(url, "2"))
    ran = done(url, one, "999", two, "x")
    assert ran.code == 4
    good = [row["alert"] for row in ran.json if "alert" in row]
    bad = {row["ref"]: row["error"]["code"] for row in ran.json if "error" in row}
    assert good == [int(one), int(two)]
    assert bad == {"999": "alert_not_found", "x": "out_of_range"}
    assert rows(url) == []


@pytest.mark.parametrize(
    ("text", "code", "exit_code"),
    [
        ("999", "alert_not_found", 3),
        ("0", "alert_not_found", 3),
        ("99999999999", "alert_not_found", 3),
        ("x", "out_of_range", 2),
        ("9" * 40, "out_of_range", 2),
        ("\u0663", "out_of_range", 2),
    ],
)
@pytest.mark.parametrize("verb", ["show", "done"])
def test_an_alert_that_is_not_there(
    sqlite_url: str, verb: str, text: str, code: str, exit_code: int
) -> None:
    ran = run_cli(sqlite_url, "alert", verb, text, "-o", "json")
    assert (ran.code, ran.error["code"], ran.out) == (exit_code, code, "")


def test_an_id_is_enough_where_there_are_several_orgs(url: str) -> None:
    add_org(url, "calm-cats", front_desk="+14155550199")
    here, there = opened(url, org="happy-paws"), opened(url, org="calm-cats")
    shown = run_cli(url, "alert", "show", str(there), "-o", "json").json
    assert (shown["alert"], shown["org"]) == (there, "calm-cats")
    ran = done(url, str(there), str(here), "999")
    assert ran.code == 4
    assert {row["org"] for row in ran.json if "alert" in row} == {"happy-paws", "calm-cats"}
    assert rows(url) == []


def test_an_alert_of_another_org_is_not_found_where_one_is_named(url: str) -> None:
    add_org(url, "calm-cats", front_desk="+14155550199")
    there = str(opened(url, org="calm-cats"))
    for verb in ("show", "done"):
        assert run_cli(url, "alert", verb, there, "--org", "happy-paws").code == 3
    assert len(rows(url)) == 1


def test_a_dry_run_leaves_it_open(url: str) -> None:
    id_ = str(opened(url))
    assert done(url, id_, "--dry-run").json[0]["done_by"] == "tester@host"
    assert ids(url) == [int(id_)]
    assert events(url, "alert.done") == []


def test_an_empty_reason_is_wrong_usage(sqlite_cli: Cli, migrated_sqlite: str) -> None:
    id_ = str(opened(migrated_sqlite))
    assert sqlite_cli("alert", "done", id_, "--reason", " ").code == 2
    with looking(migrated_sqlite) as cursor:
        assert cursor.value("SELECT count(*) FROM alert WHERE done_at IS NULL") == 1


# ------------------------------------------------------------------------------------- for cron


def test_an_alert_is_reported_once_and_again_after_a_day(cli: Cli, migrated_url: str) -> None:
    add_org(migrated_url)

    def told(now: datetime = NOW) -> list[int]:
        ran = cli("alert", "tell", "-o", "jsonl", now=now)
        rows = [json.loads(line)["alert"] for line in ran.out.splitlines()]
        assert ran.code == (10 if rows else 0), ran.err
        return rows

    assert told() == []
    with working(migrated_url) as uow:
        for ref, severity in (("a", AlertSeverity.WARNING), ("b", AlertSeverity.CRITICAL)):
            raise_alert(
                uow, AlertKind.NO_NUMBER, severity=severity, entity="x", ref=ref, message="m"
            )
    assert told() == [2, 1]
    assert told(NOW + timedelta(hours=23)) == []
    with working(migrated_url) as uow:
        raise_alert(
            uow,
            AlertKind.NO_NUMBER,
            severity=AlertSeverity.INFO,
            entity="x",
            ref="c",
            message="m",
        )
    assert told(NOW + timedelta(hours=23)) == [3]
    cli("alert", "done", "1", now=NOW)
    assert told(NOW + timedelta(hours=24)) == [2]
    dry = cli("alert", "tell", "--dry-run", "-o", "jsonl", now=NOW + timedelta(hours=48))
    assert len(dry.out.splitlines()) == 2
    assert told(NOW + timedelta(hours=48)) == [2, 3]
