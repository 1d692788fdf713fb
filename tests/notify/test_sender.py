"""What the log of apprise tells of a failure, without anything that a server or a URL says."""

import pytest

from petmsg.notify.outcome import Outcome, Trouble
from petmsg.notify.sender import _trouble


@pytest.mark.parametrize(
    ("log", "outcome"),
    [
        (
            "Failed to send JSON POST notification: Page not found., error=404.",
            Outcome(Trouble.HTTP_STATUS, 404),
        ),
        ("Failed to send ntfy notification: error=401.", Outcome(Trouble.CREDENTIALS, 401)),
        ("Socket Exception: HTTPConnectionPool(…): Read timed out.", Outcome(Trouble.NO_ANSWER)),
        (
            "Connection error with hooks.example.com.\nException: … NameResolutionError(…)",
            Outcome(Trouble.UNKNOWN_HOST),
        ),
        (
            "A Connection error occurred …\nSocket Exception: [Errno 111] Connection refused",
            Outcome(Trouble.NO_CONNECTION),
        ),
        ("SSLError(SSLCertVerificationError(1, …", Outcome(Trouble.CERTIFICATE)),
        ("(535, b'5.7.8 Error: authentication failed')", Outcome(Trouble.CREDENTIALS)),
        ("json://127.0.0.1/tok-SENTINEL raised an exception", Outcome(Trouble.FAILED)),
        ("", Outcome(Trouble.FAILED)),
    ],
)
def test_a_log_is_read(log: str, outcome: Outcome) -> None:
    assert _trouble(log) == outcome
    assert "SENTINEL" not in outcome.why
