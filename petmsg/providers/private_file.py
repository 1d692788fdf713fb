"""Reads a private file of `KEY=VALUE` lines: regular, of this user or root, closed to others.

No message contains a value. Standard library and leaves only.
"""

import os
import stat
from pathlib import Path
from typing import NoReturn

from petmsg.errors import CredentialsMissing
from petmsg.settings import TWILIO_CREDENTIALS

_LARGEST_FILE = 65_536


def read_values(path: Path, *, sid: str, token: str) -> dict[str, str]:
    """The values of the file by their names; the last of a name counts.

    `sid` and `token` are the names that hints speak of. The permissions are checked on the open
    descriptor, to avoid a race. Raises `CredentialsMissing` for a file that is missing, readable by
    others or not of this form.
    """
    return _values(_read(path, sid=sid, token=token), path, sid=sid, token=token)


def _read(path: Path, *, sid: str, token: str) -> str:
    try:
        # Non-blocking, because opening a named pipe would otherwise wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        raise CredentialsMissing(
            f"Missing Twilio credentials: neither in the environment nor in {path}.",
            hint=f"Set {sid} and {token}, or write both as KEY=VALUE lines into {path} "
            f"and chmod 600 {path}",
        ) from None
    except (OSError, ValueError) as error:
        _refuse_unreadable(path, error)
    try:
        _refuse_if_not_private(os.fstat(descriptor), path, sid=sid, token=token)
        raw = os.read(descriptor, _LARGEST_FILE + 1)
    except OSError as error:
        _refuse_unreadable(path, error)
    finally:
        os.close(descriptor)
    if len(raw) > _LARGEST_FILE:
        raise CredentialsMissing(
            f"The credentials file {path} is too large.", hint=_another_file(sid, token)
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise CredentialsMissing(
            f"The credentials file {path} is not UTF-8 text.",
            hint=f"Rewrite it with the lines {sid}=… and {token}=…",
        ) from None


def _another_file(sid: str, token: str) -> str:
    return f"Point {TWILIO_CREDENTIALS} at a file with {sid} and {token}."


def _refuse_unreadable(path: Path, error: Exception) -> NoReturn:
    reason = error.strerror if isinstance(error, OSError) else "not a path"
    raise CredentialsMissing(
        f"The credentials file {path} cannot be read: {reason}.",
        hint=f'Make it yours and private: chown "$USER" {path} && chmod 600 {path}',
    ) from None


def _refuse_if_not_private(status: os.stat_result, path: Path, *, sid: str, token: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise CredentialsMissing(
            f"The credentials file {path} is not a regular file.", hint=_another_file(sid, token)
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


def _values(text: str, path: Path, *, sid: str, token: str) -> dict[str, str]:
    values = {}
    for at, line in enumerate(text.splitlines(), start=1):
        plain = line.strip()
        if not plain or plain.startswith("#"):
            continue
        name, equals, value = plain.removeprefix("export ").partition("=")
        if not equals:
            raise CredentialsMissing(
                f"Line {at} of the credentials file {path} is not KEY=VALUE.",
                hint=f"Write the lines {sid}=… and {token}=…",
            )
        values[name.strip()] = _unquoted(value.strip())
    return values


def _unquoted(value: str) -> str:
    if value[:1] in {"'", '"'}:
        inside, closed, _ = value[1:].partition(value[0])
        return inside if closed else value
    return value.split(" #", 1)[0].rstrip()
