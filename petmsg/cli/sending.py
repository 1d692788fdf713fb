"""Sending from the command line: claim, hand over with no transaction open, record.

The one place where a command is more than one transaction, because no provider is ever called
inside one.
"""

from collections.abc import Sequence
from dataclasses import replace

from petmsg.cli.carriers import carrier_of
from petmsg.cli.results import show_results
from petmsg.cli.run import Run
from petmsg.enums import MessageStatus
from petmsg.errors import (
    BUSY,
    CONFIGURATION,
    DONE,
    PROVIDER,
    REFUSED,
    PetmsgError,
    ProviderOutcomeUnknown,
)
from petmsg.providers.base import Provider, Unknown
from petmsg.queries.message import queued
from petmsg.queries.org import OrgRow
from petmsg.render.fields import Field
from petmsg.services import claim as service
from petmsg.services.claim import NoNumber, Sending
from petmsg.services.message import MessageNotWaiting
from petmsg.services.work import Failure


def send(
    run: Run,
    client: str,
    *,
    fields: Sequence[Field],
    body: str,
    key: str | None,
    as_sitter: str | None,
    queue_only: bool,
) -> None:
    """Queue and send one text; raises what a sender must know, after the result is stored."""
    with run.snapshot() as cursor:
        org = run.org(cursor)
    carrier = None if queue_only else carrier_of(run, org)
    taken = run.write_in(
        org.slug,
        service.queue_and_claim,
        client,
        body=body,
        key=key,
        as_sitter=as_sitter,
        queue_only=queue_only,
        provider=org.provider,
    )
    problem = None
    if carrier is not None and taken.claim is not None and not run.dry_run:
        taken, problem = _hand_over(run, org, carrier, taken)
    run.show_one(fields, taken)
    if taken.waiting is not None and taken.waiting.decision is not None:
        raise NoNumber(taken.waiting.decision, hint=_no_number_hint(run, taken.message))
    if problem is not None:
        raise problem
    if taken.note is not None:
        run.say(f"Text {taken.message}: {taken.note}.")


def _no_number_hint(run: Run, message: int) -> str:
    if run.dry_run:
        return "It would stay queued until a number is free."
    return (
        f"Text {message} stays queued. Free a number, then petmsg message dispatch;"
        f" or drop it: petmsg message cancel {message}"
    )


def dispatch(run: Run, *, fields: Sequence[Field]) -> None:
    """Send what is queued, one text after the other; exit by the worst that happened."""
    rows: list[Sending | Failure] = []
    codes = {DONE}
    # All of them before the first claim: one org's missing credentials leave no other half done.
    carriers = [(org, carrier_of(run, org)) for org in run.orgs()]
    for org, carrier in carriers:
        with run.snapshot() as cursor:
            waiting = queued(cursor, org)
        for message_id in waiting:
            run.tick()
            row, code = _dispatch_one(run, org, carrier, message_id)
            rows.append(row)
            codes.add(code)
            if code == CONFIGURATION:
                break
    if any(isinstance(row, Failure) for row in rows):
        show_results(run, fields, rows)
    else:
        run.show_list(fields, rows)
    known = (CONFIGURATION, PROVIDER, REFUSED, BUSY)
    run.exit_code = next((code for code in known if code in codes), max(codes))


def _dispatch_one(
    run: Run, org: OrgRow, carrier: Provider, message_id: int
) -> tuple[Sending | Failure, int]:
    try:
        taken = run.write_in(org.slug, service.claim_now, message_id, provider=org.provider)
    except MessageNotWaiting as taken_by_another:
        return Failure(str(message_id), taken_by_another), DONE
    except PetmsgError as problem:
        return Failure(str(message_id), problem), problem.exit_code
    if taken.claim is None or run.dry_run:
        no_number = taken.waiting is not None and taken.waiting.decision is not None
        return taken, REFUSED if no_number else DONE
    try:
        sent, failed = _hand_over(run, org, carrier, taken)
    except PetmsgError as problem:
        return Failure(str(message_id), problem), problem.exit_code
    if failed is not None:
        return Failure(str(message_id), failed), failed.exit_code
    return sent, DONE


def _hand_over(
    run: Run, org: OrgRow, carrier: Provider, taken: Sending
) -> tuple[Sending, PetmsgError | None]:
    assert taken.claim is not None
    try:
        outcome = carrier.send(taken.claim.text)
    except BaseException:
        run.write_in(org.slug, service.record, taken.claim, Unknown(None, "interrupted"))
        raise
    run.tick()
    try:
        status = run.write_in(org.slug, service.record, taken.claim, outcome)
    except PetmsgError as not_stored:
        raise ProviderOutcomeUnknown(
            f"Text {taken.message} was handed over, but what the provider said could not be "
            f"stored: {not_stored.message}",
            hint="It is not sent again by itself. Look at the provider's log; from ten minutes "
            f"on: petmsg message retry {taken.message} --reason … or petmsg message cancel "
            f"{taken.message}",
        ) from not_stored
    problem = service.problem_of(outcome, taken.message)
    return replace(taken, status=MessageStatus(status)), problem
