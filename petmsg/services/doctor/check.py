"""The checks of `doctor`: their context and their findings. Standard library only."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from petmsg import clock
from petmsg.db.location import Location
from petmsg.enums.alerts import CheckResult
from petmsg.errors import PetmsgError
from petmsg.media.base import MediaStore
from petmsg.providers.base import Provider, ProviderNumber
from petmsg.providers.registry import credential_problem, reaches_phones, with_credentials
from petmsg.queries.org import Account, OrgRow
from petmsg.services.fix_commands import FixCommands

MAX_FINDINGS = 10
"""The maximum number of findings per check and org; one more finding counts the rest."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem. `command` fixes it, or shows it if no command can fix it."""

    message: str
    command: str | None = None
    org: str | None = None
    result: CheckResult = CheckResult.PROBLEM


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What the checks look at: a database and its environment.

    `orgs` are the chosen orgs, `slugs` the slugs of all orgs by id. `now` is the command's time
    (aware UTC); `machine_clock` is compared with other clocks. `orgs_error` says why the orgs could
    not be read. `provider_of` returns an org's provider; it is None if no provider may be asked.
    `media` opens the media store; `reads_media` has the hash of every file compared. `listed` keeps
    the numbers that each account answered with, None for one that did not answer.
    """

    location: Location
    now: datetime
    environ: Mapping[str, str]
    orgs: Sequence[OrgRow] = ()
    slugs: Mapping[int, str] = field(default_factory=dict)
    is_one_org: bool = False
    orgs_error: PetmsgError | None = None
    provider_of: Callable[[OrgRow], Provider] | None = None
    machine_clock: Callable[[], datetime] = clock.now
    media: Callable[[], MediaStore] | None = None
    reads_media: bool = False
    mounts: Path = Path("/proc/self/mounts")
    listed: dict[Account, Sequence[ProviderNumber] | None] = field(default_factory=dict)

    def numbers_of(self, org: OrgRow) -> Sequence[ProviderNumber]:
        """The numbers of the org's account, which is asked once; none if it did not answer before,
        or has no list. Raises what the provider raises."""
        assert self.provider_of is not None
        if org.account not in self.listed:
            self.listed[org.account] = None
            self.listed[org.account] = self.provider_of(org).numbers()
        return self.listed[org.account] or ()

    def sharing_accounts(self) -> dict[Account, list[OrgRow]]:
        """The chosen orgs by their account, of the providers that reach real phones.

        An account that no org uses yet is in it too if its credentials are usable: they are stored
        before an org is switched to it. An org stands for it then.
        """
        shared: dict[Account, list[OrgRow]] = {}
        for org in self.orgs:
            if reaches_phones(org.provider):
                shared.setdefault(org.account, []).append(org)
        for provider, name in with_credentials(self.environ) if self.orgs else ():
            stands_in = self.orgs[0]._replace(provider=provider, twilio_account=name)
            is_usable = credential_problem(provider, self.environ, name) is None
            if stands_in.account not in shared and is_usable:
                shared[stands_in.account] = [stands_in]
        return shared

    def includes(self, org_id: int | None) -> bool:
        """Whether findings about this org are reported: all are, unless one org was chosen."""
        return not self.is_one_org or org_id in {org.id for org in self.orgs}

    def slug(self, org_id: int | None) -> str | None:
        """The slug of an org; None if there is no such org."""
        return None if org_id is None else self.slugs.get(org_id)

    def command(
        self, template: str, org: str | None = None, row: Mapping[str, Any] | None = None
    ) -> str:
        """A command that can be run as it is (see `FixCommands`)."""
        return FixCommands(len(self.slugs) > 1).command(template, org, row)


class Check(NamedTuple):
    """One check of `doctor`; `holds` is the statement that is true if it finds nothing.

    `find` gets a cursor and the context. An external check looks at what is outside the database:
    it gets the context only, and no transaction is open. `applies` says whether the check makes
    sense for this database.
    """

    name: str
    holds: str
    find: Callable[..., Iterable[Finding]]
    is_external: bool = False
    applies: Callable[[CheckContext], bool] = lambda _: True


def group_findings(
    context: CheckContext,
    rows: Iterable[dict[str, Any]],
    finding: Callable[[dict[str, Any], str | None], Finding],
) -> Iterator[Finding]:
    """The findings of rows that have an `org_id`: the first ones of each org, and a count of the
    rest."""
    counts: dict[str | None, int] = {}
    for row in rows:
        if not context.includes(row["org_id"]):
            continue
        org = context.slug(row["org_id"])
        counts[org] = counts.get(org, 0) + 1
        if counts[org] <= MAX_FINDINGS:
            yield finding(row, org)
    for org, count in counts.items():
        if count > MAX_FINDINGS:
            yield Finding(f"And {count - MAX_FINDINGS} more of the same kind", None, org)


def on_sqlite(context: CheckContext) -> bool:
    """Whether the database is an SQLite file."""
    return context.location.is_file
