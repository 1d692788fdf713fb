"""No command tells a secret, a personal phone, or what somebody wrote, where it should not; and
whatever it writes is its owner's alone. Every example of every help is tried.
"""

import os
import shlex
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from petmsg.errors import NOT_FOUND
from tests.support.example_company import FILES
from tests.support.fixtures import Ran, run_cli
from tests.system.test_every_command import (
    COMMANDS,
    EXAMPLES,
    Company,
    without_output,
)

TOKEN = "tok0123456789secret0123456789abc"
SIGNING = "whsec_sentinel0123456789sentinel0123"
SECRETS = {
    "TWILIO_ACCOUNT_SID": "AC" + "0123456789abcdef" * 2,
    "TWILIO_AUTH_TOKEN": TOKEN,
    "PETMSG_STRIPE_SECRET": SIGNING,
}
PHONES = [
    *(f"2025550{number}" for number in (101, 102, 103, 104, 118, 199)),
    *(f"3035550{number}" for number in (101, 102, 103, 118)),
]
BODIES = ["Welcome!", "See you soon.", "Rex is well.", "under the mat", "take parrots"]
READING_TEXTS = {
    "petmsg demo", "petmsg inbox list", "petmsg inbox show", "petmsg inbox strays",
    "petmsg message list", "petmsg message show", "petmsg thread show",
}  # fmt: skip
"""Commands whose matter is what was written."""


def tried(company: Company, example: str, output: str) -> Ran:
    words = shlex.split(example)
    words = words[: words.index(">")] if ">" in words else words
    return run_cli(
        company.url,
        *without_output(words[1:]),
        "-o",
        output,
        HOME=str(company.path.parent),
        **SECRETS,
    )


def told(ran: Ran) -> str:
    return ran.out + ran.err


@pytest.mark.parametrize("output", ["json", "table"])
@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=[example for _, example in EXAMPLES])
def test_nothing_is_told_that_is_not_asked_for(
    fresh: Callable[[str], Company],
    name: str,
    example: str,
    output: str,
) -> None:
    company = fresh(example)
    ran = tried(company, example, output)
    for secret in (TOKEN, SIGNING):
        assert secret not in told(ran)
    if "--reveal" not in example:
        assert [phone for phone in PHONES if phone in told(ran)] == []
    if name not in READING_TEXTS:
        assert [body for body in BODIES if body in told(ran)] == []
    assert [body for body in BODIES if body in ran.err] == []
    assert others_may_read(company.path.parent) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_an_error_tells_no_more(
    fresh: Callable[[str], Company],
    name: str,
) -> None:
    """The same line for an org that is not there, with its phones and words on it."""
    example = COMMANDS[name].examples[0]
    company = fresh(example)
    words = [*without_output(shlex.split(example.partition(" > ")[0])[1:]), "--org", "nobody"]
    ran = run_cli(company.url, *words, "-o", "json", HOME=str(company.path.parent), **SECRETS)
    if name in ("petmsg demo", "petmsg errors explain", "petmsg errors list"):
        return
    for secret in (TOKEN, SIGNING, *PHONES, *BODIES):
        assert secret not in ran.err
    assert ran.code in (0, 2, NOT_FOUND, 4, 5, 10), ran.err


def others_may_read(folder: Path) -> list[str]:
    """Files that a command wrote and somebody else could read."""
    ours = {*FILES, "heads.jsonl"}
    found = []
    for root, _, names in os.walk(folder):
        if "old-tables" in root:
            continue
        for file in names:
            mode = stat.S_IMODE((Path(root) / file).stat().st_mode)
            if file not in ours and mode & 0o077:
                found.append(f"{file} {mode:o}")
    return found


def test_a_file_for_all_is_found(tmp_path: Path) -> None:
    (tmp_path / "petmsg.db").touch(0o644)
    assert others_may_read(tmp_path) == ["petmsg.db 644"]
