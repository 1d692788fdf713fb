"""Declares commands: their own parameters and the common ones.

Reading commands have `-o`, `--org`, `--db` and `-q`; writing ones also `--dry-run` and `--actor`. A
command that cannot be undone has `--yes`, and asks first without it.
"""

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, NoReturn

import typer

from petmsg.cli.context import Context
from petmsg.cli.group import Entry, lazy_group, nothing, single
from petmsg.cli.streams import ignore_write_failures
from petmsg.errors import Interrupted, PetmsgError
from petmsg.render.printed import Printed
from petmsg.settings import ORG_URLS

OUTPUT = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FORMAT",
        help="table, json, jsonl, tsv or csv [default: table on a terminal, else tsv; "
        "env PETMSG_OUTPUT]",
        show_default=False,
    ),
]
ORG = Annotated[
    str | None,
    typer.Option("--org", metavar="SLUG", help="Org to use [env PETMSG_ORG]", show_default=False),
]
DB = Annotated[
    str | None,
    typer.Option(
        "--db",
        metavar="URL",
        help="Database URL or path [env PETMSG_DATABASE_URL]",
        show_default=False,
    ),
]
DRY_RUN = Annotated[
    bool, typer.Option("--dry-run", help="Report what would happen, then roll it back.")
]
ACTOR = Annotated[
    str | None,
    typer.Option(
        "--actor",
        metavar="NAME",
        help="Name for the audit log [env PETMSG_ACTOR; default: user@host]",
        show_default=False,
    ),
]
YES = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
QUIET = Annotated[
    bool, typer.Option("-q", "--quiet", help="Print only data and errors: no notes, no warnings.")
]
REVEAL = Annotated[bool, typer.Option("--reveal", help="Show personal phones unmasked.")]

Question = Callable[..., str | None]
"""What to ask before a command that cannot be undone; None if there is nothing to lose."""

_COMMON = (
    ("output", OUTPUT, None),
    ("org", ORG, None),
    ("db", DB, None),
    ("quiet", QUIET, False),
)
_WRITING = (("dry_run", DRY_RUN, False), ("actor", ACTOR, None))


