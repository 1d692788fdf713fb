"""`message dispatch`: runs the dispatcher and prints what happens."""

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

from petmsg.cli.context import Context
from petmsg.cli.results import result_data, show_results
from petmsg.db.liveness import worker
from petmsg.enums.logs import LogLevel
from petmsg.enums.messages import MessageStatus
from petmsg.enums.output import OutputFormat
from petmsg.errors import (
    BUSY,
    CONFIGURATION,
    DONE,
    INTERRUPTED,
    PROVIDER,
    REFUSED,
    PetmsgError,
    ProviderOutcomeUnknown,
)
from petmsg.providers.base import Provider
from petmsg.queries.message import SendingRow, due_count, sending_row
from petmsg.queries.org import Account, OrgRow
from petmsg.queries.queue import DueMessage, due_messages
from petmsg.render import output as render
from petmsg.render.escape import json_text
from petmsg.render.fields import Field
from petmsg.services.outbox import send as service
from petmsg.services.outbox.claim_batch import Recorded
from petmsg.services.outbox.claimed import Ended, Waiting
from petmsg.services.outbox.record_outcome import error_for
from petmsg.services.outbox.send import NotSent, Sending
from petmsg.services.outbox.stored_message import MessageNotWaiting
from petmsg.services.outbox.unknown_outcomes import Reconciled
from petmsg.services.unit_of_work import Failure
from petmsg.systemd.supervisor import Supervisor
from petmsg.workflows.account_alerts import end_account_alerts
from petmsg.workflows.notify_thread import NotifyThread
from petmsg.workflows.provider_factory import (
    AccountAdapters,
    Connected,
    public_url_of,
    raise_after_warnings,
    require_one,
)
from petmsg.workflows.public_url_alerts import end_public_url_alerts
from petmsg.workflows.send import NOBODY
from petmsg.workflows.store import Store
from petmsg.workflows.waiting_clients import update_waiting_alerts
from petmsg.workflows.worker.dispatcher import (
    Dispatcher,
    DispatchEvent,
    Timings,
    waiting_behind,
)
from petmsg.workflows.worker.org_queue import LONG_AGO, PAGE
from petmsg.workflows.worker.sender_pool import SenderPool
from petmsg.workflows.worker.signals import stopping_on_signals

MOST_BEHIND = 100
"""How many messages that wait behind others are listed at the end."""
_WORST_FIRST = (CONFIGURATION, PROVIDER, REFUSED, BUSY)

Row = Sending | Failure


def dispatch(context: Context, *, fields: Sequence[Field], watch: bool, workers: int) -> None:
    """Send due messages once, or until stopped; the exit code is that of the worst outcome."""
    adapters = AccountAdapters(context, threads=workers)
    connected = require_one(adapters.connect(context.orgs()))
    lines = connected.lines
    if context.dry_run:
        _rehearse(context, fields, [org for org, _ in lines])
        raise_after_warnings(context, connected.problems)
        return
    if watch:
        _warn(context, connected)
    report = _Report(
        context, fields, streams=watch or context.output is OutputFormat.JSONL, watch=watch
    )
    context.is_service = True
    supervisor = Supervisor(context.environ)
    with ExitStack() as stack:
        alive = stack.enter_context(worker(context.location))
        pool = SenderPool(workers, now=context.clock)
        dispatcher = Dispatcher(
            context,
            lines,
            worker=alive,
            pool=pool,
            on_event=report.on_event,
            timings=_timings(context),
            on_turn=supervisor.alive,
            reconnect=partial(_reconnect, context, adapters),
        )
        came = stack.enter_context(stopping_on_signals(dispatcher))
        end_public_url_alerts(context, [org for org, _ in lines])
        if watch:
            own_store = partial(_own_store, context)
            stack.enter_context(NotifyThread(own_store, Store.orgs, context.notify))
            supervisor.ready()
            dispatcher.run_forever()
            supervisor.stopping()
        else:
            stack.enter_context(report.progress(_count(context, lines)))
            dispatcher.run_once()
    if not watch:
        for org, _ in lines:
            report.behind(org)
        end_account_alerts(context, [org for org, _ in lines])
        update_waiting_alerts(context, [org for org, _ in lines])
    report.close()
    context.is_stopped = bool(came)
    if signal.SIGINT in came:
        context.exit_code = INTERRUPTED
        context.notify("Interrupted: messages in flight are recorded, the others stay queued.")
    elif not watch:
        raise_after_warnings(context, connected.problems)


