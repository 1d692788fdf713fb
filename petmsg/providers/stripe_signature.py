"""Stripe's signature of an event, as its documentation describes it. Standard library only.

`Stripe-Signature: t=…,v1=…[,v1=…]`: HMAC-SHA256 with the endpoint's signing secret over the time, a
dot and the unchanged body. While a secret is rolled there are several v1, and petmsg may have
several secrets: one match is enough. Source: docs.stripe.com/webhooks/signature.
"""

import hmac
import re
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

TOLERANCE_SECONDS = 300
"""Maximum difference between the signature's time and ours; an older request may be a replay."""

_TIME = re.compile(r"[0-9]{1,12}")
_MOST_PARTS = 32


def sign(payload: bytes, secret: str, *, at: int) -> str:
    """The v1 signature of a body; `at` is in seconds since 1970."""
    return hmac.new(secret.encode(), b"%d." % at + payload, sha256).hexdigest()


def is_genuine(
    payload: bytes, header: str | None, secrets: Sequence[str], *, now: datetime
) -> bool:
    """Whether one of the secrets signed this very body within the tolerance of now (aware UTC)."""
    times, signatures = [], []
    for part in (header or "").split(",")[:_MOST_PARTS]:
        name, _, value = part.strip().partition("=")
        if name == "t":
            times.append(value)
        elif name == "v1":
            signatures.append(value.encode("utf-8", "replace"))
    if len(times) != 1 or not _TIME.fullmatch(times[0]):
        return False
    at = int(times[0])
    if abs(now.timestamp() - at) > TOLERANCE_SECONDS:
        return False
    matches = False
    for secret in secrets:
        expected = sign(payload, secret, at=at).encode()
        for signature in signatures:
            matches |= hmac.compare_digest(expected, signature)
    return matches
