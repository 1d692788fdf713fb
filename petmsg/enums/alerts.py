"""Alerts, and the results of checks."""

from enum import StrEnum


class AlertSeverity(StrEnum):
    """How soon a person should look at an alert: `critical` now, `warning` today, `info` later."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """The higher, the sooner."""
        return list(AlertSeverity).index(self)


class AlertKind(StrEnum):
    """What an alert is about. No CHECK of the database lists them: later releases add kinds."""

    NO_NUMBER = "no_number"
    NUMBER_UNUSABLE = "number_unusable"
    NUMBER_FILTERED = "number_filtered"
    NUMBER_GONE = "number_gone"
    NUMBER_NOT_KNOWN = "number_not_known"
    PAIR_BLOCKED = "pair_blocked"
    PHONE_NOT_SMS_CAPABLE = "phone_not_textable"
    CLIENT_OPTED_OUT = "client_opted_out"
    MESSAGE_HELD = "message_held"
    MESSAGE_EXPIRED = "message_expired"
    MESSAGE_NOT_KNOWN = "message_not_known"
    PROVIDER_ACCOUNT = "provider_account"
    PROVIDER_SETTING = "provider_setting"
    SAME_CODE = "same_code"
    UNMATCHED_MESSAGE = "stray_text"
    OPT_OUT_WORD = "opt_out_word"
    OPT_OUT_REQUEST = "opt_out_request"
    SITTER_OPTED_OUT = "sitter_opted_out"
    RELAY_FAILED = "relay_failed"
    RELAY_LOOP = "relay_loop"
    PAYMENT_NOT_MATCHED = "payment_not_matched"
    CLIENT_WAITING = "client_waiting"
    AUTO_REPLY_LIMIT = "auto_reply_limit"
    WEBHOOK_REFUSED = "webhook_refused"
    PAYMENT_REFUNDED = "payment_refunded"
    PAYMENT_DISPUTED = "payment_disputed"
    PAYMENT_FAILED = "payment_failed"
    MEDIA_LOST = "media_lost"
    NO_PUBLIC_URL = "no_public_url"
    NOTIFY_FAILED = "notify_failed"
    MISSED_CALL = "missed_call"
    VOICEMAIL = "voicemail"
    CALL_LIMIT = "call_limit"


class DriftKind(StrEnum):
    """A difference between petmsg and the provider that `reconcile` reports."""

    MESSAGE_UNKNOWN = "message_unknown"
    NUMBER_NOT_KNOWN = "number_not_known"
    NUMBER_GONE = "number_gone"
    CALL_OPEN = "call_open"
    VOICEMAIL_NOT_TOLD = "voicemail_not_told"


class CheckResult(StrEnum):
    """The result of a check of `doctor`. A warning is not urgent."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"
