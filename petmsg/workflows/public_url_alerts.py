"""End the alerts that pictures wait for a public URL, once the process that sends has one."""

from collections.abc import Sequence

from petmsg.enums.alerts import AlertKind
from petmsg.providers.registry import needs_public_url
from petmsg.queries.alert import open_alert
from petmsg.queries.org import OrgRow
from petmsg.workflows.provider_factory import public_url_of
from petmsg.workflows.store import Store


def end_public_url_alerts(store: Store, orgs: Sequence[OrgRow]) -> None:
    """End the alert of each org whose pictures this process can hand over.

    The message that waited may be cancelled by now, so that no claim ends the alert. Raises
    `Misconfigured` for a public URL that is not usable.
    """
    from petmsg.services.outbox.outgoing_media import end_no_public_url

    able = [org for org in orgs if not needs_public_url(org.provider) or public_url_of(store, org)]
    kind = AlertKind.NO_PUBLIC_URL.value
    with store.snapshot() as cursor:
        open_ = [
            org for org in able if open_alert(cursor, org.id, kind=kind, entity="org", ref=org.slug)
        ]
    for org in open_:
        store.tick()
        store.write_in(org.slug, end_no_public_url)
