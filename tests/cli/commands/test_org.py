"""petmsg org …, and what holds for every command that writes about people and numbers."""

import shutil
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.fixtures import NOW, Cli, Ran, add_org, looking, run_cli

ORG = {
    "org": "happy-paws",
    "name": "Happy Paws",
    "timezone": "America/New_York",
    "grace_minutes": 60,
    "quarantine_days": 90,
    "pool_for": "all",
    "pool_threads_per_number": None,
    "provider": "sandbox",
    "quiet_hours": None,
    "relay": False,
    "office_hours": None,
    "unanswered_minutes": None,
    "closed_reply": None,
    "unknown_reply": None,
    "frozen": False,
    "frozen_until": None,
    "freeze_reason": None,
    "lead_minutes": 0,
    "country": None,
    "phone_country": "US",
    "twilio_account": None,
    "desk_phone": None,
    "voicemail": False,
    "greeting": None,
    "ring_seconds": 20,
    "missed_call_reply": None,
    "calls_per_hour": 20,
}
CATS = ("org", "add", "cat-nappers", "--name", "Cat Nappers", "--timezone", "Europe/Berlin")


def events(cli: Cli, org: str = "happy-paws") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cli("audit", "list", "--all", "--org", org, "-o", "json").json
    return found[::-1]


def refused(ran: Ran, code: str, exit_code: int = 4) -> dict[str, str]:
    assert (ran.code, ran.out) == (exit_code, "")
    assert ran.error["code"] == code
    return ran.error


# ------------------------------------------------------------------------------------- add and show


def test_an_org_has_the_settings_of_the_contract(sqlite_cli: Cli) -> None:
    assert sqlite_cli("org", "show", "-o", "json").json == ORG
    assert sqlite_cli("org", "list", "-o", "json").json == [ORG]


def test_an_org_is_added_with_its_front_desk(cli: Cli) -> None:
    ran = cli(*CATS, "--front-desk", "+14155550900", "-o", "json")
    assert ran.code == 0, ran.err
    assert (ran.json["org"], ran.json["timezone"]) == ("cat-nappers", "Europe/Berlin")
    numbers = cli("number", "list", "--org", "cat-nappers", "-o", "json").json
    assert [(row["number"], row["class"]) for row in numbers] == [("+14155550900", "front_desk")]
    told = [event["event"] for event in events(cli, "cat-nappers")]
    assert told == ["org.added", "number.added"]


def test_the_same_org_again_changes_nothing_and_one_that_differs_is_refused(
    sqlite_cli: Cli,
) -> None:
    sqlite_cli(*CATS, "--front-desk", "+14155550900")
    before = events(sqlite_cli, "cat-nappers")
    assert sqlite_cli(*CATS, "--front-desk", "+14155550900").code == 0
    refused(sqlite_cli(*CATS[:-1], "Europe/Paris", "-o", "json"), "already_exists")
    other_desk = sqlite_cli(*CATS, "--front-desk", "+14155550901", "-o", "json")
    refused(other_desk, "front_desk_taken")
    assert events(sqlite_cli, "cat-nappers") == before


def test_an_org_whose_front_desk_is_taken_is_not_added_either(sqlite_cli: Cli) -> None:
    ran = sqlite_cli(*CATS, "--front-desk", "+14155550100", "-o", "json")
    refused(ran, "number_taken")
    assert len(sqlite_cli("org", "list", "-o", "json").json) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("Cat-Nappers", "--name", "C", "--timezone", "UTC"),
        ("cat nappers", "--name", "C", "--timezone", "UTC"),
        ("-cats", "--name", "C", "--timezone", "UTC"),
        ("c" * 64, "--name", "C", "--timezone", "UTC"),
        ("cats", "--name", "", "--timezone", "UTC"),
        ("cats", "--name", "C", "--timezone", "Mars/Olympus"),
        ("cats", "--name", "C", "--timezone", "../../etc/passwd"),
        ("cats", "--name", "C", "--timezone", ""),
        ("cats", "--name", "C", "--timezone", "UTC", "--front-desk", "911"),
    ],
)
def test_malformed_settings_are_wrong_usage(sqlite_cli: Cli, arguments: tuple[str, ...]) -> None:
    ran = sqlite_cli("org", "add", *arguments, "-o", "json")
    assert (ran.code, ran.out) == (2, "")
    assert len(sqlite_cli("org", "list", "-o", "json").json) == 1


