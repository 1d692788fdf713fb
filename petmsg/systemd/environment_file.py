"""The settings of the services: a file of `NAME="value"` lines that systemd reads.

The administrator may change it. A line that petmsg does not know stays as it is (source of the
format: systemd.exec(5), `EnvironmentFile=`).
"""

import re
from collections.abc import Mapping
from pathlib import Path

from petmsg.systemd.unit_files import UnitFileUnusable

NAME = "petmsg.env"
MODE = 0o600
"""A database URL may hold a password."""
MARK = "# The settings of the petmsg services, written by petmsg service install."
_HEAD = f"{MARK}\n# Change them here, then restart: {{systemctl}} restart petmsg.target\n"
_LINE = re.compile(r"^\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$")
_ESCAPED = re.compile(r'\\(["\\$`])')


def read(folder: Path) -> str | None:
    """The file's text; None if there is none. Raises `UnitFileUnusable`."""
    path = folder / NAME
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise UnitFileUnusable(path, OSError(0, "it is not UTF-8 text")) from None
    except OSError as problem:
        raise UnitFileUnusable(path, problem) from None


def values_of(text: str) -> dict[str, str]:
    """The settings in the text of such a file."""
    found = (_LINE.match(line) for line in text.splitlines())
    return {each[1]: _value(each[2]) for each in found if each}


def with_values(
    text: str | None, values: Mapping[str, str], *, systemctl: str = "systemctl"
) -> str:
    """The text with those settings: a line that names one is replaced if its value differs, and
    what no line names is added at the end. A new text begins with the command after a change."""
    head = _HEAD.format(systemctl=systemctl)
    lines, there = (text if text is not None else head).splitlines(), set()
    for at, line in enumerate(lines):
        found = _LINE.match(line)
        if found and found[1] in values:
            there.add(found[1])
            if _value(found[2]) != values[found[1]]:
                lines[at] = _line(found[1], values[found[1]])
    lines += [_line(name, value) for name, value in values.items() if name not in there]
    return "".join(f"{line}\n" for line in lines)


def _line(name: str, value: str) -> str:
    escaped = re.sub(r'(["\\$`])', r"\\\1", value)
    return f'{name}="{escaped}"'


def _value(written: str) -> str:
    if len(written) >= 2 and written[0] == written[-1] == '"':
        return _ESCAPED.sub(r"\1", written[1:-1])
    if len(written) >= 2 and written[0] == written[-1] == "'":
        return written[1:-1]
    return written
