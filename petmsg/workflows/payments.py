"""Payments, from whatever brings Stripe's events to the one service that confirms their bookings.

`pay` is what `petmsg serve` and `booking confirm --stripe-event` both call.
"""

from collections.abc import Callable, Sequence
from typing import Any

from petmsg.cli.context import Context
from petmsg.cli.options import read_file
from petmsg.cli.results import show_results
from petmsg.db.cursor import Cursor
from petmsg.enums import StripeOutcome
from petmsg.errors import NotFound, OrgNotChosen, PetmsgError
from petmsg.providers.stripe_event import Payment, WrittenEvent, read_events
from petmsg.queries.org import OrgRow, find_org
from petmsg.queries.payments import org_that_was_paid
from petmsg.render.views.conversation import CONFIRMED
from petmsg.services.bookings.payments import Paid, pay_each, tell_nobody_known
from petmsg.services.transfer.row_files import CHUNK
from petmsg.services.unit_of_work import Failure

Taken = Paid | Failure


def pay(run: Context, payments: Sequence[Payment]) -> list[Taken]:
    """Confirm what was paid, each event once; results in their order.

    The org is the one the event names, else the chosen one, else the only one. Committed when it
    returns.
    """
    with run.snapshot() as cursor:
        found = [_org_of(run, cursor, payment) for payment in payments]
    taken: dict[int, Taken] = {}
    slugs = [org.slug if isinstance(org, OrgRow) else None for org in found]
    for slug in dict.fromkeys(slugs):
        places = [place for place, each in enumerate(slugs) if each == slug]
        if slug is not None:
            results = run.write_in(slug, pay_each, [payments[place] for place in places])
            taken.update(zip(places, results, strict=True))
    for place, org in enumerate(found):
        if not isinstance(org, OrgRow):
            taken[place] = _nobodys(run, payments[place], org)
    return [taken[place] for place in range(len(payments))]


def _org_of(run: Context, cursor: Cursor, payment: Payment) -> OrgRow | PetmsgError:
    named = payment.org
    if named is None and payment.trouble is not None and payment.payment_id is not None:
        named = org_that_was_paid(cursor, payment.payment_id)
    if named is not None and not named.isprintable():
        return NotFound("org", named)
    try:
        return find_org(cursor, named or run.setting("org").value)
    except (NotFound, OrgNotChosen) as problem:
        return problem


def _nobodys(run: Context, payment: Payment, problem: PetmsgError) -> Paid:
    if payment.ignored is not None:
        return Paid(payment, StripeOutcome.IGNORED, note=payment.ignored)
    return run.transact(
        lambda transaction: tell_nobody_known(
            transaction, payment, problem, actor=run.actor, now=run.now
        )
    )


def confirm_paid(run: Context, file: str, *, warn: Callable[[Context, Any], None]) -> None:
    """`booking confirm --stripe-event`: the events of a file, as if Stripe had just sent them."""
    events = read_events(read_file(file))
    payments = [each.payment for each in events if each.payment is not None]
    if any(each.org is None and each.ignored is None for each in payments):
        with run.snapshot() as cursor:
            run.org(cursor)  # a person can be asked to choose one; Stripe could not
    taken: list[Taken] = []
    for start in range(0, len(payments), CHUNK):
        taken += pay(run, payments[start : start + CHUNK])
    done = iter(taken)
    rows = []
    for event in events:
        rows += _rows(run, event, next(done) if event.payment is not None else None)
    if len(events) == 1 and rows and isinstance(rows[0], Failure):
        raise rows[0].error
    show_results(run, CONFIRMED, rows)
    for row in rows:
        if not isinstance(row, Failure):
            warn(run, row)


def _rows(run: Context, event: WrittenEvent, taken: Taken | None) -> list[Any]:
    """An event's rows: one for each booking that it pays."""
    parts = taken.parts if isinstance(taken, Paid) else ()
    rows = [_row(run, event, each) for each in parts or (taken,)]
    return [row for row in rows if row is not None]


def _row(run: Context, event: WrittenEvent, taken: Taken | None) -> Any:
    """An event's row as `booking confirm` prints it; None for one that confirms nothing."""
    line = event.line or None
    if taken is None:
        assert event.problem is not None
        return Failure(f"event {event.place}", event.problem, row=line)
    if isinstance(taken, Failure):
        return Failure(taken.ref, taken.error, row=line)
    if taken.problem is not None:
        return Failure(taken.payment.booking or taken.payment.event_id, taken.problem, row=line)
    if taken.confirmed is None:
        run.say(f"{taken.payment.event_id} ({taken.payment.kind}) confirms nothing: {taken.note}.")
    return taken.confirmed
