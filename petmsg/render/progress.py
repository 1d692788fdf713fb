"""A progress bar on stderr, for a person at a terminal."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager


class Bar:
    """The progress of a command: the rows that are committed, and those after them.

    Calling the bar advances it by one. `move_to` is called with the new position; None shows
    nothing.
    """

    def __init__(self, move_to: Callable[[int], None] | None = None) -> None:
        self._move_to = move_to
        self._done = 0
        self._at = 0

    def __call__(self) -> None:
        """Advance by one."""
        self._at += 1
        if self._move_to is not None:
            self._move_to(self._at)

    def back(self) -> None:
        """Go back to the last committed row, because a transaction is tried again."""
        self._at = self._done

    def keep(self, count: int) -> None:
        """Record that this many more rows are committed."""
        self._done += count
        self._at = self._done - 1
        self()


@contextmanager
def progress(title: str, total: int, environ: Mapping[str, str] | None = None) -> Iterator[Bar]:
    """Show a progress bar of `total` steps if stderr is a terminal; yields the bar."""
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
