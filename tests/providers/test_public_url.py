"""The address under which the internet reaches us: what is accepted, and why others are not."""

import pytest

from petmsg.errors import Misconfigured
from petmsg.providers.public_url import checked_public_url


@pytest.mark.parametrize(
    ("url", "accepted"),
    [
        ("https://texts.example.com", "https://texts.example.com"),
        ("https://texts.example.com/", "https://texts.example.com"),
        ("https://texts.example.com:8443/petmsg/", "https://texts.example.com:8443/petmsg"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
    ],
)
def test_what_all_our_addresses_begin_with_is_accepted(url: str, accepted: str) -> None:
    assert checked_public_url(url) == accepted


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://texts.example.com/twilio/inbound", "ends with a path that petmsg adds"),
        ("https://texts.example.com/twilio/inbound/", "ends with a path that petmsg adds"),
        ("https://texts.example.com/twilio/status", "ends with a path that petmsg adds"),
        ("https://texts.example.com/petmsg/twilio", "ends with a path that petmsg adds"),
        ("https://texts.example.com/stripe", "ends with a path that petmsg adds"),
        ("https://texts.example.com/#rc=5&rp=all", "contains a ? or a #"),
        ("https://texts.example.com?x=1", "contains a ? or a #"),
        ("https://me:secret@texts.example.com", "contains a user or a password"),
        ("http://texts.example.com", "must use https, unless it is this machine"),
        ("texts.example.com", "does not begin with https://"),
        ("ftp://texts.example.com", "does not begin with https://"),
        ("https://", "it has no host"),
        ("https://texts.example.com:0", "port cannot be 0"),
        ("https://texts.example.com:99999", "its host or port is not valid"),
        ("https://[::1", "its host or port is not valid"),
        ("https://täxts.example.com", "write it in its ASCII form, xn--txts-loa.example.com"),
        ("https://me:sécret@täxts.example.com", "contains a user or a password"),
        ("https://texts.example.com/tëxts", "its path contains non-ASCII characters"),
        ("https://tä..xts.example.com", "its host is not valid"),
        ("https://texts.example.com/\x7f", "control characters"),
        ("https://texts.example.com/media/", "ends with a path that petmsg adds"),
        ("https://texts.example.com /x", "spaces"),
    ],
)
def test_others_are_refused_for_their_own_reason(url: str, reason: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        checked_public_url(url)
    assert reason in caught.value.message
    assert "secret" not in caught.value.message + caught.value.hint