def _reconnect(
    context: Context, adapters: AccountAdapters, served: Mapping[str, Account]
) -> list[tuple[OrgRow, Provider]]:
    """The orgs that are not served with the account that they have now, as far as it can be
    used. `served` are the accounts of the others by their slugs."""
    others = [org for org in context.orgs() if served.get(org.slug) != org.account]
    connected = adapters.connect(others)
    _warn(context, connected)
    return connected.lines


def _warn(context: Context, connected: Connected) -> None:
    for problem in connected.problems:
        context.warn(problem.with_hint)


def _own_store(context: Context) -> Store:
    """A store of its own for the thread that tells channels of alerts."""
    return Store(
        context.environment,
        db=context.db_option,
        org=context.org_option,
        actor=context.actor_option,
    )


def _timings(context: Context) -> Timings:
    # A clock that was given does not run: nothing may be claimed ahead of it.
    return Timings() if context.environment.now is None else Timings(ahead=0.0)


def _count(context: Context, lines: Sequence[tuple[OrgRow, Provider]]) -> int:
    with context.snapshot() as cursor:
        return sum(due_count(cursor, org, now=context.now) for org, _ in lines)


class _Report:
    """Prints what happened: immediately in a stream, otherwise at the end."""

    def __init__(
        self, context: Context, fields: Sequence[Field], *, streams: bool, watch: bool
    ) -> None:
        self._context = context
        self._fields = fields
        self._streams = streams
        self._watch = watch
        self._as_json = context.output in (OutputFormat.JSON, OutputFormat.JSONL)
        self._rows: list[Row] = []
        self._codes = {DONE}
        self._seen: set[int] = set()
        """The messages that were reported; for a watch only those that were last seen to wait."""
        self._advance = _nothing
        log = context.log
        self._log = log if watch and log is not None and log.is_json else None
        if streams and not self._as_json and self._log is None:
            render.write_header(fields, context.output)

    def progress(self, total: int) -> ExitStack:
        """A progress bar on a terminal, nothing elsewhere."""
        stack = ExitStack()
        if self._context.is_table and total > 1:
            self._advance = stack.enter_context(self._context.bar("Sending", total))
        return stack

    def on_event(self, event: DispatchEvent) -> None:
        """Report one thing that happened to a message."""
        row, code = self._row(event)
        if row is None:
            return
        self._codes.add(code)
        message = int(row.ref) if isinstance(row, Failure) else row.message
        if self._watch and not isinstance(event.result, Waiting):
            self._seen.discard(message)  # a watch may run for years
        else:
            self._seen.add(message)
        self._advance()
        self._put(row)

    def behind(self, org: OrgRow) -> None:
        """Report messages that wait behind others and were not reported yet."""
        for waiting in waiting_behind(self._context, org, MOST_BEHIND):
            if waiting.message not in self._seen:
                with self._context.snapshot() as cursor:
                    self._put(_stored(sending_row(cursor, org, waiting.message), waiting.why))

    def close(self) -> None:
        """Print what was kept for the end, and set the exit code."""
        if not self._streams:
            if any(isinstance(row, Failure) for row in self._rows):
                show_results(self._context, self._fields, self._rows)
            else:
                self._context.show_list(self._fields, self._rows)
        known = (code for code in _WORST_FIRST if code in self._codes)
        self._context.exit_code = next(known, max(self._codes))

    def _put(self, row: Row) -> None:
        if not self._streams:
            self._rows.append(row)
        elif self._log is not None:
            level, fields = _logged(row)
            self._log.event("message", level, **fields)
        elif self._as_json:
            render.write(json_text(result_data(self._context, self._fields, row)))
            render.flush()
        elif isinstance(row, Failure):
            self._context.notify(
                f"{row.ref}: {row.error.message}", level=LogLevel.WARNING, even_quiet=True
            )
        else:
            render.write_row(self._fields, row, self._context.view, self._context.output)
            render.flush()

    def _row(self, event: DispatchEvent) -> tuple[Row | None, int]:
        result = event.result
        if isinstance(result, Failure):
            if isinstance(result.error, MessageNotWaiting):
                return None, DONE  # another worker was faster
            return result, result.error.exit_code
        if isinstance(result, Recorded):
            return _recorded(result)
        if isinstance(result, Ended):
            return Failure(str(result.message), NotSent(result)), REFUSED
        if isinstance(result, Reconciled):
            return self._reconciled(event.org, result)
        return self._waiting(event, result)

    def _waiting(self, event: DispatchEvent, result: Waiting) -> tuple[Row | None, int]:
        no_number = result.decision is not None
        if self._watch and result.message in self._seen:
            return None, DONE
        with self._context.snapshot() as cursor:
            row = _stored(sending_row(cursor, event.org, result.message), result.why)
        if result.decision is not None:
            row = replace(row, decision=json_text(result.decision.to_json()))
        return row, REFUSED if no_number else DONE

    def _reconciled(self, org: OrgRow, result: Reconciled) -> tuple[Row | None, int]:
        if result.status is MessageStatus.UNKNOWN:
            problem = ProviderOutcomeUnknown(
                f"The outcome of message {result.message} is unknown: {result.note}.",
                hint="The next petmsg message dispatch looks it up again.",
            )
            return Failure(str(result.message), problem), PROVIDER
        if result.status is MessageStatus.QUEUED:
            self._context.notify(f"Message {result.message}: {result.note}.")
            return None, DONE
        with self._context.snapshot() as cursor:
            row = _stored(sending_row(cursor, org, result.message), result.note)
        return row, REFUSED if result.status is MessageStatus.HELD else DONE


