"""Where the database is: an SQLite file or a PostgreSQL server. Standard library only.

Reading commands start here without SQLAlchemy, so the URL is understood without it too.
"""

import os
import re
import sys
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from petmsg.errors import Misconfigured, quoted
from petmsg.settings import home

APPLICATION_ID = 0x70746D73
"""`ptms`: what `PRAGMA application_id` says in a petmsg file."""

# Patterns are compiled at their first use: a company in a file needs none of them.
_IN_QUERY = r"(?i)(^|&)((?:ssl)?password)=([^&]*)"
_URL = r"(?s)postgresql://(?:([^@/]*)@)?([^/?]*)(?:/([^?]*))?(?:\?(.*))?"
"""Who, hosts, database, query; as libpq divides it."""
_HOSTS = r"(\[[^\]]*\]|[^:,\[\]]*)(:[0-9]*)?(,(\[[^\]]*\]|[^:,\[\]]*)(:[0-9]*)?)*"
_NETWORK_FILE_SYSTEMS = frozenset(
    (
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "afs",
        "ncpfs",
        "glusterfs",
        "ceph",
        "fuse.sshfs",
        "fuse.glusterfs",
        "9p",
    )
)


class BadDatabaseUrl(Misconfigured):
    code = "database_url"
    hint = "Write sqlite:////absolute/path/petmsg.db, a path, or postgresql://user@host:5432/name."


class Location(NamedTuple):
    """The address of a database: `path` for SQLite, `dsn` for PostgreSQL, a URL that is kept as it
    was given: libpq reads it.

    `is_read_only` means an SQLite file that was named with `mode=ro`. `wait_seconds` is how long to
    wait for a lock, `connect_seconds` (an integer) how long for a server that does not answer; None
    means the default. `direct` is the address (a URL) of the same database without the pooler that
    `dsn` may lead to, for what a pooler cannot hold.
    """

    path: Path | None
    dsn: str | None
    wait_seconds: float | None = None
    connect_seconds: int | None = None
    is_read_only: bool = False
    direct: str | None = None

    @property
    def is_sqlite(self) -> bool:
        return self.path is not None

    @property
    def is_file(self) -> bool:
        """Whether the database is a file that one process at a time writes to."""
        return self.path is not None

    @property
    def exists(self) -> bool:
        """Whether there is a database to open: False for a file that is not there yet. Whether a
        server has the database, it says when it is asked."""
        return self.path is None or self.path.exists()

    @property
    def has_own_clock(self) -> bool:
        """Whether the database may be on another machine, whose clock then differs from ours."""
        return self.path is None

    @property
    def url(self) -> str:
        """The SQLAlchemy URL."""
        if self.path is not None:
            return self.display_url
        assert self.dsn is not None
        return "postgresql+psycopg" + self.dsn.removeprefix("postgresql")

    @property
    def display_url(self) -> str:
        """The address without its password."""
        if self.path is not None:
            # What a URL would take for something else, and a path may hold.
            path = str(self.path).replace("%", "%25").replace("?", "%3F")
            return f"sqlite:///{path}{'?mode=ro' if self.is_read_only else ''}"
        assert self.dsn is not None
        who, _, _, query = _parts(self.dsn)
        shown = self.dsn
        if query:
            shown = shown.removesuffix(query) + re.sub(_IN_QUERY, r"\1\2=***", query)
        if who is None or ":" not in who:
            return shown
        user = who.partition(":")[0]
        return shown.replace(f"//{who}@", f"//{user}:***@", 1)

    @property
    def secrets(self) -> list[str]:
        """The passwords of the address, as they stand in it and as they are meant."""
        if self.dsn is None:
            return []
        who, _, _, query = _parts(self.dsn)
        written = [each[2] for each in re.findall(_IN_QUERY, query or "")]
        if who is not None:
            written.append(who.partition(":")[2])
        return sorted({*written, *map(unquote, written)} - {""}, key=len, reverse=True)

    def names(self, option: str) -> bool:
        """Whether the query of the server's address has that option."""
        query = _parts(self.dsn)[3] if self.dsn is not None else None
        return option in dict(parse_qsl(query or "", keep_blank_values=True))


