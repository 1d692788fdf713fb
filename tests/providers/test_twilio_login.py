"""With which of an account's credentials requests are made, against the fake Twilio."""

import pytest

from petmsg.errors import MediaGone
from petmsg.providers.base import Accepted, Rejected
from petmsg.providers.credentials import TwilioCredentials
from petmsg.providers.twilio import TwilioProvider
from tests.providers.sending import TEXT
from tests.support.twilio_fake import ACCOUNT_SID, AUTH_TOKEN, TwilioFake

KEY = ("SK" + "fedcba9876543210" * 2, "secret-of-the-key")


def test_an_api_key_signs_requests_and_the_token_is_not_sent(fake: TwilioFake) -> None:
    fake.more_logins.add(KEY)
    provider = TwilioProvider(
        TwilioCredentials(ACCOUNT_SID, "a-token-for-signatures", (), *KEY), api_url=fake.url
    )
    assert isinstance(provider.send(TEXT), Accepted)
    assert len(fake.requests) == 1
    assert all(f"/Accounts/{ACCOUNT_SID}/" in each.path for each in fake.requests)
    provider.close()


def test_a_refused_login_gives_way_to_the_next_and_is_not_tried_again(fake: TwilioFake) -> None:
    credentials = TwilioCredentials(ACCOUNT_SID, "already-gone", ("x-token", AUTH_TOKEN))
    provider = TwilioProvider(credentials, api_url=fake.url)
    assert isinstance(provider.send(TEXT), Accepted)
    assert len(fake.requests) == 3
    assert isinstance(provider.send(TEXT), Accepted)
    assert len(fake.requests) == 4
    with pytest.raises(MediaGone):
        provider.fetch_media("MM1", "ME1", most=10_000)
    assert len(fake.messages) == 2
    provider.close()


def test_when_no_login_is_accepted_the_account_is_refused(fake: TwilioFake) -> None:
    credentials = TwilioCredentials(ACCOUNT_SID, "gone", ("also-gone",))
    provider = TwilioProvider(credentials, api_url=fake.url)
    outcome = provider.send(TEXT)
    assert isinstance(outcome, Rejected)
    assert outcome.code == "20003"
    assert len(fake.requests) == 2
    provider.close()
