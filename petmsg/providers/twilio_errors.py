"""Twilio's error codes as data: what each means for a message, and its source.

Twilio advises against logic on single codes, because it adds and splits them (its changelog of
10 July 2024 did). So this is a table, an unknown code has a safe default, and the raw code is
always stored. The codes of delivery receipts are in the same table. Standard library only.
"""

from datetime import date

from petmsg.providers.base import RejectionClass
from petmsg.providers.error_codes import ErrorCode, OutcomeCertainty, unknown_code
from petmsg.providers.twilio_errors_account import ACCOUNT, SETTINGS
from petmsg.providers.twilio_errors_message import CONTENT, PEOPLE, TIME
from petmsg.providers.twilio_errors_registration import REGISTRATION
from petmsg.providers.twilio_errors_unused import UNUSED

HTTP = "RFC 9110, section 15"
_HTTP_DATED = date(2022, 6, 1)

ONE_NUMBER_ONLY = frozenset(("21611",))
"""Congestion of one sender; another number could send immediately."""

_ROWS = (*ACCOUNT, *REGISTRATION, *SETTINGS, *PEOPLE, *CONTENT, *TIME, *UNUSED)

ERROR_CODES: dict[str, ErrorCode] = {
    row.code: row for row in sorted(_ROWS, key=lambda row: int(row.code))
}
"""The rows by code, in the order of the numbers."""


def look_up(code: int) -> ErrorCode:
    """The row of a code; for a code that is not in the table, a refusal of class `OTHER`."""
    return ERROR_CODES.get(str(code)) or unknown_code(str(code))


def look_up_status(status: int) -> ErrorCode:
    """What an HTTP status means if the answer has no Twilio code."""
    certainty, rejection_class = OutcomeCertainty.REFUSED, RejectionClass.OTHER
    if status == 429:
        certainty, meaning = OutcomeCertainty.NOT_PROCESSED, "Too many requests at once."
    elif status in (401, 403, 404, 407):
        # 404: the account or URL does not exist; 407: a proxy rejects the credentials.
        rejection_class, meaning = RejectionClass.ACCOUNT, "The account or the URL was rejected."
    elif status == 408:
        certainty, meaning = OutcomeCertainty.UNKNOWN, "The server timed out."
    elif 400 <= status < 500:
        meaning = "The request was rejected without a Twilio code."
    elif status >= 500:
        certainty, meaning = (
            OutcomeCertainty.UNKNOWN,
            "Twilio, or a server in front of it, had an error.",
        )
    else:
        # Twilio never redirects this request, so something else answered.
        certainty, meaning = OutcomeCertainty.UNKNOWN, "The answer does not come from Twilio."
    return ErrorCode(str(status), meaning, certainty, rejection_class, HTTP, _HTTP_DATED)
