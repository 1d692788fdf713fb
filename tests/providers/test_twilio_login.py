"""With which of an account's credentials requests are made, against the fake Twilio."""

import pytest

from petmsg.errors import CredentialsMissing, MediaGone
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


def test_credentials_that_were_replaced_are_read_when_the_old_are_refused(fake: TwilioFake) -> None:
    stored = [TwilioCredentials(ACCOUNT_SID, AUTH_TOKEN)]
    provider = TwilioProvider(stored[0], api_url=fake.url, reload=lambda: stored[-1])
    assert isinstance(provider.send(TEXT), Accepted)
    fake.auth_token = "new-token"
    outcome = provider.send(TEXT)
    assert isinstance(outcome, Rejected)
    assert len(fake.requests) == 2
    stored.append(TwilioCredentials(ACCOUNT_SID, "new-token"))
    assert isinstance(provider.send(TEXT), Accepted)
    assert isinstance(provider.send(TEXT), Accepted)
    assert len(fake.requests) == 5
    # The file of another account is not this account's.
    fake.auth_token = "newest"
    stored.append(TwilioCredentials("AC" + "7" * 32, "newest"))
    assert isinstance(provider.send(TEXT), Rejected)
    assert len(fake.requests) == 6
    provider.close()


def test_credentials_that_became_unreadable_end_nothing(fake: TwilioFake) -> None:
    def unreadable() -> TwilioCredentials:
        raise CredentialsMissing("The file is gone.")

    wrong = TwilioCredentials(ACCOUNT_SID, "wrong")
    provider = TwilioProvider(wrong, api_url=fake.url, reload=unreadable)
    assert isinstance(provider.send(TEXT), Rejected)
    provider.close()
