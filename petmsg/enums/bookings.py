"""Bookings and what coverage finds about them."""

from enum import StrEnum


class BookingStatus(StrEnum):
    """The status of a booking. Only a confirmed booking has an assignment window that counts."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


class GapKind(StrEnum):
    """What `coverage` reports. `pool_headroom` is information, never a gap; a client with two
    sitters at once, and what concerns a pending booking, is a note."""

    WINDOW = "window"
    BOOKING_WITHOUT_WINDOW = "booking_without_window"
    SITTER_WITHOUT_NUMBER = "sitter_without_number"
    NO_FALLBACK = "no_fallback"
    SITTER_AWAY = "sitter_away"
    SITTER_DOUBLE_BOOKED = "sitter_double_booked"
    CLIENT_DOUBLE_BOOKED = "client_double_booked"
    POOL_HEADROOM = "pool_headroom"
