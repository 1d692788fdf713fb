"""The program of a process that sends one message to one channel, and ends.

It reads a JSON object from stdin and writes one to stdout. Nothing else leaves it: what apprise and
the libraries below it print or log is discarded, because it may contain the URL. A process of its
own can be ended at any moment, whatever a server, a name lookup or a library waits for.
"""

import json
import logging
import os
import re
import signal
import sys
from typing import Any

from petmsg.notify.outcome import Outcome, Trouble

LONGEST_SECONDS = 60
"""The process ends itself after this time, in case the one that started it was killed."""

_STATUS = re.compile(r"\berror=([1-5]\d\d)\b")
_SIGNS = (
    (Trouble.CERTIFICATE, re.compile(r"CERTIFICATE_VERIFY_FAILED|SSLError|SSLCertVerification")),
    (
        Trouble.UNKNOWN_HOST,
        re.compile(r"NameResolutionError|getaddrinfo|Name or service not known|nodename nor"),
    ),
    (Trouble.NO_ANSWER, re.compile(r"timed out|[Tt]imeout")),
    (
        Trouble.NO_CONNECTION,
        re.compile(r"Connection refused|Connection ?[Rr]eset|unreachable|Connection error|aborted"),
    ),
    (Trouble.CREDENTIALS, re.compile(r"\b535\b|[Aa]uthentication")),
)


def main() -> None:
    """Answer what stdin asks for."""
    signal.alarm(LONGEST_SECONDS)
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answer:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        try:
            outcome = _outcome(json.load(sys.stdin))
        except Exception:  # noqa: BLE001 because an error may contain the URL
            outcome = Outcome(Trouble.FAILED)
        json.dump({"trouble": outcome.trouble, "status": outcome.status}, answer)


def _outcome(asked: dict[str, Any]) -> Outcome:
    import apprise

    # Apprise says why a message was not sent in its log only, and the details at this level.
    logger = logging.getLogger("apprise")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    # Not in threads of apprise's own; and no ?optional=yes may turn a failure into a success.
    asset = apprise.AppriseAsset(app_id="petmsg", app_desc="petmsg", async_mode=False)
    service = apprise.Apprise.instantiate(asked["url"], asset=asset)
    if service is None:
        return Outcome(Trouble.URL_INVALID)
    if "body" not in asked:
        return Outcome()
    sender = apprise.Apprise(asset=asset)
    sender.add(service)
    result = sender.notify(
        body=asked["body"],
        title=asked["title"],
        notify_type=asked["type"],
        body_format=apprise.NotifyFormat.TEXT,
        interpret_escapes=False,
        log_level=logging.DEBUG,
    )
    if any(each.status == apprise.AppriseResultStatus.SUCCESS for one in result for each in one):
        return Outcome()
    return _trouble("\n".join(entry.message for entry in result.logs()))


def _trouble(log: str) -> Outcome:
    """What a log tells of a failure."""
    if found := _STATUS.search(log):
        status = int(found[1])
        return Outcome(Trouble.CREDENTIALS if status in (401, 403) else Trouble.HTTP_STATUS, status)
    for trouble, sign in _SIGNS:
        if sign.search(log):
            return Outcome(trouble)
    return Outcome(Trouble.FAILED)


if __name__ == "__main__":
    main()
