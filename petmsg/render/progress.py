"""A progress bar on stderr, for a person at a terminal."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager


class Bar:
    """How far a command is: what is done for good, and what it looks at after that.

    Calling it moves it by one. `move_to` is told the new place; none: nobody is watching.
    """

    def __init__(self, move_to: Callable[[int], None] | None = None) -> None:
        self._move_to = move_to
        self._done = 0
        self._at = 0

    def __call__(self) -> None:
        """One more was looked at."""
        self._at += 1
        if self._move_to is not None:
            self._move_to(self._at)

    def back(self) -> None:
        """What was looked at is looked at once more: a transaction is tried again."""
        self._at = self._done

    def keep(self, count: int) -> None:
        """So many more are done for good."""
        self._done += count
        self._at = self._done - 1
        self()


@contextmanager
def progress(title: str, total: int, environ: Mapping[str, str] | None = None) -> Iterator[Bar]:
    """Show a bar of that many steps, if stderr is a terminal that can; gives what moves it."""
    if not sys.stderr.isatty() or (environ or {}).get("TERM") == "dumb":
        yield Bar()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from petmsg.render.terminal import has_colour

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    colour = has_colour(is_terminal=True, environ=environ or {})
    with Progress(
        *columns,
        console=Console(stderr=True, no_color=not colour),
        transient=True,
        redirect_stdout=False,  # data stays data while the bar is shown
    ) as bar:
        task = bar.add_task(title, total=total)
        yield Bar(lambda place: bar.update(task, completed=place))
