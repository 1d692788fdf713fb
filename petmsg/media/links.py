"""The links from which a provider fetches the files of a message: `/media/TOKEN/picture-1.jpg`.

A token is a secret of 256 bits, made anew whenever a message is handed to the provider. The
database has its SHA-256 only.
"""

import re
import secrets
from hashlib import sha256
from typing import NamedTuple

from petmsg.media.content_types import public_name

PATH = "/media"
_PATH_OF_FILE = re.compile(
    PATH + r"/([A-Za-z0-9_-]{43})/((?:picture|file)-([1-9][0-9]?)\.[a-z0-9]+)"
)
_TOKEN_IN_WORDS = re.compile(r"((?:/|%2F)media(?:/|%2F))[A-Za-z0-9_-]{8,}", re.IGNORECASE)


class AskedFile(NamedTuple):
    """A file that somebody asks for. `position` counts from 0."""

    token_hash: str
    position: int
    name: str


def new_token() -> str:
    """A token that nobody can guess: 43 characters of URL-safe base64."""
    return secrets.token_urlsafe(32)


def hash_of_token(token: str) -> str:
    """What is stored of a token: the SHA-256 of its characters, as a hex number."""
    return sha256(token.encode("ascii")).hexdigest()


def path_of(token: str, *, position: int, content_type: str) -> str:
    """The path of a message's file, which follows the public URL. `position` counts from 0."""
    return f"{PATH}/{token}/{public_name(position, content_type)}"


def without_tokens(words: str) -> str:
    """A provider's words without the tokens of links that it quotes, whole or cut off."""
    return _TOKEN_IN_WORDS.sub(r"\1***", words)


def asked_file(path: str) -> AskedFile | None:
    """Which file a path names, None if it is no path that `path_of` makes.

    The path is as it was sent: a character that is escaped with `%` makes it another path.
    """
    found = _PATH_OF_FILE.fullmatch(path)
    if found is None:
        return None
    token, name, number = found.groups()
    return AskedFile(hash_of_token(token), int(number) - 1, name)
