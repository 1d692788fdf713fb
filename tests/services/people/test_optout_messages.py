"""Requests for no more messages in plain words, and what an operator does about them."""

import json
from datetime import timedelta

import pytest

from petmsg.enums.opt_outs import Keyword
from petmsg.providers.base import ReceivedMessage
from petmsg.services.inbound.receive import receive_each
from tests.support.fixtures import NOW, Cli, looking, working
from tests.support.incoming import MAYAS_PHONE, STRANGER, carried, comes, relayed, waiting
from tests.support.texting import ANN, DESK, MAYA, alerts, people_and_visit, send

MINUTE = timedelta(minutes=1)


@pytest.fixture
def ready(cli: Cli) -> Cli:
    people_and_visit(cli, "--relay", "on", "--unknown-reply", "Who is it?")
    return cli


@pytest.mark.parametrize("body", ["“STOP”", "STOP,", "STOP \N{OCTAGONAL SIGN}", "opt-out", "ARRET"])
def test_a_keyword_with_marks_around_it_opts_out(ready: Cli, migrated_url: str, body: str) -> None:
    assert comes(ready, body)["did"] == ["opted out"]
    assert relayed(migrated_url) == []
    assert send(ready).error["code"] == "opted_out"


@pytest.mark.parametrize(
    "body", ["Stop please", "Please stop texting me", "arrêtez", "no me escriban"]
)
def test_a_request_waits_for_a_person_and_changes_nothing(
    ready: Cli, migrated_url: str, body: str
) -> None:
    told = comes(ready, body)
    assert told["did"] == ["possible request for no more messages: left in the inbox"]
    assert relayed(migrated_url) == []
    assert waiting(ready) == [told["message"]]
    assert alerts(ready) == [("opt_out_request", "C-1")]
    (alert,) = ready("alert", "list", "-o", "json").json
    assert f"petmsg optout add --from-message {told['message']}" in alert["command"]
    assert body not in str(alert)
    assert ready("optout", "list", "-o", "json").json == []
    assert send(ready).code == 0


def test_who_has_opted_out_already_raises_no_second_alert(ready: Cli, migrated_url: str) -> None:
    """Nothing is left to decide, so the alert would only say what is not so: nobody opted out."""
    first = comes(ready, "Please stop texting me")["message"]
    ran = ready("optout", "add", "--from-message", str(first))
    assert f"Close it: petmsg inbox done {first}" in ran.err
    told = comes(ready, "stop texting me")
    assert told["did"] == ["asks for no more messages and has opted out already: left in the inbox"]
    assert alerts(ready) == []
    assert relayed(migrated_url) == []
    again = ready("optout", "add", "--from-message", str(first))
    assert f"Close them: petmsg inbox done {first} {told['message']}" in again.err
    assert ready("inbox", "done", str(first), str(told["message"])).code == 0
    assert "inbox" not in ready("optout", "add", "--from-message", str(first)).err


def test_an_ordinary_message_is_passed_on(ready: Cli, migrated_url: str) -> None:
    assert comes(ready, "please stop by at 5")["did"] == ["forwarded to S-1"]
    assert [each[1] for each in relayed(migrated_url)] == [MAYAS_PHONE]
    assert alerts(ready) == []


def test_a_stranger_who_asks_for_no_messages_is_not_answered(ready: Cli, migrated_url: str) -> None:
    told = comes(ready, "no more messages", sender=STRANGER)
    assert relayed(migrated_url) == []
    assert alerts(ready) == [("opt_out_request", str(told["message"]))]


def test_an_operator_acts_on_a_message(ready: Cli) -> None:
    ready("client", "phone", "add", "C-1", "+14155551009")
    asked = str(comes(ready, "Please stop texting me")["message"])
    ran = ready("optout", "add", "--from-message", asked, "-o", "json")
    assert (ran.code, ran.json["client"], len(ran.json["phones"])) == (0, "C-1", 2)
    (row, _) = ready("optout", "show", "C-1", "-o", "json").json["history"]
    assert (row["source"], row["reason"]) == ("operator", f"asked for it in message {asked}")
    again = ready("optout", "add", "--from-message", asked, "--reason", "x", "-o", "json")
    assert again.json["reused"] is True
    assert send(ready).error["code"] == "opted_out"


