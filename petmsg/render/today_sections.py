"""The sections of `petmsg today` as lines of a terminal."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from rich.text import Text

from petmsg.plurals import counted, waited
from petmsg.render.day_words import DayWords
from petmsg.render.field_types import BAD, GOOD, OVER, WAITS
from petmsg.render.screen_parts import GAP, Grid, Line, Piece, Row, Section
from petmsg.render.table import STYLES, wrapped

_REASON = 24
"""The width of the reason of an absence."""
_MOST_OF_MESSAGE = 2
"""Lines that the words of a finding take at most, unless all is shown."""


def visits(day: Any, grid: Grid) -> Section:
    """A row for each sitter with visits: first those without a sitter, then by what comes next."""
    by_sitter: dict[str | None, list[Any]] = {}
    for each in day.visits:
        by_sitter.setdefault(each.row.sitter, []).append(each)
    away: dict[str | None, list[Any]] = {}
    for row in day.absences:
        away.setdefault(row.sitter, []).append(row)
    names = unique_names(day)
    order = sorted(by_sitter, key=lambda sitter: _rank(sitter, by_sitter[sitter]))
    rows = [
        Row(
            grid,
            grid.words.name(names.get(sitter, sitter)) if sitter is not None else "no sitter",
            "" if sitter is not None else STYLES[BAD],
            [_visit(each, away.get(sitter, ()), grid.words) for each in by_sitter[sitter]],
        )
        for sitter in order
    ]
    return Section(
        grid,
        "",
        "",
        rest=all_of(day),
        rows=rows,
        hidden_words=lambda hidden, _: counted(hidden, "more visit"),
    )


def _rank(sitter: str | None, visits: Sequence[Any]) -> tuple[Any, ...]:
    ahead = [each.row.ends_at for each in visits if each.state != "over"]
    starts = [each.row.starts_at for each in visits if each.state != "over"]
    first = min(starts or [each.row.starts_at for each in visits])
    return (sitter is not None, not ahead, first, sitter or "")


def unique_names(day: Any) -> dict[str, str]:
    """The sitters' names by ref; with the ref where several have the name."""
    names = {each.sitter: each.sitter_name for each in day.sitters}
    names |= {row.sitter: row.sitter_name for row in day.absences}
    names |= {each.row.sitter: each.row.sitter_name for each in day.visits if each.row.sitter}
    often = Counter(names.values())
    return {ref: f"{name} {ref}" if often[name] > 1 else name for ref, name in names.items()}


def _visit(each: Any, absences: Sequence[Any], words: DayWords) -> Piece:
    row = each.row
    is_over = each.state == "over"
    is_away = not is_over and any(
        absence.starts_at < row.ends_at and row.starts_at < absence.ends_at for absence in absences
    )
    before = ["away"] * is_away + ["pending"] * each.is_pending
    before += ["now"] * (each.state == "running")
    tone = BAD if is_away else WAITS if each.is_pending else GOOD if "now" in before else ""
    said = [*before, words.span(row.starts_at, row.ends_at), words.name(row.client_name)]
    return Piece(" ".join(said), STYLES[OVER] if is_over else STYLES.get(tone, ""), is_over)


def free(day: Any, grid: Grid) -> Section:
    """The sitters who have no visit and are not away."""
    names = unique_names(day)
    pieces = [Piece(grid.words.name(names[each.sitter])) for each in day.free]
    rows = [Row(grid, "Free", STYLES[OVER], pieces)] if pieces else []
    return Section(grid, "", "", rest=all_of(day), rows=rows, is_optional=True)


def absences(day: Any, grid: Grid) -> Section:
    """Who is away, until when and why."""
    names = unique_names(day)
    pieces, short = [], []
    for row in day.absences:
        said = f"{grid.words.name(names[row.sitter])} {_away(row, day, grid.words)}"
        pieces.append(Piece(f"{said} ({grid.words.cut(grid.words.name(row.reason), _REASON)})"))
        short.append(Piece(said))
    rows = [Row(grid, "Away", STYLES[WAITS], pieces, short)] if pieces else []
    return Section(
        grid,
        f"Away ({len(pieces)})",
        STYLES[WAITS],
        rest=all_of(day),
        rows=rows,
    )


