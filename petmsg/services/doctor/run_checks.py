"""Every rule of petmsg looked up once more, and the machine around it: what is wrong, and what
mends it.

Standard library only, but for a schema that is not as it was made: what is different, Alembic says.
Each check is on its own: one that cannot be made says so, and the others go on.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from petmsg.db.cursor import Cursor
from petmsg.db.driver_errors import is_driver_error, translate
from petmsg.enums import CheckResult
from petmsg.errors import Busy, DatabaseUnusable, NotFound, OutOfRange, PetmsgError, quoted
from petmsg.queries.invariants.bookings import BOOKINGS, CLIENTS
from petmsg.queries.invariants.invariant import Invariant, broken
from petmsg.queries.invariants.messages import TEXTS
from petmsg.queries.invariants.numbers import NUMBERS, SITTERS
from petmsg.queries.invariants.orgs import ORGS
from petmsg.queries.invariants.orphan_references import strays, unknown_words
from petmsg.queries.invariants.replies import REPLIES
from petmsg.queries.org import all_orgs, find_org
from petmsg.services.audit import verify
from petmsg.services.doctor.backlog_checks import UPKEEP
from petmsg.services.doctor.check import Check, CheckContext, Finding, group_findings
from petmsg.services.doctor.environment_checks import MACHINE, SETTINGS
from petmsg.services.doctor.event_checks import EVENTS_STAND
from petmsg.services.fix_commands import by_slug
from petmsg.suggestions import closest_words, did_you_mean

INVARIANTS = (*ORGS, *CLIENTS, *SITTERS, *NUMBERS, *BOOKINGS, *TEXTS, *REPLIES)
_GRAVITY = list(CheckResult)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: that all is well, or one thing that is not."""

    check: str
    result: CheckResult
    org: str | None
    message: str
    command: str | None


def prepare(cursor: Cursor, patient: CheckContext, slug: str | None) -> CheckContext:
    """The patient with its orgs: the one of that slug, or all. Raises `NotFound`.

    Orgs that cannot be read are no reason to give up: then it is without any, and says why.
    """
    try:
        with _savepoint(cursor):
            there = all_orgs(cursor)
            chosen = there if slug is None else [find_org(cursor, slug)]
    except (Busy, NotFound):
        raise
    except Exception as problem:  # noqa: BLE001 because `_named` raises what is a bug
        return replace(patient, broken=_named(problem))
    return replace(patient, orgs=chosen, known=by_slug(there), chosen_one=slug is not None)


def run_checks(cursor: Cursor, patient: CheckContext, names: Collection[str] = ()) -> list[Checked]:
    """The checks of the database itself: all, or those of these names. Raises `Busy`."""
    return [
        row
        for check in CHECKS
        if not check.around and _is_wanted(check, patient, names)
        for row in _tried(check, partial(_look, cursor, check, patient))
    ]


def run_environment_checks(patient: CheckContext, names: Collection[str] = ()) -> list[Checked]:
    """The checks of what is around the database. No transaction may be open: a provider is asked,
    if at all."""
    return [
        row
        for check in CHECKS
        if check.around and _is_wanted(check, patient, names)
        for row in _tried(check, partial(check.look, patient))
    ]


def in_order(rows: Iterable[Checked]) -> list[Checked]:
    """What is well first, what is gravest last; otherwise in the order of the checks."""
    place = {check.name: index for index, check in enumerate(CHECKS)}
    return sorted(rows, key=lambda row: (_GRAVITY.index(row.result), place[row.check]))


def require_known(names: Collection[str]) -> None:
    """Raises `OutOfRange` for a name that no check has."""
    known = [check.name for check in CHECKS]
    for name in names:
        if name not in known:
            meant = did_you_mean(closest_words(name, known))
            raise OutOfRange(
                f"There is no check {quoted(name)}.",
                hint=f"{meant} One of {', '.join(known)}.".lstrip(),
            )


def _is_wanted(check: Check, patient: CheckContext, names: Collection[str]) -> bool:
    return (not names or check.name in names) and check.applies(patient)


@contextmanager
def _savepoint(cursor: Cursor) -> Iterator[None]:
    """On PostgreSQL a statement that fails would fail all those after it."""
    cursor.run("SAVEPOINT doctor")
    try:
        yield
    finally:
        cursor.run("ROLLBACK TO SAVEPOINT doctor")
        cursor.run("RELEASE SAVEPOINT doctor")


