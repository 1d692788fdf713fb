"""petmsg message receive: stored once, in the right thread, with who is to read it."""

from datetime import timedelta

import pytest

from tests.support.fixtures import NOW, Cli, add_org, looking
from tests.support.incoming import BOB, STRANGER, comes, relayed, waiting
from tests.support.texting import (
    ANN,
    DESK,
    MAYA,
    OLGA,
    POOL,
    alerts,
    events,
    people_and_visit,
    send,
)

SECOND = timedelta(seconds=1)


@pytest.fixture
def ready(cli: Cli) -> Cli:
    people_and_visit(cli)
    return cli


def test_the_shape_of_the_answer(ready: Cli) -> None:
    told = comes(ready, sid="SM1")
    assert told == {
        "message": 1,
        "duplicate": False,
        "org": "happy-paws",
        "number": MAYA,
        "client": "C-1",
        "client_name": "Ann",
        "addressed_to": "S-1",
        "addressed_to_name": "Maya Lee",
        "code": "WINDOW_ACTIVE",
        "reason": "Active assignment window for sitter Maya Lee until 12:00",
        "did": [],
        "media": [],
        "trace": told["trace"],
    }
    assert events(ready, 1) == ["message.received"]


def test_the_same_provider_id_is_stored_once(ready: Cli, migrated_url: str) -> None:
    first = comes(ready, sid="SM1")
    again = comes(ready, "other words", sid="SM1", now=NOW + SECOND)
    assert (again["message"], again["duplicate"]) == (first["message"], True)
    for name in ("addressed_to", "addressed_to_name", "client", "client_name"):
        assert again[name] == first[name], name
    comes(ready, sid="SM2")
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT count(*) FROM message") == 2
        assert cursor.value("SELECT count(*) FROM thread") == 1
    assert events(ready, 1) == ["message.received"]


def test_without_an_id_each_is_a_text_of_its_own(ready: Cli) -> None:
    assert [comes(ready)["message"], comes(ready)["message"]] == [1, 2]


def test_explaining_and_receiving_agree(ready: Cli) -> None:
    for sender, to in ((ANN, MAYA), (ANN, OLGA), (ANN, POOL), (ANN, DESK), (STRANGER, MAYA)):
        asked = ready("route", "inbound", "--from", sender, "--to", to, "-o", "json").json
        told = comes(ready, sender=sender, to=to)
        for name in ("org", "number", "client", "addressed_to", "code", "reason", "trace"):
            assert told[name] == asked[name], name


def test_what_no_sitter_reads_waits_in_the_inbox(ready: Cli) -> None:
    at_the_desk = comes(ready, to=DESK)["message"]
    strange = comes(ready, sender=STRANGER)["message"]
    hers = comes(ready)["message"]
    assert waiting(ready) == [at_the_desk, strange, hers]
    assert waiting(ready, "--for", "S-1") == [hers]
    assert waiting(ready, "--for", "unrouted") == [strange]


def test_a_client_who_never_had_a_thread_gets_one(ready: Cli) -> None:
    told = comes(ready, "Hello", sender=BOB, to=POOL)
    assert told["client"] == "C-2"
    shown = ready("thread", "show", "C-2", "-o", "json").json
    assert [each["message"] for each in shown["messages"]] == [told["message"]]


def test_a_text_to_a_former_number_is_the_clients_and_not_the_new_holders(ready: Cli) -> None:
    send(ready, "--as", "S-1")
    ready("sitter", "renumber", "S-1", "--to", POOL, "--reason", "x", now=NOW + SECOND)
    ready("number", "add", "+14155550104", "--class", "sitter", now=NOW + SECOND)
    renumbered = ready("sitter", "renumber", "S-1", "--reason", "x", now=NOW + SECOND)
    assert renumbered.code == 0, renumbered.err
    told = comes(ready, now=NOW + 2 * SECOND)
    assert (told["client"], told["addressed_to"], told["code"]) == (
        "C-1",
        "front_desk",
        "FORMER_NUMBER",
    )


def test_a_text_to_a_number_that_was_never_ours_is_stored_as_unmatched_with_an_alert(
    ready: Cli, migrated_url: str
) -> None:
    words = ("message", "receive", "--from", ANN, "--to", "+19995550100", "--body", "Hi")
    for _ in range(2):
        ran = ready(*words, "--sid", "SM9", "-o", "json")
        assert (ran.code, ran.error["code"]) == (4, "number_never_ours")
    assert alerts(ready) == [("stray_text", "+19995550100")]
    strays = ready("inbox", "strays", "-o", "json").json
    assert [(each["to"], each["body"], each["org"]) for each in strays] == [
        ("+19995550100", "Hi", None)
    ]
    assert ANN not in ready("inbox", "strays", "-o", "json").out
    table = ready("inbox", "strays", "-o", "table")
    assert (table.code, "+19995550100" in table.out, "Hi" in table.out) == (0, True, True)
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT count(*) FROM message") == 0


