"""The house: what is built, what is pinned, what lies where.

Each rule is a small function that returns complaints, and is shown to complain about a bad sample
before its silence about the real files is believed.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from petmsg import __version__
from tests import ROOT

TOP_LEVEL = {
    ".ci", ".editorconfig", ".gitattributes", ".gitignore", ".pre-commit-config.yaml",
    "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "RELEASING.md",
    "SECURITY.md", ".github",
    "benchmarks", "docs", "examples", "migrations", "petmsg", "pyproject.toml",
    "requirements-dev.lock", "requirements.lock", "tests",
}  # fmt: skip
TARGETS = {
    "help", "demo", "test", "lint", "types", "imports", "migrations-check", "docs", "docs-check",
    "bench", "campaigns", "dist", "lock", "clean",
}  # fmt: skip
FILE_SUFFIXES = (".csv", ".json", ".jsonl", ".txt", ".xlsx")
STRAYS = (
    "customers.db",
    "notes.txt",
    "petmsg/customers.db",
    "petmsg/export.csv",
    "migrations/dump.sql",
    "examples/real.sqlite3",
    "examples/__pycache__/x.pyc",
    "tests/recording.json",
    "docs/customers.json",
    ".env",
)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def checker() -> ModuleType:
    """The program CI runs before anything is installed."""
    spec = importlib.util.spec_from_file_location("tracked_files", ROOT / ".ci/tracked_files.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tracked(checker: ModuleType) -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so nothing is tracked")
    names: list[str] = checker.tracked(ROOT)
    return names


# ------------------------------------------------------------------------------------ what is built


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], set[str]]:
    """A function `target -> names of its files`, of a copy of this folder with strays in it."""
    copy = tmp_path_factory.mktemp("house") / "copy"
    unneeded = shutil.ignore_patterns(".git", ".venv*", ".*_cache", "__pycache__", "dist", "build")
    shutil.copytree(ROOT, copy, ignore=unneeded)
    for name in STRAYS:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text("somebody's own", encoding="utf-8")

    def names_in(target: str) -> set[str]:
        out = copy.parent / target
        command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)]
        subprocess.run(command, cwd=copy, check=True, capture_output=True)
        (archive,) = out.iterdir()
        if target == "wheel":
            with zipfile.ZipFile(archive) as wheel:
                return set(wheel.namelist())
        with tarfile.open(archive) as sdist:
            return {name.partition("/")[2] for name in sdist.getnames()}

    return names_in


def missing_from_wheel(names: set[str], *, code: set[str], revisions: set[str]) -> list[str]:
    """Return what a wheel must hold to create a database and play the demo, and does not."""
    wanted = code | {"petmsg/_migrations/env.py", "petmsg/_migrations/script.py.mako"}
    wanted |= {f"petmsg/_migrations/versions/{name}" for name in revisions}
    return sorted(wanted - names)


def strays(names: set[str], *, allowed: set[str]) -> list[str]:
    """Return what an archive holds and should not."""
    return sorted(names - allowed)


def files_below(*folders: str, suffixes: tuple[str, ...]) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in suffixes and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_code_the_migrations_and_the_examples(
    build: Callable[[str], set[str]],
) -> None:
    code = files_below("petmsg", suffixes=(".py",))
    revisions = {path.name for path in (ROOT / "migrations/versions").glob("*.py")}
    assert revisions, "no migrations at all"
    names = build("wheel")
    assert missing_from_wheel(names, code=code, revisions=revisions) == []
    assert any(name.startswith("petmsg/_examples/") for name in names)
    assert {"petmsg/py.typed", "petmsg/_schemas/booking-confirm.json"} <= names


def test_the_wheel_holds_nothing_else(build: Callable[[str], set[str]]) -> None:
    names = {name for name in build("wheel") if ".dist-info/" not in name}
    allowed = files_below("petmsg", suffixes=(".py", ".typed"))
    allowed |= {
        name.replace("migrations/", "petmsg/_migrations/", 1)
        for name in files_below("migrations", suffixes=(".py", ".mako"))
    }
    allowed |= {
        f"petmsg/_{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "examples").rglob("*")
    }
    allowed |= {f"petmsg/_schemas/{path.name}" for path in (ROOT / "docs/schemas").glob("*.json")}
    allowed |= {
        f"petmsg-{__version__}.data/data/share/man/man1/{path.name}"
        for path in (ROOT / "docs/man").glob("*.1")
    }
    assert strays(names, allowed=allowed) == []


def test_the_man_pages_are_in_both(build: Callable[[str], set[str]]) -> None:
    pages = {path.name for path in (ROOT / "docs/man").glob("*.1")}
    assert "petmsg.1" in pages
    for target, folder in (
        ("sdist", "docs/man"),
        ("wheel", f"petmsg-{__version__}.data/data/share/man/man1"),
    ):
        assert {f"{folder}/{page}" for page in pages} <= build(target)


def test_the_sdist_holds_source_and_nothing_else(build: Callable[[str], set[str]]) -> None:
    names = build("sdist")
    allowed = {name for name in TOP_LEVEL if (ROOT / name).is_file()} | {"PKG-INFO"}
    allowed |= files_below(".ci", suffixes=("", ".py"))
    allowed |= files_below("petmsg", "tests", "benchmarks", suffixes=(".py", ".typed"))
    allowed |= files_below("tests", suffixes=(".c",))
    allowed |= files_below("tests/system/imported_files", suffixes=FILE_SUFFIXES)
    allowed |= files_below("migrations", suffixes=(".py", ".mako"))
    allowed |= files_below("docs", suffixes=(".md", ".1"))
    allowed |= files_below("docs/images", suffixes=(".svg",))
    allowed |= files_below("docs/schemas", suffixes=(".json",))
    allowed |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "examples").rglob("*")}
    assert strays(names, allowed=allowed) == []
    assert {"pyproject.toml", "README.md", "LICENSE", "petmsg/__init__.py"} <= names
    assert "tests/campaigns/shim.c" in names


def test_a_wheel_without_a_revision_would_be_noticed() -> None:
    names = {"petmsg/_migrations/env.py", "petmsg/_migrations/script.py.mako"}
    assert missing_from_wheel(names, code=set(), revisions={"0001_first.py"}) == [
        "petmsg/_migrations/versions/0001_first.py"
    ]


def test_a_database_in_an_archive_would_be_noticed() -> None:
    assert strays({"a.py", "customers.db"}, allowed={"a.py"}) == ["customers.db"]


# ----------------------------------------------------------------------------- what is depended on


def without_reason(pyproject: str) -> list[str]:
    """Return the dependencies that have no comment above them, nor on their line."""
    project = tomllib.loads(pyproject)
    lists = [
        project["build-system"]["requires"],
        project["project"]["dependencies"],
        *project["project"].get("optional-dependencies", {}).values(),
        *project.get("dependency-groups", {}).values(),
    ]
    wanted = {entry for entries in lists for entry in entries if isinstance(entry, str)}
    lines = pyproject.splitlines()
    explained = set()
    for above, line in zip(["", *lines], lines, strict=False):
        if above.strip().startswith("# ") or re.search(r"[\],]\s*# \w", line):
            explained |= {entry for entry in wanted if f'"{entry}"' in line}
    return sorted(wanted - explained)


def test_every_dependency_has_its_reason() -> None:
    assert without_reason(read("pyproject.toml")) == []


def test_a_dependency_without_a_reason_would_be_noticed() -> None:
    bad = """
