"""petmsg call simulate: the whole dialogue of a call, through the handlers of petmsg serve."""

import sys
from typing import Any

import pytest

import petmsg
from petmsg.errors import BUSY, CONFIGURATION, REFUSED, USAGE
from tests.support.calling import DESK_PHONE, MAYAS_OWN, company
from tests.support.consistency import problems, raw
from tests.support.fixtures import Cli, Ran, looking
from tests.support.texting import ANN, DESK, MAYA

STRANGER = "+16175550199"


def simulate(cli: Cli, *words: str, sender: str = ANN, to: str = MAYA, **options: Any) -> Ran:
    return cli("call", "simulate", "--from", sender, "--to", to, *words, **options)


def heard(ran: Ran) -> list[tuple[str, str]]:
    """Who does or hears what, in order."""
    return [(each["who"], each["does"]) for step in ran.json for each in step["events"]]


def stored(cli: Cli) -> dict[str, Any]:
    (call,) = cli("call", "list", "-o", "json").json
    found: dict[str, Any] = call
    return found


def test_a_sitter_who_presses_the_key_talks_with_the_client(cli: Cli) -> None:
    company(cli)
    ran = simulate(cli, "-o", "json")
    assert ran.code == 0
    assert [each["request"] for each in ran.json] == [
        "/twilio/voice",
        "/twilio/voice/answer",
        "/twilio/voice/answer",
        "/twilio/voice/ended",
        "/twilio/voice/ended",
    ]
    assert heard(ran) == [
        ("caller", "calls"), ("sitter", "rings"), ("sitter", "answers"), ("sitter", "hears"),
        ("sitter", "presses"), ("sitter", "connected"), ("caller", "ends"),
    ]  # fmt: skip
    rings = ran.json[0]["events"][1]
    assert (rings["ref"], rings["name"], rings["shows"]) == ("S-1", "Maya Lee", MAYA)
    assert "Ann" in ran.json[1]["events"][0]["text"]
    assert (stored(cli)["status"], stored(cli)["answered_by"]) == ("completed", "sitter")


def test_a_sitters_own_voicemail_does_not_take_the_call(cli: Cli) -> None:
    company(cli)
    ran = simulate(cli, "--press", "none", "--desk-answers", "-o", "json")
    assert heard(ran)[3:] == [
        ("sitter", "hears"), ("sitter", "waits"), ("sitter", "ends"),
        ("front_desk", "rings"), ("front_desk", "answers"), ("front_desk", "hears"),
        ("front_desk", "connected"), ("caller", "ends"),
    ]  # fmt: skip
    assert stored(cli)["answered_by"] == "front_desk"


@pytest.mark.parametrize("how", ["--no-answer", "--busy"])
def test_a_voicemail_waits_in_the_inbox(cli: Cli, migrated_url: str, how: str) -> None:
    company(cli)
    ran = simulate(cli, how, "--leave-voicemail", "23", "-o", "json")
    assert heard(ran)[-3:] == [("caller", "hears"), ("caller", "speaks"), ("caller", "hangs_up")]
    assert "it waits in the inbox as message 1" in ran.err
    (waiting,) = cli("inbox", "list", "-o", "json").json
    assert waiting["body"] == "Voicemail, 23 seconds"
    assert stored(cli)["voicemail_seconds"] == 23
    assert cli("media", "fetch").code == 0
    (file,) = cli("media", "list", "-o", "json").json
    assert (file["status"], file["content_type"]) == ("stored", "audio/wav")
    assert problems(migrated_url) == []


def test_a_caller_who_hangs_up_is_missed(cli: Cli) -> None:
    company(cli)
    ran = simulate(cli, "--hang-up", "-o", "json")
    assert heard(ran) == [("caller", "calls"), ("sitter", "rings"), ("caller", "hangs_up")]
    assert cli("inbox", "list", "-o", "json").json[0]["body"] == "Missed call"


def test_an_unknown_or_withheld_phone_reaches_the_front_desk(cli: Cli) -> None:
    company(cli)
    for sender in (STRANGER, "anonymous"):
        ran = simulate(cli, "--desk-answers", "-o", "json", sender=sender)
        assert ("front_desk", "connected") in heard(ran)
        assert all(who != "sitter" for who, _ in heard(ran))


