"""petmsg inbox …: what waits for a person, until somebody has seen to it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from petmsg.enums.calls import CallStatus
from petmsg.providers.base import ReceivedMessage
from petmsg.services import inbox
from petmsg.services.inbound.receive import receive_each
from tests.support.calls import add_call
from tests.support.fixtures import NOW, Cli, add_org, looking, working
from tests.support.incoming import BOB, MAYAS_PHONE, STRANGER, comes, waiting
from tests.support.texting import ANN, DESK, MAYA, OLGA, POOL, events, people_and_visit, send

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ready(cli: Cli) -> Cli:
    people_and_visit(cli)
    return cli


def shown(cli: Cli, message: int) -> dict[str, object]:
    item: dict[str, object] = cli("inbox", "show", str(message), "-o", "json").json
    return item


# ------------------------------------------------------------------------------ looking at it


def test_a_line_of_the_inbox(ready: Cli) -> None:
    comes(ready, "Hello", to=DESK)
    (row,) = ready("inbox", "list", "-o", "json").json
    assert row == {
        "message": 1,
        "addressed_to": "front_desk",
        "client": "C-1",
        "client_name": "Ann",
        "sitter": None,
        "sitter_name": None,
        "from": "+1********01",
        "number": DESK,
        "body": "Hello",
        "media_count": 0,
        "media": [],
        "received_at": "2026-02-14T15:00:00Z",
        "claimed_by": None,
        "note": None,
        "code": "POOL_OR_DESK_NUMBER",
        "waits_since": "2026-02-14T15:00:00Z",
        "sitter_told": None,
        "call": None,
        "voicemail_seconds": None,
    }
    revealed = ready("inbox", "list", "--reveal", "-o", "json").json
    assert revealed[0]["from"] == ANN


def test_a_call_that_nobody_took_waits_with_its_voicemail(ready: Cli, migrated_url: str) -> None:
    missed = add_call(migrated_url, number=OLGA, client="C-1", status=CallStatus.BUSY)
    left = add_call(
        migrated_url, number=DESK, from_phone="+16175550199", status=CallStatus.NO_ANSWER,
        voicemail=23,
    )  # fmt: skip
    comes(ready, "Hello", to=DESK)
    rows = ready("inbox", "list", "-o", "json").json
    assert [(row["body"], row["call"], row["voicemail_seconds"]) for row in rows] == [
        ("Hello", None, None),
        ("Voicemail, 23 seconds", left, 23),
        ("Missed call", missed, None),
    ]
    assert rows[1]["media"][0]["content_type"] == "audio/mpeg"
    assert (rows[1]["from"], rows[2]["client"]) == ("+1********99", "C-1")
    table = ready("inbox", "list", "-o", "table", COLUMNS="80").out
    assert "Missed call" in table
    assert max(map(len, table.splitlines())) <= 80
    item = shown(ready, rows[1]["message"])
    assert (item["call"], item["voicemail_seconds"]) == (left, 23)
    told = ready("inbox", "show", str(rows[1]["message"]), "-o", "table").out
    assert f"petmsg call show {left}" in told
    assert ready("message", "show", str(rows[1]["message"]), "-o", "json").json["call"] == left
    listed = ready("message", "list", "-o", "json").json
    assert [row["call"] for row in listed] == [None, left, missed]


def test_one_text_says_why_it_is_there_and_how_it_is_answered(ready: Cli) -> None:
    comes(ready, to=OLGA, sid="SM1")
    item = shown(ready, 1)
    assert item["code"] == "NUMBER_OF_ANOTHER_SITTER"
    assert item["provider_id"] == "SM1"
    assert item["answer_with"] == "petmsg inbox reply 1 --body TEXT"
    assert item["trace"]
    comes(ready, sender=STRANGER)
    assert shown(ready, 2)["answer_with"] == "petmsg inbox reply 2 --body TEXT"


def test_pages_are_walked_from_the_newest_to_the_oldest(ready: Cli) -> None:
    for _ in range(5):
        comes(ready, to=DESK)
    first = ready("inbox", "list", "--limit", "2", "-o", "json").json
    assert [row["message"] for row in first] == [5, 4]
    second = ready("inbox", "list", "--limit", "2", "--before", "4", "-o", "json").json
    assert [row["message"] for row in second] == [3, 2]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("show", "9"), "not_found"),
        (("show", "99999999999999999999"), "not_found"),
        (("claim", "9"), "not_found"),
        (("done", "9"), "not_found"),
        (("assign", "9", "C-1"), "not_found"),
        (("adopt", "9"), "not_found"),
        (("list", "--for", "S-9"), "not_found"),
    ],
    ids=lambda words: words[0] if isinstance(words, tuple) else "",
)
def test_what_is_not_there_is_not_found(sqlite_cli: Cli, words: tuple[str, ...], code: str) -> None:
    ran = sqlite_cli("inbox", *words, "-o", "json")
    assert ran.code == 3
    assert code in ran.out + ran.err


@pytest.mark.parametrize("words", [("claim",), ("done",), ("done", "1", "--client", "C-1")])
def test_which_texts_has_to_be_said(sqlite_cli: Cli, words: tuple[str, ...]) -> None:
    assert sqlite_cli("inbox", *words).code == 2


def test_the_inbox_can_be_narrowed_down(ready: Cli) -> None:
    comes(ready, to=DESK)
    comes(ready, to=MAYA, now=NOW + MINUTE)
    comes(ready, sender=BOB, to=OLGA, now=NOW + 2 * MINUTE)
    comes(ready, sender=STRANGER, to=DESK, now=NOW + 3 * MINUTE)
    comes(ready, "Where is the key?", sender=MAYAS_PHONE, to=DESK, now=NOW + 4 * MINUTE)
    at = NOW + 5 * MINUTE
    for words, found in (
        (("--client", "Ann"), [1, 2]),
        (("--client", "C-2"), [3]),
        (("--sitter", "S-1"), [2, 5]),
        (("--number", DESK), [1, 4, 5]),
        (("--number", DESK, "--client", "C-1"), [1]),
        (("--since", "2026-02-14T15:02Z"), [3, 4, 5]),
        (("--since", "-2m"), [4, 5]),
        (("--for", "front_desk", "--since", "-2m"), []),
    ):
        assert waiting(ready, *words, now=at) == found, words
    ready("inbox", "done", "1", "3")
    assert waiting(ready, "--done", "--client", "C-2") == [3]
    for words in (("--client", "C-9"), ("--sitter", "S-9"), ("--number", "+14155550999")):
        assert ready("inbox", "list", *words).code == 3, words
    assert ready("inbox", "list", "--since", "yesterday").code == 2


def test_the_longest_wait_comes_first_if_it_is_asked_for(ready: Cli, migrated_url: str) -> None:
    for minute in range(5):
        comes(ready, to=DESK, now=NOW + minute * MINUTE)
    ready("inbox", "done", "1")
    with working(migrated_url, now=NOW + 9 * MINUTE) as uow:
        inbox.add(uow, 1)  # it waits again, and not for as long as the others
    first = ready("inbox", "list", "--oldest", "--limit", "2", "-o", "json").json
    assert [row["message"] for row in first] == [2, 3]
    rest = ready("inbox", "list", "--oldest", "--before", "3", "-o", "json").json
    assert [row["message"] for row in rest] == [4, 5, 1]
    at = NOW + 42 * MINUTE
    comes(ready, sender=BOB, to=DESK, now=at)
    said = ready("inbox", "list", "-o", "json", now=at)
    assert "2 clients wait, the longest 41 min." in said.err


# --------------------------------------------------------------------------------- seeing to it


def test_a_claimed_text_is_nobody_elses_unless_it_is_taken_over(ready: Cli) -> None:
    comes(ready, to=DESK)
    (claimed,) = ready("inbox", "claim", "1", "--actor", "eva", "-o", "json").json
    assert (claimed["claimed_by"], claimed["reused"]) == ("eva", False)
    (again,) = ready("inbox", "claim", "1", "--actor", "eva", "-o", "json").json
    assert again["reused"]

    refused = ready("inbox", "claim", "1", "--actor", "tom")
    assert refused.code == 4
    assert "is assigned to eva" in refused.err
    assert "--take-over" in refused.err
    (taken,) = ready("inbox", "claim", "1", "--take-over", "--actor", "tom", "-o", "json").json
    assert taken["claimed_by"] == "tom"
    assert events(ready, 1) == ["message.received", "inbox.claimed", "inbox.claimed"]
    before = ready("audit", "list", "--entity", "message", "-o", "json").json[0]["payload"]
    assert before == {"before": "eva"}


def test_what_is_done_is_out_of_the_inbox_and_done_once(ready: Cli) -> None:
    comes(ready, to=DESK)
    words = ("inbox", "done", "1", "--reason", "called her back", "--actor", "eva", "-o", "json")
    (done,) = ready(*words).json
    assert (done["done_by"], done["reused"]) == ("eva", False)
    (again,) = ready("inbox", "done", "1", "--actor", "tom", "-o", "json").json
    assert (again["done_by"], again["reused"]) == ("eva", True)
    assert waiting(ready) == []
    assert waiting(ready, "--done") == [1]
    assert shown(ready, 1)["done_reason"] == "called her back"
    assert events(ready, 1) == ["message.received", "inbox.done"]
    late = ready("inbox", "claim", "1", "-o", "json")
    assert late.code == 4
    assert "eva already marked message" in late.out + late.err


def test_several_are_done_each_by_itself(ready: Cli) -> None:
    for _ in range(3):
        comes(ready, to=DESK)
    ran = ready("inbox", "done", "1", "9", "3", "-o", "json")
    assert ran.code == 4
    assert waiting(ready) == [2]


def test_all_of_a_client_are_done_and_nobody_elses(ready: Cli) -> None:
    mine = [comes(ready, to=DESK)["message"], comes(ready, to=POOL)["message"]]
    hers = comes(ready, sender=BOB, to=DESK)["message"]
    rows = ready("inbox", "done", "--client", "C-1", "-o", "json").json
    assert [row["message"] for row in rows] == mine
    assert waiting(ready) == [hers]
    again = ready("inbox", "done", "--client", "C-1", "-o", "json")
    assert (again.code, again.json) == (0, [])


def test_a_text_its_sitter_read_never_waited(ready: Cli) -> None:
    ready("org", "set", "--relay", "on")
    comes(ready)
    refused = ready("inbox", "claim", "1", "-o", "json")
    assert refused.code == 4
    assert "never waited for a person" in refused.out + refused.err


def test_two_who_claim_at_once_have_one_winner(ready: Cli, migrated_url: str) -> None:
    comes(ready, to=DESK)

    def by(name: str) -> str:
        try:
            with working(migrated_url, actor=name) as uow:
                inbox.claim(uow, 1)
        except inbox.ClaimedBySomebody:
            return "refused"
        return "claimed"

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(by, ["eva", "tom"])) == ["claimed", "refused"]
    assert events(ready, 1) == ["message.received", "inbox.claimed"]


# ------------------------------------------------------------------------ whose it is after all


def test_a_strangers_texts_are_a_clients_once_somebody_says_so(
    ready: Cli, migrated_url: str
) -> None:
    comes(ready, "Hello", sender=STRANGER, to=DESK)
    comes(ready, "Anybody there?", sender=STRANGER, to=POOL)
    comes(ready, "Another stranger", sender="+16175550198", to=POOL)
    assigned = ready("inbox", "assign", "2", "Ann", "-o", "json").json
    assert assigned == {
        "client": "C-1",
        "client_name": "Ann",
        "messages": [1, 2],
        "phone_added": True,
    }
    said = ready("thread", "show", "C-1", "-o", "json").json["messages"]
    assert [row["body"] for row in said] == ["Hello", "Anybody there?"]
    assert waiting(ready, "--for", "unrouted") == [3]
    assert waiting(ready, "--for", "front_desk") == [1, 2]
    # From now on the client is known by that phone too.
    assert comes(ready, sender=STRANGER, now=NOW + MINUTE)["client"] == "C-1"
    refused = ready("inbox", "assign", "1", "C-2", "-o", "json")
    assert (refused.code, refused.error["code"]) == (4, "not_unrouted")
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT count(*) FROM thread WHERE client_id IS NOT NULL") == 1


def test_what_has_no_phone_cannot_be_a_clients(ready: Cli, migrated_url: str) -> None:
    with working(migrated_url) as uow:
        receive_each(uow, [ReceivedMessage("SM1", "72975", DESK, "Your code is 1")], provider=None)
    assert waiting(ready) == [1]
    refused = ready("inbox", "assign", "1", "C-1", "-o", "json")
    assert (refused.code, refused.error["code"]) == (2, "malformed_phone")
    assert waiting(ready) == [1]


# --------------------------------------------------------------------------------- other orgs


def test_no_text_of_another_org_is_seen_or_touched(ready: Cli, migrated_url: str) -> None:
    comes(ready, to=DESK)
    add_org(migrated_url, "other", front_desk="+14155550900")
    assert ready("inbox", "list", "--org", "other", "-o", "json").json == []
    for words in (("show", "1"), ("claim", "1"), ("done", "1"), ("assign", "1", "C-1")):
        assert ready("inbox", *words, "--org", "other").code == 3, words
    assert waiting(ready, "--org", "happy-paws") == [1]


def test_a_text_that_was_done_waits_again_when_its_forward_fails(
    ready: Cli, migrated_url: str
) -> None:
    comes(ready, to=DESK)
    ready("inbox", "done", "1")
    with working(migrated_url) as uow:
        assert inbox.add(uow, 1)
        assert not inbox.add(uow, 1)
    assert waiting(ready) == [1]
    assert send(ready).code == 0


# ------------------------------------------------------------------- what nobody was told of


LATE = 16 * MINUTE


def told(cli: Cli, *words: str, now: datetime = NOW) -> list[tuple[str, str]]:
    """The open alerts about who waits, after cron ran: about whom, and how often."""
    for command in ("dispatch", "sync"):
        assert cli("message", command, now=now).code in (0, 4)
    rows = cli("alert", "list", "-o", "json", now=now).json
    return [(row["ref"], row["count"]) for row in rows if row["kind"] == "client_waiting"]


def test_without_the_relay_what_is_addressed_to_a_sitter_is_listed_and_says_so(ready: Cli) -> None:
    comes(ready, "Rex is bleeding")
    (row,) = ready("inbox", "list", "-o", "json").json
    assert (row["addressed_to"], row["note"]) == ("S-1", "S-1 was not notified: the relay is off")
    assert row["sitter_told"] is False
    assert ready("status", "-o", "json").json[0]["inbox"]["total"] == 1
    assert "waiting in the inbox" in ready("thread", "show", "C-1", "-o", "table").out
    over = NOW + timedelta(hours=3)
    (row,) = ready("inbox", "list", "-o", "json", now=over).json
    assert row["addressed_to"] == "front_desk"
    assert row["note"] == "S-1 was not notified: the relay is off; their visit is over"
    assert waiting(ready, "--for", "front_desk", now=over) == [1]


def test_a_message_not_forwarded_to_an_offboarded_sitter_goes_to_the_front_desk(ready: Cli) -> None:
    comes(ready, "Rex is bleeding")
    assert ready("sitter", "deactivate", "S-1", "--yes", now=NOW + MINUTE).code == 0
    assert waiting(ready, "--for", "front_desk", now=NOW + MINUTE) == [1]


@pytest.mark.parametrize("end", ["deactivate", "time", "cancel"])
def test_a_forwarded_message_without_an_answer_goes_to_the_front_desk_in_the_end(
    ready: Cli, end: str
) -> None:
    ready("org", "set", "--relay", "on")
    comes(ready, "Rex is bleeding")
    ready("message", "dispatch")
    at = NOW + MINUTE
    assert waiting(ready, now=at) == []
    if end == "deactivate":
        ready("sitter", "deactivate", "S-1", "--yes", now=at)
    elif end == "cancel":
        ready("booking", "cancel", "B-1", "--reason", "rain", "--yes", now=at)
    else:
        at = NOW + timedelta(hours=3)
    (row,) = ready("inbox", "list", "-o", "json", now=at).json
    assert (row["addressed_to"], row["note"]) == (
        "front_desk",
        "S-1 was notified; their visit is over",
    )
    (claimed,) = ready("inbox", "claim", "1", "-o", "json", now=at).json
    assert claimed["claimed_by"]
    assert ready("inbox", "done", "1", now=at).code == 0
    assert waiting(ready, now=at) == []


def test_what_a_sitter_answered_never_waits(ready: Cli) -> None:
    ready("org", "set", "--relay", "on")
    comes(ready, "Is Rex fine?")
    ready("message", "dispatch")
    assert comes(ready, "He is", sender=MAYAS_PHONE, now=NOW + MINUTE)["did"] == [
        "forwarded to C-1"
    ]
    ready("message", "dispatch", now=NOW + MINUTE)
    assert told(ready, now=NOW + LATE) == []
    assert waiting(ready, now=NOW + timedelta(hours=3)) == []


@pytest.mark.parametrize("relay", ["on", "off"])
@pytest.mark.parametrize("end", ["answer", "claim", "done"])
def test_a_client_who_waits_is_an_alert_once_until_somebody_sees_to_it(
    ready: Cli, relay: str, end: str
) -> None:
    ready("org", "set", "--relay", relay)
    wrote = [comes(ready, "Rex is bleeding")["message"]]
    wrote.append(comes(ready, "Hello?", now=NOW + MINUTE)["message"])
    assert told(ready, now=NOW + 14 * MINUTE) == []
    for minutes in (16, 17, 18):
        assert told(ready, now=NOW + minutes * MINUTE) == [("C-1", 1)]
    found = ready("status", "-o", "json", now=NOW + LATE).json[0]["waiting"]
    since = "2026-02-14T15:00:00Z"
    assert found == {"clients": 1, "since": since, "longest_minutes": 16, "overdue": 1}
    (alert,) = ready("alert", "list", "-o", "json", now=NOW + timedelta(days=1)).json
    said = "Client C-1 waits for an answer: 2 messages, the first since 2026-02-14 10:00 EST."
    assert alert["message"] == said  # a time, because the alert is read and told again for days
    assert "1 client waits, 16 min" in ready("status", "-o", "table", now=NOW + LATE).out
    rows = ready("doctor", "--check", "clients_answered", "-o", "json", now=NOW + LATE).json
    assert [row["result"] for row in rows] == ["warning"]
    at = NOW + 20 * MINUTE
    assert waiting(ready, now=at) == wrote
    if end == "answer":
        assert send(ready, now=at).code == 0
    else:
        assert ready("inbox", end, *map(str, wrote), now=at).code == 0
    rows = ready("alert", "list", "-o", "json", now=at).json
    assert [row for row in rows if row["kind"] == "client_waiting"] == []
    assert told(ready, now=at + MINUTE) == []


def test_the_sitters_answer_through_the_relay_ends_the_alert(ready: Cli) -> None:
    ready("org", "set", "--relay", "on")
    comes(ready, "Is Rex fine?")
    assert told(ready, now=NOW + LATE) == [("C-1", 1)]
    assert waiting(ready, now=NOW + LATE) == [1]
    at = NOW + LATE + MINUTE
    assert comes(ready, "He is", sender=MAYAS_PHONE, now=at)["did"] == ["forwarded to C-1"]
    assert told(ready, now=at) == []
    assert waiting(ready, now=at) == []


def test_an_answer_that_nobody_wrote_is_none(ready: Cli) -> None:
    ready("org", "set", "--office-hours", "01:00-02:00", "--closed-reply", "We are closed")
    comes(ready, "Rex is bleeding", to=DESK)
    ready("message", "dispatch")
    assert told(ready, now=NOW + LATE) == [("C-1", 1)]


@pytest.mark.parametrize(
    ("settings", "late"),
    [
        ((), 15),
        (("--office-hours", "01:00-02:00"), 60),
        (("--office-hours", "09:00-17:00"), 15),
        (("--office-hours", "01:00-02:00", "--unanswered-after", "5"), 5),
        (("--unanswered-after", "90"), 90),
    ],
)
def test_how_long_a_client_may_wait_depends_on_when_they_wrote(
    ready: Cli, settings: tuple[str, ...], late: int
) -> None:
    if settings:
        assert ready("org", "set", *settings).code == 0
    comes(ready, "Hello", sender=BOB, to=DESK)  # who has no visit
    assert told(ready, now=NOW + (late - 1) * MINUTE) == []
    assert told(ready, now=NOW + late * MINUTE) == [("C-2", 1)]


def test_a_sitters_time_for_an_answer_is_the_orgs(ready: Cli) -> None:
    ready("org", "set", "--relay", "on", "--unanswered-after", "5")
    comes(ready)
    ready("message", "dispatch")
    assert waiting(ready, now=NOW + 4 * MINUTE) == []
    assert waiting(ready, now=NOW + 5 * MINUTE) == [1]
    assert told(ready, now=NOW + 5 * MINUTE) == [("C-1", 1)]


def test_an_alert_that_a_person_closed_comes_again_only_for_new_words(ready: Cli) -> None:
    comes(ready, "Rex is bleeding")
    assert told(ready, now=NOW + LATE) == [("C-1", 1)]
    (alert,) = ready("alert", "list", "-o", "json").json
    ready("alert", "done", str(alert["alert"]), now=NOW + 17 * MINUTE)
    assert told(ready, now=NOW + 30 * MINUTE) == []
    comes(ready, "Hello?", now=NOW + 31 * MINUTE)
    assert told(ready, now=NOW + 47 * MINUTE) == [("C-1", 1)]


def test_strangers_who_wait_are_one_alert_together(ready: Cli) -> None:
    for place in range(3):
        comes(ready, sender=f"+1617555019{place}", to=DESK)
    assert told(ready, now=NOW + LATE) == [("unrouted", 1)]
    ready("inbox", "done", "1", "2")
    assert told(ready, now=NOW + LATE) == [("unrouted", 1)]
    ready("inbox", "assign", "3", "C-1")
    assert [ref for ref, _ in told(ready, now=NOW + LATE)] == ["C-1"]


def test_a_keyword_waits_for_no_answer(ready: Cli) -> None:
    comes(ready, "STOP", to=DESK)
    assert told(ready, now=NOW + LATE) == []


def test_a_call_from_a_withheld_phone_is_nobodys_to_assign(ready: Cli, migrated_url: str) -> None:
    call = add_call(migrated_url, number=MAYA, status=CallStatus.NO_ANSWER)
    message = ready("call", "show", str(call), "-o", "json").json["message"]
    ran = ready("inbox", "assign", str(message), "C-1", "-o", "json")
    assert (ran.code, ran.error["code"]) == (4, "not_unrouted")
    assert "withheld" in ran.error["message"]
    assert ran.error["hint"] == f"Mark it as handled: petmsg inbox done {message}"
    assert ready("inbox", "done", str(message)).code == 0
