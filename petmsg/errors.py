"""The errors that petmsg raises on purpose: their codes, hints and exit codes.

Each error is a class. Users see its `message` and `hint`, never its docstring. Scripts read its
`code` as `error.code` with `-o json`. The exit codes are listed in `docs/reference.md`.
"""

from collections.abc import Sequence

DONE = 0
BUG = 1
USAGE = 2
NOT_FOUND = 3
REFUSED = 4
CONFIGURATION = 5
PROVIDER = 6
FINDING = 10
BUSY = 75
INTERRUPTED = 130


class PetmsgError(Exception):
    """The base class: something that a person can act on."""

    code = "error"
    exit_code = BUG
    hint = ""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if hint is not None:
            self.hint = hint

    @property
    def with_hint(self) -> str:
        """The message and the hint, as sentences on one line."""
        end = "" if self.message.endswith((".", "!", "?", "…")) else "."
        return f"{self.message}{end} {self.hint}" if self.hint else self.message


# --- wrong usage -----------------------------------------------------------------------------


class UsageProblem(PetmsgError):
    """The input is invalid: exit 2."""

    code = "usage"
    exit_code = USAGE


class MalformedPhone(UsageProblem):
    code = "malformed_phone"
    hint = "Write a plus, the country code and the number, for example +14155550123."

    def __init__(self, text: str, *, why: str | None = None, hint: str | None = None) -> None:
        self.why = why or "it is not a phone number"
        super().__init__(f"Invalid phone number {quoted(text)}: {self.why}.", hint=hint)


class MalformedTime(UsageProblem):
    code = "malformed_time"
    hint = (
        "Write 2026-02-14T15:00, 2026-02-14T15:00-08:00, 2026-02-14T23:00Z, now, +2h, -30m or +14d."
    )


class NonexistentTime(MalformedTime):
    code = "nonexistent_time"


class AmbiguousTime(MalformedTime):
    code = "ambiguous_time"


class EndNotAfterStart(UsageProblem):
    code = "end_not_after_start"
    hint = "Give an end that is later than the start."


class OutOfRange(UsageProblem):
    code = "out_of_range"


class MalformedRef(UsageProblem):
    code = "malformed_ref"
    hint = "A ref has 1 to 64 printable characters and does not look like a phone number."


class MalformedText(UsageProblem):
    code = "malformed_text"


class EmptyReason(UsageProblem):
    code = "empty_reason"
    hint = "Give a reason in a few words: --reason 'carrier cleared the number'."


class MalformedFile(UsageProblem):
    """A batch file cannot be read at all. An invalid row is an error of that row alone."""

    code = "malformed_file"


class MalformedRow(UsageProblem):
    code = "malformed_row"


class MediaUnreadable(UsageProblem):
    """A file that was to be sent cannot be opened, or is not a file."""

    code = "media_unreadable"
    hint = "Name a picture or a PDF that you may read: --media rex.jpg"


class MalformedUrl(UsageProblem):
    """The URL of a channel is invalid. It is a secret, so no message contains it."""

    code = "malformed_url"
    hint = "See https://appriseit.com/services for the URL of your service."


class NotConfirmed(UsageProblem):
    """A command that cannot be undone ran without `--yes`, and there is no terminal to ask on."""

    code = "not_confirmed"
    hint = "Add --yes to go ahead, or --dry-run to see what would change. Nothing was changed."

    def __init__(self, question: str) -> None:
        super().__init__(f"There is no terminal to confirm this on: {question}")


# --- not found -------------------------------------------------------------------------------


class NotFound(PetmsgError):
    """The database has no such thing: exit 3. `noun` is the command's, as in `booking`."""

    code = "not_found"
    exit_code = NOT_FOUND

    def __init__(self, noun: str, text: str, *, hint: str | None = None) -> None:
        super().__init__(
            f"There is no {noun} {quoted(text)}.",
            hint=hint if hint is not None else f"List what there is: petmsg {noun} list",
        )
        self.code = f"{noun.replace(' ', '_')}_not_found"


class MediaMissing(PetmsgError):
    """The store of the pictures does not have these bytes: exit 3."""

    code = "media_missing"
    exit_code = NOT_FOUND
    hint = "Compare the messages with the stored files: petmsg doctor"

    def __init__(self, sha256: str, place: str) -> None:
        super().__init__(f"The file {sha256[:12]}… is not in {quoted(place)}.")
        self.sha256 = sha256


class NoOrg(PetmsgError):
    """The database has no org: exit 3."""

    code = "no_org"
    exit_code = NOT_FOUND
    hint = "Add one: petmsg org add happy-paws --name 'Happy Paws' --timezone America/New_York"

    def __init__(self) -> None:
        super().__init__("The database has no org yet.")


# --- refused by a rule -----------------------------------------------------------------------


class Refused(PetmsgError):
    """A rule refuses the command: exit 4."""

    code = "refused"
    exit_code = REFUSED


class Ambiguous(Refused):
    code = "ambiguous"

    def __init__(self, noun: str, text: str, candidates: Sequence[str]) -> None:
        listed = ", ".join(candidates[:10]) + (", …" if len(candidates) > 10 else "")
        super().__init__(
            f"{quoted(text)} matches {len(candidates)} {noun}s: {listed}.",
            hint=f"Name the {noun} by its ref.",
        )
        self.candidates = list(candidates)