[build-system]
requires = ["builder"]  # it builds

[project]
dependencies = [
    # a reason
    "good",
    "bad",
]
[dependency-groups]
dev = [
    "worse", "fine",  # on the line
    "worst",
]
"""
    assert without_reason(bad) == ["bad", "worst"]


def requirements(lock: str) -> Iterator[str]:
    """Yield the logical lines of a lock file: no comments, continuations joined."""
    code = "\n".join(line for line in lock.splitlines() if not line.lstrip().startswith("#"))
    for line in code.replace("\\\n", " ").splitlines():
        if line.strip():
            yield line.strip()


def unpinned(lock: str) -> list[str]:
    """Return the lines of a lock file that are not one exact version with its hashes."""
    pinned = re.compile(r"[a-z0-9-]+==[0-9][^\s;]*(?: ; [^#]+?)?(?:\s+--hash=sha256:[0-9a-f]{64})+")
    return [line for line in requirements(lock) if not pinned.fullmatch(line)]


def versions(lock: str) -> set[str]:
    return {line.split()[0] for line in requirements(lock)}


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_pins_versions_and_hashes(name: str) -> None:
    assert versions(read(name))
    assert unpinned(read(name)) == []


def test_the_dev_lock_holds_the_runtime_lock() -> None:
    """Both are installed into one environment, in any order."""
    assert versions(read("requirements.lock")) <= versions(read("requirements-dev.lock"))


UNLOCKED = {
    "all",  # the other extras
    "s3",  # the many packages of a driver that no test needs
}


def test_the_runtime_lock_holds_every_dependency_and_the_builder() -> None:
    project = tomllib.loads(read("pyproject.toml"))
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    extras = project["project"]["optional-dependencies"]
    assert extras["all"] == [f"petmsg[{','.join(set_of for set_of in extras if set_of != 'all')}]"]
    for name in extras.keys() - UNLOCKED:
        wanted += extras[name]
    names = {re.match(r"[a-z0-9-]+", entry).group() for entry in wanted}  # type: ignore[union-attr]
    assert names <= {entry.partition("==")[0] for entry in versions(read("requirements.lock"))}


@pytest.mark.parametrize(
    "line",
    [
        "typer==0.28.0",
        "typer>=0.28 --hash=sha256:" + "0" * 64,
        "typer==0.28.0 --hash=md5:" + "0" * 32,
        "typer @ file:typer.whl --hash=sha256:" + "0" * 64,
        "-e .",
        "--pre",
    ],
)
def test_a_line_that_pins_too_little_would_be_noticed(line: str) -> None:
    good = "rich==15.0.0 ; python_version < '4' \\\n    --hash=sha256:" + "0" * 64
    assert unpinned(f"# a comment\n{good}\n    # via petmsg\n{line}\n") == [line]


# ---------------------------------------------------------------------------------- what lies where


def test_no_tracked_file_names_a_machine_or_a_package_source(
    checker: ModuleType, tracked: list[str]
) -> None:
    found = [
        line
        for name in tracked
        for line in checker.complaints(name, (ROOT / name).read_text(errors="replace"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "see /{}/main".format("work"),
        "sqlite:////{}/x.db".format("tmp"),
        'cache = "/{}"'.format("root"),
        "PATH=/{}/bin:$PATH".format("opt"),
        "file:///{}/wheels".format("opt"),
        "--{}=https://example.org".format("index-url"),
        "--{} folder".format("find-links"),
        "https://host.example/{}/x".format("packages"),
        "https://host.example/{}/typer/".format("simple"),
        "x @ https://example.org/x-1.0.tar" + ".gz",
    ],
)
def test_an_address_would_be_noticed(checker: ModuleType, text: str) -> None:
    assert checker.complaints("x.md", f"fine\n{text}\n") != []


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/work",
        "$folder/tmp/x",
        "docs/roo" + "t/x",
        "a client who texts STOP/opt-out",
        "https://host.example/project/petmsg/",
        "--no-emit-index-url",
    ],
)
def test_other_words_are_not_addresses(checker: ModuleType, text: str) -> None:
    assert checker.complaints("x.md", text) == []


def clutter(tracked: list[str]) -> list[str]:
    """Return the names at the top of the folder that have no place there."""
    return sorted({name.partition("/")[0] for name in tracked} - TOP_LEVEL)


def test_the_top_of_the_folder_holds_what_belongs_there(tracked: list[str]) -> None:
    assert clutter(tracked) == []


def test_a_new_name_at_the_top_would_be_noticed() -> None:
    assert clutter(["petmsg/cli/commands/number.py", "NOTES.md", "scripts/x"]) == [
        "NOTES.md",
        "scripts",
    ]


def missing_targets(makefile: str) -> list[str]:
    """Return the targets a Makefile should have and does not, or has without saying what for."""
    explained = set(re.findall(r"^([a-z-]+):.*## \w", makefile, flags=re.MULTILINE))
    return sorted(TARGETS - explained)


def test_the_makefile_has_its_targets() -> None:
    assert missing_targets(read("Makefile")) == []


def test_a_missing_target_would_be_noticed() -> None:
    without_demo = read("Makefile").replace("\ndemo:", "\nshow:")
    assert missing_targets(without_demo) == ["demo"]


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_make_knows_how_to_run_a_target(target: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", target, "UV=true"], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_the_programs_of_ci_can_be_run() -> None:
    programs = [path for path in (ROOT / ".ci").iterdir() if path.is_file()]
    assert programs
    for path in programs:
        assert path.stat().st_mode & 0o111, f"{path.name} is not executable"
        assert path.read_text(encoding="utf-8").startswith("#!"), f"{path.name} names no shell"
