"""The database, the clock and the actor of one command: what a workflow is given.

A workflow calls services through it. `write` opens a transaction, calls one service, commits, and
only then gives the result back. A lock or a deadlock is tried again, whole, for half a minute.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

from petmsg import clock, settings
from petmsg.db.cursor import Cursor
from petmsg.db.location import Location, default_media_place, default_path, locate
from petmsg.errors import BUSY, Busy, ConflictingWrite, MalformedPhone, PetmsgError
from petmsg.phone import is_e164, parse_phone
from petmsg.queries.org import OrgRow, all_orgs, find_org, shared_country
from petmsg.settings import Setting, source_of
from petmsg.text_inputs import parse_name
from petmsg.workflows.environment import Environment

if TYPE_CHECKING:
    from petmsg.db.engine import Engine
    from petmsg.db.stopwatch import Stopwatch
    from petmsg.db.transaction import Transaction
    from petmsg.media.base import MediaStore
    from petmsg.services.unit_of_work import UnitOfWork

TRY_SECONDS = 30.0
P = ParamSpec("P")
R = TypeVar("R")


class Progress(Protocol):
    """What somebody watches while a service takes many rows."""

    def __call__(self) -> None:
        """One more row was looked at."""
        ...

    def back(self) -> None:
        """The transaction is tried again: its rows are looked at once more."""
        ...


class Unwatched:
    """A `Progress` that nobody watches."""

    def __call__(self) -> None:
        """Tell nobody."""

    def back(self) -> None:
        """Tell nobody."""


class _RolledBack(Exception):
    """Ends a dry run's transaction without a commit."""


