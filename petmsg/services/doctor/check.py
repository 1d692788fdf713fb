"""What `doctor` is given, and what a check of it finds. Standard library only."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from petmsg import clock
from petmsg.db.location import Location
from petmsg.enums import CheckResult
from petmsg.errors import PetmsgError
from petmsg.providers.base import Provider
from petmsg.queries.org import OrgRow
from petmsg.services.fix_commands import FixCommands

MOST_TOLD = 10
"""So many findings of one kind and org are told, and how many more there are."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. `command` mends it, or shows it where nothing can."""

    message: str
    command: str | None = None
    org: str | None = None
    result: CheckResult = CheckResult.PROBLEM


@dataclass(frozen=True, slots=True)
class CheckContext:
    """A database and the machine around it, as they are looked at.

    `orgs` are those that were chosen, `known` the slugs of all by id. `now` is the command's (aware
    UTC); `machine_clock` is looked at beside other clocks. `broken` is why the orgs could not be
    read. `carrier_of` gives an org's carrier where it may be asked.
    """

    location: Location
    now: datetime
    environ: Mapping[str, str]
    orgs: Sequence[OrgRow] = ()
    known: Mapping[int, str] = field(default_factory=dict)
    chosen_one: bool = False
    broken: PetmsgError | None = None
    carrier_of: Callable[[OrgRow], Provider] | None = None
    machine_clock: Callable[[], datetime] = clock.now
    mounts: Path = Path("/proc/self/mounts")

    def is_about(self, org_id: int | None) -> bool:
        """Whether a row of that org is to be told: any, or those of the chosen one."""
        return not self.chosen_one or org_id in {org.id for org in self.orgs}

    def slug(self, org_id: int | None) -> str | None:
        """The slug of an org; None for one that is not there."""
        return None if org_id is None else self.known.get(org_id)

    def command(
        self, template: str, org: str | None = None, row: Mapping[str, Any] | None = None
    ) -> str:
        """A command as it stands (see `FixCommands`)."""
        return FixCommands(len(self.known) > 1).command(template, org, row)


class Check(NamedTuple):
    """One check: `holds` is what is true while `look` finds nothing.

    `look` is given a cursor, except where `around` says that it looks at what is around the
    database: then no transaction is open. `applies` says whether there is anything to look at.
    """

    name: str
    holds: str
    look: Callable[..., Iterable[Finding]]
    around: bool = False
    applies: Callable[[CheckContext], bool] = lambda _: True


def group_findings(
    patient: CheckContext,
    rows: Iterable[dict[str, Any]],
    finding: Callable[[dict[str, Any], str | None], Finding],
) -> Iterator[Finding]:
    """The findings of rows that say whose they are: the first of each org, and how many more."""
    counts: dict[str | None, int] = {}
    for row in rows:
        if not patient.is_about(row["org_id"]):
            continue
        org = patient.slug(row["org_id"])
        counts[org] = counts.get(org, 0) + 1
        if counts[org] <= MOST_TOLD:
            yield finding(row, org)
    for org, count in counts.items():
        if count > MOST_TOLD:
            yield Finding(f"And {count - MOST_TOLD} more like these", None, org)


def on_sqlite(patient: CheckContext) -> bool:
    """Whether the database is a file."""
    return patient.location.is_sqlite
