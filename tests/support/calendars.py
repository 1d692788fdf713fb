"""Calendar files for tests."""

from collections.abc import Iterable

PLACE = "America/New_York"


def event(*lines: str, uid: str | None = "walk@tool", start: str = "20260302T090000",
          end: str | None = "20260302T093000", zone: str | None = PLACE,
          summary: str = "Ann Ivers - Dog walk (Maya Lee)") -> str:  # fmt: skip
    """A VEVENT; `lines` are added to it."""
    place = "" if zone is None else f";TZID={zone}"
    found = ["BEGIN:VEVENT"]
    found += [] if uid is None else [f"UID:{uid}"]
    found += [f"DTSTART{place}:{start}"]
    found += [] if end is None else [f"DTEND{place}:{end}"]
    found += [f"SUMMARY:{summary}", *lines, "END:VEVENT"]
    return "\r\n".join(found)


def calendar(*parts: str, header: Iterable[str] = ("X-WR-CALNAME:Walks",)) -> bytes:
    """A VCALENDAR of these parts."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tool//EN", *header, *parts]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()
