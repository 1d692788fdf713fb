"""The public URL of `petmsg serve`. Standard library and leaves only."""

from urllib.parse import urlsplit

from petmsg.errors import Misconfigured

LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))
INBOUND = "/twilio/inbound"
STATUS = "/twilio/status"
CALL = "/twilio/voice"
"""A phone call comes in."""
CALL_ANSWER = "/twilio/voice/answer"
"""Somebody who was rung picked up, or a key was pressed."""
CALL_ENDED = "/twilio/voice/ended"
"""A phone was rung, or a whole call has ended."""
CALL_VOICEMAIL = "/twilio/voice/voicemail"
CALLS = (CALL, CALL_ANSWER, CALL_ENDED, CALL_VOICEMAIL)
RETRIES = "rc=5&rp=all"
"""The fragment of a webhook's URL with which Twilio repeats a request: five times, after a 5xx too.
"""
_OUR_PATHS = (INBOUND, STATUS, *CALLS, "/twilio", "/stripe", "/media", "/healthz")
"""A public URL with such an end would repeat it in the URLs that Twilio signs."""


def checked_public_url(url: str) -> str:
    """Check the public URL; returns it without a trailing slash.

    It must be https, or http to this machine, and the start of every webhook URL. Raises
    `Misconfigured`, which says what is wrong.
    """
    wrong = _wrong_with(url)
    if wrong is None:
        return url.rstrip("/")
    raise Misconfigured(
        f"PETMSG_PUBLIC_URL is not usable: {wrong}.",
        hint="Use the start of all webhook URLs, such as https://texts.example.com; Twilio's "
        f"webhook is that URL followed by {INBOUND}.",
    )


def _wrong_with(url: str) -> str | None:
    """Why a public URL is not usable, without repeating it (it may hold a password), or None."""
    if not url.isprintable() or " " in url:
        return "it contains spaces or control characters"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "its host or port is not valid"
    if "@" in parts.netloc:
        return _WITH_USER
    if not url.isascii():
        return _not_ascii(host or "")
    path = parts.path.rstrip("/")
    checks = (
        (parts.scheme not in ("https", "http"), "it does not begin with https://"),
        (not host, "it has no host"),
        (port == 0, "its port cannot be 0"),
        (
            parts.scheme == "http" and host not in LOOPBACK,
            "it must use https, unless it is this machine",
        ),
        ("?" in url or "#" in url, "it contains a ? or a #; put those into Twilio's webhook URL"),
        (
            any(path.endswith(each) for each in _OUR_PATHS),
            "it ends with a path that petmsg adds itself",
        ),
    )
    return next((words for is_wrong, words in checks if is_wrong), None)


_WITH_USER = "it contains a user or a password"


def _not_ascii(host: str) -> str:
    """Why a URL with other characters is not usable; a host has another form that is."""
    if host.isascii():
        return "its path contains non-ASCII characters"
    try:
        plain = host.encode("idna").decode("ascii")
    except UnicodeError:
        return "its host is not valid"
    return f"its host is an international name; write it in its ASCII form, {plain}"
