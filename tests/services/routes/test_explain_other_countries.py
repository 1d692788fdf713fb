"""An org with numbers of several countries: explaining, simulating and sending agree on which is
lent to whom."""

import pytest

from tests.support.fixtures import Cli

DESK, POOL, LONDON = "+14155550100", "+14155550150", "+447700900001"
ANN, SUE = "+14155551001", "+447700900123"


@pytest.fixture
def ready(cli: Cli) -> Cli:
    """A US front desk, a pool number of London; Ann has a US phone, Sue a British one."""
    assert cli("number", "add", LONDON, "--class", "pool").code == 0
    for ref, phone in (("C-1", ANN), ("C-2", SUE)):
        assert cli("client", "add", ref, "--phone", phone, "--ref", ref).code == 0
    return cli


def agreed(cli: Cli, client: str) -> tuple[str, list[str]]:
    """Number and codes, as all of the three say."""
    explained = cli("route", "explain", client, "-o", "json").json
    e164 = explained["number"]["e164"]
    (segment,) = cli("route", "simulate", "--client", client, "--to", "+1d", "-o", "json").json
    sent = cli("message", "send", client, "--body", "Hi", "-o", "json").json
    assert (segment["number"], sent["from"]) == (e164, e164)
    shown = cli("message", "show", str(sent["message"]), "-o", "json").json
    codes = [step["code"] for step in explained["trace"]]
    assert [step["code"] for step in shown["decision"]["trace"]] == codes
    return e164, codes[1:]


def test_a_number_of_another_country_is_not_lent_where_the_front_desk_is_near(ready: Cli) -> None:
    assert agreed(ready, "C-1") == (DESK, ["NUMBER_OTHER_COUNTRY", "FRONT_DESK"])
    assert agreed(ready, "C-2") == (LONDON, ["POOL_LEAST_RECENTLY_USED"])
    shown = ready("route", "explain", "C-1").out
    assert "of another country" in " ".join(shown.split())
    for personal in (ANN, SUE, SUE[:5] + "700"):
        assert personal not in shown


def test_a_pool_number_of_the_clients_country_comes_first(ready: Cli) -> None:
    assert ready("number", "add", POOL, "--class", "pool").code == 0
    assert agreed(ready, "C-1") == (POOL, ["POOL_LEAST_RECENTLY_USED"])
    assert agreed(ready, "C-2") == (LONDON, ["POOL_LEAST_RECENTLY_USED"])


def test_where_no_number_of_their_country_is_usable_the_client_gets_what_there_is(
    ready: Cli,
) -> None:
    assert ready("number", "quarantine", LONDON, "--reason", "x").code == 0
    assert agreed(ready, "C-2") == (DESK, ["POOL_EMPTY", "FRONT_DESK"])
    assert ready("number", "add", "+4915112345678", "--class", "pool").code == 0
    assert agreed(ready, "C-2") == ("+4915112345678", ["POOL_LEAST_RECENTLY_USED"])
    assert agreed(ready, "C-1") == (DESK, ["NUMBER_OTHER_COUNTRY", "FRONT_DESK"])


def test_the_number_follows_the_phone_that_the_message_is_sent_to(ready: Cli) -> None:
    assert ready("message", "send", "C-1", "--body", "Hi", "--queue-only").code == 0
    another = SUE.replace("123", "124")
    assert ready("client", "phone", "add", "C-1", another, "--primary").code == 0
    assert ready("message", "dispatch").code == 0
    (row,) = ready("message", "list", "--client", "C-1", "-o", "json").json
    assert (row["from"], row["to"][-2:]) == (LONDON, "24")
