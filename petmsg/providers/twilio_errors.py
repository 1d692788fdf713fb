"""Twilio's error codes as data: what each means for a message, and its source.

Twilio advises against logic on single codes, because it adds and splits them (its changelog of
10 July 2024 did). So this is a table, an unknown code has a safe default, and the raw code is
always stored. The codes of delivery receipts are in the same table. Standard library only.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from petmsg.providers.base import RejectionClass

DICTIONARY = "https://www.twilio.com/docs/api/errors"
CHANGELOG = (
    "https://www.twilio.com/en-us/changelog/"
    "updates-to-the-error-code-dictionary-to-clarify-number-validatio"
)
HTTP = "RFC 9110, section 15"
_COLLECTED = date(2026, 11, 22)
_SPLIT = date(2024, 7, 10)
_HTTP_DATED = date(2022, 6, 1)

ONE_NUMBER_ONLY = frozenset((21611,))
"""Congestion of one sender; another number could send immediately."""


class OutcomeCertainty(StrEnum):
    """What a code says about the message that the request should have created."""

    REFUSED = "refused"
    """Not sent; the same request would be rejected again."""
    NOT_PROCESSED = "not_processed"
    """Not sent for now: throttled or congested."""
    UNKNOWN = "unknown"
    """Perhaps sent."""


class Scope(StrEnum):
    """Which numbers of an org a rejection of the account concerns; the others keep sending."""

    ACCOUNT = "account"
    KIND = "kind"
    """Numbers of the same type: long codes, or toll-free numbers."""
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One row. `dated` is when `source` was published, or else when it was read.

    `certainty` is about the answer to a request; `in_report` is the class if a delivery receipt has
    the code, which means that the message was not delivered. `scope` and `to_do` (what a person
    does about it) are set for rejections of the account and for wrong settings.
    """

    code: int
    meaning: str
    certainty: OutcomeCertainty = OutcomeCertainty.REFUSED
    rejection_class: RejectionClass = RejectionClass.OTHER
    source: str = DICTIONARY
    dated: date = _COLLECTED
    scope: Scope = Scope.ACCOUNT
    to_do: str = ""

    @property
    def in_report(self) -> RejectionClass:
        """The class in a delivery receipt. A loss by congestion is retried once."""
        if self.certainty is OutcomeCertainty.NOT_PROCESSED:
            return RejectionClass.UNEXPLAINED
        return self.rejection_class


def _refused(
    rejection_class: RejectionClass,
    meanings: dict[int, str],
    *,
    source: str = DICTIONARY,
    dated: date = _COLLECTED,
) -> list[ErrorCode]:
    return [
        ErrorCode(code, meaning, OutcomeCertainty.REFUSED, rejection_class, source, dated)
        for code, meaning in meanings.items()
    ]


def _account(scope: Scope, rows: dict[int, tuple[str, str]]) -> list[ErrorCode]:
    """Rejections of the account: the meaning of each, and what a person does about it."""
    account = RejectionClass.ACCOUNT
    return [
        ErrorCode(code, meaning, rejection_class=account, scope=scope, to_do=to_do)
        for code, (meaning, to_do) in rows.items()
    ]


def _uncertain(certainty: OutcomeCertainty, meanings: dict[int, str]) -> list[ErrorCode]:
    return [ErrorCode(code, meaning, certainty) for code, meaning in meanings.items()]


_REACTIVATE = "Log in to Twilio's console; it shows the reason and how to reactivate the account."
_CREDENTIALS = "Check the account SID and the auth token: petmsg config show"

