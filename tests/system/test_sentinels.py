"""No command tells a secret, a personal phone, what somebody wrote, or anything of another company,
where it should not; and whatever it writes is its owner's alone. `test_every_command.py` looks at
every example as it is typed; here each is tried with `-o json` and with an org that is not there.
"""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from petmsg.errors import NOT_FOUND
from tests.support.examples import (
    BODIES,
    COMMANDS,
    EXAMPLES,
    MARK,
    NEVER_TOLD,
    OF_ALL,
    OTHER,
    PHONES,
    SECRETS,
    Company,
    complaints,
    others_may_read,
    theirs,
    without_output,
)
from tests.support.fixtures import Ran, run_cli


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[example for _, example in EXAMPLES])
def test_json_tells_nothing_that_is_not_asked_for(
    fresh_company: Callable[[str], Company], name: str, example: str
) -> None:
    company = fresh_company(example)
    concerns_all = example.startswith(OF_ALL)
    before = None if concerns_all else theirs(company.url)
    ran = company.run(example, output="json")
    assert complaints(company, name, example, ran) == []
    assert concerns_all or theirs(company.url) == before


@pytest.mark.parametrize("name", COMMANDS)
def test_an_error_tells_no_more(fresh_company: Callable[[str], Company], name: str) -> None:
    """The same line for an org that is not there, with its phones and words on it."""
    example = COMMANDS[name].examples[0]
    company = fresh_company(example)
    words = [*without_output(shlex.split(example.partition(" > ")[0])[1:]), "--org", "nobody"]
    ran = run_cli(company.url, *words, "-o", "json", HOME=str(company.path.parent), **SECRETS)
    if name in ("petmsg demo", "petmsg errors explain", "petmsg errors list"):
        return
    for secret in (*NEVER_TOLD, *PHONES, *BODIES):
        assert secret not in ran.err
    assert ran.code in (0, 2, NOT_FOUND, 4, 5, 10), ran.err


# -------------------------------------------------------------------- what the tests above look for


def test_a_file_for_all_is_found(tmp_path: Path) -> None:
    (tmp_path / "petmsg.db").touch(0o644)
    assert others_may_read(tmp_path) == ["petmsg.db 644"]


@pytest.mark.parametrize("secret", NEVER_TOLD)
def test_a_secret_that_is_printed_is_found(
    fresh_company: Callable[[str], Company], secret: str
) -> None:
    example = "petmsg config show"
    company = fresh_company(example)
    assert complaints(company, example, example, Ran(0, "", f"x{secret}y")) != []


def test_what_is_printed_too_much_is_found(fresh_company: Callable[[str], Company]) -> None:
    company = fresh_company("petmsg client list")
    ran = run_cli(company.url, "client", "show", "C-1", "--reveal", "--org", "happy-paws")
    assert complaints(company, "petmsg client show", "petmsg client show C-1", ran) != []


def test_what_the_other_company_shows_has_its_mark(
    fresh_company: Callable[[str], Company],
) -> None:
    company = fresh_company("petmsg client list")
    for line in ("client list", "thread list", "message list", "inbox list", "audit list"):
        ran = run_cli(company.url, *line.split(), "--org", OTHER, "-o", "json")
        assert MARK in ran.out, line
    assert sum(map(len, theirs(company.url).values())) > 15
