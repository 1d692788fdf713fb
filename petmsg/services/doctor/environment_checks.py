"""What is around the database: its file, the machine's clock, SQLite, settings and credentials.

Standard library only. Each check says what is not as it should be, nothing where all is well.
"""

import shlex
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from petmsg import settings
from petmsg.clock import format_local, zone
from petmsg.db.cursor import Cursor
from petmsg.db.damage import strange_values
from petmsg.db.location import network_file_system
from petmsg.enums import CheckResult
from petmsg.errors import OutOfRange, PetmsgError
from petmsg.providers.public_url import checked_public_url
from petmsg.providers.registry import (
    PROVIDERS,
    credential_problem,
    credential_source,
    reaches_phones,
    with_credentials,
)
from petmsg.services.doctor.check import Check, CheckContext, Finding, on_sqlite

UNEASY = timedelta(seconds=5)
WRONG = timedelta(seconds=60)
"""How far two clocks may be apart before it is worth a word, and before it is a problem."""

_REINDEX = ("missing from index", "entries in index", "non-unique entry")


def configuration(patient: CheckContext) -> Iterator[Finding]:
    """Settings of the environment that a command would refuse."""
    try:
        settings.twilio_timeout_seconds(patient.environ)
    except OutOfRange as problem:
        yield Finding(f"{problem.message} {problem.hint}", "petmsg config show")
    public_url = patient.environ.get(settings.PUBLIC_URL)
    if public_url:
        try:
            checked_public_url(public_url)
        except PetmsgError as problem:
            yield Finding(f"{problem.message} {problem.hint}", "petmsg config show")
    url = patient.environ.get(settings.TWILIO_API_URL)
    if url and "@" in url:
        yield Finding(
            f"{settings.TWILIO_API_URL} holds a user or a password. Leave them out.",
            "petmsg config show",
        )


def timezones(patient: CheckContext) -> Iterator[Finding]:
    """Orgs whose timezone this machine does not know."""
    for org in patient.orgs:
        try:
            zone(org.timezone)
        except OutOfRange as problem:
            yield Finding(
                problem.message,
                patient.command("petmsg org set{org} --timezone ZONE", org.slug),
                org.slug,
            )


def credentials(patient: CheckContext) -> Iterator[Finding]:
    """Whether this process could open the accounts of the orgs that send to real phones.

    Credentials that are there are checked also where no org uses them yet: they are put there
    before the switch.
    """
    for name in PROVIDERS:
        users = [org.slug for org in patient.orgs if org.provider is name]
        if not users and credential_source(name, patient.environ) is None:
            continue
        problem = credential_problem(name, patient.environ)
        if problem is not None:
            whose = f"{', '.join(users)} could not send: " if users else ""
            is_asked = users or patient.carrier_of is not None
            yield Finding(
                f"{whose}{problem.message} {problem.hint}",
                "petmsg config show",
                result=CheckResult.PROBLEM if is_asked else CheckResult.WARNING,
            )


def provider(patient: CheckContext) -> Iterator[Finding]:
    """Whether each provider of the orgs accepts our credentials: it is asked once for the account's
    numbers.

    A provider that no org uses yet is asked too if its credentials are there and may be right.
    """
    assert patient.carrier_of is not None
    asked = {org.provider: org for org in patient.orgs}
    for name in with_credentials(patient.environ):
        if name not in asked and asked and credential_problem(name, patient.environ) is None:
            asked[name] = patient.orgs[0]._replace(provider=name)
    for name, org in asked.items():
        if not reaches_phones(name):
            continue
        try:
            patient.carrier_of(org).numbers()
        except PetmsgError as problem:
            yield Finding(f"{name.value}: {problem.message} {problem.hint}", "petmsg config show")


def file_modes(patient: CheckContext) -> Iterator[Finding]:
    """Files of the database, and the credentials, that others than their owner may use."""
    path = patient.location.path
    files = [] if path is None else [path, *sorted(path.parent.glob(f"{path.name}[-.]*"))]
    sources = [credential_source(name, patient.environ) for name in PROVIDERS]
    files += [
        Path(source.removeprefix("file "))
        for source in sources
        if source is not None and source.startswith("file ")
    ]
    for file in files:
        try:
            found = file.stat()
        except OSError:  # a worker's, which ended this moment
            continue
        if stat.S_ISREG(found.st_mode) and stat.S_IMODE(found.st_mode) & 0o077:
            yield Finding(
                f"{file} is open to others (mode {stat.S_IMODE(found.st_mode):04o})",
                f"chmod 600 {shlex.quote(str(file))}",
            )


def local_disk(patient: CheckContext) -> Iterator[Finding]:
    """A database file on a network file system, where SQLite's locks cannot be trusted."""
    path = patient.location.path
    assert path is not None
    kind = network_file_system(path.parent, mounts=patient.mounts)
    if kind is not None:
        yield Finding(
            f"{path} lies on a network file system ({kind}). Copy it to a local disk and set "
            f"{settings.DATABASE}, or use PostgreSQL",
            f"petmsg db backup /a/local/folder/{shlex.quote(path.name)}",
        )


