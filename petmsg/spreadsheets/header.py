"""Which column of petmsg each header of a file means."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from petmsg.errors import MalformedFile, OutOfRange, UsageProblem, quoted
from petmsg.spreadsheets.columns import REASON, Layout, normal_header
from petmsg.suggestions import closest_words, did_you_mean

_LABEL_WORDS = re.compile(r"(?: (?:number|value|label|type))+$")
_IS_MOBILE = frozenset(("cell", "mobile"))
_LANDLINES = frozenset(("home", "work", "office"))
_LISTED = 40
"""A hint names at most this many headers of a file."""


class Meaning(NamedTuple):
    """A header and the target that it means. `place`: which of several is taken first."""

    at: int
    header: str
    target: str
    place: int


@dataclass(frozen=True)
class Plan:
    """What is taken from a row: by target, the places of its cells, the first one first.

    `unknown` are the headers that mean nothing, `unused` those that another one was preferred to.
    """

    width: int
    meanings: tuple[Meaning, ...]
    unknown: tuple[str, ...]
    unused: tuple[str, ...]

    def places(self, target: str) -> tuple[int, ...]:
        """The places of the target's cells in a row."""
        found = sorted((each for each in self.meanings if each.target == target), key=_order)
        return tuple(each.at for each in found)

    def place(self, target: str) -> int | None:
        """The place of the target's only cell; None if the file has none."""
        return next(iter(self.places(target)), None)

    @cached_property
    def labels(self) -> Mapping[int, int]:
        """By the place of a phone: the place of the cell that says what kind of phone it is."""
        labels = {
            _LABEL_WORDS.sub("", normal_header(each.header)): each.at
            for each in self.meanings
            if each.target == "phone_label"
        }
        phones = [each for each in self.meanings if each.target in ("phone", "phone2")]
        found = {at: labels.get(_LABEL_WORDS.sub("", normal_header(h))) for at, h, *_ in phones}
        return {phone: label for phone, label in found.items() if label is not None}

    def has(self, *targets: str) -> bool:
        """Whether the file has one of the targets."""
        return any(each.target in targets for each in self.meanings)

    @property
    def is_plain(self) -> bool:
        """Whether every header is the name of a column, so that nothing needs to be said."""
        return not self.unused and all(
            each.header.strip().lower() == each.target for each in self.meanings
        )


def parse_map(text: str, layout: Layout) -> tuple[str, str]:
    """Parse `Header=column` into the header in normal form and the target; an empty target means
    that the column is ignored. Raises `UsageProblem` and `OutOfRange`."""
    header, equals, named = text.rpartition("=")
    if not equals or not normal_header(header):
        raise UsageProblem(
            f"Invalid map {quoted(text)}.", hint="Write --map 'Header=column', or 'Header='."
        )
    if not named.strip():
        return normal_header(header), ""
    target = layout.target_named(named)
    if target is None:
        names = [each.name for each in layout.targets]
        meant = did_you_mean(closest_words(named, names))
        raise OutOfRange(
            f"Unknown column {quoted(named)}.",
            hint=f"{meant} The columns are {', '.join(names)}.".lstrip(),
        )
    return normal_header(header), target


def plan(
    header: Sequence[str],
    layout: Layout,
    *,
    maps: Mapping[str, str],
    saved: Mapping[str, str],
    is_strict: bool,
) -> Plan:
    """Decide what each header means: `maps` first, then `saved` ones, then the known aliases.

    Both maps are from a header in normal form to a target, or to an empty text. Raises
    `MalformedFile` for a header twice, for a `maps` header that the file does not have, for an
    unknown one if `is_strict`, and for a required column that is missing.
    """
    names = [normal_header(each) for each in header]
    _require_mapped(maps, names, header)
    found: list[Meaning] = []
    unknown: list[str] = []
    for at, (written, name) in enumerate(zip(header, names, strict=True)):
        if not name or name == REASON:
            continue
        if name in maps or name in saved:
            target = maps.get(name, saved.get(name, ""))
            if target:
                found.append(Meaning(at, written.strip(), target, -1))
        elif (meant := layout.meaning(written)) is not None:
            found.append(Meaning(at, written.strip(), *meant))
        else:
            unknown.append(written.strip())
    if "phone2" in layout.by_name and not _IS_MOBILE.isdisjoint(names):
        _take_landlines(header, found, unknown)
    if is_strict and unknown:
        raise MalformedFile(f"Unknown column {quoted(unknown[0])}.", hint=_columns(layout))
    clear, doubtful = _without_doubtful(found, layout)
    kept, unused = _one_each(clear, layout)
    made = Plan(len(header), tuple(kept), (*unknown, *doubtful), tuple(unused))
    _require(made, layout, header)
    return made


