"""`petmsg service`: asks before it touches foreign files, and says what to type next."""

from collections.abc import Sequence

from petmsg.cli.context import Context
from petmsg.errors import Refused
from petmsg.render.fields import Field
from petmsg.settings import PUBLIC_URL
from petmsg.systemd.units import TARGET
from petmsg.workflows import service_units as units
from petmsg.workflows.service_units import Place


def install(context: Context, place: Place, *, port: int | None, fields: Sequence[Field]) -> None:
    """Write the units, and print what was done with each file."""
    plan = units.wanted(context, place, port=port)
    units.require_company(plan.location)
    if strange := units.not_ours(place, plan.units):
        context.confirm(
            "petmsg did not write these files, or they were changed since. Overwrite "
            f"{', '.join(strange)}?"
        )
    for name in units.secrets_left_out(context.environ):
        context.warn(
            f"{name} is a secret and was not copied from this shell: write it into the "
            "credentials file of the user who runs the services."
        )
    context.show_list(fields, units.install(context, place, plan))
    if not plan.serves:
        context.notify(
            f"petmsg serve is left out: set {PUBLIC_URL}, or Stripe's secret in the credentials "
            "file, and run this again."
        )
    ctl = place.systemctl
    context.notify(f"Start everything: {ctl} daemon-reload && {ctl} enable --now {TARGET}")
    context.notify(f"After a change: {ctl} daemon-reload && {ctl} restart {TARGET}")
    if not place.is_system:
        context.notify(
            f"To keep it running when you log out: loginctl enable-linger {place.user.pw_name}"
        )


def uninstall(context: Context, place: Place, *, fields: Sequence[Field]) -> None:
    """Remove the units, unless they run."""
    if units.is_running(place):
        raise Refused(
            f"{TARGET} is running.",
            hint=f"Stop it first: {place.systemctl} disable --now {TARGET}",
        )
    if changed := units.changed_files(place):
        context.confirm(f"These files were changed since. Remove {', '.join(changed)}?")
    context.show_list(fields, units.uninstall(context, place))
    context.notify(f"Tell systemd: {place.systemctl} daemon-reload")
