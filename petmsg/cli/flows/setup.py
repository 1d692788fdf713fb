"""`petmsg setup`: a company from nothing to its first message, question by question.

Each answer is stored at once, by the command it stands for. A person who leaves and comes back is
asked the same questions, with what is stored as the answer.
"""

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from petmsg import settings
from petmsg.cli.context import Context
from petmsg.cli.flows.dialogue import Dialogue, StepFailed, required
from petmsg.cli.flows.show_org import warn_of_zone
from petmsg.clock import zone
from petmsg.country import country_of_zone, parse_country
from petmsg.db.snapshot import snapshot, stored_revision
from petmsg.enums.orgs import ProviderName, Switch
from petmsg.errors import (
    CredentialsMissing,
    DatabaseMissing,
    Misconfigured,
    NoOrg,
    NotFound,
    OutOfRange,
    PetmsgError,
    UsageProblem,
    quoted,
)
from petmsg.providers.registry import reaches_phones
from petmsg.queries.notify import list_channels
from petmsg.queries.org import OrgRow
from petmsg.queries.sitter_number import front_desks
from petmsg.render.fields import Field
from petmsg.text_inputs import parse_name

_ZONE_FILE = Path("/etc/localtime")


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers that were given as options."""

    name: str | None
    timezone: str | None
    country: str | None
    front_desk: str | None
    provider: ProviderName | None
    relay: Switch | None
    channel: str | None


def setup(context: Context, answers: Answers, *, force: bool, fields: Sequence[Field]) -> None:
    """Ask what was not answered, and run what the answers stand for."""
    asks = not context.is_confirmed
    if asks and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageProblem(
            "There is no terminal to ask on.",
            hint="Give the answers as options, and --yes: petmsg setup --org happy-paws "
            "--name 'Happy Paws' --timezone America/New_York --yes",
        )
    dialogue = Dialogue(context, asks)
    try:
        org = _company(dialogue, answers)
        if org is not None:
            _front_desk(dialogue, answers.front_desk, org)
            _provider(dialogue, answers.provider, org, force=force)
            _relay(dialogue, answers.relay, org)
            _channel(dialogue, answers.channel, org)
    except KeyboardInterrupt:
        dialogue.new_line()
        is_stored = dialogue.steps and not context.dry_run
        what = "What the commands above say is stored." if is_stored else "Nothing was changed."
        context.notify(f"{what} To go on: petmsg setup")
        raise
    context.show_list(fields, dialogue.steps)
    if not dialogue.steps:
        context.notify("The settings stay as they are.")
    stored = _there(context)
    has_account = stored is not None and reaches_phones(stored.provider)
    source = "--from-provider --class sitter" if has_account else "FILE"
    context.notify(f"Next: petmsg number import {source}, or petmsg number add E164 --class sitter")
    context.notify("Then: petmsg doctor --provider; petmsg service install")


# -------------------------------------------------------------------------------------- the company


def _company(dialogue: Dialogue, answers: Answers) -> OrgRow | None:
    """The company as it is after its questions; None in a dry run of a new one."""
    context = dialogue.context
    org = _there(context)
    name = dialogue.answer(
        "Company name",
        option=answers.name,
        default=org.name if org else "",
        take=required(parse_name, "--name"),
    )
    slug = org.slug if org else _slug(dialogue, name)
    timezone = dialogue.answer(
        "Time zone",
        option=answers.timezone,
        default=org.timezone if org else _zone_of_machine(context) if dialogue.asks else "",
        take=required(_known_zone, "--timezone"),
    )
    usual = (org.country if org else None) or country_of_zone(timezone) or ""
    country = dialogue.answer(
        "Country of phones that are written without a plus",
        option=answers.country,
        default=usual,
        take=lambda typed: parse_country(typed) if typed else "",
    )
    of_company = [] if country == (country_of_zone(timezone) or "") else ["--country", country]
    if org is None or timezone != org.timezone:
        warn_of_zone(context, timezone)
    if org is None:
        words = ("--org", slug, "--name", name, "--timezone", timezone, *of_company)
        dialogue.run("init", *words)
        return None if context.dry_run else _there(context, slug)
    changes = []
    if name != org.name:
        changes += ["--name", name]
    if timezone != org.timezone:
        changes += ["--timezone", timezone]
    if country != (org.phone_country or ""):
        changes += ["--country", country]
    if changes:
        dialogue.run("org", "set", *changes, "--org", org.slug)
    return _there(context, slug)


def _there(context: Context, slug: str | None = None) -> OrgRow | None:
    """The company that was chosen, or the only one there is."""
    from petmsg.queries.org import find_org

    try:
        with snapshot(context.location, any_schema=True) as cursor:
            if stored_revision(cursor) is None:  # a setup that was cut short
                return None
        with context.snapshot() as cursor:
            org = find_org(cursor, slug or context.setting("org").value)
    except (DatabaseMissing, NoOrg, NotFound):
        return None
    context.about(org)
    return org


def _slug(dialogue: Dialogue, name: str) -> str:
    """The short name of a new company. Made from its name unless the person likes another."""
    from petmsg.services.orgs.org import is_slug

    def take(typed: str) -> str:
        if not is_slug(typed):
            raise OutOfRange(
                f"Invalid short name {quoted(typed)}.",
                hint="Use lower-case letters, digits and dashes, for example happy-paws.",
            )
        return typed

    usual = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63]
    return dialogue.answer(
        "Short name, for --org",
        option=dialogue.context.setting("org").value,
        default=usual,
        take=required(take, "--org"),
    )


def _known_zone(name: str) -> str:
    zone(name)
    return name


def _zone_of_machine(context: Context) -> str:
    """The machine's time zone; nothing if it does not say."""
    try:
        there = context.environ.get("TZ") or str(_ZONE_FILE.resolve()).partition("/zoneinfo/")[2]
        return _known_zone(there) if there else ""
    except (PetmsgError, OSError):
        return ""


