"""petmsg call list and show."""

from pathlib import Path

import pytest

from petmsg.enums.calls import AnsweredBy, CallerKind, CallStatus
from tests.support.calls import VOICE, add_call
from tests.support.consistency import raw
from tests.support.fixtures import NOW, Cli
from tests.support.texting import ANN, DESK, MAYA, people_and_visit

STRANGER = "+16175550199"


@pytest.fixture
def ready(sqlite_cli: Cli, migrated_sqlite: str) -> Cli:
    """1: C-1 and Maya talked. 2: C-1 left a voicemail. 3: a stranger in vain. 4: a withheld phone.
    5: Maya called C-1."""
    people_and_visit(sqlite_cli)
    url = migrated_sqlite
    add_call(url, number=MAYA, client="C-1", sitter="S-1", seconds=125)
    add_call(
        url, number=MAYA, client="C-1", sitter="S-1", status=CallStatus.NO_ANSWER, voicemail=23,
        content=VOICE,
    )  # fmt: skip
    add_call(url, number=DESK, from_phone=STRANGER, status=CallStatus.BUSY)
    add_call(url, number=DESK, status=CallStatus.REJECTED)
    add_call(
        url, number=MAYA, caller=CallerKind.SITTER, client="C-1", sitter="S-1", seconds=61,
        answered_by=AnsweredBy.CLIENT,
    )  # fmt: skip
    return sqlite_cli


def test_a_list_says_who_called_whom_and_how_it_went(ready: Cli) -> None:
    rows = ready("call", "list", "-o", "json").json
    assert [(row["call"], row["caller"], row["addressed_to"], row["status"]) for row in rows] == [
        (5, "sitter", "client", "completed"),
        (4, "unknown", "nobody", "rejected"),
        (3, "unknown", "front_desk", "busy"),
        (2, "client", "sitter", "no_answer"),
        (1, "client", "sitter", "completed"),
    ]
    talked = rows[4]
    assert (talked["client"], talked["client_name"]) == ("C-1", "Ann")
    assert (talked["sitter"], talked["sitter_name"]) == ("S-1", "Maya Lee")
    assert (talked["duration_seconds"], talked["voicemail_seconds"]) == (125, None)
    table = ready("call", "list", "-o", "table", COLUMNS="200").out
    for words in ("client C-1 Ann", "sitter S-1 Maya Lee", "2 min 5 s", "withheld", "23 s"):
        assert words in table


def test_a_table_has_the_time_and_the_result_of_a_call_at_a_usual_width(
    ready: Cli, migrated_sqlite: str
) -> None:
    add_call(
        migrated_sqlite, number=MAYA, caller=CallerKind.SITTER, client="C-1", sitter="S-1",
        status=CallStatus.NO_ANSWER,
    )  # fmt: skip
    lines = ready("call", "list", "-o", "table", COLUMNS="100").out.splitlines()
    assert lines[0].split() == ["Id", "Started", "Caller", "Number", "For", "Result", "Duration"]
    assert not any("Started:" in line for line in lines)
    wide = ready("call", "list", "-o", "table", COLUMNS="200").out
    for words in (
        "answered by the sitter", "missed, voicemail of 23 s", "missed, busy", "rejected",
        "answered by the client", "not answered",
    ):  # fmt: skip
        assert f"  {words}  " in wide
    timeline = ready("thread", "timeline", "C-1", "-o", "table").out
    assert "from sitter S-1 Maya Lee: not answered" in timeline


def test_no_phone_is_told_but_that_of_an_unknown_caller_masked(ready: Cli) -> None:
    for form in ("json", "tsv", "csv", "table"):
        for line in (("list",), ("show", "1"), ("show", "2"), ("show", "3"), ("show", "5")):
            told = ready("call", *line, "-o", form).out
            assert not {ANN, ANN[1:], STRANGER, "4155552001"} & set(told.replace(",", " ").split())
            assert "4155551001" not in told
            assert "6175550199" not in told
    revealed = ready("call", "list", "--reveal", "-o", "json")
    assert [row["from"] for row in revealed.json] == [None, None, STRANGER, None, None]
    assert ANN not in revealed.out
    assert STRANGER in ready("call", "show", "3", "--reveal", "-o", "table", COLUMNS="160").out


def test_the_options_choose(ready: Cli) -> None:
    def ids(*options: str) -> list[int]:
        return [row["call"] for row in ready("call", "list", *options, "-o", "json").json]

    assert ids("--missed") == [3, 2]
    assert ids("--client", "Ann", "--status", "completed") == [5, 1]
    assert ids("--number", DESK, "--limit", "1") == [4]
    assert ids("--sitter", "S-1", "--before", "5") == [2, 1]
    assert ids("--since", "today") == [5, 4, 3, 2, 1]
    assert ids("--until", "yesterday") == []
    assert ids("--since", "-5m") == []
    wrong = ready("call", "list", "--before", "x", "-o", "json")
    assert (wrong.code, wrong.error["hint"]) == (2, "List the calls: petmsg call list")
    assert ready("call", "list", "--since", "-1d", "--until", "-2d").code == 2


