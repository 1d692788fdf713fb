"""No command repeats the password of a server's address: neither as data nor in an error, nor in
the traceback that `PETMSG_DEBUG` adds."""

import shlex
from itertools import takewhile
from pathlib import Path

import pytest

from petmsg.cli.handle_error import report_error
from tests.support.examples import COMMANDS, without_output
from tests.support.fixtures import run_cli

PASSWORD = "geheim42sentinel"
ADDRESSES = {
    "nobody answers": f"postgresql://ann:{PASSWORD}@127.0.0.1:1/x",
    "in the query": f"postgresql://ann@127.0.0.1:1/x?password={PASSWORD}",
    "not escaped": f"postgresql://ann:{PASSWORD}%zz@127.0.0.1:1/x",
}
FIRST = {name: each.examples[0] for name, each in COMMANDS.items() if each.examples}
ALONE = {"petmsg demo", "petmsg setup", "petmsg serve", "petmsg call simulate"}
"""Commands that talk, or that begin with a database of their own."""


@pytest.mark.parametrize("name", [name for name in FIRST if name not in ALONE])
def test_no_password_is_told(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = [*takewhile(lambda word: word not in "<>", shlex.split(FIRST[name])[1:])]
    for why, address in ADDRESSES.items():
        ran = run_cli(
            address, *without_output(words), "-o", "json", PETMSG_DEBUG="1", HOME=str(tmp_path)
        )
        assert PASSWORD not in ran.out + ran.err, why
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in written if PASSWORD.encode() in path.read_bytes()] == []


def test_nor_in_the_error_of_one_of_several_companies(capsys: pytest.CaptureFixture[str]) -> None:
    address = ADDRESSES["nobody answers"]
    environ = {"PETMSG_DEBUG": "1", "PETMSG_ORG_URLS": f"paws={address} tails=x.db"}
    report_error(ValueError(f"cannot read {address}"), "paws", as_json=False, environ=environ)
    told = capsys.readouterr().err
    assert "ValueError: cannot read postgresql://***" in told
    assert PASSWORD not in told
