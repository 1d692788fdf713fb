"""What a shell offers for a half-typed command line: commands, options, refs, names, numbers.

A shell runs petmsg with `_PETMSG_COMPLETE` set (see `petmsg.cli.completion.shells`). On any error,
such as a database that is missing, locked or unreachable, nothing is offered: no error text may
appear in the line that somebody is typing.

The metavar of a parameter selects its candidates (`BY_METAVAR`): `E164` is a masked number, `PHONE`
a personal phone, which is never offered. `BY_PARAMETER` overrides it for single parameters.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, NamedTuple

from typer._click.shell_completion import _resolve_context, _resolve_incomplete
from typer.core import TyperArgument

from petmsg.cli.context import Context
from petmsg.cli.group import LazyGroup
from petmsg.db.snapshot import snapshot
from petmsg.enums.bookings import BookingStatus
from petmsg.enums.files import ImportNoun
from petmsg.enums.inbound import AddressedTo
from petmsg.enums.messages import MessageStatus
from petmsg.enums.output import OutputFormat
from petmsg.enums.people import SitterStatus
from petmsg.queries import candidates
from petmsg.queries.candidates import Candidate
from petmsg.workflows.environment import Environment

WAIT_SECONDS = 0.25
CONNECT_SECONDS = 1
"""How long a locked database, or a server that is away, may keep somebody waiting who pressed Tab.
"""


class Completions(NamedTuple):
    """What is offered for a word. `files`: the shell is to offer files, which it does best."""

    candidates: Sequence[Candidate] = ()
    files: bool = False


class CompletionRequest(NamedTuple):
    """What is asked for: words that begin with `typed`, in a command of `group`."""

    typed: str
    group: str
    run: Context


CandidateSource = Callable[[CompletionRequest], Iterable[Candidate]]


def offer(command_line: Any, words: Sequence[str], environ: Mapping[str, str]) -> Completions:
    """What the last of `words` may become. Prints nothing and raises nothing."""
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            return _offer(command_line, words, environ)
    except BaseException:  # noqa: BLE001 because an error must not appear in a typed line
        return Completions()


def _offer(command_line: Any, words: Sequence[str], environ: Mapping[str, str]) -> Completions:
    before, typed = list(words[:-1]), words[-1]
    context = _resolve_context(command_line, {}, "petmsg", before)
    what, value = _resolve_incomplete(context, before, typed)
    if isinstance(what, LazyGroup):
        if context._protected_args:
            return Completions()  # behind a word that is no command
        commands = ((name, entry.short_help) for name, entry in what.entries.items())
        offered = [*_beginning(value, commands), *_options(context, value)]
        if what.usual is not None:
            offered += _offer(command_line, [*before, what.usual, typed], environ).candidates
        return Completions(offered)
    if what is context.command:
        return Completions(list(_options(context, value or "--")))
    wanted = candidates_for(_path(context), what)
    if wanted is command_words:
        return Completions(
            list(_commands_below(command_line, context.params[str(what.name)], value))
        )
    if wanted is files:
        return Completions(files=True)
    run = Context(
        Environment(environ, wait_seconds=WAIT_SECONDS),
        org=context.params.get("org"),
        db=context.params.get("db"),
    )
    option = typed.removesuffix(value) if typed.startswith("--") else ""
    given = context.params.get(str(what.name)) if isinstance(what, TyperArgument) else None
    known = given if isinstance(given, list | tuple) else ()
    group = _path(context).partition(" ")[0]
    request = CompletionRequest(value, group, run)
    found = [each for each in wanted(request) if each.word not in known]
    return Completions([Candidate(option + each.word, each.note) for each in found])


def _commands_below(root: Any, words: Sequence[str] | None, typed: str) -> Iterator[Candidate]:
    """The groups and commands below those of `words`."""
    for word in words or ():
        root = root.entries[word].load() if isinstance(root, LazyGroup) else None
    if isinstance(root, LazyGroup):
        entries = root.entries.items()
        yield from _beginning(typed, ((name, entry.short_help) for name, entry in entries))


def _path(context: Any) -> str:
    """The command's name without `petmsg`."""
    return str(context.command_path).partition(" ")[2]


