"""The settings of a PostgreSQL session that petmsg reads and writes by. Standard library only.

A role or a database has settings of its own, and so have the environment (PGTZ, PGOPTIONS) and the
address: with another date style, time zone or encoding the same value reads differently. So petmsg
sets its own after it has connected: for the whole session on a connection of its own, and in each
transaction behind a pooler, where other programs get the same session a moment later.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

ENCODING = "UTF8"
FORMATS = {
    "timezone": "UTC",
    "datestyle": "ISO,MDY",
    "intervalstyle": "postgres",
    "standard_conforming_strings": "on",
    "bytea_output": "hex",
    "transform_null_equals": "off",
}
"""How values are written and read: no address and no role may have it otherwise."""
USUAL = {
    "lock_timeout": "10s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",  # compiling a statement takes longer than any of ours runs
}
"""How long a session may take: the options of the address count instead, if they name it."""

_WORDS = re.compile(r"(?:\\.|[^\s\\])+", re.DOTALL)
_NAMED = re.compile(r"([A-Za-z_][\w.-]*)=(.*)", re.DOTALL)
_READ_ONLY = "default_transaction_read_only"


@lru_cache(maxsize=16)
def given_in(options: str) -> tuple[tuple[str, str], ...]:
    """The settings that the `options` of a connection name, as the server reads them: `-c name=x`,
    `-cname=x` and `--name=x`; a backslash keeps the space behind it."""
    words = [re.sub(r"\\(.)", r"\1", word) for word in _WORDS.findall(options)]
    found: dict[str, str] = {}
    while words:
        word = words.pop(0)
        if word == "-c" and words:
            word = words.pop(0)
        elif word.startswith(("-c", "--")):
            word = word[2:]
        else:
            continue
        named = _NAMED.fullmatch(word)
        if named is not None:
            found[named[1].replace("-", "_").lower()] = named[2]
    return tuple(found.items())


def of_session(options: str, limits: Mapping[str, str]) -> dict[str, str]:
    """petmsg's settings of a session whose address has those `options`."""
    given = dict(given_in(options))
    return {name: value for name, value in limits.items() if name not in given} | FORMATS


def of_transaction(options: str, limits: Mapping[str, str]) -> dict[str, str]:
    """The settings of a transaction behind a pooler, which may have dropped the `options`."""
    given = dict(given_in(options))
    if _READ_ONLY in given:  # the default does not count in a transaction that has begun
        given["transaction_read_only"] = given[_READ_ONLY]
    return {**limits, **given, **FORMATS}


def if_direct(settings: Mapping[str, str], backend: int) -> str:
    """A statement that gives the settings to the session, and gives back its process id.

    It gives nothing to the session of another process than `backend`: a pooler lends that one.
    """
    pairs = ", ".join(f"({_quoted(name)}, {_quoted(value)})" for name, value in settings.items())
    return (
        f"SELECT pg_catalog.pg_backend_pid(), count(pg_catalog.set_config(name, value, false))"  # noqa: S608
        f" FROM (VALUES {pairs}) AS given (name, value)"
        f" WHERE pg_catalog.pg_backend_pid() = {backend:d}"
    )


def locally(settings: Mapping[str, str]) -> str:
    """A statement that gives the settings to the transaction that it is in."""
    calls = [
        f"pg_catalog.set_config({_quoted(name)}, {_quoted(value)}, true)"
        for name, value in settings.items()
    ]
    return f"SELECT {', '.join(calls)}"


def _quoted(text: str) -> str:
    """A literal whatever `standard_conforming_strings` says."""
    doubled = text.replace("'", "''").replace("\\", "\\\\")
    return f"E'{doubled}'" if "\\" in text else f"'{doubled}'"