def test_an_operator_acts_on_the_message_of_a_stranger(ready: Cli) -> None:
    asked = str(comes(ready, "no more messages", sender=STRANGER)["message"])
    ran = ready("optout", "add", "--from-message", asked, "--reveal", "-o", "json")
    assert (ran.json["client"], ran.json["phones"]) == (None, [STRANGER])
    ready("client", "add", "Cleo", "--phone", STRANGER, "--ref", "C-9")
    assert send(ready, client="C-9").error["code"] == "opted_out"


@pytest.mark.parametrize(
    ("sender", "to", "whose"),
    [
        (ANN, MAYA, {"client": "C-1", "sitter": None, "whose": "client"}),
        (MAYAS_PHONE, MAYA, {"client": None, "sitter": "S-1", "whose": "sitter"}),
        (STRANGER, MAYA, {"client": None, "sitter": None, "whose": "unknown"}),
    ],
)
def test_acting_on_a_message_ends_its_alert_and_the_opt_out_can_be_ended_by_it(
    ready: Cli, migrated_url: str, sender: str, to: str, whose: dict[str, str | None]
) -> None:
    asked = str(comes(ready, "Bitte keine Nachrichten mehr", sender=sender, to=to)["message"])
    assert relayed(migrated_url) == []
    assert [kind for kind, _ in alerts(ready)] == ["opt_out_request"]
    assert ready("optout", "list", "-o", "json").json == []
    ran = ready("optout", "add", "--from-message", asked, "-o", "json")
    assert {key: ran.json[key] for key in whose} == whose
    assert alerts(ready) == []
    with looking(migrated_url) as cursor:
        payload = cursor.value(
            "SELECT payload FROM audit_event WHERE event LIKE '%.opted_out' ORDER BY seq DESC"
        )
    assert json.loads(payload)["message"] == int(asked)
    (row,) = ready("optout", "list", "-o", "json").json
    assert {key: row[key] for key in whose} == whose
    assert sender not in str(row)
    for words in (("--from-message", asked), (sender,), (str(row["opt_out"]),)):
        shown = ready("optout", "show", *words, "-o", "json").json
        assert {key: shown[key] for key in whose} == whose
        assert shown["opted_out"] is True
    ended = ready("optout", "remove", "--from-message", asked, "--reason", "again", "-o", "json")
    assert {key: ended.json[key] for key in whose} == whose
    assert ready("optout", "list", "-o", "json").json == []
    shown = ready("optout", "show", "--from-message", asked, "-o", "json").json
    assert (shown["opted_out"], len(shown["history"])) == (False, 1)


@pytest.mark.parametrize(("sender", "ref"), [(ANN, "C-1"), (MAYAS_PHONE, "S-1")])
def test_opting_a_person_out_by_name_ends_the_alert_of_their_request(
    ready: Cli, sender: str, ref: str
) -> None:
    comes(ready, "Bitte keine Nachrichten mehr", sender=sender, to=MAYA)
    assert [kind for kind, _ in alerts(ready)] == ["opt_out_request"]
    assert ready("optout", "add", ref, "--reason", "they asked").code == 0
    assert alerts(ready) == []


@pytest.mark.parametrize("command", [("show",), ("remove", "--reason", "x")])
def test_a_person_is_named_in_one_way(ready: Cli, command: tuple[str, ...]) -> None:
    for words in ((), ("C-1", "--from-message", "1")):
        ran = ready("optout", *command, *words, "-o", "json")
        assert (ran.code, ran.error["code"]) == (2, "usage")


def test_what_cannot_be_meant_is_refused(ready: Cli) -> None:
    ready("client", "add", "Cleo", "--phone", "+14155551010", "--ref", "C-9")
    erased = str(comes(ready, "Please stop texting me", sender="+14155551010")["message"])
    ready("client", "forget", "C-9", "--reason", "asked", "--yes")
    sent = str(send(ready).json["message"])
    for words, code, exit_code in (
        ((), "usage", 2),
        (("C-1", "--from-message", erased), "usage", 2),
        (("--from-message", erased, "--phone", ANN), "usage", 2),
        (("--from-message", "999"), "message_not_found", 3),
        (("--from-message", sent), "message_not_found", 3),
        (("--from-message", erased), "sender_erased", 4),
    ):
        ran = ready("optout", "add", *words, "-o", "json")
        assert (ran.code, ran.error["code"]) == (exit_code, code), words
        assert ran.error["hint"]


