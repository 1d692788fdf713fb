"""The tables of commands, of a company that no test changes."""

import unicodedata
from functools import cache

from petmsg.cli.command_tree import printed
from tests.support.everything import ORG, line_of
from tests.support.fixtures import Ran, run_cli

PRINTED = printed()


def columns_of(text: str) -> int:
    """How many columns a terminal gives a text, counted without Rich."""
    return sum(
        0
        if unicodedata.category(each) in ("Mn", "Me", "Cf")
        else 2
        if unicodedata.east_asian_width(each) in "WF"
        else 1
        for each in text
    )


@cache
def table(url: str, command: str, width: int, **environ: str) -> Ran:
    """What a command shows: none of them changes the company, so each is run once."""
    return run_cli(
        url, *line_of(command), "--org", ORG, "-o", "table", COLUMNS=str(width), **environ
    )


@cache
def as_json(url: str, command: str) -> Ran:
    return run_cli(url, *line_of(command), "--org", ORG, "-o", "json")
