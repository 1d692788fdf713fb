"""The words that users and developers read, and what comments cite.

Retired words stay out of every text that a user reads: helps, table heads, messages, documentation,
examples and the Makefile. They stay out of the docstrings and comments of petmsg as well. No
docstring or comment cites a document that is not in this repository.
"""

import ast
import io
import pkgutil
import re
import tokenize
from collections.abc import Iterator, Mapping, Sequence
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
    r"\bdoubts?\b": "outcome unknown",
    r"\b(un)?settl(e|es|ed|ing)\b": "reconcile, look up",
    r"\bfate\b": "outcome",
    r"\bcustody\b": "assignment history, ledger",
    r"\blook(s|ed|ing)? after\b": "assigned to",
    r"\btextable\b": "SMS-capable",
    r"\bwishes\b": "opt-outs",
    r"\bcarrier's word\b": "delivery receipt",
    r"\bgrav(e|est)\b": "severe, severity",
    r"\b(she|her|hers|herself)\b": "they, the client, the sitter",
    r"\btak(e|es|en|ing) (back|it back)\b": "restore",
    r"\bnobody's thread\b": "outside any thread",
    r"\b(leave|leaves|leaving|left) from\b": "sent from",
    r"\bspeaks? as\b": "send as, send from",
    r"\bpaces?\b": "rate limit",
    r"\bupkeep\b": "backlog, maintenance",
    r"\bpumps?\b": "dispatcher",
    r"\b(the|its|their) hands\b": "sender pool",
    r"\b(parking|scouts?)\b": "org queue, lookahead",
    r"\badopt(s|ing)?\b": "import; inbox adopt is the name of a command",
    r"\bpaying\b": "payments",
    r"\bpatients?\b": "doctor context",
    r"\bambient\b": "context",
    r"\bstory\b": "demo",
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\bwhat (is so|helps)\b": "finding, fix",
    r"\bsafe class\b": "unknown code",
    r"\bfor ever\b": "permanent, forever",
    r"\b(org|client|sitter|provider|company)'s texts?\b": "message",
    r"\btexts? (that )?(came in|on (its|their) way|is sent|was sent|waits?)\b": "message",
    r"\btexts? (from|to) (a|an|the|that|this|one of) (phone|number|client|sitter|org)": "message",
}
"""By pattern, the word to use instead. Patterns match whatever the case, unless they say otherwise,
and begin a word.
"""

RETIRED_FOR_USERS = {
    r"\b\w+\((s|es)\)": "a real plural: petmsg.plurals.counted",
    r"\btak(e|es|en|ing) over\b": "import, restore",
    r"\b(of|to) whom\?": "Specify …, Missing option …",
    r"\btexts\b(?!\.example)": "messages",
    r"\b(an?|this|each|every|another|no|one|your) text\b": "message",
    r"\btext $": "message (before a number)",
    r"\bforgotten\b": "erased",
    r"\b(is|are|that is) (?-i:none)\b": "say what it is",
}
"""As `RETIRED`, in what users read: among developers a text is any string."""


def any_of(*patterns: str) -> re.Pattern[str]:
    """One pattern for all of them, in lower case; the `\\b` that all begin with is tried once."""
    each = (pattern.removeprefix(r"\b").replace("(?-i:none)", "none") for pattern in patterns)
    return re.compile(rf"\b(?:{'|'.join(each)})")


_ANY = any_of(*RETIRED)
_ANY_FOR_USERS = any_of(*RETIRED, *RETIRED_FOR_USERS)

EXCEPTIONS = {
    "inbox strays": "the name of a command",
    "inbox adopt": "the name of a command",
    "Adopt an unmatched message": "what that command does",
    "number settle": "the name of a command",
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
    r"\b(the|this|an) [Ii]ssue\b": "an issue",
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


def nodes(source: str) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(source)))


def messages(module: Sequence[ast.AST], place: str) -> Iterator[Words]:
    """The sentences among a module's string constants: with a blank, no docstring and no SQL."""
    silent = {id(node.value) for node in module if isinstance(node, ast.Expr)}
    for node in module:
        if not isinstance(node, ast.Constant) or id(node) in silent:
            continue
        if (
            isinstance(node.value, str)
            and " " in node.value.strip()
            and not _NO_PROSE.search(node.value)
        ):
            yield Words(f"{place}:{node.lineno}", node.value)


def docstrings(module: Sequence[ast.AST], place: str) -> Iterator[Words]:
    for node in module:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield Words(f"{place}:{node.lineno}", str(node.value.value))


