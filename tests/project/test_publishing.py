"""What is published: the CI definition, reproducible archives."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests import ROOT

WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"


def test_ci_runs_on_every_python_that_the_package_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = {
        each.rpartition(" ")[2]
        for each in project["classifiers"]
        if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", each)
    }
    (line,) = re.findall(r"python: \[(.*)\]", WORKFLOW.read_text("utf-8"))
    assert set(re.findall(r'"([0-9.]+)"', line)) == named


def test_ci_runs_what_is_run_here() -> None:
    text = WORKFLOW.read_text("utf-8")
    assert "run: .ci/run" in text
    run = (ROOT / ".ci" / "run").read_text("utf-8")
    assert "PETMSG_DEPENDENCIES" in text
    assert "PETMSG_DEPENDENCIES" in run


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout")
def test_the_archives_are_the_same_from_folders_of_other_times(tmp_path: Path) -> None:
    ran = subprocess.run(
        [ROOT / ".ci" / "build", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".gz", ".whl"]
    assert len(re.findall(r"(?m)^[0-9a-f]{64} ", ran.stdout)) == 2


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout")
def test_archives_that_differ_are_noticed(tmp_path: Path) -> None:
    """A build that writes the folder's name into the wheel."""
    copy = tmp_path / "copy"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(copy)], check=True)
    for name in (".ci/build", "pyproject.toml"):
        shutil.copy(ROOT / name, copy / name)
    (copy / ".venv" / "bin").mkdir(parents=True)
    (copy / ".venv" / "bin" / "python").symlink_to(sys.executable)
    build = copy / ".ci" / "build"
    text = build.read_text("utf-8")
    spoiled = text.replace("build one 022", 'build one 022\necho >> "$folder"/dist-one/*.whl')
    assert spoiled != text
    build.write_text(spoiled, "utf-8")
    ran = subprocess.run([build, str(tmp_path / "dist")], capture_output=True, check=False)
    assert ran.returncode != 0
    assert not (tmp_path / "dist").exists()