# ------------------------------------------------------------- what the provider says of a message


def told_by_the_provider(
    url: str, keyword: Keyword | None, body: str, *, sid: str = "SM1", sender: str = ANN
) -> tuple[str, ...]:
    text = ReceivedMessage(sid, sender, MAYA, body, opt_out_type=keyword)
    with working(url) as uow:
        (taken,) = receive_each(uow, [text])
    return taken.did  # type: ignore[union-attr] # because a failure fails here


def test_a_word_of_the_companys_own_is_heeded(ready: Cli, migrated_url: str) -> None:
    """And whoever opted out is not answered."""
    assert told_by_the_provider(migrated_url, Keyword.STOP, "PARAR") == ("opted out",)
    assert relayed(migrated_url) == []
    assert send(ready).error["code"] == "opted_out"
    (row,) = ready("optout", "list", "-o", "json").json
    assert row["reason"] == "sent a synonym of STOP"
    started = told_by_the_provider(migrated_url, Keyword.START, "hola", sid="SM2")
    assert started == ("the opt-out has ended",)
    assert send(ready).code == 0
    assert told_by_the_provider(migrated_url, Keyword.HELP, "ayuda", sid="SM3") == ()
    codes = [row["code"] for row in ready("inbox", "list", "-o", "json").json]
    assert codes == ["KEYWORD_HELP", "KEYWORD_START", "KEYWORD_STOP"]


def test_a_stranger_who_opts_out_by_such_a_word_is_not_answered(
    ready: Cli, migrated_url: str
) -> None:
    assert told_by_the_provider(migrated_url, Keyword.STOP, "fora da lista", sender=STRANGER) == (
        "opted out",
    )
    assert relayed(migrated_url) == []


def test_it_is_heeded_where_a_pull_brought_the_message_first(ready: Cli, migrated_url: str) -> None:
    told_by_the_provider(migrated_url, None, "fora")
    assert told_by_the_provider(migrated_url, Keyword.STOP, "fora") == ("opted out",)
    assert told_by_the_provider(migrated_url, Keyword.STOP, "fora") == ()
    assert send(ready).error["code"] == "opted_out"


def test_it_is_heeded_where_the_number_is_known_later(ready: Cli, migrated_url: str) -> None:
    new = "+14155550188"
    ready("message", "receive", "--from", ANN, "--to", new, "--body", "PARAR", "--sid", "SM9")
    with working(migrated_url) as uow:
        uow.cursor.run("UPDATE stray_text SET opt_out_type = 'stop'")
    ready("number", "add", new, "--class", "pool")
    assert ready("inbox", "adopt", "1", "-o", "json").json["did"] == ["opted out"]


# ------------------------------------------------------------------------- what is said of waiting


def test_what_is_said_of_a_waiting_message_is_so(ready: Cli, migrated_url: str) -> None:
    ran = ready("message", "send", "C-1", "--body", "Hi", "--at", "+2m", "-o", "json")
    assert ran.code == 0, ran.err
    added = ready("optout", "add", "C-1", "--reason", "called")
    assert "will not be sent while they are opted out." in added.err
    assert (
        "What is still queued when the opt-out ends is sent then: petmsg message list" in added.err
    )
    ready("message", "dispatch", now=NOW + MINUTE)
    assert carried(migrated_url) == []
    removed = ready(
        "optout", "remove", "C-1", "--reason", "called again", "-o", "json", now=NOW + MINUTE
    )
    assert removed.json["waiting"] == 1
    assert "1 message to them will be sent now." in removed.err
    ready("message", "dispatch", now=NOW + 3 * MINUTE)
    assert [each[1:] for each in carried(migrated_url)] == [(ANN, "Hi")]


