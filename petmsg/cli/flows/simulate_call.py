"""`petmsg call simulate`: a call through the handlers of `petmsg serve`, and what people hear."""

from collections.abc import Iterator
from contextlib import contextmanager

from petmsg.cli.context import Context
from petmsg.enums.orgs import ProviderName
from petmsg.enums.simulated_calls import PickUp
from petmsg.errors import REFUSED, Busy, ExtraMissing, OutOfRange, Refused, quoted
from petmsg.plurals import counted
from petmsg.queries.inbound import org_of_number
from petmsg.queries.org import OrgRow, find_org
from petmsg.queries.simulated_call import TriedCall, tried_call
from petmsg.render.call_words import is_withheld
from petmsg.render.views.simulated_call import LINES, STEPS
from petmsg.workflows.rehearsal import rehearsal
from petmsg.workflows.simulated_call import SimulatedPeople, Step, lines_of
from petmsg.workflows.store import Store

WITHHELD = "anonymous"
"""What the provider gives for the phone of a caller who withholds it."""
NO_KEY = "none"
WAIT_SECONDS = 4.0
"""How long an event waits for a locked database, as in `petmsg serve`."""


def people(
    *, answer: bool | None, busy: bool, press: str, desk_answers: bool, leave: int, hang_up: bool
) -> SimulatedPeople:
    """What the options say. Raises `OutOfRange` for what cannot be so."""
    if busy and answer is not None:
        raise OutOfRange(
            "A phone that is busy neither answers nor rings.",
            hint="Choose one of --answer, --no-answer and --busy.",
        )
    if press != NO_KEY and not (press.isascii() and press.isdigit() and len(press) == 1):
        raise OutOfRange(
            f"{quoted(press)} is not a key.",
            hint=f"--press takes one digit, or {NO_KEY} for no key.",
        )
    pick_up = PickUp.BUSY if busy else PickUp.NO_ANSWER if answer is False else PickUp.ANSWER
    key = "" if press == NO_KEY else press
    is_told = (busy or answer is not None) and not desk_answers
    return SimulatedPeople(pick_up, key, desk_answers, leave, hang_up, desk_too=is_told)


def simulate(
    context: Context, *, from_: str, to: str, people: SimulatedPeople, is_live: bool
) -> None:
    """Carry out the call and show it. Exits with 4 if the call was rejected.

    Raises `Refused` for an org that sends real messages, and `Busy` if the call was not stored.
    """
    try:
        from petmsg.web.simulated_call import simulated
    except ModuleNotFoundError as problem:
        if (problem.name or "").partition(".")[0] == "petmsg":
            raise
        raise ExtraMissing("petmsg call simulate needs Starlette.", "web") from None
    if context.environment.wait_seconds is None:
        context.environment = context.environment._replace(wait_seconds=WAIT_SECONDS)
    phone = WITHHELD if is_withheld(from_) else context.phone(from_)
    number = context.phone(to)
    org = _org_of(context, number)
    if org is not None and not (is_live or context.dry_run):
        _require_sandbox(org)
    with _handlers_store(context) as store:
        played = simulated(
            store, org, phone=phone, number=number, people=people, reveal=context.reveal
        )
        with store.snapshot() as cursor:
            call = None if org is None else tried_call(cursor, org, played.call)
    _show(context, played.steps)
    if org is not None and call is None:
        raise Busy("The call was not stored: the database did not answer in time.")
    context.notify(_told(call, number, is_stored=not context.dry_run))
    context.exit_code = REFUSED if call is None or call.status == "rejected" else 0


def _org_of(context: Context, number: str) -> OrgRow | None:
    """The org that has or had the number; None if it was never an org's."""
    with context.snapshot() as cursor:
        slug = org_of_number(cursor, number)
        org = None if slug is None else find_org(cursor, slug)
    if org is not None:
        context.about(org)
    return org


def _require_sandbox(org: OrgRow) -> None:
    if org.provider is ProviderName.SANDBOX:
        return
    problem = Refused(
        f"Org {org.slug} uses {org.provider.value}: a simulated call is stored like a real one, "
        "and a reply to a missed call would be sent to the client.",
        hint="Add --dry-run to store nothing, or --live to store it all the same.",
    )
    problem.code = "org_is_live"
    raise problem


@contextmanager
def _handlers_store(context: Context) -> Iterator[Store]:
    """What the handlers work with; for a dry run one that is rolled back."""
    if not context.dry_run:
        yield context
        return
    with rehearsal(context) as rehearsed:
        yield rehearsed


def _show(context: Context, steps: list[Step]) -> None:
    if context.is_table:
        context.show_list(LINES, lines_of(steps))
    else:
        context.show_list(STEPS, steps)


def _told(call: TriedCall | None, number: str, *, is_stored: bool) -> str:
    """What became of the call, in a line. One that is not stored cannot be looked at."""
    if call is None:
        return f"{number} is no org's number: the call was rejected."
    told = f"Call {call.call}: " if is_stored else "The call would be: "
    told += call.status.replace("_", " ")
    if call.answered_by is not None:
        seconds = counted(call.duration_seconds or 0, "second")
        told += f", answered by the {call.answered_by.replace('_', ' ')}, {seconds}"
    if not is_stored:
        return f"{told}{'' if call.message is None else '; it would wait in the inbox'}."
    if call.message is not None:
        told += f"; it waits in the inbox as message {call.message}"
    return f"{told}. See: petmsg call show {call.call}"
