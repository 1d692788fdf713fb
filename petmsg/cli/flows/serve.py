"""`petmsg serve`: checks the settings, runs the server, and prints a line per request."""

import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from petmsg import settings
from petmsg.cli.context import Context
from petmsg.cli.flows import metrics as metrics_flow
from petmsg.clock import iso_utc
from petmsg.enums.logs import LogLevel
from petmsg.enums.orgs import ProviderName
from petmsg.enums.output import OutputFormat
from petmsg.errors import (
    INTERRUPTED,
    CredentialsMissing,
    ExtraMissing,
    Misconfigured,
    NoOrg,
)
from petmsg.providers.credentials import (
    STRIPE_NAME,
    TOKEN_NAME,
    load_stripe_secrets,
    load_twilio_credentials,
)
from petmsg.providers.public_url import CALLS, INBOUND, STATUS, checked_public_url
from petmsg.providers.stored_accounts import StoredAccounts
from petmsg.providers.stripe_signature import is_genuine
from petmsg.queries.org import OrgRow, all_orgs
from petmsg.render import output as render
from petmsg.render.escape import json_text
from petmsg.render.views.nouns import WEBHOOKS
from petmsg.systemd.supervisor import Supervisor
from petmsg.workflows.desk_lines_thread import DeskLinesThread
from petmsg.workflows.fetch_media import every_org
from petmsg.workflows.health import why_unhealthy
from petmsg.workflows.linked_files import find_linked_files
from petmsg.workflows.media_thread import MediaThread
from petmsg.workflows.notify_thread import NotifyThread
from petmsg.workflows.store import Store
from petmsg.workflows.store_webhooks import WebhookStore

if TYPE_CHECKING:
    from petmsg.web.access_log import Answered
    from petmsg.web.app import Webhooks

_COLUMNS = ("at", "method", "route", "status", "ms", "outcome", "request_id")
WAIT_SECONDS = 4.0
"""How long a batch waits for a locked database; requests must be answered within 10 s."""


def serve(
    context: Context, *, host: str, port: int, metrics: tuple[str, int] | None = None
) -> None:
    """Answer requests until SIGTERM or Ctrl-C. `metrics` is where /metrics is answered."""
    try:
        from petmsg.web import server
        from petmsg.web.app import make_app
        from petmsg.web.group_commit import GroupCommit
    except ModuleNotFoundError as problem:
        raise _extra_missing(problem) from None
    if context.environment.wait_seconds is None:
        context.environment = context.environment._replace(wait_seconds=WAIT_SECONDS)
    own_store = partial(_own_store, context)
    desks = DeskLinesThread(own_store, context.notify)
    webhooks = _webhooks(context, desks)
    if context.dry_run:
        context.show_list(WEBHOOKS, _rows(webhooks))
        return
    listener = server.listen(host, port)
    with listener, desks:  # they are read before a caller is heard
        _say_where(context, listener, webhooks)
        with (
            _metrics(context, metrics) as count,
            NotifyThread(own_store, every_org, context.notify),
            MediaThread(own_store, context.notify) as media,
        ):
            store = WebhookStore(context, on_media=media.wake)
            context.is_service = True
            commits, log = GroupCommit(store, on_idle=context.let_go), _Log(context, count)
            came = server.serve(
                make_app(webhooks, commits, log.line),
                listener,
                commits,
                context.notify,
                Supervisor(context.environ),
            )
    context.notify("Stopped. All accepted requests are stored.")
    if came == signal.SIGINT:
        context.exit_code = INTERRUPTED


@contextmanager
def _metrics(
    context: Context, where: tuple[str, int] | None
) -> Iterator[Callable[["Answered"], None]]:
    """Answer /metrics meanwhile, if asked for; gives what counts a request."""
    if where is None:
        yield lambda _answered: None
        return
    try:
        from petmsg.metrics.registry import Requests, new_registry
        from petmsg.metrics.server import PATH, MetricsServer
    except ModuleNotFoundError as problem:
        raise metrics_flow.extra_missing(problem) from None
    store = Store(context.environment, db=context.db_option, org=context.org_option)
    registry = new_registry(partial(metrics_flow.read, store))
    with MetricsServer(registry, host=where[0], port=where[1]) as server:
        host = f"[{where[0]}]" if ":" in where[0] else where[0]
        context.notify(f"Metrics on http://{host}:{server.port}{PATH}")
        yield Requests(registry).add


def _own_store(context: Context) -> Store:
    """A store of its own for a thread beside the webhooks, of all orgs."""
    return Store(context.environment, db=context.db_option, actor=context.actor_option)


def _extra_missing(problem: ModuleNotFoundError) -> Exception:
    if (problem.name or "").partition(".")[0] == "petmsg":
        return problem
    return ExtraMissing("petmsg serve needs Starlette and uvicorn.", "web")


# ------------------------------------------------------------------------------ what is configured