def _away(row: Any, day: Any, words: DayWords) -> str:
    """When a sitter is away, as far as the day is concerned."""
    if row.starts_at > day.start:
        return words.span(row.starts_at, row.ends_at)
    return "all day" if row.ends_at == day.end else f"until {words.clock(row.ends_at)}"


def pending(day: Any, grid: Grid) -> Section:
    """Commands that confirm the pending bookings, with as many refs as fit on a line."""
    from shlex import quote

    refs = [quote(each.row.booking) for each in day.visits if each.command is not None]
    begin, end = "petmsg booking confirm", day.command("{org}")
    lines, line = [], begin
    for ref in refs:
        if line != begin and cell_len(f"{line} {ref}{end}") > grid.body:
            lines.append(line + end)
            line = begin
        line += f" {ref}"
    items = [grid.command(each) for each in (*lines, line + end)] if refs else []
    return Section(grid, f"Pending ({len(refs)})", STYLES[WAITS], all_of(day), items)


def gaps(day: Any, grid: Grid) -> Section:
    """What coverage finds for the day and the one after, each with its command."""
    rest = day.command("petmsg coverage --days {days}{org}", days=day.coverage_days)
    items = [_gap(row, grid) for row in day.gaps]
    return Section(grid, f"Gaps ({len(items)})", STYLES[BAD], rest, items)


def _gap(row: Any, grid: Grid) -> list[Line]:
    words = grid.words
    said = words.name(row.message)
    if row.starts_at is not None:
        until = row.starts_at if row.ends_at is None else row.ends_at
        said = f"{words.span(row.starts_at, until)} {said}"
    lines = wrapped(Text(said), grid.body)
    if len(lines) > _MOST_OF_MESSAGE and not grid.show_all:
        last = words.cut(" ".join(each.plain for each in lines[_MOST_OF_MESSAGE - 1 :]), grid.body)
        lines = [*lines[: _MOST_OF_MESSAGE - 1], Text(last)]
    return [Line(each) for each in lines] + (grid.command(row.command) if row.command else [])


def waiting(day: Any, grid: Grid) -> Section:
    """Who waits for an answer, the longest wait first, each with the command that shows how to
    answer."""
    rest = day.command("petmsg inbox list --oldest{org}")
    items = [_waiting(each, grid) for each in day.waiting]
    late = any(each.is_late for each in day.waiting)
    style = STYLES[BAD] if late else STYLES[WAITS]
    return Section(grid, f"Waiting ({len(items)})", style, rest, items)


def _waiting(each: Any, grid: Grid) -> list[Line]:
    words = grid.words
    who = "Unknown senders" if each.entity == "message" else f"{words.name(each.name)} ({each.ref})"
    if each.entity == "sitter":
        who = f"Sitter {who}"
    said = f"{who} {waited(each.minutes)}"
    written, missed = len(each.messages) - len(each.calls), len(each.calls)
    if written > 1 or (written and missed):
        said += f", {counted(written, 'message')}"
    if missed:
        said += f", {counted(missed, 'missed call')}"
    style = STYLES[BAD] if each.is_late else ""
    together = cell_len(said) + GAP + cell_len(each.command) <= grid.body
    if together:
        text = Text(said, style=style).append(" " * GAP).append(each.command, style="not dim bold")
        return [Line(text)]
    return [Line(Text(words.cut(said, grid.body), style=style)), *grid.command(each.command)]


def all_of(day: Any) -> str:
    """The command that shows everything of the day."""
    on = "" if day.is_today else f" --on {day.day.isoformat()}"
    return str(day.command(f"petmsg today{on} --all{{org}}"))
