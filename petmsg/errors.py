"""Every error petmsg raises on purpose, with its words, its hint and its exit code.

An error is a class. Its docstring is never shown; `message` and `hint` are, and `code` is what a
script reads under `error.code` with `-o json`. `exit_code` follows the table of the README.
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
    """The base: something a person can act on."""

    code = "error"
    exit_code = BUG
    hint = ""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if hint is not None:
            self.hint = hint


# --- wrong usage -----------------------------------------------------------------------------


class UsageProblem(PetmsgError):
    """Input that cannot mean anything: exit 2."""

    code = "usage"
    exit_code = USAGE


class MalformedPhone(UsageProblem):
    code = "malformed_phone"
    hint = "Write it with a plus and the country code, for example +14155550123."

    def __init__(self, text: str, *, why: str | None = None) -> None:
        super().__init__(
            f"{quoted(text)} is not a phone number in E.164."
            if why is None
            else f"Invalid phone number {quoted(text)}: {why}."
        )


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
    hint = "An end must be later than its start."


class OutOfRange(UsageProblem):
    code = "out_of_range"


class MalformedRef(UsageProblem):
    code = "malformed_ref"
    hint = "A ref is 1 to 64 printable characters, without spaces at its ends."


class MalformedText(UsageProblem):
    code = "malformed_text"


class EmptyReason(UsageProblem):
    code = "empty_reason"
    hint = "Say why in a few words: --reason 'carrier cleared the number'."


class MalformedFile(UsageProblem):
    """A batch file that cannot be read at all (a bad row is a row's own error)."""

    code = "malformed_file"


class MalformedRow(UsageProblem):
    code = "malformed_row"


class NotConfirmed(UsageProblem):
    """What cannot be undone, asked for without `--yes` where nobody can be asked."""

    code = "not_confirmed"
    hint = "Add --yes to go ahead, or --dry-run to see what would change. Nothing was changed."

    def __init__(self, question: str) -> None:
        super().__init__(f"There is no terminal to ask on: {question}")


# --- not found -------------------------------------------------------------------------------


class NotFound(PetmsgError):
    """A noun the database does not hold: exit 3."""

    code = "not_found"
    exit_code = NOT_FOUND

    def __init__(self, noun: str, text: str, *, hint: str | None = None) -> None:
        super().__init__(
            f"There is no {noun} {quoted(text)}.",
            hint=hint if hint is not None else f"List what there is: petmsg {noun} list",
        )
        self.code = f"{noun.replace(' ', '_')}_not_found"


class NoOrg(PetmsgError):
    """A database without any org: exit 3."""

    code = "no_org"
    exit_code = NOT_FOUND
    hint = "Make one: petmsg org add happy-paws --name 'Happy Paws' --timezone America/New_York"

    def __init__(self) -> None:
        super().__init__("The database holds no org yet.")


# --- refused by a rule -----------------------------------------------------------------------


class Refused(PetmsgError):
    """A rule of the company says no: exit 4."""

    code = "refused"
    exit_code = REFUSED


class Ambiguous(Refused):
    code = "ambiguous"

    def __init__(self, noun: str, text: str, candidates: Sequence[str]) -> None:
        listed = ", ".join(candidates[:10]) + (", …" if len(candidates) > 10 else "")
        super().__init__(
            f"{quoted(text)} fits {len(candidates)} {noun}s: {listed}.",
            hint=f"Name the {noun} by its ref.",
        )
        self.candidates = list(candidates)


class OrgNotChosen(Refused):
    code = "org_not_chosen"
    hint = "Pick one with --org SLUG or PETMSG_ORG."

    def __init__(self, slugs: Sequence[str]) -> None:
        super().__init__(f"The database holds {len(slugs)} orgs: {', '.join(slugs[:10])}.")


class AlreadyExists(Refused):
    """An `add` of something that exists with other values."""

    code = "already_exists"


class PhoneTaken(Refused):
    code = "phone_taken"


class NumberTaken(Refused):
    code = "number_taken"


class ConflictingWrite(Refused):
    """The database refused a row that broke one of its constraints."""

    code = "constraint"
    hint = "Look at what is stored and try again."


# --- configuration, credentials, schema ------------------------------------------------------


class Misconfigured(PetmsgError):
    """The setting, the credentials or the database are not as they must be: exit 5."""

    code = "configuration"
    exit_code = CONFIGURATION


class DatabaseMissing(Misconfigured):
    code = "database_missing"
    hint = "Create it: petmsg init --org SLUG --name NAME --timezone ZONE"


class DatabaseUnusable(Misconfigured):
    """Any failure of the database that is not a lock; `code` names which."""

    code = "database_error"


class SchemaBehind(Misconfigured):
    code = "schema_behind"
    hint = "Back up, then bring it up to date: petmsg db backup FILE && petmsg db upgrade"


class SchemaAhead(Misconfigured):
    code = "schema_ahead"
    hint = "This database was written by a newer petmsg: install that version."


class DuplicateThreads(Refused):
    """Migration 0002 found clients with several threads."""

    code = "duplicate_threads"
    hint = "Merge them into the oldest: petmsg db upgrade --merge-duplicate-threads"


class DataWouldBeLost(Refused):
    """A downgrade to a schema that cannot hold the rows there are."""

    code = "data_would_be_lost"
    hint = "To lose them, add --discard-data. Nothing was changed."


class OutputNotWritten(Misconfigured):
    """What a command prints could not be written: a full disk, say. The command is done."""

    code = "file_error"


class HomeUnknown(Misconfigured):
    """A user without a name and without HOME has no folder of their own."""

    code = "home_unknown"


class CredentialsMissing(Misconfigured):
    code = "credentials_missing"


# --- the provider ----------------------------------------------------------------------------


class ProviderRefused(PetmsgError):
    """The provider said no to a text: exit 6."""

    code = "provider_refused"
    exit_code = PROVIDER


class ProviderOutcomeUnknown(PetmsgError):
    """The provider may or may not have taken a text: exit 6, and never sent again blindly."""

    code = "provider_outcome_unknown"
    exit_code = PROVIDER


class ProviderUnavailable(PetmsgError):
    """The provider did not answer a question, or not in words we can read: exit 75."""

    code = "provider_unavailable"
    exit_code = BUSY
    hint = "Try again in a moment. Nothing was changed."
    provider_code: str | None = None
    """The provider's own code, or the HTTP status, where it answered."""
    after_seconds: float | None = None
    """How long the provider asks to wait."""


class ProviderAccount(Misconfigured):
    """The provider refused the account itself: exit 5, and the run stops."""

    code = "provider_account"
    hint = "Check the credentials: petmsg config show"


# --- others ----------------------------------------------------------------------------------


class Busy(PetmsgError):
    """Somebody else holds the database: exit 75."""

    code = "busy"
    exit_code = BUSY
    hint = "Try again in a moment. Nothing was changed."


class Interrupted(PetmsgError):
    code = "interrupted"
    exit_code = INTERRUPTED


def quoted(text: str) -> str:
    """A piece of input as an error quotes it: short, in quotes, control characters escaped."""
    cut = text if len(text) <= 60 else text[:59] + "…"
    return "'" + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut) + "'"
