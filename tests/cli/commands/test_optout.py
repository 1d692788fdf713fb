"""petmsg optout: what operators note, for each company and each phone."""

from datetime import timedelta

from petmsg.enums.messages import MessageStatus
from petmsg.phone import phone_key
from tests.cli.commands.test_org import events, refused
from tests.support.fixtures import ACTOR, NOW, Cli, add_org, looking
from tests.support.opt_outs import ANN, IN, LATER, OUT, facts, show, waiting_message

# ------------------------------------------------------------------------------------ an operator's


def test_a_client_is_opted_out_on_all_their_phones(cli: Cli, migrated_url: str) -> None:
    """The opt-out would else be gone with the phone it was recorded for."""
    cli(*ANN)
    assert facts(migrated_url).opted_out_at is None
    ran = cli(*OUT, "-o", "json")
    assert (ran.code, ran.json) == (
        0,
        {
            "client": "C-1",
            "client_name": "Ann",
            "sitter": None,
            "sitter_name": None,
            "whose": "client",
            "phones": ["+1********01", "+1********02"],
            "waiting": 0,
            "reused": False,
        },
    )
    assert facts(migrated_url).opted_out_at == NOW
    cli("client", "phone", "primary", "C-1", "+14155551002")
    cli("client", "phone", "remove", "C-1", "+14155551001")
    assert facts(migrated_url).opted_out_at == NOW


