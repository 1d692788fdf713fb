"""What a command is given: its options, its database, its clock and its output."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cached_property
from typing import TYPE_CHECKING, Any

from petmsg import settings
from petmsg.enums.output import OutputFormat
from petmsg.errors import NotConfirmed, OutOfRange, Refused, quoted
from petmsg.render.progress import Bar, progress
from petmsg.settings import Setting
from petmsg.suggestions import closest_words, did_you_mean
from petmsg.workflows.environment import Environment
from petmsg.workflows.store import Store, Unwatched

if TYPE_CHECKING:  # a shell that completes a word prints no rows
    from petmsg.cli.service_log import ServiceLog
    from petmsg.render.fields import Field, View

_FORMATS = "One of table, json, jsonl, tsv, csv."
FEW_ROWS = 200
"""Show no progress bar for fewer rows than this."""


class Context(Store):
    """A command's store, and how it talks to a person: its output, its questions, its progress.

    `exit_code` is what the command exits with when it returns. `is_confirmed`: --yes was given, or
    it is a dry run, so no question is asked. `is_stopped`: SIGTERM or Ctrl-C ended it early.
    """

    def __init__(
        self,
        environment: Environment,
        *,
        output: str | None = None,
        org: str | None = None,
        db: str | None = None,
        actor: str | None = None,
        dry_run: bool = False,
        reveal: bool = False,
        quiet: bool = False,
        is_terminal: bool = False,
    ) -> None:
        super().__init__(environment, db=db, org=org, actor=actor, dry_run=dry_run)
        self.output_option = output
        self.reveal = reveal
        self.quiet = quiet
        self.log: ServiceLog | None = None
        self.exit_code = 0
        self.is_confirmed = False
        self.is_stopped = False
        self._is_terminal = is_terminal
        self._has_shown = False
        self._warned: set[str] = set()
        self._named = ""

    def for_company(self, slug: str) -> "Context":
        """A context of the same command for one of many companies, whose messages name it."""
        made = Context(
            self.environment,
            output=self.output_option,
            org=slug,
            db=self.db_option,
            actor=self.actor_option,
            dry_run=self.dry_run,
            reveal=self.reveal,
            quiet=self.quiet,
            is_terminal=self._is_terminal,
        )
        made.log = self.log
        made.is_confirmed = self.is_confirmed
        made.may_be_stale = self.may_be_stale
        made._named = f"{slug}: "
        return made

    def setting(self, name: str) -> Setting:
        """One of `output`, `org`, `database` and `actor`, with its source."""
        if name != "output":
            return super().setting(name)
        usual = "table" if self._is_terminal else "tsv"
        return settings.pick(
            name,
            self.output_option,
            settings.OUTPUT,
            usual,
            flag="--output",
            environ=self.environ,
        )

    @cached_property
    def output(self) -> OutputFormat:
        """The output format. Raises `OutOfRange`."""
        setting = self.setting("output")
        wanted = setting.value or "tsv"
        try:
            return OutputFormat(wanted)
        except ValueError:
            meant = did_you_mean(closest_words(wanted, OutputFormat))
            raise OutOfRange(
                f"{quoted(wanted)} is not an output format.",
                hint=" ".join((meant, _FORMATS, f"It is from: {setting.source}.")).lstrip(),
            ) from None

    @property
    def view(self) -> "View":
        """The view of tables: the org's timezone, and phones masked unless revealed."""
        from petmsg.render.fields import View

        timezone = self._org.timezone if self._org else "UTC"
        if not self.is_table:
            return View(timezone=timezone, reveal=self.reveal)
        from petmsg.render.terminal import terminal_of

        terminal = terminal_of(sys.stdout, self.environ)
        return View(
            timezone=timezone,
            reveal=self.reveal,
            now=self.now,
            terminal=terminal,
            is_dry_run=self.dry_run,
        )

    @property
    def is_table(self) -> bool:
        """Whether output is a table."""
        return self.output is OutputFormat.TABLE

    def confirm(self, question: str | None) -> None:
        """Return if a person answers yes or gave --yes, or if there is no question.

        Raises `NotConfirmed` without a terminal to ask on, `Refused` at any other answer.
        """
        if question is None or self.is_confirmed:
            return
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise NotConfirmed(question)
        from petmsg.render.escape import escape

        sys.stderr.write(f"{escape(question)} [y/N] ")
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise Refused("Nothing was changed.", hint="Answer y to go ahead, or add --yes.")

    def show_list(
        self, fields: Sequence["Field"], rows: Iterable[Any], *, title: str | None = None
    ) -> None:
        """Print a list in the chosen format; JSONL, TSV and CSV as its rows come, a table below
        its title, if it has one."""
        from petmsg.render import output as render

        self._keep_apart()
        if title is not None and self.is_table:
            render.write(title)
        render.show_list(fields, rows, output=self.output, view=self.view)

    def show_one(self, fields: Sequence["Field"], row: Any) -> None:
        """Print one record in the chosen format."""
        from petmsg.render import output as render

        self._keep_apart()
        render.show_one(fields, row, output=self.output, view=self.view)

    @contextmanager
    def progress(self, doing: str, total: int) -> Iterator[Bar]:
        """A progress bar on stderr for what takes long enough to watch: over 200 rows.

        Where stdout is a terminal and gets no table there is none, so that it stays data.
        """
        if self.quiet or total <= FEW_ROWS or (self._is_terminal and not self.is_table):
            yield Bar()
            return
        with self.bar(doing, total) as bar:
            self.on_progress = bar
            yield bar
        self.on_progress = Unwatched()

    def bar(self, doing: str, total: int) -> AbstractContextManager[Bar]:
        """A progress bar on stderr if that is a terminal; none with `--quiet`."""
        return nullcontext(Bar()) if self.quiet else progress(doing, total, self.environ)

    def _keep_apart(self) -> None:
        """Print a blank line between two tables."""
        if self.is_table and self._has_shown:
            from petmsg.render.output import write

            write("")
        self._has_shown = True

    def warn(self, warning: str, *, even_quiet: bool = False) -> None:
        """Write a warning to stderr, once in a command. `even_quiet` as for `notify`."""
        if warning not in self._warned:
            self._warned.add(warning)
            self.notify(f"Warning: {warning}", level="warning", even_quiet=even_quiet)

    def notify(self, text: str, *, level: str = "info", even_quiet: bool = False) -> None:
        """Write a note to stderr, escaped. With `--quiet` nothing is written, unless `even_quiet`:
        a question needs the note, or it is an error. The `LogLevel` counts in the log of a
        service."""
        if self.quiet and not even_quiet:
            return
        if self.log is not None:
            self.log.note(f"{self._named}{text}", level)
            return
        from petmsg.render.escape import escape
        from petmsg.render.output import notify

        notify(escape(f"{self._named}{text}"))
