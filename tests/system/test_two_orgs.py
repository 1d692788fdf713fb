"""Two companies in one database, with the same people's phones: no command of the one shows or
changes a row of the other. Every example of every help is tried, so that a new command is too.
"""

import shlex
from collections.abc import Callable

import pytest

from tests.support.consistency import content
from tests.support.example_company import SINCE
from tests.support.fixtures import Ran, add_org, run_cli
from tests.system.test_every_command import EXAMPLES, Company, without_output

OTHER = "zz-other"
MARK = "zzother"
"""It stands in every name, ref, word and reason of the other company."""
NUMBERS = ("+14155559900", "+14155559901", "+14155559902")
_LINES = (
    ("number", "add", NUMBERS[1], "--class", "sitter"),
    ("number", "add", NUMBERS[2], "--class", "pool"),
    ("client", "add", f"Ann {MARK}", "--phone", "+12025550101", "--ref", f"{MARK}-C"),
    ("client", "add", f"Bo {MARK}", "--phone", "+12025550103", "--ref", f"{MARK}-D"),
    ("sitter", "add", f"Maya {MARK}", "--phone", "+13035550101", "--ref", f"{MARK}-S",
     "--activate"),
    ("booking", "add", "--ref", f"{MARK}-B", "--client", f"{MARK}-C", "--sitter", f"{MARK}-S",
     "--start", "+23h", "--end", "+26h"),
    ("booking", "confirm", f"{MARK}-B"),
    ("message", "send", f"{MARK}-C", "--body", f"Hello {MARK}"),
    ("message", "send", f"{MARK}-D", "--body", f"Later {MARK}", "--at", "+3d"),
    ("message", "receive", "--from", "+12025550103", "--to", NUMBERS[0], "--body", MARK),
    ("optout", "add", f"{MARK}-D", "--reason", MARK),
)  # fmt: skip
OF_ALL = ("petmsg init", "petmsg demo", "petmsg db ", "petmsg org list", "petmsg config show",
          "petmsg import ", "petmsg inbox strays", "petmsg errors ", "petmsg serve")  # fmt: skip
"""Commands that are about the whole database, or about none."""
MINE = [(name, example) for name, example in EXAMPLES if not example.startswith(OF_ALL)]


def join(url: str) -> None:
    """The other company moves in, a day ago."""
    add_org(url, OTHER, front_desk=NUMBERS[0])
    for line in _LINES:
        ran = run_cli(url, *line, "--org", OTHER, now=SINCE)
        assert ran.code == 0, (line, ran.err)


def theirs(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Every row with the mark of the other company, or with its numbers."""
    words = (MARK, OTHER, *NUMBERS)
    return {
        table: [row for row in rows if any(word in str(cell) for cell in row for word in words)]
        for table, rows in content(url).items()
    }


def run_as_mine(company: Company, example: str) -> Ran:
    words = shlex.split(example.partition(" > ")[0])
    arguments = without_output(words[1:])
    if "--org" not in arguments:
        arguments += ["--org", "happy-paws"]
    return run_cli(company.url, *arguments, "-o", "json", HOME=str(company.path.parent))


@pytest.mark.parametrize(("name", "example"), MINE, ids=[example for _, example in MINE])
def test_no_row_of_the_other_company_is_shown_or_changed(
    fresh: Callable[[str], Company],
    name: str,
    example: str,
) -> None:
    company = fresh(example)
    join(company.url)
    before = theirs(company.url)
    ran = run_as_mine(company, example)
    assert ran.code in (0, 3, 4, 10), (name, ran.err)
    for word in (MARK, *NUMBERS):
        assert word not in ran.out + ran.err
    assert theirs(company.url) == before


def test_what_the_other_company_shows_has_its_mark(
    fresh: Callable[[str], Company],
) -> None:
    """Or the test above would look for nothing."""
    company = fresh("petmsg client list")
    join(company.url)
    for line in ("client list", "thread list", "message list", "inbox list", "audit list"):
        ran = run_cli(company.url, *line.split(), "--org", OTHER, "-o", "json")
        assert MARK in ran.out, line
    assert sum(map(len, theirs(company.url).values())) > 15