_ROWS = [
    *_account(
        Scope.ACCOUNT,
        {
            10001: ("The account is not active.", _REACTIVATE),
            20003: ("The credentials are wrong or lack permission.", _CREDENTIALS),
            20005: ("The account is not active.", _REACTIVATE),
            20404: ("There is no such account at this address.", _CREDENTIALS),
            30002: ("The account is suspended.", _REACTIVATE),
        },
    ),
    *_account(
        Scope.KIND,
        {
            30024: (
                "Our numbers are not provisioned at a carrier yet.",
                "This resolves itself; after a day, ask Twilio's support.",
            ),
            30032: (
                "Our toll-free number is not verified.",
                "Submit the toll-free verification in Twilio's console, and wait for its approval.",
            ),
            30033: (
                "The 10DLC campaign is suspended.",
                "Find the reason in Twilio's console (Messaging, Regulatory Compliance).",
            ),
            30034: (
                "Our number is not registered for 10DLC.",
                "Register brand and campaign in Twilio's console, and add the number to them.",
            ),
            30035: (
                "Our number is not ready for 10DLC yet.",
                "Check in Twilio's console that the number is in a campaign; adding it takes time.",
            ),
        },
    ),
    ErrorCode(
        21660,
        "Our number belongs to another account.",
        rejection_class=RejectionClass.ACCOUNT,
        source=CHANGELOG,
        dated=_SPLIT,
        scope=Scope.NUMBER,
        to_do="Use the credentials of the number's own account (petmsg config show), or move the "
        "number to this one in Twilio's console.",
    ),
    ErrorCode(
        21609,
        "The URL for delivery receipts, built from PETMSG_PUBLIC_URL, is not valid.",
        rejection_class=RejectionClass.CONFIGURATION,
        to_do="Set PETMSG_PUBLIC_URL to a URL that Twilio can reach: petmsg config show",
    ),
    *_refused(
        RejectionClass.RECIPIENT,
        {
            21211: "The recipient's number is not a valid phone number.",
            21614: "The recipient's number cannot receive SMS.",
            30005: "The recipient's number is unknown or out of service.",
            30006: "The recipient's number is a landline, or its carrier cannot be reached.",
        },
    ),
    *_refused(
        RejectionClass.RECIPIENT,
        {21635: "The recipient's number is a landline."},
        source=CHANGELOG,
        dated=_SPLIT,
    ),
    *_refused(
        RejectionClass.OPTED_OUT,
        {21610: "The recipient has opted out of this sender."},
    ),
    *_refused(
        RejectionClass.SENDER,
        {
            21212: "Our number is not a valid sender.",
            21606: "Our number cannot send messages from this account to this recipient.",
        },
    ),
    *_refused(
        RejectionClass.SENDER,
        {21659: "Our number is not a Twilio number."},
        source=CHANGELOG,
        dated=_SPLIT,
    ),
    *_refused(
        RejectionClass.CONTENT,
        {
            21602: "The message is empty.",
            21617: "The message is longer than 1600 characters.",
            21619: "The message is empty.",
            11200: "Twilio could not fetch a picture of the message.",
            11751: "The pictures of the message have more than 5 MB together.",
            12300: "A picture came with the wrong content type.",
            21620: "The URL of a picture is not valid.",
            21623: "The message has more than 10 pictures.",
            30019: "The pictures of the message are larger than the carrier takes.",
        },
    ),
    *_refused(
        RejectionClass.SETTING,
        {
            21408: "Messages to the recipient's region are not enabled in the account.",
            21608: "A trial account can send only to verified recipients.",
        },
    ),
    *_refused(
        RejectionClass.UNREACHABLE,
        {30003: "The recipient's phone is off or out of reach."},
    ),
    *_refused(
        RejectionClass.BLOCKED,
        {30004: "The recipient or their carrier blocks messages from this number."},
    ),
    *_refused(
        RejectionClass.FILTERED,
        {30007: "The carrier filtered the message as spam."},
    ),
    *_refused(
        RejectionClass.UNEXPLAINED,
        {30008: "The message was not delivered, and the carrier gave no reason."},
    ),
    *_refused(
        RejectionClass.DAILY_CAP,
        {
            30023: "The brand's daily cap is reached, until midnight in Los Angeles.",
            30027: "The carrier's daily cap is reached, until midnight in Los Angeles.",
        },
    ),
    *_refused(
        RejectionClass.QUIET_HOURS,
        {
            30610: "The law does not allow this message at the recipient's local hour.",
            30615: "The law does not allow this message at the recipient's local hour.",
        },
    ),
    *_refused(
        RejectionClass.LOOP,
        {14107: "Too many messages between the same two numbers within 30 seconds."},
    ),
    *_refused(
        RejectionClass.OTHER,
        {
            21603: "The request named no sender.",
            21604: "The request named no recipient.",
            21612: "This recipient cannot be reached from this number.",
        },
    ),
    *_uncertain(
        OutcomeCertainty.NOT_PROCESSED,
        {
            20429: "Too many requests at once.",
            21611: "Our number's queue is full.",
            30001: "The queue overflowed.",
            30017: "The carrier's network is congested.",
            30022: "The campaign's rate limit is exceeded.",
        },
    ),
    *_uncertain(
        OutcomeCertainty.UNKNOWN,
        {
            20500: "Twilio had an internal error.",
            20503: "Twilio is not available.",
        },
    ),
]

ERROR_CODES: dict[int, ErrorCode] = {row.code: row for row in _ROWS}
"""The rows by code."""


def look_up(code: int) -> ErrorCode:
    """The row of a code; for a code that is not in the table, a refusal of class `OTHER`."""
    return ERROR_CODES.get(code) or ErrorCode(code, "Unknown code.")


def scope_of(code: str) -> Scope:
    """Which numbers a rejection of the account with this code concerns."""
    return look_up(int(code)).scope if code.isdecimal() else Scope.ACCOUNT


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
    return ErrorCode(status, meaning, certainty, rejection_class, HTTP, _HTTP_DATED)