class App:
    """A group of commands as its module declares it: `entries` by name. `usual` is the command that
    is meant where the first word names none."""

    __slots__ = ("entries", "help", "usual")

    def __init__(self, help_text: str, *, usual: str | None = None) -> None:
        self.help = help_text
        self.usual = usual
        self.entries: dict[str, Entry] = {}

    def command(
        self,
        name: str,
        *,
        prints: Printed,
        prints_with: Mapping[str, Printed] | None = None,
        writes: bool = False,
        reveals: bool = False,
        asks: Question | None = None,
        may_ask: bool = False,
        current: bool = False,
        every_company: bool = False,
        logs: bool = False,
        examples: Sequence[str] = (),
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Register a function as a command. It is given a `Context` and its own parameters.

        `prints` is what it prints, `prints_with` what it prints instead with one of its options.

        `asks` makes the question that a person must answer with yes before the command does what
        cannot be undone. It gets what the command gets; None means that nothing would be lost.
        `--yes` answers it, and a dry run needs no answer. `may_ask`: the command itself asks, where
        what it reads makes that necessary. `current`: it must not read a standby, which may be
        behind. `every_company`: it covers all companies, also those in databases of their own
        (`PETMSG_ORG_URLS`). `logs`: it has `--log-format` and `--log-level`, as services do.

        The function's docstring is the command's help, which ends with the `examples`: whole
        command lines, short enough for a terminal of 80 columns.
        tests/system/test_every_command.py runs them.
        """

        def register(function: Callable[..., None]) -> Callable[..., None]:
            # What the function's parameters are is looked up when the command is built: a module
            # has a dozen commands and a run needs one.
            self.entries[name] = Entry(
                inspect.getdoc(function) or "",
                lambda: single(
                    _invoker(
                        function,
                        writes=writes,
                        reveals=reveals,
                        asks=asks,
                        may_ask=may_ask,
                        may_be_stale=not (writes or current),
                        every_company=every_company,
                        logs=logs,
                    ),
                    name,
                    examples=examples,
                    prints={"": prints, **(prints_with or {})},
                ),
            )
            return function

        return register

    def cron_command(
        self, name: str, **declared: Any
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """`command` for one that covers every company, also those in databases of their own."""
        return self.command(name, every_company=True, **declared)

    def add_group(self, app: "App", name: str) -> None:
        """Put a group into this one."""
        self.entries[name] = Entry(app.help, app.build)

    def build(self) -> Any:
        """The group as the parser needs it."""
        return lazy_group(self.entries, help_text=self.help, callback=nothing, usual=self.usual)


class LoneCommand(App):
    """A module that is one command and no group."""

    __slots__ = ()

    def build(self) -> Any:
        """The command as the parser needs it."""
        (entry,) = self.entries.values()
        return entry.load()


def new_app(help_text: str, *, usual: str | None = None) -> App:
    """A group of commands. `usual` is the command that is meant where the first word names none."""
    return App(help_text, usual=usual)


def new_command() -> App:
    """A command of its own, such as `petmsg init`."""
    return LoneCommand("")


def _invoker(
    function: Callable[..., None],
    *,
    writes: bool,
    reveals: bool,
    asks: Question | None,
    may_ask: bool,
    may_be_stale: bool,
    every_company: bool,
    logs: bool,
) -> Callable[..., None]:
    """The function that Typer sees: the command's own parameters and the common ones."""
    own = list(inspect.signature(function).parameters.values())[1:]
    added = [*_COMMON, *(_WRITING if writes else ())]
    if reveals:
        added.append(("reveal", REVEAL, False))
    if asks is not None or may_ask:
        added.append(("yes", YES, False))
    if logs:
        from petmsg.cli.service_log import OPTIONS

        added += OPTIONS

    def invoke(ctx: typer.Context, **values: Any) -> None:
        context = Context(
            environment=ctx.obj,
            output=values.pop("output"),
            org=values.pop("org"),
            db=values.pop("db"),
            actor=values.pop("actor", None),
            dry_run=values.pop("dry_run", False),
            reveal=values.pop("reveal", False),
            quiet=values.pop("quiet"),
            is_terminal=sys.stdout.isatty(),
        )
        context.may_be_stale = may_be_stale
        context.is_confirmed = values.pop("yes", False) or context.dry_run
        _ = context.output
        if logs:
            _open_log(context, ctx.info_name or "", values)
        if writes:
            ignore_write_failures()
        try:
            if every_company and context.environ.get(ORG_URLS):
                from petmsg.cli.flows.companies import run_for_each

                if run_for_each(context, function, values):
                    _end(context)
                    return
            with context.at_end:
                if asks is not None and not context.is_confirmed:
                    context.confirm(asks(context, **values))
                function(context, **values)
        except KeyboardInterrupt:  # Typer would leave with 130 and say nothing
            raise Interrupted from None
        except PetmsgError as problem:
            _log_or_raise(context, problem)
        _end(context)

    parameters = [
        inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context),
        *(each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own),
        *(
            inspect.Parameter(
                option, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
            )
            for option, annotation, default in added
        ),
    ]
    invoke.__name__ = function.__name__
    invoke.__doc__ = function.__doc__
    invoke.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    invoke.__annotations__ = {each.name: each.annotation for each in parameters}
    return invoke


def _open_log(context: Context, name: str, values: dict[str, Any]) -> None:
    """Give the command its log. Raises `OutOfRange`."""
    from petmsg.cli.service_log import open_log

    context.log = open_log(
        name,
        form=values.pop("log_format"),
        level=values.pop("log_level"),
        environ=context.environ,
        clock=context.clock,
    )


def _log_or_raise(context: Context, problem: PetmsgError) -> NoReturn:
    """Leave with an error: in the log if that is JSON, else as every command does."""
    if context.log is None or not context.log.is_json:
        raise problem
    context.log.failed(problem, context.environ)
    raise typer.Exit(problem.exit_code) from None


def _end(context: Context) -> None:
    """Say that a dry run changed nothing, and leave with the command's exit code."""
    if context.dry_run:
        context.notify("Dry run: nothing was changed.")
    if context.exit_code:
        raise typer.Exit(context.exit_code)