def test_with_several_orgs_one_must_be_chosen(sqlite_cli: Cli) -> None:
    sqlite_cli(*CATS)
    error = refused(sqlite_cli("client", "list", "-o", "json"), "org_not_chosen")
    assert "cat-nappers, happy-paws" in error["message"]
    assert sqlite_cli("client", "list", PETMSG_ORG="cat-nappers").code == 0
    assert sqlite_cli("client", "list", "--org", "cat-nappers", PETMSG_ORG="nobody").code == 0
    refused(sqlite_cli("client", "list", "--org", "nobody", "-o", "json"), "org_not_found", 3)


# --------------------------------------------------------------------------------------------- set


def test_every_setting_can_be_changed_and_the_rest_stays(cli: Cli) -> None:
    wanted = dict(ORG)
    for option, name, value in (
        ("--grace-minutes", "grace_minutes", 30),
        ("--quarantine-days", "quarantine_days", 7),
        ("--pool-for", "pool_for", "one_time"),
        ("--pool-threads-per-number", "pool_threads_per_number", 5),
        ("--timezone", "timezone", "Europe/Berlin"),
        ("--name", "name", "Happy Paws & Co"),
        ("--quiet-hours", "quiet_hours", "21:00-08:00"),
        ("--relay", "relay", True),
        ("--office-hours", "office_hours", "08:00-18:00"),
        ("--unanswered-after", "unanswered_minutes", 5),
        ("--closed-reply", "closed_reply", "We read this tomorrow."),
        ("--unknown-reply", "unknown_reply", "Who is it?"),
        ("--country", "country", "DE"),
        ("--twilio-account", "twilio_account", "north-office"),
        ("--voicemail", "voicemail", True),
        ("--greeting", "greeting", "You have reached Happy Paws."),
        ("--ring-seconds", "ring_seconds", 30),
        ("--missed-call-reply", "missed_call_reply", "Sorry we missed you."),
        ("--calls-per-hour", "calls_per_hour", 5),
    ):
        word = "on" if value is True else str(value)
        ran = cli("org", "set", option, word, "-o", "json")
        wanted[name] = value
        wanted["phone_country"] = "DE" if wanted["timezone"] == "Europe/Berlin" else "US"
        assert (ran.code, ran.json) == (0, wanted), ran.err
    assert cli("org", "show", "-o", "json").json == wanted


def test_the_time_for_an_answer_goes_back_to_its_default(sqlite_cli: Cli) -> None:
    assert sqlite_cli("org", "set", "--unanswered-after", "45").code == 0
    shown = sqlite_cli("org", "set", "--unanswered-after", "default", "-o", "json").json
    assert shown == ORG
    assert "15, or 60 out of hours" in sqlite_cli("org", "show", "-o", "table").out


def test_a_pool_limit_of_0_takes_the_limit_away(sqlite_cli: Cli) -> None:
    sqlite_cli("org", "set", "--pool-threads-per-number", "5")
    ran = sqlite_cli("org", "set", "--pool-threads-per-number", "0", "-o", "json")
    assert ran.json["pool_threads_per_number"] is None
    assert "no limit" in sqlite_cli("org", "show", "-o", "table").out


def test_a_change_is_audited_with_before_and_after_but_without_the_name(sqlite_cli: Cli) -> None:
    sqlite_cli("org", "set", "--grace-minutes", "30", "--name", "Sad Paws", "--actor", "olga")
    last = events(sqlite_cli)[-1]
    assert (last["event"], last["ref"], last["actor"]) == ("org.updated", "happy-paws", "olga")
    assert last["payload"] == {
        "grace_minutes": {"before": 60, "after": 30},
        "name": {"before": None, "after": None},
    }