def locate(url: str) -> Location:
    """The location a URL or a path means. Raises `BadDatabaseUrl`."""
    if "\0" in url or not url.strip():
        raise BadDatabaseUrl(f"Invalid database URL {quoted(url)}.")
    scheme, colon, _ = url.partition("://")
    if not colon:
        return Location(path=_real(url), dsn=None)
    if scheme == "sqlite":
        named, _, query = url.removeprefix("sqlite://").partition("?")
        rest = unquote(named)
        if len(rest) < 2 or rest[0] != "/" or ":memory:" in rest:
            raise BadDatabaseUrl(f"{quoted(url)} names no file.")
        return Location(path=_real(rest[1:]), dsn=None, is_read_only=_mode(query) == "ro")
    if scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        return _server("postgresql" + url[len(scheme) :])
    raise BadDatabaseUrl(f"Unknown database type {quoted(scheme)}.")


def _server(dsn: str) -> Location:
    """The location of a server's database. Nothing that could be a password is repeated."""
    _, hosts, name, _ = _parts(dsn)
    if "@" in hosts or "@" in name or "/" in name or not re.fullmatch(_HOSTS, hosts):
        raise BadDatabaseUrl(
            "The PostgreSQL URL cannot be read.",
            hint="Write postgresql://user@host:5432/name. In a password, / is written %2F, "
            "@ is written %40 and : is written %3A.",
        )
    location = Location(path=None, dsn=_with_equals_signs(dsn))
    named = any(map(location.names, ("dbname", "service")))
    if not (name or named or os.environ.get("PGDATABASE") or os.environ.get("PGSERVICE")):
        raise BadDatabaseUrl("The PostgreSQL URL names no database.")
    return location


def _with_equals_signs(dsn: str) -> str:
    """The URL with `options=-csearch_path=x` as libpq wants it: it takes one `=` an option."""
    query = _parts(dsn)[3]
    if not query:
        return dsn
    options = [
        name + equals + value.replace("=", "%3D")
        for name, equals, value in (each.partition("=") for each in query.split("&"))
    ]
    return dsn.removesuffix(query) + "&".join(options)


def _parts(dsn: str) -> tuple[str | None, str, str, str | None]:
    """User and password, hosts with ports, database and query: as they are written."""
    found = re.fullmatch(_URL, dsn)
    assert found is not None, "the pattern fits whatever there is"
    who, hosts, name, query = found.groups()
    return who, hosts, name or "", query


def _mode(query: str) -> str:
    """How an SQLite file is opened: `rw` or `ro`. Raises `BadDatabaseUrl` for another option."""
    options = parse_qsl(query, keep_blank_values=True)
    for name, value in options:
        if name != "mode" or value not in ("ro", "rw"):
            raise BadDatabaseUrl(
                f"{quoted(f'{name}={value}')} is not an option of an SQLite database.",
                hint="The only option is ?mode=ro after the path, for read-only access.",
            )
    return options[-1][1] if options else "rw"


def _real(path: str) -> Path:
    """The file itself, whichever links led to it: its locks and its workers are found by its name.

    Raises `BadDatabaseUrl` where that cannot be said.
    """
    try:
        real = Path(path).expanduser().resolve()
    except (OSError, RuntimeError):
        real = None
    if real is None or real.is_symlink():  # since Python 3.13 a loop resolves to one of its links
        raise BadDatabaseUrl(
            f"{quoted(path)} names no file: its links form a loop, or ~ names no folder."
        )
    return real


def default_path() -> Path:
    """The SQLite file in the user's data folder. Raises `HomeUnknown`."""
    if sys.platform == "darwin":
        base = home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or home() / ".local" / "share")
    return base / "petmsg" / "petmsg.db"


def default_media_place(location: Location) -> str:
    """The folder of the pictures that belong to a database: beside an SQLite file, else in the
    user's data folder. Raises `HomeUnknown`."""
    if location.path is not None:
        return f"{location.path}-media"
    return str(default_path().parent / "media")


def network_file_system(path: Path, *, mounts: Path = Path("/proc/self/mounts")) -> str | None:
    """The type of network file system the path lies on, None if it is local or not known.

    SQLite's locks are not reliable there (source: SQLite, "How To Corrupt", section 2.1). `mounts`
    is the kernel's list of what is mounted where.
    """
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return None
    place = str(path.resolve())
    best = ("", "")
    for line in lines:
        fields = line.split(" ")
        point = fields[1].replace("\\040", " ").rstrip("/")
        if (place == point or place.startswith(point + "/")) and len(point) >= len(best[0]):
            best = (point, fields[2])
    return best[1] if best[1] in _NETWORK_FILE_SYSTEMS else None
