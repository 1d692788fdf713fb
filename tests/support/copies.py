"""Databases that are made once in a process; those that follow are copies."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.postgres import Builder, server_of


def make_or_copy(url: str, builder: Builder) -> None:
    """Fill a new SQLite file, or an empty PostgreSQL database, with what `builder(url)` makes.

    `builder` is a function of a module and makes the same each time: it runs once for each kind of
    database. Elsewhere than on a server of this process it runs each time.
    """
    server = server_of(url)
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        if not path.exists():
            path.touch(mode=0o600)
            path.write_bytes(_content(builder))
            return
    elif server is not None:
        database = url.rpartition("/")[2]
        template = server.template(f"{builder.__module__}.{builder.__qualname__}", builder)
        server.drop(database)
        server.create(template=template, name=database)
        return
    builder(url)


@cache
def _content(builder: Builder) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "petmsg.db"
        builder(f"sqlite:///{path}")
        return path.read_bytes()