def test_what_is_due_while_the_opt_out_stands_is_never_sent(ready: Cli, migrated_url: str) -> None:
    ready("message", "send", "C-1", "--body", "Hi", "--at", "+2m")
    ready("optout", "add", "C-1", "--reason", "called")
    ready("message", "dispatch", now=NOW + 3 * MINUTE)
    after = {"now": NOW + 4 * MINUTE}
    removed = ready("optout", "remove", "C-1", "--reason", "x", "-o", "json", **after)
    assert (removed.json["waiting"], removed.err) == (0, "")
    ready("message", "dispatch", **after)
    assert carried(migrated_url) == []


# ------------------------------------------------------------------------------ sitters, strangers


def test_opt_outs_of_sitters_and_strangers_are_listed_shown_and_ended(ready: Cli) -> None:
    comes(ready, "STOP", sender=MAYAS_PHONE, to=DESK)
    comes(ready, "STOP", sender=STRANGER, to=DESK)
    strange, hers = ready("optout", "list", "-o", "json").json
    assert (hers["client"], hers["sitter"], hers["phone"]) == (None, "S-1", "+1********01")
    assert (strange["client"], strange["sitter"], strange["phone"]) == (None, None, "+1********99")
    for who in ("S-1", "Maya Lee", MAYAS_PHONE, str(hers["opt_out"])):
        shown = ready("optout", "show", who, "-o", "json").json
        assert (shown["sitter"], shown["opted_out"]) == ("S-1", True), who
    for who in (STRANGER, str(strange["opt_out"])):
        shown = ready("optout", "show", who, "-o", "json").json
        assert (shown["client"], shown["sitter"], shown["opted_out"]) == (None, None, True), who
    end = ("--reason", "asked", "-o", "json")
    ran = ready("optout", "remove", "S-1", *end)
    assert (ran.code, ran.json["sitter"], ran.json["reused"]) == (0, "S-1", False)
    ran = ready("optout", "remove", str(strange["opt_out"]), *end)
    assert (ran.code, ran.json["phones"]) == (0, ["+1********99"])
    assert ready("optout", "list", "-o", "json").json == []
    events = [row["event"] for row in ready("audit", "list", "-o", "json").json]
    assert {"sitter.opted_out", "sitter.opted_in", "phone.opted_out", "phone.opted_in"} <= {*events}


def test_a_strangers_opt_out_is_ended_by_the_phone(ready: Cli) -> None:
    comes(ready, "STOP", sender=STRANGER, to=DESK)
    ran = ready("optout", "remove", STRANGER, "--reason", "asked", "-o", "json")
    assert (ran.code, ran.json["reused"]) == (0, False)
    assert ready("optout", "remove", "+19995550123", "--reason", "x").code == 3


def test_opt_outs_of_sitters_that_were_noted_without_their_phone_are_recognised(
    ready: Cli, migrated_url: str
) -> None:
    comes(ready, "STOP", sender=MAYAS_PHONE, to=DESK)
    with working(migrated_url) as uow:
        uow.cursor.run("UPDATE opt_out SET e164 = NULL")
    (row,) = ready("optout", "list", "-o", "json").json
    assert (row["sitter"], row["phone"]) == ("S-1", "+1********01")
    assert ready("optout", "show", "S-1", "-o", "json").json["opted_out"]


def test_a_name_that_a_client_and_a_sitter_share_is_ambiguous(ready: Cli) -> None:
    ready("client", "set", "C-2", "--name", "Maya Lee")
    ran = ready("optout", "show", "Maya Lee", "-o", "json")
    assert (ran.code, ran.error["code"]) == (4, "ambiguous")


def test_the_opt_out_of_a_sitter_stands_when_the_phone_changes(
    ready: Cli, migrated_url: str
) -> None:
    comes(ready, "STOP", sender=MAYAS_PHONE, to=DESK)
    assert ready("sitter", "set", "S-1", "--phone", "+14155552009").code == 0
    assert ready("optout", "show", "S-1", "-o", "json").json["opted_out"]
    with looking(migrated_url) as cursor:
        assert cursor.value("SELECT count(*) FROM opt_out WHERE e164 IS NULL") == 1