def test_an_unmatched_message_is_adopted_once_its_number_is_ours(ready: Cli) -> None:
    new = "+14155550188"
    ready("message", "receive", "--from", ANN, "--to", new, "--body", "Hi", "--sid", "SM9")
    refused = ready("inbox", "adopt", "1", "-o", "json")
    assert (refused.code, refused.error["code"]) == (4, "number_never_ours")
    ready("number", "add", new, "--class", "pool", now=NOW + SECOND)
    later = {"now": NOW + 2 * SECOND}
    adopted = ready("inbox", "adopt", "1", "-o", "json", **later).json
    assert (adopted["client"], adopted["duplicate"]) == ("C-1", False)
    assert ready("inbox", "adopt", "1", "-o", "json", **later).json["duplicate"]
    assert ready("inbox", "strays", "-o", "json").json == []
    # The provider brings it once more: it is there.
    assert comes(ready, to=new, sid="SM9", **later)["duplicate"]


def test_another_orgs_number_is_that_orgs_text(ready: Cli, migrated_url: str) -> None:
    add_org(migrated_url, "cosy-cats", front_desk="+14155550200")
    ready("client", "add", "Ann Elsewhere", "--phone", ANN, "--org", "cosy-cats")
    told = comes(ready, to="+14155550200")
    assert (told["org"], told["client"]) == ("cosy-cats", "C-1")
    assert waiting(ready, "--org", "happy-paws") == []
    assert waiting(ready, "--org", "cosy-cats") == [told["message"]]


def test_what_is_no_clean_text_is_stored_all_the_same(ready: Cli) -> None:
    told = comes(ready, "a\x00b \x1b[31m" + "x" * 30_000)
    body = ready("message", "show", str(told["message"]), "-o", "json").json["body"]
    assert body.startswith("a\N{REPLACEMENT CHARACTER}b \x1b[31mx")
    assert body.endswith("[cut off]")
    table = ready("thread", "show", "C-1", "-o", "table").out
    assert "\x1b" not in table


def test_an_empty_text_is_stored(ready: Cli) -> None:
    assert comes(ready, "")["addressed_to"] == "S-1"


def test_a_time_to_come_or_a_bad_id_is_wrong_usage(ready: Cli) -> None:
    for extra in (("--at", "+1m"), ("--sid", ""), ("--sid", "x" * 65)):
        ran = ready(
            "message", "receive", "--from", ANN, "--to", MAYA, "--body", "x", *extra, "-o", "json"
        )
        assert (ran.code, ran.error["code"]) == (2, "out_of_range")


def test_an_old_text_is_read_as_of_its_time(ready: Cli) -> None:
    """It was received late: the window has ended, and the sitter gets no message."""
    ready("org", "set", "--relay", "on")
    late = {"now": NOW + timedelta(hours=5)}
    told = comes(ready, sid="SM7", **late)
    assert told["code"] == "NO_ACTIVE_WINDOW"
    ran = ready(
        "message", "receive", "--from", ANN, "--to", MAYA, "--body", "Hi",
        "--at", "2026-02-14T15:00Z", "-o", "json", **late,
    )  # fmt: skip
    assert (ran.json["addressed_to"], ran.json["did"]) == (
        "S-1",
        ["the message is old: left in the inbox"],
    )
    assert ran.json["message"] in waiting(ready)


def test_a_dry_run_stores_nothing(ready: Cli, migrated_url: str) -> None:
    words = ("message", "receive", "--from", ANN, "--to", MAYA, "--body", "Hi", "--dry-run")
    assert ready(*words).code == 0
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT count(*) FROM message") == 0
    assert relayed(migrated_url) == []


# ----------------------------------------------------------------------------- STOP, START, HELP


def test_stop_counts_for_the_whole_org_and_reaches_no_sitter(ready: Cli, migrated_url: str) -> None:
    ready("org", "set", "--relay", "on", "--unknown-reply", "Who is it?")
    told = comes(ready, "Stop.")
    assert (told["addressed_to"], told["code"], told["did"]) == (
        "front_desk",
        "KEYWORD_STOP",
        ["opted out"],
    )
    assert relayed(migrated_url) == []
    refused = send(ready)
    assert (refused.code, refused.error["code"]) == (4, "opted_out")
    assert comes(ready, "STOP")["did"] == []
    assert alerts(ready) == []
    assert comes(ready, "start")["did"] == ["the opt-out has ended"]
    assert send(ready).code == 0


def test_yes_means_start_only_after_a_stop(ready: Cli) -> None:
    assert comes(ready, "Yes")["code"] == "WINDOW_ACTIVE"
    comes(ready, "STOP")
    assert comes(ready, "Yes")["code"] == "KEYWORD_START"
    assert comes(ready, "Yes")["code"] == "WINDOW_ACTIVE"


