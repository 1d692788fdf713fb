"""Whose signature a webhook may have, and what a refused one looks like.

The signatures are made by the SDK's own `RequestValidator`.
"""

from pathlib import Path

import pytest
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped] # no py.typed

from petmsg.enums.webhooks import LooksLike
from petmsg.providers.public_url import INBOUND
from petmsg.providers.stored_accounts import StoredAccounts
from petmsg.providers.twilio_signature import TwilioSignature
from tests.providers.test_stored_accounts import NORTH, SID, write

HERE = "https://texts.example.com"


@pytest.fixture
def checked(tmp_path: Path) -> TwilioSignature:
    write(tmp_path / "twilio.env", SID, "new-token,old-token")
    write(tmp_path / "twilio-north.env", NORTH, "north-token")
    return TwilioSignature(StoredAccounts({}, tmp_path / "twilio.env"), public_url=HERE)


def form(*account: str) -> dict[str, list[str]]:
    return {"MessageSid": ["SM1"], "Body": [""], **({"AccountSid": [*account]} if account else {})}


def signature(token: str, account: str, address: str = HERE + INBOUND) -> str:
    values = {name: value[0] for name, value in form(account).items()}
    return str(RequestValidator(token).compute_signature(address, values))


@pytest.mark.parametrize(
    ("account", "token", "is_genuine"),
    [
        (SID, "new-token", True),
        (SID, "old-token", True),
        (NORTH, "north-token", True),
        (SID, "north-token", False),
        (NORTH, "new-token", False),
        ("AC" + "2" * 32, "new-token", False),
        ("AC", "new-token", False),
    ],
)
def test_a_request_is_checked_against_the_account_that_it_names(
    checked: TwilioSignature, account: str, token: str, is_genuine: bool
) -> None:
    said = signature(token, account)
    assert checked.is_genuine(INBOUND, "", form(account), said) is is_genuine


def test_without_an_account_or_with_two_no_token_is_tried(checked: TwilioSignature) -> None:
    values = {"MessageSid": "SM1", "Body": ""}
    said = RequestValidator("new-token").compute_signature(HERE + INBOUND, values)
    assert not checked.is_genuine(INBOUND, "", form(), said)
    both = HERE + INBOUND + f"AccountSid{SID}AccountSid{NORTH}BodyMessageSidSM1"
    said = RequestValidator("new-token").compute_signature(both, {})
    assert not checked.is_genuine(INBOUND, "", form(SID, NORTH), said)


@pytest.mark.parametrize("fragment", ["", "#rc=5&rp=all"])
@pytest.mark.parametrize("query", ["", "from=number"])
def test_the_fragment_that_asks_for_retries_may_be_signed_or_not(
    checked: TwilioSignature, fragment: str, query: str
) -> None:
    address = HERE + INBOUND + (f"?{query}" if query else "") + fragment
    assert checked.is_genuine(INBOUND, query, form(SID), signature("new-token", SID, address))
    assert not checked.is_genuine(
        INBOUND, query, form(SID), signature("new-token", SID, f"{address}#other")
    )


def test_a_token_that_was_added_counts_for_the_request_that_needs_it(tmp_path: Path) -> None:
    write(tmp_path / "twilio.env", SID, "old-token")
    checked = TwilioSignature(StoredAccounts({}, tmp_path / "twilio.env"), public_url=HERE)
    said = signature("new-token", SID)
    assert not checked.is_genuine(INBOUND, "", form(SID), said)
    write(tmp_path / "twilio.env", SID, "old-token,new-token")
    assert checked.is_genuine(INBOUND, "", form(SID), said)


def look(
    checked: TwilioSignature,
    said: str | None,
    *,
    account: str = SID,
    query: str = "",
    host: str | None = "texts.example.com",
) -> tuple[LooksLike, str | None]:
    found = checked.diagnose(INBOUND, query, form(account), said, host)
    assert found.account == (account if len(account) == 34 else "")
    return found.kind, found.address


def test_a_refused_request_looks_like_a_token_an_address_or_a_proxy(
    checked: TwilioSignature,
) -> None:
    def at(start: str, path: str = INBOUND) -> str:
        return signature("new-token", SID, start + path)

    assert look(checked, signature("other", SID)) == (LooksLike.TOKEN, None)
    plain = "http://texts.example.com"
    assert look(checked, at(plain)) == (LooksLike.ADDRESS, plain)
    other = "https://other.example.com"
    assert look(checked, at(other), host="other.example.com") == (LooksLike.ADDRESS, other)
    assert look(checked, at(other)) == (LooksLike.TOKEN, None)
    port = "https://other.example.com:8443"
    assert look(checked, at(port), host="other.example.com:8443") == (LooksLike.ADDRESS, port)
    assert look(checked, at(HERE), query="added=1") == (LooksLike.PROXY, HERE)
    assert look(checked, None) == (LooksLike.PROXY, None)
    assert look(checked, "x", account="AC" + "2" * 32) == (LooksLike.ACCOUNT, None)
    assert look(checked, None, account="AC" + "2" * 32) == (LooksLike.STRANGER, None)
    assert look(checked, None, account="<b>") == (LooksLike.STRANGER, None)


@pytest.mark.parametrize("host", ["", "a b", "[::1]:80", "x:99999", "x:port", "\x00", "ä", "@"])
def test_a_host_header_of_any_form_does_no_harm(checked: TwilioSignature, host: str) -> None:
    assert look(checked, "wrong", host=host) == (LooksLike.TOKEN, None)


def test_a_public_url_with_a_path_or_a_port_is_compared_without_it(tmp_path: Path) -> None:
    write(tmp_path / "twilio.env", SID, "new-token")
    accounts = StoredAccounts({}, tmp_path / "twilio.env")
    checked = TwilioSignature(accounts, public_url="https://texts.example.com:8443/petmsg")
    start = "https://texts.example.com:8443"
    said = signature("new-token", SID, start + INBOUND)
    assert not checked.is_genuine(INBOUND, "", form(SID), said)
    assert checked.diagnose(INBOUND, "", form(SID), said, None).address == start
    without_port = signature("new-token", SID, "https://texts.example.com/petmsg" + INBOUND)
    assert checked.is_genuine(INBOUND, "", form(SID), without_port)