def test_the_desk_phone_is_read_in_the_country_of_the_org_and_masked(cli: Cli) -> None:
    ran = cli("org", "set", "--desk-phone", "(415) 555-0144", "-o", "json")
    assert (ran.code, ran.json["desk_phone"]) == (0, "+1********44"), ran.err
    assert cli("org", "list", "--reveal", "-o", "json").json[0]["desk_phone"] == "+14155550144"
    assert "+14155550144" in cli("org", "show", "--reveal", "-o", "table").out
    assert "5550144" not in cli("org", "show", "-o", "tsv").out
    moved = cli("org", "set", "--desk-phone", "030 901820", "--country", "DE", "-o", "json")
    assert moved.json["desk_phone"] == "+4*******20"
    assert cli("org", "show", "--reveal", "-o", "json").json["desk_phone"] == "+4930901820"


def test_the_audit_holds_neither_the_desk_phone_nor_words_of_calls(sqlite_cli: Cli) -> None:
    words = ("--greeting", "You have reached us.", "--missed-call-reply", "Sorry.")
    sqlite_cli("org", "set", "--desk-phone", "+14155550144", *words, "--ring-seconds", "9")
    sqlite_cli("org", "set", "--desk-phone", "off", "--greeting", "OFF")
    nothing = {"before": None, "after": None}
    assert [each["payload"] for each in events(sqlite_cli)[-2:]] == [
        {
            "desk_phone": nothing,
            "greeting": nothing,
            "missed_call_reply": nothing,
            "ring_seconds": {"before": 20, "after": 9},
        },
        {"desk_phone": nothing, "greeting": nothing},
    ]
    assert "5550144" not in sqlite_cli("audit", "export").out
    assert sqlite_cli("org", "show", "--reveal", "-o", "json").json["desk_phone"] is None


def test_a_masked_number_of_any_org_is_no_desk_phone_and_the_other_way_round(cli: Cli) -> None:
    cli(*CATS, "--front-desk", "+14155550900")
    ran = cli("org", "set", "--org", "happy-paws", "--desk-phone", "+14155550900", "-o", "json")
    refused(ran, "phone_is_our_number")
    assert cli("org", "set", "--org", "happy-paws", "--desk-phone", "+14155550144").code == 0
    add = ("number", "add", "+14155550144", "--class", "pool", "--org", "cat-nappers")
    refused(cli(*add, "-o", "json"), "number_is_a_persons_phone")
    rows = "e164,class\n+14155550144,pool\n+14155550145,pool\n"
    ran = cli("number", "import", "-", "--org", "cat-nappers", "-o", "json", stdin=rows)
    assert ran.code == 4
    assert [each.get("error", {}).get("code") for each in ran.json] == [
        "number_is_a_persons_phone",
        None,
    ]


def test_setting_what_is_so_already_changes_nothing(sqlite_cli: Cli) -> None:
    before = events(sqlite_cli)
    assert sqlite_cli("org", "set", "--grace-minutes", "60").code == 0
    assert sqlite_cli("org", "set").code == 0
    assert events(sqlite_cli) == before


