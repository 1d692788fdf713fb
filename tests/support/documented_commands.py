"""The commands of a page of the documentation, typed into a real shell as a reader types them.

The convention of the fences, which every page keeps:

| fence      | what stands in it                                                                 |
|------------|-----------------------------------------------------------------------------------|
| ```sh      | commands for bash, typed in order; each exits with 0, or its comment names a code |
| ```console | `$ ` commands, the output below each; `(exit N)` is the last line of a refusal    |
| ```crontab | lines of a crontab: five fields of time, and a command that is typed as well      |
| ```text    | a drawing or a listing, of which nothing is typed; also ```json and ```mermaid;   |
|            | no line of it is a command                                                        |

A page is one terminal from its top to its end: a folder and an `export` stay. `play` types a page
and returns complaints, one sentence each, with the page's line. Output is compared by its *shape*:
the same words after times, how far off they are, hashes, durations and paths were replaced.
"""

import contextlib
import os
import re
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TYPED = ("sh", "console", "crontab")
UNTYPED = ("text", "json", "mermaid")
LIMIT_SECONDS = 120.0
_FENCE = re.compile(r"^\s*```(.*)$")
_CRON_TIME = re.compile(r"[-0-9*/,]+")
_EXITS = re.compile(r"#.*\bexits? (?:with )?(\d+)")


@dataclass(frozen=True)
class Command:
    """One thing to type: where it stands, what is expected to come out (None: anything)."""

    line: int
    text: str
    fence: str
    code: int = 0
    output: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Typed:
    """What the shell answered."""

    code: int
    output: str


@dataclass(frozen=True)
class Desk:
    """What a page is typed with.

    `substitutes` are words that stand for a secret or a place of the reader's, and what is typed
    instead. `untypable` are patterns of what is only checked for its syntax, with the reason.
    `asking` are the beginnings of commands that ask on a terminal: they get `--yes`. `serving` are
    the beginnings of commands that run until they are stopped; a pattern finds the address of their
    `/healthz` in what they print once they run. A command that takes longer than `limit_seconds` is
    stopped, and the page fails.
    """

    folder: Path
    environ: Mapping[str, str]
    substitutes: Mapping[str, str] = field(default_factory=dict)
    untypable: Mapping[str, str] = field(default_factory=dict)
    asking: Sequence[str] = ()
    serving: Mapping[str, str] = field(default_factory=dict)
    limit_seconds: float = LIMIT_SECONDS


# ---------------------------------------------------------------------------------------- reading


def read_page(text: str) -> tuple[list[Command], list[str]]:
    """The commands of a page in order, and what is wrong with its fences."""
    commands: list[Command] = []
    complaints: list[str] = []
    for fence, first, lines in _blocks(text, complaints):
        if fence == "console":
            commands += _of_console(first, lines, complaints)
        elif fence == "crontab":
            commands += _of_crontab(first, lines, complaints)
        elif fence == "sh":
            commands += _of_sh(first, lines, complaints)
        elif fence in UNTYPED:
            complaints += _commands_in_text(first, lines)
        else:
            known = ", ".join((*TYPED, *UNTYPED))
            complaints.append(f"{first}: unknown fence ```{fence}; use one of {known}")
    return commands, complaints


def _commands_in_text(first: int, lines: Sequence[str]) -> Iterator[str]:
    """Complaints of commands where nothing types them. A usage line names its arguments."""
    for number, line in enumerate(lines, first):
        if line.startswith("petmsg ") and "[" not in line:
            yield f"{number}: {line!r} is never typed; use ```sh"


def _blocks(text: str, complaints: list[str]) -> Iterator[tuple[str, int, list[str]]]:
    """Fence, number of the first line inside, and lines of each block."""
    fence, first, lines = None, 0, []
    for number, line in enumerate(text.splitlines(), 1):
        found = _FENCE.match(line)
        if fence is None:
            if found:
                fence, first, lines = found[1].strip(), number + 1, []
        elif found and not found[1].strip():
            yield fence, first, lines
            fence = None
        elif found:
            complaints.append(f"{number}: a fence begins inside the one of line {first - 1}")
        else:
            lines.append(line)
    if fence is not None:
        complaints.append(f"{first - 1}: the fence is never closed")


def _of_sh(first: int, lines: list[str], complaints: list[str]) -> Iterator[Command]:
    """Lines are joined until bash finds them complete: a loop, a here-document, a backslash."""
    pending: list[str] = []
    wrong = ""
    for number, line in enumerate(lines, first):
        if not pending and (not line.strip() or line.lstrip().startswith("#")):
            continue
        pending.append(line)
        wrong = syntax_error("\n".join(pending))
        if not wrong and not line.endswith("\\"):
            said = _EXITS.search(line)
            start = number - len(pending) + 1
            yield Command(start, "\n".join(pending), "sh", int(said[1]) if said else 0)
            pending = []
    if pending:
        start = first + len(lines) - len(pending)
        complaints.append(f"{start}: bash cannot read {pending[0]!r}: {wrong or 'incomplete'}")


def _of_console(first: int, lines: list[str], complaints: list[str]) -> Iterator[Command]:
    at = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    if not at or any(line.strip() for line in lines[: at[0]]):
        complaints.append(f"{first}: a console block begins with a `$ ` line")
    for start, end in zip(at, [*at[1:], len(lines)], strict=True):
        output = [line for line in lines[start + 1 : end] if line.strip()]
        code = 0
        if output and (said := re.fullmatch(r"\(exit (\d+)\)", output[-1])):
            code = int(said[1])
            output.pop()
        yield Command(first + start, lines[start][2:], "console", code, tuple(output))


