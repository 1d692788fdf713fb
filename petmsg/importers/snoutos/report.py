"""The result of an import: counts per table, and every row that was skipped or changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from petmsg.errors import PetmsgError


@dataclass(frozen=True, slots=True)
class Finding:
    """An old row that was not imported or (`taken`) was imported with changes; `reason` says why.

    Existing rows are not reported, except those that are never imported.
    """

    table: str
    id: str
    taken: bool
    code: str
    reason: str
    org: str | None = None


@dataclass(slots=True)
class Imported:
    """The result for some rows of a table.

    `new` rows were imported, `known` ones existed before, `merged` ones are part of another row's.
    `phoneless` counts sitters without their own phone, `pictures` those of messages, which are not
    in the old tables.
    """

    table: str
    read: int = 0
    new: int = 0
    known: int = 0
    merged: int = 0
    phoneless: int = 0
    pictures: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def refused(self) -> int:
        """How many rows were not imported."""
        return sum(not finding.taken for finding in self.findings)

    @property
    def changed(self) -> int:
        """How many rows were imported with changes."""
        return len({finding.id for finding in self.findings if finding.taken})

    def refuse(self, id_: str | None, problem: PetmsgError) -> None:
        """Record a row that was not imported."""
        words = problem.with_hint
        self.findings.append(Finding(self.table, id_ or "?", False, problem.code, words))

    def note(self, id_: str, code: str, reason: str) -> None:
        """Record a row that was imported with changes."""
        self.findings.append(Finding(self.table, id_, True, code, reason))

    def add(self, other: "Imported") -> None:
        """Add the counts of further rows of the same table."""
        self.read += other.read
        self.new += other.new
        self.known += other.known
        self.merged += other.merged
        self.phoneless += other.phoneless
        self.pictures += other.pictures
        self.findings += other.findings


@dataclass(slots=True)
class OrgReport:
    """The result for one old organisation. `created` is true if the org is new."""

    old_org: str
    org: str
    created: bool
    tables: dict[str, Imported] = field(default_factory=dict)

    def add(self, result: Imported) -> None:
        """Add the result of a step."""
        self.tables.setdefault(result.table, Imported(result.table)).add(result)

    @property
    def findings(self) -> Sequence[Finding]:
        """Every finding, with the org."""
        return [
            replace(finding, org=self.org)
            for result in self.tables.values()
            for finding in result.findings
        ]


@dataclass(slots=True)
class Report:
    """The result for all old rows: those of organisations, and `loose` ones without any.

    `schema` is that of the old system; `old_names` are the names of its tables, by the staged ones.
    """

    schema: str | None = None
    old_names: Mapping[str, str] = field(default_factory=dict)
    orgs: list[OrgReport] = field(default_factory=list)
    loose: dict[str, Imported] = field(default_factory=dict)

    def add_loose(self, result: Imported) -> None:
        """Add rows that belong to no organisation."""
        if result.read:
            self.loose.setdefault(result.table, Imported(result.table)).add(result)

    @property
    def tables(self) -> list[dict[str, Any]]:
        """The counts, one row per org and table."""
        counted: list[tuple[str | None, Imported]] = []
        counted += [(org.org, result) for org in self.orgs for result in org.tables.values()]
        counted += [(None, result) for result in self.loose.values()]
        return [
            {
                "org": org,
                "table": self._old_name(result.table),
                "read": result.read,
                "new": result.new,
                "merged": result.merged,
                "known": result.known,
                "not_taken": result.refused,
                "changed": result.changed,
            }
            for org, result in counted
        ]

    @property
    def findings(self) -> list[Finding]:
        """Every row that was not imported, or was imported with changes."""
        found = [finding for org in self.orgs for finding in org.findings]
        found += [each for result in self.loose.values() for each in result.findings]
        return [replace(each, table=self._old_name(each.table)) for each in found]

    @property
    def phoneless(self) -> int:
        """How many sitters have no phone of their own."""
        return sum(result.phoneless for org in self.orgs for result in org.tables.values())

    @property
    def pictures(self) -> int:
        """How many pictures of messages could not be imported."""
        return sum(result.pictures for org in self.orgs for result in org.tables.values())

    def _old_name(self, table: str) -> str:
        return self.old_names.get(table, table)

    @property
    def new(self) -> int:
        """How many rows were imported."""
        return sum(row["new"] for row in self.tables)
