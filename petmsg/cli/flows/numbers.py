"""`number import`, `number health` and `number pace`: each one does one of several things."""

from collections.abc import Sequence
from functools import partial

from petmsg.cli.batch import import_file, look_at_each
from petmsg.cli.context import Context
from petmsg.cli.import_options import FileOptions
from petmsg.cli.options import checked_reason
from petmsg.cli.results import show_results
from petmsg.enums.files import ImportNoun
from petmsg.enums.numbers import NumberClass
from petmsg.errors import FINDING, UsageProblem
from petmsg.render.views.health import HEALTH, PACE, PACE_SET, PROPOSED
from petmsg.render.views.numbers import NUMBER_ADDED, QUARANTINED


def import_from_file(
    context: Context,
    file: str | None,
    option: str | None,
    options: FileOptions,
    *,
    number_class: NumberClass | None,
) -> None:
    """Import the numbers of a file; `number_class` is that of the rows that have none."""
    from petmsg.services.numbers import number_import

    import_file(
        context,
        file,
        option,
        partial(number_import.import_rows, number_class=number_class),
        noun=ImportNoun.NUMBER,
        options=options,
        given=() if number_class is None else ("class",),
    )


def import_from_provider(
    context: Context, file: str | None, *, number_class: NumberClass | None
) -> None:
    """Import the numbers of the provider's account, all with that class."""
    from petmsg.workflows import import_provider_numbers

    if file is not None or number_class is None:
        raise UsageProblem(
            "--from-provider requires --class and takes no FILE.",
            hint="petmsg number import --from-provider --class pool",
        )
    rows = import_provider_numbers.import_from_provider(context, number_class=number_class)
    show_results(context, NUMBER_ADDED, rows)


def show_health(
    context: Context, numbers: Sequence[str] | None, *, days: int, propose: bool, apply: bool
) -> None:
    """Show how the messages of the last `days` were delivered; with `apply` quarantine what is
    flagged. Sets exit code 10 if `propose` lists any."""
    from petmsg.services.numbers import health as service

    if propose and apply:
        raise UsageProblem("--propose and --apply cannot be combined.", hint="Leave one out.")
    with context.snapshot() as cursor:
        orgs = context.chosen(cursor)
        rows = (
            look_at_each(
                numbers,
                lambda text: service.health_of(cursor, orgs, text, now=context.now, days=days),
            )
            if numbers
            else service.health_of_all(cursor, orgs, now=context.now, days=days)
        )
    if apply:
        from petmsg.workflows.quarantine_filtered import quarantine_filtered

        done = quarantine_filtered(context, [org.slug for org in orgs], rows)
        show_results(context, QUARANTINED, done)
        return
    wanted = [row for row in rows if getattr(row, "propose", True) or not propose]
    show_results(context, PROPOSED if propose else HEALTH, wanted)
    if propose and wanted and not context.exit_code:
        context.exit_code = FINDING


def show_rate_limits(context: Context, numbers: Sequence[str]) -> None:
    """Show the rate limit of each number."""
    from petmsg.queries.number import show_pace

    with context.snapshot() as cursor:
        org = context.org(cursor)
        rows = look_at_each(numbers, lambda text: show_pace(cursor, org, text))
    show_results(context, PACE, rows)


def set_rate_limits(
    context: Context,
    numbers: Sequence[str],
    segments_per_second: float | None,
    *,
    reason: str | None,
) -> None:
    """Set the rate limit of the numbers; None goes back to the default of their type."""
    from petmsg.services.numbers import rate_limit as service

    rows = context.write(
        service.set_rate_limits,
        numbers,
        segments_per_second=segments_per_second,
        reason=checked_reason(reason),
    )
    show_results(context, PACE_SET, rows)
