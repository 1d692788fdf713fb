"""The file of settings, as systemd and an administrator read and write it."""

import subprocess
from pathlib import Path

import pytest

from petmsg.systemd import environment_file
from petmsg.systemd.environment_file import values_of, with_values
from petmsg.systemd.unit_files import UnitFileUnusable

ODD = 'postgresql://ann:p"a$s\\s`w@host/pets?a=b c'


def test_what_is_written_is_read() -> None:
    values = {"PETMSG_DATABASE_URL": ODD, "PETMSG_ACTOR": "systemd"}
    assert values_of(with_values(None, values)) == values


def test_a_shell_reads_the_same() -> None:
    """systemd.exec(5): the file's quoting is that of a shell."""
    text = with_values(None, {"PETMSG_DATABASE_URL": ODD})
    ran = subprocess.run(
        ["sh", "-c", f'{text}\nprintf %s "$PETMSG_DATABASE_URL"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == ODD


def test_lines_of_the_administrator_stay() -> None:
    text = "# mine\nMINE = 'a b'\nPETMSG_ACTOR=cron\n\nA=1\n"
    changed = with_values(text, {"A": "1", "PETMSG_ACTOR": "systemd", "B": "2"})
    assert changed == '# mine\nMINE = \'a b\'\nPETMSG_ACTOR="systemd"\n\nA=1\nB="2"\n'
    assert with_values(changed, {"A": "1", "PETMSG_ACTOR": "systemd", "B": "2"}) == changed
    assert values_of(changed)["MINE"] == "a b"


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    assert environment_file.read(tmp_path) is None
    (tmp_path / environment_file.NAME).write_bytes(b"A=\xff\n")
    with pytest.raises(UnitFileUnusable, match="UTF-8"):
        environment_file.read(tmp_path)
