"""Run the checks of `doctor`: the invariants of the database and its environment.

Standard library only; Alembic is loaded if the schema differs from the migrations' schema. If one
check fails, its row says so and the other checks still run.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.db.driver_errors import is_driver_error, translate
from petmsg.enums.alerts import CheckResult
from petmsg.errors import Busy, DatabaseUnusable, NotFound, OutOfRange, PetmsgError, quoted
from petmsg.plurals import counted
from petmsg.queries.invariants.absences import ABSENCES
from petmsg.queries.invariants.bookings import BOOKINGS, CLIENTS
from petmsg.queries.invariants.calls import CALLS
from petmsg.queries.invariants.import_maps import IMPORT_MAPS
from petmsg.queries.invariants.invariant import Invariant, broken
from petmsg.queries.invariants.media import MEDIA
from petmsg.queries.invariants.messages import MESSAGES
from petmsg.queries.invariants.notify import CHANNELS as STORED_CHANNELS
from petmsg.queries.invariants.numbers import NUMBERS, SITTERS
from petmsg.queries.invariants.orgs import ORGS
from petmsg.queries.invariants.orphan_references import orphan_references, unknown_values
from petmsg.queries.invariants.overrides import OVERRIDES
from petmsg.queries.invariants.purchases import PURCHASES
from petmsg.queries.invariants.replies import REPLIES
from petmsg.queries.invariants.templates import TEMPLATES
from petmsg.queries.org import all_orgs, find_org
from petmsg.queries.savepoint import release_savepoint, set_savepoint, undo_to_savepoint
from petmsg.services.audit import verify
from petmsg.services.doctor.account_checks import ACCOUNT_AT_PROVIDER
from petmsg.services.doctor.backlog_checks import BACKLOG
from petmsg.services.doctor.check import Check, CheckContext, Finding, group_findings
from petmsg.services.doctor.environment_checks import ENVIRONMENT, SETTINGS
from petmsg.services.doctor.event_checks import LATEST_EVENTS
from petmsg.services.doctor.media_checks import MEDIA_STORE
from petmsg.services.doctor.notify_checks import CHANNELS
from petmsg.services.doctor.number_checks import NUMBERS_AT_PROVIDER
from petmsg.services.fix_commands import by_slug
from petmsg.suggestions import closest_words, did_you_mean

INVARIANTS = (
    *ORGS,
    *CLIENTS,
    *SITTERS,
    *NUMBERS,
    *PURCHASES,
    *BOOKINGS,
    *MESSAGES,
    *REPLIES,
    *CALLS,
    *OVERRIDES,
    *ABSENCES,
    *IMPORT_MAPS,
    *MEDIA,
    *STORED_CHANNELS,
    *TEMPLATES,
)
_SEVERITY = list(CheckResult)


@dataclass(frozen=True, slots=True)
class Checked:
    """One row of `doctor`: a check without findings, or one finding."""

    check: str
    result: CheckResult
    org: str | None
    message: str
    command: str | None


def prepare(cursor: Cursor, context: CheckContext, slug: str | None) -> CheckContext:
    """The context with its orgs: the one with this slug, or all. Raises `NotFound` and `Busy`.

    If the orgs cannot be read, the context has none and `orgs_error` says why.
    """
    try:
        with _savepoint(cursor):
            every_org = all_orgs(cursor)
            chosen = every_org if slug is None else [find_org(cursor, slug)]
    except (Busy, NotFound):
        raise
    except Exception as problem:  # noqa: BLE001 because `_to_petmsg_error` raises what is a bug
        return replace(context, orgs_error=_to_petmsg_error(problem))
    return replace(context, orgs=chosen, slugs=by_slug(every_org), is_one_org=slug is not None)


def run_checks(cursor: Cursor, context: CheckContext, names: Collection[str] = ()) -> list[Checked]:
    """Run the checks of the database itself: all, or those with these names. Raises `Busy`."""
    return [
        row
        for check in CHECKS
        if not check.is_external and _is_wanted(check, context, names)
        for row in _result_rows(check, partial(_find, cursor, check, context))
    ]


def run_environment_checks(context: CheckContext, names: Collection[str] = ()) -> list[Checked]:
    """Run the external checks: all, or those with these names.

    No transaction may be open, because a check may ask a provider.
    """
    return [
        row
        for check in CHECKS
        if check.is_external and _is_wanted(check, context, names)
        for row in _result_rows(check, partial(check.find, context))
    ]


def in_order(rows: Iterable[Checked]) -> list[Checked]:
    """Sort the rows by severity, the most severe last; otherwise in the order of the checks."""
    place = {check.name: index for index, check in enumerate(CHECKS)}
    return sorted(rows, key=lambda row: (_SEVERITY.index(row.result), place[row.check]))


def require_known(names: Collection[str]) -> None:
    """Raise `OutOfRange` for a name that no check has."""
    known = [check.name for check in CHECKS]
    for name in names:
        if name not in known:
            meant = did_you_mean(closest_words(name, known))
            raise OutOfRange(
                f"Unknown check {quoted(name)}.",
                hint=f"{meant} One of {', '.join(known)}.".lstrip(),
            )


def _is_wanted(check: Check, context: CheckContext, names: Collection[str]) -> bool:
    return (not names or check.name in names) and check.applies(context)


@contextmanager
def _savepoint(cursor: Cursor) -> Iterator[None]:
    """A savepoint, because on PostgreSQL a failed statement makes all later ones fail."""
    set_savepoint(cursor, "doctor")
    try:
        yield
    finally:
        undo_to_savepoint(cursor, "doctor")
        release_savepoint(cursor, "doctor")


def _find(cursor: Cursor, check: Check, context: CheckContext) -> list[Finding]:
    with _savepoint(cursor):
        return list(check.find(cursor, context))


def _result_rows(check: Check, look: Callable[[], Iterable[Finding]]) -> list[Checked]:
    """The rows of one check: its findings, or that it holds, or why it could not be run."""
    try:
        found = list(look())
    except Exception as problem:  # noqa: BLE001 because `_to_petmsg_error` raises what is a bug
        named = _to_petmsg_error(problem)
        found = [Finding(f"This check failed: {named.with_hint}", "petmsg db check")]
    return [
        Checked(check.name, each.result, each.org, each.message, each.command) for each in found
    ] or [Checked(check.name, CheckResult.OK, None, check.holds, None)]


def _to_petmsg_error(problem: Exception) -> PetmsgError:
    """Translate an error of the database. Raises `Busy`, and any error that is a bug of petmsg."""
    if isinstance(problem, Busy):
        raise problem
    if isinstance(problem, PetmsgError):
        return problem
    if is_driver_error(problem):
        return _to_petmsg_error(translate(problem))
    if isinstance(problem, TypeError | ValueError):
        return DatabaseUnusable("A stored value cannot be read.")
    raise problem


# -------------------------------------------------------------------------- what the database holds


def _schema(context: CheckContext) -> Iterator[Finding]:
    """Tables, columns, keys, CHECKs, indexes and triggers that differ from the migrations'."""
    from petmsg.db import migrate

    for words in migrate.check(context.location.url):
        yield Finding(f"{words[0].upper()}{words[1:]}", "petmsg db check")