def _options(context: Any, typed: str) -> Iterator[Candidate]:
    for item in context.command.shell_complete(context, typed) if typed.startswith("-") else ():
        if item.value.startswith("-"):
            yield Candidate(item.value, _line(item.help))


def _beginning(typed: str, words: Iterable[tuple[str, str | None]]) -> Iterator[Candidate]:
    for word, note in words:
        if word.casefold().startswith(typed.casefold()):
            yield Candidate(word, _line(note))


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


# ------------------------------------------------------------------------------ what a word may be


def nothing(_: CompletionRequest) -> Iterable[Candidate]:
    """For words that only a person knows: a new name, a text, a time."""
    return ()


def files(_: CompletionRequest) -> Iterable[Candidate]:
    """For files and folders; the shell itself finds them."""
    return ()


def command_words(_: CompletionRequest) -> Iterable[Candidate]:
    """For the words of a command of petmsg itself."""
    return ()


def stored(sql: str, *states: str) -> CandidateSource:
    """Words that the database holds, by one of the statements of `queries.candidates`."""

    def found(request: CompletionRequest) -> Iterable[Candidate]:
        location = request.run.location._replace(connect_seconds=CONNECT_SECONDS)
        with snapshot(location) as cursor:
            org = request.run.setting("org").value
            return candidates.offered(cursor, sql, request.typed, org=org, states=states)

    return found


def one_of(values: Iterable[str]) -> CandidateSource:
    """One of a closed set of words."""
    return lambda request: _beginning(request.typed, ((str(value), None) for value in values))


def row(request: CompletionRequest) -> Iterable[Candidate]:
    """What the group's lists are made of, by what names it."""
    return _ROWS.get(request.group, nothing)(request)


def zones(request: CompletionRequest) -> Iterable[Candidate]:
    """Names of the IANA database."""
    from zoneinfo import available_timezones

    return one_of(sorted(available_timezones()))(request)


def countries(request: CompletionRequest) -> Iterable[Candidate]:
    """Countries that have phone numbers, with their names."""
    from petmsg.country import countries_with_phones

    return _beginning(request.typed, countries_with_phones().items())


def revisions(request: CompletionRequest) -> Iterable[Candidate]:
    """Schemas that `petmsg db` can go to."""
    from petmsg.db.schema_version import REVISIONS

    return one_of(["head", "base", *REVISIONS])(request)


def codes(request: CompletionRequest) -> Iterable[Candidate]:
    """The codes that `petmsg errors` knows."""
    from petmsg.providers.error_catalogue import listed

    return _beginning(request.typed, ((row.code, row.meaning) for row in listed(None)))


def classes(request: CompletionRequest) -> Iterable[Candidate]:
    """The classes of those codes."""
    from petmsg.providers.error_catalogue import CLASSES

    return one_of(CLASSES)(request)


def checks(request: CompletionRequest) -> Iterable[Candidate]:
    """What `petmsg doctor` looks at."""
    from petmsg.services.doctor.run_checks import CHECKS

    return _beginning(request.typed, ((each.name, each.holds) for each in CHECKS))


def events(request: CompletionRequest) -> Iterable[Candidate]:
    """The names of the newest events."""
    newest = stored(candidates.EVENTS)(request._replace(typed=""))
    return one_of(sorted({each.note.partition(" ")[0] for each in newest}))(request)


def whom(request: CompletionRequest) -> Iterable[Candidate]:
    """Whose messages of the inbox: the desk's, strangers', or a sitter's."""
    desks = one_of((AddressedTo.FRONT_DESK, AddressedTo.UNROUTED, AddressedTo.RELAY))(request)
    return [*desks, *_SITTERS(request)]


def senders(request: CompletionRequest) -> Iterable[Candidate]:
    """Who a message is from: the front desk, or a sitter."""
    return [*one_of(("desk",))(request), *_SITTERS(request)]


