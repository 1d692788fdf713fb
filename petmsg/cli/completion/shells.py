"""Completion in bash, zsh and fish: the script each loads, and the answer it is given.

A script runs petmsg with `_PETMSG_COMPLETE=SHELL`. bash hands over its line, which is taken apart
here; zsh and fish hand over words. The answer is a line `words` or `files`, then a line for each
candidate: in bash quoted as the line needs it, else the word, a tab and a note.
"""

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from petmsg import settings
from petmsg.cli.completion import COMPLETE
from petmsg.cli.completion.candidates import Completions, offer
from petmsg.errors import OutOfRange, quoted
from petmsg.render.escape import escape

BASH = r"""# petmsg in bash. Made by petmsg --show-completion bash
_petmsg() {
    local line kind=
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ -z $kind ]]; then
            kind=$line
        else
            COMPREPLY+=("$line")
        fi
    done < <(_PETMSG_COMPLETE=bash "${1/#\~\//$HOME/}" "${COMP_LINE:0:COMP_POINT}" \
        "$COMP_TYPE" "$COMP_WORDBREAKS" 2>/dev/null)
    if [[ $kind == files ]]; then
        compopt -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
    fi
}
complete -o nosort -F _petmsg petmsg 2>/dev/null || complete -F _petmsg petmsg
"""

ZSH = r"""#compdef petmsg
# petmsg in zsh. Made by petmsg --show-completion zsh
_petmsg() {
    local typed=$PREFIX
    local -a lines pairs
    [[ -n ${compstate[quote]} ]] || typed=${(Q)typed}
    lines=("${(@f)$(_PETMSG_COMPLETE=zsh ${(Q)words[1]} \
        "${(@Q)words[2,CURRENT-1]}" "$typed" 2>/dev/null)}")
    case $lines[1] in
        files) _files ;;
        words)
            pairs=("${(@)lines[2,-1]//\\/\\\\}")
            pairs=("${(@)pairs//:/\\:}")
            pairs=("${(@)pairs/$'\t'/:}")
            _describe -V petmsg pairs -M 'm:{[:lower:][:upper:]}={[:upper:][:lower:]}'
            ;;
    esac
}
if [[ $funcstack[1] == _petmsg ]]; then
    _petmsg "$@"
else
    compdef _petmsg petmsg
fi
"""

FISH = r"""# petmsg in fish. Made by petmsg --show-completion fish
function __petmsg_complete
    set -l words (commandline -opc)
    set -l typed (commandline -ct)
    set -l lines (env _PETMSG_COMPLETE=fish $words[1] $words[2..-1] "$typed" 2>/dev/null)
    switch "$lines[1]"
        case files
            __fish_complete_path "$typed"
        case words
            string join -- \n $lines[2..-1]
    end
end
complete -c petmsg -f -k -a '(__petmsg_complete)'
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
_LOADS = {
    "bash": """\
bash loads it by itself where the package bash-completion is installed; else put into ~/.bashrc:
  source {path}""",
    "zsh": """\
zsh loads it if ~/.zshrc has this line before any other compinit:
  fpath+=~/.zfunc; autoload -Uz compinit; compinit""",
    "fish": "fish loads it by itself.",
}
_LISTING = "63"
"""What bash's COMP_TYPE is when the candidates are only listed, after a second Tab."""
_PLAIN = frozenset("@%+=:,./-_")
_LONGEST_NOTE = 50


def script(shell: str) -> str:
    """What that shell loads. Raises `OutOfRange` for one petmsg does not know."""
    if shell not in SCRIPTS:
        raise OutOfRange(
            f"{quoted(shell)} is not a shell petmsg completes in.", hint="One of bash, zsh, fish."
        )
    return SCRIPTS[shell]


