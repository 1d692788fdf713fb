"""End the alert about a refused account, once the provider accepts its messages again."""

from collections.abc import Sequence

from petmsg.queries.org import OrgRow
from petmsg.queries.provider_holds import is_accepted_again
from petmsg.workflows.store import Store


def end_account_alerts(store: Store, orgs: Sequence[OrgRow]) -> None:
    """End the alert of each org whose messages are accepted again.

    No number is held back for a refusal of the whole account, so that no claim ends the alert.
    """
    from petmsg.services.numbers.provider_holds import end_account_alert

    with store.snapshot() as cursor:
        accepted = [org for org in orgs if is_accepted_again(cursor, org)]
    for org in accepted:
        store.tick()
        store.write_in(org.slug, end_account_alert)