def _look(cursor: Cursor, check: Check, patient: CheckContext) -> list[Finding]:
    with _savepoint(cursor):
        return list(check.look(cursor, patient))


def _tried(check: Check, look: Callable[[], Iterable[Finding]]) -> list[Checked]:
    """The rows of one check: its findings, or that it holds, or why that cannot be told."""
    try:
        found = list(look())
    except Exception as problem:  # noqa: BLE001 because `_named` raises what is a bug
        named = _named(problem)
        found = [Finding(f"This cannot be told: {named.message} {named.hint}", "petmsg db check")]
    return [
        Checked(check.name, each.result, each.org, each.message, each.command) for each in found
    ] or [Checked(check.name, CheckResult.OK, None, check.holds, None)]


def _named(problem: Exception) -> PetmsgError:
    """The error as petmsg words it. Raises what is a reason to try again, or a bug."""
    if isinstance(problem, Busy):
        raise problem
    if isinstance(problem, PetmsgError):
        return problem
    if is_driver_error(problem):
        return _named(translate(problem))
    if isinstance(problem, TypeError | ValueError):
        return DatabaseUnusable("What is stored makes no sense.")
    raise problem


# -------------------------------------------------------------------------- what the database holds


def _schema(patient: CheckContext) -> Iterator[Finding]:
    """Tables, columns, keys, CHECKs, indexes and triggers beside those that the migrations make."""
    from petmsg.db import migrate

    for words in migrate.check(patient.location.url):
        yield Finding(f"{words[0].upper()}{words[1:]}", "petmsg db check")


def _orgs(_: Cursor, patient: CheckContext) -> Iterator[Finding]:
    if patient.broken is not None:
        raise patient.broken
    yield from ()


def _kept(invariant: Invariant) -> Check:
    """The check of an invariant."""

    def look(cursor: Cursor, patient: CheckContext) -> Iterator[Finding]:
        def finding(row: dict[str, Any], org: str | None) -> Finding:
            command = invariant.command
            return Finding(
                invariant.finding.format(**row),
                None if command is None else patient.command(command, org, row),
                org,
            )

        return group_findings(patient, broken(cursor, invariant, now=patient.now), finding)

    return Check(invariant.name, invariant.holds, look)


def _pointers(cursor: Cursor, patient: CheckContext) -> Iterator[Finding]:
    """Rows that point into another org, or nowhere."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        other = patient.slug(row["other_org"])
        where = f"a {row['target']} of {other}" if other else f"a {row['target']} that is not there"
        words = f"{row['rows']} row(s) of {row['table']} point by {row['column']} to {where}"
        return Finding(words, "petmsg db check", org)

    return group_findings(patient, strays(cursor), finding)


def _words(cursor: Cursor, patient: CheckContext) -> Iterator[Finding]:
    """Words that none of petmsg's vocabularies knows."""

    def finding(row: dict[str, Any], org: str | None) -> Finding:
        place = f"{row['rows']} row(s) of {row['table']} have {row['column']}"
        return Finding(f"{place} {row['word']!r}, which means nothing", "petmsg db check", org)

    return group_findings(patient, unknown_words(cursor), finding)


def _audit(cursor: Cursor, patient: CheckContext) -> Iterator[Finding]:
    """Events that were changed, taken out or put in."""
    for org in patient.orgs:
        found = verify(cursor, org)
        if not found.ok:
            yield Finding(
                f"Event {found.broken_seq}: {found.problem}",
                patient.command("petmsg audit verify{org}", org.slug),
                org.slug,
            )


CHECKS: tuple[Check, ...] = (
    *SETTINGS,
    *MACHINE,
    Check(
        "schema", "Tables, keys, CHECKs, indexes and triggers are petmsg's", _schema, around=True
    ),
    Check("orgs", "The orgs can be read", _orgs),
    *map(_kept, INVARIANTS),
    Check("pointers", "No row points into another org, or nowhere", _pointers),
    Check("words", "Every word is one that petmsg knows", _words),
    Check("audit_chain", "No audit event was changed, taken out or put in", _audit),
    EVENTS_STAND,
    *UPKEEP,
)
"""Every check, in the order in which they are told."""
