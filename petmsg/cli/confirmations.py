"""The questions petmsg asks before it does what cannot be undone: one per command.

Each function takes the command's own parameters and returns None if nothing would be lost. To find
out what would be lost, it runs the command's service and rolls it back. Times are in the org's
timezone.
"""

from typing import Any

from petmsg.cli.context import Context
from petmsg.cli.options import checked_reason, named_file, required_reason
from petmsg.plurals import counted


def deactivate_sitter(
    context: Context, *, sitter: str, days: int | None, reason: str | None
) -> str | None:
    """Before `sitter deactivate`."""
    from petmsg.queries.sitter import show_sitter
    from petmsg.render.fields import local
    from petmsg.services.people import offboard

    planned = context.rehearse(
        offboard.deactivate, sitter, days=days, reason=checked_reason(reason)
    )
    if planned.reused:
        return None
    name = context.read(show_sitter, sitter).name
    said = [f"Deactivate sitter {name} ({planned.sitter})?"]
    if planned.number is not None and planned.quarantined_until is not None:
        until = local(planned.quarantined_until, context.view)
        said.append(
            f"Their number {planned.number} is quarantined until {until}, becomes a pool number"
            " and never goes to another sitter."
        )
    if planned.windows_ended:
        said.append(f"Windows that end now: {_listed(planned.windows_ended)}.")
    if planned.bookings_unassigned:
        said.append(f"Bookings that lose their sitter: {_listed(planned.bookings_unassigned)}.")
    return " ".join(said)


def retire_number(context: Context, *, number: str, reason: str | None) -> str | None:
    """Before `number retire`."""
    from petmsg.queries.number import show_number
    from petmsg.services.numbers import number as service

    planned = context.rehearse(service.retire, number, reason=checked_reason(reason))
    if planned.reused:
        return None
    stands = context.read(show_number, number)
    said = [f"Retire the {stands.number_class} number {planned.number}? It is never used again."]
    if planned.released is not None:
        said.append(f"Sitter {planned.released} loses it and has no number.")
    if stands.threads:
        said.append(f"Clients who know it: {_listed(stands.threads)}.")
    return " ".join(said)


def give_back_number(context: Context, *, number: str, days: int, reason: str | None) -> str:
    """Before `number give-back`."""
    from petmsg.services.numbers import purchase

    planned = context.rehearse(
        purchase.intend_to_give_back, number, reason=required_reason(reason), days=days
    )
    return f"Give {planned.e164} back to the provider? Somebody else may get it."


def cancel_booking(context: Context, *, ref: str, reason: str | None) -> str | None:
    """Before `booking cancel`."""
    from petmsg.queries.booking import show_booking
    from petmsg.render.fields import local
    from petmsg.services.bookings import booking

    if context.rehearse(booking.cancel, ref, reason=checked_reason(reason)).reused:
        return None
    stands = context.read(show_booking, ref)
    sitter = f" with sitter {stands.sitter}" if stands.sitter else ""
    named = f"{stands.client_name or 'the erased client'} ({stands.client})"
    times = f"{local(stands.starts_at, context.view)} to {local(stands.ends_at, context.view)}"
    said = [
        f"Cancel booking {stands.booking} of {named}{sitter}, {times}?",
        "A cancelled booking cannot be confirmed again.",
    ]
    if stands.window_id is not None:
        said.append("Its window closes: it no longer decides which number messages are sent from.")
    return " ".join(said)


def forget_client(context: Context, *, client: str, reason: str | None) -> str | None:
    """Before `client forget`."""
    from petmsg.queries.client import show_client
    from petmsg.services.people import erase

    planned = context.rehearse(erase.forget, client, reason=required_reason(reason))
    if planned.reused:
        return None
    name = context.read(show_client, client, now=context.now).name
    phones, messages = counted(planned.phones, "phone"), counted(planned.messages, "message")
    erased = ["Their name", phones, f"the bodies of {messages}"]
    if planned.media:
        erased.append(counted(planned.media, "file"))
    if planned.calls:
        erased.append(f"their phone in {counted(planned.calls, 'call')}")
    said = [
        f"Erase client {name} ({planned.client})?",
        f"{', '.join(erased[:-1])} and {erased[-1]} are erased for good.",
    ]
    if planned.cancelled:
        said.append(f"{counted(planned.cancelled, 'message')} not sent yet will not be sent.")
    return " ".join(said)


def remove_org(context: Context, *, slug: str, discard_data: bool, **_others: Any) -> str | None:
    """Before `org remove`. What is refused is not asked about."""
    from petmsg.queries.org import find_org, removed_at
    from petmsg.queries.org_holdings import holdings
    from petmsg.services.orgs.remove import words

    with context.snapshot() as cursor:
        if removed_at(cursor, slug) is not None:
            return None
        org = find_org(cursor, slug)
        held = holdings(cursor, org.id, now=context.now)
    if any(held) and not discard_data:
        return None
    said = [f"Remove org {org.name} ({org.slug})?"]
    if any(held):
        said.append(f"Lost for good: {words(held)}. Its numbers are retired.")
    said.append("Its audit log stays, and its slug is not used again.")
    return " ".join(said)


def downgrade_database(
    context: Context, *, revision: str, discard_data: bool, backup_to: str | None, no_backup: bool
) -> str | None:
    """Before `db downgrade`."""
    from petmsg.db.downgrade import downgrade
    from petmsg.models import metadata

    planned = downgrade(
        context.location,
        revision,
        tables=metadata.tables,
        discard_data=discard_data,
        backup_to=None if backup_to is None else named_file(backup_to),
        without_backup=no_backup,
        now=context.now,
        dry_run=True,
    )
    if planned.before == planned.after:
        return None
    to = planned.after or "base, which holds no tables"
    said = [f"Downgrade the database {context.location.display_url} from {planned.before} to {to}?"]
    if planned.lost:
        said.append(f"Lost for good: {_listed([each.what for each in planned.lost])}.")
    if planned.backup is not None:
        said.append(f"A backup is written to {planned.backup} first.")
    return " ".join(said)


def restore_database(context: Context, *, file: str, since: str | None) -> str | None:
    """Before `db restore` over a database that is there."""
    from petmsg.cli.commands.db import instant
    from petmsg.db import restore
    from petmsg.render.fields import local

    planned = restore.restore(
        context.location,
        named_file(file),
        since=instant(context, since),
        now=context.now,
        dry_run=True,
    )
    if planned.kept is None:
        return None
    made_at = local(planned.made_at, context.view)
    return (
        f"Replace the database {context.location.display_url} with the backup of {made_at}?"
        f" Data stored since then is kept only in {planned.kept}."
    )


def _listed(names: Any) -> str:
    """At most ten names, and how many more there are."""
    shown = ", ".join(names[:10])
    return shown if len(names) <= 10 else f"{shown} and {len(names) - 10} more"