def _webhooks(context: Context, desks: DeskLinesThread) -> "Webhooks":
    """Return the webhooks that the settings enable.

    Raises `CredentialsMissing`, `Misconfigured`, `NoOrg`, and the errors of the database.
    """
    from petmsg.providers.twilio_signature import TwilioSignature
    from petmsg.web.app import Webhooks
    from petmsg.web.media_route import MediaSource
    from petmsg.web.voice_route import VoiceSource

    environ = context.environ
    file = settings.credentials_file(environ)
    public_url, twilio, voice = environ.get(settings.PUBLIC_URL), None, None
    if public_url:
        public_url = checked_public_url(public_url)
        twilio = TwilioSignature(_accounts(context), public_url=public_url)
        voice = VoiceSource(public_url, desks.line_of, desks.is_ours, context.clock)
    secrets = load_stripe_secrets(environ, file)
    if twilio is None and not secrets:
        nothing = Misconfigured(
            "Nothing to serve: neither Twilio nor Stripe is configured.",
            hint=f"For Twilio set {settings.PUBLIC_URL}, for Stripe {STRIPE_NAME}; see: "
            "petmsg config show",
        )
        nothing.code = "nothing_to_serve"
        raise nothing
    with context.snapshot() as cursor:
        orgs = all_orgs(cursor)
        if not orgs:
            raise NoOrg
        context.chosen(cursor)  # report an unknown --org now, not with the first payment
    if twilio is None and any(org.provider is ProviderName.TWILIO for org in orgs):
        context.notify(f"Twilio's webhooks are off, because {settings.PUBLIC_URL} is not set.")
    elif twilio is not None:
        _warn_without_token(context, orgs)
    return Webhooks(
        twilio=twilio,
        stripe=partial(_signed_by_stripe, context, secrets) if secrets else None,
        health=partial(why_unhealthy, context.location),
        media=MediaSource(
            find=partial(find_linked_files, context.location, context.clock), store=context.media
        ),
        voice=voice,
    )


def _accounts(context: Context) -> StoredAccounts:
    """The accounts whose webhooks can be checked; others are named. Raises `CredentialsMissing` if
    there is none."""
    environ, file = context.environ, settings.credentials_file(context.environ)
    accounts = StoredAccounts(environ, file, context.notify)
    if accounts.has_tokens:
        return accounts
    for problem in accounts.problems.values():
        raise problem
    load_twilio_credentials(environ, file)
    raise CredentialsMissing(
        "Twilio's webhooks need an auth token: an API key signs requests to Twilio only.",
        hint=f"Add {TOKEN_NAME} beside the API key; see: petmsg config show",
    )


def _warn_without_token(context: Context, orgs: Sequence[OrgRow]) -> None:
    """Name the orgs whose messages will be refused because their account has no token here."""
    environ, file = context.environ, settings.credentials_file(context.environ)
    for org in orgs:
        if org.provider is not ProviderName.TWILIO:
            continue
        try:
            has_token = bool(load_twilio_credentials(environ, file, org.account.name).tokens)
            why = f"{TOKEN_NAME} is missing."
        except CredentialsMissing as problem:
            has_token, why = False, problem.with_hint
        if not has_token:
            context.warn(f"Twilio's webhooks for {org.slug} will be refused: {why}")


def _signed_by_stripe(
    context: Context, secrets: tuple[str, ...], payload: bytes, header: str | None
) -> bool:
    return is_genuine(payload, header, secrets, now=context.clock())


# ------------------------------------------------------------------------------------ reports


def _say_where(context: Context, listener: socket.socket, webhooks: "Webhooks") -> None:
    host, port = listener.getsockname()[:2]
    context.notify(f"Listening on http://{f'[{host}]' if ':' in host else host}:{port}")
    is_open_by_name = {"Twilio": webhooks.twilio is not None, "Stripe": webhooks.stripe is not None}
    for name, is_open in is_open_by_name.items():
        context.notify(f"{name}: {'open' if is_open else 'closed (not configured)'}")


def _rows(webhooks: "Webhooks") -> list[dict[str, Any]]:
    """The webhook paths, for `--dry-run`."""
    from petmsg.web.app import HEALTH, STRIPE
    from petmsg.web.media_route import LOGGED

    twilio, stripe = webhooks.twilio is not None, webhooks.stripe is not None
    return [
        {"path": INBOUND, "open": twilio, "checked": "Twilio's signature"},
        {"path": STATUS, "open": twilio, "checked": "Twilio's signature"},
        *({"path": path, "open": twilio, "checked": "Twilio's signature"} for path in CALLS),
        {"path": STRIPE, "open": stripe, "checked": "Stripe's signature"},
        {"path": LOGGED, "open": True, "checked": "the link's token"},
        {"path": HEALTH, "open": True, "checked": "nothing"},
    ]


class _Log:
    """Prints a line per answered request to stdout; the first line names the columns. With
    `--log-format json` the requests are in the log instead."""

    def __init__(self, context: Context, count: Callable[["Answered"], None]) -> None:
        self._context = context
        self._count = count
        self._as_json = context.output in (OutputFormat.JSON, OutputFormat.JSONL)
        self._log = context.log if context.log is not None and context.log.is_json else None
        if not self._as_json and self._log is None:
            render.write_names(_COLUMNS, context.output)
            render.flush()

    def line(self, answered: "Answered") -> None:
        """Count and print one request."""
        self._count(answered)
        cells = (
            iso_utc(self._context.clock()),
            answered.method,
            answered.route,
            answered.status,
            round(answered.milliseconds),
            answered.outcome,
            answered.request_id,
        )
        if self._log is not None:
            fields = dict(zip(_COLUMNS[1:], cells[1:], strict=True))
            self._log.event("request", _level(answered), **fields)
            return
        if self._as_json:
            render.write(json_text(dict(zip(_COLUMNS, cells, strict=True))))
        else:
            render.write_cells(cells, self._context.output)
        render.flush()


def _level(answered: "Answered") -> LogLevel:
    if answered.status >= 500:
        return LogLevel.ERROR
    if answered.status >= 400:
        return LogLevel.WARNING
    return LogLevel.DEBUG if answered.route == "/healthz" else LogLevel.INFO
