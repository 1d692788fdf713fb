"""Stripe's signatures, with Stripe's own code as the referee."""

import random
import string
import time
from datetime import UTC, datetime

import pytest
from stripe import SignatureVerificationError, WebhookSignature

from petmsg.providers.stripe_signature import TOLERANCE_SECONDS, is_genuine, sign

SECRET = "whsec_of_the_tests_0123456789"
BODY = '{"id": "evt_1", "name": "Zoë \u00e9 🐶"}'


def theirs(body: str, header: str | None, secret: str = SECRET) -> bool:
    """Whether Stripe's SDK takes the header, now."""
    try:
        return bool(WebhookSignature.verify_header(body, header, secret, TOLERANCE_SECONDS))
    except SignatureVerificationError:
        return False


def ours(body: str, header: str | None, *secrets: str) -> bool:
    return is_genuine(body.encode(), header, secrets or (SECRET,), now=datetime.now(UTC))


def test_a_header_that_the_sdk_makes_is_genuine() -> None:
    header = WebhookSignature.generate_signature_header(BODY, SECRET)
    assert ours(BODY, header)
    assert ours(BODY, header, "whsec_of_another", SECRET)
    assert not ours(BODY, header, "whsec_of_another")
    assert not ours(BODY + " ", header)


def test_the_sdk_takes_what_we_sign() -> None:
    at = int(time.time())
    assert theirs(BODY, f"t={at},v1={sign(BODY.encode(), SECRET, at=at)}")


@pytest.mark.parametrize("ago", [0, 200, 290, 310, 4000])
def test_the_tolerance_is_the_sdks(ago: int) -> None:
    header = WebhookSignature.generate_signature_header(BODY, SECRET, int(time.time()) - ago)
    assert ours(BODY, header) is theirs(BODY, header) is (ago < TOLERANCE_SECONDS)


def test_no_header_is_taken_that_the_sdk_refuses() -> None:
    """Ours may refuse more: a time from the future, or two times."""
    chance = random.Random(7)
    good = WebhookSignature.generate_signature_header(BODY, SECRET)
    at, signature = good.split(",")
    other = f"v1={'0' * 64}"
    parts = [at, signature, other, signature.replace("v1", "v0"), "t=", "v1=", "", "x", f"{at} "]
    taken = 0
    for _ in range(3000):
        header = ",".join(chance.choices(parts, k=chance.randint(1, 4)))
        if chance.random() < 0.3:
            place = chance.randrange(len(header) + 1)
            header = header[:place] + chance.choice(string.printable) + header[place + 1 :]
        if ours(BODY, header):
            taken += 1
            assert theirs(BODY, header), header
    assert taken > 100
