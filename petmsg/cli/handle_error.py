"""Turns every error into a message, a hint and an exit code. Never prints a traceback."""

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile

from petmsg import errors
from petmsg.db.named_error import named_error
from petmsg.errors import PetmsgError
from petmsg.render.escape import escape, json_text
from petmsg.settings import DEBUG, OUTPUT

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def handle_error(
    problem: BaseException, arguments: Sequence[str], environ: Mapping[str, str]
) -> int:
    """Print the error on stderr; returns its exit code."""
    secrets = [*secrets_in([*arguments, *environ.values()]), *channel_urls_in(arguments)]
    if environ.get(DEBUG) and not isinstance(problem, PetmsgError | SystemExit):
        import traceback

        sys.stderr.write(without(secrets, "".join(traceback.format_exception(problem))))
    # Typer leaves with 1 when a reader has left.
    if isinstance(problem, SystemExit) and isinstance(problem.__context__, BrokenPipeError):
        problem = problem.__context__
    if isinstance(problem, SystemExit):
        return problem.code if isinstance(problem.code, int) else int(problem.code is not None)
    if isinstance(problem, BrokenPipeError):
        return errors.DONE
    known = named(problem)
    _print(known, as_json=wants_json(arguments, environ), secrets=secrets)
    return known.exit_code


def report_error(
    problem: BaseException, company: str, *, as_json: bool, environ: Mapping[str, str]
) -> int:
    """Print the error of one of several companies on stderr; returns its exit code."""
    secrets = secrets_in(environ.values())
    if environ.get(DEBUG) and not isinstance(problem, PetmsgError):
        import traceback

        sys.stderr.write(without(secrets, "".join(traceback.format_exception(problem))))
    known = named(problem)
    _print(known, as_json=as_json, secrets=secrets, company=company)
    return known.exit_code


def secrets_in(words: Iterable[str]) -> list[str]:
    """The URLs with a password among the arguments and variables, as they were written.

    An error may quote a misplaced argument; it must not quote one of these.
    """
    # Whole, because a password may hold a space, and in parts, because a variable may hold several.
    found = (_URL.search(part) for word in words for part in (word, *word.split()))
    urls = (match.string[match.start() :] for match in found if match is not None)
    return [url for url in urls if ":" in _who(url) or "password=" in url.lower()]


def channel_urls_in(arguments: Sequence[str]) -> list[str]:
    """The URLs in a `petmsg notify` command line. All of such a URL is a secret, wherever it stands
    there."""
    if "notify" not in arguments:
        return []
    found = (_URL.search(word) for word in arguments)
    return [match.string[match.start() :] for match in found if match is not None]


def without(secrets: Sequence[str], text: str) -> str:
    """The text with each of these URLs, complete or truncated, reduced to its scheme."""
    for scheme in dict.fromkeys(url.partition("://")[0] + "://" for url in secrets):
        hidden = [url.removeprefix(scheme) for url in secrets if url.startswith(scheme)]
        first, *pieces = text.split(scheme)
        text = scheme.join([first, *(_without_start(piece, hidden) for piece in pieces)])
    for who in sorted({_who(url) for url in secrets}, key=len, reverse=True):
        if ":" in who:
            text = text.replace(who, "***")
    return text


def _without_start(text: str, secrets: Sequence[str]) -> str:
    """The text without the longest start that it has in common with one of the secrets: two of them
    may begin with the same user."""
    pairs = (zip(text, secret, strict=False) for secret in secrets)
    same = max(len(list(takewhile(lambda pair: pair[0] == pair[1], each))) for each in pairs)
    return f"***{text[same:]}" if same else text


def _who(url: str) -> str:
    """The user and password of a URL; a password may contain any character, even an @."""
    return url.partition("://")[2].rpartition("@")[0]


def named(problem: BaseException) -> PetmsgError:
    """The petmsg error for whatever was raised, wrong usage and Ctrl-C among it."""
    if isinstance(problem, PetmsgError):
        return problem
    if isinstance(problem, KeyboardInterrupt) or type(problem).__name__ == "Abort":
        return errors.Interrupted()
    if hasattr(problem, "format_message") and hasattr(problem, "exit_code"):
        from petmsg.cli.usage_errors import usage_problem

        return usage_problem(problem)
    return named_error(problem)


def error_data(problem: PetmsgError) -> dict[str, str]:
    """An error as JSON holds it, alone or in a row of a batch."""
    return {"code": problem.code, "message": problem.message, "hint": problem.hint}


def wants_json(arguments: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether errors are printed as JSON. Does not use the parser, which may have failed."""
    wanted = environ.get(OUTPUT, "")
    for index, argument in enumerate(arguments):
        if argument in ("-o", "--output") and index + 1 < len(arguments):
            wanted = arguments[index + 1]
        elif argument.startswith("--output="):
            wanted = argument.partition("=")[2]
        elif argument.startswith("-o") and not argument.startswith("--"):
            wanted = argument[2:]
    return wanted in ("json", "jsonl")


def _print(
    problem: PetmsgError, *, as_json: bool, secrets: Sequence[str], company: str | None = None
) -> None:
    data = {name: without(secrets, text) for name, text in error_data(problem).items()}
    try:
        if as_json:
            text = json_text({"error": data if company is None else {"org": company, **data}})
        else:
            of = "" if company is None else f"{company}: "
            text = f"petmsg: {of}{escape(data['message'], keep_newlines=True)}"
            if data["hint"]:
                text += f"\n  hint: {escape(data['hint'])}"
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except OSError:
        pass
