"""What became of a message to a channel, in words that contain no part of its URL."""

from enum import StrEnum
from http import HTTPStatus
from typing import NamedTuple


class Trouble(StrEnum):
    """Why a channel was not told. The words are closed, because what a server answers may repeat
    the URL."""

    URL_MISSING = "url_missing"
    URL_INVALID = "url_invalid"
    HTTP_STATUS = "http_status"
    CREDENTIALS = "credentials"
    UNKNOWN_HOST = "unknown_host"
    NO_CONNECTION = "no_connection"
    NO_ANSWER = "no_answer"
    CERTIFICATE = "certificate"
    FAILED = "failed"
    STOPPED = "stopped"


_SENTENCES = {
    Trouble.URL_MISSING: "its URL is not on this machine",
    Trouble.URL_INVALID: "apprise does not support its URL",
    Trouble.CREDENTIALS: "its server refuses the credentials in its URL",
    Trouble.UNKNOWN_HOST: "the host in its URL is unknown",
    Trouble.NO_CONNECTION: "its server cannot be reached",
    Trouble.NO_ANSWER: "its server does not answer in time",
    Trouble.CERTIFICATE: "the certificate of its server is not valid",
    Trouble.FAILED: "its server did not accept the message",
    Trouble.STOPPED: "petmsg was stopped meanwhile",
}


class Outcome(NamedTuple):
    """`trouble` is None if the channel was told. `status` is the HTTP status of a refusal."""

    trouble: Trouble | None = None
    status: int | None = None

    @property
    def why(self) -> str:
        """The trouble as the end of a sentence; empty if there is none."""
        if self.trouble is None:
            return ""
        if self.trouble is not Trouble.HTTP_STATUS:
            return _SENTENCES[self.trouble]
        return f"its server answered {self.status}{_phrase(self.status)}"


def _phrase(status: int | None) -> str:
    try:
        return f" ({HTTPStatus(status or 0).phrase})"
    except ValueError:
        return ""
