"""Calendar files (iCalendar, RFC 5545): read and expanded. No database, provider or terminal.

The only importer of `icalendar` and `recurring_ical_events`, the libraries of the extra `calendar`.
"""
