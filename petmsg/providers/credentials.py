"""Twilio's credentials and Stripe's signing secrets, from the environment or a private file.

They are never read from an argument or the database. No message contains a secret, or a value that
may be a misplaced secret. Standard library and leaves only.
"""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from petmsg.errors import CredentialsMissing
from petmsg.settings import TWILIO_CREDENTIALS

SID_NAME = "TWILIO_ACCOUNT_SID"
TOKEN_NAME = "TWILIO_AUTH_TOKEN"  # noqa: S105 - because this is a variable's name, not a token
FILE_NAME = TWILIO_CREDENTIALS

STRIPE_NAME = "PETMSG_STRIPE_SECRET"

_SID = re.compile(r"AC[0-9a-fA-F]{32}")
_TOKEN = re.compile(r"[!-~]{1,256}")
_STRIPE = re.compile(r"whsec_[0-9A-Za-z+/=_-]{8,256}")
_STRIPE_START = "whsec_"
_LARGEST_FILE = 65_536


@dataclass(frozen=True, slots=True)
class TwilioCredentials:
    """An account SID and its auth token. `repr()` does not show the token."""

    account_sid: str
    auth_token: str = field(repr=False)


def load_twilio_credentials(environ: Mapping[str, str], default_file: Path) -> TwilioCredentials:
    """Load the credentials from the environment, or else from the file.

    The file is the one that `PETMSG_TWILIO_CREDENTIALS` names, else `default_file`. It holds
    `KEY=VALUE` lines, is a regular file or a link to one, belongs to the current user or root, and
    gives nobody else access. Raises `CredentialsMissing`, with a hint, if a value is missing or
    malformed, or the file is readable by others.
    """
    if environ.get(SID_NAME) or environ.get(TOKEN_NAME):
        return _checked(environ, "the environment")
    path = _chosen_file(environ, default_file)
    return _checked(_values(_read_private(path), path), str(path))


def where_credentials_come_from(environ: Mapping[str, str], default_file: Path) -> str:
    """Where `load_twilio_credentials` would look: "environment", "file PATH" or "not set".

    Opens no file, so loading may still fail.
    """
    if environ.get(SID_NAME) or environ.get(TOKEN_NAME):
        return "environment"
    path = _chosen_file(environ, default_file)
    return f"file {path}" if os.path.lexists(path) else "not set"


def load_stripe_secrets(environ: Mapping[str, str], default_file: Path) -> tuple[str, ...]:
    """Load the signing secrets of Stripe's endpoint, from the environment or the credentials file.

    Returns an empty tuple if neither has any. While a secret is rolled there are several, separated
    by commas or spaces. Raises `CredentialsMissing` for a malformed secret, and for a file as
    `load_twilio_credentials` does.
    """
    path = _chosen_file(environ, default_file)
    written, origin = environ.get(STRIPE_NAME, ""), "the environment"
    if not written and os.path.lexists(path):
        written, origin = _values(_read_private(path), path).get(STRIPE_NAME, ""), str(path)
    secrets = tuple(written.replace(",", " ").split())
    for secret in secrets:
        if _STRIPE.fullmatch(secret):
            continue
        raise CredentialsMissing(
            f"{STRIPE_NAME} in {origin} is malformed: {_why_no_secret(secret)}.",
            hint="Copy the signing secret of the webhook endpoint from Stripe's dashboard (not an "
            "API key).",
        )
    return secrets


def _why_no_secret(secret: str) -> str:
    """Why a signing secret is malformed, without showing any part of it."""
    if not secret.startswith(_STRIPE_START):
        return f"a signing secret begins with {_STRIPE_START}"
    length = len(secret) - len(_STRIPE_START)
    if length < 8:
        return f"it is too short, with {length} characters after {_STRIPE_START}"
    if length > 256:
        return f"it is too long, with {length} characters after {_STRIPE_START}"
    return "it contains invalid characters"


def where_stripe_secrets_come_from(environ: Mapping[str, str], default_file: Path) -> str:
    """Where `load_stripe_secrets` finds them: "environment", "file PATH", "file PATH, which is
    refused" or "not set"."""
    if environ.get(STRIPE_NAME):
        return "environment"
    path = _chosen_file(environ, default_file)
    try:
        return f"file {path}" if load_stripe_secrets(environ, default_file) else "not set"
    except CredentialsMissing:
        return f"file {path}, which is refused"