def comments(source: str, place: str) -> Iterator[Words]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield Words(f"{place}:{token.start[0]}", token.string.removeprefix("#"))


def remarks(source: str, place: str) -> Iterator[Words]:
    """The docstrings and comments of a module."""
    yield from docstrings(nodes(source), place)
    yield from comments(source, place)


_BEHIND_HASH = re.compile("#.*")


def files() -> Iterator[Words]:
    """The documentation and the examples, line by line.

    What `make docs` makes is left out: the reference and the man pages consist of the helps, the
    transcripts of heads and messages. These are checked where they come from.
    """
    docs = ROOT / "docs"
    named = (ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG", "SECURITY"))
    pages = [*named, ROOT / "Makefile", *docs.glob("*.md"), *docs.glob("decisions/*.md")]
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
def modules() -> tuple[tuple[Words, ...], tuple[Words, ...]]:
    """The sentences of petmsg's modules, and their remarks. Each module is read once.

    Comments are looked at only where a line has a retired word behind a `#`.
    """
    sentences: list[Words] = []
    remarked: list[Words] = []
    for file in sources("petmsg"):
        source, place = file.read_text("utf-8"), str(file.relative_to(ROOT))
        module = nodes(source)
        sentences += messages(module, place)
        remarked += docstrings(module, place)
        if _ANY.search("\n".join(_BEHIND_HASH.findall(source)).lower()):
            remarked += comments(source, place)
    return tuple(sentences), tuple(remarked)


@cache
def everything() -> tuple[Words, ...]:
    """All that a user reads."""
    return (*helps(command_line(), "petmsg"), *heads(), *modules()[0], *files())


# ----------------------------------------------------------------------------- checking the words


def retired(text: str, patterns: Mapping[str, str] = RETIRED | RETIRED_FOR_USERS) -> list[str]:
    """The retired words of a text, each with the word to use."""
    if _ANY_FOR_USERS.search(text.lower()) is None:
        return []
    plain = CODE.sub(" ", text)
    for phrase in EXCEPTIONS:
        plain = plain.replace(phrase, " ")
    found = ((re.search(each, plain, re.IGNORECASE), use) for each, use in patterns.items())
    return [f"{match[0]!r}: use {use}" for match, use in found if match is not None]


def test_no_user_reads_a_retired_word() -> None:
    problems = [
        f"{words.place}: {problem}: {words.text.strip()[:80]}"
        for words in everything()
        for problem in retired(words.text)
    ]
    assert not problems, "\n".join(["", *sorted(set(problems))])


def test_no_remark_of_petmsg_has_a_retired_word() -> None:
    problems = [
        f"{words.place}: {problem}: {words.text.strip()[:80]}"
        for words in modules()[1]
        for problem in retired(words.text, RETIRED)
    ]
    assert not problems, "\n".join(["", *sorted(set(problems))])


@pytest.mark.parametrize(
    "source",
    ["def f():\n    'What is in doubt.'", "x = 1  # the message that she wrote"],
)
def test_a_retired_word_in_a_remark_is_found(source: str) -> None:
    assert [each for words in remarks(source, "x") for each in retired(words.text, RETIRED)]


def test_a_text_is_any_string_among_developers() -> None:
    assert retired("What a person typed, as a text.", RETIRED) == []


def test_everything_a_user_reads_is_collected() -> None:
    """Helps, heads, messages and pages: each kind is there, so none is silently skipped."""
    places = [words.place for words in everything() if words.text]
    kinds = ("message send --help", "render/views", "petmsg/errors.py", "README.md", "Makefile:")
    for kind in kinds:
        assert any(kind in place for place in places), kind
    assert len(places) > 2000


def test_a_retired_word_in_a_help_is_found() -> None:
    def planted(
        phone: Annotated[str, typer.Option(help="A phone that nobody looks after.")] = "",
    ) -> None:
        """Restore a stray."""

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
    assert [each for words in messages(nodes(source), "x") for each in retired(words.text)]


@pytest.mark.parametrize(
    "text",
    ["petmsg inbox strays", "the key `not_textable`", "https://texts.example.com", "plain text"],
)
def test_names_and_code_may_stand(text: str) -> None:
    assert retired(text) == []


# ----------------------------------------------------------------------------- citing


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
        '"""A sentence of the issue."""',
        "# fixes issue 12",
        "def f():\n    '''The reliability notes say so.'''",
    ],
)
def test_a_citation_is_found(source: str) -> None:
    assert [each for words in remarks(source, "x") for each in cited(words.text)]


def test_an_rfc_may_be_cited() -> None:
    assert cited("Source: RFC 9110, section 15") == []