# -------------------------------------------------------------------------------- numbers, provider


def _front_desk(dialogue: Dialogue, option: str | None, org: OrgRow) -> None:
    with dialogue.context.snapshot() as cursor:
        desks = front_desks(cursor, org)
    if desks and option is None:
        dialogue.say(f"The front desk number is {desks[0].e164}.")
        return

    def take(typed: str) -> None:
        if typed:
            dialogue.run("number", "add", typed, "--class", "front_desk", "--org", org.slug)

    dialogue.answer("Front desk number (Enter: later)", option=option, default="", take=take)


def _provider(dialogue: Dialogue, option: ProviderName | None, org: OrgRow, *, force: bool) -> None:
    """Switch the provider. One that reaches phones is switched to only after its account was
    looked at, or with `force`."""

    def take(typed: str) -> ProviderName:
        try:
            return ProviderName(typed)
        except ValueError:
            raise OutOfRange(
                f"Unknown provider {quoted(typed)}.", hint=f"One of {', '.join(ProviderName)}."
            ) from None

    wanted = dialogue.answer(
        f"Provider ({' or '.join(ProviderName)})",
        option=option,
        default=org.provider.value,
        take=take,
    )
    if wanted is org.provider:
        return
    if reaches_phones(wanted) and not _account_works(dialogue, org, wanted, force=force):
        dialogue.say(f"The provider stays {org.provider}. Go on later with: petmsg setup")
        return
    words = ("--provider", wanted.value, "--org", org.slug, "--yes")
    dialogue.run("org", "set", *words, *(("--force",) if force else ()))


def _account_works(dialogue: Dialogue, org: OrgRow, wanted: ProviderName, *, force: bool) -> bool:
    """Whether the account answers, and the person wants to send with it."""
    from petmsg.workflows.provider_account import look

    while True:
        try:
            seen = look(dialogue.context, org._replace(provider=wanted))
        except PetmsgError as problem:
            if force:
                dialogue.context.warn(f"{problem.message} It is switched on all the same: --force.")
                return True
            dialogue.refused(problem)
            if not _other_credentials(dialogue, org, problem):
                return False
            continue
        dialogue.say(seen.summary)
        for finding in seen.findings:
            command = finding.command.replace("{org}", f" --org {org.slug}")
            dialogue.say(f"  {finding.result}: {finding.message}. Fix: {command}")
        return dialogue.agrees("Switch? Messages then reach real phones and cost money.")


def _other_credentials(dialogue: Dialogue, org: OrgRow, problem: PetmsgError) -> bool:
    """Whether to look again: with credentials that the person types, or after they changed them."""
    from petmsg.providers.credentials import twilio_file

    environ = dialogue.context.environ
    file = twilio_file(environ, settings.credentials_file(environ), org.twilio_account)
    if isinstance(problem, CredentialsMissing) and not os.path.lexists(file):
        sid = dialogue.answer(
            f"Account SID, to be written into {file} (Enter: later)",
            option=None,
            default="",
            take=_account_sid,
        )
        if not sid:
            return False
        _write_private(file, sid, dialogue.secret("Auth token (it is not shown): "))
        return True
    where = f" in {file}" if os.path.lexists(file) else ""
    return dialogue.agrees(f"Change the credentials{where} in another window. Look again?")


def _account_sid(typed: str) -> str:
    from petmsg.providers.credentials import is_account_sid

    if typed and not is_account_sid(typed):
        raise OutOfRange(
            "This is no Account SID: it begins with AC and has 32 hexadecimal digits.",
            hint="Copy it from the first page of Twilio's console.",
        )
    return typed


def _write_private(file: Path, sid: str, token: str) -> None:
    """Write a credentials file that only its owner can read."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as made:
            made.write(f"TWILIO_ACCOUNT_SID={sid}\nTWILIO_AUTH_TOKEN={token}\n")
    except OSError as problem:
        raise Misconfigured(
            f"{file} cannot be written: {problem.strerror}.", hint="Write it yourself."
        ) from None


# ------------------------------------------------------------------------------------ relay, alerts


def _relay(dialogue: Dialogue, option: Switch | None, org: OrgRow) -> None:
    def take(typed: str) -> bool:
        try:
            return Switch(typed) is Switch.ON
        except ValueError:
            raise OutOfRange(f"{quoted(typed)} is neither on nor off.", hint="on or off") from None

    wanted = dialogue.answer(
        "Forward clients' messages to their sitters' own phones (on or off)",
        option=option,
        default="on" if org.relay else "off",
        take=take,
    )
    if wanted is not org.relay:
        dialogue.run("org", "set", "--relay", "on" if wanted else "off", "--org", org.slug)


def _channel(dialogue: Dialogue, option: str | None, org: OrgRow) -> None:
    """Add a channel for alerts. Its URL is a secret, so it is no option: it is typed or piped."""
    with dialogue.context.snapshot() as cursor:
        names = [channel.name for channel in list_channels(cursor, [org])]
    if names and option is None:
        dialogue.say(f"Alerts go to: {', '.join(names)}.")
        return
    name = option or "ops"
    words = ("notify", "add", name, "-", "--org", org.slug)
    if not dialogue.asks:
        if option is not None:
            url = "" if dialogue.context.dry_run else sys.stdin.read()
            dialogue.run(*words, stdin=url, shown=" < url.txt")
        return
    while url := dialogue.secret(
        "Where alerts go: a URL for apprise, not shown (Enter: nowhere): "
    ):
        try:
            dialogue.run(*words, stdin=url, shown=" < url.txt")
        except StepFailed as problem:
            dialogue.refused(problem)
        else:
            return
