"""The field lists of threads: JSON keys and table columns."""

from petmsg.enums.bookings import BookingStatus
from petmsg.enums.inbound import AddressedTo, RelayKind
from petmsg.enums.messages import Direction, MessageStatus
from petmsg.enums.numbers import NumberClass
from petmsg.enums.routing import InboundCode
from petmsg.render.field_types import (
    COUNT,
    E164,
    ID,
    INSTANT,
    REF,
    RELATIVE_INSTANT,
    TEXT,
    one_of,
    or_null,
    rows_of,
)
from petmsg.render.fields import Field, nested
from petmsg.render.views.call_fields import ENTRIES, THREAD_CALLS
from petmsg.render.views.media import OF_MESSAGE
from petmsg.render.views.override import HOLDING
from petmsg.render.views.people import ANY_SITTER, CLIENT, person
from petmsg.render.views.prices import LISTED

THREADS = (
    Field("thread", "Thread", kind=ID),
    *CLIENT,
    Field("default_number", "Default number", kind=or_null(E164)),
    Field("pool_number", "Own pool number", kind=or_null(E164)),
    Field("windows", "Windows", kind=COUNT),
    Field("messages", "Messages", kind=COUNT),
    Field("last_message_at", "Last message", kind=or_null(RELATIVE_INSTANT)),
    Field("calls", None, kind=COUNT),
)
THREAD_WINDOWS = (
    Field("window", "Window", get=lambda row: row.window_id, kind=ID),
    Field("booking", "Booking", kind=REF),
    Field("status", "Status", kind=one_of(BookingStatus)),
    *ANY_SITTER,
    Field("starts_at", "Starts", kind=RELATIVE_INSTANT),
    Field("booked_until", "Booked until", kind=INSTANT),
    Field("ends_at", "Ends", kind=INSTANT),
)
NUMBERS_SEEN = (
    Field("number", "Number", kind=E164),
    Field("class", "Class", get=lambda row: row.number_class, kind=one_of(NumberClass)),
    Field("messages", "Messages", kind=COUNT),
    Field("last_used_at", "Last used", kind=RELATIVE_INSTANT),
)
THREAD_MESSAGES = (
    Field("message", "Id", kind=ID),
    Field("direction", "Direction", kind=one_of(Direction)),
    Field("status", "Status", kind=one_of(MessageStatus)),
    Field("number", "Number", kind=or_null(E164)),
    Field("body", "Body", kind=or_null(TEXT)),
    Field("created_at", "Time", kind=INSTANT),
    Field("sent_at", None, kind=or_null(INSTANT)),
    Field("received_at", None, kind=or_null(INSTANT)),
    *person("sitter", None, is_optional=True),
    Field("addressed_to", None, kind=or_null(one_of(AddressedTo))),
    Field("code", None, kind=or_null(one_of(InboundCode))),
    Field("media_count", None, kind=COUNT),
    OF_MESSAGE,
    *LISTED,
    Field("relay", None, kind=or_null(one_of(RelayKind))),
    Field("passed_on", None, kind=or_null(one_of(MessageStatus))),
)


THREAD = (
    Field("thread", "Thread", kind=ID),
    *CLIENT,
    Field("default_number", "Default number", kind=or_null(E164)),
    Field("pool_number", "Own pool number", kind=or_null(E164)),
    HOLDING,
    Field("created_at", "Created", kind=INSTANT),
    Field("window_count", "Windows", kind=COUNT),
    Field("message_count", "Messages", kind=COUNT),
    Field("call_count", "Calls", kind=COUNT),
    Field("windows", None, get=nested(THREAD_WINDOWS, "windows"), kind=rows_of(THREAD_WINDOWS)),
    Field(
        "numbers_seen", None, get=nested(NUMBERS_SEEN, "numbers_seen"), kind=rows_of(NUMBERS_SEEN)
    ),
    Field("messages", None, get=nested(THREAD_MESSAGES, "messages"), kind=rows_of(THREAD_MESSAGES)),
    Field("calls", None, get=nested(THREAD_CALLS, "calls"), kind=rows_of(THREAD_CALLS)),
    Field("entries", None, get=nested(ENTRIES, "entries"), kind=rows_of(ENTRIES)),
)
