"""The front desk of the company that has a number, as it was read last. Pure."""

from datetime import datetime
from typing import NamedTuple

from petmsg.rules.send_blocks import QuietHours, quiet_until


class DeskLine(NamedTuple):
    """The front desk of the org that has a number, as it was read last.

    `phone` is the front desk's own phone (E.164), `caller_id` the number that it would show; either
    is None if there is none. `office` are the office hours in `timezone`, None if it is always
    open. One phone may call `calls_per_hour` times. `account` is the name of the org's account at
    Twilio, if `has_account`.
    """

    org_id: int
    company: str
    phone: str | None
    caller_id: str | None
    seconds: int
    office: QuietHours | None
    timezone: str
    calls_per_hour: int
    account: str | None = None
    has_account: bool = False

    def is_of(self, accounts: frozenset[str | None]) -> bool:
        """Whether the account of these names may be told of it. Without an account of its own an
        org is told of to any."""
        return not self.has_account or self.account in accounts

    def can_ring(self, from_phone: str | None, at: datetime) -> bool:
        """Whether the front desk's phone may ring for a call from that phone at `at`."""
        if self.phone is None or self.caller_id is None or from_phone == self.phone:
            return False
        return self.office is None or quiet_until(self.office, at, self.timezone) is not None