@pytest.mark.parametrize(
    "option",
    [
        ("--grace-minutes", "-1"),
        ("--grace-minutes", "10081"),
        ("--quarantine-days", "0"),
        ("--quarantine-days", "3651"),
        ("--quarantine-days", "soon"),
        ("--pool-threads-per-number", "-1"),
        ("--pool-for", "some"),
        ("--provider", "pigeon"),
        ("--timezone", "Mars/Olympus"),
        ("--name", " "),
        ("--quiet-hours", "9pm-8am"),
        ("--quiet-hours", "08:00-08:00"),
        ("--quiet-hours", ""),
        ("--desk-phone", "555"),
        ("--desk-phone", ""),
        ("--voicemail", "yes"),
        ("--greeting", " "),
        ("--greeting", "a" * 501),
        ("--greeting", "hello\ufffe"),
        ("--greeting", "Call us at 415-555-0199."),
        ("--ring-seconds", "4"),
        ("--ring-seconds", "61"),
        ("--missed-call-reply", "a" * 1601),
        ("--calls-per-hour", "0"),
        ("--calls-per-hour", "1001"),
    ],
    ids=" ".join,
)
def test_a_setting_out_of_range_is_wrong_usage(sqlite_cli: Cli, option: tuple[str, str]) -> None:
    ran = sqlite_cli("org", "set", *option, "-o", "json")
    assert (ran.code, ran.out) == (2, "")
    assert sqlite_cli("org", "show", "-o", "json").json == ORG


@pytest.mark.parametrize("word", ["off", "none", " None "])
def test_words_that_people_hear_or_read_are_taken_away(sqlite_cli: Cli, word: str) -> None:
    """`none` is no greeting: callers would hear it."""
    names = ("--greeting", "--missed-call-reply", "--closed-reply", "--unknown-reply")
    for name in names:
        sqlite_cli("org", "set", name, "Back soon.")
    sqlite_cli("org", "set", "--desk-phone", "+14155550144")
    for name in (*names, "--desk-phone"):
        sqlite_cli("org", "set", name, word)
    assert sqlite_cli("org", "show", "-o", "json").json == ORG


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--greeting", ""), "The greeting is empty."),
        (("--greeting", "a" * 501), "The greeting has 501 characters; it may have 500."),
        (("--greeting", "\x1b[31mred"), "The greeting contains control characters."),
        (("--missed-call-reply", ""), "The missed-call reply is empty."),
        (("--missed-call-reply", "a" * 1601), "The missed-call reply has 1601 characters"),
        (("--unknown-reply", " "), "The reply to unknown senders is empty."),
        (("--desk-phone", ""), "Or: off"),
        (("--desk-phone", "12"), "Or: off"),
    ],
)
def test_a_wrong_setting_is_named_in_the_error(
    sqlite_cli: Cli, option: tuple[str, str], said: str
) -> None:
    """And not the option of another command."""
    ran = sqlite_cli("org", "set", *option)
    assert ran.code == 2
    assert said in ran.err
    assert "--body" not in ran.err


def test_a_new_grace_is_of_windows_confirmed_from_now_on(sqlite_cli: Cli) -> None:
    sqlite_cli("client", "add", "Ann", "--phone", "+14155551001", "--ref", "C-1")
    add = ("booking", "add", "--client", "C-1", "--start", "+1h", "--end", "+2h", "--ref", "B-1")
    sqlite_cli(*add)
    sqlite_cli("booking", "confirm", "B-1")

    def ends_at() -> str:
        return str(sqlite_cli("booking", "show", "B-1", "-o", "json").json["window"]["ends_at"])

    sqlite_cli("org", "set", "--grace-minutes", "0")
    assert ends_at() == "2026-02-14T18:00:00Z"
    sqlite_cli("booking", "confirm", "B-1")
    assert ends_at() == "2026-02-14T17:00:00Z"


# ------------------------------------------------------------------------- every writing command


