"""One run of a command: its options, its database, its clock, its output.

The command owns the transaction: `write` opens it, calls one service, commits and only then gives
the result back for rendering. A lock or a deadlock is tried again, whole, for half a minute.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Concatenate, NamedTuple, ParamSpec, TypeVar

from petmsg import clock, settings
from petmsg.cli.environment import Environment
from petmsg.db.cursor import Cursor
from petmsg.db.location import Location, default_path, locate
from petmsg.enums import OutputFormat
from petmsg.errors import (
    BUSY,
    Busy,
    ConflictingWrite,
    NotConfirmed,
    OutOfRange,
    PetmsgError,
    Refused,
    quoted,
)
from petmsg.queries.org import OrgRow, all_orgs, find_org
from petmsg.render import output as render
from petmsg.render.fields import Field, View
from petmsg.render.progress import Bar, progress
from petmsg.settings import Setting
from petmsg.suggestions import closest_words, did_you_mean
from petmsg.text_inputs import parse_name

if TYPE_CHECKING:
    from petmsg.db.stopwatch import Stopwatch

TRY_SECONDS = 30.0
FEW_ROWS = 200
"""So many are done before anybody looks for a progress bar."""
P = ParamSpec("P")
R = TypeVar("R")


class _RolledBack(Exception):
    """Ends a dry run's transaction without a commit."""


