"""Fields: the columns of a noun, declared once for every output format. Standard library only."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from petmsg.clock import from_now, iso_utc, zone
from petmsg.phone import mask_phone
from petmsg.render.field_types import FLAG, UNDECLARED, FieldType

if TYPE_CHECKING:
    from petmsg.render.terminal import Terminal

NO_NUMBER = "NO NUMBER"
"""What a table shows if there is no number to send from."""


class View(NamedTuple):
    """How a command shows values: in which timezone, and whether personal phones are shown.

    `now` is the command's time; `relative` says that tables also show instants relative to it.
    `terminal` is what a table is drawn on; None means that it is looked up from stdout. In a dry
    run, what is shown was not done.
    """

    timezone: str = "UTC"
    reveal: bool = False
    now: datetime | None = None
    relative: bool = False
    terminal: "Terminal | None" = None
    is_dry_run: bool = False


class Field(NamedTuple):
    """One field of a noun.

    `name` is its JSON key. `get` reads it from a row (a mapping or an object; by default the item
    or attribute of that name). `personal` phones (always, or where a row says so)
    are masked. `title` None keeps it out of tables; `cell` words it for a table where the plain
    value would not do. `kind` is what its values are: from it comes the JSON Schema, and how a
    table lays the column out. A `notable` one is in a table only if it is true of a row.
    """

    name: str
    title: str | None = None
    get: Callable[[Any], Any] | None = None
    personal: bool | Callable[[Any], bool] = False
    cell: Callable[[Any, View], str] | None = None
    kind: FieldType = UNDECLARED
    notable: bool = False

    def value(self, row: Any) -> Any:
        """The raw value of the row."""
        if self.get is not None:
            return self.get(row)
        return row[self.name] if isinstance(row, Mapping) else getattr(row, self.name)

    def data(self, row: Any, view: View) -> Any:
        """The value as JSON holds it: instants in UTC with `Z`, phones masked."""
        return plain(self._shown(row, view))

    def text(self, row: Any, view: View) -> str:
        """The value as a table shows it: instants in the org's timezone."""
        if self.cell is not None:
            return self.cell(row, view)
        return words(self._shown(row, view), view)

    def _shown(self, row: Any, view: View) -> Any:
        value = self.value(row)
        if self.personal is False:
            return value
        personal = self.personal(row) if callable(self.personal) else self.personal
        return _masked(value) if personal and not view.reveal else value


UNCHANGED = Field("reused", "Unchanged", kind=FLAG, notable=True)
"""Whether what was asked for was there already."""

_PLAIN = frozenset({str, int, float, bool, type(None)})


def plain(value: Any) -> Any:
    """A value as JSON can hold it."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, datetime):
        return iso_utc(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return value


def words(value: Any, view: View) -> str:
    """A value as a person reads it in a table."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return when(value, view)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, list | tuple):
        return ", ".join(words(each, view) for each in value) or "-"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {words(each, view)}" for key, each in value.items()) or "-"
    return str(value)


def objects(fields: Sequence[Field], rows: Iterable[Any]) -> list[dict[str, Any]]:
    """The rows as objects in JSON, each with these fields."""
    return [{field.name: field.value(row) for field in fields} for row in rows]


def nested(fields: Sequence[Field], name: str) -> Callable[[Any], list[dict[str, Any]]]:
    """What gives the row's objects of that name in JSON, each with these fields."""
    return lambda row: objects(fields, getattr(row, name))


def local(instant: datetime, view: View) -> str:
    """An instant in the org's timezone, to the minute, with the zone's short name."""
    return instant.astimezone(zone(view.timezone)).strftime("%Y-%m-%d %H:%M %Z")


def when(instant: datetime, view: View) -> str:
    """An instant in the org's timezone and, where the view says so, how far from now it is."""
    written = local(instant, view)
    if view.relative and view.now is not None:
        return f"{written}, {from_now(instant, now=view.now)}"
    return written


def record(fields: Sequence[Field], row: Any, view: View) -> dict[str, Any]:
    """A row as a JSON object."""
    return {field.name: field.data(row, view) for field in fields}


def _masked(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, list | tuple):
        return [_masked(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _masked(each) if key == "phone" else each for key, each in value.items()}
    return mask_phone(str(value))
