"""One run: how much is measured, and the databases it is measured on."""

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

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

    def database(self, kind: str, name: str, build: Build) -> str:
        """The URL of a new database: a copy of the one that `build` filled for that name."""
        self._copies += 1
        if kind == "PostgreSQL":
            template = self._server.template(name, build)
            return str(self._server.url(self._server.create(template=template)))
        template = self.folder / f"{name}.db"
        if not template.exists():
            build(str(template))
        copy = self.folder / f"{name}-{self._copies}.db"
        shutil.copy(template, copy)
        copy.chmod(0o600)
        return str(copy)

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
