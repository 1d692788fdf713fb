"""Checks of the environment: the database file, clocks, SQLite, settings and credentials.

Standard library only.
"""

import glob
import os
import pwd
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
from petmsg.db.location import Location, network_file_system
from petmsg.db.write_lock import lock_file
from petmsg.enums.alerts import CheckResult
from petmsg.errors import OutOfRange, PetmsgError
from petmsg.file_privacy import private_command
from petmsg.providers.public_url import checked_public_url
from petmsg.providers.registry import (
    credential_problem,
    credential_source,
    with_credentials,
)
from petmsg.queries.org import Account
from petmsg.queries.server_settings import (
    integrity_problems,
    is_off,
    journal_mode,
    newest_event_at,
    server_time,
    takes_changes,
)
from petmsg.services.doctor.address_checks import direct_address, reading_address
from petmsg.services.doctor.check import Check, CheckContext, Finding, on_sqlite

CLOCK_WARNING = timedelta(seconds=5)
CLOCK_PROBLEM = timedelta(seconds=60)
"""Two clocks may differ this much before it is a warning, and before it is a problem."""

_EFFECTIVE = os.access in os.supports_effective_ids
_REINDEX = ("missing from index", "entries in index", "non-unique entry")


def configuration(context: CheckContext) -> Iterator[Finding]:
    """Environment variables with a value that a command would refuse."""
    try:
        settings.twilio_timeout_seconds(context.environ)
    except OutOfRange as problem:
        yield Finding(problem.with_hint, "petmsg config show")
    public_url = context.environ.get(settings.PUBLIC_URL)
    if public_url:
        try:
            checked_public_url(public_url)
        except PetmsgError as problem:
            yield Finding(problem.with_hint, "petmsg config show")
    url = context.environ.get(settings.TWILIO_API_URL)
    if url and "@" in url:
        yield Finding(
            f"{settings.TWILIO_API_URL} contains a user or a password. Remove them.",
            "petmsg config show",
        )
    yield from direct_address(context)
    yield from reading_address(context)


def timezones(context: CheckContext) -> Iterator[Finding]:
    """Orgs with a timezone that this machine does not know."""
    for org in context.orgs:
        try:
            zone(org.timezone)
        except OutOfRange as problem:
            yield Finding(
                problem.message,
                context.command("petmsg org set{org} --timezone ZONE", org.slug),
                org.slug,
            )


def credentials(context: CheckContext) -> Iterator[Finding]:
    """Credentials that are missing or invalid, of the providers that reach real phones.

    Existing credentials are checked even if no org uses them yet, because they are stored before an
    org is switched to the provider.
    """
    users: dict[Account, list[str]] = {}
    for org in context.orgs:
        users.setdefault(org.account, []).append(org.slug)
    for name, of_account in with_credentials(context.environ):
        users.setdefault(Account(name, of_account), [])
    for account, slugs in users.items():
        problem = credential_problem(account.provider, context.environ, account.name)
        if problem is not None:
            whose = f"{', '.join(slugs)} cannot send: " if slugs else ""
            is_asked = slugs or context.provider_of is not None
            yield Finding(
                f"{whose}{problem.with_hint}",
                "petmsg config show",
                result=CheckResult.PROBLEM if is_asked else CheckResult.WARNING,
            )


def provider(context: CheckContext) -> Iterator[Finding]:
    """Providers that refuse the credentials. Each account is asked once for its numbers, which
    `number_checks` looks at too."""
    for account, orgs in context.sharing_accounts().items():
        try:
            context.numbers_of(orgs[0])
        except PetmsgError as problem:
            yield Finding(f"{account}: {problem.with_hint}", "petmsg config show")


def file_modes(context: CheckContext) -> Iterator[Finding]:
    """Database and credentials files that other users than the owner may read or write, and a
    database that this user may not write to."""
    path = context.location.path
    files = []
    if path is not None:
        if not context.location.is_read_only:
            yield from map(_unwritable, filter(_is_closed, (path.parent, path, lock_file(path))))
        files = [path, *sorted(path.parent.glob(f"{glob.escape(path.name)}[-.]*"))]
    accounts = with_credentials(context.environ)
    sources = {credential_source(name, context.environ, account) for name, account in accounts}
    files += [
        Path(source.removeprefix("file "))
        for source in sorted(filter(None, sources))
        if source.startswith("file ")
    ]
    for file in files:
        try:
            found = file.stat()
        except OSError:  # the file of a worker that has just ended
            continue
        if stat.S_ISREG(found.st_mode) and stat.S_IMODE(found.st_mode) & 0o077:
            yield Finding(
                f"Other users can access {file} (mode {stat.S_IMODE(found.st_mode):04o})",
                private_command(file),
            )


def _is_closed(path: Path) -> bool:
    return path.exists() and not os.access(path, os.R_OK | os.W_OK, effective_ids=_EFFECTIVE)


def _unwritable(path: Path) -> Finding:
    user, quoted = os.geteuid(), shlex.quote(str(path))
    is_own = path.stat().st_uid == user
    return Finding(
        f"This user may not write to {path}, so nothing can be changed or sent",
        f"chmod u+rw {quoted}" if is_own else f"chown {_user_name(user)} {quoted}",
    )


