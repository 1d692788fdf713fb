"""`petmsg import snoutos` in short."""

from collections.abc import Callable
from typing import Any

from tests.support.fixtures import Ran, run_cli

Take = Callable[..., Ran]
ZONE = ("--timezone", "America/New_York")
GRACE = ("--old-grace-minutes", "0")
"""The windows of `sound` end when the visits do."""


def take_over(url: str, *options: str, **given: Any) -> Ran:
    """Import from the older schema."""
    return take_over_newer(url, *GRACE, *options, **given)


def take_over_newer(url: str, *options: str, **given: Any) -> Ran:
    """Import from the newer schema, which tells the grace time itself."""
    return run_cli(url, "import", "snoutos", "-o", "json", *options, **given)


def counts(ran: Ran, name: str = "new") -> dict[str, int]:
    return {row["table"]: row[name] for row in ran.json["tables"]}


def told(ran: Ran) -> dict[tuple[str, str], tuple[bool, str]]:
    """What is told of each row: whether it was taken, and the code."""
    return {(row["table"], row["id"]): (row["taken"], row["code"]) for row in ran.json["findings"]}