@pytest.mark.parametrize(
    ("told", "does"),
    [((), "no_answer"), (("--answer",), "connected"), (("--busy",), "busy")],
)
def test_what_is_told_of_the_first_phone_holds_for_the_front_desk(
    sqlite_cli: Cli, told: tuple[str, ...], does: str
) -> None:
    company(sqlite_cli)
    ran = simulate(sqlite_cli, *told, "-o", "json", sender=STRANGER)
    assert ("front_desk", does) in heard(ran)


def test_a_front_desk_that_is_rung_after_the_sitter_answers_only_if_told(sqlite_cli: Cli) -> None:
    company(sqlite_cli)
    ran = simulate(sqlite_cli, "--answer", "--press", "none", "-o", "json")
    assert ("front_desk", "rings") in heard(ran)
    assert ("front_desk", "answers") not in heard(ran)


def test_a_sitter_calls_the_client_of_their_visit(cli: Cli) -> None:
    company(cli)
    ran = simulate(cli, "-o", "json", sender=MAYAS_OWN)
    assert heard(ran) == [
        ("caller", "calls"), ("client", "rings"), ("client", "answers"), ("client", "connected"),
        ("caller", "ends"),
    ]  # fmt: skip
    assert stored(cli)["client"] == "C-1"


def test_phones_are_masked_unless_they_are_to_be_shown(cli: Cli) -> None:
    company(cli)
    ran = simulate(cli, "-o", "json")
    assert MAYAS_OWN not in ran.out
    assert "+1********01" in ran.json[0]["twiml"]
    assert MAYA in ran.json[0]["twiml"]
    assert ANN not in ran.out
    assert MAYAS_OWN in simulate(cli, "--reveal", "-o", "json").json[0]["twiml"]
    desk = simulate(cli, "-o", "json", to=DESK).out
    assert DESK_PHONE not in desk


def test_a_table_says_what_happens(cli: Cli) -> None:
    company(cli)
    ran = simulate(cli, "-o", "table")
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert lines[0] == "Step Request Who What happens"
    assert any(line.startswith("1 /twilio/voice Caller calls +14155550102") for line in lines)
    assert any("S-1 Maya Lee presses 1" in line for line in lines)
    assert "answered by the sitter, 60 seconds. See: petmsg call show 1" in ran.err


def test_a_dry_run_walks_the_whole_dialogue_and_stores_nothing(cli: Cli, migrated_url: str) -> None:
    company(cli)
    with looking(migrated_url) as cursor:
        before = cursor.value("SELECT COUNT(*) FROM audit_event")
    dry = simulate(cli, "--no-answer", "--leave-voicemail", "5", "--dry-run", "-o", "json")
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT COUNT(*) FROM audit_event") == before
        assert cursor.value("SELECT COUNT(*) FROM call") == 0
        assert cursor.value("SELECT COUNT(*) FROM message") == 0
    real = simulate(cli, "--no-answer", "--leave-voicemail", "5", "-o", "json")
    assert heard(dry) == heard(real)
    told = simulate(cli, "--no-answer", "--dry-run").err
    assert "The call would be: no answer; it would wait in the inbox." in told
    assert "call show" not in told


@pytest.mark.parametrize("word", ["withheld", "anonymous", "Anonymous"])
def test_a_withheld_phone_has_the_words_that_people_know(cli: Cli, word: str) -> None:
    company(cli)
    simulate(cli, sender=word)
    assert stored(cli)["caller"] == "unknown"
    explained = cli("route", "call", "--from", word, "--to", MAYA, "-o", "json")
    assert explained.json["caller"] == "unknown"


def test_a_table_says_what_a_request_without_a_listener_is_for(cli: Cli) -> None:
    company(cli)
    ran = simulate(cli, "--no-answer", "--leave-voicemail", "9", "-o", "table")
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert "4 /twilio/voice/voicemail - the provider reports the voicemail" in lines
    assert lines[-1].endswith("/twilio/voice/ended - the provider reports the end")


def test_a_number_that_was_never_ours_is_rejected(cli: Cli) -> None:
    company(cli)
    ran = simulate(cli, "-o", "json", to="+14155550777")
    assert ran.code == REFUSED
    assert heard(ran)[:2] == [("caller", "calls"), ("caller", "rejected")]
    (stray,) = cli("inbox", "strays", "-o", "json").json
    assert stray["body"] == "Phone call"