def _take_landlines(header: Sequence[str], found: list[Meaning], unknown: list[str]) -> None:
    """Beside a column `Cell`, columns such as `Home` are phones too, not addresses."""
    for at, written in enumerate(header):
        if normal_header(written) in _LANDLINES and written.strip() in unknown:
            unknown.remove(written.strip())
            found.append(Meaning(at, written.strip(), "phone2", len(header)))


def _is_given(plan: Plan, column: str) -> bool:
    parts = {
        "name": ("name", "first_name", "last_name"),
        "phone": ("phone", "phone2"),
        "client": ("client", "client_first_name", "client_last_name"),
        "starts_at": ("starts_at", "start_date", "start_time"),
        "ends_at": ("ends_at", "end_date", "end_time", "duration", "duration_minutes"),
    }.get(column, (column,))
    if plan.has(*parts):
        return True
    return column in ("starts_at", "ends_at") and plan.has("time", "when")


def _require(plan: Plan, layout: Layout, header: Sequence[str]) -> None:
    """Raise `MalformedFile` for a required column that neither a header nor its parts give.

    With a ref none is required, but a header that is nearly its name is a mistake all the same.
    """
    has_ref = plan.has("ref")
    for column in layout.required:
        if _is_given(plan, column):
            continue
        unclear = [each for each in header if each.strip() in plan.unknown][:_LISTED]
        near = _nearest(column, unclear, layout)
        if near is not None:
            mapped = quoted(f"{near.strip()}={column}")
            raise MalformedFile(
                f"The column {column} is missing.",
                hint=f"Is it {quoted(near.strip())}? Then add --map {mapped}.",
            )
        if not has_ref or column == "ref":
            hint = _columns(layout)
            if unclear and layout.noun is not None:
                listed = ", ".join(quoted(each.strip()) for each in unclear)
                hint = f"Say which one it is: --map 'Header={column}'. The others are {listed}."
            hint = f"{hint} {layout.instead.get(column, '')}".rstrip()
            raise MalformedFile(f"The column {column} is missing.", hint=hint)


def _nearest(column: str, headers: Sequence[str], layout: Layout) -> str | None:
    """The header that is most like the column or one of its aliases; None if none is."""
    if layout.noun is None:
        return None
    words = [normal_header(each) for each in (column, *layout.by_name[column].aliases)]
    return next((each for each in headers if closest_words(normal_header(each), words)), None)


def _require_mapped(maps: Mapping[str, str], names: Sequence[str], header: Sequence[str]) -> None:
    for name in maps:
        if name not in names:
            near = closest_words(name, names)
            meant = did_you_mean([quoted(header[names.index(each)]) for each in near])
            listed = ", ".join(quoted(each) for each in header[:_LISTED])
            raise MalformedFile(
                f"The file has no column {quoted(name)}.",
                hint=f"{meant} Its header is {listed}.".lstrip(),
            )


def _without_doubtful(found: Sequence[Meaning], layout: Layout) -> tuple[list[Meaning], list[str]]:
    """Leave out the headers that mean something else beside the others, unless they are mapped."""
    targets = {each.target for each in found}
    kept: list[Meaning] = []
    unused: list[str] = []
    for each in found:
        is_mapped = each.place < 0
        if is_mapped or not layout.by_name[each.target].is_left_out(each.header, targets):
            kept.append(each)
        else:
            unused.append(each.header)
    return kept, unused


def _one_each(found: Sequence[Meaning], layout: Layout) -> tuple[list[Meaning], list[str]]:
    """Keep one header for each target that is not repeatable: a mapped one, or the best alias."""
    kept: list[Meaning] = []
    unused: list[str] = []
    for target in layout.targets:
        rivals = sorted((each for each in found if each.target == target.name), key=_order)
        if target.is_repeatable or len(rivals) < 2:
            kept += rivals
            continue
        if rivals[0].place == rivals[1].place:
            raise MalformedFile(
                f"The header names the column {target.name} twice: {quoted(rivals[0].header)} and "
                f"{quoted(rivals[1].header)}.",
                hint=f"Ignore one of them: --map {quoted(rivals[1].header + '=')}"
                if layout.noun
                else _columns(layout),
            )
        kept.append(rivals[0])
        unused += [each.header for each in rivals[1:]]
    return kept, unused


def _order(meaning: Meaning) -> tuple[int, int]:
    return meaning.place, meaning.at


def _columns(layout: Layout) -> str:
    return f"The columns are {','.join(layout.columns)}."