def _orgs(_: Cursor, context: CheckContext) -> Iterator[Finding]:
    if context.orgs_error is not None:
        raise context.orgs_error
    yield from ()


def _invariant_check(invariant: Invariant) -> Check:
    """The check for an invariant."""

    def look(cursor: Cursor, context: CheckContext) -> Iterator[Finding]:
        def finding(row: dict[str, Any], org: str | None) -> Finding:
            command = invariant.command
            return Finding(
                invariant.finding.format(**row),
                None if command is None else context.command(command, org, row),
                org,
            )

        return group_findings(context, broken(cursor, invariant, now=context.now), finding)

    return Check(invariant.name, invariant.holds, look)


def _references(cursor: Cursor, context: CheckContext) -> Iterator[Finding]:
    """References to a row of another org, or to no row."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        other = context.slug(row["other_org"])
        where = f"a {row['target']} of {other}" if other else f"a missing {row['target']}"
        rows = counted(row["rows"], "row")
        words = f"{row['column']} of {rows} in {row['table']} references {where}"
        return Finding(words, "petmsg db check", org)

    return group_findings(context, orphan_references(cursor), finding)


def _vocabulary(cursor: Cursor, context: CheckContext) -> Iterator[Finding]:
    """Values that are not in their column's vocabulary."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        place = f"{row['column']} of {counted(row['rows'], 'row')} in {row['table']}"
        return Finding(f"{place} has the invalid value {row['word']!r}", "petmsg db check", org)

    return group_findings(context, unknown_values(cursor), finding)


def _audit(cursor: Cursor, context: CheckContext) -> Iterator[Finding]:
    """Audit events that were changed, removed or inserted."""
    for org in context.orgs:
        found = verify(cursor, org)
        if not found.ok:
            yield Finding(
                f"Event {found.broken_seq}: {found.problem}",
                context.command("petmsg audit verify{org}", org.slug),
                org.slug,
            )


CHECKS: tuple[Check, ...] = (
    *SETTINGS,
    *NUMBERS_AT_PROVIDER,
    *ACCOUNT_AT_PROVIDER,
    *ENVIRONMENT,
    Check(
        "schema",
        "Tables, keys, CHECKs, indexes and triggers match the migrations",
        _schema,
        is_external=True,
    ),
    Check("orgs", "The orgs can be read", _orgs),
    *map(_invariant_check, INVARIANTS),
    Check("pointers", "References between rows are valid and stay within an org", _references),
    Check("words", "Statuses, kinds and other enum values are valid", _vocabulary),
    Check("audit_chain", "No audit event was changed, removed or inserted", _audit),
    LATEST_EVENTS,
    *MEDIA_STORE,
    *CHANNELS,
    *BACKLOG,
)
"""All checks, in the order in which they are reported."""
