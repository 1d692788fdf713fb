"""docs/install.md, typed word for word by somebody who has Python and a checkout, and nothing else.

Their HOME is empty and no petmsg is on the path. Packages come from where pip gets them. What needs
a program that this machine lacks (pipx, uv) or its root is left out: `LEFT_OUT` says what.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests import ROOT
from tests.support.documented_commands import Command, Desk, play, read_page

PAGE = (ROOT / "docs/install.md").read_text("utf-8")
LEFT_OUT = {
    r"(sudo |systemctl |loginctl |docker )": "belongs to the machine's root, or needs its daemon",
    **{
        rf"{name} ": f"there is no {name} here" for name in ("pipx", "uv") if not shutil.which(name)
    },
}
SETTINGS = ("PIP_", "UV_", "PIPX_DEFAULT", "SSL_", "REQUESTS_", "HTTP", "http", "NO_PROXY")
"""Beginnings of variables that say where packages come from."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The tracked files, in the folder where the reader's shell begins."""
    work = tmp_path / "home" / "work"
    names = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in names:
        if name and (ROOT / name).is_file():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, work / name)
    return work


def path_without_petmsg(tmp_path: Path) -> str:
    """The machine's PATH without any petmsg, and with the Python that the tests run on."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3").symlink_to(Path(sys.base_prefix, "bin", "python3"))
    others = [
        each for each in os.environ["PATH"].split(os.pathsep) if not Path(each, "petmsg").exists()
    ]
    return os.pathsep.join([str(folder), *others])


def test_the_page_works_on_an_empty_machine(checkout: Path, tmp_path: Path) -> None:
    environ = {
        "PATH": path_without_petmsg(tmp_path),
        "LC_ALL": "C.UTF-8",
        "USER": "ann",
        **{name: value for name, value in os.environ.items() if name.startswith(SETTINGS)},
    }
    assert shutil.which("petmsg", path=environ["PATH"]) is None
    complaints = play(PAGE, Desk(tmp_path, environ, untypable=LEFT_OUT, limit_seconds=900))
    assert complaints == []
    home = tmp_path / "home"
    assert (home / ".local/share/petmsg/petmsg.db").exists()
    assert (home / ".config/systemd/user/petmsg.target").exists()
    installed = home / "petmsg/bin/petmsg"
    unit = (home / ".config/systemd/user/petmsg-dispatch.service").read_text("utf-8")
    assert f"ExecStart={installed} message dispatch --watch" in unit
    for name in ("pipx", "uv"):
        if shutil.which(name):
            assert (home / ".local/bin/petmsg").exists()


def typed_commands() -> list[Command]:
    commands, complaints = read_page(PAGE)
    assert complaints == []
    return [
        each for each in commands if not any(re.match(pattern, each.text) for pattern in LEFT_OUT)
    ]


def test_hardly_anything_is_left_out() -> None:
    texts = [each.text for each in typed_commands()]
    assert len([text for text in texts if "petmsg" in text]) >= 10


def test_the_extras_are_those_there_are() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))
    assert named == set(project["optional-dependencies"])
    for extras in re.findall(r"whl\)\[([\w,]+)\]", PAGE):
        assert set(extras.split(",")) <= named