_CLIENTS, _SITTERS, _BOOKINGS = map(
    stored, (candidates.CLIENTS, candidates.SITTERS, candidates.BOOKINGS)
)
_NUMBERS, _MESSAGES, _MEDIA = map(
    stored, (candidates.NUMBERS, candidates.MESSAGES, candidates.MEDIA)
)
_ROWS: dict[str, CandidateSource] = {
    "alert": stored(candidates.ALERTS),
    "audit": stored(candidates.EVENTS),
    "booking": _BOOKINGS,
    "call": stored(candidates.CALLS),
    "client": _CLIENTS,
    "inbox": stored(candidates.INBOX),
    "media": _MEDIA,
    "message": _MESSAGES,
    "number": _NUMBERS,
    "sitter": _SITTERS,
}
BY_METAVAR: dict[str, CandidateSource] = {
    "[COMMAND]": command_words,
    "CLASS": classes,
    "CLIENT": _CLIENTS,
    "CODE": codes,
    "COUNTRY": countries,
    "DIR": files,
    "E164": _NUMBERS,
    "F": files,
    "FILE": files,
    "FILE|URL": files,
    "FORMAT": one_of(OutputFormat),
    "ID": row,
    "NOUN": one_of(ImportNoun),
    "MINUTES": one_of(("default",)),
    "[ID]": row,
    "REF": _BOOKINGS,
    "ROW": row,
    "RULE": one_of(("daily", "weekly", "weekly:mo,we,fr")),
    "SEQ": row,
    "SITTER": _SITTERS,
    "SLUG": stored(candidates.ORGS),
    "UNMATCHED": stored(candidates.UNMATCHED),
    "TEMPLATE": stored(candidates.TEMPLATES),
    "URL": files,
    "WHOM": whom,
    "ZONE": zones,
    **dict.fromkeys(
        (
            "[NAME]",
            "[URL]",
            "ACCOUNT",
            "KIND",
            "DATE",
            "DIGITS",
            "DURATION",
            "FROM-UNTIL",
            "HEADER",
            "HEADER=COLUMN",
            "HOST",
            "K",
            "K=V",
            "N",
            "NAME",
            "P",
            "PHONE",
            "PORT",
            "R",
            "SECONDS",
            "DAY",
            "T",
            "TEXT",
            "USER",
        ),
        nothing,
    ),
}
"""By metavar, without its dots. A parameter without one takes what only a person knows."""

BY_PARAMETER: dict[str, CandidateSource] = {
    "doctor checks": checks,
    "audit list event": events,
    "booking cancel ref": stored(
        candidates.BOOKINGS, BookingStatus.PENDING, BookingStatus.CONFIRMED
    ),
    "booking confirm refs": stored(candidates.BOOKINGS, BookingStatus.PENDING),
    "db downgrade revision": revisions,
    "db upgrade revision": revisions,
    "init front_desk": nothing,
    "media list message": _MESSAGES,
    "message cancel message": stored(
        candidates.MESSAGES,
        MessageStatus.QUEUED,
        MessageStatus.HELD,
        MessageStatus.UNKNOWN,
        MessageStatus.SENDING,
    ),
    "message send as_sitter": senders,
    "message retry message": stored(
        candidates.MESSAGES,
        MessageStatus.FAILED,
        MessageStatus.UNDELIVERED,
        MessageStatus.UNKNOWN,
        MessageStatus.HELD,
    ),
    "notify add url": nothing,
    "notify remove name": stored(candidates.CHANNELS),
    "notify test name": stored(candidates.CHANNELS),
    "number add numbers": nothing,
    "number restore numbers": stored(candidates.QUARANTINED),
    "org add front_desk": nothing,
    "route explain as_sitter": senders,
    "route explain message": _MESSAGES,
    "sitter deactivate sitter": stored(
        candidates.SITTERS, SitterStatus.ACTIVE, SitterStatus.INACTIVE
    ),
    "thread list before": _CLIENTS,
    "thread show before": _MESSAGES,
}
"""By command and parameter, where the metavar would say too much or too little."""


def candidates_for(path: str, parameter: Any) -> CandidateSource:
    """What a parameter of the command at that path takes."""
    choices = getattr(parameter.type, "choices", None)
    if choices is not None:
        return one_of(choices)
    metavar = (parameter.metavar or "TEXT").removesuffix("...")
    return BY_PARAMETER.get(f"{path} {parameter.name}", BY_METAVAR.get(metavar, nothing))
