"""The columns that petmsg reads, and the headers that are known to mean them.

The only list of aliases: `docs/importing.md` has the same one, and a test compares the two.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from petmsg.enums.files import ImportNoun

REASON = "reason"
"""The column of a file of refused rows that says why. It is known everywhere, and ignored."""
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_DIGITS = re.compile(r"(?<=[^\W\d_])(?=[0-9])")
_OTHER = re.compile(r"[\W_]+")
_PHONE_N = re.compile(r"phone ?([2-9])")


@dataclass(frozen=True, slots=True)
class Target:
    """A column, or a part of one, and the headers that mean it, the most likely one first.

    `parts`: the columns that it is a part of; empty for a column. A header that is `doubtful` means
    it only where the file has no header for one of the targets `unless`.
    """

    name: str
    aliases: tuple[str, ...]
    parts: tuple[str, ...] = ()
    is_repeatable: bool = False
    doubtful: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()

    def is_left_out(self, header: str, targets: Collection[str]) -> bool:
        """Whether the header means something else, in a file that has the `targets`."""
        is_doubtful = normal_header(header) in map(normal_header, self.doubtful)
        return is_doubtful and any(each in targets for each in self.unless)


@dataclass(frozen=True)
class Layout:
    """The columns of a file of one noun. A new row needs the `required` ones.

    `template` is the header of an empty file. `instead` says by column what a user can give instead
    of it.
    """

    noun: ImportNoun | None
    columns: tuple[str, ...]
    required: tuple[str, ...]
    targets: tuple[Target, ...]
    template: tuple[str, ...] = ()
    instead: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def meanings(self) -> Mapping[str, tuple[str, int]]:
        """By header in normal form: the target that it means, and its place among the aliases."""
        found: dict[str, tuple[str, int]] = {}
        for target in self.targets:
            for place, alias in enumerate((*target.aliases, target.name)):
                found.setdefault(normal_header(alias), (target.name, place))
        return found

    def meaning(self, header: str) -> tuple[str, int] | None:
        """The target that a header means, and its place among the aliases.

        `Client #` is the number of the client (`Client No`), `Phone #` just the phone.
        """
        name = normal_header(header)
        if header.rstrip(" \t*:.").endswith("#"):
            return self.meanings.get(f"{name} no") or self.meanings.get(name)
        return self.meanings.get(name)

    @cached_property
    def by_name(self) -> Mapping[str, Target]:
        """The targets by name."""
        return {target.name: target for target in self.targets}

    def without_required(self, columns: Sequence[str]) -> "Layout":
        """The layout of a file that may lack these columns."""
        if not columns:
            return self
        return replace(self, required=tuple(e for e in self.required if e not in columns))

    def target_named(self, text: str) -> str | None:
        """The target that a user names; `phone3` and so on are further phones, like `phone2`."""
        name = text.strip().lower().replace("-", "_").replace(" ", "_")
        if _PHONE_N.fullmatch(name) and "phone2" in self.by_name:
            return "phone2"
        return name if name in self.by_name else None


def normal_header(text: str) -> str:
    """The form in which headers are compared: `Client_Name`, `clientName` and `CLIENT NAME` are one
    header. Marks such as `#` and `*` and a `(s)` do not count."""
    plain = unicodedata.normalize("NFKC", text).strip().replace("(s)", "")
    spaced = plain if plain.isupper() else _WORDS.sub(" ", plain)
    return " ".join(_OTHER.sub(" ", _DIGITS.sub(" ", spaced.casefold())).split())


def plain_layout(columns: Sequence[str], required: Sequence[str]) -> Layout:
    """A layout without aliases, for files that are written for petmsg."""
    return Layout(
        noun=None,
        columns=tuple(columns),
        required=tuple(required),
        targets=tuple(Target(name, ()) for name in columns),
    )


_FIRST = ("First Name", "Given Name", "Forename", "First")
_LAST = ("Last Name", "Surname", "Family Name", "Last")
_PHONE = (
    "Mobile Phone", "Mobile", "Mobile Number", "Mobile Phone Number", "Cell Phone", "Cell",
    "Cell Number", "Cell Phone Number", "Cellphone", "Text Number", "SMS", "SMS Number",
    "Primary Phone", "Primary Phone Number", "Main Phone", "Preferred Phone", "Phone 1",
    "Phone 1 - Value", "Phone", "Phone Number", "Phone Numbers", "Phones", "Telephone",
    "Telephone Number", "Tel", "Contact Number", "Contact Phone", "Primary Mobile", "Primary Cell",
    "Personal Phone", "Personal Mobile", "Personal Cell", "Phone Mobile", "Phone Cell",
)  # fmt: skip
_MORE_PHONES = (
    "Phone 2", "Phone 2 - Value", "Phone Number 2", "Mobile 2", "Mobile Phone 2", "Cell 2",
    "Cell Phone 2", "Second Phone", "Secondary Phone", "Secondary Phone Number", "Alternate Phone",
    "Alternate Phone Number", "Alt Phone", "Other Phone", "Additional Phone", "Spouse Phone",
    "Spouse Cell", "Spouse Mobile", "Partner Phone", "Home Phone", "Home Phone Number",
    "Landline", "Work Phone", "Work Phone Number", "Business Phone", "Phone 3",
    "Phone 3 - Value", "Phone 4", "Phone 4 - Value", "Phone 5", "Phone 6", "Phone 7", "Phone 8",
    "Phone 9", "Secondary Mobile", "Secondary Mobile Phone", "Secondary Cell",
    "Secondary Cell Phone", "Alternate Mobile", "Alternate Cell", "Spouse Mobile Phone",
    "Spouse Cell Phone", "Partner Mobile", "Partner Cell", "Home Phone 2", "Work Phone 2",
    "Business Phone 2", "Phone Home", "Phone Work", "Daytime Phone", "Evening Phone",
)  # fmt: skip
_PHONE_LABELS = (
    "Phone Type", "Phone Label", *(
        f"Phone {number} {what}" for number in range(1, 5) for what in ("- Label", "- Type", "Type")
    ),
)  # fmt: skip


def _prefixed(prefixes: Sequence[str], words: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{prefix} {word}" for prefix in prefixes for word in words)


_CLIENTS = ("Client", "Customer", "Owner", "Pet Owner", "Pet Parent", "Account")
_SITTERS = (
    "Sitter", "Pet Sitter", "Staff", "Staff Member", "Employee", "Team Member", "Walker",
    "Dog Walker", "Provider", "Caregiver", "User",
)  # fmt: skip
_VISITS = (
    "Booking", "Appointment", "Appt", "Visit", "Event", "Reservation", "Service", "Job",
)  # fmt: skip
_WHEN_BOOKED = ("Booking Date", "Booking Time", "Reservation Date", "Reservation Time")
"""Perhaps the day and the time at which a visit was booked."""
_PHONES_OF = ("Phone", "Phone Number", "Mobile", "Mobile Phone", "Cell", "Cell Phone")

CLIENT = Layout(
    noun=ImportNoun.CLIENT,
    columns=("ref", "name", "phone", "kind"),
    required=("name", "phone"),
    template=("ref", "name", "phone", "phone2", "kind"),
    targets=(
        Target(
            "ref",
            (
                *_prefixed(_CLIENTS, ("ID", "Ref", "Reference", "No", "Code")), "Customer Number",
                "Account Number", "Reference", "External ID", "Record ID", "ID",
            ),
        ),
        Target(
            "name",
            (
                *_prefixed(_CLIENTS, ("Name", "Full Name")), "Full Name", "Display Name",
                "Contact Name", "Primary Contact", "Main Contact", "Name", "Household",
                "Client", "Customer", "Owner", "Pet Owner", "Pet Parent",
            ),
        ),
        Target("first_name", (*_prefixed(_CLIENTS, ("First Name", "First")), *_FIRST), ("name",)),
        Target("last_name", (*_prefixed(_CLIENTS, ("Last Name", "Last")), *_LAST), ("name",)),
        Target("phone", (*_PHONE, *_prefixed(_CLIENTS, _PHONES_OF)), is_repeatable=True),
        Target("phone2", _MORE_PHONES, ("phone",), is_repeatable=True),
        Target("phone_label", _PHONE_LABELS, ("phone",), is_repeatable=True),
        Target("kind", ("Client Kind", "Client Type", "Customer Type", "Kind")),
    ),
)  # fmt: skip

SITTER = Layout(
    noun=ImportNoun.SITTER,
    columns=("ref", "name", "phone"),
    required=("name", "phone"),
    template=("ref", "name", "phone"),
    targets=(
        Target(
            "ref",
            (
                *_prefixed(_SITTERS, ("ID", "Ref", "Reference", "No", "Code")), "Employee Number",
                "Staff Number", "Reference", "External ID", "Record ID", "ID",
            ),
        ),
        Target(
            "name",
            (
                *_prefixed(_SITTERS, ("Name", "Full Name")), "Full Name", "Display Name",
                "Contact Name", "Name", *_SITTERS,
            ),
        ),
        Target("first_name", (*_prefixed(_SITTERS, ("First Name", "First")), *_FIRST), ("name",)),
        Target("last_name", (*_prefixed(_SITTERS, ("Last Name", "Last")), *_LAST), ("name",)),
        Target(
            "phone",
            (*_PHONE, "Phone 2 - Value", "Phone 3 - Value", *_prefixed(_SITTERS, _PHONES_OF)),
            is_repeatable=True,
        ),
        Target("phone_label", _PHONE_LABELS, ("phone",), is_repeatable=True),
    ),
)  # fmt: skip

BOOKING = Layout(
    noun=ImportNoun.BOOKING,
    columns=("ref", "client", "sitter", "starts_at", "ends_at", "lead_minutes", "status"),
    required=("client", "starts_at", "ends_at"),
    template=("ref", "client", "sitter", "starts_at", "ends_at", "lead_minutes"),
    instead=dict.fromkeys(
        ("starts_at", "ends_at"), "Or is it all in one column? --map 'Header=when'"
    ),
    targets=(
        Target(
            "ref",
            (
                *_prefixed(_VISITS, ("ID", "Ref", "Reference", "Number", "No")),
                "Confirmation Number", "Confirmation No", "Order ID", "Order Number", "Order No",
                "Reference", "External ID", "Record ID", "ID",
            ),
        ),
        Target(
            "client",
            (
                *_prefixed(_CLIENTS, ("ID", "Ref", "Name", "Full Name")), "Client", "Customer",
                "Owner", "Pet Owner", "Pet Parent", "Household",
                "Invitee Name", "Invitee",
                *_prefixed(_CLIENTS, ("Phone", "Phone Number", "Mobile", "Cell Phone")),
            ),
        ),
        Target(
            "client_first_name",
            (*_prefixed(_CLIENTS, ("First Name", "First")), "Invitee First Name", "First Name"),
            ("client",),
        ),
        Target(
            "client_last_name",
            (*_prefixed(_CLIENTS, ("Last Name", "Last")), "Invitee Last Name", "Last Name"),
            ("client",),
        ),
        Target(
            "sitter",
            (
                *_prefixed(_SITTERS, ("ID", "Ref", "Name", "Full Name")), *_SITTERS,
                "Assigned To", "Assignee", "Primary Sitter", *_prefixed(("Assigned",), _SITTERS),
                *(f"{each} Assigned" for each in _SITTERS),
                *_prefixed(_SITTERS, ("Phone", "Phone Number", "Mobile", "Cell Phone")),
            ),
        ),
        Target("sitter_first_name", _prefixed(_SITTERS, ("First Name", "First")), ("sitter",)),
        Target("sitter_last_name", _prefixed(_SITTERS, ("Last Name", "Last")), ("sitter",)),
        Target(
            "starts_at",
            (
                "Starts At", "Start At", "Start Date Time", "Start Date and Time", "Start Datetime",
                "Start", "Starts", "Begins At", "Begin", "Begins", "Scheduled Start",
                *_prefixed(_VISITS, ("Start", "Starts", "Start Date Time")),
                "Scheduled Start Date Time", "Check In Date Time", "Arrival Date Time",
                "Drop Off Date Time", "Check In", "Arrival", "From",
            ),
        ),
        Target(
            "ends_at",
            (
                "Ends At", "End At", "End Date Time", "End Date and Time", "End Datetime", "End",
                "Ends", "Finish", "Scheduled End",
                *_prefixed(_VISITS, ("End", "Ends", "End Date Time")), "Scheduled End Date Time",
                "Check Out Date Time", "Departure Date Time", "Pick Up Date Time", "Check Out",
                "Departure", "To", "Until",
            ),
        ),
        Target(
            "start_date",
            ("Start Date", "Start Day", "From Date", "Begin Date", "Check In Date", "Arrival Date",
             "First Day", "Drop Off Date", "Dropoff Date", "Scheduled Start Date", "Date From",
             *_prefixed(_VISITS, ("Start Date",))),
            ("starts_at",),
        ),
        Target(
            "start_time",
            ("Start Time", "From Time", "Begin Time", "Check In Time", "Arrival Time", "Time In",
             "Scheduled Start Time", "Drop Off Time", "Dropoff Time", "Time Start", "Time From",
             *_prefixed(_VISITS, ("Start Time",))),
            ("starts_at",),
        ),
        Target(
            "end_date",
            ("End Date", "End Day", "To Date", "Check Out Date", "Departure Date", "Last Day",
             "Pick Up Date", "Pickup Date", "Scheduled End Date", "Date To",
             *_prefixed(_VISITS, ("End Date",))),
            ("ends_at",),
        ),
        Target(
            "end_time",
            ("End Time", "To Time", "Finish Time", "Check Out Time", "Departure Time", "Time Out",
             "Scheduled End Time", "Stop Time", "Pick Up Time", "Pickup Time", "Time End",
             "Time To", *_prefixed(_VISITS, ("End Time",))),
            ("ends_at",),
        ),
        Target(
            "date",
            ("Date", "Visit Date", "Service Date", "Appointment Date", "Appt Date", "Event Date",
             "Job Date", "Reservation Date", "Booking Date", "Scheduled Date", "Day",
             "Date of Service", "Date of Visit"),
            ("starts_at", "ends_at"),
            doubtful=_WHEN_BOOKED,
            unless=("starts_at", "start_date", "when"),
        ),
        Target("when", ("When", "Date Time", "Date and Time"), ("starts_at", "ends_at")),
        Target(
            "time",
            ("Time", "Times", "Time Window", "Time Frame", "Time Range", "Time Block", "Window",
             "Time Slot", "Timeslot", "Scheduled Time", "Visit Window", "Arrival Window",
             *_prefixed(_VISITS, ("Time",))),
            ("starts_at", "ends_at"),
            doubtful=_WHEN_BOOKED,
            unless=("starts_at", "start_time", "when"),
        ),
        Target(
            "duration",
            ("Duration", "Length", *_prefixed(_VISITS, ("Duration", "Length"))),
            ("ends_at",),
        ),
        Target(
            "duration_minutes",
            ("Duration Minutes", "Duration in Minutes", "Duration Min", "Duration Mins", "Minutes",
             "Mins", "Length Minutes", "Length Min", "Length Mins"),
            ("ends_at",),
        ),
        Target("lead_minutes", ("Lead Minutes", "Lead", "Lead Time", "Lead Time Minutes")),
        Target(
            "status",
            (*_prefixed(_VISITS, ("Status",)), "Status"),
        ),
        Target(
            "cancelled",
            ("Cancelled", "Canceled", "Is Cancelled", "Is Canceled", "Cancelled At", "Canceled At",
             "Cancelled On", "Canceled On", "Date Cancelled", "Date Canceled", "Cancelled Date",
             "Canceled Date", "Cancellation Date"),
            ("status",),
        ),
        Target(
            "repeats",
            ("Repeats", "Repeat", "Recurrence", "Recurrence Pattern", "Recurring", "Frequency",
             "Days", "Days of Week", "Days of the Week", "Weekdays"),
            ("starts_at", "ends_at"),
        ),
    ),
)  # fmt: skip

NUMBER = Layout(
    noun=ImportNoun.NUMBER,
    columns=("e164", "class"),
    required=("e164", "class"),
    template=("e164", "class"),
    instead={"class": "Or give all of the file's numbers one class: --class sitter"},
    targets=(
        Target(
            "e164",
            ("Number", "Phone Number", "Phone", "Twilio Number", "Message Number", "SMS Number",
             "Masked Number", "DID"),
        ),
        Target(
            "class",
            ("Number Class", "Number Type", "Class", "Type", "Kind", "Role", "Use", "Used For",
             "Purpose"),
        ),
    ),
)  # fmt: skip

LAYOUTS: Mapping[ImportNoun, Layout] = {
    ImportNoun.CLIENT: CLIENT,
    ImportNoun.SITTER: SITTER,
    ImportNoun.BOOKING: BOOKING,
    ImportNoun.NUMBER: NUMBER,
}
"""The layout of the files of each noun."""