class Store:
    """The database of one command, its org, its actor and its clock. `now` is aware UTC, one per
    command.

    `is_batch` is set where many transactions follow one another, `is_service` where they do so for
    as long as the process runs (`let_go` ends what is kept between them), `is_restoring` where the
    database may be a backup that somebody went back to, `may_be_stale` where a standby may be read.
    `on_progress` is called for each row of a long service. What was opened on the way is closed by
    `at_end`.
    """

    def __init__(
        self,
        environment: Environment,
        *,
        db: str | None = None,
        org: str | None = None,
        actor: str | None = None,
        dry_run: bool = False,
    ) -> None:
        """`db`, `org` and `actor` are the options; None leaves them to the environment."""
        self.environment = environment
        self.db_option = db
        self.org_option = org
        self.actor_option = actor
        self.dry_run = dry_run
        self.is_batch = False
        self.is_service = False
        self.is_restoring = False
        self.may_be_stale = False
        self.at_end = ExitStack()
        self.on_progress: Progress = Unwatched()
        self._slept = timedelta(0)
        self._org: OrgRow | None = None

    # --- settings and time -----------------------------------------------------------------

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment's variables."""
        return self.environment.environ

    @cached_property
    def now(self) -> datetime:
        """The command's one look at the clock."""
        return self.clock()

    def clock(self) -> datetime:
        """The time at this moment."""
        return clock.now() if self.environment.now is None else self.environment.now + self._slept

    def tick(self) -> datetime:
        """Look at the clock anew: a long run decides each message at its own moment."""
        self.__dict__.pop("now", None)
        return self.now

    def stopwatch(self, cursor: Cursor) -> "Stopwatch":
        """The clock that waits on this database are measured by; one that was given counts."""
        from petmsg.db.stopwatch import Stopwatch, stopwatch_of

        if self.environment.now is None:
            return stopwatch_of(cursor)
        return Stopwatch("given", lambda: self.clock().timestamp())

    def sleep(self, seconds: float) -> None:
        """Let time pass. A clock that was given (`Environment.now`) is moved on instead."""
        if self.environment.now is None:
            time.sleep(seconds)
        else:
            self._slept += timedelta(seconds=seconds)

    def setting(self, name: str) -> Setting:
        """One of `database`, `org` and `actor`, with its source."""
        option, variable, flag = {
            "database": (self.db_option, settings.DATABASE, "--db"),
            "org": (self.org_option, settings.ORG, "--org"),
            "actor": (self.actor_option, settings.ACTOR, "--actor"),
        }[name]
        default = None
        if name == "database" and option is None and self.environ.get(settings.ORG_URLS):
            from petmsg.workflows.companies import company_of

            company = company_of(self.environ, self.setting("org").value)
            if company is not None:
                return Setting(name, company.url, source_of(settings.ORG_URLS, self.environ))
        if name == "actor" and not (option or self.environ.get(variable)):
            default = settings.default_actor()
        if name == "database" and not (option or self.environ.get(variable)):
            default = str(default_path())
        return settings.pick(name, option, variable, default, flag=flag, environ=self.environ)

    @cached_property
    def location(self) -> Location:
        """Where the database is."""
        found = locate(self.setting("database").value or "")
        return found._replace(
            wait_seconds=self.environment.wait_seconds,
            direct=self.own_environ.get(settings.DIRECT_DATABASE) or None,
        )

    @property
    def own_environ(self) -> Mapping[str, str]:
        """The environment with what only the chosen company has, where many are mapped."""
        if not self.environ.get(settings.ORG_URLS) or self.db_option is not None:
            return self.environ
        from petmsg.workflows.companies import WithOwn, company_of

        company = company_of(self.environ, self.setting("org").value)
        return self.environ if company is None else WithOwn(self.environ, company)

    @cached_property
    def reading_location(self) -> Location:
        """Where this command reads: a standby if it may be stale and the settings name one."""
        standby = None if self.db_option else self.environ.get(settings.READ_DATABASE)
        is_chosen = self.setting("database").value == self.environ.get(settings.DATABASE)
        if not (standby and self.may_be_stale and is_chosen) or self.location.is_file:
            return self.location
        return locate(standby)._replace(wait_seconds=self.environment.wait_seconds)

    @property
    def media_setting(self) -> Setting:
        """Where pictures are kept, with its source. Raises what a wrong database URL raises."""
        own = self.own_environ
        default = None if own.get(settings.MEDIA_DIR) else default_media_place(self.location)
        return settings.pick("media dir", None, settings.MEDIA_DIR, default, flag="", environ=own)

    @cached_property
    def media(self) -> "MediaStore":
        """The store of the pictures. Raises `MediaStoreUnusable` and `ExtraMissing`."""
        from petmsg.media.open_store import open_store

        return open_store(self.media_setting.value or "")

    @cached_property
    def actor(self) -> str:
        """Who is named in the audit."""
        value = self.setting("actor").value
        return parse_name("unknown" if value is None else value)

    # --- reading ---------------------------------------------------------------------------

    @contextmanager
    def snapshot(self) -> Iterator[Cursor]:
        """A read-only look at the database, or at its standby; a standby that is behind is told."""
        from petmsg.db.snapshot import snapshot

        if self.is_service:
            from petmsg.db.transaction import reading

            with reading(self.engine, self.location) as cursor:
                yield cursor
            return
        if self.reading_location is self.location:
            with snapshot(self.location) as cursor:
                yield cursor
            return
        from petmsg.workflows.standby import look_at

        with look_at(self.reading_location, warn=self.warn) as cursor:
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
        """The chosen org, or all of them if none was chosen. A single one is what the command is
        about: its times are shown in that org's timezone."""
        slug = self.setting("org").value
        orgs = all_orgs(cursor) if slug is None else [find_org(cursor, slug)]
        if len(orgs) == 1:
            self.about(orgs[0])
        return orgs

    def phone(self, text: str) -> str:
        """The phone a person wrote, for a command that finds its org by a number; returns E.164.

        It is read in the country of the chosen org, or in the one that all orgs share. Raises
        `MalformedPhone`.
        """
        if is_e164(text):
            return parse_phone(text)
        with self.snapshot() as cursor:
            orgs = self.chosen(cursor)
        country = shared_country(orgs)
        try:
            return parse_phone(text, country)
        except MalformedPhone as problem:
            if country is None and len(orgs) > 1:
                problem.hint = "Write a plus and the country code, or choose the org: --org SLUG"
            raise

    def instant(self, text: str, org: OrgRow) -> datetime:
        """The instant a person wrote, read in the org's timezone."""
        return clock.parse_instant(text, timezone=org.timezone, at=self.now)

    # --- writing ---------------------------------------------------------------------------

    @cached_property
    def engine(self) -> "Engine":
        """The engine of the command's database, made when the first write needs it."""
        from petmsg.db.engine import make_engine

        keep_open = self.is_batch or (self.is_service and self.location.is_file)
        engine = make_engine(self.location, keep_open=keep_open, is_restoring=self.is_restoring)
        self.at_end.callback(engine.dispose)
        return engine

    def let_go(self) -> None:
        """Close the connections that were kept for the next transaction: none comes soon."""
        if "engine" in self.__dict__:
            self.engine.dispose()

    def write(
        self,
        service: Callable[Concatenate["UnitOfWork", P], R],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Call a service with a unit of work and commit it; with `--dry-run` roll it back.

        The service may be called several times, each in a transaction of its own that was rolled
        back but for the last. A time that a person wrote is read inside, in the org's timezone:
        `write(lambda uow: freeze(uow, until=uow.instant(text)))`.
        """
        return self.write_in(self.setting("org").value, service, *args, **kwargs)

    def write_in(
        self,
        slug: str | None,
        service: Callable[Concatenate["UnitOfWork", P], R],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """`write` in the org of that slug."""
        from petmsg.services.unit_of_work import UnitOfWork

        def in_transaction(transaction: "Transaction") -> tuple[R, UnitOfWork]:
            org = find_org(transaction.cursor, slug)
            self.on_progress.back()
            uow = UnitOfWork(transaction, org, self.actor, self.now, on_progress=self.on_progress)
            return service(uow, *args, **kwargs), uow

        return self.transact(in_transaction)

    def rehearse(
        self,
        service: Callable[Concatenate["UnitOfWork", P], R],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """What `write` would give back: the same call, rolled back."""
        is_dry, self.dry_run = self.dry_run, True
        try:
            return self.write(service, *args, **kwargs)
        finally:
            self.dry_run = is_dry

    def transact(self, service: Callable[["Transaction"], tuple[R, "UnitOfWork"]]) -> R:
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

    def _write_once(self, service: Callable[["Transaction"], tuple[R, "UnitOfWork"]]) -> R:
        from petmsg.db.transaction import transaction

        done: list[R] = []
        warnings: list[str] = []
        try:
            with transaction(self.engine, self.location) as begun:
                result, uow = service(begun)
                done.append(result)
                uow.finish()
                self._org = uow.org
                warnings = uow.warnings
                if self.dry_run:
                    raise _RolledBack  # noqa: TRY301 because it ends the transaction above
        except _RolledBack:
            pass
        for warning in warnings:
            self.warn(warning)
        return done[0]

    def warn(self, warning: str, *, even_quiet: bool = False) -> None:
        """Report a warning, or an error (`even_quiet`), to the person who started the command."""


def _wait_a_moment(attempt: int) -> None:
    import random

    time.sleep(random.uniform(0.005, 0.05) * min(attempt, 8))  # noqa: S311 because jitter


def _worth_another_try(problem: PetmsgError, attempt: int) -> bool:
    cause = problem.__cause__
    if cause is None:
        return False
    if isinstance(problem, Busy):
        from petmsg.db.driver_errors import is_retryable

        return problem.exit_code == BUSY and is_retryable(cause)
    if isinstance(problem, ConflictingWrite) and attempt < 3:
        from petmsg.db.driver_errors import is_unique_violation

        return is_unique_violation(cause)
    return False