def test_one_opted_out_phone_stops_its_client(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    ran = cli(*OUT, "--phone", "+1 415 555 1002", "-o", "json")
    assert ran.json["phones"] == ["+1********02"]
    assert facts(migrated_url).opted_out_at == NOW


def test_an_opt_out_is_shown_with_who_noted_it_and_why(cli: Cli) -> None:
    cli(*ANN)
    cli(*OUT, "--phone", "+14155551001")
    row = {
        "opt_out": 1,
        "client": "C-1",
        "client_name": "Ann",
        "sitter": None,
        "sitter_name": None,
        "whose": "client",
        "phone": "+1********01",
        "source": "operator",
        "reason": "asked at the desk",
        "opted_out_at": "2026-02-14T15:00:00Z",
        "ended_at": None,
        "end_reason": None,
        "actor": ACTOR,
    }
    assert cli("optout", "list", "-o", "json").json == [row]
    assert show(cli) == {
        "client": "C-1",
        "client_name": "Ann",
        "sitter": None,
        "sitter_name": None,
        "whose": "client",
        "opted_out": True,
        "opted_out_at": "2026-02-14T15:00:00Z",
        "history": [row],
        "blocked": [],
    }
    revealed = cli("optout", "list", "--reveal", "-o", "json").json
    assert revealed == [{**row, "phone": "+14155551001"}]
    assert cli("client", "show", "C-1", "-o", "json").json["opted_out"] is True


def test_opting_out_again_changes_nothing(cli: Cli) -> None:
    cli(*ANN)
    cli(*OUT)
    before = events(cli), cli("optout", "list", "-o", "json").json
    ran = cli(*OUT[:-1], "another reason", "-o", "json", now=LATER)
    assert (ran.code, ran.json["reused"]) == (0, True)
    assert (events(cli), cli("optout", "list", "-o", "json").json) == before


def test_a_phone_that_came_later_is_opted_out_too_when_it_is_asked_again(cli: Cli) -> None:
    cli(*ANN)
    cli(*OUT)
    cli("client", "phone", "add", "C-1", "+14155551003")
    assert cli(*OUT, "-o", "json").json["reused"] is False
    assert len(cli("optout", "list", "-o", "json").json) == 3


def test_texts_that_wait_are_counted(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli("client", "add", "Bo", "--phone", "+14155551009")
    for status in (MessageStatus.QUEUED, MessageStatus.QUEUED, MessageStatus.CANCELLED):
        waiting_message(migrated_url, status=status)
    ran = cli(*OUT, "-o", "json")
    assert ran.json["waiting"] == 2
    assert ran.err.startswith(
        "2 queued messages to them will not be sent while they are opted out."
    )
    other = cli("optout", "add", "C-2", "--reason", "x", "-o", "json")
    assert (other.json["waiting"], other.err) == (0, "")


def test_an_operator_ends_every_opt_out_of_a_client(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli(*OUT)
    ran = cli(*IN, "-o", "json", now=LATER)
    assert (ran.code, ran.err, ran.json) == (
        0,
        "",
        {
            "client": "C-1",
            "client_name": "Ann",
            "sitter": None,
            "sitter_name": None,
            "whose": "client",
            "phones": ["+1********01", "+1********02"],
            "unblocked": [],
            "carrier_blocks": False,
            "waiting": 0,
            "reused": False,
        },
    )
    assert facts(migrated_url).opted_out_at is None
    assert cli("optout", "list", "-o", "json").json == []
    ended = cli("optout", "list", "--all-states", "-o", "json").json
    assert {(row["ended_at"], row["end_reason"]) for row in ended} == {
        ("2026-02-14T16:00:00Z", "asked again")
    }
    shown = show(cli)
    assert (shown["opted_out"], shown["opted_out_at"], len(shown["history"])) == (False, None, 2)


def test_ending_what_does_not_stand_changes_nothing(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    before = events(sqlite_cli)
    ran = sqlite_cli(*IN, "-o", "json")
    assert (ran.code, ran.json["reused"], events(sqlite_cli)) == (0, True, before)


def test_a_client_may_opt_out_and_in_again_and_again(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    for hour in range(3):
        cli(*OUT, now=NOW + timedelta(hours=2 * hour))
        cli(*IN, now=NOW + timedelta(hours=2 * hour + 1))
    assert len(show(cli)["history"]) == 6
    cli(*OUT, now=NOW + timedelta(hours=9))
    assert facts(migrated_url).opted_out_at == NOW + timedelta(hours=9)


def test_each_change_is_audited_without_a_phone_or_a_name(cli: Cli) -> None:
    cli(*ANN)
    cli(*OUT)
    cli(*IN)
    out, back = events(cli)[-2:]
    assert (out["event"], out["entity"], out["ref"]) == ("client.opted_out", "client", "C-1")
    assert (out["reason"], out["payload"]) == (
        "asked at the desk",
        {"source": "operator", "phones": 2, "waiting": 0},
    )
    assert (back["event"], back["ref"], back["reason"]) == ("client.opted_in", "C-1", "asked again")
    assert back["payload"] == {"sources": ["operator"], "phones": 2, "unblocked": []}


def test_what_cannot_be_meant_is_refused(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    sqlite_cli("client", "add", "Bo", "--phone", "+14155551009")
    for line, code, exit_code in (
        (("add", "C-1"), "out_of_range", 2),
        (("add", "C-1", "--reason", " "), "empty_reason", 2),
        (("add", "C-1", "--reason", "x", "--phone", "911"), "malformed_phone", 2),
        (("add", "C-1", "--reason", "x", "--phone", "+14155551009"), "phone_not_found", 3),
        (("add", "C-9", "--reason", "x"), "client_not_found", 3),
        (("remove", "C-1"), "out_of_range", 2),
        (("remove", "C-9", "--reason", "x"), "client_not_found", 3),
        (("show", "C-9"), "client_not_found", 3),
        (("list", "--before", "x"), "out_of_range", 2),
    ):
        error = refused(sqlite_cli("optout", *line, "-o", "json"), code, exit_code)
        assert error["hint"]
        assert "5551009" not in str(error)
    assert sqlite_cli("optout", "list", "--all-states", "-o", "json").json == []


def test_a_list_is_paged_by_the_id_of_its_last_row(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN, "--phone", "+14155551003")
    sqlite_cli(*OUT)

    def ids(*options: str) -> list[int]:
        rows = sqlite_cli("optout", "list", *options, "-o", "json").json
        return [row["opt_out"] for row in rows]

    assert (ids(), ids("--limit", "2"), ids("--before", "2")) == ([3, 2, 1], [3, 2], [1])


# -------------------------------------------------------------------- per company, and by the phone


def test_an_opt_out_of_one_company_does_not_bind_another(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli(*OUT)
    add_org(migrated_url, "cat-nappers", front_desk=None)
    other = ("--org", "cat-nappers", "-o", "json")
    cli(*ANN, *other)
    assert cli("optout", "show", "C-1", *other).json["opted_out"] is False
    assert cli("optout", "list", *other).json == []
    assert cli("client", "list", *other).json[0]["opted_out"] is False


def test_an_opt_out_stands_for_the_client_whose_phone_is_removed(
    cli: Cli, migrated_url: str
) -> None:
    cli(*ANN)
    cli(*OUT, "--phone", "+14155551002")
    cli("client", "add", "Bo", "--phone", "+14155551009")
    removed = cli("client", "phone", "remove", "C-1", "+14155551002")
    assert "Client C-1 stays opted out." in removed.err
    assert facts(migrated_url).opted_out_at == NOW
    of_ann, nobodys = cli("optout", "list", "--reveal", "-o", "json").json
    assert (of_ann["client"], of_ann["phone"]) == ("C-1", "+14155551001")
    assert (of_ann["reason"], of_ann["source"]) == ("asked at the desk", "operator")
    assert (nobodys["client"], nobodys["phone"]) == (None, None)
    # The phone takes it along, too.
    cli("client", "phone", "add", "C-2", "+14155551002")
    assert facts(migrated_url, "C-2").opted_out_at == NOW
    hers = cli("optout", "list", "--reveal", "-o", "json").json[-1]
    assert (hers["client"], hers["phone"]) == ("C-2", "+14155551002")
    ran = cli(*IN, "-o", "json")
    assert ran.json["reused"] is False
    assert facts(migrated_url).opted_out_at is None
    assert facts(migrated_url, "C-2").opted_out_at == NOW


def test_an_opt_out_stands_however_often_the_phones_change(cli: Cli, migrated_url: str) -> None:
    cli(*ANN)
    cli(*OUT, "--phone", "+14155551001")
    for gone, new in (("1001", "1003"), ("1002", "1004"), ("1003", "1005")):
        assert cli("client", "phone", "add", "C-1", f"+1415555{new}").code == 0
        cli("client", "phone", "primary", "C-1", f"+1415555{new}")
        assert cli("client", "phone", "remove", "C-1", f"+1415555{gone}").code == 0
        assert facts(migrated_url).opted_out_at == NOW


def test_whoever_opted_out_and_was_forgotten_is_known_by_all_phones(
    cli: Cli, migrated_url: str
) -> None:
    cli(*ANN)
    cli(*OUT, "--phone", "+14155551001")
    assert cli("client", "forget", "C-1", "--reason", "asked", "--yes").code == 0
    assert {row["phone"] for row in cli("optout", "list", "--reveal", "-o", "json").json} == {None}
    cli("client", "add", "Ann", "--phone", "+14155551002", "--ref", "C-7")
    assert facts(migrated_url, "C-7").opted_out_at == NOW


def test_a_phone_without_an_opt_out_leaves_none(sqlite_cli: Cli) -> None:
    sqlite_cli(*ANN)
    removed = sqlite_cli("client", "phone", "remove", "C-1", "+14155551002")
    assert "opt-out" not in removed.err
    assert sqlite_cli("optout", "list", "--all-states", "-o", "json").json == []


def test_the_opt_out_of_a_forgotten_client_stands_when_they_are_added_again(
    cli: Cli, migrated_url: str
) -> None:
    cli(*ANN)
    cli(*OUT)
    assert cli("client", "forget", "C-1", "--reason", "asked", "--yes").code == 0
    shown = cli("optout", "list", "--reveal", "-o", "json").json
    assert [(row["client"], row["phone"]) for row in shown] == [(None, None)] * 2
    refused(cli(*OUT, "-o", "json"), "client_without_phone")
    cli("client", "add", "Ann", "--phone", "+14155551001", "--ref", "C-7")
    assert facts(migrated_url, "C-7").opted_out_at == NOW
    assert [row["client"] for row in show(cli, "C-7")["history"]] == ["C-7"]
    with looking(migrated_url) as cursor:
        keys = {row[0] for row in cursor.tuples("SELECT phone_key FROM opt_out")}
    assert phone_key("happy-paws", "+14155551001") in keys


def test_the_client_list_says_who_opted_out(cli: Cli) -> None:
    cli(*ANN)
    cli("client", "add", "Bo", "--phone", "+14155551009")
    cli(*OUT, "--phone", "+14155551002")
    rows = cli("client", "list", "-o", "json").json
    assert {row["client"]: row["opted_out"] for row in rows} == {"C-1": True, "C-2": False}