WRITES = [
    (*CATS, "--front-desk", "+14155550900"),
    ("org", "set", "--grace-minutes", "5", "--name", "X", "--quiet-hours", "21:00-08:00"),
    ("client", "add", "Bo", "--phone", "+14155551009"),
    ("client", "set", "C-1", "--name", "Anna"),
    ("client", "phone", "add", "C-1", "+14155551009", "--primary"),
    ("client", "phone", "remove", "C-1", "+14155551002"),
    ("client", "phone", "primary", "C-1", "+14155551002"),
    ("client", "forget", "C-1", "--reason", "x", "--yes"),
    ("client", "set", "C-1", "--timezone", "America/Los_Angeles"),
    ("optout", "add", "C-1", "--reason", "x"),
    ("optout", "remove", "C-2", "--reason", "x"),
    ("org", "freeze", "--reason", "x", "--until", "+1h"),
    ("client", "import", "-"),
    ("sitter", "add", "New", "--phone", "+14155559009", "--activate"),
    ("sitter", "set", "S-1", "--name", "May"),
    ("sitter", "activate", "S-2"),
    ("sitter", "deactivate", "S-1", "--yes"),
    ("sitter", "renumber", "S-1", "--reason", "x"),
    ("sitter", "away", "S-1", "--to", "+2d", "--reason", "x", "--to-sitter", "S-2"),
    ("sitter", "back", "S-2"),
    ("sitter", "import", "-"),
    ("number", "add", "+14155550301", "--class", "pool"),
    ("number", "import", "-"),
    ("number", "assign", "+14155550102", "S-2"),
    ("number", "set-class", "+14155550201", "front_desk", "--replace"),
    ("number", "retire", "+14155550101", "--yes"),
    ("number", "quarantine", "+14155550101", "--reason", "x"),
    ("number", "quarantine", "+14155550100", "--replacement", "+14155550201", "--reason", "x"),
    ("number", "restore", "+14155550202", "--reason", "x"),
    ("number", "release-due"),
]
STDIN = {
    "client": "ref,name,phone,kind\nC-1,Anna,+14155551003,recurring\nC-7,Cy,+14155551007,\n",
    "sitter": "ref,name,phone\nS-1,May,+14155559001\nS-7,Cy,+14155559007\n",
    "number": "e164,class\n+14155550301,pool\n",
}
TABLES = (
    "org", "ref_counter", "client", "client_phone", "sitter", "sitter_activity", "booking",
    "sitter_absence",
    "message_number", "number_custody", "thread", "assignment_window", "message", "message_attempt",
    "sandbox_text", "opt_out", "blocked_pair", "alert", "audit_event", "audit_head",
)  # fmt: skip
LATER = NOW + timedelta(days=2)


def company(cli: Cli) -> None:
    """Something for every command to change."""
    cli("client", "add", "Ann", "--phone", "+14155551001", "--phone", "+14155551002")
    cli("client", "add", "Cleo", "--phone", "+14155551010")
    cli("optout", "add", "C-2", "--reason", "asked")
    cli("number", "add", "+14155550101", "+14155550102", "--class", "sitter")
    cli("number", "add", "+14155550201", "+14155550202", "--class", "pool")
    cli("sitter", "add", "Maya", "--phone", "+14155559001", "--activate")
    cli("sitter", "add", "Zoe", "--phone", "+14155559002")
    cli("number", "quarantine", "+14155550202", "--days", "1", "--reason", "spam")
    cli(
        "booking", "add", "--client", "C-1", "--sitter", "S-1", "--ref", "B-1",
        "--start", "+1d", "--end", "+3d",
    )  # fmt: skip
    cli("booking", "confirm", "B-1")
    cli("sitter", "away", "S-2", "--from", "+9d", "--to", "+10d", "--reason", "leave")
    cli("message", "send", "C-1", "--body", "hi")


def dump(url: str) -> dict[str, list[str]]:
    """Every row of every table."""
    with looking(url) as cursor:
        return {table: sorted(map(repr, cursor.rows(f"SELECT * FROM {table}"))) for table in TABLES}


def test_a_dry_run_changes_nothing_at_all_and_says_so(cli: Cli, migrated_url: str) -> None:
    """The next test shows that each of them had something to change."""
    company(cli)
    before = dump(migrated_url)
    for command in WRITES:
        stdin = STDIN.get(command[0], "")
        ran = cli(*command, "--dry-run", "-o", "json", stdin=stdin, now=LATER)
        assert ran.code == 0, (command, ran.err)
        assert ran.json, command
        assert ran.err.endswith("Dry run: nothing was changed.\n")
        assert dump(migrated_url) == before, command