def _chosen_file(environ: Mapping[str, str], default_file: Path) -> Path:
    named = environ.get(FILE_NAME)
    if not named:
        return default_file
    home = environ.get("HOME")
    return Path(home, named[2:]) if home and named.startswith("~/") else Path(named)


def _checked(values: Mapping[str, str], origin: str) -> TwilioCredentials:
    sid, token = values.get(SID_NAME, ""), values.get(TOKEN_NAME, "")
    for name, value in ((SID_NAME, sid), (TOKEN_NAME, token)):
        if not value:
            raise CredentialsMissing(
                f"{name} is missing or empty in {origin}.",
                hint=f"Give both {SID_NAME} and {TOKEN_NAME} in the same place.",
            )
    if not _SID.fullmatch(sid):
        raise CredentialsMissing(
            f"{SID_NAME} in {origin} is malformed: it must be AC and 32 hexadecimal digits.",
            hint="Copy the Account SID (not the Auth Token) from Twilio's console.",
        )
    if not _TOKEN.fullmatch(token):
        raise CredentialsMissing(
            f"{TOKEN_NAME} in {origin} is malformed: it contains spaces or non-ASCII characters.",
            hint="Copy the Auth Token from Twilio's console again.",
        )
    return TwilioCredentials(account_sid=sid, auth_token=token)


def _read_private(path: Path) -> str:
    """Read the file; its permissions are checked on the open descriptor to avoid a race."""
    try:
        # Non-blocking, because opening a named pipe would otherwise wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise CredentialsMissing(
            f"Missing Twilio credentials: neither in the environment nor in {path}.",
            hint=f"Set {SID_NAME} and {TOKEN_NAME}, or write both as KEY=VALUE lines into {path} "
            f"and chmod 600 {path}",
        ) from None
    except (OSError, ValueError) as error:
        _refuse_unreadable(path, error)
    try:
        _refuse_if_not_private(os.fstat(descriptor), path)
        raw = os.read(descriptor, _LARGEST_FILE + 1)
    except OSError as error:
        _refuse_unreadable(path, error)
    finally:
        os.close(descriptor)
    if len(raw) > _LARGEST_FILE:
        raise CredentialsMissing(
            f"The credentials file {path} is too large.",
            hint=f"Point {FILE_NAME} at a file with {SID_NAME} and {TOKEN_NAME}.",
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CredentialsMissing(
            f"The credentials file {path} is not UTF-8 text.",
            hint=f"Rewrite it with the lines {SID_NAME}=… and {TOKEN_NAME}=…",
        ) from None


def _refuse_unreadable(path: Path, error: Exception) -> NoReturn:
    reason = error.strerror if isinstance(error, OSError) else "not a path"
    raise CredentialsMissing(
        f"The credentials file {path} cannot be read: {reason}.",
        hint=f'Make it yours and private: chown "$USER" {path} && chmod 600 {path}',
    ) from None


def _refuse_if_not_private(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise CredentialsMissing(
            f"The credentials file {path} is not a regular file.",
            hint=f"Point {FILE_NAME} at a file with {SID_NAME} and {TOKEN_NAME}.",
        )
    if status.st_uid not in {os.geteuid(), 0}:
        raise CredentialsMissing(
            f"The credentials file {path} belongs to another user.",
            hint=f'Make it yours: chown "$USER" {path} && chmod 600 {path}',
        )
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise CredentialsMissing(
            f"The credentials file {path} is readable by others "
            f"(mode {stat.S_IMODE(status.st_mode):04o}).",
            hint=f"Make it private: chmod 600 {path}",
        )


def _values(text: str, path: Path) -> dict[str, str]:
    values = {}
    for at, line in enumerate(text.splitlines(), start=1):
        plain = line.strip()
        if not plain or plain.startswith("#"):
            continue
        name, equals, value = plain.removeprefix("export ").partition("=")
        if not equals:
            raise CredentialsMissing(
                f"Line {at} of the credentials file {path} is not KEY=VALUE.",
                hint=f"Write the lines {SID_NAME}=… and {TOKEN_NAME}=…",
            )
        values[name.strip()] = _unquoted(value.strip())
    return values


def _unquoted(value: str) -> str:
    if value[:1] in {"'", '"'}:
        inside, closed, _ = value[1:].partition(value[0])
        return inside if closed else value
    return value.split(" #", 1)[0].rstrip()
