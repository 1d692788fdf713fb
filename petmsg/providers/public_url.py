"""The address under which the internet reaches `petmsg serve`. Standard library and leaves only."""

from urllib.parse import urlsplit

from petmsg.errors import Misconfigured

LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))
INBOUND = "/twilio/inbound"
STATUS = "/twilio/status"
_OUR_PATHS = (INBOUND, STATUS, "/twilio", "/stripe", "/healthz")
"""Each would be there twice in the addresses that Twilio signs, and every request refused."""


def checked_public_url(url: str) -> str:
    """The address under which the internet reaches us, without a slash at its end.

    Raises `Misconfigured`, with what is wrong, unless it is https, or http to this machine, and the
    beginning of every address that Twilio is given.
    """
    wrong = _wrong_with(url)
    if wrong is None:
        return url.rstrip("/")
    raise Misconfigured(
        f"PETMSG_PUBLIC_URL is not usable: {wrong}.",
        hint="Write what all addresses of petmsg begin with, such as https://texts.example.com; "
        f"Twilio is given that with {INBOUND} behind it.",
    )


def _wrong_with(url: str) -> str | None:
    """What is wrong with a public address, in words that do not repeat it: it may hold a password.

    None for one that is right.
    """
    if not (url.isascii() and url.isprintable()) or " " in url:
        return "it has spaces or characters beyond ASCII"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "its host or its port cannot be one"
    path = parts.path.rstrip("/")
    checks = (
        (parts.scheme not in ("https", "http"), "it does not begin with https://"),
        (not host, "it names no host"),
        (port == 0, "its port cannot be 0"),
        (parts.scheme == "http" and host not in LOOPBACK, "it must be https, or to this machine"),
        ("@" in parts.netloc, "it holds a user or a password"),
        ("?" in url or "#" in url, "it has something behind a ? or a #, which belongs into Twilio"),
        (
            any(path.endswith(each) for each in _OUR_PATHS),
            "it ends with a path that petmsg adds by itself",
        ),
    )
    return next((words for is_wrong, words in checks if is_wrong), None)
