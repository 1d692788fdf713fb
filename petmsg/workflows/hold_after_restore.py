"""After going back to a backup: hold the messages that may have been sent since."""

from datetime import datetime

from petmsg.services.outbox import after_restore as service
from petmsg.services.outbox.after_restore import SetAside
from petmsg.workflows.store import Store


def hold_after_restore(store: Store, made_at: datetime) -> list[SetAside]:
    """Hold what was queued or being sent when the backup was made, at `made_at` (aware UTC).

    Allows petmsg to write to a file again that was marked as a backup. A result for each org.
    """
    store.is_restoring = True
    return store.transact(
        lambda transaction: service.hold_all(
            transaction,
            made_at=made_at,
            actor=store.actor,
            now=store.now,
        )
    )
