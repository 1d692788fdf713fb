"""The commands that the campaign of system calls spoils, and those that may be found in between."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.support.documentation import commands

MORE = {"petmsg db downgrade": ("petmsg db downgrade 0002 --discard-data --yes",)}
"""Lines for commands that write and whose help shows dry runs only."""
NOT_HERE = {
    "petmsg call simulate": "its requests are those of petmsg serve, a transaction each: "
    "tests.campaigns.calling kills them under load",
    "petmsg notify run": "its claim of a channel ends by the clock, which stands still here: "
    "tests/workflows/test_notify.py kills it",
    "petmsg number webhooks install": "it asks a provider, which is not here, and writes an event "
    "for each number: tests/workflows/test_number_webhooks.py",
    "petmsg serve": "it listens until it is stopped: tests.campaigns.receiving kills it under load",
    "petmsg service install": "it writes unit files, each whole, and reads the database",
    "petmsg service uninstall": "it removes unit files and leaves the database alone",
}
"""Commands that write and are not tried, with the reason."""
ALSO = ("petmsg db backup", "petmsg export")
"""Commands without a dry run that write files beside the database."""


@dataclass(frozen=True)
class InSteps:
    """Why a command may be found in between. `told` is what the doctor may tell then, until the
    command is run again or `mended_by` was."""

    why: str
    told: tuple[str, ...] = ()
    mended_by: str | None = None


_TEXT_ON_ITS_WAY = InSteps(
    "a text is claimed, sent and recorded: whoever comes next asks the provider about it",
    told=("senders_alive",),
    mended_by="petmsg message dispatch",
)
STEPS = {
    "petmsg db backup petmsg-backup.db --media pictures": InSteps(
        "the pictures are copied one by one, and then the file takes its name"
    ),
    "petmsg db restore": InSteps(
        "what is replaced is copied, then the file replaced, then its waiting messages held"
    ),
    "petmsg init": InSteps("the file, then the tables, then the org", told=("schema",)),
    "petmsg setup": InSteps("a command for each answer", told=("schema",)),
    "petmsg import snoutos": InSteps("a transaction for each table of each company; it says so"),
    "petmsg message dispatch": _TEXT_ON_ITS_WAY,
    "petmsg message prices": InSteps("a transaction for a day's prices of each org"),
    "petmsg message pull": InSteps("a transaction for a batch of messages, then the alerts"),
    "petmsg message send": _TEXT_ON_ITS_WAY,
    "petmsg message sync": InSteps(
        "a transaction for 100 answers of the provider, then the alerts"
    ),
    "petmsg notify add": InSteps("the URL is stored in its file first, then the channel"),
    "petmsg notify remove": InSteps("the channel is removed first, then the URL from its file"),
    "petmsg number buy": InSteps(
        "the intent is stored, the provider asked, then the outcome stored",
        told=("purchases_settled",),
        mended_by="petmsg number settle",
    ),
    "petmsg number give-back": InSteps(
        "the number is retired, the provider asked, then the outcome stored",
        told=("purchases_settled",),
        mended_by="petmsg number settle",
    ),
    "petmsg number settle": InSteps("a transaction for each purchase", told=("purchases_settled",)),
    "petmsg reconcile": InSteps("a transaction for each look at the provider, then the alerts"),
}
"""Commands of several transactions. All others did everything or nothing.

A key may be a line, where the command's other lines are of one step.
"""
THREADED = ("petmsg message dispatch",)
"""Commands whose calls may be a few more or fewer from run to run."""


def lines_of(name: str, examples: Sequence[str]) -> list[str]:
    """The lines with which a command is tried: its examples that are no dry run."""
    return [line for line in (*examples, *MORE.get(name, ())) if "--dry-run" not in line]


def victims() -> Iterator[tuple[str, str]]:
    """Every writing command with each of its lines. Raises where one has none."""
    for name, command in commands():
        writes = any(parameter.name == "dry_run" for parameter in command.params)
        if (not writes and name not in ALSO) or name in NOT_HERE:
            continue
        lines = lines_of(name, command.examples)
        if not lines:
            raise LookupError(f"{name} writes and has no line to try: an example, or MORE")
        for line in lines:
            yield name, line
