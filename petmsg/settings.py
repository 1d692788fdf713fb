"""The settings of a command and their sources: an option, the environment or a default.

The settings of petmsg are read here and in `cli`. Of its surroundings (a terminal's colours and
width, PostgreSQL's own PG… variables, a home folder) `render` and `db` read what they need.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from petmsg.errors import HomeUnknown, OutOfRange


class Setting(NamedTuple):
    """One setting: its value (None when not set) and its source, for `petmsg config show`."""

    name: str
    value: str | None
    source: str


DATABASE = "PETMSG_DATABASE_URL"
DIRECT_DATABASE = "PETMSG_DIRECT_DATABASE_URL"
"""The same PostgreSQL database without the pooler: for the locks that say that a worker lives."""
READ_DATABASE = "PETMSG_READ_DATABASE_URL"
"""A standby of the PostgreSQL database, for the commands that only read."""
ORG_URLS = "PETMSG_ORG_URLS"
"""The databases of many companies, as a list or a file: see `petmsg.workflows.companies`."""
ORG = "PETMSG_ORG"
OUTPUT = "PETMSG_OUTPUT"
ACTOR = "PETMSG_ACTOR"
DEBUG = "PETMSG_DEBUG"
SNOUTOS = "PETMSG_SNOUTOS_URL"
"""The old database, for `petmsg import snoutos`. A password is safer here than in the arguments."""
TWILIO_API_URL = "PETMSG_TWILIO_API_URL"
TWILIO_TIMEOUT = "PETMSG_TWILIO_TIMEOUT_SECONDS"
USUAL_TWILIO_TIMEOUT = "15"
PUBLIC_URL = "PETMSG_PUBLIC_URL"
MEDIA_DIR = "PETMSG_MEDIA_DIR"
"""Where pictures are kept: a folder, or a URL that fsspec knows."""
TWILIO_CREDENTIALS = "PETMSG_TWILIO_CREDENTIALS"
NOTIFY_FILE = "PETMSG_NOTIFY_FILE"
"""The private file with the URLs of the channels of notifications."""

CONFIG = "PETMSG_CONFIG"
"""The file with settings, where it is not in its usual place."""
LOG_FORMAT = "PETMSG_LOG_FORMAT"
LOG_LEVEL = "PETMSG_LOG_LEVEL"
PING_URL = "PETMSG_PING_URL"
"""What is told when a command begins and how it ended. Such an address is a secret."""

_LONGEST_ACTOR = 120


def pick(
    name: str,
    option: str | None,
    variable: str,
    default: str | None,
    *,
    flag: str,
    environ: Mapping[str, str],
) -> Setting:
    """The setting: the option, else the environment variable if not empty, else the default."""
    if option is not None:
        return Setting(name, option, f"option {flag}")
    if environ.get(variable):
        return Setting(name, environ[variable], source_of(variable, environ))
    return Setting(name, default, "default" if default is not None else "not set")


def source_of(variable: str, environ: Mapping[str, str]) -> str:
    """Where the value of a variable is from: the environment, or the file of settings."""
    added: Mapping[str, str] = getattr(environ, "sources", {})
    return added.get(variable, f"environment {variable}")


def config_file(environ: Mapping[str, str]) -> Path | None:
    """The file with settings; None if there is none. A file that is named must be there."""
    named = environ.get(CONFIG)
    if named:
        return path_of_home(named, environ)
    base = environ.get("XDG_CONFIG_HOME")
    folder = Path(base) if base else Path(environ.get("HOME") or "", ".config")
    path = folder / "petmsg" / "config.toml"
    return path if path.is_absolute() and path.exists() else None


def default_actor() -> str:
    """`user@host` of the process. A user without a name is `uid-N`, a missing host `unknown`."""
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (OSError, KeyError):
        user = f"uid-{os.getuid()}"
    return f"{user}@{socket.gethostname() or 'unknown'}"[:_LONGEST_ACTOR]


def home() -> Path:
    """The user's home folder. Raises `HomeUnknown` if the user has no name and HOME is not set."""
    try:
        return Path.home()
    except RuntimeError:
        raise HomeUnknown(
            f"User {os.getuid()} has no name on this machine and HOME is not set.",
            hint="Set HOME, or name the database with --db or PETMSG_DATABASE_URL.",
        ) from None


def credentials_file(environ: Mapping[str, str]) -> Path:
    """The file that may hold Twilio's credentials when the environment does not: in the user's home
    folder, or in /etc for a user who has none."""
    base = environ.get("XDG_CONFIG_HOME")
    if base:
        folder = Path(base)
    else:
        try:
            folder = home() / ".config"
        except HomeUnknown:
            folder = Path("/etc")
    return folder / "petmsg" / "twilio.env"


def notify_file(environ: Mapping[str, str]) -> Setting:
    """The private file with the URLs of the channels: beside the credentials file, unless named."""
    if environ.get(NOTIFY_FILE):
        named = path_of_home(environ[NOTIFY_FILE], environ)
        return Setting("notify file", str(named), source_of(NOTIFY_FILE, environ))
    beside = environ.get(TWILIO_CREDENTIALS)
    file = path_of_home(beside, environ) if beside else credentials_file(environ)
    return Setting("notify file", str(file.with_name("notify.json")), "default")


def path_of_home(path: str, environ: Mapping[str, str]) -> Path:
    """The path that a variable names; `~/` is the home folder, as it is in a shell."""
    folder = environ.get("HOME")
    return Path(folder, path[2:]) if folder and path.startswith("~/") else Path(path)


def twilio_timeout_seconds(environ: Mapping[str, str]) -> float:
    """How many seconds petmsg waits for an answer from Twilio. Raises `OutOfRange`."""
    try:
        seconds = float(environ.get(TWILIO_TIMEOUT) or USUAL_TWILIO_TIMEOUT)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 120:
        raise OutOfRange(
            f"{TWILIO_TIMEOUT} is out of range.",
            hint="Use a value from 0.1 to 120 seconds. "
            f"It is from: {source_of(TWILIO_TIMEOUT, environ)}.",
        )
    return seconds