def test_a_call_is_shown_with_its_legs_and_its_rules(ready: Cli) -> None:
    shown = ready("call", "show", "1", "-o", "json").json
    assert [(leg["ring"], leg["target"], leg["result"]) for leg in shown["legs"]] == [
        (1, "sitter", "answered"),
        (2, "front_desk", "not_reached"),
        (3, "voicemail", "not_reached"),
    ]
    assert shown["decision"]["code"] == shown["code"] == "SITTER_RINGS"
    assert shown["reason"] == shown["decision"]["reason"]
    assert [step["rule"] for step in shown["decision"]["trace"]] == ["reject", "ring_sitter"]
    assert (shown["voicemail"], shown["save_with"]) == (None, None)
    table = ready("call", "show", "1", "-o", "table", COLUMNS="120").out
    for words in ("Answered by", "2 min 5 s", "Explanation", "were counted", "not_reached"):
        assert words in table


def test_a_voicemail_says_how_it_is_saved(ready: Cli, tmp_path: Path) -> None:
    shown = ready("call", "show", "2", "-o", "json").json
    assert shown["voicemail"] == {
        "seconds": 23, "media": 1, "status": "stored", "content_type": "audio/mpeg",
        "size": len(VOICE),
    }  # fmt: skip
    assert shown["save_with"] == "petmsg media save 1 --to DIR"
    assert [leg["result"] for leg in shown["legs"]] == ["no_answer", "no_answer", "left"]
    _, *words = shown["save_with"].replace("DIR", str(tmp_path / "saved")).split()
    assert ready(*words).code == 0
    (saved,) = (tmp_path / "saved").iterdir()
    assert saved.read_bytes() == VOICE
    table = ready("call", "show", "2", "-o", "table").out
    assert "missed, voicemail of 23 s" in table
    assert f"{shown['message']}: petmsg inbox show {shown['message']}" in table
    assert shown["message"] == ready("inbox", "list", "-o", "json").json[-1]["message"]


def test_a_voicemail_that_is_not_fetched_says_how_to_fetch_it(
    ready: Cli, migrated_sqlite: str
) -> None:
    with raw(migrated_sqlite) as cursor:
        cursor.run("UPDATE media SET status = 'missing', sha256 = NULL, stored_at = NULL")
    assert ready("call", "show", "2", "-o", "json").json["save_with"] == "petmsg media fetch 1"


def test_of_a_call_that_nobody_took_only_the_first_leg_is_certain(ready: Cli) -> None:
    legs = ready("call", "show", "3", "-o", "json").json["legs"]
    assert [leg["result"] for leg in legs] == ["no_answer", None]
    assert ready("call", "show", "4", "-o", "json").json["legs"] == []


def test_names_cannot_act_on_a_terminal(ready: Cli, migrated_sqlite: str) -> None:
    with raw(migrated_sqlite) as cursor:
        cursor.run("UPDATE client SET name = :name WHERE ref = 'C-1'", name="Ann\x1b[31m\u202eX")
        cursor.run("UPDATE call SET decision = replace(decision, '''s name', '''s \\u001b[2J')")
    for line in (("list",), ("show", "1"), ("show", "2")):
        assert "\x1b" not in ready("call", *line, "-o", "table").out
        assert "\x1b" not in ready("call", *line, "-o", "json").out


def test_an_unknown_call_is_not_found(ready: Cli) -> None:
    for unknown in ("0", "404", "99999999999"):
        ran = ready("call", "show", unknown, "-o", "json")
        assert (ran.code, ran.error["code"]) == (3, "call_not_found")
    assert ready("call", "show", "x").code == 2
    assert ready("call", "list", "--client", "X-9").code == 3


def test_a_company_without_calls_has_an_empty_list(sqlite_cli: Cli) -> None:
    assert sqlite_cli("call", "list", "-o", "json").json == []
    assert "Nothing to show." in sqlite_cli("call", "list", "-o", "table").out
    assert NOW


def test_what_the_server_stores_of_a_call_is_shown(sqlite_cli: Cli) -> None:
    people_and_visit(sqlite_cli, "--voicemail", "on")
    told = ("call", "simulate", "--from", ANN, "--to", MAYA)
    assert sqlite_cli(*told, "--no-answer", "--leave-voicemail", "12").code == 0
    assert sqlite_cli(*told, "--answer", "--press", "1").code == 0
    rows = sqlite_cli("call", "list", "-o", "json").json
    assert [(row["status"], row["answered_by"]) for row in rows] == [
        ("completed", "sitter"),
        ("no_answer", None),
    ]
    missed = sqlite_cli("call", "show", "1", "-o", "json").json
    assert [(leg["target"], leg["result"]) for leg in missed["legs"]] == [
        ("sitter", "no_answer"),
        ("voicemail", "left"),
    ]
    assert missed["decision"]["trace"][-1]["code"] == "VOICEMAIL"
    assert missed["voicemail"]["seconds"] == 12
    shown = sqlite_cli("thread", "show", "C-1", "-o", "json").json
    assert [(each["kind"], each["call"]) for each in shown["entries"]] == [("call", 1), ("call", 2)]
    (item,) = sqlite_cli("inbox", "list", "-o", "json").json
    assert (item["call"], item["message"]) == (1, missed["message"])
    assert sqlite_cli("report", "volume", "-o", "json").json == []
