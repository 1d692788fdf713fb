"""What is installed: versions, and which extras have what they need."""

import platform
import sqlite3
from importlib.util import find_spec
from typing import NamedTuple

from petmsg import __version__
from petmsg.db.schema_version import HEAD

EXTRAS = {
    "calendar": ("icalendar", "recurring_ical_events"),
    "media": ("PIL", "pypdf"),
    "metrics": ("prometheus_client",),
    "notify": ("apprise",),
    "postgres": ("psycopg",),
    "s3": ("fsspec", "s3fs"),
    "web": ("starlette", "uvicorn"),
    "xlsx": ("openpyxl",),
}
"""The modules that each extra installs; a test compares the names with those of the package."""


class Installation(NamedTuple):
    """The versions in use. `schema` is the one that this petmsg needs in a database."""

    petmsg: str
    schema: str
    python: str
    sqlite: str
    platform: str
    extras: list[str]
    missing_extras: list[str]


def installed() -> Installation:
    """What this process runs on."""
    extras = {extra: all(map(find_spec, modules)) for extra, modules in EXTRAS.items()}
    return Installation(
        petmsg=__version__,
        schema=HEAD,
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        platform=f"{platform.system()} {platform.machine()}",
        extras=[extra for extra, is_there in extras.items() if is_there],
        missing_extras=[extra for extra, is_there in extras.items() if not is_there],
    )
