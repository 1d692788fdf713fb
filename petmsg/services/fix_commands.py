"""The commands that findings name: as they stand, so that a person can run them. Standard library
only."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.queries.org import OrgRow


@dataclass(frozen=True, slots=True)
class FixCommands:
    """Words commands so that they run on this database: with `--org` where it holds several."""

    several_orgs: bool

    def command(self, template: str, org: str | None, row: Mapping[str, Any] | None = None) -> str:
        """The command; `{org}` becomes the option where it is needed, the other names in braces
        what the row holds, quoted for a shell."""
        option = f" --org {shlex.quote(org)}" if self.several_orgs and org is not None else ""
        words = {name: shlex.quote(str(value)) for name, value in (row or {}).items()}
        return template.format(**{**words, "org": option})


def fix_commands(cursor: Cursor) -> FixCommands:
    """How commands are worded for this database."""
    return FixCommands(len(cursor.tuples("SELECT id FROM org LIMIT 2")) > 1)


def by_slug(orgs: Sequence[OrgRow]) -> dict[int, str]:
    """The slugs of orgs by their ids."""
    return {org.id: org.slug for org in orgs}