def install(shell: str, environ: Mapping[str, str]) -> str:
    """Write the script where that shell looks for a user's own; what to say about it.

    No file of the user's is changed. Raises `OutOfRange` or `OSError`.
    """
    text = script(shell)
    home = Path(environ.get("HOME") or settings.home())
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    path = {
        "bash": data / "bash-completion" / "completions" / "petmsg",
        "zsh": home / ".zfunc" / "_petmsg",
        "fish": config / "fish" / "completions" / "petmsg.fish",
    }[shell]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    more = _LOADS[shell].format(path=shlex.quote(str(path)))
    return f"Wrote {path}.\n{more}\nIt works in the next shell you open.\n"


def answer(command_line: Any, arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Answer a shell, always with exit 0: what goes wrong is answered with nothing."""
    with suppress(Exception):
        lines = _answer(command_line, arguments, environ[COMPLETE], environ)
        sys.stdout.write("".join(f"{line}\n" for line in lines))
        sys.stdout.flush()
    return 0


def _answer(
    command_line: Any, arguments: Sequence[str], shell: str, environ: Mapping[str, str]
) -> list[str]:
    if shell == "bash":
        line, why, breaks = arguments
        typed = split(line)
        found = offer(command_line, typed.words[1:], environ)
        lines = list(_in_bash(found, typed, breaks, listing=why == _LISTING))
    else:
        words = list(arguments)
        if shell == "fish":
            words[-1] = split(words[-1]).words[-1]
        found = offer(command_line, words, environ)
        lines = [f"{each.word}\t{escape(each.note)}".rstrip("\t") for each in found.candidates]
    return ["files" if found.files else "words", *lines]


class Typed(NamedTuple):
    """A line taken apart: its words without quotes, and how the last of them was written.

    `raw` is the last word as it was typed. `quote` is the quote that is still open in it, if one
    is; `before` is what of the word stands in front of that quote, without quotes.
    """

    words: list[str]
    raw: str
    quote: str
    before: str


def split(line: str) -> Typed:
    """Take a line apart as shells do; the last word may be empty, or its quote still open."""
    words, raw, quote, before, escaped = [""], "", "", "", False
    for character in line:
        if not (escaped or quote) and character in " \t\n":
            if raw:
                words.append("")
            raw = before = ""
            continue
        raw += character
        if escaped:
            kept = "\\" if quote and character not in '"\\$`' else ""
            words[-1] += kept + character
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif not quote and character in "'\"":
            quote, before = character, words[-1]
        elif character == quote:
            quote = before = ""
        else:
            words[-1] += character
    return Typed(words, raw, quote, before)


def _in_bash(found: Completions, typed: Typed, breaks: str, *, listing: bool) -> Iterator[str]:
    """The candidates as bash puts them in place of what it takes for the word.

    For bash a word begins behind an open quote, and behind a character that breaks words (`:`).
    """
    if typed.quote:
        stays = typed.before
    else:
        at = max((_last_unescaped(typed.raw, character) for character in breaks), default=-1)
        stays = split(typed.raw[: at + 1]).words[-1]
    for word, note in found.candidates:
        if word.startswith(stays):
            text = _quoted(word[len(stays) :], typed.quote)
            several = listing and len(found.candidates) > 1
            yield f"{text}  ({_short(note)})" if several and note else text


def _last_unescaped(raw: str, character: str) -> int:
    at = raw.rfind(character)
    while at > 0 and raw[at - 1] == "\\":
        at = raw.rfind(character, 0, at - 1)
    return at


def _quoted(word: str, quote: str) -> str:
    """The word inside that quote, or with a backslash before whatever a shell would obey."""
    if quote == "'":
        return word.replace("'", "'\\''")
    if quote == '"':
        kept = "".join(f"\\{each}" if each in '"\\$`' else each for each in word)
        return kept.replace("!", "\"'!'\"")
    return "".join(each if each.isalnum() or each in _PLAIN else f"\\{each}" for each in word)


def _short(note: str) -> str:
    text = escape(note)
    return text if len(text) <= _LONGEST_NOTE else text[: _LONGEST_NOTE - 1] + "…"
