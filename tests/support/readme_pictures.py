"""The pictures of the README: what commands print on a terminal, as SVG that fetches nothing."""

import io
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from petmsg.db.location import locate
from tests.support import example_company
from tests.support.fixtures import run_cli

_COLUMNS = 96
TERMINAL = {
    "explain.svg": ("petmsg route explain C-1", ("route", "explain", "C-1")),
    "status.svg": ("petmsg status", ("status",)),
}
"""By file: the title, and the command line."""
_FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
font-family: ui-monospace, monospace; font-size: {char_height}px; line-height: {line_height}px;
}}
.{unique_id}-title {{ font-size: 18px; font-family: ui-sans-serif, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def pictures() -> dict[str, str]:
    """docs/images: every picture by its file's name."""
    with tempfile.TemporaryDirectory() as folder:
        url = locate(str(Path(folder) / "petmsg.db")).url
        example_company.build(url)
        drawing = Path(folder) / "timeline.svg"
        ran = run_cli(
            url, "thread", "timeline", "C-1", "--from", "-2d", "--to", "+6d", "--svg", str(drawing)
        )
        assert ran.code == 0, ran.err
        made = {"timeline.svg": drawing.read_text("utf-8")}
        for name, (title, line) in TERMINAL.items():
            made[name] = _terminal(url, title, line)
    return made


def _terminal(url: str, title: str, line: tuple[str, ...]) -> str:
    ran = run_cli(url, *line, FORCE_COLOR="1", COLUMNS=str(_COLUMNS), PETMSG_OUTPUT="table")
    assert ran.code == 0, ran.err
    console = Console(
        file=io.StringIO(), record=True, width=_COLUMNS, force_terminal=True, legacy_windows=False
    )
    console.print(Text.from_ansi(ran.out.rstrip("\n")))
    drawn = console.export_svg(title=title, code_format=_FORMAT, unique_id=line[0])
    return "\n".join(each.rstrip() for each in drawn.splitlines()) + "\n"
