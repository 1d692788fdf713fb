"""The commands that findings and alerts suggest, complete enough to be run as they are. Standard
library only."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.queries.org import OrgRow, two_org_ids


@dataclass(frozen=True, slots=True)
class FixCommands:
    """Writes commands for this database: with `--org` if it has several orgs."""

    several_orgs: bool

    def command(self, template: str, org: str | None, row: Mapping[str, Any] | None = None) -> str:
        """Return the command. `{org}` becomes the `--org` option if needed; other names in braces
        become the row's values, quoted for a shell."""
        option = f" --org {shlex.quote(org)}" if self.several_orgs and org is not None else ""
        words = {name: shlex.quote(str(value)) for name, value in (row or {}).items()}
        return template.format(**{**words, "org": option})


def fix_commands(cursor: Cursor) -> FixCommands:
    """The `FixCommands` for this database."""
    return FixCommands(len(two_org_ids(cursor)) > 1)


def by_slug(orgs: Sequence[OrgRow]) -> dict[int, str]:
    """Return the slugs of orgs by their IDs."""
    return {org.id: org.slug for org in orgs}
