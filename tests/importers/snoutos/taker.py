"""Takes a company over whose rows were spoilt first."""

from pathlib import Path
from typing import Any

from tests.importers.snoutos.take_over import ZONE, take_over, take_over_newer, told
from tests.support import snoutos, snoutos_newer
from tests.support.consistency import content, problems
from tests.support.exported_company import command_line
from tests.support.fixtures import Ran


class Taker:
    """A sound company of the older or the newer schema, for a test to spoil and take over."""

    def __init__(self, url: str, folder: Path, *, newer: bool = False) -> None:
        schema = snoutos_newer if newer else snoutos
        self.url = url
        self.old = schema.sound()
        self.tables = {table: dict(columns) for table, columns in schema.TABLES.items()}
        self._take_over = take_over_newer if newer else take_over
        self._folder = folder
        self._times = 0

    def row(self, table: str, id_: str) -> dict[str, Any]:
        return next(row for row in self.old[table] if row["id"] == id_)

    def add(self, table: str, **values: Any) -> None:
        org = {"orgId": snoutos.ORG} if "orgId" in self.tables[table] else {}
        self.old[table].append(org | values)

    def take(self, *options: str) -> Ran:
        """Take it over; the database must be whole afterwards, and stay as it is when repeated."""
        self._times += 1
        folder = snoutos.write_csv(self.old, self._folder / f"old-{self._times}", self.tables)
        options = ("--dir", str(folder), *(options or ZONE))
        ran = self._take_over(self.url, *options)
        assert ran.code in (0, 4), ran.err
        assert problems(self.url) == []
        before = content(self.url)
        again = self._take_over(self.url, *options)
        assert content(self.url) == before, "repeating changed something"
        refused = {key: why for key, why in told(ran).items() if not why[0]}
        assert told(again) == refused, "repeating tells what was not taken, and nothing else"
        assert again.code == (4 if refused else 0)
        return ran

    def show(self, noun: str, ref: str) -> Any:
        reveal = ["--reveal"] if noun in ("client", "sitter") else []
        return command_line(self.url)(noun, "show", ref, *reveal, "-o", "json").json