def sqlite_version(
    _: CheckContext, version: tuple[int, ...] = sqlite3.sqlite_version_info
) -> Iterator[Finding]:
    """The rare corruption of a WAL file that SQLite 3.7.0 to 3.51.2 know (reliability notes)."""
    major, minor, patch = version[:3]
    mended = {(3, 44): 6, (3, 50): 7}.get((major, minor))
    if (mended is None or patch < mended) and version < (3, 51, 3):
        yield Finding(
            f"SQLite {'.'.join(map(str, version))} has the WAL-reset bug (mended in 3.44.6, 3.50.7 "
            "and 3.51.3). petmsg's write lock keeps it away; let no other program write to the "
            "file",
            result=CheckResult.WARNING,
        )


def durable_writes(cursor: Cursor, patient: CheckContext) -> Iterator[Finding]:
    """Settings with which a power cut loses what was committed, or writers stop readers."""
    if patient.location.path is not None:
        mode = str(cursor.value("PRAGMA journal_mode"))
        if mode != "wal":
            yield Finding(
                f"The file's journal mode is {mode}, not wal: readers and writers wait for each "
                "other",
                f"sqlite3 {shlex.quote(str(patient.location.path))} 'PRAGMA journal_mode=WAL'",
                result=CheckResult.WARNING,
            )
        return
    for name in ("fsync", "synchronous_commit"):
        if cursor.value(f"SHOW {name}") == "off":
            yield Finding(
                f"The server's {name} is off: a crash loses texts that were claimed, and they "
                "would be sent twice",
                f"psql -c 'ALTER SYSTEM SET {name} = on' -c 'SELECT pg_reload_conf()'",
                result=CheckResult.WARNING,
            )


def file_integrity(cursor: Cursor, patient: CheckContext) -> Iterator[Finding]:
    """Pages, indexes and constraints, as SQLite checks them, and types, which it does not."""
    for (words,) in cursor.tuples("PRAGMA integrity_check(20)"):
        if words == "ok":
            break
        only_index = any(part in words for part in _REINDEX)
        command = f"sqlite3 {shlex.quote(str(patient.location.path))} REINDEX"
        yield Finding(
            words if only_index else f"{words}. Restore the last backup, or mend the row",
            command if only_index else "petmsg db check",
        )
    for place in strange_values(cursor):
        yield Finding(
            f"{place} is not what belongs there. Restore the last backup, or mend the row",
            "petmsg db check",
        )


def clocks(cursor: Cursor, patient: CheckContext) -> Iterator[Finding]:
    """This machine's clock beside the server's, or the times of the file; and what was written."""
    here = patient.machine_clock()
    if patient.location.path is None:
        there = cursor.rows("SELECT clock_timestamp() AS at")[0]["at"]
        apart, whose = there - here, "the database server's"
        yield from _apart(abs(apart), f"{_length(apart)} {_side(apart)} {whose} clock")
    else:
        apart = _newest(patient.location.path) - here
        yield from _apart(apart, f"{_length(apart)} behind the newest of the database's files")
    newest = cursor.rows("SELECT max(at) AS at FROM audit_event")[0]["at"]
    if newest is not None and newest > patient.now + WRONG:
        yield Finding(
            f"The newest audit event has the time {format_local(newest, 'UTC')}, which is in the "
            "future: this machine's clock is wrong, or the clock that wrote the event was wrong",
            "date -u",
            result=CheckResult.WARNING,
        )


def _apart(apart: timedelta, words: str) -> Iterator[Finding]:
    if apart > UNEASY:
        result = CheckResult.PROBLEM if apart > WRONG else CheckResult.WARNING
        yield Finding(f"This machine's clock is {words}", "timedatectl", result=result)


def _length(apart: timedelta) -> str:
    return f"{round(abs(apart).total_seconds())} s"


def _side(apart: timedelta) -> str:
    return "behind" if apart > timedelta(0) else "ahead of"


def _newest(path: Path) -> datetime:
    times = [path.stat().st_mtime]
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            times.append(path.with_name(path.name + suffix).stat().st_mtime)
    return datetime.fromtimestamp(max(times), UTC)


SETTINGS = (
    Check("configuration", "The settings of the environment can be used", configuration, True),
    Check("timezones", "This machine knows the orgs' timezones", timezones, True),
    Check("credentials", "The orgs' providers have their credentials", credentials, True),
    Check(
        "provider",
        "The orgs' providers let us in",
        provider,
        True,
        lambda patient: patient.carrier_of is not None,
    ),
)
MACHINE = (
    Check("file_modes", "Nobody else may use the files", file_modes, True),
    Check("local_disk", "The file lies on a local disk", local_disk, True, on_sqlite),
    Check(
        "sqlite_version", "SQLite has no known bug that matters", sqlite_version, True, on_sqlite
    ),
    Check("durable_writes", "What was committed stays, whatever happens", durable_writes),
    Check("clocks", "The clocks agree", clocks),
    Check("file_integrity", "The file is whole", file_integrity, applies=on_sqlite),
)