def _of_crontab(first: int, lines: list[str], complaints: list[str]) -> Iterator[Command]:
    for number, line in enumerate(lines, first):
        if not line.strip() or line.startswith("#"):
            continue
        *times, command = line.split(None, 5)
        if len(times) != 5 or not all(_CRON_TIME.fullmatch(each) for each in times):
            complaints.append(f"{number}: no line of a crontab: {line!r}")
        else:
            yield Command(number, command, "crontab")


def syntax_error(text: str) -> str:
    """What `bash -n` says of a text, or nothing."""
    ran = subprocess.run(
        ["bash", "-n"], input=text + "\n", capture_output=True, text=True, check=False
    )
    return ran.stderr.strip()


# ----------------------------------------------------------------------------------------- typing


def play(text: str, desk: Desk) -> list[str]:
    """Type every command of a page, in order, into one shell; return the complaints."""
    commands, complaints = read_page(text)
    with Shell(desk) as shell:
        for command in commands:
            if any(re.match(pattern, command.text) for pattern in desk.untypable):
                wrong = syntax_error(command.text)
                complaints += [f"{command.line}: {wrong}"] if wrong else []
                continue
            typed = shell.type(_substituted(command.text, desk))
            complaints += _complaints(command, typed)
    return complaints


def _substituted(text: str, desk: Desk) -> str:
    for word, value in desk.substitutes.items():
        text = text.replace(word, value)
    if text.startswith(tuple(desk.asking)) and "--dry-run" not in text:
        command, comment, rest = text.partition(" #")
        text = f"{command} --yes{comment}{rest}"
    return text


def _complaints(command: Command, typed: Typed) -> list[str]:
    """What is other than the page says, at most one complaint."""
    where = f"{command.line}: {command.text.splitlines()[0]!r}"
    if typed.code != command.code:
        return [f"{where} exited with {typed.code} instead of {command.code}:\n{typed.output}"]
    if command.output is None:
        return []
    shown, came = shape("\n".join(command.output)), shape(typed.output)
    if shown == came:
        return []
    pairs = zip([*shown, *[""] * len(came)], [*came, *[""] * len(shown)], strict=True)
    expected, printed = next((a, b) for a, b in pairs if a != b)
    return [f"{where} printed {printed!r} where the page has {expected!r}:\n{typed.output}"]


class Shell:
    """A bash that stays: what one command exports or enters, the next one finds."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.notes = desk.folder / "typed"
        self.home = desk.folder / "home"
        self.work = self.home / "work"

    def __enter__(self) -> "Shell":
        self.notes.mkdir(parents=True, exist_ok=True)
        self.work.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=self.work,
            env={"HOME": str(self.home), **self.desk.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(LIMIT_SECONDS)

    def type(self, text: str) -> Typed:
        """Run a command to its end; one of `desk.serving` until it says that it runs."""
        script, out, err = (self.notes / name for name in ("script", "out", "err"))
        line = f". '{script}' >'{out}' 2>'{err}' </dev/null"
        ready = next(
            (told for word, told in self.desk.serving.items() if text.startswith(word)), ""
        )
        if ready and "--dry-run" not in text:
            script.write_text(f"exec {text}\n", "utf-8")
            err.write_text("", "utf-8")
            self._run(f"{line} & printf '0\\n'")
            _wait_until_it_answers(err, ready)
            code = self._run("kill -TERM $!; wait $!; printf '%s\\n' $?")
        else:
            script.write_text(f"{text}\n", "utf-8")
            code = self._run(f"{line}; printf '%s\\n' $?")
        return Typed(code, out.read_text("utf-8") + err.read_text("utf-8"))

    def _run(self, line: str) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        stop = threading.Timer(self.desk.limit_seconds, lambda: os.killpg(self.process.pid, 9))
        stop.start()
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        finally:
            stop.cancel()
        return int(answer) if answer.strip() else -1


def _wait_until_it_answers(errors: Path, ready: str) -> None:
    """Return when a server answers, or when it takes too long: then its exit code tells."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + LIMIT_SECONDS / 2
    while time.monotonic() < deadline:
        if found := re.search(ready, errors.read_text("utf-8")):
            with contextlib.suppress(OSError):
                opener.open(f"{found[1]}/healthz", timeout=10).close()
                return
        time.sleep(0.05)


# ------------------------------------------------------------------------------------------ shape

_WHEN = r"(?:\d{4}-\d\d-\d\d[ T])?\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?: (?:EST|EDT|UTC)\b|Z)?"
_UNITS = r"(?:second|minute|hour|day|week|month|year)s?"
_PLACEHOLDERS = (
    (r"sqlite:\S+", "DATABASE"),
    (r"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day \d{4}-\d\d-\d\d E[SD]T", "DAY"),
    (_WHEN, "TIME"),
    (r"\d{4}-\d\d-\d\d", "DATE"),
    (rf"(?<=, )(?:now|in \d+ {_UNITS}|\d+ {_UNITS} ago)", "DISTANCE"),
    (r"(?<=the longest )\d+ (?:min|h)\b", "WAIT"),
    (r"\b[0-9a-f]{12,64}\b", "HASH"),
    (r"\b\d+(?:\.\d+)? ?(?:ms|s)\b", "DURATION"),
    (r"─+", "─"),
    (r"\s+", " "),
)


def shape(output: str) -> list[str]:
    """The lines of an output without what differs from run to run, and without blank lines.

    A new day's heading in a conversation appears once, so that midnight changes nothing.
    """
    lines: list[str] = []
    for line in output.splitlines():
        text = line.strip()
        for pattern, placeholder in _PLACEHOLDERS:
            text = re.sub(pattern, placeholder, text)
        if text and not (text == "DAY" and "DAY" in lines):
            lines.append(text)
    return lines
