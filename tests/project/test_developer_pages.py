"""What the pages for developers name is there: files, folders, modules, functions, make targets."""

import re
from pathlib import Path

import pytest

from petmsg.enums.messages import MessageStatus
from tests import ROOT
from tests.system.test_states_of_a_message import drawn_changes

PAGES = [
    ROOT / "CONTRIBUTING.md",
    ROOT / "docs" / "architecture.md",
    *sorted((ROOT / "docs" / "decisions").glob("*.md")),
]
_NAMED = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(r"([\w.-]+(?:/[\w.-]+)*(?:\.py|/))(?::(\w+))?")
_MODULE = re.compile(r"(?:petmsg|tests|benchmarks)(?:\.\w+)+")
_TARGETS = re.compile(r"make ([a-z -]+?)(?: ARGS=.*)?")


def complaints(text: str) -> list[str]:
    """What a page names in backticks that does not exist."""
    found = []
    for named in _NAMED.findall(text):
        if path := _PATH.fullmatch(named):
            found += _of_path(path[1], path[2])
        elif _MODULE.fullmatch(named):
            found += _of_module(named)
        elif targets := _TARGETS.fullmatch(named):
            made = (ROOT / "Makefile").read_text("utf-8")
            found += [
                f"no target: make {target}"
                for target in targets[1].split()
                if not re.search(rf"(?m)^{target}:", made)
            ]
    return found


def _of_path(path: str, name: str | None) -> list[str]:
    places = [place for place in (ROOT / path, ROOT / "petmsg" / path) if place.exists()]
    if not places:
        return [f"no such file or folder: {path}"]
    if name is None or _defines(places[0], name):
        return []
    return [f"{path} defines no {name}"]


def _of_module(named: str) -> list[str]:
    place = ROOT / named.replace(".", "/")
    if place.is_dir() or place.with_suffix(".py").exists():
        return []
    parent, name = place.parent, place.name
    if parent.with_suffix(".py").exists() and _defines(parent.with_suffix(".py"), name):
        return []
    return [f"no such module: {named}"]


def _defines(path: Path, name: str) -> bool:
    pattern = rf"(?m)^(?:(?:async )?def|class) {name}\b|^{name}\b.* ="
    return bool(re.search(pattern, path.read_text("utf-8")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_exists(page: Path) -> None:
    assert complaints(page.read_text("utf-8")) == []


def test_the_diagram_has_every_state_of_a_message() -> None:
    """`tests/system/test_states_of_a_message.py` compares the changes with the code."""
    states = {state for each in drawn_changes() for state in each}
    assert states | {"queued", "received"} == {status.value for status in MessageStatus}


@pytest.mark.parametrize("page", PAGES[2:], ids=lambda page: page.name)
def test_a_decision_is_short_and_whole(page: Path) -> None:
    text = page.read_text("utf-8")
    assert len(text.splitlines()) <= 40
    parts = re.findall(r"(?m)^\*\*(Context|Decision|Consequences)\.\*\*", text)
    assert parts == ["Context", "Decision", "Consequences"]
    assert text.startswith(f"# {int(page.name[:4])}. ")
    assert f"](decisions/{page.name})" in (ROOT / "docs/README.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("`errors.py`, `services/bookings/` and `rules/routing/decide.py:decide`", None),
        ("`petmsg.rules.routing.decide`, `petmsg.errors.Refused` and `make lint types`", None),
        ("`services/custody.py`", "no such file or folder: services/custody.py"),
        ("`services/paying/`", "no such file or folder: services/paying/"),
        ("`rules/routing/decide.py:choose`", "rules/routing/decide.py defines no choose"),
        ("`petmsg.services.custody`", "no such module: petmsg.services.custody"),
        ("`make everything`", "no target: make everything"),
        ("`petmsg number restore` is text", None),
    ],
)
def test_what_does_not_exist_is_noticed(text: str, complaint: str | None) -> None:
    assert complaints(text) == ([] if complaint is None else [complaint])
