"""The words that users read, and what comments cite.

Retired words stay out of every text that a user reads: helps, table heads, messages, documentation
and examples. No docstring or comment cites a document that is not in this repository.
"""

import ast
import io
import pkgutil
import re
import tokenize
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import pytest
import typer

import petmsg.render.views
from petmsg.cli import command_line
from petmsg.render.fields import Field
from tests.support.documentation import REFERENCE, TOUR

ROOT = Path(__file__).parents[2]

RETIRED = {
    r"\bstrays?\b": "unmatched message",
    r"\bin doubt\b": "outcome unknown",
    r"\bfate\b": "outcome",
    r"\bcustody\b": "assignment history",
    r"\blook(s|ed|ing)? after\b": "assigned to",
    r"\b(not )?textable\b": "SMS-capable",
    r"\bwishes\b": "opt-outs",
    r"\bcarrier's word\b": "delivery receipt",
    r"\bgrav(e|est)\b": "severe, severity",
    r"\b([Ss]he|[Hh]er|[Hh]ers|[Hh]erself)\b": "they, the client, the sitter",
    r"\w\((s|es)\)": "a real plural: petmsg.plurals.counted",
    r"\b[Tt]ak(e|es|en|ing) (over|back|it back)\b": "import, restore",
    r"\b([Oo]f|[Tt]o) whom\?": "Specify …, Missing option …",
    r"\bnobody's thread\b": "outside any thread",
    r"\b(leave|leaves|leaving|left) from\b": "sent from",
    r"\bpaces?\b": "rate limit",
    r"\bupkeep\b": "backlog, maintenance",
    r"\b[Tt]exts\b(?!\.example)": "messages",
    r"\b([Aa]n?|[Tt]his|[Ee]ach|[Ee]very|[Aa]nother|[Nn]o|[Oo]ne|[Yy]our) text\b": "message",
    r"\b[Tt]ext $": "message (before a number)",
    r"\b[Ff]orgotten\b": "erased",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\bwhat (is so|helps)\b": "finding, fix",
    r"\b(is|are|that is) none\b": "say what it is",
    r"\bsafe class\b": "unknown code",
    r"\bfor ever\b": "permanent, forever",
}
"""By pattern, the word to use instead. Patterns match lower case unless they say otherwise."""

_ANY = re.compile("|".join(RETIRED))

EXCEPTIONS = {
    "inbox strays": "the name of a command",
    "client phone textable": "the name of a command",
    "phone textable": "the name of a command",
    "number pace": "the name of a command",
    "Your text is being sent": "the words of a message, as opposed to its pictures",
}
"""Phrases that may stand, with the reason."""

CODE = re.compile(r"`[^`\n]*`|\"[\w.]+\":|\bhttps?://\S+|--[a-z-]+|\{\w+\}")
"""Code: names of JSON keys, options and columns stay as they are."""

CITES = {
    r"\b[Ss]pec\b": "the specification",
    r"\b[Ss]ection \d": "a section of a document",
    r"\b[Ii]ssue \d": "an issue number",
    r"(?<![&\w])#\d+\b(?![\d.]*')": "an issue number",
    r"\bfacts file\b|\(facts\b|\bfacts:": "a facts file",
    r"\breliability notes\b": "the reliability notes",
    r"\b(spec|style|terms|english|reliability|messaging-facts)\.md\b": "a file outside",
}
PUBLIC = re.compile(r"(RFC \d+|\"How To Corrupt\"), section [\d.]+")
"""Sections of public documents, which may be cited."""


class Words(NamedTuple):
    """A text that a user reads, and where it stands."""

    place: str
    text: str


# ----------------------------------------------------------------------------- collecting the words


def helps(command: Any, path: str) -> Iterator[Words]:
    """The help of a command or group, of its options and arguments, and of all commands below."""
    place = f"petmsg/cli ({path} --help)"
    yield Words(place, command.help or "")
    for parameter in command.params:
        yield Words(place, getattr(parameter, "help", None) or "")
    for example in getattr(command, "examples", ()):
        yield Words(place, example)
    for name, entry in getattr(command, "entries", {}).items():
        yield from helps(entry.load(), f"{path} {name}")


def heads() -> Iterator[Words]:
    """The heads of all tables."""
    for module in pkgutil.iter_modules(petmsg.render.views.__path__):
        views = import_module(f"petmsg.render.views.{module.name}")
        for value in vars(views).values():
            for field in value if isinstance(value, tuple) else (value,):
                if isinstance(field, Field) and field.title:
                    yield Words(f"petmsg/render/views/{module.name}.py", field.title)


_NO_PROSE = re.compile(
    r"^\s*(SELECT|UPDATE|INSERT|DELETE|WITH|CREATE|ALTER|DROP|FROM|WHERE|AND|JOIN)\b|^\(\?"
    r"|\b(SELECT|END AS|LEFT JOIN)\b"
)
"""SQL and regular expressions, whole or in part."""


def messages(source: str, place: str) -> Iterator[Words]:
    """The sentences among a module's string constants: with a blank, no docstring and no SQL."""
    tree = ast.parse(source)
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in silent:
            continue
        if (
            isinstance(node.value, str)
            and " " in node.value.strip()
            and not _NO_PROSE.search(node.value)
        ):
            yield Words(f"{place}:{node.lineno}", node.value)