def _user_name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def local_disk(context: CheckContext) -> Iterator[Finding]:
    """A database file on a network file system, where SQLite's locks are not reliable."""
    path = context.location.path
    assert path is not None
    kind = network_file_system(path.parent, mounts=context.mounts)
    if kind is not None:
        yield Finding(
            f"{path} is on a network file system ({kind}). Copy it to a local disk and set "
            f"{settings.DATABASE}, or use PostgreSQL",
            f"petmsg db backup /a/local/folder/{shlex.quote(path.name)}",
        )


def sqlite_version(
    _: CheckContext, version: tuple[int, ...] = sqlite3.sqlite_version_info
) -> Iterator[Finding]:
    """SQLite versions with the WAL-reset bug, which can corrupt a database (source: sqlite.org,
    "Write-Ahead Logging", section "The WAL-Reset Bug")."""
    major, minor, patch = version[:3]
    fixed_in = {(3, 44): 6, (3, 50): 7}.get((major, minor))
    if (fixed_in is None or patch < fixed_in) and version < (3, 51, 3):
        yield Finding(
            f"SQLite {'.'.join(map(str, version))} has the WAL-reset bug (fixed in 3.44.6, 3.50.7 "
            "and 3.51.3). petmsg's write lock avoids it; let no other program write to the file",
            result=CheckResult.WARNING,
        )


def durable_writes(cursor: Cursor, context: CheckContext) -> Iterator[Finding]:
    """Settings with which a crash loses committed data, writers block readers, or nothing can be
    written."""
    if not takes_changes(cursor):
        yield Finding(
            "The PostgreSQL server is read-only, or a standby: nothing can be changed or sent",
            "petmsg config show",
        )
    if context.location.path is not None:
        mode = journal_mode(cursor)
        if mode != "wal":
            yield Finding(
                f"The file's journal mode is {mode}, not wal: readers and writers block each other",
                f"sqlite3 {shlex.quote(str(context.location.path))} 'PRAGMA journal_mode=WAL'",
                result=CheckResult.WARNING,
            )
        return
    for name in ("fsync", "synchronous_commit"):
        if is_off(cursor, name):
            yield Finding(
                f"The server's {name} is off: after a crash, claimed messages can be lost and "
                "sent twice",
                f"psql -c 'ALTER SYSTEM SET {name} = on' -c 'SELECT pg_reload_conf()'",
                result=CheckResult.WARNING,
            )


def file_integrity(cursor: Cursor, context: CheckContext) -> Iterator[Finding]:
    """Damaged pages, indexes and constraints that SQLite reports, and values of a wrong type."""
    for words in integrity_problems(cursor):
        if words == "ok":
            break
        only_index = any(part in words for part in _REINDEX)
        command = f"sqlite3 {shlex.quote(str(context.location.path))} REINDEX"
        yield Finding(
            words if only_index else f"{words}. Restore the last backup, or repair the row",
            command if only_index else "petmsg db check",
        )
    for place in strange_values(cursor):
        yield Finding(
            f"{place} has a value of a wrong type. Restore the last backup, or repair the row",
            "petmsg db check",
        )


def clocks(cursor: Cursor, context: CheckContext) -> Iterator[Finding]:
    """Whether this machine's clock agrees with the database server's clock or the file's times, and
    with the newest audit event."""
    here = context.machine_clock()
    if context.location.has_own_clock:
        there = server_time(cursor)
        apart, whose = there - here, "the database server's"
        yield from _clock_finding(abs(apart), f"{_length(apart)} {_side(apart)} {whose} clock")
    else:
        apart = _newest(context.location) - here
        yield from _clock_finding(
            apart, f"{_length(apart)} behind the newest of the database's files"
        )
    newest = newest_event_at(cursor)
    if newest is not None and newest > context.now + CLOCK_PROBLEM:
        yield Finding(
            f"The newest audit event has the time {format_local(newest, 'UTC')}, which is in the "
            "future: this machine's clock is wrong, or the clock that wrote the event was wrong",
            "date -u",
            result=CheckResult.WARNING,
        )


def _clock_finding(apart: timedelta, words: str) -> Iterator[Finding]:
    if apart > CLOCK_WARNING:
        result = CheckResult.PROBLEM if apart > CLOCK_PROBLEM else CheckResult.WARNING
        yield Finding(f"This machine's clock is {words}", "timedatectl", result=result)


def _length(apart: timedelta) -> str:
    return f"{round(abs(apart).total_seconds())} s"


def _side(apart: timedelta) -> str:
    return "behind" if apart > timedelta(0) else "ahead of"


def _newest(location: Location) -> datetime:
    path = location.path
    assert path is not None
    times = [path.stat().st_mtime]
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            times.append(path.with_name(path.name + suffix).stat().st_mtime)
    return datetime.fromtimestamp(max(times), UTC)


SETTINGS = (
    Check("configuration", "The environment variables are valid", configuration, True),
    Check("timezones", "This machine knows the orgs' timezones", timezones, True),
    Check("credentials", "The providers' credentials are present and valid", credentials, True),
    Check(
        "provider",
        "No provider refuses the credentials",
        provider,
        True,
        lambda context: context.provider_of is not None,
    ),
)
ENVIRONMENT = (
    Check("file_modes", "Only their owner can access the files", file_modes, True),
    Check("local_disk", "The file is on a local disk", local_disk, True, on_sqlite),
    Check("sqlite_version", "SQLite has no known bug with WAL", sqlite_version, True, on_sqlite),
    Check("durable_writes", "Durable writes are enabled", durable_writes),
    Check("clocks", "The clocks agree", clocks),
    Check("file_integrity", "The file is not damaged", file_integrity, applies=on_sqlite),
)