@pytest.mark.parametrize("word", ["Cancel", "END"])
def test_a_word_that_may_mean_the_visit_opts_out_and_asks_a_person(ready: Cli, word: str) -> None:
    assert comes(ready, word)["did"] == ["opted out"]
    assert alerts(ready) == [("opt_out_word", "C-1")]


def test_a_strangers_stop_holds_when_they_become_a_client(ready: Cli) -> None:
    assert comes(ready, "STOP", sender=STRANGER)["did"] == ["opted out"]
    ready("client", "add", "Cleo", "--phone", STRANGER, "--ref", "C-9")
    assert send(ready, client="C-9").error["code"] == "opted_out"


def test_help_is_for_the_desk_and_answered_by_the_carrier(ready: Cli, migrated_url: str) -> None:
    ready("org", "set", "--relay", "on")
    told = comes(ready, "HELP")
    assert (told["addressed_to"], told["code"]) == ("front_desk", "KEYWORD_HELP")
    assert relayed(migrated_url) == []
    assert waiting(ready) == [told["message"]]


# ------------------------------------------------------------------------------------ auto-reply


def test_a_stranger_is_answered_once_in_24_hours(ready: Cli, migrated_url: str) -> None:
    ready("org", "set", "--unknown-reply", "Who is it?")
    assert comes(ready, sender=STRANGER)["did"] == ["answered automatically"]
    for later in (SECOND, timedelta(hours=23, minutes=59)):
        assert comes(ready, sender=STRANGER, now=NOW + later)["did"] == []
    day = timedelta(hours=24)
    assert comes(ready, sender=STRANGER, now=NOW + day)["did"] == ["answered automatically"]
    assert [each[:3] for each in relayed(migrated_url)] == [
        ("auto_reply", STRANGER, "Who is it?"),
        ("auto_reply", STRANGER, "Who is it?"),
    ]


def limits(cli: Cli) -> list[tuple[str, int]]:
    rows = cli("alert", "list", "-o", "json").json
    return [(row["ref"], row["count"]) for row in rows if row["kind"] == "auto_reply_limit"]


def test_strangers_in_other_countries_are_not_answered(ready: Cli, migrated_url: str) -> None:
    """Satellites, and islands that share +1: whoever owns such a number earns by each answer."""
    ready("org", "set", "--unknown-reply", "Who is it?")
    for place in range(120):
        comes(ready, "Hello", sender=f"+8816{place:08}", to=DESK)
    for sender in ("+18765550123", "+447700900123"):
        assert comes(ready, "Hello", sender=sender, to=DESK)["did"] == []
    assert relayed(migrated_url) == []
    assert sorted(ref for ref, _ in limits(ready)) == ["+1876", "+44", "+881"]
    ready("client", "add", "Eve", "--phone", "+447700900999")
    told = comes(ready, "Hello", sender="+447700900124", to=DESK)
    assert told["did"] == ["answered automatically"]


def test_so_many_strangers_are_answered_in_an_hour(ready: Cli, migrated_url: str) -> None:
    ready("org", "set", "--unknown-reply", "Who is it?")
    for place in range(23):
        comes(ready, sender=f"+161755501{place:02}", to=DESK, now=NOW + place * SECOND)
    assert len(relayed(migrated_url)) == 20
    assert limits(ready) == [("happy-paws", 3)]
    later = NOW + timedelta(hours=1, seconds=1)
    assert comes(ready, sender=STRANGER, to=DESK, now=later)["did"] == ["answered automatically"]


def test_outside_office_hours_the_desk_answers_by_itself(ready: Cli, migrated_url: str) -> None:
    """It is ten in the morning in New York."""
    ready("org", "set", "--closed-reply", "We read this tomorrow.", "--office-hours", "09:00-17:00")
    assert comes(ready, to=DESK)["did"] == []
    ready("org", "set", "--office-hours", "11:00-17:00")
    assert comes(ready, to=DESK)["did"] == ["answered automatically"]
    assert comes(ready)["did"] == [], "the sitter answers it"
    assert [each[:3] for each in relayed(migrated_url)] == [
        ("auto_reply", ANN, "We read this tomorrow.")
    ]


def test_our_own_numbers_and_what_is_no_phone_are_never_answered(
    ready: Cli, migrated_url: str
) -> None:
    ready("org", "set", "--unknown-reply", "Who is it?")
    add_org(migrated_url, "cosy-cats", front_desk="+14155550200")
    for sender in (POOL, "+14155550200"):
        assert comes(ready, sender=sender)["did"] == []
    comes(ready, "STOP", sender=STRANGER)
    assert comes(ready, sender=STRANGER)["did"] == []
    assert relayed(migrated_url) == []


def test_a_number_in_quarantine_answers_nobody(ready: Cli, migrated_url: str) -> None:
    ready("org", "set", "--unknown-reply", "Who is it?")
    ready("number", "quarantine", POOL, "--reason", "x")
    assert comes(ready, sender=STRANGER, to=POOL)["did"] == []
    assert relayed(migrated_url) == []