def files() -> Iterator[Words]:
    """The documentation and the examples, line by line.

    What `make docs` makes is left out: the reference and the man pages consist of the helps, the
    transcripts of heads and messages. These are checked where they come from.
    """
    docs = ROOT / "docs"
    named = (ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG", "SECURITY"))
    pages = [*named, *docs.glob("*.md"), *docs.glob("decisions/*.md")]
    found = (ROOT / "examples").rglob("*")
    examples = [each for each in found if each.is_file() and each.suffix != ".jpg"]
    for file in [*pages, *examples]:
        in_transcript = False
        for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1):
            if line.startswith("```"):
                in_transcript = not in_transcript
            is_made = file == REFERENCE or (in_transcript and not line.startswith("$"))
            if not (is_made and file in (REFERENCE, TOUR)):
                yield Words(f"{file.relative_to(ROOT)}:{number}", line)


def sources(*folders: str) -> Iterator[Path]:
    for folder in folders:
        yield from (ROOT / folder).rglob("*.py")


@cache
def everything() -> tuple[Words, ...]:
    modules = (
        words
        for file in sources("petmsg")
        for words in messages(file.read_text("utf-8"), str(file.relative_to(ROOT)))
    )
    return (*helps(command_line(), "petmsg"), *heads(), *modules, *files())


# ----------------------------------------------------------------------------- checking the words


def retired(text: str) -> list[str]:
    """The retired words of a text, each with the word to use."""
    if _ANY.search(text) is None:
        return []
    plain = CODE.sub(" ", text)
    for phrase in EXCEPTIONS:
        plain = plain.replace(phrase, " ")
    found = ((re.search(pattern, plain), use) for pattern, use in RETIRED.items())
    return [f"{match[0]!r}: use {use}" for match, use in found if match is not None]


def test_no_user_reads_a_retired_word() -> None:
    problems = [
        f"{words.place}: {problem}: {words.text.strip()[:80]}"
        for words in everything()
        for problem in retired(words.text)
    ]
    assert not problems, "\n".join(["", *sorted(set(problems))])


def test_everything_a_user_reads_is_collected() -> None:
    """Helps, heads, messages and pages: each kind is there, so none is silently skipped."""
    places = [words.place for words in everything() if words.text]
    for kind in ("petmsg message send --help", "render/views", "petmsg/errors.py", "README.md"):
        assert any(kind in place for place in places), kind
    assert len(places) > 2000


def test_a_retired_word_in_a_help_is_found() -> None:
    def planted(
        phone: Annotated[str, typer.Option(help="A phone that nobody looks after.")] = "",
    ) -> None:
        """Adopt a stray."""

    app = typer.Typer(add_completion=False)
    app.command()(planted)
    found = [
        each for words in helps(typer.main.get_command(app), "x") for each in retired(words[1])
    ]
    assert len(found) == 2, found


@pytest.mark.parametrize(
    "source",
    [
        "raise NotFound(f'{count} message(s) wait')",
        "say(f'{ref}: the number she sees')",
        "hint = 'Give her a number'",
        'words = "It leaves from " + number',
    ],
)
def test_a_retired_word_in_a_message_is_found(source: str) -> None:
    assert [each for words in messages(source, "x") for each in retired(words.text)]


@pytest.mark.parametrize(
    "text",
    ["petmsg inbox strays", "the key `not_textable`", "https://texts.example.com", "plain text"],
)
def test_names_and_code_may_stand(text: str) -> None:
    assert retired(text) == []


# ----------------------------------------------------------------------------- citing


def remarks(source: str, place: str) -> Iterator[Words]:
    """The docstrings and comments of a module."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield Words(f"{place}:{node.lineno}", str(node.value.value))
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield Words(f"{place}:{token.start[0]}", token.string.removeprefix("#"))


def cited(text: str, patterns: Mapping[str, str] = CITES) -> list[str]:
    plain = PUBLIC.sub(" ", text)
    found = ((re.search(pattern, plain), what) for pattern, what in patterns.items())
    return [f"{match[0]!r} cites {what}" for match, what in found if match is not None]


def test_no_remark_cites_what_is_not_in_the_repository() -> None:
    problems = []
    for file in sources("petmsg", "tests", "benchmarks", "migrations"):
        place = str(file.relative_to(ROOT))
        if file == Path(__file__):
            continue
        for words in remarks(file.read_text("utf-8"), place):
            problems += [f"{words.place}: {each}" for each in cited(words.text)]
    assert not problems, "\n".join(["", *sorted(problems)])


@pytest.mark.parametrize(
    "source",
    [
        '"""As the spec says."""',
        "x = 1  # see section 4",
        '"""Source: the facts file."""',
        "# fixes issue 12",
        "def f():\n    '''The reliability notes say so.'''",
    ],
)
def test_a_citation_is_found(source: str) -> None:
    assert [each for words in remarks(source, "x") for each in cited(words.text)]


def test_an_rfc_may_be_cited() -> None:
    assert cited("Source: RFC 9110, section 15") == []
