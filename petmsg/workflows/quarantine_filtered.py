"""`number health --apply`: quarantine the numbers whose messages carriers filter, org by org."""

from collections.abc import Sequence

from petmsg.services.numbers import health as service
from petmsg.services.numbers.health import Health
from petmsg.services.numbers.quarantine import Quarantined
from petmsg.services.unit_of_work import Failure
from petmsg.workflows.store import Store


def quarantine_filtered(
    store: Store, orgs: Sequence[str], rows: Sequence[Health | Failure]
) -> list[Quarantined | Failure]:
    """Quarantine the flagged numbers among `rows`, a transaction for each org's slug.

    A row that could not be looked at stays as it is.
    """
    done: list[Quarantined | Failure] = [row for row in rows if isinstance(row, Failure)]
    looked_at = [row.number for row in rows if isinstance(row, Health)]
    for org in orgs:
        done += store.write_in(org, service.quarantine_filtered, only=looked_at)
    return done