class OrgNotChosen(Refused):
    code = "org_not_chosen"
    hint = "Choose one with --org SLUG or PETMSG_ORG."

    def __init__(self, slugs: Sequence[str]) -> None:
        super().__init__(f"The database has {len(slugs)} orgs: {', '.join(slugs[:10])}.")


class AlreadyExists(Refused):
    """An `add` command names something that exists with other values."""

    code = "already_exists"


class PhoneTaken(Refused):
    code = "phone_taken"


class NumberTaken(Refused):
    code = "number_taken"


class MediaNotAccepted(Refused):
    """A file is of a type that is not sent, is damaged, or is not safe to open."""

    code = "media_not_accepted"
    hint = "Send a JPEG, PNG, GIF or WebP picture, or a PDF."


class MediaTooLarge(Refused):
    """A file is too large, and cannot be made smaller."""

    code = "media_too_large"
    hint = "Send a smaller file, or fewer in one message."


class ConflictingWrite(Refused):
    """The database refused a row because it breaks a constraint."""

    code = "constraint"
    hint = "Check the stored values and try again."


# --- configuration, credentials, schema ------------------------------------------------------


class Misconfigured(PetmsgError):
    """A setting, the credentials or the database cannot be used: exit 5."""

    code = "configuration"
    exit_code = CONFIGURATION


class DatabaseMissing(Misconfigured):
    code = "database_missing"
    hint = "Create it: petmsg init --org SLUG --name NAME --timezone ZONE"


class DatabaseUnusable(Misconfigured):
    """The database failed for a reason other than a lock; `code` says which."""

    code = "database_error"


class SchemaBehind(Misconfigured):
    code = "schema_behind"
    hint = "Back up, then upgrade: petmsg db backup FILE && petmsg db upgrade"


class SchemaAhead(Misconfigured):
    code = "schema_ahead"
    hint = "A newer version of petmsg wrote this database: install that version."


class DuplicateThreads(Refused):
    """Migration 0002 found clients who have several threads."""

    code = "duplicate_threads"
    hint = "Merge them into the oldest: petmsg db upgrade --merge-duplicate-threads"


class DataWouldBeLost(Refused):
    """The schema to which the database is downgraded cannot hold all of its rows."""

    code = "data_would_be_lost"
    hint = "To delete them, add --discard-data. Nothing was changed."


class OutputNotWritten(Misconfigured):
    """The output could not be written, for example to a full disk. The command itself is done."""

    code = "file_error"


class HomeUnknown(Misconfigured):
    """The home folder is unknown: the user has no name and HOME is not set."""

    code = "home_unknown"


class CredentialsMissing(Misconfigured):
    code = "credentials_missing"


class ExtraMissing(Misconfigured):
    """A library of an extra is not installed."""

    code = "extra_missing"

    def __init__(self, message: str, extra: str) -> None:
        super().__init__(message, hint=f"Install them: pip install 'petmsg[{extra}]'")


class MediaStoreUnusable(Misconfigured):
    """The place of the pictures cannot be read or written."""

    code = "media_store"
    hint = "Check the folder and its permissions, or set PETMSG_MEDIA_DIR; see: petmsg config show"


class NotifyFileUnusable(Misconfigured):
    """The private file with the URLs of the channels cannot be read or written."""

    code = "notify_file"
    hint = "Restore it, or remove it and add the channels again; see: petmsg config show"


# --- the provider ----------------------------------------------------------------------------


class ProviderRefused(PetmsgError):
    """The provider rejected a message: exit 6."""

    code = "provider_refused"
    exit_code = PROVIDER


class ProviderOutcomeUnknown(PetmsgError):
    """It is unknown whether the provider accepted a message: exit 6. It is not sent again before
    the provider was asked."""

    code = "provider_outcome_unknown"
    exit_code = PROVIDER


class MediaGone(PetmsgError):
    """The provider has no such picture or file, or not any more: exit 6."""

    code = "media_gone"
    exit_code = PROVIDER
    hint = "Look for the message in the provider's console, or ask the sender to send it again."


class ProviderUnavailable(PetmsgError):
    """The provider did not answer a request, or its answer cannot be read: exit 75."""

    code = "provider_unavailable"
    exit_code = BUSY
    hint = "Try again in a moment. Nothing was changed."
    provider_code: str | None = None
    """The provider's own code, or the HTTP status; None if it did not answer."""
    after_seconds: float | None = None
    """How long the provider asks to wait before the next request."""


class ProviderAccount(Misconfigured):
    """The provider refuses the account: exit 5, and the command stops."""

    code = "provider_account"
    hint = "Check the credentials: petmsg config show"


# --- others ----------------------------------------------------------------------------------


class Busy(PetmsgError):
    """Another process holds a lock on the database: exit 75."""

    code = "busy"
    exit_code = BUSY
    hint = "Try again in a moment. Nothing was changed."


class Interrupted(PetmsgError):
    """Ctrl-C: exit 130."""

    code = "interrupted"
    exit_code = INTERRUPTED

    def __init__(self) -> None:
        super().__init__("Interrupted. What was not committed is undone.")


def quoted(text: str) -> str:
    """Quote input for an error message: at most 60 characters, with control characters escaped."""
    cut = text if len(text) <= 60 else text[:59] + "…"
    return "'" + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut) + "'"
