"""Checks the address of a file that the provider fetches from the web itself."""

from ipaddress import ip_address
from typing import NoReturn
from urllib.parse import unquote, urlsplit

from petmsg.errors import UsageProblem

LONGEST_LINK = 2048
_PRIVATE_ENDS = (".local", ".localhost", ".internal", ".lan", ".home", ".intranet", ".corp")


class MalformedLink(UsageProblem):
    code = "malformed_link"
    hint = "Write the address of a public file: --media https://example.com/rex.jpg"


def is_link(text: str) -> bool:
    """Whether the text is meant as an address and not as a path."""
    return "://" in text


def checked_link(text: str) -> str:
    """Check the address of a file; return it.

    It is https, without user or password, and names a public host: what only this network can reach
    the provider cannot fetch. Raises `MalformedLink`, which does not repeat the address.
    """
    if len(text) > LONGEST_LINK or not text.isascii() or not text.isprintable() or " " in text:
        _refuse("it is too long, or contains spaces or non-ASCII characters")
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        _refuse("its host or port is not valid")
    if parts.scheme != "https":
        _refuse("it does not begin with https://")
    if "@" in parts.netloc:
        _refuse("it contains a user or a password")
    if not host or not is_public_host(host):
        _refuse("its host is not a public one")
    return text


def is_public_host(host: str) -> bool:
    """Whether a host name can be reached from the internet, as far as the name tells."""
    name = host.lower().rstrip(".")
    try:
        return ip_address(name.partition("%")[0]).is_global
    except ValueError:
        pass
    last = name.rpartition(".")[2]
    return (
        "." in name
        and not last.isdecimal()
        and not last.startswith("0x")
        and not name.endswith(_PRIVATE_ENDS)
    )


def name_in_link(link: str) -> str:
    """The name of the file in its address, `file` if it has none."""
    name = unquote(urlsplit(link).path.rpartition("/")[2], errors="replace")
    return "".join(c for c in name if c.isprintable())[:200] or "file"


def _refuse(why: str) -> NoReturn:
    raise MalformedLink(f"The address of the file is not usable: {why}.")
