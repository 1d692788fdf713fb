"""Reads a private file of `KEY=VALUE` lines.

No message contains a value. Standard library and leaves only.
"""

from pathlib import Path

from petmsg.errors import CredentialsMissing
from petmsg.file_privacy import NotPrivate, own_command, private_command, read_private
from petmsg.settings import TWILIO_CREDENTIALS

_LARGEST_FILE = 65_536


def read_values(path: Path, *, sid: str, token: str) -> dict[str, str]:
    """The values of the file by their names; the last of a name counts.

    `sid` and `token` are the names that hints speak of. Raises `CredentialsMissing` for a file that
    is missing, readable by others or not of this form.
    """
    return _values(_read(path, sid=sid, token=token), path, sid=sid, token=token)


def _read(path: Path, *, sid: str, token: str) -> str:
    try:
        return read_private(path, most=_LARGEST_FILE).decode("utf-8-sig")
    except FileNotFoundError:
        raise CredentialsMissing(
            f"Missing Twilio credentials: neither in the environment nor in {path}.",
            hint=f"Set {sid} and {token}, or write both as KEY=VALUE lines into {path} "
            f"and {private_command(path)}",
        ) from None
    except NotPrivate as problem:
        raise CredentialsMissing(
            f"The credentials file {path} {problem.why}.",
            hint=f"Make it private: {problem.fix}"
            if problem.fix
            else f"Point {TWILIO_CREDENTIALS} at a file with {sid} and {token}.",
        ) from None
    except UnicodeDecodeError:
        raise CredentialsMissing(
            f"The credentials file {path} is not UTF-8 text.",
            hint=f"Rewrite it with the lines {sid}=… and {token}=…",
        ) from None
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "not a path"
        raise CredentialsMissing(
            f"The credentials file {path} cannot be read: {reason}.",
            hint=f"Make it yours and private: {own_command(path)}",
        ) from None


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
