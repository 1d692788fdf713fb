"""A sitter who writes from their own phone is known, whatever number they write to."""

import pytest

from tests.support.fixtures import Cli
from tests.support.incoming import MAYAS_PHONE, OLGAS_PHONE, comes, relayed, waiting
from tests.support.texting import ANN, DESK, MAYA, OLGA, POOL, alerts, people_and_visit

REPLIES = ("--unknown-reply", "Who is it?", "--closed-reply", "Closed.")


@pytest.fixture(params=["on", "off"])
def ready(request: pytest.FixtureRequest, cli: Cli) -> Cli:
    # It is ten in the morning: the office is closed.
    settings = ("--relay", request.param, *REPLIES, "--office-hours", "11:00-17:00")
    people_and_visit(cli, *settings)
    return cli


@pytest.mark.parametrize("to", [DESK, OLGA, POOL])
def test_a_sitters_message_to_another_number_waits_as_theirs(
    ready: Cli, migrated_url: str, to: str
) -> None:
    told = comes(ready, "I am ill", sender=MAYAS_PHONE, to=to)
    assert (told["client"], told["code"], told["did"]) == (None, "KNOWN_SITTER", [])
    assert relayed(migrated_url) == [], "neither as a stranger nor as a client"
    (row,) = ready("inbox", "list", "-o", "json").json
    assert (row["message"], row["sitter"], row["body"]) == (told["message"], "S-1", "I am ill")
    assert waiting(ready, "--for", "S-1") == [told["message"]]
    table = ready("inbox", "list", "-o", "table").out
    assert "Maya Lee" in table
    assert "S-1" in table
    asked = ready("route", "inbound", "--from", MAYAS_PHONE, "--to", to, "-o", "json").json
    assert {name: asked[name] for name in ("code", "reason", "trace")} == {
        name: told[name] for name in ("code", "reason", "trace")
    }


def test_a_sitter_who_left_is_known_all_the_same(ready: Cli, migrated_url: str) -> None:
    assert ready("sitter", "deactivate", "S-2", "--reason", "left", "--yes").code == 0
    comes(ready, "My last pay?", sender=OLGAS_PHONE, to=OLGA)
    (row,) = ready("inbox", "list", "-o", "json").json
    assert (row["sitter"], relayed(migrated_url)) == ("S-2", [])


def test_a_sitter_who_is_a_client_too_is_the_client_elsewhere(ready: Cli) -> None:
    ready("client", "add", "Maya Lee", "--phone", MAYAS_PHONE, "--ref", "C-9")
    told = comes(ready, "Is Rex fine?", sender=MAYAS_PHONE, to=DESK)
    assert (told["client"], told["addressed_to"]) == ("C-9", "front_desk")


@pytest.mark.parametrize(
    ("word", "kind"), [("Cancel", "opt_out_word"), ("STOP", "sitter_opted_out")]
)
@pytest.mark.parametrize("to", [MAYA, DESK])
def test_a_sitters_stop_holds_and_tells_how_to_end_it(
    ready: Cli, to: str, word: str, kind: str
) -> None:
    told = comes(ready, word, sender=MAYAS_PHONE, to=to)
    assert told["did"] == ["opted out"]
    assert alerts(ready) == [(kind, "S-1")]
    (alert,) = ready("alert", "list", "-o", "json").json
    assert "Sitter S-1" in alert["message"]
    assert "petmsg optout remove S-1 --reason" in alert["command"]
    assert waiting(ready) == [told["message"]]


def test_what_cannot_be_passed_on_to_a_sitter_waits_in_the_inbox(
    ready: Cli, migrated_url: str
) -> None:
    ready("org", "set", "--relay", "on")
    stop = comes(ready, "Cancel", sender=MAYAS_PHONE, to=DESK)["message"]
    told = comes(ready, "Rex is bleeding", sender=ANN)
    assert told["did"] == ["the sitter has opted out: left in the inbox"]
    assert relayed(migrated_url) == []
    assert waiting(ready) == [stop, told["message"]]
    assert ("relay_failed", "S-1") in alerts(ready)
    ran = ready("optout", "remove", "S-1", "--reason", "meant the visit")
    assert ran.code == 0, ran.err
    assert comes(ready, "Rex is fine again", sender=ANN)["did"] == ["forwarded to S-1"]


def test_a_sitter_who_opted_out_may_opt_in_again(ready: Cli) -> None:
    comes(ready, "STOP", sender=MAYAS_PHONE)
    assert comes(ready, "Yes", sender=MAYAS_PHONE)["did"] == ["the opt-out has ended"]
    assert ready("optout", "list", "-o", "json").json == []