@pytest.fixture(scope="module")
def company_template(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`company` on SQLite, made once."""
    path = tmp_path_factory.mktemp("company") / "petmsg.db"
    shutil.copy(_sqlite_template, path)
    path.chmod(0o600)
    add_org(str(path))
    company(partial(run_cli, str(path)))
    return path


@pytest.fixture
def company_url(company_template: Path, tmp_path: Path) -> str:
    """A company of its own, to change."""
    return str(shutil.copy(company_template, tmp_path / "company.db"))


def without_plans(dry: Any) -> Any:
    """What a dry run said, without what only a plan says."""
    plans = ("windows_by_day", "texted_by_day")
    rows = [dry] if isinstance(dry, dict) else dry
    kept = [{key: each for key, each in row.items() if key not in plans} for row in rows]
    return kept[0] if isinstance(dry, dict) else kept


@pytest.mark.parametrize("command", WRITES, ids=lambda command: " ".join(command[:3]))
def test_in_earnest_it_does_and_answers_what_the_dry_run_said(
    company_url: str, command: tuple[str, ...]
) -> None:
    cli: Cli = partial(run_cli, company_url)
    before = dump(company_url)
    stdin = STDIN.get(command[0], "")
    dry = cli(*command, "--dry-run", "-o", "json", stdin=stdin, now=LATER)
    ran = cli(*command, "-o", "json", "--actor", "olga", stdin=stdin, now=LATER)
    assert (ran.code, ran.json) == (0, without_plans(dry.json))
    assert dump(company_url) != before
    told = [
        event for org in cli("org", "list", "-o", "json").json for event in events(cli, org["org"])
    ]
    new = [event for event in told if event["actor"] == "olga"]
    assert new, "every change is audited with its actor"
    assert {event["at"] for event in new} == {"2026-02-16T15:00:00Z"}
    assert cli("audit", "verify").code == 0


@pytest.mark.parametrize("form", ["table", "tsv", "json", "jsonl"])
def test_in_every_format_data_is_on_stdout_talk_on_stderr_and_no_personal_phone_in_either(
    company_url: str, form: str
) -> None:
    for command in WRITES:
        stdin = STDIN.get(command[0], "")
        ran = run_cli(company_url, *command, "--dry-run", "-o", form, stdin=stdin, now=LATER)
        assert (ran.code, bool(ran.out)) == (0, True), command
        assert "Dry run" not in ran.out
        if form == "tsv":
            assert len({len(line.split("\t")) for line in ran.out.splitlines()}) == 1
        for personal in ("5551001", "5551002", "5551009", "5551010", "5559001", "5559009"):
            assert personal not in ran.out + ran.err, command


def test_without_a_terminal_the_output_is_tsv_unless_set(sqlite_cli: Cli) -> None:
    header = "\t".join(ORG)
    assert sqlite_cli("org", "list").out.splitlines()[0] == header
    assert sqlite_cli("org", "list", PETMSG_OUTPUT="json").json == [ORG]
    assert sqlite_cli("org", "list", "-o", "tsv", PETMSG_OUTPUT="json").out.startswith(header)
    assert sqlite_cli("org", "list", "-o", "xml").code == 2


@pytest.mark.parametrize("actor", [" ", "\x1b[2J", "a" * 121])
def test_an_actor_who_is_no_name_is_wrong_usage(sqlite_cli: Cli, actor: str) -> None:
    before = events(sqlite_cli)
    ran = sqlite_cli("org", "set", "--grace-minutes", "5", "--actor", actor, "-o", "json")
    assert ran.code == 2
    assert events(sqlite_cli) == before


@pytest.mark.parametrize(
    "command",
    [
        ("client",),
        ("client", "nothing"),
        ("client", "show"),
        ("client", "show", "C-1", "--nothing"),
        ("number", "quarantine", "--reason", "x"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_parsed_is_wrong_usage(sqlite_cli: Cli, command: tuple[str, ...]) -> None:
    assert sqlite_cli(*command).code == 2
