"""One run: how much is measured, and the databases it is measured on."""

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks import company

Build = Callable[[str], None]


class Bench:
    """`quick` takes tiny counts: for a test that everything runs, not for figures."""

    def __init__(self, folder: Path, at_end: ExitStack, *, quick: bool, postgres: bool) -> None:
        self.folder = folder
        self.quick = quick
        self.notes: list[str] = []
        self._at_end = at_end
        self._wants_postgres = postgres
        self._copies = 0

    def few(self, usual: int, quick: int) -> int:
        """`usual`, or the count for a quick run."""
        return quick if self.quick else usual

    @property
    def databases(self) -> list[str]:
        """The kinds of database there are here."""
        return ["SQLite", *(["PostgreSQL"] if self._server is not None else [])]

    def company(self, kind: str, name: str, fill: Build) -> str:
        """The URL of a new database: a copy of the company to which `fill` added for that name."""
        return self._copied(kind, name, fill, "company")

    def database(self, kind: str, name: str, build: Build) -> str:
        """The URL of a new database: a copy of the one that `build` filled for that name."""
        return self._copied(kind, name, build, None)

    def _copied(self, kind: str, name: str, build: Build, of: str | None) -> str:
        if of is not None:
            of = self._template(kind, of, company.create, None)
        template = self._template(kind, name, build, of)
        self._copies += 1
        if kind == "PostgreSQL":
            return str(self._server.url(self._server.create(template=template)))
        copy = self.folder / f"{name}-{self._copies}.db"
        _copy(Path(template), copy)
        return str(copy)

    def _template(self, kind: str, name: str, build: Build, of: str | None) -> str:
        """What a database is copied from: a name on the server, or a file."""
        if kind == "PostgreSQL":
            return str(self._server.template(name, build, of=of))
        template = self.folder / f"{name}.db"
        if not template.exists():
            if of is not None:
                _copy(Path(of), template)
            build(str(template))
        return str(template)

    @cached_property
    def _server(self) -> Any:
        """A PostgreSQL server of our own that commits to a disk; None where there is none."""
        if not self._wants_postgres:
            return None
        from tests.support.postgres import NoPostgres, running_server

        try:
            return self._at_end.enter_context(running_server(durable=True))
        except NoPostgres as problem:
            self.notes.append(f"Without PostgreSQL: {problem}.")
            return None


def _copy(file: Path, to: Path) -> None:
    shutil.copy(file, to)
    to.chmod(0o600)
