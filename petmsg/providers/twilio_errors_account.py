"""Twilio's codes about the account and about settings: every other message is concerned too."""

from petmsg.providers.base import RejectionClass
from petmsg.providers.error_codes import ErrorCode, Scope
from petmsg.providers.twilio_errors_row import CHANGELOG, COMPLETED, SPLIT, to_be_done

_REACTIVATE = "Log in to Twilio's console; it shows the reason and how to reactivate the account."
_CREDENTIALS = "Check the account SID and the auth token: petmsg config show"
_OTHER_ACCOUNT = (
    "Use the credentials of the number's own account (petmsg config show), or move the number to "
    "this one in Twilio's console."
)
_UPGRADE = "Upgrade the trial account in Twilio's console."
_REGISTER = "Register the sender for the recipient's country in Twilio's console."
_REGIONS = "Enable the recipient's country in Twilio's console (Messaging, Geo permissions)."
_VERIFY = "Verify the recipient's phone in Twilio's console, or upgrade the trial account there."
_SERVICE = "Check the number's Messaging Service and its senders in Twilio's console."

ACCOUNT: list[ErrorCode] = [
    *to_be_done(
        RejectionClass.ACCOUNT,
        Scope.ACCOUNT,
        {
            10001: ("The account is not active.", _REACTIVATE),
            20003: ("The credentials are wrong or lack permission.", _CREDENTIALS),
            20005: ("The account is not active.", _REACTIVATE),
            20404: ("There is no such account at this address.", _CREDENTIALS),
            30002: ("The account is suspended.", _REACTIVATE),
        },
    ),
    *to_be_done(
        RejectionClass.ACCOUNT,
        Scope.ACCOUNT,
        {
            20006: ("The credentials lack permission.", _CREDENTIALS),
            20008: ("The credentials are test credentials, which cannot do this.", _CREDENTIALS),
            20403: ("The credentials lack permission.", _CREDENTIALS),
            20410: ("This version of Twilio's API has ended.", "Install a newer petmsg."),
            30037: (
                "The account may not send messages.",
                "Ask Twilio's support to enable outbound messaging for the account.",
            ),
            90010: ("The account is not active.", _REACTIVATE),
            572006: ("A trial account can send only Twilio's sample messages.", _UPGRADE),
        },
        dated=COMPLETED,
    ),
    *to_be_done(
        RejectionClass.ACCOUNT,
        Scope.NUMBER,
        {
            21660: (
                "Our number belongs to another account.",
                _OTHER_ACCOUNT,
            )
        },
        source=CHANGELOG,
        dated=SPLIT,
    ),
]
"""Rejections of the account: nothing is marked failed."""

SETTINGS: list[ErrorCode] = [
    *to_be_done(
        RejectionClass.CONFIGURATION,
        Scope.ACCOUNT,
        {
            21609: (
                "The URL for delivery receipts, built from PETMSG_PUBLIC_URL, is not valid.",
                "Set PETMSG_PUBLIC_URL to a URL that Twilio can reach: petmsg config show",
            )
        },
    ),
    *to_be_done(
        RejectionClass.CONFIGURATION,
        Scope.MESSAGE,
        {
            21620: (
                "The URL of a picture, built from PETMSG_PUBLIC_URL, is not valid.",
                "Set PETMSG_PUBLIC_URL to a URL that Twilio can reach: petmsg config show",
            )
        },
    ),
    *to_be_done(
        RejectionClass.CONFIGURATION,
        Scope.NUMBER,
        {
            21701: ("There is no such Messaging Service.", _SERVICE),
            21704: ("The Messaging Service contains no numbers.", _SERVICE),
            21705: ("The ID of the Messaging Service is not valid.", _SERVICE),
            21711: ("Our number is not in its Messaging Service.", _SERVICE),
            30124: ("The request named no Messaging Service.", _SERVICE),
            30127: ("The ID of the Messaging Service is not valid.", _SERVICE),
        },
        dated=COMPLETED,
    ),
    *to_be_done(
        RejectionClass.SETTING,
        Scope.ACCOUNT,
        {
            21408: ("Messages to the recipient's region are not enabled in the account.", _REGIONS),
            21608: ("A trial account can send only to verified recipients.", _VERIFY),
        },
    ),
    *to_be_done(
        RejectionClass.SETTING,
        Scope.ACCOUNT,
        {
            10002: ("A trial account does not have this feature.", _UPGRADE),
            21267: ("A trial account cannot send from a name.", _UPGRADE),
            21607: ("A trial account can send only from its trial number.", _UPGRADE),
            30018: ("The recipient's country requires a registered sender name.", _REGISTER),
            30040: ("The recipient's carrier requires a registered sender.", _REGISTER),
            30041: (
                "A number that is not registered cannot send to the United Kingdom.",
                _REGISTER,
            ),
            30044: ("The message is longer than a trial account can send.", _UPGRADE),
            572002: ("A trial account sends to this recipient from another number only.", _UPGRADE),
            572005: ("A trial account can send only to verified recipients.", _VERIFY),
        },
        dated=COMPLETED,
    ),
]
"""Wrong settings: petmsg's own (configuration), and those of the account."""