class Context:
    """What a command is given. `now` is aware UTC, one per command.

    `is_batch` is set where many transactions follow one another, `is_restoring` where the database
    may be a backup that somebody went back to.
    What was opened on the way is closed by `at_end`.
    """

    def __init__(
        self,
        ambient: Environment,
        *,
        output: str | None = None,
        org: str | None = None,
        db: str | None = None,
        actor: str | None = None,
        dry_run: bool = False,
        reveal: bool = False,
        is_terminal: bool = False,
    ) -> None:
        self.ambient = ambient
        self.output_option = output
        self.org_option = org
        self.db_option = db
        self.actor_option = actor
        self.dry_run = dry_run
        self.reveal = reveal
        self.exit_code = 0
        self.is_batch = False
        self.is_restoring = False
        self.at_end = ExitStack()
        self._is_terminal = is_terminal
        self._has_shown = False
        self._bar = Bar()
        self._slept = timedelta(0)
        self._org: OrgRow | None = None

    @cached_property
    def now(self) -> datetime:
        """The command's one look at the clock."""
        return self.clock()

    def clock(self) -> datetime:
        """The time at this moment."""
        return clock.now() if self.ambient.now is None else self.ambient.now + self._slept

    def tick(self) -> datetime:
        """Look at the clock anew: a long run decides each text at its own moment."""
        self.__dict__.pop("now", None)
        return self.now

    def stopwatch(self, cursor: Cursor) -> "Stopwatch":
        """The clock that waits on this database are measured by; one that was given counts."""
        from petmsg.db.stopwatch import Stopwatch, stopwatch_of

        if self.ambient.now is None:
            return stopwatch_of(cursor)
        return Stopwatch("given", lambda: self.clock().timestamp())

    def sleep(self, seconds: float) -> None:
        """Let time pass. A clock that was given (`Ambient.now`) is moved on instead."""
        if self.ambient.now is None:
            time.sleep(seconds)
        else:
            self._slept += timedelta(seconds=seconds)

    def setting(self, name: str) -> Setting:
        """One of `output`, `org`, `database` and `actor`, with its source."""
        option, variable, default, flag = {
            "database": (self.db_option, settings.DATABASE, None, "--db"),
            "org": (self.org_option, settings.ORG, None, "--org"),
            "output": (
                self.output_option,
                settings.OUTPUT,
                "table" if self._is_terminal else "tsv",
                "--output",
            ),
            "actor": (self.actor_option, settings.ACTOR, None, "--actor"),
        }[name]
        if name == "actor" and not (option or self.ambient.environ.get(variable)):
            default = settings.default_actor()
        if name == "database" and not (option or self.ambient.environ.get(variable)):
            default = str(default_path())
        return settings.pick(
            name, option, variable, default, flag=flag, environ=self.ambient.environ
        )

    @cached_property
    def location(self) -> Location:
        """Where the database is."""
        found = locate(self.setting("database").value or "")
        return found._replace(wait_seconds=self.ambient.wait_seconds)

    def is_damaged(self) -> bool:
        """Whether the database that was used is an SQLite file with damage in it; reads all."""
        if "location" not in self.__dict__:
            return False
        from petmsg.db.damage import is_damaged

        return is_damaged(self.location)

    @cached_property
    def output(self) -> OutputFormat:
        """How data is printed."""
        wanted = self.setting("output").value or "tsv"
        try:
            return OutputFormat(wanted)
        except ValueError:
            meant = did_you_mean(closest_words(wanted, OutputFormat))
            raise OutOfRange(
                f"{quoted(wanted)} is not an output format.",
                hint=f"{meant} One of table, json, jsonl, tsv.".lstrip(),
            ) from None

    @cached_property
    def actor(self) -> str:
        """Who is named in the audit."""
        value = self.setting("actor").value
        return parse_name("unknown" if value is None else value)

    # --- reading ---------------------------------------------------------------------------

    @contextmanager
    def snapshot(self) -> Iterator[Cursor]:
        """A read-only look at the database."""
        from petmsg.db.snapshot import snapshot

        with snapshot(self.location) as cursor:
            yield cursor

    def read(
        self,
        query: Callable[Concatenate[Cursor, OrgRow, P], R],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Call a query or a reading service with a snapshot and the chosen org."""
        with self.snapshot() as cursor:
            return query(cursor, self.org(cursor), *args, **kwargs)

    def org(self, cursor: Cursor) -> OrgRow:
        """The org this command is about. Raises `NotFound`, `NoOrg` or `OrgNotChosen`."""
        self._org = find_org(cursor, self.setting("org").value)
        return self._org

    def about(self, org: OrgRow) -> None:
        """This command turned out to be about that org."""
        self._org = org

    def orgs(self) -> list[OrgRow]:
        """`chosen` in a snapshot of its own (commands for cron)."""
        with self.snapshot() as cursor:
            return self.chosen(cursor)

    def chosen(self, cursor: Cursor) -> list[OrgRow]:
        """The chosen org, or all of them if none was chosen."""
        slug = self.setting("org").value
        return all_orgs(cursor) if slug is None else [find_org(cursor, slug)]

    def instant(self, text: str, org: OrgRow) -> datetime:
        """The instant a person wrote, read in the org's timezone."""
        return clock.parse_instant(text, timezone=org.timezone, at=self.now)

    # --- writing ---------------------------------------------------------------------------

    @cached_property
    def engine(self) -> Any:
        """The engine of the command's database, made when the first write needs it."""
        from petmsg.db.engine import make_engine

        engine = make_engine(self.location, keep_open=self.is_batch, is_restoring=self.is_restoring)
        self.at_end.callback(engine.dispose)
        return engine

    def write(self, service: Callable[..., R], /, *args: Any, **kwargs: Any) -> R:
        """Call a service with a unit of work and commit it; with `--dry-run` roll it back.

        Instants may be given as `Later(text)`: they are read in the org's timezone.
        """
        return self.write_in(self.setting("org").value, service, *args, **kwargs)

    def write_in(
        self, slug: str | None, service: Callable[..., R], /, *args: Any, **kwargs: Any
    ) -> R:
        """`write` in the org of that slug."""
        from petmsg.services.unit_of_work import UnitOfWork

        def in_transaction(transaction: Any) -> tuple[R, UnitOfWork]:
            org = find_org(transaction.cursor, slug)
            self._bar.back()
            uow = UnitOfWork(transaction, org, self.actor, self.now, on_progress=self._bar)
            filled = [self._read_in(each, org) for each in args]
            named = {name: self._read_in(each, org) for name, each in kwargs.items()}
            return service(uow, *filled, **named), uow

        return self.transact(in_transaction)

    def rehearse(self, service: Callable[..., R], /, *args: Any, **kwargs: Any) -> R:
        """What `write` would give back: the same call, rolled back."""
        is_dry, self.dry_run = self.dry_run, True
        try:
            return self.write(service, *args, **kwargs)
        finally:
            self.dry_run = is_dry

    def transact(self, service: Callable[[Any], tuple[R, Any]]) -> R:
        """Run a service that gives back its result and its unit of work, in one transaction."""
        wait = self.location.wait_seconds
        deadline = time.monotonic() + (TRY_SECONDS if wait is None else wait)
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._write_once(service)
            except PetmsgError as problem:
                if not _worth_another_try(problem, attempt) or time.monotonic() > deadline:
                    raise
            _wait_a_moment(attempt)

    def _write_once(self, service: Callable[[Any], tuple[R, Any]]) -> R:
        from petmsg.db.engine import transaction

        result: Any = None
        try:
            with transaction(self.engine, self.location) as begun:
                result, uow = service(begun)
                uow.finish()
                self._org = uow.org
                if self.dry_run:
                    raise _RolledBack  # noqa: TRY301 because it ends the transaction above
        except _RolledBack:
            pass
        return result

    def _read_in(self, value: Any, org: OrgRow) -> Any:
        return self.instant(value.text, org) if isinstance(value, Later) else value

    # --- rendering -------------------------------------------------------------------------

    @property
    def view(self) -> View:
        """How things are shown: in the org's timezone, phones masked unless revealed."""
        timezone = self._org.timezone if self._org else "UTC"
        if not self.is_table:
            return View(timezone=timezone, reveal=self.reveal)
        from petmsg.render.terminal import terminal_of

        paper = terminal_of(sys.stdout, self.ambient.environ)
        return View(timezone=timezone, reveal=self.reveal, now=self.now, paper=paper)

    @property
    def is_table(self) -> bool:
        """Whether a person reads it."""
        return self.output is OutputFormat.TABLE

    def ask(self, question: str | None) -> None:
        """Return if a person answers yes, or if there is no question.

        Raises `NotConfirmed` without a terminal to ask on, `Refused` at any other answer.
        """
        if question is None:
            return
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise NotConfirmed(question)
        from petmsg.render.escape import safe

        sys.stderr.write(f"{safe(question)} [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise Refused("Nothing was changed.", hint="Answer y to go ahead, or add --yes.")

    def show_list(
        self, fields: Sequence[Field], rows: Iterable[Any], *, title: str | None = None
    ) -> None:
        """Print a list in the chosen format; JSONL and TSV as its rows come, a table below its
        title, if it has one."""
        self._keep_apart()
        if title is not None and self.is_table:
            render.write(title)
        render.show_list(fields, rows, output=self.output, view=self.view)

    def show_one(self, fields: Sequence[Field], row: Any) -> None:
        """Print one thing in the chosen format."""
        self._keep_apart()
        render.show_one(fields, row, output=self.output, view=self.view)

    @contextmanager
    def progress(self, doing: str, total: int) -> Iterator[Bar]:
        """A progress bar on stderr for what takes long enough to watch: over 200 rows.

        Where stdout is a terminal and gets JSON or TSV there is none, so that it stays data.
        """
        if total <= FEW_ROWS or (self._is_terminal and not self.is_table):
            yield Bar()
            return
        with progress(doing, total, self.ambient.environ) as bar:
            self._bar = bar
            yield bar
        self._bar = Bar()

    def _keep_apart(self) -> None:
        """A blank line between one table and the next."""
        if self.is_table and self._has_shown:
            render.write("")
        self._has_shown = True

    def say(self, text: str) -> None:
        """Talk, on stderr."""
        from petmsg.render.escape import safe

        render.say(safe(text))


class Later(NamedTuple):
    """A time as a person wrote it, to be read once the org's timezone is known."""

    text: str


def later(text: str | None) -> Later | None:
    """`Later`, unless nothing was written."""
    return None if text is None else Later(text)


def _wait_a_moment(attempt: int) -> None:
    import random

    time.sleep(random.uniform(0.005, 0.05) * min(attempt, 8))  # noqa: S311 because jitter


def _worth_another_try(problem: PetmsgError, attempt: int) -> bool:
    cause = problem.__cause__
    if cause is None:
        return False
    if isinstance(problem, Busy):
        from petmsg.db.driver_errors import is_passing

        return problem.exit_code == BUSY and is_passing(cause)
    if isinstance(problem, ConflictingWrite) and attempt < 3:
        from petmsg.db.engine import is_unique_violation

        return is_unique_violation(cause)
    return False
