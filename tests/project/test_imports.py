"""Every name that a test, a benchmark or a migration imports from this repository is there.

`make test` does not import the files that it leaves to `make test-slow`, and mypy reads `petmsg`
alone. Without this, a name that was moved would be missed by the slow tests only.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests import ROOT

ROOTS = ("petmsg", "tests", "benchmarks")
"""The packages of this repository."""
READ = ("tests", "benchmarks", "migrations")


def missing_names(name: str, tree: ast.Module) -> list[str]:
    """The imports of a file that name nothing, with their lines."""
    return [
        f"{name}:{line}: {module} has no {imported}"
        for line, module, imported in _imported(tree)
        if not _has(module, imported)
    ]


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _imported(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in ROOTS:
            for each in node.names:
                yield node.lineno, node.module or "", each.name


def _has(module: str, name: str) -> bool:
    place = ROOT.joinpath(*module.split("."))
    if (place / f"{name}.py").is_file() or (place / name / "__init__.py").is_file():
        return True
    source = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    names = _bound(source)
    return name in names or "__getattr__" in names


@cache
def _bound(source: Path) -> frozenset[str]:
    """The names that a module binds outside of its functions and classes."""
    return frozenset(_names(_parsed(source).body)) if source.is_file() else frozenset()


def _names(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
            continue
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                yield part.id
            elif isinstance(part, ast.alias):
                yield part.asname or part.name.partition(".")[0]
            elif isinstance(part, ast.FunctionDef | ast.ClassDef):
                yield part.name


def test_every_imported_name_is_there() -> None:
    files = [path for folder in READ for path in sorted((ROOT / folder).rglob("*.py"))]
    assert len(files) > 500
    complaints = [
        each
        for path in files
        for each in missing_names(path.relative_to(ROOT).as_posix(), _parsed(path))
    ]
    assert complaints == []


def test_a_name_that_was_moved_is_noticed() -> None:
    text = "from tests.project.test_imports import moved, _has, ROOT\nfrom tests import project\n"
    assert missing_names("x.py", ast.parse(text)) == [
        "x.py:1: tests.project.test_imports has no moved"
    ]
    assert missing_names("x.py", ast.parse("def f():\n    from tests.nowhere import name\n"))
