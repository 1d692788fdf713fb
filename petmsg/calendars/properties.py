"""The properties of a calendar's component, as icalendar gives them."""

from typing import Any


def all_of(component: Any, name: str) -> list[Any]:
    """All properties of that name; icalendar gives a single one without a list."""
    found = component.get(name, [])
    return found if isinstance(found, list) else [found]
