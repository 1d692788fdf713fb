"""Loads icalendar and recurring-ical-events, the libraries of the extra `calendar`."""

from petmsg.errors import ExtraMissing


def need_calendars() -> None:
    """Make both libraries ready to use. Raises `ExtraMissing`."""
    try:
        import icalendar
        import recurring_ical_events
    except ImportError as problem:
        raise ExtraMissing(
            "Calendars need icalendar and recurring-ical-events.", "calendar"
        ) from problem
    del icalendar, recurring_ical_events