def _recorded(result: Recorded) -> tuple[Row, int]:
    claim = result.done.claim
    problem: PetmsgError | None = error_for(
        result.done.outcome, claim.message, status=result.status
    )
    if problem is not None:
        return Failure(str(claim.message), problem), problem.exit_code
    row = Sending(
        message=claim.message,
        status=result.status,
        from_e164=claim.text.from_e164,
        to_e164=claim.text.to_e164,
        segments=claim.segments,
        decision=claim.decision_json,
        note=None,
    )
    return row, DONE


def _stored(row: SendingRow, note: str) -> Sending:
    return Sending(**row._asdict(), note=note)


def _logged(row: Row) -> tuple[LogLevel, dict[str, object]]:
    """A message as a line of the log: neither phones nor a body."""
    if isinstance(row, Failure):
        return LogLevel.WARNING, {"message_id": row.ref, "status": None, "code": row.error.code}
    return LogLevel.INFO, {"message_id": row.message, "status": row.status, "code": None}


def _nothing() -> None:
    """No progress bar to move."""


def _all_due(context: Context, org: OrgRow) -> Iterator[DueMessage]:
    """The org's messages that are due now and next, read in pages."""
    after = LONG_AGO
    while True:
        with context.snapshot() as cursor:
            due = due_messages(cursor, org, now=context.now, after=after, limit=PAGE)
        yield from due
        if len(due) < PAGE:
            return
        after = (due[-1].due_at, due[-1].message)


def _rehearse(context: Context, fields: Sequence[Field], orgs: Sequence[OrgRow]) -> None:
    """What a dispatch would claim now: each claim is rolled back, nothing is handed over."""
    rows: list[Row] = []
    codes = {DONE}
    for org in orgs:
        for text in _all_due(context, org):
            try:
                sending = context.write_in(
                    org.slug,
                    service.claim_now,
                    text.message,
                    provider=org.account,
                    worker=NOBODY,
                    public_url=public_url_of(context, org),
                )
            except PetmsgError as problem:
                rows.append(Failure(str(text.message), problem))
                codes.add(problem.exit_code)
                continue
            rows.append(sending)
            if (
                isinstance(sending.claim_result, Waiting)
                and sending.claim_result.decision is not None
            ):
                codes.add(DONE if sending.claim_result.for_rate_limit else REFUSED)
    show_results(context, fields, rows)
    known = (code for code in _WORST_FIRST if code in codes)
    context.exit_code = next(known, max(codes))