def test_an_org_that_sends_real_messages_is_spared(cli: Cli) -> None:
    company(cli)
    assert cli("org", "set", "--provider", "twilio", "--force", "--yes").code == 0
    ran = simulate(cli, "-o", "json")
    assert (ran.code, ran.error["code"]) == (REFUSED, "org_is_live")
    assert "--live" in ran.error["hint"]
    assert cli("call", "list", "-o", "json").json == []
    assert simulate(cli, "--dry-run", "-o", "json").code == 0
    assert cli("call", "list", "-o", "json").json == []
    assert simulate(cli, "--live", "-o", "json").code == 0
    assert stored(cli)["status"] == "completed"


def test_an_org_with_an_account_of_its_own_is_called_too(cli: Cli) -> None:
    company(cli)
    assert cli("org", "set", "--twilio-account", "north").code == 0
    assert cli("org", "set", "--provider", "twilio", "--force", "--yes").code == 0
    ran = simulate(cli, "--live", "-o", "json")
    assert ("sitter", "connected") in heard(ran)


def test_a_locked_database_is_heard_as_a_caller_hears_it(
    sqlite_cli: Cli, migrated_sqlite: str
) -> None:
    company(sqlite_cli)
    with raw(migrated_sqlite):
        ran = simulate(sqlite_cli, "-o", "json")
    assert (ran.code, ran.error["code"]) == (BUSY, "busy")
    assert heard(ran)[:2] == [("caller", "calls"), ("caller", "hears")]
    assert sqlite_cli("call", "list", "-o", "json").json == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--busy", "--answer"), "out_of_range"),
        (("--busy", "--no-answer"), "out_of_range"),
        (("--press", "one"), "out_of_range"),
        (("--press", "12"), "out_of_range"),
        (("--press", ""), "out_of_range"),
    ],
)
def test_what_cannot_be_is_refused(sqlite_cli: Cli, words: tuple[str, ...], code: str) -> None:
    ran = simulate(sqlite_cli, *words, "-o", "json")
    assert (ran.code, ran.error["code"]) == (USAGE, code)
    assert ran.error["hint"]


def test_without_the_extra_it_says_how_to_get_it(
    sqlite_cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    company(sqlite_cli)
    monkeypatch.setattr(petmsg, "web", petmsg.web)  # an import that fails leaves another one there
    for name in [each for each in sys.modules if each.startswith(("petmsg.web", "starlette"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "starlette", None)
    ran = simulate(sqlite_cli, "-o", "json")
    assert (ran.code, ran.error["code"]) == (CONFIGURATION, "extra_missing")
    assert "pip install 'petmsg[web]'" in ran.error["hint"]


@pytest.fixture
def with_two(cli: Cli) -> Cli:
    """Maya visits C-2, Bob, as well."""
    company(cli)
    cli(
        "booking", "add", "--ref", "B-2", "--client", "C-2", "--sitter", "S-1",
        "--start", "2026-02-14T14:00Z", "--end", "2026-02-14T16:00Z",
    )  # fmt: skip
    assert cli("booking", "confirm", "B-2").code == 0
    return cli


def test_nobody_was_rung_for_a_sitter_who_chose_no_client(with_two: Cli) -> None:
    """The front desk would only be rung for a client who cannot be."""
    ran = simulate(with_two, "--press", "9", sender=MAYAS_OWN)
    assert "No client was chosen." in ran.out
    shown = with_two("call", "show", "1", "-o", "json").json
    assert shown["legs"] == []
    assert shown["code"] == "SITTER_CHOOSES"
    table = with_two("call", "show", "1", "-o", "table", COLUMNS="160").out
    assert "client, not chosen" in table
    assert "front_desk" not in table


def test_the_choice_of_a_client_is_a_rule_after_those_that_were_tried(with_two: Cli) -> None:
    simulate(with_two, "--press", "2", sender=MAYAS_OWN)
    shown = with_two("call", "show", "1", "-o", "json").json
    assert [(each["target"], each["ref"]) for each in shown["legs"]] == [
        ("client", "C-2"), ("sentence", None),
    ]  # fmt: skip
    trace = shown["decision"]["trace"]
    assert [(each["step"], each["code"]) for each in trace] == [
        (1, "SITTER_REPLY"), (2, "SITTER_CHOOSES"), (3, "CLIENT_RINGS"),
    ]  # fmt: skip
    assert trace[2]["explanation"] == f"The sitter chose client C-2, who sees {MAYA}"
    assert "Nothing to show" not in with_two("call", "show", "1", "-o", "table").out
